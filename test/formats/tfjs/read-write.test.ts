import fc from 'fast-check';
import { readTfjs, writeTfjs, type TfjsWeightData } from 'tensorslim/tfjs';
import { describe, expect, it } from 'vitest';
import { detachedArray } from '../../support/wrong-types.js';

const weight = (over: Partial<TfjsWeightData> = {}): TfjsWeightData => ({
  name: 'w',
  shape: [2],
  dtype: 'float32',
  quantization: null,
  data: Float32Array.of(1, -2),
  ...over,
});

/** Any weight that tfjs can store. */
const anyWeight: fc.Arbitrary<TfjsWeightData> = fc
  .record({
    name: fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom(
        '__proto__',
        'constructor',
        'toString',
        '0',
        '1',
        '10',
        'é',
        'e\u0301',
        '\0',
        '../x',
        '\ud800',
      ),
    ),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    type: fc.constantFrom('float32', 'int32', 'bool', 'uint8', 'uint16', 'float16', 'int32 in uint8'),
    scale: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    min: fc.double({ min: -10, max: 10, noNaN: true }).map((v) => v + 0),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ name, shape, type, scale, min, seed }): TfjsWeightData => {
    const length = shape.reduce((product, axis) => product * axis, 1);
    const numbers = Array.from({ length }, (_, i) => (seed + i * 7) % 251);
    const base = { name, shape, dtype: 'float32', quantization: null } as const;
    switch (type) {
      case 'float32':
        return { ...base, data: Float32Array.from(numbers, (n) => n / 3 - 40) };
      case 'int32':
        return { ...base, dtype: 'int32', data: Int32Array.from(numbers, (n) => n * 1e6 - 1e8) };
      case 'bool':
        return { ...base, dtype: 'bool', data: Uint8Array.from(numbers, (n) => n % 2) };
      case 'float16':
        return {
          ...base,
          quantization: { dtype: 'float16' },
          data: Uint16Array.from(numbers, (n) => n * 200),
        };
      case 'uint16':
        return {
          ...base,
          quantization: { dtype: type, scale, min },
          data: Uint16Array.from(numbers, (n) => n * 261),
        };
      case 'uint8':
        return { ...base, quantization: { dtype: type, scale, min }, data: Uint8Array.from(numbers) };
      default:
        return {
          ...base,
          dtype: 'int32',
          quantization: { dtype: 'uint8', scale, min },
          data: Uint8Array.from(numbers),
        };
    }
  });

const anyModel = fc.uniqueArray(anyWeight, { maxLength: 8, selector: ({ name }) => name });

