/** The pictures of the guide "choose a scheme". */
import { quantizeAffine, quantizeCodebook, quantizeMx, type Bits } from 'tensorslim';
import type { BlockType } from 'tensorslim/blocks';
import { curveSvg, histogramSvg, type CurvePoint, type Series } from 'tensorslim/plot';
import { readLayer, type Matrix } from './layer.js';
import { blocks, CLIPPED, GROUPS_OF_32, outcomeOf, PER_ROW, type Outcome } from './schemes.js';

/** So many outputs of the layer are drawn: enough for the same curves, and quick. */
const ROWS = 128;
const K_QUANTS: readonly BlockType[] = ['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_0'];

export async function schemePictures(): Promise<[string, string][]> {
  const w = firstRows(await readLayer());
  return [
    [
      'error-by-scheme.svg',
      curveSvg(errorSeries(w), {
        title: 'Error of a real layer by scheme',
        xLabel: 'bits per weight, scales included',
        yLabel: 'relative L2 error of the weights',
        yScale: 'log',
        width: 720,
        height: 400,
      }),
    ],
    ...levelPictures(w),
  ];
}

function firstRows({ data, shape: [, columns] }: Matrix): Matrix {
  return { data: data.slice(0, ROWS * columns), shape: [ROWS, columns] };
}

function errorSeries(w: Matrix): Series[] {
  const affine = (bits: readonly Bits[], options: typeof PER_ROW): CurvePoint[] =>
    bits.map((b) => pointOf(w, outcomeOf(quantizeAffine(w, { bits: b, ...options }))));
  const nf4 = [256, 64, 32].map((blockSize) =>
    pointOf(w, outcomeOf(quantizeCodebook(w, { codebook: 'nf4', blockSize }))),
  );
  const mx = (['float4_e2m1fn', 'float6_e2m3fn', 'float8_e4m3fn'] as const).map((element) =>
    pointOf(w, outcomeOf(quantizeMx(w, { element }))),
  );
  return [
    { name: 'int, a scale per row', points: affine([3, 4, 5, 6, 7, 8], PER_ROW) },
    { name: 'MXFP4, MXFP6, MXFP8', points: mx },
    { name: 'int, groups of 32', points: affine([2, 3, 4, 5, 6, 7, 8], GROUPS_OF_32) },
    { name: 'int, groups of 32, clipped', points: affine([2, 3, 4], CLIPPED) },
    { name: 'ggml Q2_K to Q8_0', points: K_QUANTS.map((type) => pointOf(w, blocks(w, type))) },
    { name: 'NF4, blocks of 256 to 32', points: nf4 },
  ];
}

function pointOf({ data }: Matrix, { bytes, values }: Outcome): CurvePoint {
  let error = 0;
  let norm = 0;
  data.forEach((v, i) => {
    error += (v - values[i]) ** 2;
    norm += v * v;
  });
  return [(8 * bytes) / data.length, Math.sqrt(error / norm)];
}

/** Weights in units of their group's scale, and the levels that they are rounded to. */
function levelPictures(w: Matrix): [string, string][] {
  const int4 = quantizeAffine(w, { bits: 4, granularity: { kind: 'group', groupSize: 32 } });
  const nf4 = quantizeCodebook(w, { codebook: 'nf4' });
  const mx = quantizeMx(w, { element: 'float4_e2m1fn' });
  const kmeans = quantizeCodebook(w, { codebook: { kmeans: 16 } });
  const float4 = [0.5, 1, 1.5, 2, 3, 4, 6].flatMap((v) => [-v, v]).concat(0);
  return [
    ['levels-int4.svg', inUnits(w, 32, int4.scale, 'int4, groups of 32', 'weight / scale', range(-7, 7))],
    [
      'levels-nf4.svg',
      inUnits(w, 64, nf4.absmax as Float32Array, 'NF4, blocks of 64', 'weight / absmax', nf4.codebook),
    ],
    [
      'levels-mxfp4.svg',
      inUnits(
        w,
        32,
        Float32Array.from(mx.scales, (code) => 2 ** (code - 127)),
        'MXFP4, blocks of 32',
        'weight / scale, a power of two',
        float4,
      ),
    ],
    [
      'levels-kmeans.svg',
      histogramSvg(w, { title: 'k-means, 16 levels', xLabel: 'weight', levels: Array.from(kmeans.codebook) }),
    ],
  ];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function inUnits(
  { data }: Matrix,
  size: number,
  scales: ArrayLike<number>,
  title: string,
  xLabel: string,
  levels: ArrayLike<number>,
): string {
  const inUnit = data.map((v, i) => v / scales[Math.floor(i / size)]);
  return histogramSvg(inUnit, { title, xLabel, levels: Array.from(levels) });
}
