import { createRandom } from '../../src/core/random.js';
import { countBins } from '../../src/core/histogram.js';
import type { ErrorMeasures } from '../../src/metrics/error.js';
import type { ProfileRow, Report, TensorReport } from '../../src/model/types.js';

/** Names, shapes and spreads of the tensors of a small encoder, in the order of a file. */
function encoderTensors(layers: number): [name: string, shape: number[], spread: number][] {
  const tensors: [string, number[], number][] = [
    ['embeddings.word_embeddings.weight', [30522, 384], 0.045],
    ['embeddings.position_embeddings.weight', [512, 384], 0.012],
    ['embeddings.LayerNorm.weight', [384], 0.8],
  ];
  for (let i = 0; i < layers; i++) {
    const layer = `encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value'])
      tensors.push([`${layer}.attention.self.${part}.weight`, [384, 384], 0.05 + 0.01 * i]);
    tensors.push([`${layer}.attention.output.dense.weight`, [384, 384], 0.03 * (i + 1)]);
    tensors.push([`${layer}.attention.output.LayerNorm.bias`, [384], 0.2]);
    tensors.push([`${layer}.intermediate.dense.weight`, [1536, 384], 0.06]);
    tensors.push([`${layer}.output.dense.weight`, [384, 1536], 1.5 ** (i - 3)]);
    tensors.push([`${layer}.output.LayerNorm.weight`, [384], 0.9]);
  }
  return [...tensors, ['pooler.dense.weight', [384, 384], 0.02], ['pooler.dense.bias', [384], 0.01]];
}

const PERFECT: ErrorMeasures = { maxAbs: 0, l2: 0, relativeL2: 0, mse: 0, sqnrDb: Infinity, cosine: 1 };

/** A normal sample with a few outliers, rounded to 15 levels in groups of 32: what int4 does to weights. */
function quantized(name: string, shape: number[], spread: number, seed: number): TensorReport {
  const random = createRandom(seed);
  const count = 4096;
  const values = Array.from({ length: count }, (_, i) => spread * random.normal() * (i % 512 === 0 ? 3 : 1));
  let [maxAbs, errors, squares, dots, restored, largestScale] = [0, 0, 0, 0, 0, 0];
  for (let begin = 0; begin < count; begin += 32) {
    const group = values.slice(begin, begin + 32);
    const scale = Math.max(...group.map(Math.abs)) / 7;
    largestScale = Math.max(largestScale, scale);
    for (const value of group) {
      const back = scale * Math.floor(value / scale + 0.5);
      maxAbs = Math.max(maxAbs, Math.abs(value - back));
      errors += (value - back) ** 2;
      squares += value ** 2;
      restored += back ** 2;
      dots += value * back;
    }
  }
  const size = shape.reduce((a, b) => a * b, 1);
  const share = size / count;
  return {
    name,
    dtype: 'float32',
    shape,
    label: 'int4 symmetric, groups of 32 along axis 1, float16 scales',
    isLossy: true,
    originalBytes: size * 4,
    compressedBytes: size / 2 + (size / 32) * 2,
    bitsPerWeight: 4.5,
    measures: {
      maxAbs,
      l2: Math.sqrt(errors * share),
      relativeL2: Math.sqrt(errors / squares),
      mse: errors / count,
      sqnrDb: 10 * Math.log10(squares / errors),
      cosine: dots / Math.sqrt(squares * restored),
    },
    bound: { maxAbs: largestScale / 2, l2: (largestScale / 2) * Math.sqrt(size) },
    isWithinBound: true,
    histogram: countBins(values, 64),
    levels: Array.from({ length: 15 }, (_, i) => (i - 7) * largestScale),
  };
}

function kept(name: string, shape: number[]): TensorReport {
  const bytes = shape.reduce((a, b) => a * b, 1) * 4;
  return {
    name,
    dtype: 'float32',
    shape,
    label: 'kept',
    isLossy: false,
    originalBytes: bytes,
    compressedBytes: bytes,
    bitsPerWeight: 32,
    measures: PERFECT,
    bound: { maxAbs: 0, l2: 0 },
    isWithinBound: true,
    histogram: null,
    levels: null,
  };
}

/** A report over these tensors, totals and all; goals and evaluation as given. */
export function reportOf(
  tensors: readonly TensorReport[],
  more: Partial<Pick<Report, 'evaluation' | 'goals' | 'isReached'>> = {},
): Report {
  const sum = (of: (t: TensorReport) => number): number => tensors.reduce((total, t) => total + of(t), 0);
  const originalBytes = sum((t) => t.originalBytes);
  const compressedBytes = sum((t) => t.compressedBytes);
  const errors = sum((t) => t.measures.l2 ** 2);
  const squares = sum((t) => (t.measures.relativeL2 > 0 ? (t.measures.l2 / t.measures.relativeL2) ** 2 : 0));
  const elements = originalBytes / 4;
  return {
    kind: 'report',
    version: 1,
    format: 'safetensors',
    tensorCount: tensors.length,
    originalBytes,
    compressedBytes,
    ratio: compressedBytes === 0 ? 1 : originalBytes / compressedBytes,
    bitsPerWeight: elements === 0 ? 0 : (compressedBytes * 8) / elements,
    measures: {
      maxAbs: tensors.reduce((most, t) => Math.max(most, t.measures.maxAbs), 0),
      l2: Math.sqrt(errors),
      relativeL2: errors === 0 ? 0 : Math.sqrt(errors / squares),
      mse: elements === 0 ? 0 : errors / elements,
      sqnrDb: errors === 0 ? Infinity : 10 * Math.log10(squares / errors),
      cosine: errors === 0 ? 1 : Math.sqrt(1 - errors / squares),
    },
    isWithinBound: tensors.every((t) => t.isWithinBound),
    tensors,
    evaluation: {},
    goals: [],
    isReached: true,
    ...more,
  };
}

/** A realistic report: a transformer of `layers` layers in int4, its norms and biases kept, goals set and figures evaluated. */
export function encoderReport(layers = 7): Report {
  const tensors = encoderTensors(layers).map(([name, shape, spread], i) =>
    shape.length === 1 ? kept(name, shape) : quantized(name, shape, spread, i),
  );
  const report = reportOf(tensors);
  return {
    ...report,
    evaluation: { cosineMean: 0.95713, cosineMin: 0.90122, neighbourAgreement: 0.9875 },
    goals: [
      { figure: 'ratio', atLeast: 6.9, measured: report.ratio, isReached: true },
      { figure: 'cosineMean', atLeast: 0.945, measured: 0.95713, isReached: true },
      { figure: 'relativeL2', atMost: 0.05, measured: report.measures.relativeL2, isReached: false },
    ],
    isReached: false,
  };
}

/** Three candidates over the lossy tensors of encoderReport. */
export function encoderProfile(layers = 2): ProfileRow[] {
  return encoderReport(layers)
    .tensors.filter(({ isLossy }) => isLossy)
    .flatMap((tensor) =>
      (
        [
          ['int8 per channel', 8.03, 24],
          ['int4 groups of 32', 4.5, 0],
          ['float16', 16, 55],
        ] as const
      ).map(([candidate, bits, better]) => {
        const { name, dtype, shape, originalBytes, measures, bound } = tensor;
        const shrink = 10 ** (-better / 20);
        return {
          name,
          dtype,
          shape,
          candidate,
          originalBytes,
          compressedBytes: Math.ceil((originalBytes / 32) * bits),
          bitsPerWeight: bits,
          measures: {
            ...measures,
            maxAbs: measures.maxAbs * shrink,
            l2: measures.l2 * shrink,
            relativeL2: measures.relativeL2 * shrink,
            mse: measures.mse * shrink * shrink,
            sqnrDb: measures.sqnrDb + better,
          },
          bound: { maxAbs: bound.maxAbs * shrink, l2: bound.l2 * shrink },
        };
      }),
    );
}
