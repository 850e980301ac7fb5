/** Which type each tensor gets: the mixes of llama-quantize as a table, and its fall-backs for rows that are no whole blocks. */
import { GGML_TYPES, type GgmlTypeName } from '../../core/ggml-types.js';

/** Why a tensor did not get the type that its mix has for it. */
export interface Fallback {
  readonly wanted: GgmlTypeName;
  /** Such as 'rows of 160 elements are no whole blocks of 256'. */
  readonly reason: string;
}

/** What a rule may ask about a tensor: its layer of how many, and the model it stands in. */
export interface MixPlace {
  readonly layer: number;
  readonly layers: number;
  /** Query heads that share one key-value head. */
  readonly headsPerKeyValue: number;
  readonly hasImatrix: boolean;
}

type Condition = (place: MixPlace) => boolean;
type Rule = readonly [when: Condition, type: GgmlTypeName];
/** The kinds of tensors that mixes tell apart. */
export type TensorRole =
  'tokenEmbedding' | 'output' | 'attentionValue' | 'attentionOutput' | 'feedForwardDown' | 'other';

interface Mix {
  /** general.file_type: llama.cpp's llama_ftype. */
  readonly fileType: number;
  readonly base: GgmlTypeName;
  /** The first rule that fits decides; without one it is the base. */
  readonly rules?: Readonly<Partial<Record<TensorRole, readonly Rule[]>>>;
}

const always: Condition = () => true;
/** The first part of the layers, such as an eighth. */
const firstOf =
  (parts: number): Condition =>
  ({ layer, layers }) =>
    layer < Math.floor(layers / parts);
const firstLayers =
  (count: number): Condition =>
  ({ layer }) =>
    layer < count;
/** The first and the last eighth, and every third layer between them. */
const moreBits: Condition = ({ layer, layers }) => {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
};
const sharesKeys: Condition = ({ headsPerKeyValue }) => headsPerKeyValue >= 4;
const both =
  (a: Condition, b: Condition): Condition =>
  (place) =>
    a(place) && b(place);
const withImatrix: Condition = ({ hasImatrix }) => hasImatrix;
const withoutImatrix: Condition = ({ hasImatrix }) => !hasImatrix;

const MORE_Q6_K: Mix['rules'] = {
  attentionValue: [[moreBits, 'Q6_K']],
  feedForwardDown: [[moreBits, 'Q6_K']],
};
const IQ4: Mix['rules'] = {
  attentionValue: [[sharesKeys, 'Q5_K']],
  feedForwardDown: [[both(firstOf(8), withoutImatrix), 'Q5_K']],
};
/** The embeddings of ternary models are no ternary numbers. */
const Q4_K_EMBEDDINGS: Mix['rules'] = { tokenEmbedding: [[always, 'Q4_K']] };

/** By the names of llama-quantize. */
export type MixName =
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'Q8_0'
  | 'Q6_K'
  | 'Q5_K_M'
  | 'Q5_K_S'
  | 'Q5_1'
  | 'Q5_0'
  | 'Q4_K_M'
  | 'Q4_K_S'
  | 'Q4_1'
  | 'Q4_0'
  | 'IQ4_NL'
  | 'IQ4_XS'
  | 'Q3_K_L'
  | 'Q3_K_M'
  | 'Q3_K_S'
  | 'Q2_K'
  | 'TQ2_0'
  | 'TQ1_0'
  | 'MXFP4'
  | 'NVFP4'
  | 'Q1_0'
  | 'Q2_0';

