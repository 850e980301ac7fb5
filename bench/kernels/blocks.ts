import type { F32, U8 } from '../../src/core/arrays.js';
import { GGML_TYPES } from '../../src/core/ggml-types.js';
import { blockKernels } from '../../src/kernels/blocks/family.js';
import type { BlockDecoder, BlockEncoder, PlainBlockType } from '../../src/kernels/blocks/types.js';
import { kBlockKernels } from '../../src/kernels/blocks-k/family.js';
import type { KBlockType } from '../../src/kernels/blocks-k/types.js';
import type { Kernels } from '../../src/kernels/types.js';
import type { KernelCase } from './case.js';

type Type = PlainBlockType | KBlockType;

interface Codec {
  readonly encode: BlockEncoder;
  readonly decode: BlockDecoder;
}

/** Columns of a row. */
const WIDTH = 1024;

const K_TYPES: readonly KBlockType[] = ['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K'];

const isK = (type: Type): type is KBlockType => (K_TYPES as readonly Type[]).includes(type);

function codecOf(type: Type, name: Kernels['name']): Codec {
  const { encode, decode } = isK(type) ? kBlockKernels.of(name) : blockKernels.of(name);
  return {
    encode: (encode as Record<Type, BlockEncoder>)[type],
    decode: (decode as Record<Type, BlockDecoder>)[type],
  };
}

const bytesFor = (type: Type, elements: number): number =>
  (elements / GGML_TYPES[type].elements) * GGML_TYPES[type].bytes;

function encoded(type: Type, x: F32): U8 {
  const bytes = new Uint8Array(bytesFor(type, x.length));
  codecOf(type, 'scalar').encode(bytes, x, x.length / WIDTH, WIDTH, null);
  return bytes;
}

const casesOf = (type: Type): KernelCase[] => {
  const bytesPerElement = 4 + bytesFor(type, 1);
  // Searches take hundreds of operations per element: more elements only take longer.
  const elements = isK(type) || type.startsWith('IQ4') ? [2 ** 16] : [2 ** 16, 2 ** 20];
  return [
    {
      name: `encode ${type} blocks`,
      bytesPerElement,
      elements,
      trial: (kernels, source, room) => {
        const { encode } = codecOf(type, kernels.name);
        const x = room.input(source);
        const out = room.bytes(bytesFor(type, x.length));
        return { run: () => encode(out, x, x.length / WIDTH, WIDTH, null), result: () => [out] };
      },
      peers: [],
    },
    {
      name: `decode ${type} blocks`,
      bytesPerElement,
      elements: [2 ** 20],
      trial: (kernels, source, room) => {
        const { decode } = codecOf(type, kernels.name);
        const bytes = room.bytes(bytesFor(type, source.length));
        bytes.set(encoded(type, source));
        const out = room.float32(source.length);
        const blocks = source.length / GGML_TYPES[type].elements;
        return { run: () => decode(out, bytes, blocks), result: () => [out] };
      },
      peers: [],
    },
  ];
};

const TYPES: readonly Type[] = [
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'MXFP4',
  'IQ4_NL',
  'IQ4_XS',
  ...K_TYPES,
];

export const blockCases: readonly KernelCase[] = TYPES.flatMap(casesOf);
