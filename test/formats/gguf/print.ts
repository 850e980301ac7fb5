/** Writes a corpus into the folder that it is given, and what is in it as JSON: for scripts/compare-gguf.py. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GGML_TYPES, type GgmlTypeName } from '../../../src/core/ggml-types.js';
import { corpus } from './corpus.js';

const [, , folder, ...without] = process.argv;
const types = (Object.keys(GGML_TYPES) as GgmlTypeName[]).filter((type) => !without.includes(type));
const files = corpus(200, types).map(({ name, bytes, tensors }) => {
  writeFileSync(join(folder, name), bytes);
  return {
    name,
    tensors: tensors.map((tensor) => {
      const { buffer, byteOffset, byteLength } = tensor.data;
      const stored = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
      const sha256 = createHash('sha256').update(stored).digest('hex');
      return { name: tensor.name, type: tensor.type, shape: tensor.shape, sha256 };
    }),
  };
});
writeFileSync(join(folder, 'corpus.json'), JSON.stringify(files));
