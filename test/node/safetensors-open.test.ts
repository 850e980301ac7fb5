import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  appendFileSync,
  utimesSync,
  renameSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { DTYPES, type DType } from '../../src/core/dtype.js';
import { FormatError, IoError } from '../../src/core/errors.js';
import { free, isInMemory } from '../../src/kernels/memory.js';
import { openSafetensors, openSafetensorsOn } from '../../src/node/safetensors.js';
import { MALFORMED, MALFORMED_DATA, UNUSUAL } from '../malformed/safetensors/cases.js';
import { detachedArray } from '../support/wrong-types.js';
import { MemoryIo } from './memory-io.js';

const root = mkdtempSync(join(tmpdir(), 'tensorslim-open-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/reference-${name}.safetensors`, import.meta.url));

const ONE = writeSafetensors([
  { name: 'w', dtype: 'float32', shape: [2], data: Float32Array.of(1.5, -0) },
  { name: 'flag', dtype: 'bool', shape: [1], data: Uint8Array.of(1) },
]);

describe('openSafetensors', () => {
  it.each(['dtypes', 'names', 'shapes', 'nothing'])(
    'reads the file "%s" of the reference as from memory',
    async (name) => {
      const model = await openSafetensors(fixture(name));
      const inMemory = readSafetensors(readFileSync(fixture(name)));
      expect(model.entries).toEqual(inMemory.tensors);
      expect(model.metadata).toEqual(inMemory.metadata);
      for (const tensor of model.entries.keys()) {
        expect(await model.read(tensor)).toEqual(inMemory.tensor(tensor));
      }
      await model.close();
    },
  );

  it('gives each malformed file the code that it has in memory, and leaves nothing open', async () => {
    const codes: string[] = [];
    for (const { name, bytes } of MALFORMED) {
      const io = new MemoryIo();
      io.put('/m/x.safetensors', bytes);
      const error = await openSafetensorsOn(io, '/m/x.safetensors').catch((reason: unknown) => reason);
      expect(error, name).toBeInstanceOf(FormatError);
      expect((error as FormatError).message).toMatch(/^openSafetensors: "\/m\/x.safetensors" expected /);
      expect(io.openFiles).toBe(0);
      codes.push((error as FormatError).code);
    }
    expect(codes).toEqual(MALFORMED.map(({ code }) => code));
  });

  it('reads unusual files', async () => {
    for (const { name, bytes } of UNUSUAL) {
      const io = new MemoryIo();
      io.put('/m/x.safetensors', bytes);
      const model = await openSafetensorsOn(io, '/m');
      const inMemory = readSafetensors(bytes);
      for (const tensor of model.entries.keys()) {
        expect(await model.read(tensor), name).toEqual(inMemory.tensor(tensor));
      }
      await model.close();
      expect(io.openFiles).toBe(0);
    }
  });

  it('refuses booleans other than 0 and 1 when they are read', async () => {
    for (const { bytes } of MALFORMED_DATA) {
      const io = new MemoryIo();
      io.put('/m/x.safetensors', bytes);
      const model = await openSafetensorsOn(io, '/m');
      await expect(model.read('w')).rejects.toMatchObject({
        code: 'SAFETENSORS_BOOL',
        offset: bytes.length - 1,
      });
      await model.close();
    }
  });

  it('reads the header alone before a tensor is asked for', async () => {
    const io = new MemoryIo();
    io.put('/m/x.safetensors', ONE);
    const model = await openSafetensorsOn(io, '/m/x.safetensors');
    expect(io.log.filter((call) => call === 'read')).toHaveLength(2);
    await model.close();
  });

  it('allocates nothing for a header that is not there', async () => {
    const io = new MemoryIo();
    io.put('/m/x.safetensors', ONE.subarray(0, 40));
    await expect(openSafetensorsOn(io, '/m/x.safetensors')).rejects.toMatchObject({
      code: 'SAFETENSORS_HEADER_LENGTH',
    });
    expect(io.log.filter((call) => call === 'read')).toHaveLength(1);
  });

  it('keeps limits, which name themselves', async () => {
    writeFileSync(join(folder, 'm.safetensors'), ONE);
    const opening = openSafetensors(folder, { limits: { maxHeaderBytes: 10 } });
    await expect(opening).rejects.toThrow(/raise limits.maxHeaderBytes .*SAFETENSORS_HEADER_TOO_LARGE/);
    await expect(openSafetensors(folder, { limits: { maxHeaderByte: 10 } as object })).rejects.toThrow(
      /did you mean/,
    );
    await expect(openSafetensors(folder, { alocate: 'kernels' } as object)).rejects.toThrow(
      /did you mean "allocate"/,
    );
    await expect(openSafetensors(folder, { allocate: 'kernel' as 'kernels' })).rejects.toThrow(
      /did you mean 'kernels'/,
    );
  });
});

describe('openSafetensors on a folder', () => {
  const names = ['model.safetensors', 'model.safetensors.index.json', 'a.safetensors', 'b.safetensors'];
  const open = async (files: readonly string[]): Promise<string> => {
    const io = new MemoryIo();
    io.put('/m/readme.md', '');
    for (const name of files) io.put(`/m/${name}`, name.endsWith('.json') ? '{"weight_map":{}}' : ONE);
    const model = await openSafetensorsOn(io, '/m');
    await model.close();
    return model.files.map(({ path }) => path).join(' ') || 'the index';
  };

  it('takes model.safetensors, then its index, then the only index, then the only file', async () => {
    expect(await open(names)).toBe('/m/model.safetensors');
    expect(await open(names.slice(1))).toBe('the index');
    expect(await open(['other.safetensors.index.json', 'a.safetensors', 'b.safetensors'])).toBe('the index');
    expect(await open(['a.safetensors'])).toBe('/m/a.safetensors');
    expect(await open(['one-00001-of-00001.safetensors'])).toBe('/m/one-00001-of-00001.safetensors');
  });

  it('refuses a folder with no model, with several, and with shards but no index', async () => {
    await expect(open([])).rejects.toMatchObject({ name: 'IoError', code: 'ENOENT' });
    await expect(open(['a.safetensors', 'b.safetensors'])).rejects.toMatchObject({ code: 'SEVERAL_MODELS' });
    // One shard alone would pass for a model.
    for (const shards of [
      ['model-00001-of-00002.safetensors'],
      ['a-00001-of-00002.safetensors', 'a-00002-of-00002.safetensors'],
    ]) {
      await expect(open(shards)).rejects.toMatchObject({ code: 'INDEX_MISSING', path: '/m' });
    }
  });

  it('opens one shard by its own name', async () => {
    const io = new MemoryIo();
    io.put('/m/model-00001-of-00002.safetensors', ONE);
    const model = await openSafetensorsOn(io, '/m/model-00001-of-00002.safetensors');
    expect(model.entries.size).toBe(2);
    await model.close();
  });
});

describe('paths that are no file', () => {
  it('are refused by name', async () => {
    await expect(openSafetensors(join(folder, 'none'))).rejects.toMatchObject({
      name: 'IoError',
      code: 'ENOENT',
    });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(openSafetensors(join(folder, 'pipe'))).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await expect(openSafetensors('/dev/zero')).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await expect(openSafetensors('/proc/self/status')).rejects.toBeInstanceOf(Error);
    await expect(openSafetensors('')).rejects.toThrow(RangeError);
    await expect(openSafetensors(null as unknown as string)).rejects.toThrow(TypeError);
    mkdirSync(join(folder, 'x.safetensors'));
    await expect(openSafetensors(join(folder, 'x.safetensors'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('read', () => {
  it.each(Object.keys(DTYPES).filter((dtype) => DTYPES[dtype as DType].safetensors !== null) as DType[])(
    'reads %s to ordinary arrays, to the kernels’ memory and into an array',
    async (dtype) => {
      const byteLength = 24;
      const { array, bits } = DTYPES[dtype];
      const bytes = Uint8Array.from({ length: byteLength }, (_, i) =>
        dtype === 'bool' ? i % 2 : (i * 37) % 256,
      );
      const data = new array(bytes.buffer);
      const path = join(folder, `${dtype}.safetensors`);
      writeFileSync(path, writeSafetensors([{ name: 't', dtype, shape: [(byteLength * 8) / bits], data }]));
      const ordinary = await openSafetensors(path);
      const kernels = await openSafetensors(path, { allocate: 'kernels' });
      const first = await ordinary.read('t');
      expect(first).toEqual({ data, shape: [(byteLength * 8) / bits], dtype });
      const second = await kernels.read('t');
      expect(second).toEqual(first);
      expect(isInMemory(second.data)).toBe(true);
      free(second.data);
      const into = new array(data.length);
      expect((await ordinary.read('t', { into })).data).toBe(into);
      expect(into).toEqual(data);
      await ordinary.close();
      await kernels.close();
    },
  );

  it('reads several tensors at once', async () => {
    writeFileSync(join(folder, 'm.safetensors'), ONE);
    const model = await openSafetensors(folder);
    const reads = Array.from({ length: 20 }, (_, i) => model.read(i % 2 === 0 ? 'w' : 'flag'));
    const tensors = await Promise.all(reads);
    expect(tensors[0].data).toEqual(Float32Array.of(1.5, -0));
    expect(tensors[19].data).toEqual(Uint8Array.of(1));
    await model.close();
  });

  it('refuses wrong names, arrays and options', async () => {
    writeFileSync(join(folder, 'm.safetensors'), ONE);
    const model = await openSafetensors(folder);
    await expect(model.read('W')).rejects.toThrow(/read: "name" .* did you mean "w"\?/);
    await expect(model.read('completely different')).rejects.toThrow(/it holds 2 tensors/);
    await expect(model.read(3 as unknown as string)).rejects.toThrow(TypeError);
    await expect(model.read('w', { into: new Float64Array(2) })).rejects.toThrow(TypeError);
    await expect(model.read('w', { into: new Float32Array(3) })).rejects.toThrow(RangeError);
    await expect(model.read('w', { into: detachedArray() })).rejects.toThrow(
      /"into" expected an array with its memory/,
    );
    await expect(model.read('w', { inTo: new Float32Array(2) } as object)).rejects.toThrow(
      /did you mean "into"/,
    );
    await model.close();
  });

  it('refuses a tensor that is larger than an array can be', async () => {
    const io = new MemoryIo();
    io.put('/m/x.safetensors', ONE);
    const header = '{"w":{"dtype":"U8","shape":[1000000000000],"data_offsets":[0,1000000000000]}}';
    const bytes = new Uint8Array(8 + header.length);
    new DataView(bytes.buffer).setUint32(0, header.length, true);
    bytes.set(new TextEncoder().encode(header), 8);
    io.put('/m/x.safetensors', bytes);
    const stat = io.open.bind(io);
    io.open = async (...rest) => {
      const file = await stat(...rest);
      return { ...file, stat: async () => ({ ...(await file.stat()), size: bytes.length + 1e12 }) };
    };
    const model = await openSafetensorsOn(io, '/m/x.safetensors');
    await expect(model.read('w')).rejects.toThrow(/read: "name" expected a tensor that fits into memory/);
    await model.close();
  });

  it('is refused after close, which may come twice', async () => {
    writeFileSync(join(folder, 'm.safetensors'), ONE);
    const model = await openSafetensors(folder);
    await model.close();
    await model.close();
    await expect(model.read('w')).rejects.toMatchObject({ name: 'IoError', code: 'CLOSED' });
  });

  it('gives a named error when the model is closed meanwhile', async () => {
    writeFileSync(join(folder, 'm.safetensors'), ONE);
    const model = await openSafetensors(folder);
    const reading = model.read('w').catch((error: unknown) => error);
    await model.close();
    const result = await reading;
    expect(result instanceof IoError || (result as { dtype: string }).dtype === 'float32').toBe(true);
  });
});

describe('a file that changes while it is open', () => {
  const path = (): string => join(folder, 'm.safetensors');
  const change: Readonly<Record<string, () => void>> = {
    'is cut': () => {
      truncateSync(path(), ONE.length - 2);
    },
    'is cut to nothing': () => {
      truncateSync(path(), 0);
    },
    grows: () => {
      appendFileSync(path(), 'x');
    },
    'is written over': () => {
      writeFileSync(path(), ONE);
      utimesSync(path(), 1, 1);
    },
  };

  it.each(Object.keys(change))('is noticed when it %s', async (how) => {
    writeFileSync(path(), ONE);
    const model = await openSafetensors(path());
    change[how]();
    const error = { name: 'IoError', code: 'FILE_CHANGED', path: path() };
    await expect(model.read('w')).rejects.toMatchObject(error);
    await expect(model.read('w', { into: new Float32Array(2) })).rejects.toMatchObject(error);
    await model.close();
  });

  it('is still read in full when another takes its name', async () => {
    writeFileSync(path(), ONE);
    const model = await openSafetensors(path());
    copyFileSync(fixture('nothing'), join(folder, 'other'));
    renameSync(join(folder, 'other'), path());
    expect((await model.read('w')).data).toEqual(Float32Array.of(1.5, -0));
    await model.close();
  });

  it('is noticed when it changes between header and end of opening', async () => {
    const io = new MemoryIo();
    io.put('/m/x.safetensors', ONE);
    const open = io.open.bind(io);
    io.open = async (...rest) => {
      const file = await open(...rest);
      let stats = 0;
      return { ...file, stat: async () => ({ ...(await file.stat()), mtimeMs: stats++ }) };
    };
    await expect(openSafetensorsOn(io, '/m/x.safetensors')).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(io.openFiles).toBe(0);
  });
});
