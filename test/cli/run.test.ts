import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backend, setBackend } from 'tensorslim';
import { afterEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { Interruption } from '../../src/cli/failure.js';
import { OPTIONS } from '../../src/cli/options.js';
import { VERSION } from '../../src/cli/version.js';
import { fakeOutput, folders } from './support/io.js';
import { saveSmall } from './support/models.js';
import { cli } from './support/run.js';

const newFolder = folders();
afterEach(() => setBackend('auto'));

describe('tensorslim', () => {
  it('tells its version, which is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(VERSION).toBe(version);
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect(await cli(['inspect', '--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it('lists its commands', async () => {
    const { code, stdout } = await cli(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS) expect(stdout).toContain(`  ${name.padEnd(10)}  ${summary}\n`);
    expect(await cli(['-h'])).toMatchObject({ stdout });
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'explains %s',
    async (name, command) => {
      const { code, stdout, stderr } = await cli([name, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.startsWith(`Usage: tensorslim ${[name, ...command.positionals].join(' ')}`)).toBe(true);
      for (const option of command.options) expect(stdout).toContain(`--${option}`);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
    },
  );

  it('gives every option one letter at most, each to one option', () => {
    const letters = Object.values(OPTIONS).flatMap(({ short }) => (short === undefined ? [] : [short]));
    expect(new Set(letters).size).toBe(letters.length);
  });

  it.each<[string, string[]]>([
    ['nothing', []],
    ['an unknown command', ['squeeze']],
    ['an unknown option', ['inspect', 'm', '--fast']],
    ['an unknown backend', ['inspect', 'm', '--backend', 'gpu']],
  ])('gives 2 for %s, on one line of standard error', async (_, argv) => {
    const { code, stdout, stderr } = await cli(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^tensorslim: .* - .*\n$/);
  });

  it('uses the backend that is asked for', async () => {
    const path = await saveSmall(newFolder());
    expect((await cli(['inspect', path, '--backend', 'scalar'])).code).toBe(0);
    expect(backend()).toBe('scalar');
  });

  it.each<[string, string, number, string]>([
    ['a missing file', 'gone.safetensors', 3, 'ENOENT'],
    ['a pattern that the shell did not expand', '*.safetensors', 3, 'ENOENT'],
    ['a path of 5,000 characters', 'x'.repeat(5000), 3, 'ENAMETOOLONG'],
    ['a path below a file', 'model.safetensors/x', 3, 'ENOTDIR'],
    ['a path with a line feed', 'a\nb', 3, 'ENOENT'],
    ['a path that was no UTF-8', 'a\ufffdb', 3, 'ENOENT'],
    ['a folder without a model', 'empty', 3, 'ENOENT'],
    ['a truncated file', 'cut.safetensors', 1, 'SAFETENSORS_DATA_TRUNCATED'],
    ['a file of another kind', 'text.safetensors', 1, 'SAFETENSORS_HEADER_TOO_LARGE'],
    ['a model.json that is none', 'web', 1, 'TFJS_MANIFEST'],
  ])('gives an exit code and an error for %s', async (_, name, exitCode, code) => {
    const folder = newFolder();
    truncateSync(await saveSmall(folder, 'cut.safetensors'), 5000);
    await saveSmall(folder);
    mkdirSync(join(folder, 'empty'));
    mkdirSync(join(folder, 'web'));
    writeFileSync(join(folder, 'web', 'model.json'), '{}');
    writeFileSync(join(folder, 'text.safetensors'), 'no model at all, but text');
    const files = readdirSync(folder);
    const result = await cli(['inspect', join(folder, name)]);
    expect([result.code, result.stdout]).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(new RegExp(`^tensorslim: .*\\[${code}.*\\]\\n$`));
    const json = await cli(['inspect', join(folder, name), '--json']);
    expect([json.code, json.stdout]).toEqual([exitCode, '']);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { exitCode, code } });
    expect(readdirSync(folder)).toEqual(files);
  });

  it('prints errors as JSON even when the command line is what is wrong', async () => {
    const { stdout, stderr } = await cli(['squeeze', '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ error: { name: 'UsageError', exitCode: 2 } });
    expect((await cli(['squeeze', '--', '--json'])).stderr).toMatch(/^tensorslim: /);
  });

  it('shows the stack only when it is asked to', async () => {
    expect((await cli(['squeeze', '--debug'])).stderr).toMatch(/^tensorslim: .*\nUsageError: .*\n +at /);
    expect((await cli(['squeeze'])).stderr).not.toContain('    at ');
  });

  it('gives 70 for a defect of its own', async () => {
    const folder = newFolder();
    const now = (): number => {
      throw new TypeError('x is not a function');
    };
    const argv = ['compress', await saveSmall(folder), '-p', 'int8', '-o', join(folder, 'o.safetensors')];
    const { code, stdout, stderr } = await cli(argv, { stderr: fakeOutput({ isTTY: true }), now });
    expect([code, stdout]).toEqual([70, '']);
    expect(stderr).toBe(
      'tensorslim: defect of tensorslim: TypeError: x is not a function - please report it with what --debug prints\n',
    );
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it('gives 130 when it is interrupted before or during the work', async () => {
    const folder = newFolder();
    const model = await saveSmall(folder);
    const argv = ['compress', model, '-p', 'int8', '-o', join(folder, 'o.safetensors')];
    const controller = new AbortController();
    controller.abort(new Interruption('SIGTERM'));
    expect(await cli(argv, { signal: controller.signal })).toEqual({
      code: 130,
      stdout: '',
      stderr: 'tensorslim: interrupted by SIGTERM: no output was written\n',
    });
    const later = new AbortController();
    const stderr = fakeOutput({
      isTTY: true,
      write(text) {
        this.text += text;
        later.abort(new Interruption('SIGINT'));
        return Promise.resolve();
      },
    });
    const result = await cli(argv, { signal: later.signal, stderr });
    expect([result.code, result.stdout]).toEqual([130, '']);
    expect(result.stderr.split('\r\x1b[2K').at(-1)).toBe(
      'tensorslim: interrupted by SIGINT: no output was written\n',
    );
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  const broken = (code: string): ReturnType<typeof fakeOutput> =>
    fakeOutput({ write: () => Promise.reject(Object.assign(new Error(code), { code, syscall: 'write' })) });

  it('ends quietly when nobody reads on', async () => {
    expect(await cli(['--help'], { stdout: broken('EPIPE') })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('gives 3 when its output cannot be written', async () => {
    const { code, stderr } = await cli(['--help'], { stdout: broken('ENOSPC') });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^tensorslim: write: "standard output" expected success, got ENOSPC - .*\[ENOSPC\]\n$/,
    );
  });

  it('keeps its exit code when nobody hears of the error', async () => {
    expect((await cli(['squeeze'], { stderr: broken('EPIPE') })).code).toBe(2);
  });
});
