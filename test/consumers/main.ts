import { deepEqual, equal } from 'node:assert/strict';
import { byteSize, decompress, errorBound, fromBytes, measureError, tensor, toBytes } from 'tensorslim';
import type { Compressed, Tensor } from 'tensorslim';
import { fromNdarray, toNdarray } from 'tensorslim/interop';
import {
  apply,
  planRecipe,
  presetRecipe,
  sourceOfTensors,
  verify,
  type Recipe,
  type Report,
} from 'tensorslim/model';
import { openSafetensors, saveSafetensors } from 'tensorslim/node';
import { quantizeAffine, type AffineTensor } from 'tensorslim/quantize';
import { readSafetensors, writeSafetensors } from 'tensorslim/safetensors';
import { histogram, histogramSvg, type Histogram } from 'tensorslim/plot';
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

// A plain Float32Array, which from TypeScript 5.7 on may lie over shared memory, is what other packages hand out.
const plain: Float32Array = new Float32Array(4);
const plainBytes: Uint8Array = toBytes(quantizeAffine({ data: plain, shape: [2, 2] }, { bits: 4 }));
deepEqual(decompress(fromBytes(plainBytes), { out: plain }).data, new Float32Array(4));

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
const counts: Histogram = histogram(x, { bins: 2 });
deepEqual(counts.counts, [1, 3]);
equal(histogramSvg(counts).startsWith('<svg'), true);
// @ts-expect-error bins is a number
void (() => histogram(x, { bins: 'many' }));

const recipe: Recipe = presetRecipe('int8', 'safetensors');
const model = sourceOfTensors({ w: tensor(new Float32Array(4096).fill(0.5), [64, 64]) });
const promise: Promise<Report> = verify(model, apply(model, planRecipe(model, recipe)));
// @ts-expect-error a promise of a report is not a report
const notReport: Report = promise;
void promise.then((report) => equal(report.tensors[0]?.name, 'w'));

equal(typeof openSafetensors, 'function');
equal(typeof saveSafetensors, 'function');
void [notScale, notBound, notReport];
