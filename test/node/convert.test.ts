import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tensor } from 'tensorslim';
import { decodeBlocks, encodeBlocks } from 'tensorslim/blocks';
import type { PlanGgufOptions, Progress } from 'tensorslim/model';
import { checkGgufTensor, convertToGguf, openGguf, saveSafetensors } from 'tensorslim/node';
import { smallLlama, type SmallOptions } from '../support/convert.js';

let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorslim-convert-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

interface Saved {
  readonly folder: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** A small model in a folder of its own. */
async function saved(options: SmallOptions = {}, maxShardBytes?: number): Promise<Saved> {
  const { tensors, files } = smallLlama(options);
  const folder = join(scratch, 'small-llama');
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(files.config));
  const specs = Array.from(tensors, ([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const data = ({ name }: { name: string }): Tensor['data'] => tensors.get(name)?.data as Tensor['data'];
  await saveSafetensors(join(folder, 'model.safetensors'), specs, data, {
    ...(maxShardBytes !== undefined && { maxShardBytes }),
  });
  return { folder, tensors };
}

const output = (): string => join(scratch, 'out.gguf');

/** Nothing was written, and nothing temporary stays. */
const nothingWritten = (): string[] => readdirSync(scratch).filter((name) => name !== 'small-llama');

describe('convertToGguf()', () => {
  it('writes a file whose tensors are the bytes of encodeBlocks, and reports each', async () => {
    const { folder, tensors } = await saved();
    const report = await convertToGguf(folder, output(), { type: 'Q4_K_M' });
    const file = await openGguf(output(), { check: checkGgufTensor });
    expect(Array.from(file.entries.keys())).toEqual(report.tensors.map(({ name }) => name));
    for (const { name, source, type, bytes, measures, bitsPerWeight } of report.tensors) {
      const { data } = await file.read(name);
      expect([type, bytes]).toEqual([file.entries.get(name)?.type, data.byteLength]);
      if (type === 'F32') expect([measures.maxAbs, bitsPerWeight]).toEqual([0, 32]);
      else expect(measures.sqnrDb).toBeGreaterThan(type === 'Q6_K' ? 30 : 20);
      if (name !== 'blk.0.ffn_down.weight') continue;
      const original = tensors.get(source ?? '') as Tensor;
      const expected = encodeBlocks(original, { type: 'Q4_K' }).bytes;
      expect(Buffer.compare(data as Uint8Array, expected)).toBe(0);
      expect(decodeBlocks(data as Uint8Array, { type: 'Q4_K', shape: [256, 512] })).toHaveLength(256 * 512);
    }
    expect(file.metadata.get('general.name')).toEqual({ type: 'string', value: 'small-llama' });
    expect(report).toMatchObject({
      kind: 'conversion',
      architecture: 'llama',
      type: 'Q4_K_M',
      files: [output()],
    });
    expect(report.elements).toBe(
      report.tensors.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b), 0),
    );
    expect(report.bitsPerWeight).toBeGreaterThan(4.5);
    await file.close();
  });

  it('makes the same bytes of a model in several files, and in several files', async () => {
    const { folder } = await saved({}, 500_000);
    expect(existsSync(join(folder, 'model.safetensors.index.json'))).toBe(true);
    const one = await convertToGguf(folder, output(), { type: 'Q8_0' });
    const split = await convertToGguf(folder, join(scratch, 's.gguf'), {
      type: 'Q8_0',
      maxShardBytes: 200_000,
    });
    expect(split.files.length).toBeGreaterThan(2);
    const [a, b] = [await openGguf(one.files[0]), await openGguf(split.files[0])];
    expect(Array.from(b.entries.keys())).toEqual(Array.from(a.entries.keys()));
    for (const name of a.entries.keys()) expect((await b.read(name)).data).toEqual((await a.read(name)).data);
    await Promise.all([a.close(), b.close()]);
  });

  it('tells of every fall-back, and takes none where it may not', async () => {
    const { folder } = await saved({ feedForward: 320 });
    const { tensors } = await convertToGguf(folder, output(), { type: 'Q4_K_M' });
    const changed = tensors.filter(({ fallback }) => fallback !== null);
    expect(changed.map(({ name, type, fallback }) => [name, type, fallback?.wanted])).toEqual([
      ['blk.0.ffn_down.weight', 'Q5_0', 'Q4_K'],
      ['blk.1.ffn_down.weight', 'Q8_0', 'Q6_K'],
    ]);
    rmSync(output());
    const options: PlanGgufOptions = { type: 'Q4_K_M', fallback: 'forbid' };
    await expect(convertToGguf(folder, output(), options)).rejects.toThrow(/CONVERT_FALLBACK/);
    expect(nothingWritten()).toEqual([]);
  });

  it('reads the vocabulary beside the weights', async () => {
    const { folder } = await saved({ vocabulary: 3, layers: 1 });
    const tokenizer = {
      pre_tokenizer: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
    };
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ eos_token: 'ab' }));
    writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages }}');
    // The path of the weights means the same model.
    await convertToGguf(join(folder, 'model.safetensors'), output(), { type: 'F16', name: 'abc' });
    const { metadata, close } = await openGguf(output());
    await close();
    expect(metadata.get('tokenizer.ggml.tokens')).toMatchObject({ value: ['a', 'b', 'ab'] });
    expect(metadata.get('tokenizer.ggml.eos_token_id')).toMatchObject({ value: 2 });
    expect(metadata.get('tokenizer.chat_template')).toMatchObject({ value: '{{ messages }}' });
    expect(metadata.get('general.name')).toMatchObject({ value: 'abc' });
  });

  it('reads tokenizer.model where there is no tokenizer.json', async () => {
    const { folder } = await saved({ vocabulary: 3, layers: 1 });
    // One piece, 'a': field 1 of the model, and its text, field 1 of the piece.
    writeFileSync(join(folder, 'tokenizer.model'), Uint8Array.of(10, 3, 10, 1, 97));
    await convertToGguf(folder, output(), { type: 'F16' });
    const { metadata, close } = await openGguf(output());
    await close();
    expect(metadata.get('tokenizer.ggml.tokens')).toMatchObject({ value: ['a', '[PAD1]', '[PAD2]'] });
  });

  it('shows how far it is, and stops when it is told to', async () => {
    const { folder } = await saved({ layers: 1 });
    const seen: Progress[] = [];
    await convertToGguf(folder, output(), { type: 'Q8_0', onProgress: (progress) => seen.push(progress) });
    expect(seen).toHaveLength(12);
    expect(seen[11].doneBytes).toBe(seen[11].totalBytes);
    rmSync(output());
    const controller = new AbortController();
    const reason = new Error('enough');
    const stopping = convertToGguf(folder, output(), {
      type: 'Q8_0',
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(stopping).rejects.toBe(reason);
    expect(nothingWritten()).toEqual([]);
  });
});

