/** A llama in plain TypeScript: what the weights of a file compute, for models small enough to wait for. */

export interface LlamaSizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly epsilon: number;
  readonly ropeBase: number;
}

/**
 * Weights by the names of GGUF: rows are outputs, and a pair that the rotary embedding turns are neighbours. Biases of queries, keys and values are used
 * where there are any.
 */
export interface Llama extends LlamaSizes {
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Whether pairs are neighbours, as in ggml's llama, or half a head apart, as in its qwen2 and in Hugging Face. */
  readonly isInterleaved: boolean;
}

/** Logits [tokens, vocabulary] of a text that stands alone; sums in float64, kept as float32. */
export function llamaLogits(model: Llama, tokens: readonly number[]): Float32Array {
  const { layers, hidden, weights, vocabulary, epsilon } = model;
  const count = tokens.length;
  const weight = (name: string): Float32Array => {
    const found = weights.get(name);
    if (found === undefined) throw new Error(`no weight ${name}`);
    return found;
  };
  const x = new Float32Array(count * hidden);
  const embedding = weight('token_embd.weight');
  tokens.forEach((token, t) => x.set(embedding.subarray(token * hidden, (token + 1) * hidden), t * hidden));
  for (let layer = 0; layer < layers; layer++) {
    const at = (name: string): string => `blk.${layer}.${name}`;
    const normed = rmsNorm(x, weight(at('attn_norm.weight')), hidden, epsilon);
    addTo(x, linear(attention(model, normed, count, at), weight(at('attn_output.weight')), count));
    const inner = rmsNorm(x, weight(at('ffn_norm.weight')), hidden, epsilon);
    const gate = linear(inner, weight(at('ffn_gate.weight')), count);
    const up = linear(inner, weight(at('ffn_up.weight')), count);
    for (let i = 0; i < gate.length; i++) gate[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
    addTo(x, linear(gate, weight(at('ffn_down.weight')), count));
  }
  const output = weights.get('output.weight') ?? embedding;
  const logits = linear(rmsNorm(x, weight('output_norm.weight'), hidden, epsilon), output, count);
  if (logits.length !== count * vocabulary) throw new Error('the output has another size');
  return logits;
}

function addTo(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] += y[i];
}

function rmsNorm(x: Float32Array, weight: Float32Array, width: number, epsilon: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += width) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += x[at + i] * x[at + i];
    const scale = 1 / Math.sqrt(sum / width + epsilon);
    for (let i = 0; i < width; i++) out[at + i] = x[at + i] * scale * weight[i];
  }
  return out;
}

/** x W^T for x of `count` rows; four rows of x share each pair of weights that is read. */
export function linear(x: Float32Array, w: Float32Array, count: number): Float32Array {
  const width = x.length / count;
  const rows = w.length / width;
  const out = new Float32Array(count * rows);
  const sums = new Float64Array(8);
  for (let t = 0; t < count; t += 4) {
    // At the edges the last row stands in for those behind it, whose sums nobody takes.
    const [x0, x1, x2, x3] = [0, 1, 2, 3].map((i) => rowOf(x, t + i, width, count));
    for (let row = 0; row < rows; row += 2) {
      eightDots(sums, x0, x1, x2, x3, rowOf(w, row, width, rows), rowOf(w, row + 1, width, rows));
      for (let i = 0; i < 4 && t + i < count; i++) {
        out[(t + i) * rows + row] = sums[2 * i];
        if (row + 1 < rows) out[(t + i) * rows + row + 1] = sums[2 * i + 1];
      }
    }
  }
  return out;
}

function rowOf(matrix: Float32Array, row: number, width: number, rows: number): Float32Array {
  const at = Math.min(row, rows - 1) * width;
  return matrix.subarray(at, at + width);
}

