/** Inputs of the encoder's matrices: what goes in on calibration sentences, row by row. */
import type { EmbeddingsModel } from '@energetic-ai/embeddings';
import { hessianAccumulator } from 'tensorslim/quantize';
import { EVERYDAY, LITERARY } from './calibration.js';
import { captureOutputs, type Captured } from './capture.js';

const STACK = 'module_apply_default/Encoder_en/KonaTransformer/Encode/TransformerStack';
/** The mean of the token vectors, which the last matrix reads: one row per sentence, too few to tell 512 inputs apart. */
const SENTENCE_VECTOR = 'module_apply_default/Encoder_en/KonaTransformer/div';
const TOKEN_VECTORS = `${STACK}/Layer_1/TransformerLayer/FFN/layer_postprocess/add`;

/** Everyday sentences are few and closest to what counts: their rows weigh 1.5^2 as much. */
const EVERYDAY_WEIGHT = 1.5;
/** So much do token vectors say about the vector of another sentence made of such tokens. */
const TOKEN_SPREAD = 2;

/** Sentences with the weight of their rows. */
export type Weighted = readonly (readonly [sentence: string, weight: number])[];

export const CALIBRATION: Weighted = [
  ...LITERARY.flatMap(pieces).map((piece) => [piece, 1] as const),
  ...EVERYDAY.map((sentence) => [sentence, EVERYDAY_WEIGHT] as const),
];

/** Rows [rows, inputs]. */
export interface Rows {
  readonly data: Float32Array;
  readonly inputs: number;
}

/**
 * What the nodes put out on the sentences, by node; for the matrix that reads sentence vectors with token vectors as further rows if `isSpread`.
 */
export async function rowsOf(
  encoder: EmbeddingsModel,
  nodes: readonly string[],
  sentences: Weighted,
  isSpread = true,
): Promise<Map<string, Rows>> {
  const parts = new Map<string, Float32Array[]>(nodes.map((node) => [node, []]));
  const inputs = new Map<string, number>();
  const add = (node: string, { data, shape }: Captured, weight: number): void => {
    parts.get(node)?.push(data.map((v) => v * weight));
    inputs.set(node, shape.at(-1) as number);
  };
  const spreads = isSpread && nodes.includes(SENTENCE_VECTOR);
  const asked = spreads ? [...nodes, TOKEN_VECTORS] : nodes;
  for (const [sentence, weight] of sentences) {
    await captureOutputs(encoder, asked, [sentence], (outputs) => {
      nodes.forEach((node, i) => add(node, outputs[i], weight));
      if (!spreads) return;
      const tokens = outputs[nodes.length];
      const count = tokens.data.length / (tokens.shape.at(-1) as number);
      add(SENTENCE_VECTOR, tokens, (weight * TOKEN_SPREAD) / count);
    });
  }
  return new Map(
    Array.from(parts, ([node, list]) => [node, { data: joined(list), inputs: inputs.get(node) as number }]),
  );
}

/** Sum of x^T x over the rows. */
export function hessianOf({ data, inputs }: Rows): Float64Array {
  const sums = hessianAccumulator(inputs);
  sums.add({ data, shape: [data.length / inputs, inputs] });
  return sums.matrix.data;
}

/**
 * @throws RangeError for an empty calibration set, and for sentences that it is judged by: figures would look better than they are.
 */
export function checkCalibration(calibration: readonly string[], judged: readonly string[]): void {
  if (calibration.length === 0)
    throw new RangeError(
      'demo: "calibration" expected sentences, got none - calibrate on what the model will meet',
    );
  const known = new Set(calibration);
  const shared = judged.find((sentence) => known.has(sentence));
  if (shared === undefined) return;
  throw new RangeError(
    `demo: "calibration" expected sentences that the model is not judged by, got ${JSON.stringify(shared)} - leave them out of one of the two`,
  );
}

function joined(list: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(list.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of list) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A long sentence in pieces of about eight words, as long as the sentences that the encoder is used for. */
function pieces(sentence: string): string[] {
  const words = sentence.split(' ');
  const count = Math.max(1, Math.floor(words.length / 8));
  const cut = (i: number): number => Math.floor((i * words.length) / count);
  return Array.from({ length: count }, (_, i) => words.slice(cut(i), cut(i + 1)).join(' '));
}
