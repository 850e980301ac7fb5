import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from 'tensorslim/safetensors';
import { FormatError } from '../../src/core/errors.js';
import { openSafetensorsOn } from '../../src/node/safetensors.js';
import { MALFORMED, MALFORMED_DATA } from '../malformed/safetensors/cases.js';
import { MALFORMED_MODELS } from '../malformed/safetensors/index-cases.js';
import { MemoryIo } from './memory-io.js';

const INDEX = 'model.safetensors.index.json';
const A = 'model-00001-of-00002.safetensors';
const B = 'model-00002-of-00002.safetensors';

function shardOf(tensors: Record<string, number[]>, metadata?: Record<string, string>): Uint8Array {
  const list = Object.entries(tensors).map(([name, values]) => ({
    name,
    dtype: 'uint8' as const,
    shape: [values.length],
    data: Uint8Array.from(values),
  }));
  return writeSafetensors(list, metadata && new Map(Object.entries(metadata)));
}

function diskWith(files: Readonly<Record<string, string | Uint8Array>>): MemoryIo {
  const io = new MemoryIo();
  for (const [name, contents] of Object.entries(files)) io.put(`/m/${name}`, contents);
  return io;
}

const GOOD = {
  [A]: shardOf({ a: [1, 2], c: [] }, { format: 'pt', part: '1' }),
  [B]: shardOf({ b: [3] }, { format: 'pt', part: '2' }),
};
const MAP = `{"b":"${B}","a":"${A}","c":"${A}"}`;

describe('malformed models of several files', () => {
  it('have names of their own', () => {
    expect(new Set(MALFORMED_MODELS.map(({ name }) => name)).size).toBe(MALFORMED_MODELS.length);
  });

  it.each(MALFORMED_MODELS)('$name: $code', async ({ code, files, limits }) => {
    const io = diskWith(files);
    const error = await openSafetensorsOn(io, `/m/${INDEX}`, limits && { limits }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).code).toBe(code);
    expect((error as FormatError).message).toMatch(
      /^openSafetensors: "[^"]+" expected [^]+, got [^]+ - [^]+ \[\w+( at byte \d+)?\]$/,
    );
    expect(io.openFiles).toBe(0);
  });

  it('refuses a shard that is a link out of the folder', async () => {
    const io = diskWith({ [B]: GOOD[B], [INDEX]: `{"weight_map":${MAP}}` });
    io.put('/elsewhere/secret', GOOD[A]);
    io.putSpecial(`/m/${A}`, { kind: 'link', to: '/elsewhere/secret' });
    await expect(openSafetensorsOn(io, '/m')).rejects.toMatchObject({ code: 'SAFETENSORS_INDEX_PATH' });
    expect(io.openFiles).toBe(0);
  });

  it('refuses a shard that is a folder or a pipe', async () => {
    for (const [kind, code] of [
      ['folder', 'EISDIR'],
      ['pipe', 'NOT_A_FILE'],
    ] as const) {
      const io = diskWith({ [B]: GOOD[B], [INDEX]: `{"weight_map":${MAP}}` });
      io.putSpecial(`/m/${A}`, { kind });
      await expect(openSafetensorsOn(io, '/m')).rejects.toMatchObject({ name: 'IoError', code });
      expect(io.openFiles).toBe(0);
    }
  });

  it('and the malformed files together meet every code of the reader', () => {
    const source = readFileSync(new URL('../../src/formats/safetensors/errors.ts', import.meta.url), 'utf8');
    const codes = Array.from(source.matchAll(/\| '(SAFETENSORS_\w+)'/g), ([, code]) => code);
    const met = new Set<string>(
      [...MALFORMED, ...MALFORMED_DATA, ...MALFORMED_MODELS].map(({ code }) => code),
    );
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !met.has(code))).toEqual([]);
  });
});

describe('models of several files', () => {
  it('are read in the order of the index', async () => {
    const io = diskWith({ ...GOOD, [INDEX]: `{"metadata":{"total_size":3},"weight_map":${MAP}}` });
    const model = await openSafetensorsOn(io, '/m');
    expect(Array.from(model.entries.keys())).toEqual(['b', 'a', 'c']);
    expect((await model.read('a')).data).toEqual(Uint8Array.of(1, 2));
    expect((await model.read('b')).data).toEqual(Uint8Array.of(3));
    expect((await model.read('c')).data).toEqual(Uint8Array.of());
    expect(model.files.map(({ path }) => path)).toEqual([`/m/${B}`, `/m/${A}`]);
    await model.close();
    expect(io.openFiles).toBe(0);
  });

  it('have the metadata on which their files agree, and each its own', async () => {
    const model = await openSafetensorsOn(diskWith({ ...GOOD, [INDEX]: `{"weight_map":${MAP}}` }), '/m');
    expect(model.metadata).toEqual(new Map([['format', 'pt']]));
    expect(model.files.map(({ metadata }) => metadata.get('part'))).toEqual(['2', '1']);
    await model.close();
  });

  it.each([
    ['a size as a float', '{"total_size":3.0}'],
    ['a size in exponents', '{"total_size":0.3e1}'],
    ['no size', '{}'],
    ['other things', '{"total_parameters":3,"x":[1,{"y":[]},"\\"]",true,null,-1.5e-3,{}],"total_size":3}'],
  ])('may say %s in their metadata', async (_, metadata) => {
    const model = await openSafetensorsOn(
      diskWith({ ...GOOD, [INDEX]: `{"metadata":${metadata},"weight_map":${MAP}}` }),
      '/m',
    );
    expect(model.entries.size).toBe(3);
    await model.close();
  });

  it('may be empty', async () => {
    const model = await openSafetensorsOn(diskWith({ [INDEX]: '{"weight_map":{}}' }), '/m');
    expect(model.entries.size).toBe(0);
    await model.close();
  });

  it('may hold names of Object.prototype', async () => {
    const files = {
      [A]: writeSafetensors(
        ['__proto__', 'constructor'].map((name) => ({
          name,
          dtype: 'uint8',
          shape: [],
          data: Uint8Array.of(5),
        })),
      ),
      [INDEX]: `{"metadata":{"__proto__":{"total_size":99}},"weight_map":{"__proto__":"${A}","constructor":"${A}"}}`,
    };
    const model = await openSafetensorsOn(diskWith(files), '/m');
    expect(Array.from(model.entries.keys())).toEqual(['__proto__', 'constructor']);
    expect((await model.read('__proto__')).data).toEqual(Uint8Array.of(5));
    expect(({} as Record<string, unknown>).total_size).toBeUndefined();
    await model.close();
  });

  it('may lie in the cache of the hub, where index and shards are links into one folder', async () => {
    const io = new MemoryIo();
    io.put('/hub/blobs/1', `{"weight_map":${MAP}}`);
    io.put('/hub/blobs/2', GOOD[A]);
    io.put('/hub/blobs/3', GOOD[B]);
    [INDEX, A, B].forEach((name, i) => {
      io.putSpecial(`/hub/snapshots/x/${name}`, { kind: 'link', to: `../../blobs/${i + 1}` });
    });
    const model = await openSafetensorsOn(io, '/hub/snapshots/x');
    expect((await model.read('b')).data).toEqual(Uint8Array.of(3));
    await model.close();
  });
});
