/** CodebookTensors taken apart for storage and put together again, distrusting every part. */
import type { F32, U8 } from '../../core/arrays.js';
import { FormatError } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import type { ArraySpec, NamedArray } from '../../core/source.js';
import { badHeader, checkPadding, matchArrays } from '../../core/stored.js';
import { codeBytes, unpackCodes, zeroCode } from './codebook-codes.js';
import { NESTED_BLOCK } from './codebook-nested.js';
import { checkCodebookOptions } from './codebook-options.js';
import { bitsFor } from './codebook-tables.js';
import { bookOf, checkCodebookTensor, MAX_LEVELS, NAMES } from './codebook-tensor.js';
import type {
  CodebookHeader,
  CodebookTensor,
  KMeansReport,
  QuantizeCodebookOptions,
} from './codebook-types.js';
import { codebookTensor } from './codebook-view.js';
import { fieldsOf } from '../coded-header.js';

const FROM = 'codebookFromArrays';

const HEADER_KEYS = ['kind', 'name', 'levels', 'blockSize', 'offset', 'shape', 'overflow', 'fit'];

type Layout = Pick<CodebookHeader, 'shape' | 'levels' | 'blockSize'> & { readonly isNested: boolean };

/**
 * The arrays that a tensor is stored as, named as bitsandbytes names them: `codes` (8 bits with the tensor's shape, fewer as a line of
 * bytes), `quant_map`, and where there are blocks `absmax`, either float32 or codes with `nested_absmax` and `nested_quant_map`.
 */
function arraySpecs({ shape, levels, blockSize, isNested }: Layout): ArraySpec[] {
  const size = elementCount(shape, 'codebookArraySpecs');
  const bits = bitsFor(levels);
  const specs: ArraySpec[] = [
    { name: 'codes', dtype: 'uint8', shape: bits === 8 ? shape : [codeBytes(size, bits)] },
    { name: 'quant_map', dtype: 'float32', shape: [levels] },
  ];
  if (blockSize === null) return specs;
  const blocks = Math.ceil(size / blockSize);
  specs.push({ name: 'absmax', dtype: isNested ? 'uint8' : 'float32', shape: [blocks] });
  if (!isNested) return specs;
  specs.push({ name: 'nested_absmax', dtype: 'float32', shape: [Math.ceil(blocks / NESTED_BLOCK)] });
  specs.push({ name: 'nested_quant_map', dtype: 'float32', shape: [MAX_LEVELS] });
  return specs;
}

/** The arrays that quantizeCodebook's result for this shape will be stored as, known before it is made. */
export function codebookArraySpecs(shape: readonly number[], options: QuantizeCodebookOptions): ArraySpec[] {
  const fn = 'codebookArraySpecs';
  const { count, blockSize, doubleQuant } = checkCodebookOptions(fn, options, elementCount(shape, fn));
  return arraySpecs({ shape, levels: count, blockSize, isNested: doubleQuant });
}

export function codebookToArrays(c: CodebookTensor): { header: CodebookHeader; arrays: NamedArray[] } {
  checkCodebookTensor('codebookToArrays', c);
  const { kind, name, codebook, absmax, blockSize, overflow, fit } = c;
  const nested = absmax !== null && 'codes' in absmax ? absmax : null;
  const levels = codebook.length;
  const shape = Array.from(c.shape);
  const specs = arraySpecs({ shape, levels, blockSize, isNested: nested !== null });
  const parts =
    nested === null
      ? [c.codes, codebook, absmax]
      : [c.codes, codebook, nested.codes, nested.absmax, nested.codebook];
  const header = { kind, name, levels, blockSize, offset: nested?.offset ?? null, shape, overflow, fit };
  return { header, arrays: specs.map((spec, i) => ({ ...spec, data: parts[i] as NamedArray['data'] })) };
}

