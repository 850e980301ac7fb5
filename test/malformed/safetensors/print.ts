/**
 * Prints files with our verdict, one JSON line each, for scripts/compare-safetensors.py: the corpus, then mutants of small
 * files: every value of every byte, and as many random edits of tokens as the argument says.
 */
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { FormatError } from '../../../src/core/errors.js';
import { createRandom } from '../../../src/core/random.js';
import { file, MALFORMED, MALFORMED_DATA, UNUSUAL } from './cases.js';

type Verdict = 'accepts' | 'rejects';

function print(name: string, bytes: Uint8Array, reference: Verdict | null): void {
  const base64 = Buffer.from(bytes).toString('base64');
  process.stdout.write(`${JSON.stringify({ name, reference, ours: verdictOf(bytes), base64 })}\n`);
}

function verdictOf(bytes: Uint8Array): Verdict {
  try {
    const opened = readSafetensors(bytes);
    for (const name of opened.tensors.keys()) opened.tensor(name);
    return 'accepts';
  } catch (error) {
    if (error instanceof FormatError) return 'rejects';
    throw error;
  }
}

for (const { name, bytes, reference } of [...MALFORMED, ...MALFORMED_DATA]) print(name, bytes, reference);
for (const { name, bytes } of UNUSUAL) print(name, bytes, 'accepts');

const small = writeSafetensors(
  [
    { name: 'a', dtype: 'float32', shape: [1], data: Float32Array.of(1.5) },
    { name: 'b\n', dtype: 'uint8', shape: [2, 1], data: Uint8Array.of(7, 9) },
  ],
  new Map([['k', 'v']]),
);
for (let at = 0; at < small.length; at++) {
  for (let value = 0; value < 256; value++) {
    const mutant = small.slice();
    mutant[at] = value;
    print(`byte ${at} = ${value}`, mutant, null);
  }
}

/** Pieces of headers, right ones and wrong ones. */
const TOKENS = [
  ...'{}[]",:0123456789 \n\\eE.-+'.split(''),
  ...['"a"', '"b"', '"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"F32"', '"U8"', '"F4"', '"BOOL"', '"C64"'],
  ...['null', 'true', '[0,4]', '[1]', '[]', '{}', '\\u0061', '\\ud800', '\u00e9', '4294967296', '18446744073709551616'],
];
const HEADER =
  '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}';
const random = createRandom(20_260_824);
const below = (n: number): number => Math.floor(random.float() * n);
for (let i = 0; i < Number(process.argv[2] ?? 0); i++) {
  let header = HEADER;
  for (let edits = 1 + below(3); edits > 0; edits--) {
    const at = below(header.length + 1);
    const token = below(4) === 0 ? '' : TOKENS[below(TOKENS.length)];
    header = header.slice(0, at) + token + header.slice(at + below(3) * below(8));
  }
  print(`mutant ${i}`, file(header, 6), null);
}
