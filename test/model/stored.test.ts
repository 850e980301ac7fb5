import {
  apply,
  planRecipe,
  readCompressed,
  sourceOfSafetensors,
  sourceOfTensors,
  writeCompressed,
} from 'tensorslim/model';
import { readSafetensors } from 'tensorslim/safetensors';
import { gzipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { FormatError } from '../../src/core/errors.js';
import type { TensorSource } from '../../src/core/source.js';
import { tensor } from '../../src/core/tensor.js';
import { bell } from '../support/models.js';

type Json = Record<string, unknown>;
type Change = (file: {
  metadata: Map<string, string>;
  entries: Map<string, unknown>;
  records: Json[];
}) => void;

let source: TensorSource;
beforeAll(async () => {
  const model = sourceOfTensors({ w: tensor(bell(1024, 1), [32, 32]), b: tensor(bell(32, 2), [32]) });
  const plan = planRecipe(model, { scheme: { scheme: 'affine', bits: 8 } });
  const tfjs = { ...apply(model, plan), modelJson: { format: 'graph-model' } };
  source = sourceOfSafetensors(readSafetensors(await writeCompressed(tfjs)));
});

/** The good file with something else in its metadata or its list of tensors. */
function changed(change: Change): TensorSource {
  const metadata = new Map(source.metadata);
  const entries = new Map<string, unknown>(source.entries);
  const records = JSON.parse(metadata.get('tensorslim.tensors') ?? '') as Json[];
  const before = JSON.stringify(records);
  change({ metadata, entries, records });
  if (JSON.stringify(records) !== before) metadata.set('tensorslim.tensors', JSON.stringify(records));
  return { ...source, metadata, entries: entries as TensorSource['entries'] };
}

const record =
  (field: string, value: unknown): Change =>
  ({ records }) =>
    void (records[0][field] = value);
const metadata =
  (key: string, value: string): Change =>
  (file) =>
    void file.metadata.set(`tensorslim.${key}`, value);
const gzipped = (text: string): string =>
  Buffer.from(gzipSync(new TextEncoder().encode(text))).toString('base64');

const DEFECTS: readonly (readonly [defect: string, code: string, change: Change])[] = [
  ['no version', 'COMPRESSED_NOT_COMPRESSED', ({ metadata: m }) => void m.delete('tensorslim.version')],
  ['a later version', 'COMPRESSED_VERSION', metadata('version', '2')],
  ['no format', 'COMPRESSED_METADATA', ({ metadata: m }) => void m.delete('tensorslim.format')],
  ['an unknown format', 'COMPRESSED_METADATA', metadata('format', 'onnx')],
  ['no records', 'COMPRESSED_METADATA', ({ metadata: m }) => void m.delete('tensorslim.tensors')],
  ['records that are no JSON', 'COMPRESSED_METADATA', metadata('tensors', '[{')],
  ['records that are no array', 'COMPRESSED_METADATA', metadata('tensors', '{}')],
  ['a record that is no object', 'COMPRESSED_METADATA', metadata('tensors', '[3]')],
  ['a name that is no text', 'COMPRESSED_METADATA', record('name', 3)],
  ['an unknown type', 'COMPRESSED_METADATA', record('dtype', 'float31')],
  ['a negative axis', 'COMPRESSED_METADATA', record('shape', [-1])],
  ['a size that is no whole number', 'COMPRESSED_METADATA', record('bytes', 1.5)],
  ['a header that is text', 'COMPRESSED_METADATA', record('header', 'x')],
  ['a header without arrays', 'COMPRESSED_METADATA', record('arrays', [])],
  ['arrays that are numbers', 'COMPRESSED_METADATA', record('arrays', [1])],
  ['arrays without a header', 'COMPRESSED_METADATA', record('header', null)],
  ['a short checksum', 'COMPRESSED_METADATA', record('crc32c', 'abc')],
  ['a checksum in capitals', 'COMPRESSED_METADATA', record('crc32c', 'ABCDEF01')],
  ['a tensor twice', 'COMPRESSED_DUPLICATE', ({ records }) => void records.push(records[1])],
  ['an array in two tensors', 'COMPRESSED_DUPLICATE', record('arrays', ['codes', 'codes'])],
  ['an array that is not there', 'COMPRESSED_ARRAY_MISSING', ({ entries }) => void entries.delete('w.scale')],
  ['an array that belongs to nothing', 'COMPRESSED_ARRAY_UNKNOWN', ({ records }) => void records.pop()],
  ['a model.json that is no base64', 'COMPRESSED_METADATA', metadata('model_json', '%')],
  ['a model.json that is no gzip', 'COMPRESSED_METADATA', metadata('model_json', 'AAAA')],
  ['a model.json that is no JSON', 'COMPRESSED_METADATA', metadata('model_json', gzipped('{'))],
  ['a model.json that is no object', 'COMPRESSED_METADATA', metadata('model_json', gzipped('[1]'))],
  [
    'a model.json of 4 GiB, it says',
    'COMPRESSED_METADATA',
    metadata('model_json', Buffer.from('ffffffffffffffff', 'hex').toString('base64')),
  ],
];

describe('readCompressed()', () => {
  it('reads the file before it is changed', async () => {
    const model = readCompressed(changed(() => undefined));
    expect(model.modelJson).toEqual({ format: 'graph-model' });
    expect((await model.read('w')).shape).toEqual([32, 32]);
  });

  it.each(DEFECTS)('finds %s: %s', (_, code, change) => {
    expect(() => readCompressed(changed(change))).toThrow(FormatError);
    expect(() => readCompressed(changed(change))).toThrow(expect.objectContaining({ code }));
    expect(() => readCompressed(changed(change))).toThrow(/^openCompressed: .* expected .*, got .* - /);
  });

  it.each([
    ['a shape', record('shape', [1024])],
    ['a type', record('dtype', 'float64')],
    ['a checksum', record('crc32c', '00000000')],
    ['a header', record('header', { kind: 'affine' })],
  ])('finds %s that is not the one that was written when the tensor is read', async (_, change) => {
    await expect(readCompressed(changed(change)).read('w')).rejects.toMatchObject({
      code: 'COMPRESSED_CHECKSUM',
    });
  });
});
