/**
 * Makes test/fixtures/ggml from what ggml's own code wrote: `node scripts/make-ggml-fixtures.mjs <folder>`, where <folder> holds ggml.safetensors (`input/<case>`,
 * `imatrix`, `<type>/<case>/bytes` and `/dequantized`, `<type>.imatrix/...`) and ggml-random-bytes.safetensors (`random_bytes/<type>/bytes` and `/dequantized`), both by
 * ggml_quantize_chunk and to_float of a library built without fused multiply-add.
 *
 * Inputs and bytes are kept, each once: where importance changes nothing, or no bytes were written, there is no entry. Decoded values are kept
 * as a SHA-256 of their bits, every NaN as 0x7fc00000; those of arbitrary bytes are kept whole.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('make-ggml-fixtures: expected the folder of ggml.safetensors\n');
  process.exit(2);
}
const target = fileURLToPath(new URL('../test/fixtures/ggml', import.meta.url));

function read(name) {
  const file = readFileSync(join(folder, name));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length));
  delete header.__metadata__;
  return new Map(
    Object.entries(header).map(
      ([
        key,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [key, { dtype, shape, bytes: file.subarray(8 + length + begin, 8 + length + end) }],
    ),
  );
}

function write(name, tensors) {
  const header = {};
  let at = 0;
  // Larger elements first, so that every array is aligned.
  const sorted = [...tensors].sort(([, a], [, b]) => a.dtype.localeCompare(b.dtype));
  for (const [key, { dtype, shape, bytes }] of sorted) {
    header[key] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = Buffer.concat([length, padded, ...sorted.map(([, { bytes }]) => bytes)]);
  writeFileSync(join(target, name), file);
  process.stdout.write(`${name}: ${tensors.size} tensors, ${file.length} bytes\n`);
}

function hashOf({ bytes }) {
  const bits = new Uint32Array(new Uint8Array(bytes).buffer);
  for (let i = 0; i < bits.length; i++) if ((bits[i] & 0x7fffffff) > 0x7f800000) bits[i] = 0x7fc00000;
  const digest = createHash('sha256').update(new Uint8Array(bits.buffer)).digest();
  return { dtype: 'U8', shape: [32], bytes: digest };
}

mkdirSync(target, { recursive: true });
const golden = read('ggml.safetensors');
const kept = new Map();
for (const [key, tensor] of golden) {
  const [, type, case_] = /^(.+?)\/(.+)\/bytes$/.exec(key) ?? [];
  if (type === undefined) {
    if (!key.endsWith('/dequantized')) kept.set(key, tensor);
    continue;
  }
  const plain = golden.get(`${type.replace('.imatrix', '')}/${case_}/bytes`);
  if (tensor.bytes.length === 0 || (type.endsWith('.imatrix') && plain?.bytes.equals(tensor.bytes))) continue;
  kept.set(key, tensor);
  kept.set(key.replace('/bytes', '/sha256'), hashOf(golden.get(key.replace('/bytes', '/dequantized'))));
}
write('blocks.safetensors', kept);
write('random-bytes.safetensors', read('ggml-random-bytes.safetensors'));
