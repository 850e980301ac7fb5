import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTfjs, saveTfjs } from 'tensorslim/node';
import { encodeTfjsWeight, writeTfjs, type TfjsStored, type TfjsWeightSpec } from 'tensorslim/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TypedArray } from '../../src/core/arrays.js';
import { createAtomicFile } from '../../src/node/atomic.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tfjs-save-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MODEL = { format: 'graph-model', modelTopology: { node: [] } };
const SPECS: readonly TfjsWeightSpec[] = [
  { name: 'a', shape: [40], dtype: 'float32', storedAs: 'float32' },
  { name: '__proto__', shape: [3, 30], dtype: 'float32', storedAs: 'uint8' },
  { name: '1', shape: [9], dtype: 'float32', storedAs: 'uint16' },
  { name: '0', shape: [5], dtype: 'float32', storedAs: 'float16' },
  { name: 'none', shape: [0], dtype: 'bool', storedAs: 'bool' },
];

/** Data of version `base`, as saveTfjs asks for it. */
const produceOf =
  (base: number) =>
  ({ shape, dtype, storedAs }: TfjsWeightSpec): TfjsStored<TypedArray> => {
    const length = shape.reduce((a, b) => a * b, 1);
    if (dtype === 'bool') return { quantization: null, data: new Uint8Array(length) };
    const x = Float32Array.from({ length }, (_, i) => base + (i % 7) / 8);
    if (storedAs === 'float32') return { quantization: null, data: x };
    return encodeTfjsWeight(x, storedAs as 'uint8');
  };

const save = (base: number, options?: object): Promise<{ bytes: number }> =>
  saveTfjs(folder, MODEL, SPECS, produceOf(base), { shardBytes: 64, ...options });

const names = (): string[] => readdirSync(folder).sort();
const files = (): Map<string, string> =>
  new Map(names().map((name) => [name, readFileSync(join(folder, name), 'latin1')]));

/** The version of the model in the folder, read in full. */
async function versionOf(path = folder): Promise<number> {
  const model = await openTfjs(path);
  const values = [];
  for (const { name } of SPECS) values.push(Array.from((await model.read(name)).data as Float32Array));
  await model.close();
  return values[0][0];
}

async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'success',
    (reason: unknown) => reason,
  );
}

