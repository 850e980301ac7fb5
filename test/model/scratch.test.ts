import fc from 'fast-check';
import { apply, planRecipe, sourceOfTensors, type LossyScheme, type TensorSource } from 'tensorslim/model';
import { describe, expect, it } from 'vitest';
import { toBytes, type Compressed } from '../../src/index.js';
import { compressTensor } from '../../src/compressed/schemes.js';
import { hashInto } from '../../src/core/random.js';
import { tensor, type Tensor } from '../../src/core/tensor.js';

const INT8: LossyScheme = { scheme: 'affine', bits: 8, nonFinite: 'saturate' };

/** A source that fills the array it is given, as files do. */
function fillingSource(tensors: Readonly<Record<string, Tensor>>): TensorSource {
  const source = sourceOfTensors(tensors);
  return {
    ...source,
    async read(name, { into } = {}) {
      const found = await source.read(name);
      if (into === undefined) return found;
      (into as Uint16Array<ArrayBuffer>).set(found.data as Uint16Array<ArrayBuffer>);
      return { ...found, data: into as Tensor['data'] };
    },
  };
}

function randomCodes(size: number, seed: number): Uint16Array<ArrayBuffer> {
  const hashes = new Uint32Array(size);
  hashInto(hashes, seed, 0);
  return Uint16Array.from(hashes, (hash) => hash >>> 16);
}

const bytesOf = async (model: ReturnType<typeof apply>, name: string): Promise<Uint8Array> =>
  toBytes((await model.read(name)) as Compressed);

describe('originals of 16 bits', () => {
  it('are compressed to the bytes that their values give, whatever lay in their memory before', async () => {
    const shapes = fc.constantFrom([1, 1], [3, 5], [2, 32768], [1, 65537], [3, 50_000], [0, 4]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(shapes, fc.constantFrom('float16' as const, 'bfloat16' as const)), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat(),
        async (list, seed) => {
          const tensors = Object.fromEntries(
            list.map(([shape, dtype], i) => {
              const codes = randomCodes(shape[0] * shape[1], seed + i);
              return [`t${i}`, tensor(codes, shape, dtype)];
            }),
          );
          const recipe = { scheme: INT8, skip: { minElements: 0, minRank: 0 } };
          const filling = fillingSource(tensors);
          const other = sourceOfTensors(tensors);
          const [a, b] = [filling, other].map((source) => apply(source, planRecipe(source, recipe)));
          for (const [name, original] of Object.entries(tensors)) {
            // toEqual would look at every byte by itself.
            const expected = Buffer.from(toBytes(compressTensor(original, INT8)));
            expect(expected.equals(await bytesOf(a, name))).toBe(true);
            expect(expected.equals(await bytesOf(b, name))).toBe(true);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('read at the same time do not share their memory', async () => {
    const tensors = {
      a: tensor(randomCodes(4096, 1), [64, 64], 'float16'),
      b: tensor(randomCodes(4096, 2), [64, 64], 'bfloat16'),
    };
    const source = fillingSource(tensors);
    const model = apply(source, planRecipe(source, { scheme: INT8 }));
    const [a, b] = await Promise.all([bytesOf(model, 'a'), bytesOf(model, 'b')]);
    expect(a).toEqual(toBytes(compressTensor(tensors.a, INT8)));
    expect(b).toEqual(toBytes(compressTensor(tensors.b, INT8)));
  });
});
