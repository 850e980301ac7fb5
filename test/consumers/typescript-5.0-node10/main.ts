import { deepEqual, equal } from 'node:assert/strict';
import { byteSize, decompress, errorBound, fromBytes, measureError, tensor, toBytes } from 'tensorslim';
import type { Compressed, Tensor } from 'tensorslim';
import { fromNdarray, toNdarray } from 'tensorslim/interop';
import { openSafetensors, saveSafetensors } from 'tensorslim/node';
import { quantizeAffine, type AffineTensor } from 'tensorslim/quantize';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { decodeTfjsWeight, encodeTfjsWeight } from 'tensorslim/tfjs';

const x: Tensor = tensor(Float32Array.of(-1, 0, 0.5, 1), [2, 2]);
const q: AffineTensor = quantizeAffine(x, { bits: 8, granularity: { kind: 'axis', axis: 0 } });
const scale: Float32Array | Float64Array = q.scale;
const bits: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 16 = q.bits;
equal(scale.length, 2);
equal(bits, 8);

// @ts-expect-error bits is one of nine numbers
void (() => quantizeAffine(x, { bits: 9 }));
// @ts-expect-error the scale is an array
const notScale: string = q.scale;
// @ts-expect-error the shape is readonly
void (() => (q.shape[0] = 1));
// @ts-expect-error a granularity has a kind
void ({ axis: 0 } satisfies AffineTensor['granularity']);

const c: Compressed = fromBytes(toBytes(q));
if (c.kind === 'affine') equal(c.mapping, 'symmetric');
// @ts-expect-error no kind of this name
void (c.kind === 'zip');
equal(byteSize(c), 12);
equal(decompress(c).shape.length, 2);
equal(measureError(x, c).maxAbs <= errorBound(c).maxAbs, true);
// @ts-expect-error a bound holds numbers
const notBound: string = errorBound(c).maxAbs;

const bytes: Uint8Array = writeSafetensors([{ name: 'x', ...x }]);
deepEqual(readSafetensors(bytes).tensor('x').data, x.data);
// @ts-expect-error not the name of a file but its bytes
void (() => readSafetensors('x.safetensors'));

const stored = encodeTfjsWeight(Float32Array.of(0, 1), 'uint8');
// @ts-expect-error tfjs knows three types
void (() => encodeTfjsWeight(Float32Array.of(0, 1), 'uint4'));
equal(typeof decodeTfjsWeight, 'function');
equal(typeof stored, 'object');

equal(toNdarray(x).get(1, 0), 0.5);
deepEqual(fromNdarray(toNdarray(x)).data, x.data);
equal(typeof openSafetensors, 'function');
equal(typeof saveSafetensors, 'function');
void [notScale, notBound];
