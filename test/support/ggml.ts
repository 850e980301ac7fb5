import { createHash } from 'node:crypto';
import { BLOCK_TYPES, type BlockType } from 'tensorslim/blocks';
import { readGolden } from './golden.js';

const golden = readGolden('ggml/blocks.safetensors');
const random = readGolden('ggml/random-bytes.safetensors');

export const TYPES = Object.keys(BLOCK_TYPES) as BlockType[];

export const CASES: string[] = [...golden.keys()]
  .filter((name) => name.startsWith('input/'))
  .map((name) => name.slice('input/'.length));

export const SHAPE = [4, 512];

export const inputOf = (name: string): Float32Array => golden.get(`input/${name}`)?.data as Float32Array;

export const IMPORTANCE: Float32Array = golden.get('imatrix')?.data as Float32Array;

/** ggml's name of a type: q4_K, iq2_xxs. */
const nameOf = (type: BlockType): string => type.toLowerCase().replace(/_k$/, '_K');

export interface Vector {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** What ggml wrote for a case, or null where it wrote nothing. Importance that changed nothing is not kept twice. */
export function vectorOf(type: BlockType, name: string, hasImportance: boolean): Vector | null {
  const plain = `${nameOf(type)}/${name}`;
  const weighted = `${nameOf(type)}.imatrix/${name}`;
  const key = hasImportance && golden.has(`${weighted}/bytes`) ? weighted : plain;
  const bytes = golden.get(`${key}/bytes`);
  const hash = golden.get(`${key}/sha256`);
  if (bytes === undefined || hash === undefined) return null;
  return { bytes: bytes.data as Uint8Array, hash: Buffer.from(hash.data as Uint8Array).toString('hex') };
}

/** SHA-256 of the bits, every NaN as 0x7fc00000. */
export function hashOf(values: Float32Array): string {
  const bits = new Uint32Array(values.slice().buffer);
  for (let i = 0; i < bits.length; i++) if ((bits[i] & 0x7fffffff) > 0x7f800000) bits[i] = 0x7fc00000;
  return createHash('sha256').update(new Uint8Array(bits.buffer)).digest('hex');
}

/** Arbitrary bytes and what ggml decodes them to. */
export function randomBytesOf(type: BlockType): { bytes: Uint8Array; values: Float32Array } | null {
  const bytes = random.get(`random_bytes/${nameOf(type)}/bytes`);
  const values = random.get(`random_bytes/${nameOf(type)}/dequantized`);
  if (bytes === undefined || values === undefined) return null;
  return { bytes: bytes.data as Uint8Array, values: values.data as Float32Array };
}
