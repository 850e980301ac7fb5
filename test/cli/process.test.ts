/** The bundled program as a process of its own: signals, pipes, exit codes. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { saveSafetensors, saveTfjs } from 'tensorslim/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundle, temporaryFolder } from '../support/bundle.js';
import { folders } from './support/io.js';
import { saveSmall } from './support/models.js';

const newFolder = folders();
const program = join(temporaryFolder('cli'), 'tensorslim.mjs');

beforeAll(async () => {
  await bundle({ entryPoints: ['src/cli/main.ts'], outfile: program, platform: 'node' });
});

const node = (...argv: string[]): ReturnType<typeof spawn> =>
  spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });

const shell = promisify(execFile);

/** Exit code of a line of shell in which "$NODE" and "$PROGRAM" stand for the two. */
async function codeOf(line: string): Promise<number> {
  const env = { ...process.env, NODE: process.execPath, PROGRAM: program };
  const { stdout } = await shell('bash', ['-c', `${line}; echo $?`], { env });
  return Number(stdout.trim().split('\n').at(-1));
}

const MATRICES = Array.from({ length: 200 }, (_, i) => ({
  name: `w${i}`,
  dtype: 'float32' as const,
  shape: [512, 512],
}));
const VALUES = Float32Array.from({ length: 512 * 512 }, (_, i) => (i % 251) - 125);

/** Models of 200 MiB: long enough to be interrupted, short enough to wait for. */
const BIG: Readonly<Record<'safetensors' | 'tfjs', (folder: string) => Promise<string[]>>> = {
  async safetensors(folder) {
    const path = join(folder, 'big.safetensors');
    await saveSafetensors(path, MATRICES, () => VALUES);
    return [path, '-p', 'int4-g32', '-o', join(folder, 'out.safetensors')];
  },
  async tfjs(folder) {
    const path = join(folder, 'big');
    mkdirSync(path);
    const specs = MATRICES.map((matrix) => ({ ...matrix, storedAs: 'float32' as const }));
    await saveTfjs(path, { format: 'graph-model' }, specs, () => ({ quantization: null, data: VALUES }));
    return [path, '-p', 'tfjs-uint8', '-o', join(folder, 'out')];
  },
};

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

/** Starts a compression, and waits until a file of its making is there. */
async function compressing(
  folder: string,
  argv: readonly string[],
  sign: RegExp,
): Promise<ReturnType<typeof spawn>> {
  const child = node('compress', ...argv);
  while (child.exitCode === null && !filesOf(folder).some((name) => sign.test(name))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return child;
}

async function ended(
  child: ReturnType<typeof spawn>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

describe('the program', () => {
  it.each([
    ['SIGINT', 'safetensors', /\.tmp$/],
    ['SIGTERM', 'safetensors', /\.tmp$/],
    ['SIGHUP', 'safetensors', /\.tmp$/],
    // A shard that has its final name.
    ['SIGINT', 'tfjs', /^out.*\.bin$/],
  ] as const)('leaves nothing behind at %s during a save of %s', async (signal, format, sign) => {
    const folder = newFolder();
    const argv = await BIG[format](folder);
    const before = filesOf(folder);
    const child = await compressing(folder, argv, sign);
    child.kill(signal);
    expect(await ended(child)).toEqual({
      code: 130,
      stdout: '',
      stderr: `tensorslim: interrupted by ${signal}: no output was written\n`,
    });
    expect(filesOf(folder)).toEqual(before);
  });

  it('passes its exit code to the shell', async () => {
    const path = await saveSmall(newFolder());
    expect(await codeOf(`"$NODE" "$PROGRAM" inspect ${path} > /dev/null`)).toBe(0);
    expect(await codeOf(`"$NODE" "$PROGRAM" inspect 2> /dev/null`)).toBe(2);
    expect(await codeOf(`"$NODE" "$PROGRAM" inspect ${path}.gone 2> /dev/null`)).toBe(3);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = node('--help');
    child.stdout?.destroy();
    expect(await ended(child)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.runIf(process.platform === 'linux')('tells of a full disk behind standard output', async () => {
    expect(await codeOf('"$NODE" "$PROGRAM" --help > /dev/full 2> /dev/null')).toBe(3);
  });

  it('does without standard streams', async () => {
    const path = await saveSmall(newFolder());
    expect(await codeOf(`"$NODE" "$PROGRAM" inspect ${path} <&- 2>&- > /dev/null`)).toBe(0);
  });

  it('draws no progress into a pipe', async () => {
    const folder = newFolder();
    const child = node(
      'compress',
      await saveSmall(folder),
      '-p',
      'int8',
      '-o',
      join(folder, 'o.safetensors'),
    );
    expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
  });
});
