"""Writes test/fixtures/bnb-dynamic.safetensors: what bitsandbytes' own functions make of the dynamic map, of blocks in it and of nested absmax.

    python3 scripts/make-bnb-dynamic-fixtures.py <clone of bitsandbytes>

Needs torch and numpy. The functions are taken from the clone's sources by name and run as they are, on the CPU: create_dynamic_map, and
quantize_blockwise of the default backend, which decides ties otherwise than CUDA's kernel but not the random numbers here.
Made with torch 2.14.1 (AVX-512) and bitsandbytes 95f9af30 (2026-08-19).
"""
import ast
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

clone = sys.argv[1]


def source(path: str) -> str:
    return subprocess.check_output(["git", "-C", clone, "show", f"HEAD:{path}"], text=True)


def kernel(name: str):
    """The function of the default backend that is registered under this name."""
    for node in ast.parse(source("bitsandbytes/backends/default/ops.py")).body:
        if isinstance(node, ast.FunctionDef) and any(name in ast.dump(d) for d in node.decorator_list):
            node.decorator_list, node.name = [], "kernel"
            scope = {"torch": torch}
            exec(compile(ast.Module([node], []), name, "exec"), scope)
            return scope["kernel"]
    raise KeyError(name)


def create_dynamic_map():
    for node in ast.parse(source("bitsandbytes/functional.py")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "create_dynamic_map":
            scope = {"torch": torch}
            exec(compile(ast.Module([node], []), node.name, "exec"), scope)
            return scope[node.name]()
    raise KeyError("create_dynamic_map")


def main():
    quantize = kernel("bitsandbytes::quantize_blockwise")
    table = create_dynamic_map()
    x = torch.from_numpy(np.random.default_rng(8).standard_normal(4096).astype(np.float32))
    arrays = {"map": table, "x": x}
    for block in (64, 256, 4096):
        arrays[f"{block}/codes"], arrays[f"{block}/absmax"] = quantize(x, table, block)
    # As quantize_4bit(compress_statistics=True) nests the magnitudes of blocks of 8: two blocks of 256.
    absmax = x.reshape(-1, 8).abs().max(dim=1)[0]
    offset = absmax.mean()
    arrays["nested/codes"], arrays["nested/absmax"] = quantize(absmax - offset, table, 256)
    arrays["nested/offset"] = offset.reshape(1)
    header, offset = {}, 0
    parts = {name: tensor.numpy() for name, tensor in arrays.items()}
    for name, array in parts.items():
        dtype = {"float32": "F32", "uint8": "U8"}[array.dtype.name]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test/fixtures/bnb-dynamic.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in parts.values()))


main()