/**
 * The CodebookTensor that codebookToArrays took apart; its arrays are the given ones, not copies.
 *
 * @throws FormatError: 'TENSOR_HEADER' for a header with missing, unknown or wrong fields, 'TENSOR_ARRAYS' for arrays that are not those of
 * the header, 'TENSOR_VALUES' for codes, levels or magnitudes out of range, 'TENSOR_PADDING' for another filling behind the last code.
 */
export function codebookFromArrays(header: unknown, arrays: readonly NamedArray[]): CodebookTensor {
  const { levels, offset, ...rest } = checkHeader(header);
  const layout = { ...rest, levels, isNested: offset !== null };
  const [codes, codebook, absmax, ...nested] = matchArrays(FROM, arrays, arraySpecs(layout));
  const c = codebookTensor({
    ...rest,
    codes: codes as U8,
    bits: bitsFor(levels),
    codebook: codebook as F32,
    absmax:
      rest.blockSize === null
        ? null
        : offset === null
          ? (absmax as F32)
          : {
              codes: absmax as U8,
              absmax: nested[0] as F32,
              codebook: nested[1] as F32,
              offset,
              blockSize: NESTED_BLOCK,
            },
  });
  try {
    checkCodebookTensor(FROM, c);
  } catch (error) {
    throw new FormatError('TENSOR_VALUES', (error as Error).message);
  }
  checkCodes(c);
  return c;
}

/** No code without a level, and behind the last code what quantizeCodebook puts there: equal tensors have equal bytes. */
function checkCodes(c: CodebookTensor): void {
  const size = elementCount(c.shape, FROM);
  if (c.bits === 4 && size % 2 === 1) {
    const last = c.codes.length - 1;
    const behind = zeroCode(bookOf(c));
    if ((c.codes[last] & 15) !== behind) {
      const message = `${FROM}: "codes" expected ${behind}, the code of 0, behind the last code, got ${c.codes[last] & 15}`;
      throw new FormatError('TENSOR_PADDING', message, last);
    }
  } else if (c.bits < 8) checkPadding(FROM, c.codes, c.bits * size);
  if (c.codebook.length === 2 ** c.bits) return;
  const codes = unpackCodes(c.codes, size, c.bits);
  const bad = codes.findIndex((code) => code >= c.codebook.length);
  if (bad < 0) return;
  const expected = `a code below ${c.codebook.length}`;
  throw new FormatError('TENSOR_VALUES', `${FROM}: "codes[${bad}]" expected ${expected}, got ${codes[bad]}`);
}

function checkHeader(header: unknown): CodebookHeader {
  const fields = fieldsOf(FROM, 'codebook', header, HEADER_KEYS);
  const blockSize =
    fields.get('blockSize') === null ? null : fields.integer('blockSize', 1, Number.MAX_SAFE_INTEGER);
  const offset = fields.get('offset') === null ? null : fields.number('offset', -LARGEST);
  if (offset !== null && blockSize === null) throw badHeader(FROM, 'offset', 'null without blocks', offset);
  const name = fields.choice('name', NAMES);
  return {
    kind: 'codebook',
    name,
    levels: fields.integer('levels', 2, MAX_LEVELS),
    blockSize,
    offset,
    shape: fields.shape(),
    overflow: fields.number('overflow', 0),
    fit: checkFit(name, fields.get('fit')),
  };
}

const LARGEST = 3.4028234663852886e38;

const FIT_KEYS = ['iterations', 'inertia', 'startInertia'] as const;

/** What k-means did, exactly where it did something. */
function checkFit(name: CodebookTensor['name'], fit: unknown): KMeansReport | null {
  if (name !== 'kmeans' && fit === null) return null;
  const isReport = name === 'kmeans' && isPlainObject(fit) && Object.keys(fit).length === FIT_KEYS.length;
  const report = (isReport ? fit : {}) as Record<string, unknown>;
  const [iterations, inertia, startInertia] = FIT_KEYS.map((key) => {
    const value = Object.hasOwn(report, key) ? report[key] : undefined;
    if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
    throw badHeader(FROM, 'fit', 'what k-means did, and null for other codebooks', fit);
  });
  return { iterations, inertia, startInertia };
}
