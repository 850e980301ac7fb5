"""Writes test/fixtures/checkpoints.safetensors: words that compressed-tensors packs, and states of 4-bit weights that bitsandbytes saves.

Needs: pip install torch==2.13.0 numpy==2.4.6 compressed-tensors bitsandbytes. Of bitsandbytes only QuantState is used.
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch
from bitsandbytes.functional import QuantState, create_dynamic_map
from compressed_tensors.compressors.quantized_compressors.pack_quantized import pack_to_int32

# Offsets whose JSON differs between Python and JavaScript, or might.
OFFSETS = [0.25, 3.0, 1e-05, 1.5e-07, 123456.789, 0.0001, 0.0, 1e16, 2.5e20, -1e-30]


def words(arrays):
    random = np.random.default_rng(7)
    for bits in range(1, 9):
        low = -(2 ** (bits - 1))
        codes = random.integers(low, low + 2**bits, (5, 37)).astype(np.int8)
        arrays[f"packed/{bits}/codes"] = codes.view(np.uint8)
        arrays[f"packed/{bits}/columns"] = pack_to_int32(torch.from_numpy(codes), bits).numpy()
        arrays[f"packed/{bits}/rows"] = pack_to_int32(torch.from_numpy(codes), bits, packed_dim=0).contiguous().numpy()


def states(arrays):
    levels = torch.arange(16, dtype=torch.float32)
    for i, offset in enumerate(OFFSETS):
        inner = QuantState(absmax=torch.ones(1), blocksize=256, code=create_dynamic_map(), dtype=torch.float32)
        state = QuantState(
            absmax=torch.zeros(2, dtype=torch.uint8), shape=torch.Size([2, 64]), code=levels, blocksize=64, quant_type="nf4",
            dtype=torch.bfloat16, offset=torch.tensor(offset), state2=inner,
        )
        arrays[f"nested/{i}"] = state.as_dict(packed=True)["quant_state.bitsandbytes__nf4"].numpy()
    arrays["offsets"] = np.array(OFFSETS, np.float32)
    for dtype in [torch.float32, torch.float16]:
        state = QuantState(absmax=torch.ones(4), shape=torch.Size([3, 5, 7]), code=levels, blocksize=32, quant_type="fp4", dtype=dtype)
        arrays[f"plain/{dtype}"] = state.as_dict(packed=True)["quant_state.bitsandbytes__fp4"].numpy()


def main():
    arrays = {}
    words(arrays)
    states(arrays)
    write("checkpoints.safetensors", arrays)


def write(name, arrays):
    types = {"float32": "F32", "int32": "I32", "uint8": "U8"}
    header, offset = {}, 0
    # Wide types first, so that every array lies aligned; signed bytes are written as bytes.
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    for key, array in ordered:
        header[key] = {"dtype": types[array.dtype.name], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test" / "fixtures" / name
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for _, array in ordered))


main()
