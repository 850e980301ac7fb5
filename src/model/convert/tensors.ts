/** Every tensor of a Hugging Face model and the name it goes by in GGUF. */
import { describe, quote } from '../../core/errors.js';
import { sameShape } from '../../core/shape.js';
import type { TensorInfo, TensorSource } from '../../core/source.js';
import { nearestName } from '../../core/text.js';
import type { Architecture, Dimensions, TensorRule } from './architectures.js';
import { convertError } from './errors.js';

/** A tensor with its rule, and the layer it stands in, or -1. */
export interface NamedTensor {
  readonly name: string;
  readonly source: string;
  readonly shape: readonly number[];
  readonly layer: number;
  readonly rule: TensorRule;
}

export interface TensorList {
  readonly tensors: readonly NamedTensor[];
  /** Whether the token embedding serves as the output. */
  readonly isTied: boolean;
  readonly notes: readonly string[];
}

const HEAD = 'lm_head.weight';
const READABLE = ['float32', 'float16', 'bfloat16', 'float64'];

/** The tensors of a model, in the order of llama-quantize; a named error for one that is missing, unknown or of another shape. */
export function namedTensors(
  { entries }: TensorSource,
  { tensors: rules, ignored }: Architecture,
  dimensions: Dimensions,
  isTied: boolean,
): TensorList {
  const found: NamedTensor[] = [];
  const wanted = new Set<string>();
  for (const rule of rules) {
    for (const layer of layersOf(rule.from, dimensions.layers)) {
      const source = rule.from.replace('{}', String(layer));
      wanted.add(source);
      if (source === HEAD && isTied) continue;
      const info = entries.get(source);
      if (info !== undefined) {
        checkTensor(source, info, shapeOf(rule, dimensions));
        const name = rule.to.replace('{}', String(layer));
        found.push({ name, source, shape: info.shape, layer, rule });
      } else if (rule.isOptional !== true) throw missing(source, entries);
    }
  }
  checkKnown(entries.keys(), wanted, ignored, dimensions.layers);
  const note = `left out ${quote(HEAD)}: config.json says that it is the token embedding`;
  return { tensors: found.sort(byPlace), isTied, notes: isTied && entries.has(HEAD) ? [note] : [] };
}

/** Layer -1 is the one name of a rule without layers. */
const layersOf = (pattern: string, layers: number): number[] =>
  pattern.includes('{}') ? Array.from({ length: layers }, (_, layer) => layer) : [-1];

function shapeOf({ axes }: TensorRule, dimensions: Dimensions): number[] {
  const { vocabulary, hidden, feedForward, heads, keyValueHeads, headSize } = dimensions;
  const lengths = {
    vocabulary,
    hidden,
    feedForward,
    queries: heads * headSize,
    keys: keyValueHeads * headSize,
  };
  return axes.map((axis) => lengths[axis]);
}

function checkTensor(name: string, { dtype, shape }: TensorInfo, expected: readonly number[]): void {
  if (!sameShape(shape, expected)) {
    throw convertError(
      'CONVERT_TENSOR_SHAPE',
      `tensor ${quote(name)}`,
      `shape [${expected.join(', ')}], as config.json says`,
      `[${shape.join(', ')}]`,
      'use the config.json of this model',
    );
  }
  if (!READABLE.includes(dtype)) {
    const fix = 'convert the model that it was quantized from';
    throw convertError('CONVERT_TENSOR_TYPE', `tensor ${quote(name)}`, READABLE.join(', '), dtype, fix);
  }
}

function missing(name: string, entries: TensorSource['entries']): Error {
  const near = nearestName(name, entries.keys());
  const fix =
    name === HEAD
      ? 'set "tie_word_embeddings" in config.json if the token embedding serves as the output'
      : 'fetch all files of the model';
  const got = near === null ? 'none' : `none (the nearest is ${quote(near)})`;
  return convertError('CONVERT_TENSOR_MISSING', 'the model', `a tensor ${quote(name)}`, got, fix);
}

function checkKnown(
  names: Iterable<string>,
  wanted: ReadonlySet<string>,
  ignored: readonly string[],
  layers: number,
): void {
  const left = new Set(
    ignored.flatMap((pattern) =>
      layersOf(pattern, layers).map((layer) => pattern.replace('{}', String(layer))),
    ),
  );
  const unknown = Array.from(names).filter((name) => !wanted.has(name) && !left.has(name));
  if (unknown.length === 0) return;
  const fix = 'a file without them would compute something else: convert it with llama.cpp';
  const expected = 'only tensors of its architecture';
  throw convertError('CONVERT_TENSOR_UNKNOWN', 'the model', expected, describe(unknown), fix);
}

/** What belongs to no layer comes first, then layer by layer, by name: the order in which llama-quantize writes. */
export function byPlace(
  a: Pick<NamedTensor, 'layer' | 'name'>,
  b: Pick<NamedTensor, 'layer' | 'name'>,
): number {
  if (a.layer !== b.layer) return a.layer - b.layer;
  return a.name < b.name ? -1 : 1;
}
