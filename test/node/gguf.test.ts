import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGguf, writeGguf, type GgufTensorData } from 'tensorslim/gguf';
import { openGguf, saveGguf } from 'tensorslim/node';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { FormatError, IoError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { free, isInMemory } from '../../src/kernels/memory.js';
import { openGgufOn } from '../../src/node/gguf.js';
import { saveGgufOn } from '../../src/node/gguf-save.js';
import { pair, file, tensor, text, u32 } from '../malformed/gguf/build.js';
import { MALFORMED, MALFORMED_DATA, UNUSUAL } from '../malformed/gguf/cases.js';
import { MemoryIo } from './memory-io.js';

const root = mkdtempSync(join(tmpdir(), 'tensorslim-gguf-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

const TENSORS: readonly GgufTensorData[] = [
  { name: 'a', type: 'F32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -0) },
  { name: 'b', type: 'Q8_0', shape: [1, 32], data: new Uint8Array(34).fill(7) },
  { name: 'c', type: 'F16', shape: [5], data: Uint16Array.of(1, 2, 3, 4, 5) },
  { name: 'd', type: 'I8', shape: [0], data: new Int8Array(0) },
];
const METADATA = new Map([['general.architecture', 'llama']]);
const WHOLE = writeGguf(TENSORS, { metadata: METADATA });
const dataOf = ({ name }: { name: string }): GgufTensorData['data'] =>
  TENSORS.find((spec) => spec.name === name)?.data ?? new Uint8Array(0);
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('openGguf', () => {
  it('reads a file as from memory', async () => {
    for (const { name, bytes } of [...UNUSUAL, { name: 'all', bytes: WHOLE }]) {
      const path = join(folder, 'm.gguf');
      writeFileSync(path, bytes);
      const model = await openGguf(path);
      const inMemory = readGguf(bytes);
      expect(model.entries, name).toEqual(inMemory.tensors);
      expect(model.metadata).toEqual(inMemory.metadata);
      for (const tensorName of model.entries.keys()) {
        expect(await model.read(tensorName)).toEqual(inMemory.tensor(tensorName));
      }
      await model.close();
    }
  });

  it('gives each malformed file the code that it has in memory, and leaves nothing open', async () => {
    for (const { name, bytes, code } of MALFORMED) {
      const io = new MemoryIo();
      io.put('/m/x.gguf', bytes);
      const error = await errorOf(openGgufOn(io, '/m/x.gguf'));
      expect(error, name).toBeInstanceOf(FormatError);
      expect((error as FormatError).code, name).toBe(code);
      expect((error as FormatError).message).toMatch(/^openGguf: "\/m\/x.gguf" expected /);
      expect(io.openFiles).toBe(0);
    }
    for (const { bytes, code } of MALFORMED_DATA) {
      writeFileSync(join(folder, 'm.gguf'), bytes);
      const model = await openGguf(folder);
      await expect(model.read('w')).rejects.toMatchObject({ code });
      await model.close();
    }
  });

  it('reads headers longer than its first look, and no data', async () => {
    const vocabulary = Array.from({ length: 30_000 }, (_, i) => `token ${i}`);
    const bytes = writeGguf(TENSORS, {
      metadata: new Map([['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: vocabulary }]]),
    });
    expect(readGguf(bytes).dataBegin).toBeGreaterThan(500_000);
    const io = new MemoryIo();
    io.put('/m/x.gguf', bytes);
    const model = await openGgufOn(io, '/m/x.gguf');
    expect(io.log.filter((call) => call === 'read')).toHaveLength(3);
    expect(model.metadata.get('tokenizer.ggml.tokens')?.value).toEqual(vocabulary);
    await model.close();
    const error = await errorOf(openGgufOn(io, '/m/x.gguf', { limits: { maxHeaderBytes: 100_000 } }));
    expect(error).toMatchObject({ code: 'GGUF_HEADER_TOO_LARGE' });
  });

  it('reads into arrays of the caller and of the kernels, and shows tensors to check', async () => {
    writeFileSync(join(folder, 'm.gguf'), WHOLE);
    const seen: string[] = [];
    const model = await openGguf(folder, { allocate: 'kernels', check: (name) => seen.push(name) });
    const { data } = await model.read('a');
    expect(isInMemory(data)).toBe(true);
    free(data);
    const into = new Uint8Array(34);
    expect((await model.read('b', { into })).data).toBe(into);
    expect(into).toEqual(dataOf({ name: 'b' }));
    expect(seen).toEqual(['a', 'b']);
    await expect(model.read('b', { into: new Uint8Array(33) })).rejects.toThrow(/34 elements/);
    await expect(model.read('c', { into })).rejects.toThrow(/a Uint16Array for F16/);
    await expect(model.read('e')).rejects.toThrow(/the name of a tensor/);
    await model.close();
    await model.close();
    await expect(model.read('a')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('takes a folder with one model, and says when there are more or none', async () => {
    await expect(openGguf(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    writeFileSync(join(folder, 'a.gguf'), WHOLE);
    await (await openGguf(folder)).close();
    writeFileSync(join(folder, 'b.gguf'), WHOLE);
    await expect(openGguf(folder)).rejects.toMatchObject({ code: 'SEVERAL_MODELS' });
    await expect(openGguf(join(folder, 'c.gguf'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(openGguf('/dev/zero')).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await expect(openGguf('')).rejects.toThrow(RangeError);
  });

  it('notices a file that changes', async () => {
    writeFileSync(join(folder, 'm.gguf'), WHOLE);
    const model = await openGguf(folder);
    writeFileSync(join(folder, 'm.gguf'), WHOLE.subarray(0, WHOLE.length - 1));
    await expect(model.read('a')).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    await model.close();
  });
});

describe('saveGguf', () => {
  it('writes the bytes of writeGguf, one tensor at a time, and replaces the old file', async () => {
    const path = join(folder, 'm.gguf');
    writeFileSync(path, 'old');
    const asked: string[] = [];
    const saved = await saveGguf(
      path,
      TENSORS,
      async (spec) => {
        asked.push(spec.name);
        return dataOf(spec);
      },
      { metadata: METADATA },
    );
    expect(saved).toEqual({ bytes: WHOLE.length, files: [path] });
    expect(new Uint8Array(readFileSync(path))).toEqual(WHOLE);
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    expect(readdirSync(folder)).toEqual(['m.gguf']);
  });

  it('leaves the old file when the data, a check or the caller stops it', async () => {
    const path = join(folder, 'm.gguf');
    writeFileSync(path, 'old');
    const check = (name: string): void => {
      if (name === 'b') throw new RangeError('bad scale');
    };
    const stop = new AbortController();
    const aborting = (spec: { name: string }): GgufTensorData['data'] => {
      stop.abort(new Error('enough'));
      return dataOf(spec);
    };
    const works = [
      saveGguf(path, TENSORS, () => new Float32Array(1)),
      saveGguf(path, TENSORS, dataOf, { check }),
      saveGguf(path, TENSORS, aborting, { signal: stop.signal }),
    ];
    const errors = await Promise.all(works.map(errorOf));
    expect(errors.map(String)).toEqual([
      'RangeError: saveGguf: "data of "a"" expected 6 elements, got 1 - the shape is [2, 3]',
      'RangeError: bad scale',
      'Error: enough',
    ]);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['m.gguf']);
  });

  it.each<[string, object, unknown]>([
    ['no function', { produce: 1 }, /"produce" expected a function/],
    ['no size', { options: { maxShardBytes: 0 } }, /"maxShardBytes"/],
    [
      'another ending beside maxShardBytes',
      { path: 'm.bin', options: { maxShardBytes: 1 } },
      /ends in .gguf/,
    ],
    [
      'more files than the limit',
      { options: { maxShardBytes: 1, limits: { maxShards: 2 } } },
      /limits.maxShards/,
    ],
  ])('refuses %s', async (_, given, message) => {
    const { path, produce, options } = { path: 'm.gguf', produce: dataOf, options: {}, ...given };
    await expect(saveGguf(join(folder, path), TENSORS, produce, options)).rejects.toThrow(message as RegExp);
    expect(readdirSync(folder)).toEqual([]);
  });
});

const SHARDS = ['m-00001-of-00003.gguf', 'm-00002-of-00003.gguf', 'm-00003-of-00003.gguf'];

describe('a model in several files', () => {
  const save = async (): Promise<void> => {
    const options = { metadata: METADATA, maxShardBytes: 64, alignment: 64 };
    const { files, bytes } = await saveGguf(join(folder, 'm.gguf'), TENSORS, dataOf, options);
    expect(files.map((path) => path.slice(folder.length + 1))).toEqual(SHARDS);
    expect(bytes).toBe(files.reduce((sum, path) => sum + statSync(path).size, 0));
  };

  it('is saved as gguf-split saves it and opened by its first file or its folder', async () => {
    await save();
    const first = readGguf(new Uint8Array(readFileSync(join(folder, SHARDS[0]))));
    expect(Array.from(first.metadata, ([key, { value }]) => [key, value])).toEqual([
      ['general.architecture', 'llama'],
      ['general.alignment', 64],
      ['split.no', 0],
      ['split.tensors.count', 4],
      ['split.count', 3],
    ]);
    const third = readGguf(new Uint8Array(readFileSync(join(folder, SHARDS[2]))));
    expect(Array.from(third.metadata.keys())).toEqual([
      'general.alignment',
      'split.no',
      'split.tensors.count',
      'split.count',
    ]);
    for (const path of [folder, join(folder, SHARDS[0])]) {
      const model = await openGguf(path);
      expect(Array.from(model.entries.keys())).toEqual(['a', 'b', 'c', 'd']);
      expect(model.files).toHaveLength(3);
      for (const { name, data } of TENSORS) expect((await model.read(name)).data).toEqual(data);
      await saveGguf(join(folder, 'one.gguf'), TENSORS, dataOf, { metadata: model.metadata });
      await model.close();
      const one = await openGguf(join(folder, 'one.gguf'));
      expect(Array.from(one.metadata.keys())).toEqual(['general.architecture', 'general.alignment']);
      await one.close();
      rmSync(join(folder, 'one.gguf'));
    }
  });

  it('never replaces files of another, and takes the place of a save that was killed', async () => {
    await save();
    await expect(save()).rejects.toMatchObject({ code: 'EEXIST' });
    rmSync(join(folder, SHARDS[0]));
    await save();
    expect(readdirSync(folder).sort()).toEqual(SHARDS);
  });

  const put = (name: string, no: number, total = 2, tensors = ['a', 'b'], said: number | null = 2): void => {
    const pairs = [pair('split.no', 2, [no, 0]), pair('split.count', 2, [total, 0])];
    if (said !== null) pairs.push(pair('split.tensors.count', 5, u32(said)));
    writeFileSync(join(folder, name), file({ pairs, tensors: [tensor(tensors[no] ?? 'c')], data: 32 }));
  };
  const FIRST = 'm-00001-of-00002.gguf';
  const SECOND = 'm-00002-of-00002.gguf';
  it.each<[string, string, () => void]>([
    ['a missing file', 'GGUF_SPLIT_MISSING', () => put(FIRST, 0)],
    ['another name', 'GGUF_SPLIT_NAME', () => (put('a.gguf', 0), put(SECOND, 1))],
    ['a name without a stem', 'GGUF_SPLIT_NAME', () => put('-00001-of-00002.gguf', 0)],
    ['its second file first', 'GGUF_SPLIT_NOT_FIRST', () => put(FIRST, 1)],
    ['a number beyond the count', 'GGUF_SPLIT_METADATA', () => put(FIRST, 2)],
    ['the first file twice', 'GGUF_SPLIT_METADATA', () => (put(FIRST, 0), put(SECOND, 0))],
    ['a file of another count', 'GGUF_SPLIT_METADATA', () => (put(FIRST, 0), put(SECOND, 1, 3))],
    [
      'a file of its own',
      'GGUF_SPLIT_METADATA',
      () => (put(FIRST, 0), writeFileSync(join(folder, SECOND), WHOLE)),
    ],
    [
      'a tensor in two files',
      'GGUF_SPLIT_TENSOR_DUPLICATE',
      () => (put(FIRST, 0), put(SECOND, 1, 2, ['a', 'a'])),
    ],
    [
      'another number of tensors',
      'GGUF_SPLIT_TENSOR_COUNT',
      () => (put(FIRST, 0, 2, ['a'], 3), put(SECOND, 1)),
    ],
    [
      '1,001 files',
      'GGUF_SPLIT_TOO_MANY',
      () => {
        const pairs = [pair('split.no', 2, [0, 0]), pair('split.count', 2, [0xe9, 3])];
        writeFileSync(join(folder, 'm-00001-of-01001.gguf'), file({ pairs }));
      },
    ],
    [
      'a count of another type',
      'GGUF_SPLIT_METADATA',
      () => {
        writeFileSync(join(folder, FIRST), file({ pairs: [pair('split.count', 4, u32(2))] }));
      },
    ],
    [
      'no number',
      'GGUF_SPLIT_METADATA',
      () => {
        writeFileSync(join(folder, FIRST), file({ pairs: [pair('split.count', 2, [2, 0])] }));
      },
    ],
    [
      'a link that leads away',
      'GGUF_SPLIT_PATH',
      () => {
        put(FIRST, 0);
        put('../elsewhere.gguf', 1);
        symlinkSync(join(folder, '../elsewhere.gguf'), join(folder, SECOND));
      },
    ],
  ])('is refused with %s: %s', async (_, code, prepare) => {
    prepare();
    const [name] = readdirSync(folder).sort();
    await expect(openGguf(join(folder, name))).rejects.toMatchObject({ code });
  });

  it('may be links into one folder, as in the cache of the hub', async () => {
    mkdirSync(join(folder, 'blobs'));
    mkdirSync(join(folder, 'model'));
    put('blobs/x', 0);
    put('blobs/y', 1, 2, ['a', 'b'], null);
    symlinkSync('../blobs/x', join(folder, 'model', FIRST));
    symlinkSync('../blobs/y', join(folder, 'model', SECOND));
    const model = await openGguf(join(folder, 'model'));
    expect(Array.from(model.entries.keys())).toEqual(['a', 'b']);
    await model.close();
  });

  it('was merged again when its count is 0', async () => {
    const pairs = [
      pair('split.no', 2, [0, 0]),
      pair('split.tensors.count', 5, u32(9)),
      pair('split.count', 2, [0, 0]),
      pair('x', 8, text('y')),
    ];
    writeFileSync(join(folder, 'merged.gguf'), file({ pairs, tensors: [tensor()], data: 32 }));
    await (await openGguf(folder)).close();
  });
});

const OLD = writeGguf([{ name: 'old', type: 'I8', shape: [1], data: Int8Array.of(1) }]);

describe('faults of the system while a model is saved', () => {
  const NAMES: Readonly<Record<'one' | 'three', readonly string[]>> = { one: ['m.gguf'], three: SHARDS };

  it.each(['one', 'three'] as const)(
    'leave the old model or the new one, and no temporary file: %s',
    async (kind) => {
      const options = kind === 'three' ? { maxShardBytes: 64 } : {};
      for (const fault of ['ENOSPC', 'EIO', 'EACCES'] as const) {
        let points = 0;
        for (let call = 1; ; call++) {
          const io = new MemoryIo();
          io.put('/m/notes.txt', 'not ours');
          io.failAt(call, fault);
          const error = await errorOf(saveGgufOn(io, '/m/m.gguf', TENSORS, dataOf, options));
          if (io.calls < call) break;
          points++;
          expect(io.openFiles).toBe(0);
          const left = io.list('/m').sort();
          expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
          const whole = NAMES[kind].every((name) => left.includes(name));
          if (error === null) expect(whole).toBe(true);
          else {
            expect(error).toBeInstanceOf(IoError);
            if (!whole) expect(left).toEqual(['notes.txt']);
          }
        }
        expect(points).toBeGreaterThan(10);
      }
    },
  );

  /** Which model stands on a disk; anything in between fails the test. */
  const versionOn = async (io: MemoryIo, path: string): Promise<'old' | 'new' | 'nothing'> => {
    const model = await openGgufOn(io, path).catch((error: unknown) => {
      if ((error as IoError).code === 'ENOENT') return null;
      throw error;
    });
    if (model === null) return 'nothing';
    const names = Array.from(model.entries.keys());
    for (const name of names) {
      const { data } = await model.read(name);
      if (name !== 'old') expect(data).toEqual(dataOf({ name }));
    }
    await model.close();
    expect(['old', 'a,b,c,d']).toContain(names.join());
    return names[0] === 'old' ? 'old' : 'new';
  };

  it.each(['one', 'three'] as const)('do no harm when the power is lost: %s', async (kind) => {
    const options = kind === 'three' ? { maxShardBytes: 64 } : {};
    const path = `/m/${NAMES[kind][0]}`;
    const random = createRandom(1);
    const seen = new Set<string>();
    for (let call = 1; ; call++) {
      const io = new MemoryIo();
      if (kind === 'one') io.put(path, OLD);
      else io.put('/m/notes.txt', 'not ours');
      io.failAt(call, 'power');
      const error = await errorOf(saveGgufOn(io, '/m/m.gguf', TENSORS, dataOf, options));
      for (let start = 0; start < 20; start++) {
        const version = await versionOn(io.afterPowerLoss(random), path);
        seen.add(version);
        if (error === null) expect(version).toBe('new');
      }
      if (io.calls < call) break;
    }
    expect(Array.from(seen).sort()).toEqual(kind === 'one' ? ['new', 'old'] : ['new', 'nothing']);
  });
});
