import type { F32, U8 } from '../../src/core/arrays.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { Kernels } from '../../src/kernels/types.js';
import { decodeTable, encodeTables, namedCodebook } from '../../src/quantize/codebook/codebook-tables.js';
import type { KernelCase } from './case.js';

const NF4_BLOCK = 64;
const DYNAMIC_BLOCK = 4096;
const nf4 = namedCodebook('nf4');
const dynamic = namedCodebook('dynamic8');

const blocksOf = (x: F32, block: number): number => Math.ceil(x.length / block);

/** As quantizeCodebook does it: the largest magnitude of each block, then the codes. */
function quantizeNf4(kernels: Kernels, packed: U8, scale: F32, x: F32): void {
  const { thresholds, order } = encodeTables(nf4, 4);
  kernels.quantizeBlocks4(packed, scale, x, NF4_BLOCK, thresholds, order);
}

function quantizeDynamic(kernels: Kernels, codes: U8, scale: F32, x: F32): void {
  const { thresholds, order } = encodeTables(dynamic, 8);
  kernels.absmaxRuns(scale, x, 1, x.length, DYNAMIC_BLOCK);
  kernels.quantizeLevels(codes, x, scale, DYNAMIC_BLOCK, thresholds, order);
}

/** Four bytes in, the codes and a float32 per block out; the other way round for the inverse. */
const NF4_BYTES = 4 + 0.5 + 4 / NF4_BLOCK;
const DYNAMIC_BYTES = 4 + 1 + 4 / DYNAMIC_BLOCK;

export const codebookCases: readonly KernelCase[] = [
  {
    name: `quantize NF4, blocks of ${NF4_BLOCK}`,
    bytesPerElement: NF4_BYTES,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const packed = room.bytes(x.length / 2);
      const scale = room.float32(blocksOf(x, NF4_BLOCK));
      return { run: () => quantizeNf4(kernels, packed, scale, x), result: () => [packed, scale] };
    },
    peers: [],
  },
  {
    name: `dequantize NF4, blocks of ${NF4_BLOCK}`,
    bytesPerElement: NF4_BYTES,
    trial: (kernels, source, room) => {
      const packed = room.bytes(source.length / 2);
      const scale = room.float32(blocksOf(source, NF4_BLOCK));
      quantizeNf4(kernelsOf('scalar'), packed, scale, source);
      const levels = decodeTable(nf4.levels, 4);
      const out = room.float32(source.length);
      return {
        run: () => kernels.dequantizeLevels4(out, packed, scale, NF4_BLOCK, levels),
        result: () => [out],
      };
    },
    peers: [],
  },
  {
    name: `quantize dynamic 8-bit, blocks of ${DYNAMIC_BLOCK}`,
    bytesPerElement: DYNAMIC_BYTES,
    trial: (kernels, source, room) => {
      const x = room.input(source);
      const codes = room.bytes(x.length);
      const scale = room.float32(blocksOf(x, DYNAMIC_BLOCK));
      return { run: () => quantizeDynamic(kernels, codes, scale, x), result: () => [codes, scale] };
    },
    peers: [],
  },
  {
    name: `dequantize dynamic 8-bit, blocks of ${DYNAMIC_BLOCK}`,
    bytesPerElement: DYNAMIC_BYTES,
    trial: (kernels, source, room) => {
      const codes = room.bytes(source.length);
      const scale = room.float32(blocksOf(source, DYNAMIC_BLOCK));
      quantizeDynamic(kernelsOf('scalar'), codes, scale, source);
      const levels = decodeTable(dynamic.levels, 8);
      const out = room.float32(source.length);
      return {
        run: () => kernels.dequantizeLevels(out, codes, scale, DYNAMIC_BLOCK, levels),
        result: () => [out],
      };
    },
    peers: [],
  },
];
