import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MALFORMED } from '../malformed/gguf/cases.js';
import { folders } from './support/io.js';
import { cli } from './support/run.js';

const newFolder = folders();
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/gguf/${name}`, import.meta.url));

describe('tensorslim inspect of GGUF files', () => {
  it('lists tensors by the types of ggml, and metadata with theirs', async () => {
    const path = fixture('types.gguf');
    const { code, stdout, stderr } = await cli(['inspect', path]);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/types\.gguf: gguf, 33 tensors, [\d.]+k elements, [\d.]+ kB$/);
    expect(lines).toContainEqual(expect.stringMatching(/^Q4_K\.weight +Q4_K +2×256 +288 B$/));
    expect(lines).toContainEqual(expect.stringMatching(/^a\.uint64 +uint64 +18446744073709551615$/));
    expect(lines).toContainEqual(expect.stringMatching(/^l\.string +string list +3 elements$/));
  });

  it('gives programs the same, and counts files', async () => {
    const { stdout } = await cli(['inspect', fixture('split-00001-of-00003.gguf'), '--json']);
    const facts = JSON.parse(stdout) as { metadata: object; tensors: object[] };
    expect(facts).toMatchObject({ format: 'gguf', files: 3, tensorCount: 5, elements: 40, bytes: 160 });
    expect(facts.metadata).toMatchObject({ 'general.architecture': { type: 'string', value: 'test' } });
    expect(facts.tensors[0]).toEqual({ name: 'a', type: 'F32', shape: [2, 4], bytes: 32 });
    const types = JSON.parse(
      (await cli(['inspect', fixture('types.gguf'), '--json'])).stdout,
    ) as typeof facts;
    expect(types.metadata).toMatchObject({
      'a.int64': { type: 'int64', value: '-9223372036854775808' },
      'l.int32': { type: 'array', of: 'int32', length: 3 },
    });
  });

  it('names what is wrong with a file and exits with 1', async () => {
    const path = join(newFolder(), 'bad.gguf');
    const bad = MALFORMED.find(({ code }) => code === 'GGUF_ORDER');
    writeFileSync(path, bad?.bytes ?? '');
    const { code, stdout, stderr } = await cli(['inspect', path]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('GGUF_ORDER');
  });
});