describe('saveTfjs', () => {
  it('saves what openTfjs reads, and says how large it is', async () => {
    const { bytes } = await save(1);
    expect(await versionOf()).toBe(1);
    const model = await openTfjs(folder);
    expect(model.modelJson).toEqual(MODEL);
    expect(
      Array.from(model.weights.values(), ({ name, shape, dtype, storedAs }) => ({
        name,
        shape,
        dtype,
        storedAs,
      })),
    ).toEqual(SPECS);
    for (const spec of SPECS) expect(await model.stored(spec.name)).toEqual(produceOf(1)(spec));
    await model.close();
    expect(bytes).toBe(Array.from(files().values()).reduce((sum, text) => sum + text.length, 0));
    const [shard] = names();
    expect(shard).toMatch(/^group1-shard1of5-[0-9a-f]{8}\.bin$/);
  });

  it('asks for the weights one by one, in order, with what was asked for', async () => {
    const asked: TfjsWeightSpec[] = [];
    let busy = false;
    await saveTfjs(folder, MODEL, new Set(SPECS), async (spec) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy = false;
      asked.push(spec);
      return produceOf(1)(spec);
    });
    expect(asked).toEqual(SPECS);
    expect(names()).toHaveLength(2);
  });

  it('makes the same files of the same model, in a new folder and over itself', async () => {
    await save(1);
    const first = files();
    await save(1);
    expect(files()).toEqual(first);
  });

  it('removes the shards of the model that it replaces, and nothing else', async () => {
    const theirs = writeTfjs(MODEL, [{ ...SPECS[0], quantization: null, data: new Float32Array(40) }], {
      shardBytes: 40,
    });
    for (const [name, bytes] of theirs.shards) writeFileSync(join(folder, name), bytes);
    writeFileSync(join(folder, 'model.json'), JSON.stringify(theirs.modelJson));
    const others = ['group1-shard1of9.bin', 'group9-shard1of1', 'vocab.json', 'weights.bin'];
    for (const name of others) writeFileSync(join(folder, name), '{}');
    await save(2);
    expect(names().filter((name) => !/-[0-9a-f]{8}\.bin$/.test(name))).toEqual(
      [...others, 'model.json'].sort(),
    );
    await save(3);
    expect(names()).toHaveLength(others.length + 1 + 5);
    expect(await versionOf()).toBe(3);
  });

  it('keeps old shards that another *.json file of the folder names', async () => {
    await save(1);
    writeFileSync(join(folder, 'model-v1.json'), readFileSync(join(folder, 'model.json')));
    await save(2);
    expect(await versionOf()).toBe(2);
    expect(await versionOf(join(folder, 'model-v1.json'))).toBe(1);
  });

  it('keeps old shards when a *.json file of the folder cannot be read', async () => {
    await save(1);
    const before = names();
    symlinkSync('nowhere', join(folder, 'x.json'));
    await save(2);
    expect(names()).toEqual(expect.arrayContaining(before));
    rmSync(join(folder, 'x.json'));
    await save(3);
    expect(names()).toHaveLength(6);
  });

  it('removes what a killed save left, unless another save is under way', async () => {
    const orphan = join(folder, 'group1-shard1of9-0123abcd.bin');
    writeFileSync(orphan, 'left');
    const other = await createAtomicFile(join(folder, 'other'));
    await save(1);
    expect(names()).toContain('group1-shard1of9-0123abcd.bin');
    await other.abort();
    await save(2);
    expect(names()).not.toContain('group1-shard1of9-0123abcd.bin');
  });

  it('replaces a model.json that is no model', async () => {
    writeFileSync(join(folder, 'model.json'), 'no JSON');
    await save(1);
    expect(await versionOf()).toBe(1);
  });

  it('can save into the folder that it reads from', async () => {
    await save(1);
    const source = await openTfjs(folder);
    await saveTfjs(folder, MODEL, SPECS.slice(0, 1), async ({ name }) => ({
      quantization: null,
      data: ((await source.read(name)).data as Float32Array<ArrayBuffer>).map((v) => v + 4),
    }));
    await source.close();
    const model = await openTfjs(folder);
    expect((await model.read('a')).data[0]).toBe(5);
    await model.close();
    expect(names()).toHaveLength(2);
  });

  it('lets two saves into one folder end with one whole model', async () => {
    await Promise.all([save(1), save(2), save(3)]);
    expect([1, 2, 3]).toContain(await versionOf());
    await save(4);
    expect(await versionOf()).toBe(4);
    expect(names()).toHaveLength(6);
  });

  it('takes another name when its own is taken by other contents, a folder or a link', async () => {
    await save(1);
    const shards = names().filter((name) => name.endsWith('.bin'));
    rmSync(join(folder, 'model.json'));
    const contents = shards.map((name) => readFileSync(join(folder, name)));
    for (const name of shards) rmSync(join(folder, name));
    const outside = mkdtempSync(join(tmpdir(), 'tfjs-outside-'));
    try {
      writeFileSync(join(folder, shards[0]), Buffer.alloc(contents[0].length, 0x55));
      writeFileSync(join(folder, shards[1]), 'short');
      symlinkSync(join(outside, 'written'), join(folder, shards[2]));
      writeFileSync(join(outside, 'same'), contents[3]);
      symlinkSync(join(outside, 'same'), join(folder, shards[3]));
      await save(1);
      expect(await versionOf()).toBe(1);
      const model = await openTfjs(folder);
      await model.close();
      expect(model.manifest.groups[0].paths).toEqual([
        ...shards.slice(0, 4).map((name) => name.replace('.bin', '-2.bin')),
        shards[4],
      ]);
      expect(readdirSync(outside)).toEqual(['same']);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it('stores a model without bytes in one empty shard', async () => {
    await saveTfjs(folder, {}, SPECS.slice(4), produceOf(1));
    expect(names()).toEqual(['group1-shard1of1-00000000.bin', 'model.json']);
    await saveTfjs(folder, {}, [], produceOf(1));
    const model = await openTfjs(folder);
    expect(model.entries.size).toBe(0);
    await model.close();
  });
});

describe('a save that fails', () => {
  it.each<[string, (spec: TfjsWeightSpec) => unknown, RegExp]>([
    [
      'produce throws',
      () => {
        throw new Error('no such weight');
      },
      /no such weight/,
    ],
    [
      'produce gives nothing',
      () => undefined,
      /^saveTfjs: "produce" expected {quantization, data} for "__proto__", got undefined/,
    ],
    [
      'produce gives another type',
      () => produceOf(1)({ ...SPECS[1], storedAs: 'uint16' }),
      /^saveTfjs: "produce" expected uint8 elements for "__proto__", got "uint16"/,
    ],
    [
      'the array is of another kind',
      () => ({ quantization: { dtype: 'uint8', scale: 1, min: 0 }, data: new Int8Array(90) }),
      /^saveTfjs: "data of "__proto__"" expected a Uint8Array/,
    ],
    [
      'there are too few elements',
      () => produceOf(1)({ ...SPECS[1], shape: [3] }),
      /expected 90 elements, got 3/,
    ],
    [
      'the scale is NaN',
      () => ({ quantization: { dtype: 'uint8', scale: NaN, min: 0 }, data: new Uint8Array(90) }),
      /^saveTfjs: ".*scale" expected a finite number/,
    ],
  ])('leaves the folder as it was: %s', async (_, produce, message) => {
    await save(1);
    const before = files();
    const work = saveTfjs(
      folder,
      MODEL,
      SPECS,
      (spec) => (spec.name === '__proto__' ? (produce(spec) as TfjsStored<TypedArray>) : produceOf(2)(spec)),
      { shardBytes: 64 },
    );
    await expect(work).rejects.toThrow(message);
    expect(files()).toEqual(before);
  });

  it.each<[string, unknown[], RegExp]>([
    ['no folder', ['', MODEL, SPECS, produceOf(1)], /^saveTfjs: "path"/],
    ['a model that is no object', ['f', null, SPECS, produceOf(1)], /"model" expected an object/],
    [
      'a model that JSON cannot hold',
      ['f', { a: 1n }, SPECS, produceOf(1)],
      /"model" expected what JSON can hold/,
    ],
    ['no weights', ['f', MODEL, null, produceOf(1)], /"weights" expected an iterable/],
    ['null for a weight', ['f', MODEL, [null], produceOf(1)], /"weights" expected objects/],
    [
      'a name twice',
      ['f', MODEL, [SPECS[0], SPECS[0]], produceOf(1)],
      /weights\[1\].name" expected a name of its own/,
    ],
    [
      'a stored type of none',
      ['f', MODEL, [{ ...SPECS[0], storedAs: 'int8' }], produceOf(1)],
      /quantization.dtype" expected/,
    ],
    ['no function', ['f', MODEL, SPECS, {}], /"produce" expected a function/],
    ['a shard of 0 bytes', ['f', MODEL, SPECS, produceOf(1), { shardBytes: 0 }], /"shardBytes" expected/],
    [
      'too many shards',
      ['f', MODEL, [{ ...SPECS[0], shape: [9999] }], produceOf(1), { shardBytes: 1 }],
      /"shardBytes" expected at least 4/,
    ],
  ])('names a wrong argument and touches nothing: %s', async (_, parts, message) => {
    const [path, ...rest] = parts;
    const where = path === '' ? '' : folder;
    await expect(saveTfjs(where, ...(rest as [never, never, never, never]))).rejects.toThrow(message);
    expect(names()).toEqual([]);
  });

  it('names a folder that is not there', async () => {
    await expect(saveTfjs(join(folder, 'no'), MODEL, SPECS, produceOf(1))).rejects.toThrow(/\[ENOENT\]/);
  });

  it('names a disk that is too small before it asks for a weight', async () => {
    const huge = { name: 'h', shape: [2 ** 50], dtype: 'bool', storedAs: 'bool' } as const;
    const never = (): never => {
      throw new Error('asked');
    };
    const work = saveTfjs(folder, MODEL, [huge], never, { shardBytes: 2 ** 31 - 1 });
    await expect(work).rejects.toThrow(/shardBytes/);
    const large = { ...huge, shape: [2 ** 43] };
    await expect(saveTfjs(folder, MODEL, [large], never, { shardBytes: 2 ** 30 })).rejects.toThrow(
      /\[ENOSPC\]/,
    );
    expect(names()).toEqual([]);
  });

  it('stops when it is aborted, before, between two weights and at the end', async () => {
    await save(1);
    const before = files();
    for (let stop = 0; stop <= SPECS.length; stop++) {
      const controller = new AbortController();
      let asked = 0;
      const reason = new Error('stop');
      if (stop === 0) controller.abort(reason);
      const work = saveTfjs(
        folder,
        MODEL,
        SPECS,
        (spec) => {
          if (++asked === stop) controller.abort(reason);
          return produceOf(2)(spec);
        },
        { shardBytes: 64, signal: controller.signal },
      );
      expect(await reasonOf(work)).toBe(reason);
      expect(files()).toEqual(before);
    }
    await save(2, { signal: new AbortController().signal });
    expect(await versionOf()).toBe(2);
  });
});