describe('convertToGguf() writes nothing', () => {
  it.each<[string, number, string]>([
    ['NaN', NaN, 'NON_FINITE'],
    ['an infinity', -Infinity, 'NON_FINITE'],
  ])('of a model that holds %s', async (_, bad, code) => {
    const { folder, tensors } = await saved({ layers: 1 });
    const weights = tensors.get('model.layers.0.self_attn.k_proj.weight')?.data as Float32Array;
    weights[777] = bad;
    const specs = Array.from(tensors, ([name, { dtype, shape }]) => ({ name, dtype, shape }));
    const data = ({ name }: { name: string }): Tensor['data'] => tensors.get(name)?.data as Tensor['data'];
    await saveSafetensors(join(folder, 'model.safetensors'), specs, data);
    const converting = convertToGguf(folder, output(), { type: 'Q4_K_M' });
    await expect(converting).rejects.toThrow(/"model\.layers\.0\.self_attn\.k_proj\.weight".* at index 777/);
    await expect(converting).rejects.toMatchObject({ code, index: 777 });
    expect(nothingWritten()).toEqual([]);
  });

  it('of one whose scales leave float16', async () => {
    const { folder, tensors } = await saved({ layers: 1 });
    const weights = tensors.get('lm_head.weight')?.data as Float32Array;
    weights[256] = 1e9;
    const specs = Array.from(tensors, ([name, { dtype, shape }]) => ({ name, dtype, shape }));
    const data = ({ name }: { name: string }): Tensor['data'] => tensors.get(name)?.data as Tensor['data'];
    await saveSafetensors(join(folder, 'model.safetensors'), specs, data);
    await expect(convertToGguf(folder, output(), { type: 'Q8_0' })).rejects.toThrow(
      /"output\.weight".*SCALE_NOT_FINITE/,
    );
    expect(nothingWritten()).toEqual([]);
  });

  it('without config.json, without weights, or with one that cannot be read', async () => {
    const { folder } = await saved({ layers: 1 });
    const failing = (): Promise<unknown> => convertToGguf(folder, output(), { type: 'F16' });
    writeFileSync(join(folder, 'config.json'), '{');
    await expect(failing()).rejects.toThrow(/config\.json expected JSON.*CONVERT_CONFIG/);
    writeFileSync(join(folder, 'config.json'), Uint8Array.of(0xff));
    await expect(failing()).rejects.toThrow(/config\.json expected text in UTF-8/);
    rmSync(join(folder, 'config.json'));
    await expect(failing()).rejects.toMatchObject({ code: 'ENOENT' });
    writeFileSync(join(folder, 'config.json'), '{}');
    await expect(failing()).rejects.toThrow(/CONVERT_ARCHITECTURE/);
    mkdirSync(join(folder, 'tokenizer.json'));
    await expect(failing()).rejects.toMatchObject({ code: 'EISDIR' });
    rmSync(join(folder, 'model.safetensors'));
    rmSync(join(folder, 'tokenizer.json'), { recursive: true });
    await expect(failing()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(nothingWritten()).toEqual([]);
  });

  it('for arguments of the wrong kind', async () => {
    const convert = convertToGguf as (...given: unknown[]) => Promise<unknown>;
    await expect(convert(3, output(), { type: 'F16' })).rejects.toThrow(TypeError);
    await expect(convert(scratch, '', { type: 'F16' })).rejects.toThrow(/path/);
    await expect(convert(scratch, output(), { kind: 'F16' })).rejects.toThrow(/known keys/);
    await expect(convert(scratch, output(), { type: 'F16', maxShardBytes: 0 })).rejects.toThrow(RangeError);
  });
});
