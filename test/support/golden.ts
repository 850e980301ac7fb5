import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const;

type Golden = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

/**
 * The arrays of test/fixtures/<file>, read with JSON.parse and nothing of the library, so that a defect in our own
 * reader cannot hide one in a kernel.
 */
export function readGolden(file: string): Map<string, { data: Golden; shape: number[] }> {
  const bytes = readFileSync(fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url)));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: keyof typeof ARRAYS; shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, entry]) => {
        const [begin, end] = entry.data_offsets;
        // A Buffer's own slice() is a view, at any offset; the arrays below need aligned memory.
        const copy = new Uint8Array(bytes.subarray(8 + headerLength + begin, 8 + headerLength + end));
        const array = ARRAYS[entry.dtype];
        return [
          name,
          {
            data: new array(copy.buffer, copy.byteOffset, copy.byteLength / array.BYTES_PER_ELEMENT),
            shape: entry.shape,
          },
        ];
      }),
  );
}
