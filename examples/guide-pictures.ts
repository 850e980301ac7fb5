/** The pictures of docs/guides, made by the library: `node scripts/run.mjs examples/guide-pictures.ts` writes them again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  createRandom,
  measureError,
  observer,
  quantizeAffine,
  type Bits,
  type ObserverKind,
} from 'tensorslim';
import { curveSvg, histogramSvg } from 'tensorslim/plot';
import { schemePictures } from './schemes/pictures.js';

export const PICTURE_FOLDER = 'docs/guides/images';
const BITS: readonly Bits[] = [2, 3, 4, 5, 6, 7, 8];

function bellWeights(): { data: ReturnType<typeof Float32Array.from>; shape: readonly number[] } {
  const random = createRandom(1);
  return { data: Float32Array.from({ length: 64 * 512 }, () => 0.05 * random.normal()), shape: [64, 512] };
}

/** What comes out of a layer: a bell, one value in five hundred eight times as large. */
function layerOutputs(): ReturnType<typeof Float32Array.from> {
  const random = createRandom(2);
  return Float32Array.from({ length: 16_384 }, () => random.normal() * (random.float() < 0.002 ? 8 : 1));
}

/** The pictures of the guide through calibration. */
function calibrationPictures(): [string, string][] {
  const x = layerOutputs();
  const quantized = (kind: ObserverKind, bits: Bits): ReturnType<typeof quantizeAffine> => {
    const seen = kind === 'histogramMse' || kind === 'entropy' ? observer(kind, { bits }) : observer(kind);
    seen.observe(x);
    return quantizeAffine(x, { bits, ...seen.range() });
  };
  const noise = (kind: ObserverKind): { name: string; points: (readonly [number, number])[] } => ({
    name: kind,
    points: BITS.map((bits) => [bits, measureError(x, quantized(kind, bits)).sqnrDb] as const),
  });
  const { scale, codeMin, codeMax } = quantized('histogramMse', 4);
  const levels = Array.from({ length: codeMax - codeMin + 1 }, (_, i) => (codeMin + i) * scale[0]);
  return [
    [
      'noise-by-observer.svg',
      curveSvg((['minmax', 'percentile', 'histogramMse', 'entropy', 'meanStd'] as const).map(noise), {
        title: 'Signal to noise by observer',
        xLabel: 'bits per code',
        yLabel: 'dB',
      }),
    ],
    [
      'observed-levels.svg',
      histogramSvg(x, { title: 'Activations and the levels of histogramMse', xLabel: 'activation', levels }),
    ],
  ];
}

/** Every picture by its file name. */
export async function makePictures(): Promise<ReadonlyMap<string, string>> {
  const weights = bellWeights();
  const noise = (groupSize: number): { name: string; points: (readonly [number, number])[] } => ({
    name: `groups of ${groupSize}`,
    points: BITS.map((bits) => {
      const q = quantizeAffine(weights, { bits, granularity: { kind: 'group', groupSize } });
      return [bits, measureError(weights, q).sqnrDb] as const;
    }),
  });
  const { scale, codeMin, codeMax } = quantizeAffine(weights, { bits: 4 });
  const levels = Array.from({ length: codeMax - codeMin + 1 }, (_, i) => (codeMin + i) * scale[0]);
  return new Map([
    [
      'noise-by-bits.svg',
      curveSvg([noise(32), noise(128), noise(512)], {
        title: 'Signal to noise by bits',
        xLabel: 'bits per code',
        yLabel: 'dB',
      }),
    ],
    [
      'weights-and-levels.svg',
      histogramSvg(weights, { title: 'Weights and the levels of 4 bits', xLabel: 'weight', levels }),
    ],
    ...calibrationPictures(),
    ...(await schemePictures()),
  ]);
}

if (process.argv[1] === resolve('examples/guide-pictures.ts')) {
  mkdirSync(PICTURE_FOLDER, { recursive: true });
  for (const [name, svg] of await makePictures()) writeFileSync(join(PICTURE_FOLDER, name), svg);
}
