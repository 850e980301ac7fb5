"""Writes test/fixtures/matmulnbits.safetensors: codes, scales and zero points of ONNX Runtime's MLAS quantizers for MatMulNBits, 2, 4 and 8
bits, float32 and float16. Needs: pip install onnxruntime==1.30.0 numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import numpy as np
from onnxruntime.capi import _pybind_state as ort

K, N = 65, 6
QUANTIZERS = {2: ort.quantize_matmul_2bits, 4: ort.quantize_matmul_4bits, 8: ort.quantize_matmul_8bits}


def weights():
    """Columns: normal, heavy-tailed, positive, half integers (ties), equal extremes of both signs, zeros and one number."""
    random = np.random.default_rng(5)
    columns = [random.standard_normal(K), random.standard_t(2, K), random.random(K) + 0.5, random.integers(-15, 16, K) / 2]
    columns.append(np.where(np.arange(K) % 2 == 0, 1.5, -1.5) * (np.arange(K) % 5 / 4))
    columns.append(np.where(np.arange(K) == 40, 2.5, 0))
    return np.stack(columns, axis=1).astype(np.float32)


def quantize(w, bits, block, symmetric):
    blocks = -(-K // block)
    codes = np.zeros((N, blocks, block * bits // 8), np.uint8)
    scales = np.zeros(N * blocks, w.dtype)
    zeros = np.zeros(N * -(-blocks * bits // 8), np.uint8)
    QUANTIZERS[bits](codes, np.ascontiguousarray(w), scales, zeros, block, N, K, symmetric)
    return codes, scales, zeros


def main():
    w = weights()
    arrays = {"w": w}
    for name, dtype in [("float32", np.float32), ("float16", np.float16)]:
        for bits in QUANTIZERS:
            for block in [16, 32, 64, 128]:
                for symmetric in [True, False]:
                    mapping = "symmetric" if symmetric else "asymmetric"
                    case = f"{name}/{bits}/{block}/{mapping}"
                    codes, scales, zeros = quantize(w.astype(dtype), bits, block, symmetric)
                    arrays |= {f"{case}/codes": codes, f"{case}/scales": scales}
                    if not symmetric:
                        arrays[f"{case}/zeroPoints"] = zeros
    write("matmulnbits.safetensors", arrays)


def write(name, arrays):
    types = {"float32": "F32", "float16": "U16", "uint8": "U8"}
    header, offset = {}, 0
    # Wide types first, so that every array lies aligned; float16 is written as its bits.
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    for key, array in ordered:
        header[key] = {"dtype": types[array.dtype.name], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test" / "fixtures" / name
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for _, array in ordered))


main()
