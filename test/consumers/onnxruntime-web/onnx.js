/** A graph of one MatMulNBits node in the bytes of ONNX: protocol buffers, only the fields that it needs (numbers from onnx.proto). */
import { Buffer } from 'node:buffer';

const FLOAT = 1;
const UINT8 = 2;
const FLOAT16 = 10;

function varint(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

const integer = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);

function block(field, ...parts) {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

const raw = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** GraphProto.initializer: dims 1, data_type 2, name 8, raw_data 9. */
const initializer = (name, type, dims, array) =>
  block(5, ...dims.map((d) => integer(1, d)), integer(2, type), block(8, name), block(9, raw(array)));

/** NodeProto.attribute: name 1, i 3, type 20 (INT is 2). */
const attribute = (name, value) => block(5, block(1, name), integer(3, value), integer(20, 2));

/** ValueInfoProto in the given field of the graph: name 1, type 2 > tensor_type 1 > elem_type 1, shape 2 > dim 1 > dim_value 1. */
const value = (field, name, type, dims) =>
  block(
    field,
    block(1, name),
    block(2, block(1, integer(1, type), block(2, ...dims.map((d) => block(1, integer(1, d)))))),
  );

/** y [rows, N] = x [rows, K] times the weight `q`. */
export function matMulNBitsModel(q, rows) {
  const type = q.scaleDtype === 'float16' ? FLOAT16 : FLOAT;
  const blocks = Math.ceil(q.K / q.blockSize);
  const blockBytes = (q.blockSize * q.bits) / 8;
  const inputs = ['x', 'b', 'scales', ...(q.zeroPoints === null ? [] : ['zeros'])];
  const attributes = { K: q.K, N: q.N, bits: q.bits, block_size: q.blockSize, accuracy_level: 1 };
  const node = block(
    1,
    ...inputs.map((name) => block(1, name)),
    block(2, 'y'),
    block(4, 'MatMulNBits'),
    ...Object.entries(attributes).map(([name, number]) => attribute(name, number)),
    block(7, 'com.microsoft'),
  );
  const initializers = [
    initializer('b', UINT8, [q.N, blocks, blockBytes], q.codes),
    initializer('scales', type, [q.N * blocks], q.scales),
  ];
  if (q.zeroPoints !== null)
    initializers.push(initializer('zeros', UINT8, [q.zeroPoints.length], q.zeroPoints));
  const graph = block(
    7,
    node,
    block(2, 'g'),
    ...initializers,
    value(11, 'x', type, [rows, q.K]),
    value(12, 'y', type, [rows, q.N]),
  );
  const opset = (domain, version) => block(8, block(1, domain), integer(2, version));
  return Buffer.concat([integer(1, 9), graph, opset('', 21), opset('com.microsoft', 1)]);
}
