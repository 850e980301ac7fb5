/** A small tfjs model in two versions whose every element says which one it is of; saved over any port, read back in full. */
import { IoError } from '../../src/core/errors.js';
import type { TfjsWeightSpec } from '../../src/formats/tfjs/types.js';
import type { IoPort } from '../../src/node/io.js';
import { openTfjsOn } from '../../src/node/tfjs.js';
import { saveTfjsOn } from '../../src/node/tfjs-save.js';

export type Version = 'old' | 'new';

const SPECS: readonly TfjsWeightSpec[] = [
  { name: 'w', shape: [50, 10], dtype: 'float32', storedAs: 'float32' },
  { name: 'same', shape: [900], dtype: 'int32', storedAs: 'int32' },
  { name: 'x', shape: [300], dtype: 'float32', storedAs: 'float32' },
];

/** Shards of 2000 bytes: one of w, two of w and of what is the same in both versions, one of x ... */
export async function saveVersion(io: IoPort, folder: string, version: Version): Promise<void> {
  const value = version === 'old' ? 1 : 2;
  const produce = async ({
    name,
    shape,
  }: TfjsWeightSpec): Promise<{
    quantization: null;
    data: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  }> => {
    await Promise.resolve();
    const length = shape.reduce((a, b) => a * b, 1);
    if (name === 'same') return { quantization: null, data: new Int32Array(length).fill(7) };
    return { quantization: null, data: new Float32Array(length).fill(value) };
  };
  await saveTfjsOn(io, folder, { format: 'graph-model', version }, SPECS, produce, { shardBytes: 2000 });
}

/** Which version opens; anything in between throws. */
export async function versionOn(io: IoPort, folder: string): Promise<Version | 'nothing'> {
  let model;
  try {
    model = await openTfjsOn(io, folder);
  } catch (error) {
    if (error instanceof IoError && error.code === 'ENOENT') return 'nothing';
    throw error;
  }
  try {
    const values = new Set<unknown>();
    for (const name of ['w', 'x']) for (const value of (await model.read(name)).data) values.add(value);
    const same = new Set<unknown>((await model.read('same')).data);
    const version = values.has(1) ? 'old' : 'new';
    if (values.size !== 1 || same.size !== 1 || model.modelJson?.version !== version) {
      throw new Error(`a model in between: values ${[...values].join(' ')}`);
    }
    return version;
  } finally {
    await model.close();
  }
}
