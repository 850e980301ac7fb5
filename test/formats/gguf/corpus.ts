/** Files of every type and kind of metadata, for other readers to read: what is in them is told by what was put in. */
import { writeGguf, type GgufTensorData, type GgufValue } from 'tensorslim/gguf';
import { GGML_TYPES, type GgmlTypeName } from '../../../src/core/ggml-types.js';
import { createRandom, type Random } from '../../../src/core/random.js';
import { storedArray } from '../../../src/formats/gguf/tensor-types.js';

export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly tensors: readonly GgufTensorData[];
}

const below = (random: Random, n: number): number => random.uint32() % n;

function randomTensor(random: Random, type: GgmlTypeName, i: number): GgufTensorData {
  const { elements, bytes } = GGML_TYPES[type];
  const shape = Array.from({ length: below(random, 4) }, () => 1 + below(random, 3));
  shape.push(elements * (1 + below(random, 2)));
  const length = (shape.reduce((a, b) => a * b) / elements) * bytes;
  const data = storedArray(
    type,
    Uint8Array.from({ length }, () => below(random, 256)),
  );
  return { name: `blk.${i}.${type.toLowerCase()}.weight`, type, shape, data };
}

function randomValue(random: Random): GgufValue {
  const value = below(random, 128);
  const choices: readonly GgufValue[] = [
    { type: 'uint8', value },
    { type: 'int32', value: -value },
    { type: 'float32', value: value / 8 },
    { type: 'float64', value: value / 10 },
    { type: 'uint64', value: BigInt(value) ** 9n },
    { type: 'bool', value: value % 2 === 0 },
    { type: 'string', value: `grüße ${value}` },
    { type: 'array', of: 'string', value: Array.from({ length: value % 4 }, (_, i) => `token ${i}`) },
    { type: 'array', of: 'int32', value: Int32Array.from({ length: value % 4 }, (_, i) => -i) },
    { type: 'array', of: 'float32', value: Float32Array.from({ length: value % 4 }, (_, i) => i / 3) },
    { type: 'array', of: 'bool', value: Array.from({ length: value % 4 }, (_, i) => i % 2 === 0) },
  ];
  return choices[below(random, choices.length)];
}

/** `count` files; every type of `types` is in one of the first. */
export function corpus(count: number, types: readonly GgmlTypeName[]): CorpusFile[] {
  const random = createRandom(1);
  return Array.from({ length: count }, (_, i) => {
    const some = Array.from({ length: 1 + below(random, 4) }, () => types[below(random, types.length)]);
    const tensors = [types[i % types.length], ...some].map((type, k) => randomTensor(random, type, k));
    const metadata = new Map<string, GgufValue | string>([['general.architecture', 'test']]);
    for (let k = below(random, 8); k > 0; k--) metadata.set(`key.${k}`, randomValue(random));
    const alignment = [8, 32, 64, 128][below(random, 4)];
    return { name: `${i}.gguf`, bytes: writeGguf(tensors, { metadata, alignment }), tensors };
  });
}
