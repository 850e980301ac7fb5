/** The pictures of docs/guides, made by the library: `node scripts/run.mjs examples/guide-pictures.ts` writes them again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createRandom, measureError, quantizeAffine, type Bits } from 'tensorslim';
import { curveSvg, histogramSvg } from 'tensorslim/plot';

export const PICTURE_FOLDER = 'docs/guides/images';
const BITS: readonly Bits[] = [2, 3, 4, 5, 6, 7, 8];

function bellWeights(): { data: ReturnType<typeof Float32Array.from>; shape: readonly number[] } {
  const random = createRandom(1);
  return { data: Float32Array.from({ length: 64 * 512 }, () => 0.05 * random.normal()), shape: [64, 512] };
}

/** Every picture by its file name. */
export function makePictures(): ReadonlyMap<string, string> {
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
  ]);
}

if (process.argv[1] === resolve('examples/guide-pictures.ts')) {
  mkdirSync(PICTURE_FOLDER, { recursive: true });
  for (const [name, svg] of makePictures()) writeFileSync(join(PICTURE_FOLDER, name), svg);
}
