"""Writes test/fixtures/gptq-awq.safetensors: what AutoGPTQ 0.8 and AutoAWQ 0.2.9 pack of given codes and zero points.

Needs: pip install torch==2.13.0 numpy==2.4.6 auto-gptq autoawq
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch
from auto_gptq.nn_modules.qlinear.qlinear_cuda_old import QuantLinear
from awq.modules.linear.gemm import WQLinear_GEMM

ROWS, COLUMNS, GROUP = 32, 96, 32
GROUPS = COLUMNS // GROUP


def draw(bits, lowest_zero):
    """Codes and zero points, and the layer whose weights they are: scales are powers of two, so that nothing is rounded."""
    random = np.random.default_rng(bits)
    codes = random.integers(0, 2**bits, (ROWS, COLUMNS))
    zeros = random.integers(lowest_zero, 2**bits, (ROWS, GROUPS))
    scales = 2.0 ** random.integers(-6, -2, (ROWS, GROUPS))
    spread = lambda a: np.repeat(a, GROUP, axis=1)
    layer = torch.nn.Linear(COLUMNS, ROWS, bias=False, dtype=torch.float16)
    layer.weight.data = torch.from_numpy(spread(scales) * (codes - spread(zeros))).half()
    return codes.astype(np.uint8), zeros.astype(np.uint8), torch.from_numpy(scales).float(), layer


def main():
    arrays = {}
    for bits in [2, 3, 4, 8]:
        # AutoGPTQ's own pack turns a zero point of 0 into ones all over its word.
        codes, zeros, scales, layer = draw(bits, 1)
        packed = QuantLinear(bits, GROUP, COLUMNS, ROWS, False)
        packed.pack(layer, scales, torch.from_numpy(zeros).float(), None)
        arrays |= {f"gptq/{bits}/codes": codes, f"gptq/{bits}/zeros": zeros, f"gptq/{bits}/values": scales.numpy()}
        arrays |= {f"gptq/{bits}/{name}": getattr(packed, name).numpy() for name in ["qweight", "qzeros", "scales", "g_idx"]}
    codes, zeros, scales, layer = draw(4, 0)
    shape = lambda a: a.t().contiguous()
    packed = WQLinear_GEMM.from_linear(layer, 4, GROUP, scales=shape(scales), zeros=shape(torch.from_numpy(zeros).float()))
    arrays |= {"awq/4/codes": codes, "awq/4/zeros": zeros, "awq/4/values": scales.numpy()}
    arrays |= {f"awq/4/{name}": getattr(packed, name).numpy() for name in ["qweight", "qzeros", "scales"]}
    write("gptq-awq.safetensors", arrays)


def write(name, arrays):
    types = {"float32": "F32", "int32": "I32", "uint8": "U8", "float16": "U16"}
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
