"""Writes test/fixtures/tfjs-quantization.safetensors: what tfjs-converter's quantization.py makes of many float32 weights.

quantize() states the algorithm of that file (tfjs 4.22) anew. Its minimum, maximum and scale are numpy float64 scalars, so that
numpy 2 computes everything in float64 (numpy 1 would round to float32 after every step): run it with numpy >= 2.

  <case>/x            float32  the weight
  <case>/<type>       uint8, uint16: codes; float16: its 16 bits
  <case>/<type>/range float64  [scale, min]
"""
import json
import struct
from pathlib import Path

import numpy as np

assert int(np.__version__.split(".")[0]) >= 2, "numpy 2 or later"
OUT = Path(__file__).parent.parent / "test" / "fixtures" / "tfjs-quantization.safetensors"
F32 = np.float32
LARGEST = np.finfo(F32).max


def quantize(data: np.ndarray, dtype: type) -> tuple[np.ndarray, np.float64, np.float64]:
    low = data.min().astype(np.float64)
    high = data.max().astype(np.float64)
    if low == high:
        return np.zeros_like(data, dtype=dtype), np.float64(1.0), low
    top = np.iinfo(dtype).max
    scale = (high - low) / top
    if low <= 0 <= high:
        zero_point = np.round((0 - low) / scale)
        low = -zero_point * scale
        high = top * scale + low
    codes = np.round((data.clip(low, high) - low) / scale).astype(dtype)
    return codes, scale, low


def cases() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20261124)
    normal = lambda n, scale=1.0, mean=0.0: (rng.standard_normal(n) * scale + mean).astype(F32)
    span = lambda n, low, high: np.concatenate([rng.uniform(low, high, n), [low, high]]).astype(F32)
    halves = lambda low, high: (np.arange(2 * low, 2 * high + 1) / 2).astype(F32)
    found = {
        "normal": normal(300),
        "normal, small": normal(300, 0.02),
        "normal, large": normal(100, 3e4),
        "all positive": span(100, 0.25, 3),
        "all negative": span(100, -7, -0.125),
        "from zero": span(100, 0, 1),
        "to zero": span(100, -1, 0),
        "narrow and far from zero": span(100, 1000, 1000.001),
        "narrow and far below zero": span(100, -70000, -69999),
        "zero near the low end": span(100, -0.001, 1),
        "zero near the high end": span(100, -1, 0.001),
        "zero halfway between codes": span(100, -1.5, 253.5),
        "one outlier": np.concatenate([normal(100, 0.01), [50]]).astype(F32),
        "constant": np.full(7, 0.3, F32),
        "constant, negative": np.full(5, -123.456, F32),
        "constant, subnormal": np.full(3, 1e-45, F32),
        "zeros": np.zeros(9, F32),
        "zeros of both signs": np.array([0.0, -0.0, 0.0, -0.0], F32),
        "negative zeros": np.full(4, -0.0, F32),
        "a negative zero as minimum": np.array([-0.0, 1, 0.5, 0.25], F32),
        "a single element": np.array([42.5], F32),
        "two elements": np.array([-1, 1], F32),
        "two neighbours": np.array([1, np.nextafter(F32(1), F32(2))], F32),
        "ties of bytes from zero": halves(0, 255),
        "ties of bytes around zero": halves(-128, 127),
        "ties of bytes above zero": halves(16, 271),
        "ties of shorts": np.concatenate([halves(0, 50), halves(32700, 32750), halves(65500, 65535)]),
        "ties of shorts around zero": np.concatenate([halves(-32768, -32750), halves(-9, 9), halves(32740, 32767)]),
        "subnormal": span(100, -1e-39, 1e-39),
        "the smallest range": np.array([0, 1e-45], F32),
        "the smallest range around zero": np.array([-1e-45, 0, 1e-45], F32),
        "the smallest range above zero": np.array([1e-45, 2.8e-45, 4.2e-45], F32),
        "tiny": span(100, -1e-37, 2e-37),
        "huge": span(100, -1e38, 1e38),
        "huge, positive": span(100, 1e37, 3e38),
        "up to the largest": span(50, 0, LARGEST),
        "from the lowest": span(50, -LARGEST, 0),
        "halfway for float16": (1 + np.arange(64) * 2.0**-12).astype(F32),
        "subnormal for float16": (np.arange(-40, 40) * 2.0**-26).astype(F32),
        "the ends of float16": np.array([65504, -65504, 65519.996, -65519.996, 6e-8, 2.9e-8, 3e-8], F32),
    }
    for i in range(40):
        low, high = np.sort(rng.standard_normal(2) * 10.0 ** rng.integers(-30, 30))
        found[f"random {i}"] = span(30, low, high)
    return found


arrays: dict[str, np.ndarray] = {}
for name, x in cases().items():
    arrays[f"{name}/x"] = x
    for dtype in (np.uint8, np.uint16):
        codes, scale, low = quantize(x, dtype)
        arrays[f"{name}/{dtype.__name__}"] = codes
        arrays[f"{name}/{dtype.__name__}/range"] = np.array([scale, low], np.float64)
    with np.errstate(over="ignore"):
        arrays[f"{name}/float16"] = x.astype(np.float16).view(np.uint16)

SPELLINGS = {"float64": "F64", "float32": "F32", "uint16": "U16", "uint8": "U8"}
header: dict[str, object] = {"__metadata__": {"algorithm": "tfjs-converter 4.22 quantization.py", "numpy": np.__version__}}
data = b""
# Largest elements first, so that every array is aligned.
for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
    begin = len(data)
    data += array.tobytes()
    header[name] = {"dtype": SPELLINGS[array.dtype.name], "shape": list(array.shape), "data_offsets": [begin, len(data)]}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
OUT.write_bytes(struct.pack("<Q", len(text)) + text + data)
