"""Writes test/fixtures/torchao-mx.safetensors: what torchao's own functions make of hard inputs.

    python3 scripts/make-torchao-fixtures.py <clone of pytorch/ao> <output>

Needs torch and numpy. The functions are taken from the clone's sources by name and run as they are; torchao itself need not be installed.
Made with torch 2.14.1 (CPU) and torchao 36027d82 (2026-08-21).
"""

import ast
import json
import math
import struct
import subprocess
import sys
from enum import Enum
from typing import List, Optional, Tuple, Union

import numpy as np
import torch

CLONE, OUTPUT = sys.argv[1:]
FORMATS = "torchao/prototype/mx_formats"
ao = dict(
    torch=torch, math=math, np=np, Enum=Enum, List=List, Optional=Optional, Tuple=Tuple, Union=Union, Tensor=torch.Tensor,
    torch_version_at_least=lambda version: True,
    is_fake=lambda t: False,
    is_sm_at_least_100=lambda: False,
    register_as_pytree_constant=lambda c: c,
    _TORCH_VERSION_AT_LEAST_2_13=True,
    _TORCH_VERSION_AT_LEAST_2_14=True,
    E4M3_EPS=torch.finfo(torch.float8_e4m3fn).tiny,
)  # fmt: skip


def take(path, names=()):
    """Runs the named functions and classes of a file, and its plain assignments, in the namespace `ao`."""
    text = subprocess.run(["git", "-C", CLONE, "show", f"HEAD:{path}"], capture_output=True, text=True, check=True).stdout
    for node in ast.parse(text).body:
        named = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names
        if named or isinstance(node, ast.Assign):
            try:
                exec(compile(ast.Module([node], []), path, "exec"), ao)
            except (NameError, AttributeError, KeyError):
                if named:
                    raise


take(f"{FORMATS}/constants.py")
take(f"{FORMATS}/config.py", ["ScaleCalculationMode"])
take("torchao/prototype/custom_fp_utils.py", ["_n_ones", "_f32_to_floatx_unpacked"])
take(f"{FORMATS}/kernels.py", ["f32_to_f4_unpacked", "f32_to_f6_e2m3_unpacked", "f32_to_f6_e3m2_unpacked", "pack_uint4", "down_size"])  # fmt: skip
take(f"{FORMATS}/mx_tensor.py", ["_f32_to_e8m0_rceil", "_e8m0_scale_to_reciprocal_fp32", "_to_mx_rceil", "to_mx"])
take(f"{FORMATS}/nvfp4_tensor.py", ["per_tensor_amax_to_scale", "nvfp4_quantize"])
ao.update(_TORCH_VERSION_AT_LEAST_2_13=True, _TORCH_VERSION_AT_LEAST_2_14=True)

WIDTH = 128
generator = torch.Generator().manual_seed(7)


def normal(rows, width=WIDTH):
    return torch.randn(rows, width, generator=generator)


def beside_edges():
    """Blocks of 32 whose largest magnitude is a power of two, a largest value or a rounding limit, or the number before or behind it."""
    edges = [1, 2, 3, 3.5, 4, 6, 7, 7.5, 7.75, 15, 28, 30, 31, 240, 248, 256, 448, 464, 480, 496, 57344, 61440, 65536]
    blocks = []
    for edge in edges:
        bits = torch.tensor([edge], dtype=torch.float32).view(torch.int32)
        for ulps in (-1, 0, 1):
            value = float((bits + ulps).view(torch.float32))
            block = (normal(1, 32)[0] * value / 4).clamp(-0.99 * value, 0.99 * value)
            block[len(blocks) % 32] = value if len(blocks) % 2 else -value
            blocks.append(block)
    blocks += [torch.zeros(32)] * (-len(blocks) % (WIDTH // 32))
    return torch.stack(blocks).reshape(-1, WIDTH)


zeros = normal(2)
zeros[0, :32] = 0
zeros[0, 32:64] = -0.0
zeros[1, :32] = 0
zeros[1, 5] = 3.0
zeros[1, 32:64] = 1.0
zeros[1, 64:96] = -0.3
powers = 10.0 ** torch.randint(-6, 6, (2, WIDTH // 32), generator=generator).repeat_interleave(32, 1)
x = torch.cat([
    normal(8),
    normal(2) * powers,
    torch.randint(-16, 17, (2, WIDTH), generator=generator) / 2.0,
    torch.randint(-64, 65, (2, WIDTH), generator=generator) / 16.0,
    normal(1) * 1e-38,
    normal(1) * 1e-42,
    normal(1).clamp(-2, 2) * 2.0**124,
    zeros,
    beside_edges(),
]).contiguous()  # fmt: skip
out = {"input": x}

elements = {
    "float8_e4m3fn": torch.float8_e4m3fn,
    "float8_e5m2": torch.float8_e5m2,
    "float6_e2m3fn": ao["DTYPE_FP6_E2M3"],
    "float6_e3m2fn": ao["DTYPE_FP6_E3M2"],
    "float4_e2m1fn": torch.float4_e2m1fn_x2,
}
for name, element in elements.items():
    for mode in ao["ScaleCalculationMode"]:
        scales, codes = ao["to_mx"](x, element, 32, mode)
        out[f"mx/{name}/{mode.value.lower()}/scales"] = scales.view(torch.uint8)
        out[f"mx/{name}/{mode.value.lower()}/codes"] = codes.view(torch.uint8)

# Without the subnormal and the huge rows, which have tensor scales of their own.
mixed = torch.cat([x[:14], x[17:]]).contiguous()
for name, t in {"normal": x[:8], "mixed": mixed, "large": x[16:17], "ties": x[10:14]}.items():
    t = t.contiguous()
    out[f"nvfp4/{name}/input"] = t
    tensor_scale = ao["per_tensor_amax_to_scale"](t.abs().max())
    out[f"nvfp4/{name}/2/tensor_scale"] = tensor_scale.reshape(1)
    for levels, scale in ((1, None), (2, tensor_scale)):
        scales, codes = ao["nvfp4_quantize"](t, 16, scale)
        out[f"nvfp4/{name}/{levels}/scales"] = scales.view(torch.uint8)
        out[f"nvfp4/{name}/{levels}/codes"] = codes

# The lines of _choose_scale_float8 and _quantize_affine_float8, whose own reshaping is not what is compared.
out["float8/input"] = mixed
for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
    largest = torch.finfo(dtype).max

    def quantize(name, t, axes, scale_shape, shape):
        scale = t.abs().amax(axes, keepdim=True) / largest
        codes = (t / scale).clamp(min=-largest, max=largest).to(dtype).view(torch.uint8)
        prefix = f"float8/{str(dtype).split('.')[1]}/{name}"
        out[f"{prefix}/scale"] = scale.reshape(scale_shape)
        out[f"{prefix}/codes"] = codes.reshape(shape)

    height = mixed.shape[0] // 8 * 8
    quantize("tensor", mixed, (0, 1), (1,), mixed.shape)
    quantize("axis", mixed, (1,), (-1,), mixed.shape)
    blocks = mixed[:height].reshape(height // 8, 8, WIDTH // 64, 64)
    quantize("block", blocks, (1, 3), (height // 8, WIDTH // 64), (height, WIDTH))

header = {"__metadata__": {"made_by": f"torch {torch.__version__}, torchao 36027d82 (2026-08-21)"}}
data = b""
for name, t in out.items():
    raw = t.contiguous().numpy().tobytes()
    dtype = {torch.float32: "F32", torch.uint8: "U8"}[t.dtype]
    header[name] = {"dtype": dtype, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(OUTPUT, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
