import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveSafetensors } from 'tensorslim/node';
import { describe, expect, it } from 'vitest';
import { widthOf } from '../../src/cli/text.js';
import { fakeOutput, folders } from './support/io.js';
import { saveMatrix, saveSmall, saveSmallTfjs } from './support/models.js';
import { cli } from './support/run.js';

const newFolder = folders();

interface Inspection {
  readonly format: string;
  readonly isCompressed: boolean;
  readonly tensorCount: number;
  readonly elements: number;
  readonly bytes: number;
  readonly originalBytes?: number;
  readonly metadata: Record<string, string>;
  readonly tensors: readonly {
    name: string;
    dtype: string;
    shape: number[];
    bytes: number;
    label?: string;
    arrays?: { name: string; dtype: string }[];
  }[];
}

async function inspect(path: string): Promise<Inspection> {
  const { code, stdout, stderr } = await cli(['inspect', path, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Inspection;
}

describe('tensorslim inspect', () => {
  it('lists every tensor of a safetensors file', async () => {
    const path = await saveSmall(newFolder());
    const { code, stdout, stderr } = await cli(['inspect', path]);
    expect([code, stderr]).toEqual([0, '']);
    const [head, , ...lines] = stdout.split('\n');
    expect(head).toBe(`${path}: safetensors, 11 tensors, 13.8k elements, 57.5 kB`);
    expect(lines[0]).toMatch(/^tensor +type +shape +size$/);
    expect(lines).toContainEqual(expect.stringMatching(/^embed\/table +float32 +64×48 +12.3 kB$/));
    expect(lines).toContainEqual(expect.stringMatching(/^step +float32 +scalar +4 B$/));
    expect(lines).toContainEqual(expect.stringMatching(/^__proto__ +float32 +32×32 +4.10 kB$/));
  });

  it('gives programs the same', async () => {
    const path = await saveSmall(newFolder());
    const { tensors, ...facts } = await inspect(path);
    expect(facts).toEqual({
      path,
      format: 'safetensors',
      isCompressed: false,
      tensorCount: 11,
      elements: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
      metadata: {},
    });
    expect(tensors.find(({ name }) => name === 'ids')).toEqual({
      name: 'ids',
      dtype: 'int32',
      shape: [2, 1000],
      bytes: 8000,
    });
  });

  it('shows metadata, on one line each', async () => {
    const path = join(newFolder(), 'm.safetensors');
    const metadata = new Map([
      ['format', 'pt'],
      ['__proto__', 'a\nb'],
    ]);
    await saveSafetensors(path, [], () => new Uint8Array(0), { metadata });
    const { stdout } = await cli(['inspect', path]);
    expect(stdout).toMatch(/\nmetadata\n__proto__ +a\\u000ab\nformat +pt\n$/);
    expect(Object.entries((await inspect(path)).metadata)).toEqual(Array.from(metadata).reverse());
  });

  it('takes a folder, an index of shards and a tfjs model', async () => {
    const folder = newFolder();
    await saveSmall(folder);
    expect((await inspect(folder)).tensorCount).toBe(11);
    const index = join(folder, 'a.safetensors.index.json');
    await saveMatrix(join(folder, 'a-1.safetensors'), new Float32Array(8), [2, 4]);
    writeFileSync(index, JSON.stringify({ weight_map: { w: 'a-1.safetensors' } }));
    expect((await inspect(index)).tensors).toEqual([
      { name: 'w', dtype: 'float32', shape: [2, 4], bytes: 32 },
    ]);
    const web = await saveSmallTfjs(folder);
    for (const path of [web, join(web, 'model.json')]) {
      expect(await inspect(path)).toMatchObject({ format: 'tfjs', isCompressed: false, tensorCount: 5 });
    }
  });

  it('says of a compressed file what each tensor was compressed to', async () => {
    const folder = newFolder();
    const small = join(folder, 'small.safetensors');
    await cli(['compress', await saveSmall(folder), '-p', 'int4-g32', '-o', small]);
    const { stdout } = await cli(['inspect', small]);
    expect(stdout).toMatch(
      /^.*: compressed safetensors model, 11 tensors, 13.8k elements, 57.5 kB → .* kB, \d\.\d\d×\n/,
    );
    expect(stdout).toMatch(
      /\nembed\/table +float32 +64×48 +int4 symmetric, groups of 32 along axis 1, float16 scales +12.3 kB +1.79 kB +6.86×\n/,
    );
    expect(stdout).toMatch(/\nids +int32 +2×1000 +kept +/);
    const { isCompressed, bytes, originalBytes, tensors } = await inspect(small);
    expect(isCompressed).toBe(true);
    expect(originalBytes).toBeGreaterThan(bytes);
    expect(tensors[0].label).toBe('int4 symmetric, groups of 32 along axis 1, float16 scales');
    expect(tensors[0].arrays?.map(({ dtype }) => dtype)).toEqual(['uint8', 'float16']);
  });

  it('says of a quantized tfjs model what each weight was compressed to', async () => {
    const folder = newFolder();
    const small = join(folder, 'small');
    await cli(['compress', await saveSmallTfjs(folder), '-p', 'tfjs-uint8', '-o', small]);
    expect((await cli(['inspect', small])).stdout).toMatch(
      /\nembed\/table +float32 +64×48 +tfjs uint8 +12.3 kB +3.07 kB +4.00×\n/,
    );
    const { isCompressed, tensors } = await inspect(small);
    expect(isCompressed).toBe(true);
    expect(tensors.map(({ label }) => label)).toContain('kept');
  });

  it('fits the terminal', async () => {
    const path = join(newFolder(), 'm.safetensors');
    const name = `encoder/${'layer/'.repeat(30)}kernel`;
    await saveSafetensors(path, [{ name, dtype: 'float32', shape: [2] }], () => new Float32Array(2));
    const { stdout } = await cli(['inspect', path], { stdout: fakeOutput({ isTTY: true, columns: 60 }) });
    const line = stdout.split('\n')[3];
    expect(widthOf(line)).toBe(60);
    expect(line).toMatch(/^encoder\/.*….*kernel/);
    expect((await cli(['inspect', path])).stdout).toContain(name);
  });

  it('prints nothing when it is quiet', async () => {
    expect(await cli(['inspect', await saveSmall(newFolder()), '-q'])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});
