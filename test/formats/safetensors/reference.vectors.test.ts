/** Files that safetensors 0.8.0 wrote (scripts/make-safetensors-fixtures.py): the same tensors give the same bytes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { DTYPES, type DType } from '../../../src/core/dtype.js';
import type { NamedArray } from '../../../src/core/source.js';
import { buildShardIndex } from '../../../src/formats/safetensors/index-build.js';

const fixture = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

/** The rule of the script: byte i is (37 i + 11) mod 256, booleans alternate. */
function tensor(name: string, dtype: DType, shape: readonly number[]): NamedArray {
  const { bits, array } = DTYPES[dtype];
  const byteLength = (shape.reduce((product, axis) => product * axis, 1) * bits) / 8;
  const bytes = Uint8Array.from({ length: byteLength }, (_, i) =>
    dtype === 'bool' ? i % 2 : (37 * i + 11) % 256,
  );
  return { name, dtype, shape, data: new array(bytes.buffer) };
}

/** The names that the script's tensors of each type have: the reference's own spelling. */
const DTYPE_NAMES: readonly (readonly [string, DType])[] = [
  ['bool', 'bool'],
  ['float4_e2m1fn_x2', 'float4_e2m1fn'],
  ['uint8', 'uint8'],
  ['int8', 'int8'],
  ['float8_e5m2', 'float8_e5m2'],
  ['float8_e4m3fn', 'float8_e4m3fn'],
  ['float8_e8m0fnu', 'float8_e8m0fnu'],
  ['int16', 'int16'],
  ['uint16', 'uint16'],
  ['float16', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['int32', 'int32'],
  ['uint32', 'uint32'],
  ['float32', 'float32'],
  ['float64', 'float64'],
  ['int64', 'int64'],
  ['uint64', 'uint64'],
];

const NAMES = [
  ...['', 'b', 'B', 'a.1', 'a.10', 'a.2', '__proto__', 'constructor', '0', '\0', '\n\t"\\/\b\f\r\x1b\x7f'],
  ...['é', 'e\u0301', '\ue000', '\uffff', '\u{10000}', '\u{1f600}', '\u2028'],
];

const FILES: Readonly<
  Record<string, { tensors: readonly NamedArray[]; metadata?: ReadonlyMap<string, string> }>
> = {
  dtypes: {
    tensors: DTYPE_NAMES.map(([name, dtype]) => tensor(name, dtype, [3, 2])),
    metadata: new Map([['format', 'pt']]),
  },
  names: { tensors: NAMES.map((name, length) => tensor(name, 'int16', [length])) },
  shapes: {
    tensors: [
      tensor('scalar', 'float32', []),
      tensor('empty', 'float32', [0]),
      tensor('empty matrix', 'uint8', [3, 0, 5]),
      tensor('row', 'int64', [1, 2]),
      tensor('cube', 'float16', [2, 3, 4]),
      tensor('many axes', 'uint8', [...Array<number>(20).fill(1), 3]),
    ],
    metadata: new Map(),
  },
  nothing: { tensors: [] },
};

describe.each(Object.entries(FILES))('the file "%s" of the reference', (name, { tensors, metadata }) => {
  const bytes = fixture(`reference-${name}.safetensors`);

  it('is what we write, byte for byte, whatever the order of the tensors', () => {
    expect(writeSafetensors(tensors, metadata)).toEqual(bytes);
    expect(writeSafetensors(Array.from(tensors).reverse(), metadata)).toEqual(bytes);
  });

  it('is read', () => {
    const file = readSafetensors(bytes);
    expect(file.metadata).toEqual(metadata ?? new Map());
    expect(file.tensors.size).toBe(tensors.length);
    for (const { name: tensorName, ...rest } of tensors) expect(file.tensor(tensorName)).toEqual(rest);
  });
});

describe('an index as huggingface_hub writes it', () => {
  it('is what we write, byte for byte', () => {
    const shards = NAMES.map((name, i): [string, string] => [
      name,
      `model-0000${(i % 2) + 1}-of-00002.safetensors`,
    ]);
    const expected = fixture('reference-model.safetensors.index.json');
    expect(buildShardIndex(new Map(shards), 2 ** 40)).toEqual(expected);
    expect(buildShardIndex(new Map(shards.reverse()), 2 ** 40)).toEqual(expected);
  });
});
