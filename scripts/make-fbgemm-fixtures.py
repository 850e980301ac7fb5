"""Writes test/fixtures/fbgemm.safetensors: fused rows of FBGEMM as torch's quantized operators make and read them. Needs: pip install torch==2.13.0
numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch

NAMES = {8: "byte", 4: "4bit", 2: "2bit"}


def table(columns):
    """Rows: normal, heavy-tailed, positive, constant, zeros, tiny, large, half steps (ties), a float16 subnormal range, one number of its own."""
    random = np.random.default_rng(columns)
    rows = [random.standard_normal(columns), random.standard_t(2, columns), random.random(columns) + 0.5, np.full(columns, 1.25)]
    rows += [np.zeros(columns), random.standard_normal(columns) * 1e-9, random.standard_normal(columns) * 1e3]
    rows += [random.integers(0, 511, columns) / 2, random.standard_normal(columns) * 1e-6, np.where(np.arange(columns) == 3, 1, 0)]
    rows.append(np.full(columns, 0.1))
    return np.stack(rows).astype(np.float32)


def main():
    arrays = {}
    # 44 columns leave a remainder behind vectors of 8, 16 and 32.
    for columns in [44, 4]:
        x = table(columns)
        arrays[f"{columns}/x"] = x
        for bits, name in NAMES.items():
            packed = getattr(torch.ops.quantized, f"embedding_bag_{name}_prepack")(torch.from_numpy(x))
            values = getattr(torch.ops.quantized, f"embedding_bag_{name}_unpack")(packed)
            arrays |= {f"{columns}/{bits}/bytes": packed.numpy(), f"{columns}/{bits}/values": values.numpy()}
    write("fbgemm.safetensors", arrays)


def write(name, arrays):
    header, offset = {}, 0
    # Wide types first, so that every array lies aligned.
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    for key, array in ordered:
        dtype = "F32" if array.itemsize == 4 else "U8"
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test" / "fixtures" / name
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for _, array in ordered))


main()
