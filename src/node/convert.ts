/** convertToGguf. */
import { basename, dirname, join, resolve } from 'node:path';
import type { TypedArray } from '../core/arrays.js';
import { DTYPES } from '../core/dtype.js';
import { describe, IoError } from '../core/errors.js';
import { GGML_TYPES } from '../core/ggml-types.js';
import { checkInteger, checkOptions } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import { convertError } from '../model/convert/errors.js';
import { encodeGgufTensor } from '../model/convert/encode.js';
import { PLAN_KEYS, planGguf } from '../model/convert/plan.js';
import type {
  Conversion,
  ConvertedTensor,
  GgufPlan,
  GgufPlanEntry,
  ModelFiles,
  PlanGgufOptions,
} from '../model/convert/types.js';
import type { WorkOptions } from '../model/types.js';
import { checkPath } from './atomic.js';
import { readWhole } from './files.js';
import { checkGgufTensor } from './gguf-check.js';
import { saveGguf, type SavedGguf } from './gguf-save.js';
import { attempt, errnoOf } from './io-error.js';
import { systemIo } from './io.js';
import { openSafetensors, type SafetensorsSource } from './safetensors.js';

export interface ConvertToGgufOptions extends PlanGgufOptions, WorkOptions {
  /** Splits a larger model into files, as saveGguf does. */
  readonly maxShardBytes?: number;
}

const FN = 'convertToGguf';

/**
 * Converts a Hugging Face model to a GGUF file and returns what became of every tensor: type, size, measured error. The file appears, or
 * replaces the old one, when everything is on the disk; its numbers are checked on the way as checkGgufTensor does.
 *
 * Cost: one tensor of the model and the same encoded are in memory at a time, and the one before where the garbage collector is late: 523 MB at the
 * peak for bfloat16 tensors of 262 MB under Q8_0.
 *
 * Compatible with: llama.cpp (August 2026): the types and the bytes of llama-quantize from the F32 file of the same model, see planGguf.
 *
 * @param path the folder of a model: config.json, *.safetensors or its index, tokenizer.json (or tokenizer.model) and tokenizer_config.json
 * @param output the file to make or replace
 * @param options those of planGguf; maxShardBytes, signal, onProgress
 * @throws FormatError CONVERT_* and codes of safetensors (docs/formats.md), NumericError for values that the file cannot hold, IoError. In every case
 * nothing was written.
 * @see planGguf
 * @example
 * const { bytes, bitsPerWeight } = await convertToGguf('tiny-llama', 'tiny.gguf', { type: 'Q4_K_M' });
 */
