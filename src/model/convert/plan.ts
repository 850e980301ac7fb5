/** planGguf. */
import type { F32 } from '../../core/arrays.js';
import { describe, quote, typeError } from '../../core/errors.js';
import { checkChoice, checkOptions, isPlainObject } from '../../core/options.js';
import type { TensorSource } from '../../core/source.js';
import { checkImatrix, importance, type Imatrix } from '../../formats/gguf/imatrix.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import { architectureOf, type Architecture, type Dimensions } from './architectures.js';
import { flagOf, objectOf } from './config.js';
import { dimensionPairs, dimensionsOf } from './dimensions.js';
import { convertError } from './errors.js';
import {
  chooseType,
  fileTypeOf,
  MIX_NAMES,
  PLAIN,
  type ChosenType,
  type MixName,
  type MixTensor,
} from './mixes.js';
import { ropeOf } from './rope.js';
import { byPlace, namedTensors, type NamedTensor, type TensorList } from './tensors.js';
import type { GgufPlan, GgufPlanEntry, ModelFiles, PlanGgufOptions } from './types.js';
import { vocabularyOf } from './vocabulary.js';
import { text } from './vocabulary-parts.js';

const FN = 'planGguf';
/** Version of the block formats: GGML_QNT_VERSION. */
const QUANTIZATION_VERSION = 2;

export const PLAN_KEYS = [
  'type',
  'pure',
  'fallback',
  'imatrix',
  'name',
  'vocabulary',
  'preTokenizer',
] as const;

/**
 * Returns what a GGUF file of a Hugging Face model will hold: the metadata, and name, type and shape of every tensor.
 *
 * Architectures: llama (Mistral too) and qwen2. Names become ggml's; rows of llama's queries and keys will go from the order of Hugging Face's rotary
 * embedding, whose pairs lie half a head apart, to that of ggml, where they are neighbours. A tied output is left out, as llama.cpp wants it. Llama 3.1's
 * stretched rotary embedding becomes the tensor rope_freqs.weight.
 *
 * Types: the mix decides for matrices by their place in the model; vectors stay F32. Rows that are no whole blocks get another type, which the entry
 * says, or an error.
 *
 * Cost: headers and vocabulary only; no data is read.
 *
 * Compatible with: llama.cpp 007dbbf3 (August 2026), the types of llama-quantize for models without experts, and the order of its tensors. Differences:
 * docs/compat.md.
 *
 * @param model the weights
 * @param files config.json and the tokenizer's files, parsed
 * @param options type; pure, fallback, imatrix, name, vocabulary, preTokenizer
 * @throws FormatError CONVERT_* for what is missing, unknown or contradictory (docs/formats.md); TypeError and RangeError for arguments.
 * @example
 * const plan = planGguf(llama, llamaFiles, { type: 'Q4_K_M' });
 * plan.entries.length; // 12
 * @see encodeGgufTensor
 */
export function planGguf(model: TensorSource, files: ModelFiles, options: PlanGgufOptions): GgufPlan {
  const checked = checkPlanOptions(options);
  if (!isPlainObject(files)) {
    throw typeError(FN, 'files', 'an object {config, tokenizer ...}', files, 'parse the JSON files');
  }
  const config = objectOf(files.config, 'config.json');
  const architecture = architectureOf(config);
  const dimensions = dimensionsOf(config, architecture);
  const rope = ropeOf(config, dimensions.headSize);
  const isTied = flagOf(config, 'tie_word_embeddings', false);
  const list = namedTensors(model, architecture, dimensions, isTied);
  const vocabulary = vocabularyOf(files, config, dimensions.vocabulary, checked);
  const entries = list.tensors.map((tensor) => entryOf(tensor, list, architecture, dimensions, checked));
  if (rope.factors !== null) entries.push(ropeEntry(rope.factors));
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', text(architecture.name)],
    ['general.type', text('model')],
    ...(checked.name === undefined ? [] : [['general.name', text(checked.name)] as const]),
    ['general.file_type', { type: 'uint32', value: fileTypeOf(checked.type) }],
    ['general.quantization_version', { type: 'uint32', value: QUANTIZATION_VERSION }],
    ...dimensionPairs(architecture, config, dimensions, rope),
    ...vocabulary.pairs,
    ...imatrixPairs(checked.imatrix),
  ]);
  return {
    architecture: architecture.name,
    type: checked.type,
    metadata,
    entries: entries.sort((a, b) => byPlace(placeOf(a), placeOf(b))),
    notes: [...list.notes, ...vocabulary.notes],
  };
}

