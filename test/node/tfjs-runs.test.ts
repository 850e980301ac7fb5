import * as tf from '@tensorflow/tfjs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTfjs, saveTfjs } from 'tensorslim/node';
import { encodeTfjsWeight, type TfjsStored, type TfjsWeightSpec } from 'tensorslim/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TypedArray } from '../../src/core/arrays.js';

const TYPES = ['float32', 'uint8', 'uint16', 'float16'] as const;

let folder = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tfjs-runs-'));
  await tf.setBackend('cpu');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Reads model.json and shards from disk as the loaders of tfjs do from a server. */
const fromDisk: tf.io.IOHandler = {
  load: () => {
    const modelJson = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as tf.io.ModelJSON;
    return tf.io.getModelArtifactsForJSON(modelJson, (manifest) => {
      const paths = manifest.flatMap((group) => group.paths);
      const shards = paths.map((path) => readFileSync(join(folder, path)));
      const data = new Uint8Array(Buffer.concat(shards)).buffer;
      return Promise.resolve([manifest.flatMap(({ weights }) => weights), data]);
    });
  },
};

const wave = (length: number, phase: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, (_, i) => Math.fround(((i * 37 + phase) % 101) / 50 - 0.9));

/** Saves float32 weights in a stored type, in shards that most weights cross. */
async function save(
  model: Record<string, unknown>,
  weights: ReadonlyMap<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>,
  storedAs: (typeof TYPES)[number],
): Promise<void> {
  const specs = Array.from(weights, ([name, { shape }]): TfjsWeightSpec => ({
    name,
    shape,
    dtype: 'float32',
    storedAs,
  }));
  const produce = ({ name }: TfjsWeightSpec): TfjsStored<TypedArray> => {
    const data = weights.get(name)?.data ?? new Float32Array(0);
    return storedAs === 'float32' ? { quantization: null, data } : encodeTfjsWeight(data, storedAs);
  };
  await saveTfjs(folder, model, specs, produce, { shardBytes: 13 });
}

/** What our own reader gives, as plain arrays by name. */
async function ours(): Promise<Map<string, TypedArray>> {
  const model = await openTfjs(folder);
  const values = new Map<string, TypedArray>();
  for (const name of model.entries.keys()) values.set(name, (await model.read(name)).data);
  await model.close();
  return values;
}

describe('tfjs itself', () => {
  it.each(TYPES)(
    'loads a layers model saved as %s and computes with the weights that we read',
    async (storedAs) => {
      const original = tf.sequential({
        layers: [
          tf.layers.dense({ units: 5, inputShape: [7], activation: 'relu', name: 'first' }),
          tf.layers.dense({ units: 3, name: 'second' }),
        ],
      });
      const weights = new Map(
        original.weights.map(({ originalName, shape }, i) => {
          const axes = shape as number[];
          return [
            originalName,
            {
              shape: axes,
              data: wave(
                axes.reduce((a, b) => a * b, 1),
                i * 11,
              ),
            },
          ] as const;
        }),
      );
      const modelTopology = original.toJSON(null, false) as Record<string, unknown>;
      await save({ format: 'layers-model', modelTopology }, weights, storedAs);
      const loaded = await tf.loadLayersModel(fromDisk);
      const values = await ours();
      expect(Array.from(values.keys())).toEqual(Array.from(weights.keys()));
      for (const weight of loaded.weights) {
        expect(weight.read().dataSync()).toEqual(values.get(weight.originalName));
      }
      const [output] = [loaded.predict(tf.ones([1, 7]))].flat();
      expect(output.shape).toEqual([1, 3]);
      original.dispose();
      loaded.dispose();
    },
  );

  it.each(TYPES)(
    'loads a graph model saved as %s and computes with the weights that we read',
    async (storedAs) => {
      const dims = (...sizes: number[]): object => ({ dim: sizes.map((size) => ({ size: String(size) })) });
      const dtype = { type: 'DT_FLOAT' };
      const constant = (name: string, ...shape: number[]): object => ({
        name,
        op: 'Const',
        attr: { dtype, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: dims(...shape) } } },
      });
      const modelTopology = {
        node: [
          { name: 'x', op: 'Placeholder', attr: { dtype, shape: { shape: dims(2, 4) } } },
          constant('w', 4, 3),
          constant('scope/b', 3),
          {
            name: 'xw',
            op: 'MatMul',
            input: ['x', 'w'],
            attr: { T: dtype, transpose_a: { b: false }, transpose_b: { b: false } },
          },
          { name: 'y', op: 'AddV2', input: ['xw', 'scope/b'], attr: { T: dtype } },
        ],
        library: {},
        versions: { producer: 1 },
      };
      const weights = new Map([
        ['w', { shape: [4, 3], data: wave(12, 5) }],
        ['scope/b', { shape: [3], data: wave(3, 50) }],
      ]);
      await save({ format: 'graph-model', modelTopology }, weights, storedAs);
      const loaded = await tf.loadGraphModel(fromDisk);
      const values = await ours();
      for (const name of weights.keys()) expect(loaded.weights[name][0].dataSync()).toEqual(values.get(name));
      const output = loaded.predict(tf.ones([2, 4])) as tf.Tensor;
      const [w, b] = ['w', 'scope/b'].map((name) => values.get(name) as Float32Array);
      const expected = [0, 1, 2].map(
        (column) => w[column] + w[3 + column] + w[6 + column] + w[9 + column] + b[column],
      );
      Array.from(output.dataSync()).forEach((value, i) => expect(value).toBeCloseTo(expected[i % 3], 5));
      loaded.dispose();
    },
  );
});