export async function convertToGguf(
  path: string,
  output: string,
  options: ConvertToGgufOptions,
): Promise<Conversion> {
  checkPath(path, FN);
  checkPath(output, FN);
  const keys = [...PLAN_KEYS, 'maxShardBytes', 'signal', 'onProgress'] as const;
  const { maxShardBytes, signal, onProgress, ...planOptions } = checkOptions(FN, options, keys);
  if (maxShardBytes !== undefined) {
    checkInteger(FN, 'maxShardBytes', maxShardBytes, 1, Number.MAX_SAFE_INTEGER);
  }
  const files = await readModelFiles(path);
  const model = await openSafetensors(path);
  try {
    const plan = planGguf(model, files, {
      name: basename(resolve(path)),
      ...planOptions,
    } as PlanGgufOptions);
    const converter = new Converter(model, plan, {
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    const saved = await saveGguf(output, plan.entries, ({ name }) => converter.convert(name), {
      metadata: plan.metadata,
      check: checkGgufTensor,
      ...(maxShardBytes !== undefined && { maxShardBytes }),
      ...(signal && { signal }),
    });
    return conversionOf(plan, converter.done, saved);
  } finally {
    await model.close();
  }
}

/** Reads tensors of the model into one room, one after the other, and keeps what is said of each. */
class Converter {
  readonly done: ConvertedTensor[] = [];
  readonly #model: SafetensorsSource;
  readonly #entries: ReadonlyMap<string, GgufPlanEntry>;
  readonly #work: WorkOptions;
  readonly #totalBytes: number;
  readonly #room: ArrayBuffer;
  #doneBytes = 0;

  constructor(model: SafetensorsSource, { entries }: GgufPlan, work: WorkOptions) {
    this.#model = model;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#work = work;
    const sizes = entries.map((entry) => this.#sourceBytes(entry));
    this.#totalBytes = sizes.reduce((sum, size) => sum + size, 0);
    this.#room = new ArrayBuffer(Math.max(0, ...sizes));
  }

  async convert(name: string): Promise<TypedArray> {
    this.#work.signal?.throwIfAborted();
    const entry = this.#entries.get(name) as GgufPlanEntry;
    const { data, measures } = encodeGgufTensor(entry, await this.#read(entry));
    const { source, type, shape, fallback, importance } = entry;
    const { elements, bytes } = GGML_TYPES[type];
    this.done.push({
      name,
      source,
      type,
      shape,
      bytes: data.byteLength,
      bitsPerWeight: (8 * bytes) / elements,
      measures,
      fallback,
      hasImportance: importance !== null,
    });
    this.#doneBytes += this.#sourceBytes(entry);
    this.#work.onProgress?.({ doneBytes: this.#doneBytes, totalBytes: this.#totalBytes, name });
    return data as TypedArray;
  }

  #sourceBytes({ source }: GgufPlanEntry): number {
    return source === null ? 0 : (this.#model.entries.get(source)?.byteLength ?? 0);
  }

  async #read({ source, shape, values }: GgufPlanEntry): Promise<Parameters<typeof encodeGgufTensor>[1]> {
    if (source === null) return { data: Float32Array.from(values ?? []), shape, dtype: 'float32' };
    const { dtype } = this.#model.entries.get(source) as { dtype: keyof typeof DTYPES };
    const length = elementCount(shape, FN);
    return this.#model.read(source, { into: new DTYPES[dtype].array(this.#room, 0, length) });
  }
}

function conversionOf(plan: GgufPlan, tensors: readonly ConvertedTensor[], saved: SavedGguf): Conversion {
  const elements = tensors.reduce((sum, { shape }) => sum + elementCount(shape, FN), 0);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return {
    kind: 'conversion',
    version: 1,
    architecture: plan.architecture,
    type: plan.type,
    files: saved.files,
    bytes: saved.bytes,
    elements,
    bitsPerWeight: elements === 0 ? 0 : (8 * bytes) / elements,
    tensors,
    notes: plan.notes,
  };
}

/** Vocabularies of 256,000 tokens take 20 MB. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** config.json and the tokenizer's files of a folder, or of the folder that an index or a file lies in. */
async function readModelFiles(path: string): Promise<ModelFiles> {
  const stats = await attempt(() => systemIo.stat(path), 'open', path);
  const folder = stats.isDirectory() ? path : dirname(path);
  const config = await readText(join(folder, 'config.json'));
  if (config === undefined) {
    const message = `open: ${describe(path)} expected a folder with config.json, got none - name the folder of a Hugging Face model`;
    throw new IoError('ENOENT', join(folder, 'config.json'), message);
  }
  const tokenizer = await readText(join(folder, 'tokenizer.json'));
  const sentencePiece =
    tokenizer === undefined ? await readBytes(join(folder, 'tokenizer.model')) : undefined;
  const tokenizerConfig = await readText(join(folder, 'tokenizer_config.json'));
  const chatTemplate = await readText(join(folder, 'chat_template.jinja'));
  return {
    config: parse(config, 'config.json'),
    ...(tokenizer !== undefined && { tokenizer: parse(tokenizer, 'tokenizer.json') }),
    ...(sentencePiece !== undefined && { sentencePiece }),
    ...(tokenizerConfig !== undefined && {
      tokenizerConfig: parse(tokenizerConfig, 'tokenizer_config.json'),
    }),
    ...(chatTemplate !== undefined && { chatTemplate }),
  };
}

/** The text of a file; undefined where there is none. */
async function readText(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path);
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw convertError('CONVERT_CONFIG', basename(path), 'text in UTF-8', 'other bytes', 'fetch it again');
  }
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readWhole(systemIo, path, (size) => {
      if (size <= MAX_FILE_BYTES) return;
      const expected = `at most ${MAX_FILE_BYTES} bytes`;
      throw convertError('CONVERT_CONFIG', basename(path), expected, String(size), 'fetch it again');
    });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw convertError('CONVERT_CONFIG', name, 'JSON', (error as Error).message, 'fetch it again');
  }
}