const MIXES: Readonly<Record<MixName, Mix>> = {
  F32: { fileType: 0, base: 'F32' },
  F16: { fileType: 1, base: 'F16' },
  BF16: { fileType: 32, base: 'BF16' },
  Q8_0: { fileType: 7, base: 'Q8_0' },
  Q6_K: { fileType: 18, base: 'Q6_K' },
  Q5_K_M: { fileType: 17, base: 'Q5_K', rules: MORE_Q6_K },
  Q5_K_S: { fileType: 16, base: 'Q5_K' },
  Q5_1: { fileType: 9, base: 'Q5_1' },
  Q5_0: {
    fileType: 8,
    base: 'Q5_0',
    rules: { feedForwardDown: [[both(withImatrix, firstOf(8)), 'Q5_1']] },
  },
  Q4_K_M: { fileType: 15, base: 'Q4_K', rules: MORE_Q6_K },
  Q4_K_S: {
    fileType: 14,
    base: 'Q4_K',
    rules: { attentionValue: [[firstLayers(4), 'Q5_K']], feedForwardDown: [[firstOf(8), 'Q5_K']] },
  },
  Q4_1: { fileType: 3, base: 'Q4_1' },
  Q4_0: {
    fileType: 2,
    base: 'Q4_0',
    rules: { feedForwardDown: [[both(withImatrix, firstOf(8)), 'Q4_1']] },
  },
  IQ4_NL: { fileType: 25, base: 'IQ4_NL', rules: IQ4 },
  IQ4_XS: { fileType: 30, base: 'IQ4_XS', rules: IQ4 },
  Q3_K_L: {
    fileType: 13,
    base: 'Q3_K',
    rules: {
      attentionValue: [[always, 'Q5_K']],
      attentionOutput: [[always, 'Q5_K']],
      feedForwardDown: [[always, 'Q5_K']],
    },
  },
  Q3_K_M: {
    fileType: 12,
    base: 'Q3_K',
    rules: {
      attentionValue: [
        [firstLayers(2), 'Q5_K'],
        [always, 'Q4_K'],
      ],
      attentionOutput: [[always, 'Q4_K']],
      feedForwardDown: [
        [firstOf(16), 'Q5_K'],
        [always, 'Q4_K'],
      ],
    },
  },
  Q3_K_S: { fileType: 11, base: 'Q3_K' },
  Q2_K: {
    fileType: 10,
    base: 'Q2_K',
    rules: {
      attentionValue: [
        [sharesKeys, 'Q4_K'],
        [always, 'Q3_K'],
      ],
      attentionOutput: [[always, 'Q3_K']],
      feedForwardDown: [[always, 'Q3_K']],
    },
  },
  TQ2_0: { fileType: 37, base: 'TQ2_0', rules: Q4_K_EMBEDDINGS },
  TQ1_0: { fileType: 36, base: 'TQ1_0', rules: Q4_K_EMBEDDINGS },
  MXFP4: { fileType: 38, base: 'MXFP4' },
  NVFP4: { fileType: 39, base: 'NVFP4' },
  Q1_0: { fileType: 40, base: 'Q1_0' },
  Q2_0: { fileType: 41, base: 'Q2_0', rules: Q4_K_EMBEDDINGS },
};

/** Names of the mixes of types that `planGguf` knows, about from the largest to the smallest. */
export const MIX_NAMES: readonly MixName[] = Object.keys(MIXES) as MixName[];

export const fileTypeOf = (name: MixName): number => MIXES[name].fileType;

/** Types without a scale, in which no importance counts. */
export const PLAIN: ReadonlySet<GgmlTypeName> = new Set<GgmlTypeName>(['F32', 'F16', 'BF16']);

export interface MixTensor extends MixPlace {
  readonly role: TensorRole;
  /** Elements of a row. */
  readonly width: number;
  /** Whether the token embedding serves as the output. */
  readonly isTied: boolean;
  /** Whether the model is of the kind whose values take few bytes and get more bits: llama.cpp's 70B. */
  readonly hasSmallValues: boolean;
}

export interface ChosenType {
  readonly type: GgmlTypeName;
  readonly fallback: Fallback | null;
}

/**
 * The type of a matrix under a mix.
 *
 * Compatible with: llama_tensor_get_type of llama.cpp 007dbbf3 (August 2026) for models without experts. Rows that are no whole blocks of 32 are F16 for every
 * type; llama-quantize stops at Q4_0 and others of which it knows no other type.
 */
export function chooseType(name: MixName, tensor: MixTensor, isPure: boolean): ChosenType {
  const { base } = MIXES[name];
  if (PLAIN.has(base)) return { type: base, fallback: null };
  return fitted(isPure ? base : mixedType(MIXES[name], tensor), tensor.width);
}

function mixedType({ base, rules }: Mix, tensor: MixTensor): GgmlTypeName {
  const { role, isTied, hasSmallValues } = tensor;
  if (role === 'output' || (isTied && role === 'tokenEmbedding')) return base === 'Q8_0' ? 'Q8_0' : 'Q6_K';
  const type = rules?.[role]?.find(([when]) => when(tensor))?.[1] ?? base;
  const isRaised = role === 'attentionValue' && hasSmallValues && (type === 'Q3_K' || type === 'Q4_K');
  return isRaised ? 'Q5_K' : type;
}

/** What rows that are no whole blocks of 256, 128 or 64 get, in blocks of 32. */
const SMALLER_BLOCKS: Readonly<Partial<Record<GgmlTypeName, GgmlTypeName>>> = {
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
  IQ4_XS: 'IQ4_NL',
  TQ1_0: 'Q4_0',
  TQ2_0: 'Q4_0',
  Q2_0: 'Q4_0',
};

/** `type`, or what fits rows of `width`. */
function fitted(type: GgmlTypeName, width: number): ChosenType {
  const fits = (candidate: GgmlTypeName): boolean => width % GGML_TYPES[candidate].elements === 0;
  if (fits(type)) return { type, fallback: null };
  const smaller = SMALLER_BLOCKS[type];
  const { elements } = GGML_TYPES[type];
  const reason = `rows of ${width} elements are no whole blocks of ${elements}`;
  return {
    type: smaller !== undefined && fits(smaller) ? smaller : 'F16',
    fallback: { wanted: type, reason },
  };
}
