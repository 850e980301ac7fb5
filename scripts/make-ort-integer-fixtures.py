"""Writes test/fixtures/ort-integer.safetensors: int32 products of ONNX Runtime's MatMulInteger and codes of its QLinearMatMul (CPU), for
every mix of int8 and uint8, with and without zero points. Needs: pip install onnxruntime==1.30.0 onnx==1.23.1 numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

M, K, N = 5, 70, 9
TYPES = {"int8": (np.int8, TensorProto.INT8), "uint8": (np.uint8, TensorProto.UINT8)}


def run(operator, inputs, output_type):
    names = list(inputs)
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()]
    node = helper.make_node(operator, names, ["y"])
    graph = helper.make_graph([node], "g", infos, [helper.make_tensor_value_info("y", output_type, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def codes(random, kind, shape):
    limits = np.iinfo(TYPES[kind][0])
    return random.integers(limits.min, limits.max + 1, shape).astype(TYPES[kind][0])


def main():
    random = np.random.default_rng(11)
    arrays = {}
    for a_kind, b_kind in [("uint8", "uint8"), ("uint8", "int8"), ("int8", "int8")]:
        a, b = codes(random, a_kind, (M, K)), codes(random, b_kind, (K, N))
        case = f"{a_kind}-{b_kind}"
        arrays |= {f"{case}/a": a, f"{case}/b": b}
        a_zero, b_zero = codes(random, a_kind, ()), codes(random, b_kind, ())
        b_zeros = codes(random, b_kind, (N,))
        arrays |= {f"{case}/aZero": a_zero.reshape(1), f"{case}/bZero": b_zero.reshape(1), f"{case}/bZeros": b_zeros}
        plain = {"a": a, "b": b}
        arrays[f"{case}/plain"] = run("MatMulInteger", plain, TensorProto.INT32)
        arrays[f"{case}/zero"] = run("MatMulInteger", {**plain, "az": a_zero, "bz": b_zero}, TensorProto.INT32)
        arrays[f"{case}/zeros"] = run("MatMulInteger", {**plain, "az": a_zero, "bz": b_zeros}, TensorProto.INT32)
        scales = {"as": np.float32(0.02), "bs": np.float32(0.01), "ys": np.float32(0.7)}
        y_zero = codes(random, a_kind, ())
        linear = {"a": a, "as": scales["as"], "az": a_zero, "b": b, "bs": scales["bs"], "bz": b_zero, "ys": scales["ys"], "yz": y_zero}
        linear = {name: np.asarray(value) for name, value in linear.items()}
        arrays[f"{case}/linear"] = run("QLinearMatMul", linear, TYPES[a_kind][1])
        arrays[f"{case}/yZero"] = y_zero.reshape(1)
    write("ort-integer.safetensors", arrays)


def write(name, arrays):
    header, offset = {}, 0
    # Wide types first, so that every array lies aligned; signed bytes are written as bytes.
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    for key, array in ordered:
        dtype = "I32" if array.itemsize == 4 else "U8"
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test/fixtures" / name
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for _, a in ordered))


main()