type Checked = Partial<PlanGgufOptions> & { readonly type: MixName };

function checkPlanOptions(options: PlanGgufOptions): Checked {
  const checked = checkOptions(FN, options, PLAN_KEYS);
  const { pure, fallback, imatrix, name, vocabulary, preTokenizer } = checked;
  const type = checkChoice(FN, 'type', checked.type, MIX_NAMES);
  if (pure !== undefined && typeof pure !== 'boolean') {
    throw typeError(FN, 'pure', 'true or false', pure, 'leave it out for the mix');
  }
  if (fallback !== undefined) checkChoice(FN, 'fallback', fallback, ['allow', 'forbid']);
  if (vocabulary !== undefined) checkChoice(FN, 'vocabulary', vocabulary, ['auto', 'files', 'bytes', 'none']);
  if (imatrix !== undefined) checkImatrix(imatrix, FN);
  for (const [key, value] of Object.entries({ name, preTokenizer })) {
    if (value === undefined || (typeof value === 'string' && value !== '')) continue;
    throw typeError(FN, key, 'text', value, 'leave it out, or pass a name');
  }
  return { ...checked, type };
}

function entryOf(
  tensor: NamedTensor,
  { isTied }: TensorList,
  architecture: Architecture,
  dimensions: Dimensions,
  options: Checked,
): GgufPlanEntry {
  const { name, source, shape, rule } = tensor;
  const { imatrix } = options;
  const chosen: ChosenType =
    shape.length < 2
      ? { type: 'F32', fallback: null }
      : chooseType(
          options.type,
          placeOfMatrix(tensor, isTied, architecture, dimensions, imatrix !== undefined),
          options.pure ?? false,
        );
  if (chosen.fallback !== null && options.fallback === 'forbid') throw fallbackError(name, chosen);
  return {
    name,
    source,
    shape,
    ...chosen,
    rotaryHeads: rule.rotary === undefined ? 0 : dimensions[rule.rotary],
    importance:
      imatrix === undefined || PLAIN.has(chosen.type) ? null : importanceOf(imatrix, name, shape[1]),
    values: null,
  };
}

function placeOfMatrix(
  { shape, layer, rule }: NamedTensor,
  isTied: boolean,
  { hasSmallValues }: Architecture,
  dimensions: Dimensions,
  hasImatrix: boolean,
): MixTensor {
  return {
    role: rule.role ?? 'other',
    layer,
    layers: dimensions.layers,
    width: shape[1],
    isTied,
    headsPerKeyValue: dimensions.heads / dimensions.keyValueHeads,
    hasImatrix,
    hasSmallValues: hasSmallValues(dimensions),
  };
}

function fallbackError(name: string, { type, fallback }: ChosenType): Error {
  const { wanted, reason } = fallback ?? { wanted: type, reason: '' };
  const fix = `allow the fall-back to ${type}, or choose another type`;
  return convertError('CONVERT_FALLBACK', `tensor ${quote(name)}`, `to become ${wanted}`, reason, fix);
}

/** The importance of a weight's columns; null where the matrix has not seen it. */
function importanceOf(imatrix: Imatrix, name: string, width: number): F32 | null {
  if (!imatrix.entries.has(name)) return null;
  const columns = importance(imatrix, name);
  if (columns.length === width) return columns;
  const fix = 'make it from this model';
  const place = `the importance of ${quote(name)}`;
  throw convertError('CONVERT_IMATRIX', place, `${width} numbers`, describe(columns.length), fix);
}

function imatrixPairs(imatrix: Imatrix | undefined): (readonly [string, GgufValue])[] {
  if (imatrix === undefined) return [];
  const { datasets, entries, chunkCount } = imatrix;
  return [
    ...(datasets.length === 0 ? [] : [['quantize.imatrix.dataset', text(datasets[0])] as const]),
    ['quantize.imatrix.entries_count', { type: 'uint32', value: entries.size }],
    ['quantize.imatrix.chunks_count', { type: 'uint32', value: chunkCount }],
  ];
}

function ropeEntry(values: F32): GgufPlanEntry {
  return {
    name: 'rope_freqs.weight',
    source: null,
    type: 'F32',
    shape: [values.length],
    rotaryHeads: 0,
    fallback: null,
    importance: null,
    values,
  };
}

const placeOf = ({ name }: GgufPlanEntry): { name: string; layer: number } => {
  const layer = /^blk\.(\d+)\./.exec(name)?.[1];
  return { name, layer: layer === undefined ? -1 : Number(layer) };
};
