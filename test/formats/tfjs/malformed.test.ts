import fc from 'fast-check';
import { readTfjs, readTfjsManifest, writeTfjs } from 'tensorslim/tfjs';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/core/errors.js';
import { MALFORMED, model } from '../../malformed/tfjs/cases.js';
import { weightsByTfjs } from './reference.js';

/** The FormatError that `action` throws; anything else fails the test. */
function formatErrorOf(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('expected a FormatError, got success');
}

const accepts = (work: Promise<unknown>): Promise<'accepts' | 'rejects'> =>
  work.then(
    () => 'accepts',
    () => 'rejects',
  );

describe('malformed tfjs models', () => {
  it('are at least 25, with names of their own', () => {
    expect(new Set(MALFORMED.map(({ name }) => name)).size).toBe(MALFORMED.length);
    expect(MALFORMED.length).toBeGreaterThanOrEqual(25);
  });

  it.each(MALFORMED)('$name: $code', ({ modelJson, weightData, code }) => {
    const error = formatErrorOf(() => readTfjs(modelJson, weightData));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^readTfjs: "[\w.[\]]+" expected [^]+, got [^]+ - [^]+ \[TFJS_\w+\]$/);
    expect(error.message.length).toBeLessThan(400);
  });

  it.each(MALFORMED)('$name: tfjs $reference it', async ({ modelJson, weightData, reference }) => {
    expect(await accepts(weightsByTfjs(modelJson, weightData))).toBe(reference);
  });

  it('name a shard too many and the limit', () => {
    const modelJson = { weightsManifest: [{ paths: ['a', 'b'], weights: [] }] };
    const error = formatErrorOf(() => readTfjsManifest(modelJson, { maxShards: 1 }));
    expect(error.code).toBe('TFJS_TOO_MANY_SHARDS');
    expect(error.message).toContain('limits.maxShards');
    expect(readTfjsManifest(modelJson, { maxShards: 2 }).groups[0].paths).toEqual(['a', 'b']);
  });

  it('count shards and names over all groups', () => {
    const weight = { name: 'w', shape: [0], dtype: 'float32' };
    const twice = (paths: string[][], weights: object[][]): object => ({
      weightsManifest: paths.map((names, i) => ({ paths: names, weights: weights[i] })),
    });
    const codeOf = (modelJson: object): string =>
      formatErrorOf(() => readTfjsManifest(modelJson, { maxShards: 1 })).code;
    expect(codeOf(twice([['a'], ['a']], [[], []]))).toBe('TFJS_PATH_DUPLICATE');
    expect(codeOf(twice([['a'], ['b']], [[], []]))).toBe('TFJS_TOO_MANY_SHARDS');
    expect(codeOf(twice([['a'], []], [[weight], [weight]]))).toBe('TFJS_NAME_DUPLICATE');
  });

  it('with a group of more than 2^53 bytes are refused where the sum passes it', () => {
    const half = (name: string): object => ({ name, shape: [2 ** 52], dtype: 'bool' });
    const error = formatErrorOf(() => readTfjsManifest(model(half('a'), half('b'))));
    expect(error.code).toBe('TFJS_SHAPE_OVERFLOW');
    expect(error.message).toContain('weights[1]');
  });

  it('hide no overflow behind an axis of 0', () => {
    const shape = [0, 2 ** 40, 2 ** 40];
    expect(formatErrorOf(() => readTfjsManifest(model({ name: 'w', shape, dtype: 'bool' }))).code).toBe(
      'TFJS_SHAPE_OVERFLOW',
    );
  });

  it('with holes in a shape are refused', () => {
    const shape = new Array<number>(2);
    expect(formatErrorOf(() => readTfjsManifest(model({ name: 'w', shape, dtype: 'bool' }))).code).toBe(
      'TFJS_SHAPE',
    );
  });

  it('with other booleans than 0 and 1 are refused when the weight is read', () => {
    const file = readTfjs(model({ name: 'w', shape: [3], dtype: 'bool' }), Uint8Array.of(0, 1, 2));
    const error = formatErrorOf(() => file.tensor('w'));
    expect(error.code).toBe('TFJS_BOOL');
    expect(error.message).toContain('"weight[2]"');
  });
});

/** Values that a damaged or hostile file may have anywhere. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  '',
  'w',
  '__proto__',
  'float32',
  'uint8',
  [],
  [0],
  {},
  [1, 2],
];

const { modelJson: SMALL, weightData: SMALL_DATA } = writeTfjs(
  { format: 'layers-model', modelTopology: { a: [1] } },
  [
    { name: 'a', shape: [2], dtype: 'float32', quantization: null, data: Float32Array.of(1.5, -2) },
    {
      name: 'b',
      shape: [3],
      dtype: 'float32',
      quantization: { dtype: 'uint8', scale: 0.1, min: -3 },
      data: Uint8Array.of(0, 9, 255),
    },
    {
      name: '__proto__',
      shape: [1, 2],
      dtype: 'int32',
      quantization: { dtype: 'uint16', scale: 0.7, min: 1 },
      data: Uint16Array.of(3, 65535),
    },
    {
      name: '0',
      shape: [],
      dtype: 'float32',
      quantization: { dtype: 'float16' },
      data: Uint16Array.of(0x3c01),
    },
    { name: 'constructor', shape: [2], dtype: 'bool', quantization: null, data: Uint8Array.of(1, 0) },
  ],
);

/** The same JSON with the value at one of its places replaced or removed. */
function mutated(value: unknown, place: number, odd: unknown): unknown {
  let left = place;
  const visit = (node: unknown): unknown => {
    if (left-- === 0) return odd;
    if (Array.isArray(node)) return node.map(visit).filter((item) => item !== undefined);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, visit(item)]));
  };
  return JSON.parse(JSON.stringify(visit(value) ?? null)) as unknown;
}

describe('a small model, damaged', () => {
  it('gives a named error, or what tfjs gives, whatever one value is replaced by', async () => {
    const counts = { named: 0, same: 0 };
    const odd = fc.constantFrom(...ODD, undefined);
    const property = fc.asyncProperty(fc.integer({ min: 0, max: 60 }), odd, async (place, value) => {
      const modelJson = mutated(SMALL, place, value);
      let file;
      try {
        file = readTfjs(modelJson, SMALL_DATA);
        for (const name of file.weights.keys()) file.tensor(name);
      } catch (error) {
        expect((error as FormatError).code).toMatch(/^TFJS_/);
        counts.named++;
        return;
      }
      const reference = await weightsByTfjs(modelJson, SMALL_DATA);
      for (const name of file.weights.keys()) {
        if (name !== '__proto__') expect(file.tensor(name).data).toEqual(reference.get(name));
      }
      counts.same++;
    });
    await fc.assert(property, { numRuns: 1000 });
    expect(counts.named).toBeGreaterThan(300);
    expect(counts.same).toBeGreaterThan(30);
  });
});
