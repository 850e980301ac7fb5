import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import type { TypedArray } from '../../src/core/arrays.js';
import type { ArraySpec, NamedArray } from '../../src/core/source.js';
import { openSafetensors, openSafetensorsOn } from '../../src/node/safetensors.js';
import { saveSafetensors, saveSafetensorsOn } from '../../src/node/safetensors-save.js';
import { MemoryIo } from './memory-io.js';

const root = mkdtempSync(join(tmpdir(), 'tensorslim-save-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
let folder = '';
let path = '';
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  path = join(folder, 'model.safetensors');
  mkdirSync(folder);
});

const TENSORS: readonly NamedArray[] = [
  { name: 'c', dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) },
  { name: 'a', dtype: 'float32', shape: [2], data: Float32Array.of(1, -2) },
  { name: 'b', dtype: 'bfloat16', shape: [], data: Uint16Array.of(0x3f80) },
  { name: 'é', dtype: 'int64', shape: [0], data: new BigInt64Array(0) },
];
const dataOf = ({ name }: ArraySpec): TypedArray => {
  const found = TENSORS.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(name);
  return found.data;
};
const saved = (): Uint8Array => Uint8Array.from(readFileSync(path));

describe('saveSafetensors', () => {
  it('writes the bytes that writeSafetensors gives, and says how many', async () => {
    const metadata = new Map([['format', 'pt']]);
    const result = await saveSafetensors(path, TENSORS, dataOf, { metadata });
    const expected = writeSafetensors(TENSORS, metadata);
    expect(saved()).toEqual(expected);
    expect(result).toEqual({ bytes: expected.length, files: [path] });
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it('asks for the tensors one by one, in the order given, passing on what was given', async () => {
    const asked: unknown[] = [];
    let running = 0;
    await saveSafetensors(path, TENSORS, async (spec) => {
      expect(++running).toBe(1);
      await Promise.resolve();
      running--;
      asked.push(spec);
      return dataOf(spec);
    });
    expect(asked).toEqual(TENSORS);
    expect(asked[0]).toBe(TENSORS[0]);
  });

  it('takes specs from a generator and saves nothing at all', async () => {
    function* specs(): Generator<ArraySpec> {
      yield* TENSORS;
    }
    await saveSafetensors(path, specs(), dataOf);
    expect(saved()).toEqual(writeSafetensors(TENSORS));
    await saveSafetensors(path, [], dataOf);
    expect(saved()).toEqual(writeSafetensors([]));
  });

  it('saves over the file that it reads from', async () => {
    writeFileSync(path, writeSafetensors(TENSORS));
    const model = await openSafetensors(path);
    const specs = Array.from(model.entries, ([name, { dtype, shape }]) => ({ name, dtype, shape }));
    await saveSafetensors(path, specs, async ({ name }) => (await model.read(name)).data, {
      metadata: new Map([['copy', 'yes']]),
    });
    await model.close();
    expect(saved()).toEqual(writeSafetensors(TENSORS, new Map([['copy', 'yes']])));
  });

  it('puts final metadata where placeholders were kept', async () => {
    const metadata = new Map([
      ['format', 'pt'],
      ['sum', '????????'],
    ]);
    let asked = 0;
    const produce = (spec: ArraySpec): TypedArray => {
      asked++;
      return dataOf(spec);
    };
    const finalMetadata = (): Promise<Map<string, string>> => {
      expect(asked).toBe(TENSORS.length);
      return Promise.resolve(new Map([['sum', '1234']]));
    };
    const { bytes } = await saveSafetensors(path, TENSORS, produce, { metadata, finalMetadata });
    const file = readSafetensors(saved());
    expect(file.metadata).toEqual(
      new Map([
        ['format', 'pt'],
        ['sum', '1234'],
      ]),
    );
    expect(saved()).toHaveLength(bytes);
    for (const tensor of TENSORS) expect(file.tensor(tensor.name).data).toEqual(tensor.data);
  });

  const SHORT = { metadata: new Map([['sum', '?']]) };
  const refusals: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'final metadata longer than its placeholder',
      { ...SHORT, finalMetadata: () => new Map([['sum', '123456789']]) },
      /"finalMetadata" expected a header of at most \d+ bytes/,
    ],
    [
      'final metadata without a placeholder',
      { ...SHORT, finalMetadata: () => new Map([['other', '1']]) },
      /"finalMetadata" expected keys of metadata, got "other"/,
    ],
    [
      'final metadata without metadata',
      { finalMetadata: () => new Map([['sum', '1']]) },
      /"finalMetadata" expected keys of metadata/,
    ],
    [
      'final metadata that is a record',
      { ...SHORT, finalMetadata: () => ({ sum: '1' }) },
      /"finalMetadata" expected a Map of strings/,
    ],
    [
      'final metadata that is nothing',
      { ...SHORT, finalMetadata: () => undefined },
      /"finalMetadata" expected a Map of strings, got undefined/,
    ],
    [
      'final metadata that is no function',
      { ...SHORT, finalMetadata: new Map() },
      /"finalMetadata" expected a function/,
    ],
    [
      'final metadata that fails',
      { finalMetadata: () => Promise.reject(new Error('no sum')) },
      /^Error: no sum$/,
    ],
    [
      'metadata that is a record',
      { metadata: { a: 'b' } },
      /"metadata" expected a Map of strings, got an object .* - pass new Map/,
    ],
    [
      'metadata that are no strings',
      { metadata: new Map([['a', 1]]) },
      /"metadata value of \\?"a\\?"" expected a string/,
    ],
    [
      'a limit that the header exceeds',
      { limits: { maxHeaderBytes: 100 } },
      /"specs" expected a header of at most 100 bytes/,
    ],
    ['shards of no bytes', { maxShardBytes: 0 }, /"maxShardBytes" expected a whole number from 1/],
    ['shards of half a byte', { maxShardBytes: 0.5 }, /"maxShardBytes"/],
    [
      'more shards than readers take',
      { maxShardBytes: 1, limits: { maxShards: 2 } },
      /"maxShardBytes" expected at most 2 shards, got 4 - raise/,
    ],
    [
      'a longer index than readers take',
      { maxShardBytes: 1, limits: { maxIndexBytes: 20 } },
      /"specs" expected an index of at most 20 bytes/,
    ],
    ['an unknown option', { metadat: new Map() }, /did you mean "metadata"\?/],
  ];
  it.each(refusals)('refuses %s and leaves the old file', async (_, options, message) => {
    writeFileSync(path, 'old');
    const failure: unknown = await saveSafetensors(path, TENSORS, dataOf, options as object).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).toMatch(message);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  const wrongData: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'data of another type',
      () => new Float64Array(3),
      /saveSafetensors: "data of .*c.*" expected a Uint8Array for uint8/,
    ],
    ['too little data', () => new Uint8Array(2), /expected 3 elements, got 2/],
    ['no data', () => undefined, /expected a Uint8Array/],
    ['a promise that fails', () => Promise.reject(new Error('gone')), /gone/],
    ['a producer that is none', 'data', /"produce" expected a function/],
  ];
  it.each(wrongData)('refuses %s and leaves the old file', async (_, produce, message) => {
    writeFileSync(path, 'old');
    const saving = saveSafetensors(path, TENSORS, produce as typeof dataOf);
    await expect(saving).rejects.toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it.each([null, undefined, 5, {}, 'ab', [null], [{}], [TENSORS[0], TENSORS[0]]])(
    'refuses the specs %j',
    async (specs) => {
      const saving = saveSafetensors(path, specs as unknown as ArraySpec[], dataOf);
      await expect(saving).rejects.toThrow(/^saveSafetensors: "\w+" expected .+, got .+ - /);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('stops between two tensors when its signal is aborted', async () => {
    writeFileSync(path, 'old');
    const controller = new AbortController();
    const saving = saveSafetensors(
      path,
      TENSORS,
      (spec) => {
        if (spec.name === 'a') controller.abort();
        return dataOf(spec);
      },
      { signal: controller.signal },
    );
    await expect(saving).rejects.toMatchObject({ name: 'AbortError' });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });
});

describe('saveSafetensors with maxShardBytes', () => {
  const read = async (where: string): Promise<Map<string, unknown>> => {
    const model = await openSafetensors(where);
    const tensors = new Map<string, unknown>();
    for (const name of model.entries.keys()) tensors.set(name, (await model.read(name)).data);
    await model.close();
    return tensors;
  };
  const contents = new Map(TENSORS.map(({ name, data }) => [name, data]));
  const sorted = (map: Map<string, unknown>): unknown[] =>
    Array.from(map).sort(([a], [b]) => (a < b ? -1 : 1));

  it('writes shards and an index under the names of the hub', async () => {
    const { bytes, files } = await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
    const names = [
      'model-00001-of-00003.safetensors',
      'model-00002-of-00003.safetensors',
      'model-00003-of-00003.safetensors',
    ];
    expect(files).toEqual([...names, 'model.safetensors.index.json'].map((name) => join(folder, name)));
    expect(readdirSync(folder).sort()).toEqual([...names, 'model.safetensors.index.json']);
    expect(bytes).toBe(files.reduce((sum, file) => sum + readFileSync(file).length, 0));
    expect(readFileSync(files[3], 'utf8')).toBe(`{
  "metadata": {
    "total_size": 13
  },
  "weight_map": {
    "a": "model-00002-of-00003.safetensors",
    "b": "model-00003-of-00003.safetensors",
    "c": "model-00001-of-00003.safetensors",
    "\\u00e9": "model-00003-of-00003.safetensors"
  }
}
`);
    expect(sorted(await read(folder))).toEqual(sorted(contents));
  });

  it('writes one file, and no index, for a model that fits', async () => {
    const { files } = await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 13 });
    expect(files).toEqual([path]);
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
    expect(saved()).toEqual(writeSafetensors(TENSORS));
  });

  it('gives a tensor above the limit a file of its own', async () => {
    const specs = [1, 100, 1, 1].map((length, i) => ({
      name: `t${i}`,
      dtype: 'uint8' as const,
      shape: [length],
    }));
    const { files } = await saveSafetensors(path, specs, ({ shape }) => new Uint8Array(shape[0]), {
      maxShardBytes: 2,
    });
    expect(files).toHaveLength(4);
    const tensors = files
      .slice(0, 3)
      .map((file) => Array.from(readSafetensors(readFileSync(file)).tensors.keys()));
    expect(tensors).toEqual([['t0'], ['t1'], ['t2', 't3']]);
  });

  it('puts metadata, also final metadata, into every shard', async () => {
    const options = {
      maxShardBytes: 9,
      metadata: new Map([['sum', '????']]),
      finalMetadata: () => new Map([['sum', '12']]),
    };
    await saveSafetensors(path, TENSORS, dataOf, options);
    const model = await openSafetensors(folder);
    expect(model.metadata).toEqual(new Map([['sum', '12']]));
    expect(model.files).toHaveLength(3);
    for (const { metadata } of model.files) expect(metadata).toEqual(model.metadata);
    await model.close();
  });

  it('takes other names where those of the hub are taken, and the hub’s again next time', async () => {
    for (const stem of ['model', 'model-r2', 'model', 'model-r2']) {
      const { files } = await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
      expect(files[0]).toBe(join(folder, `${stem}-00001-of-00003.safetensors`));
      expect(readdirSync(folder)).toHaveLength(4);
      expect(sorted(await read(folder))).toEqual(sorted(contents));
    }
  });

  it('removes the old model of that name whatever its form, and nothing else', async () => {
    const others = [
      'model.safetensors.bak',
      'model-1-of-3.safetensors',
      'model2-00001-of-00002.safetensors',
      'other.safetensors',
      'xmodel-00001-of-00002.safetensors',
      'model-rx-00001-of-00002.safetensors',
      'model-00001-of-00002.bin',
    ];
    for (const name of others) writeFileSync(join(folder, name), 'x');
    for (const maxShardBytes of [9, 1000, 1, 9, 1000]) {
      const { files } = await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes });
      const mine = readdirSync(folder).filter((name) => !others.includes(name));
      expect(mine.map((name) => join(folder, name)).sort()).toEqual([...files].sort());
    }
    // Shards that a killed save left behind.
    writeFileSync(join(folder, 'model-r9-00004-of-00007.safetensors'), '');
    await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 1000 });
    expect(readdirSync(folder).sort()).toEqual([...others, 'model.safetensors'].sort());
  });

  it('keeps a model whose name looks like a revision', async () => {
    const other = join(folder, 'model-r2.safetensors');
    await saveSafetensors(other, TENSORS, dataOf, { maxShardBytes: 9 });
    for (let save = 0; save < 3; save++) {
      await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
      expect(readdirSync(folder)).toHaveLength(8);
      expect(sorted(await read(join(folder, 'model-r2.safetensors.index.json')))).toEqual(sorted(contents));
      expect(sorted(await read(folder))).toEqual(sorted(contents));
    }
  });

  it('leaves a sharded model alone when it is not given', async () => {
    await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
    await saveSafetensors(path, TENSORS.slice(0, 1), dataOf);
    expect(readdirSync(folder)).toHaveLength(5);
    expect(Array.from((await read(folder)).keys())).toEqual(['c']);
  });

  it('saves over the shards that it reads from', async () => {
    await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
    const model = await openSafetensors(folder);
    await saveSafetensors(path, TENSORS, async ({ name }) => (await model.read(name)).data, {
      maxShardBytes: 4,
    });
    await model.close();
    expect(sorted(await read(folder))).toEqual(sorted(contents));
  });

  it('leaves the old model and no shard when it is aborted', async () => {
    await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
    const before = readdirSync(folder);
    const controller = new AbortController();
    const produce = (spec: ArraySpec): TypedArray => {
      if (spec.name === 'é') controller.abort();
      return dataOf(spec);
    };
    const saving = saveSafetensors(path, TENSORS, produce, { maxShardBytes: 4, signal: controller.signal });
    await expect(saving).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(folder)).toEqual(before);
    expect(sorted(await read(folder))).toEqual(sorted(contents));
  });

  it('keeps an index that is a link', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real/index', join(folder, 'model.safetensors.index.json'));
    await saveSafetensors(path, TENSORS, dataOf, { maxShardBytes: 9 });
    expect(readFileSync(join(folder, 'real/index'), 'utf8')).toContain('weight_map');
    expect(sorted(await read(folder))).toEqual(sorted(contents));
  });

  it('goes on when an old shard cannot be removed', async () => {
    const io = new MemoryIo();
    io.put('/m/model-00001-of-00002.safetensors', 'x');
    io.unlink = () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES', syscall: 'unlink' }));
    await saveSafetensorsOn(io, '/m/model.safetensors', TENSORS, dataOf, { maxShardBytes: 9 });
    const model = await openSafetensorsOn(io, '/m');
    expect(model.entries.size).toBe(4);
    await model.close();
  });

  it.each(['model', 'model.bin', 'model.safetensors.index.json', '.safetensors'])(
    'refuses the name %s',
    async (name) => {
      const saving = saveSafetensors(join(folder, name), TENSORS, dataOf, { maxShardBytes: 9 });
      await expect(saving).rejects.toThrow(/"path" expected a name that ends in .safetensors/);
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});
