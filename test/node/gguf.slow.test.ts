import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGgufHeader, type GgufTensorSpec } from 'tensorslim/gguf';
import { openGguf, saveGguf } from 'tensorslim/node';
import { afterAll, describe, expect, it } from 'vitest';

const GIB = 2 ** 30;

describe('a GGUF file of 6 GiB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tensorslim-gguf-big-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  /** Six tensors of 1 GiB and a small one, which begins behind 2^32 bytes. */
  const specs: readonly GgufTensorSpec[] = [
    ...Array.from({ length: 6 }, (_, i): GgufTensorSpec => ({
      name: `big.${i}`,
      type: 'F16',
      shape: [2 ** 14, 2 ** 15],
    })),
    { name: 'last', type: 'Q8_0', shape: [1, 32] },
  ];

  it('is opened without reading it, and read at places behind 2^32', async () => {
    const path = join(folder, 'sparse.gguf');
    const { bytes, entries, dataLength } = buildGgufHeader(specs);
    const file = openSync(path, 'w');
    writeSync(file, bytes);
    // Takes no room on the disk: zeros but for the tensor at the end.
    ftruncateSync(file, bytes.length + dataLength);
    const begin = entries.get('last')?.begin ?? 0;
    writeSync(file, new Uint8Array(34).fill(9), 0, 34, bytes.length + begin);
    writeSync(file, Uint8Array.of(7), 0, 1, bytes.length + 5 * GIB);
    closeSync(file);
    expect(statSync(path).size).toBeGreaterThan(6 * GIB);
    expect(begin).toBe(6 * GIB);
    const model = await openGguf(path);
    expect((await model.read('last')).data).toEqual(new Uint8Array(34).fill(9));
    const { data } = await model.read('big.5');
    expect([data.length, data[0], data[1]]).toEqual([2 ** 29, 7, 0]);
    await model.close();
    truncateSync(path, bytes.length + begin + 33);
    await expect(openGguf(path)).rejects.toMatchObject({ code: 'GGUF_DATA_TRUNCATED' });
  });

  it('is saved tensor by tensor, and comes back', async () => {
    const path = join(folder, 'saved.gguf');
    const some = specs.slice(0, 5).concat(specs[6]);
    const one = new Uint16Array(2 ** 29);
    const { bytes } = await saveGguf(path, some, ({ name }) => {
      if (name === 'last') return new Uint8Array(34).fill(9);
      one[one.length - 1] = Number(name.split('.')[1]) + 1;
      return one;
    });
    expect(statSync(path).size).toBe(bytes);
    const model = await openGguf(path);
    expect((await model.read('big.4', { into: one })).data.at(-1)).toBe(5);
    expect((await model.read('last')).data).toEqual(new Uint8Array(34).fill(9));
    await model.close();
  });
});
