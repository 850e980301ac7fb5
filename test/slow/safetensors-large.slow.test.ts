import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildHeader } from 'tensorslim/safetensors';
import { openSafetensors } from '../../src/node/safetensors.js';
import { saveSafetensors } from '../../src/node/safetensors-save.js';

const MIB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'tensorslim-large-'));
const path = join(folder, 'model.safetensors');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** 5 GiB in 20 tensors of 256 MiB, and a small one at the end. */
const specs = [
  ...Array.from({ length: 20 }, (_, i) => ({
    name: `layer.${String(i).padStart(2, '0')}`,
    dtype: 'float32' as const,
    shape: [64, MIB],
  })),
  { name: 'tail', dtype: 'uint8' as const, shape: [3] },
];

/** A sparse file: each tensor begins and ends with its number, the rest is a hole that reads as zeros. */
function makeSparse(): number {
  const { bytes, entries, dataLength } = buildHeader(specs);
  const size = bytes.length + dataLength;
  const file = openSync(path, 'w');
  ftruncateSync(file, size);
  writeSync(file, bytes, 0, bytes.length, 0);
  specs.forEach(({ name }, i) => {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(name);
    const mark = name === 'tail' ? Uint8Array.of(7, 8, 9) : new Uint8Array(Float32Array.of(i + 1).buffer);
    writeSync(file, mark, 0, mark.length, bytes.length + entry.begin);
    writeSync(file, mark, 0, mark.length, bytes.length + entry.end - mark.length);
  });
  closeSync(file);
  return size;
}

describe('a sparse file of 5 GiB', () => {
  it('is opened, and every tensor read right, in the memory of one tensor', async () => {
    const size = makeSparse();
    expect(size).toBeGreaterThan(5 * 2 ** 30);
    const before = process.memoryUsage().rss;
    const model = await openSafetensors(path);
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * MIB);
    const into = new Float32Array(64 * MIB);
    let peak = 0;
    for (let i = 0; i < 20; i++) {
      const { data } = await model.read(specs[i].name, { into });
      expect([data[0], data[1], data[data.length - 2], data[data.length - 1]]).toEqual([i + 1, 0, 0, i + 1]);
      peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    expect((await model.read('tail')).data).toEqual(Uint8Array.of(7, 8, 9));
    await model.close();
    expect(peak).toBeLessThan(256 * MIB + 128 * MIB);
  });

  it('is saved again, places above 4 GiB right', async () => {
    const model = await openSafetensors(path);
    const into = new Float32Array(64 * MIB);
    const copy = join(folder, 'copy.safetensors');
    const before = process.memoryUsage().rss;
    let peak = 0;
    const { bytes } = await saveSafetensors(copy, specs, async ({ name, dtype }) => {
      peak = Math.max(peak, process.memoryUsage().rss - before);
      return (await model.read(name, dtype === 'float32' ? { into } : {})).data;
    });
    await model.close();
    expect(bytes).toBe(statSync(path).size);
    expect(statSync(copy).size).toBe(bytes);
    expect(peak).toBeLessThan(128 * MIB);
    const again = await openSafetensors(copy);
    for (const i of [0, 15, 16, 19]) {
      const { data } = await again.read(specs[i].name, { into });
      expect([data[0], data[1], data[data.length - 1]]).toEqual([i + 1, 0, i + 1]);
    }
    expect((await again.read('tail')).data).toEqual(Uint8Array.of(7, 8, 9));
    await again.close();
  });
});
