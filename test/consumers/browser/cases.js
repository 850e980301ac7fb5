/** What Node and the browser both compute: every result as a line of text that ends in a hash of all its bits. */
import { allocate, backend, decompress, free, fromBytes, setBackend, toBytes } from 'tensorslim';
import { quantizeAffine, quantizeFloat } from 'tensorslim/quantize';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { encodeTfjsWeight } from 'tensorslim/tfjs';

/** Weights in the shape of a bell from integer arithmetic alone, with zeros of both signs, subnormals and large values. */
function weights(count) {
  const x = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < 4; k++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      sum += state / 2 ** 32 - 0.5;
    }
    x[i] = sum;
  }
  x.set([0, -0, 1e-45, -1e-40, 1e30, -3e38], 7);
  return x;
}

function fnv1a(bytes) {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);

const SHAPE = [97, 131];

function linesOf(x, where) {
  const lines = [];
  const add = (name, bytes) => lines.push(`${where}: ${name}: ${bytes.length} bytes, ${fnv1a(bytes)}`);
  const input = { data: x, shape: SHAPE };
  const affine = [
    { bits: 8 },
    { bits: 8, mapping: 'asymmetric', granularity: { kind: 'axis', axis: 1 } },
    { bits: 4, granularity: { kind: 'group', groupSize: 32 }, scaleDtype: 'float16' },
    { bits: 3, granularity: { kind: 'block', blockShape: [16, 16] }, rounding: 'stochastic', seed: 7 },
    { bits: 16, mapping: 'symmetricFull', rounding: 'halfAwayFromZero' },
  ];
  for (const options of affine) {
    const q = quantizeAffine(input, options);
    add(`affine ${JSON.stringify(options)}`, toBytes(q));
    add('its values', bytesOf(decompress(fromBytes(toBytes(q))).data));
  }
  for (const dtype of ['bfloat16', 'float8_e4m3fn']) {
    add(
      dtype,
      toBytes(
        quantizeFloat({ data: x.map((v) => Math.max(-400, Math.min(400, v))), shape: SHAPE }, { dtype }),
      ),
    );
  }
  const file = writeSafetensors([{ name: '__proto__', data: x.slice(), shape: SHAPE, dtype: 'float32' }]);
  add('safetensors', file);
  add('its tensor', bytesOf(readSafetensors(file).tensor('__proto__').data));
  add('tfjs uint8', bytesOf(encodeTfjsWeight(x.slice(), 'uint8').data));
  return lines;
}

/** The lines with each backend, from an ordinary array and from one in the kernels' memory. */
export function results() {
  const x = weights(SHAPE[0] * SHAPE[1]);
  const lines = [];
  for (const name of ['simd', 'scalar']) {
    setBackend(name);
    lines.push(`backend: ${backend()}`, ...linesOf(x, `${name}, ordinary array`));
    const own = allocate(SHAPE, 'float32');
    own.set(x);
    lines.push(...linesOf(own, `${name}, kernels' memory`));
    free(own);
  }
  return lines;
}
