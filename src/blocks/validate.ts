/** validateBlocks. */
import type { U8 } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import { checkBytes } from './decode.js';
import { checkType } from './traits.js';
import type { BlockProblem, BlockType } from './types.js';

/** Where a type keeps numbers that must be finite: offsets of float16 scales and minima in a block. */
interface Scales {
  readonly scales?: readonly number[];
  readonly mins?: readonly number[];
}

const SCALES: Readonly<Partial<Record<BlockType, Scales>>> = {
  Q4_0: { scales: [0] },
  Q4_1: { scales: [0], mins: [2] },
  Q5_0: { scales: [0] },
  Q5_1: { scales: [0], mins: [2] },
  Q8_0: { scales: [0] },
  Q1_0: { scales: [0] },
  Q2_0: { scales: [0] },
  TQ1_0: { scales: [52] },
  TQ2_0: { scales: [64] },
  Q2_K: { scales: [80], mins: [82] },
  Q3_K: { scales: [108] },
  Q4_K: { scales: [0], mins: [2] },
  Q5_K: { scales: [0], mins: [2] },
  Q6_K: { scales: [208] },
  IQ1_S: { scales: [0] },
  IQ2_XXS: { scales: [0] },
  IQ2_XS: { scales: [0] },
  IQ2_S: { scales: [0] },
  IQ3_XXS: { scales: [0] },
  IQ3_S: { scales: [0] },
  IQ4_NL: { scales: [0] },
  IQ4_XS: { scales: [0] },
};

/** Problems beyond this many are not listed. */
const MOST = 100;

/**
 * Returns what is wrong with encoded bytes, an empty array where nothing is: a length that is not whole blocks, scales, minima or 16-bit values that are
 * NaN or infinite, scale codes that stand for no number.
 *
 * Numerics: at most 100 problems, in the order of the bytes. SCALE_INVALID is code 255 of MXFP4 and codes above 126 of NVFP4, which ggml reads as
 * numbers although none of its encoders writes them.
 *
 * Cost: reads a few bytes of every block.
 *
 * Compatible with: ggml's `ggml_validate_row_data`; it lets pass every scale of NVFP4.
 *
 * @param bytes the blocks
 * @param options type
 * @throws TypeError or RangeError for arguments.
 * @example
 * validateBlocks(new Uint8Array(17), { type: 'Q4_0' })[0].code; // 'SIZE'
 * @see decodeBlocks
 */
export function validateBlocks(bytes: Uint8Array, options: { readonly type: BlockType }): BlockProblem[] {
  const fn = 'validateBlocks';
  const data = checkBytes(fn, bytes);
  const { type, bytesPerBlock } = checkType(fn, checkOptions(fn, options, ['type']).type);
  const problems: BlockProblem[] = [];
  const rest = data.length % bytesPerBlock;
  const blocks = (data.length - rest) / bytesPerBlock;
  const check = checkOf(type);
  for (let b = 0; b < blocks && problems.length < MOST; b++) check(problems, data, b, b * bytesPerBlock);
  if (rest !== 0) {
    const message = `${data.length} bytes are not whole blocks of ${bytesPerBlock}`;
    problems.push({ code: 'SIZE', block: null, offset: data.length - rest, message });
  }
  return problems.slice(0, MOST);
}

type Check = (problems: BlockProblem[], bytes: U8, block: number, at: number) => void;

function checkOf(type: BlockType): Check {
  switch (type) {
    case 'F16':
      return checkFloat16;
    case 'BF16':
      return checkBfloat16;
    case 'MXFP4':
      return (problems, bytes, block, at) => checkCode(problems, bytes, block, at, 254);
    case 'NVFP4':
      return (problems, bytes, block, at) => {
        for (let s = at; s < at + 4; s++) checkCode(problems, bytes, block, s, 126);
      };
    case 'IQ1_M':
      return checkIq1M;
    default:
      return checkScales(SCALES[type] ?? {});
  }
}

const isHalfFinite = (bytes: U8, at: number): boolean => (bytes[at + 1] & 0x7c) !== 0x7c;

const checkFloat16: Check = (problems, bytes, block, at) => {
  if (isHalfFinite(bytes, at)) return;
  problems.push({ code: 'VALUE_NOT_FINITE', block, offset: at, message: 'the value is NaN or infinite' });
};

const checkBfloat16: Check = (problems, bytes, block, at) => {
  if ((bytes[at + 1] & 0x7f) !== 0x7f || bytes[at] < 0x80) return;
  problems.push({ code: 'VALUE_NOT_FINITE', block, offset: at, message: 'the value is NaN or infinite' });
};

function checkCode(problems: BlockProblem[], bytes: U8, block: number, at: number, most: number): void {
  if (bytes[at] <= most) return;
  const message = `the code ${bytes[at]} of the scale stands for no number`;
  problems.push({ code: 'SCALE_INVALID', block, offset: at, message });
}

/** The scale is the high four bits of four words. */
const checkIq1M: Check = (problems, bytes, block, at) => {
  if ((bytes[at + 55] & 0x70) !== 0x70 || (bytes[at + 53] & 0xc0) !== 0xc0) return;
  const message = 'the scale is NaN or infinite';
  problems.push({ code: 'SCALE_NOT_FINITE', block, offset: at + 48, message });
};

const checkScales =
  ({ scales = [], mins = [] }: Scales): Check =>
  (problems, bytes, block, at) => {
    for (const place of scales) {
      if (isHalfFinite(bytes, at + place)) continue;
      const message = 'the scale is NaN or infinite';
      problems.push({ code: 'SCALE_NOT_FINITE', block, offset: at + place, message });
    }
    for (const place of mins) {
      if (isHalfFinite(bytes, at + place)) continue;
      const message = 'the minimum is NaN or infinite';
      problems.push({ code: 'MIN_NOT_FINITE', block, offset: at + place, message });
    }
  };