describe('writeTfjs and readTfjs', () => {
  it('give back every weight, in order, through JSON and shards of any size', () => {
    fc.assert(
      fc.property(anyModel, fc.integer({ min: 1, max: 40 }), (weights, shardBytes) => {
        const rest = { format: 'graph-model', userDefinedMetadata: { a: [1, null, 'x'] } };
        const { modelJson, weightData, shards } = writeTfjs(rest, weights, { shardBytes });
        const joined = Uint8Array.from(Array.from(shards.values()).flatMap((shard) => Array.from(shard)));
        expect(joined).toEqual(weightData);
        for (const shard of shards.values()) expect(shard.length).toBeLessThanOrEqual(shardBytes);
        const file = readTfjs(JSON.parse(JSON.stringify(modelJson)), joined);
        expect(file.model).toEqual(rest);
        expect(file.groups[0].paths).toEqual(Array.from(shards.keys()));
        expect(Array.from(file.weights.keys())).toEqual(weights.map(({ name }) => name));
        for (const { name, shape, dtype, quantization, data } of weights) {
          expect(file.stored(name)).toEqual({ quantization, data });
          const tensor = file.tensor(name);
          expect([tensor.shape, tensor.dtype]).toEqual([shape, dtype]);
          if (quantization === null) expect(tensor.data).toEqual(data);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('name shards as tfjs-converter does and keep the rest of model.json', () => {
    const rest = { format: 'layers-model', weightsManifest: 'replaced', modelTopology: { class_name: 'X' } };
    const data = new Uint8Array(10 * 1024 * 1024);
    const quantization = { dtype: 'uint8', scale: 1, min: 0 } as const;
    const { modelJson, shards } = writeTfjs(rest, [weight({ shape: [data.length], quantization, data })]);
    expect(Array.from(shards.keys())).toEqual([1, 2, 3].map((i) => `group1-shard${i}of3.bin`));
    expect(Array.from(shards.values(), ({ length }) => length)).toEqual([4194304, 4194304, 2097152]);
    expect(modelJson).toEqual({
      format: 'layers-model',
      modelTopology: { class_name: 'X' },
      weightsManifest: [
        {
          paths: Array.from(shards.keys()),
          weights: [
            {
              name: 'w',
              shape: [10485760],
              dtype: 'float32',
              quantization: { dtype: 'uint8', scale: 1, min: 0, original_dtype: 'float32' },
            },
          ],
        },
      ],
    });
  });

  it('write a model without weights as one empty shard', () => {
    const { modelJson, weightData, shards } = writeTfjs({}, []);
    expect(Array.from(shards.keys())).toEqual(['group1-shard1of1.bin']);
    expect(readTfjs(modelJson, weightData).weights.size).toBe(0);
  });

  it('treat a key __proto__ in model.json as any other', () => {
    const rest = JSON.parse('{"format":"graph-model","__proto__":{"polluted":1}}') as Record<string, unknown>;
    const { modelJson, weightData } = writeTfjs(rest, [weight()]);
    const file = readTfjs(JSON.parse(JSON.stringify(modelJson)), weightData);
    expect(JSON.stringify(file.model)).toBe('{"format":"graph-model","__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('read from a Buffer at an odd place, into arrays of their own', () => {
    const { modelJson, weightData } = writeTfjs({}, [weight()]);
    const buffer = Buffer.concat([Buffer.of(7), weightData]).subarray(1);
    const file = readTfjs(modelJson, buffer);
    const { data } = file.tensor('w');
    buffer.fill(0);
    expect(data).toEqual(Float32Array.of(1, -2));
  });

  it('read a minimum of -0, which tfjs-converter writes, as 0', () => {
    const entry = {
      name: 'w',
      shape: [2],
      dtype: 'float32',
      quantization: { dtype: 'uint8', scale: 0.5, min: -0 },
    };
    const modelJson = { weightsManifest: [{ paths: ['a'], weights: [entry] }] };
    const file = readTfjs(modelJson, Uint8Array.of(0, 3));
    expect(file.stored('w').quantization).toEqual({ dtype: 'uint8', scale: 0.5, min: 0 });
    expect(file.tensor('w').data).toEqual(Float32Array.of(0, 1.5));
  });

  it('join several groups', () => {
    const entry = (name: string): object => ({ name, shape: [1], dtype: 'bool' });
    const group = (path: string, ...names: string[]): object => ({
      paths: [path],
      weights: names.map(entry),
    });
    const modelJson = { weightsManifest: [group('a', 'x', 'y'), group('b', 'z')] };
    const file = readTfjs(modelJson, Uint8Array.of(1, 0, 1));
    expect(['x', 'y', 'z'].map((name) => file.tensor(name).data[0])).toEqual([1, 0, 1]);
    expect(file.groups.map(({ byteLength }) => byteLength)).toEqual([2, 1]);
  });
});

describe('wrong arguments', () => {
  const { modelJson, weightData } = writeTfjs({}, [weight()]);

  it('of readTfjs are named', () => {
    expect(() => readTfjs(modelJson, [] as never)).toThrow(/^readTfjs: "weightData" expected a Uint8Array/);
    const gone = new Uint8Array(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => readTfjs(modelJson, gone)).toThrow(/"weightData" expected an array with its memory/);
    expect(() => readTfjs(modelJson, weightData, { limit: {} } as never)).toThrow(/did you mean "limits"/);
    expect(() => readTfjs(modelJson, weightData, { limits: { maxShards: -1 } })).toThrow(
      /"limits.maxShards"/,
    );
    const file = readTfjs(modelJson, weightData);
    expect(() => file.tensor('W')).toThrow(/^tensor: "name" expected the name .* did you mean "w"\?/);
    expect(() => file.stored('elsewhere')).toThrow(/it holds 1 weights/);
    expect(() => file.tensor(1 as never)).toThrow(TypeError);
  });

  it.each<[string, unknown, RegExp]>([
    ['no iterable', 1, /"weights" expected an iterable/],
    ['null for a weight', [null], /"weights" expected objects with name/],
    [
      'a name twice',
      [weight(), weight()],
      /"weightsManifest\[0\].weights\[1\].name" expected a name of its own/,
    ],
    ['an empty name', [weight({ name: '' })], /weights\[0\].name" expected a name/],
    ['a shape that is no array', [weight({ shape: 2 as never })], /weights\[0\].shape" expected/],
    ['a dtype that tfjs has not', [weight({ dtype: 'uint8' as never })], /expected float32, int32 or bool/],
    [
      'an infinite scale',
      [weight({ quantization: { dtype: 'uint8', scale: Infinity, min: 0 } })],
      /\.scale" expected/,
    ],
    [
      'the wrong array',
      [weight({ data: Float64Array.of(1, 2) })],
      /"data of \\?"w\\?"" expected a Float32Array/,
    ],
    [
      'a detached array',
      [weight({ shape: [0], data: detachedArray() })],
      /expected an array with its memory/,
    ],
    ['too few elements', [weight({ data: Float32Array.of(1) })], /expected 2 elements, got 1/],
    ['a shape that no memory holds', [weight({ shape: [2 ** 33] })], /expected 8589934592 elements, got 2/],
    ['a boolean of 2', [weight({ dtype: 'bool', data: Uint8Array.of(0, 2) })], /expected 0 or 1, got 2/],
  ])('of writeTfjs are named: %s', (_, weights, message) => {
    const write = (): unknown => writeTfjs({}, weights as TfjsWeightData[]);
    expect(write).toThrow(message);
    expect(write).toThrow(/^writeTfjs: /);
  });

  it('of writeTfjs beside the weights are named, too', () => {
    expect(() => writeTfjs([] as never, [])).toThrow(/"model" expected an object/);
    expect(() => writeTfjs({ format: 'keras' }, [])).toThrow(
      /^writeTfjs: "format" expected "graph-model" or/,
    );
    expect(() => writeTfjs({}, [], { shardBytes: 0 })).toThrow(/"shardBytes" expected a whole number from 1/);
    const large = weight({ shape: [20_004], dtype: 'bool', data: new Uint8Array(20_004) });
    expect(() => writeTfjs({}, [large], { shardBytes: 2 })).toThrow(
      /"shardBytes" expected at least 3 for 20004 bytes of weights, got 2/,
    );
  });
});
