"""Writes test/fixtures/bnb4.safetensors: NF4 and FP4 codes and largest magnitudes as ONNX Runtime's MatMulBnb4 quantizer gives
them, whose C++ decides by the thresholds of bitsandbytes' CUDA kernel. Needs: pip install onnxruntime==1.30.0 numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import numpy as np
from onnxruntime.capi._pybind_state import quantize_matmul_bnb4

KINDS = {"fp4": 0, "nf4": 1}
BLOCKS = [16, 32, 64, 128, 256]

NF4 = [0.03979014977812767, 0.3893125355243683, 0.6427869200706482, 0.8614784181118011, 0.5016634166240692,
       0.2035212516784668, 0.2920137718319893, 0.1202552504837513, -0.33967943489551544, -0.13791173323988914,
       -0.045525018125772476, -0.23460740596055984, -0.6106329262256622, -0.4599952697753906, -0.8480964004993439]
FP4 = [0.29166667, 0.583333, 0.8333333, 0.4166667, 0.0859375, 0.20833333, 0.00260417]


def thresholds():
    """Every threshold with its neighbours, zeros and small numbers, in blocks of 16 whose largest magnitude is 1."""
    middle = np.array([*NF4, *FP4, *[-t for t in FP4], 0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38], dtype=np.float32)
    near = np.concatenate([np.nextafter(middle, np.float32(-2)), middle, np.nextafter(middle, np.float32(2))])
    blocks = [np.append(near[i : i + 15], np.float32(1)) for i in range(0, len(near), 15)]
    return np.concatenate(blocks).astype(np.float32)


def main():
    random = np.random.default_rng(4)
    inputs = {
        "thresholds": thresholds(),
        "normal": random.standard_normal(777).astype(np.float32),
        "student": (random.standard_t(2, 1000) * 1e-3).astype(np.float32),
    }
    arrays = {}
    for case, x in inputs.items():
        arrays[f"{case}/x"] = x
        for kind, number in KINDS.items():
            for block in BLOCKS:
                packed = np.zeros((x.size + 1) // 2, dtype=np.uint8)
                absmax = np.zeros(-(-x.size // block), dtype=np.float32)
                quantize_matmul_bnb4(packed, x.reshape(1, -1).copy(), absmax, block, number, 1, x.size)
                arrays[f"{case}/{kind}/{block}/codes"] = packed
                arrays[f"{case}/{kind}/{block}/absmax"] = absmax
    header, offset = {}, 0
    for name, array in arrays.items():
        dtype = {"float32": "F32", "uint8": "U8"}[array.dtype.name]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test/fixtures/bnb4.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))


main()