/** sums[2 i + j] = x_i . w_j */
function eightDots(
  sums: Float64Array,
  x0: Float32Array,
  x1: Float32Array,
  x2: Float32Array,
  x3: Float32Array,
  w0: Float32Array,
  w1: Float32Array,
): void {
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  let s20 = 0;
  let s21 = 0;
  let s30 = 0;
  let s31 = 0;
  for (let k = 0; k < w0.length; k++) {
    const a = w0[k];
    const b = w1[k];
    const v0 = x0[k];
    s00 += v0 * a;
    s01 += v0 * b;
    const v1 = x1[k];
    s10 += v1 * a;
    s11 += v1 * b;
    const v2 = x2[k];
    s20 += v2 * a;
    s21 += v2 * b;
    const v3 = x3[k];
    s30 += v3 * a;
    s31 += v3 * b;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s10;
  sums[3] = s11;
  sums[4] = s20;
  sums[5] = s21;
  sums[6] = s30;
  sums[7] = s31;
}

function attention(model: Llama, x: Float32Array, count: number, at: (name: string) => string): Float32Array {
  const { heads, keyValueHeads, headSize, weights } = model;
  const project = (name: string): Float32Array => {
    const out = linear(x, weights.get(at(`attn_${name}.weight`)) as Float32Array, count);
    const bias = weights.get(at(`attn_${name}.bias`));
    if (bias !== undefined) for (let i = 0; i < out.length; i++) out[i] += bias[i % bias.length];
    return out;
  };
  const q = project('q');
  const k = project('k');
  const v = project('v');
  rotate(model, q, heads);
  rotate(model, k, keyValueHeads);
  const out = new Float32Array(count * heads * headSize);
  const scores = new Float64Array(count);
  for (let head = 0; head < heads; head++) {
    const shared = Math.floor((head * keyValueHeads) / heads);
    for (let t = 0; t < count; t++) {
      const query = (t * heads + head) * headSize;
      softmaxScores(scores, q, query, k, shared * headSize, keyValueHeads * headSize, t, headSize);
      for (let s = 0; s <= t; s++) {
        const value = (s * keyValueHeads + shared) * headSize;
        for (let i = 0; i < headSize; i++) out[query + i] += scores[s] * v[value + i];
      }
    }
  }
  return out;
}

/** scores[0 .. t] become the weights with which token t looks at the tokens up to itself. */
function softmaxScores(
  scores: Float64Array,
  q: Float32Array,
  query: number,
  k: Float32Array,
  offset: number,
  stride: number,
  t: number,
  headSize: number,
): void {
  let largest = -Infinity;
  for (let s = 0; s <= t; s++) {
    let dot = 0;
    for (let i = 0; i < headSize; i++) dot += q[query + i] * k[s * stride + offset + i];
    scores[s] = dot / Math.sqrt(headSize);
    largest = Math.max(largest, scores[s]);
  }
  let sum = 0;
  for (let s = 0; s <= t; s++) sum += scores[s] = Math.exp(scores[s] - largest);
  for (let s = 0; s <= t; s++) scores[s] /= sum;
}

function rotate({ headSize, ropeBase, isInterleaved, weights }: Llama, x: Float32Array, heads: number): void {
  const half = headSize / 2;
  const factors = weights.get('rope_freqs.weight');
  for (let at = 0; at < x.length; at += headSize) {
    const position = Math.floor(at / (heads * headSize));
    for (let i = 0; i < half; i++) {
      const angle = (position * Math.pow(ropeBase, -i / half)) / (factors?.[i] ?? 1);
      const [a, b] = isInterleaved ? [at + 2 * i, at + 2 * i + 1] : [at + i, at + half + i];
      const [real, imaginary] = [x[a], x[b]];
      x[a] = real * Math.cos(angle) - imaginary * Math.sin(angle);
      x[b] = real * Math.sin(angle) + imaginary * Math.cos(angle);
    }
  }
}

/** Sum of -ln p(target) over a row of logits for each target. */
export function negativeLogLikelihood(logits: Float32Array, targets: readonly number[]): number {
  const width = logits.length / targets.length;
  return targets.reduce((total, target, t) => {
    const row = logits.subarray(t * width, (t + 1) * width);
    const largest = row.reduce((a, b) => Math.max(a, b));
    const sum = row.reduce((a, b) => a + Math.exp(b - largest), 0);
    return total + largest + Math.log(sum) - row[target];
  }, 0);
}
