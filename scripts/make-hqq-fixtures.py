"""Writes test/fixtures/hqq.safetensors: scales and zero points as HQQ's own solver finds them, in groups of 64.
Needs: pip install torch==2.13.0 numpy hqq==0.2.8.post1 (of hqq only hqq/core/optimize.py is used)
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch
from hqq.core.optimize import optimize_weights_proximal

GROUP = 64


def inputs():
    random = np.random.default_rng(3)
    normal = random.standard_normal((64, GROUP))
    outliers = np.where(random.random((64, GROUP)) < 0.01, 10, 1)
    return {
        "normal": normal,
        "student4": random.standard_t(4, (64, GROUP)),
        "outliers": random.standard_normal((64, GROUP)) * outliers,
        "layer": random.standard_normal((64, GROUP)) * 0.02,
    }


def solve(w, bits):
    """The start that hqq/core/quantize.py makes, then the solver with its usual parameters."""
    most = 2**bits - 1
    low = w.min(dim=1, keepdim=True)[0]
    high = w.max(dim=1, keepdim=True)[0]
    scale = (most / (high - low)).clamp(max=2e4)
    _, scale, zero = optimize_weights_proximal(w, scale, -low * scale, [0, most], axis=1, device="cpu")
    return scale.numpy().ravel(), zero.numpy().ravel()


def main():
    arrays = {}
    for case, values in inputs().items():
        x = values.astype(np.float32)
        arrays[f"{case}/x"] = x
        for bits in (2, 3, 4):
            scale, zero = solve(torch.from_numpy(x), bits)
            arrays[f"{case}/{bits}/inverse_scale"] = scale.astype(np.float32)
            arrays[f"{case}/{bits}/zero"] = zero.astype(np.float32)
    write(Path(__file__).parent.parent / "test" / "fixtures" / "hqq.safetensors", arrays)


def write(path, arrays):
    header, data = {}, b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


main()
