"""Writes test/fixtures/reference-*.safetensors with the reference implementation: pip install safetensors==0.8.0

Every tensor's bytes follow one rule, so that the tests can write the same files without reading these:
byte i is (37 * i + 11) mod 256, and i mod 2 for booleans.
"""
import ctypes
import json
from pathlib import Path

import safetensors

FOLDER = Path(__file__).parent.parent / "test" / "fixtures"

# Spelling of the Python package and bits of one element.
DTYPES = {
    "bool": 8,
    "float4_e2m1fn_x2": 4,
    "uint8": 8,
    "int8": 8,
    "float8_e5m2": 8,
    "float8_e4m3fn": 8,
    "float8_e8m0fnu": 8,
    "int16": 16,
    "uint16": 16,
    "float16": 16,
    "bfloat16": 16,
    "int32": 32,
    "uint32": 32,
    "float32": 32,
    "float64": 64,
    "int64": 64,
    "uint64": 64,
}


# Memory that the package reads through pointers and that must live until it has.
KEPT = []


def tensor(dtype: str, shape: list[int]) -> safetensors.TensorSpec:
    count = 1
    for length in shape:
        count *= length
    size = count * DTYPES[dtype] // 8
    if dtype == "bool":
        data = bytes(i % 2 for i in range(size))
    else:
        data = bytes((37 * i + 11) % 256 for i in range(size))
    memory = ctypes.create_string_buffer(data, max(1, size))
    KEPT.append(memory)
    # The package counts pairs of 4-bit elements.
    stored = shape[:-1] + [shape[-1] // 2] if dtype == "float4_e2m1fn_x2" else shape
    return safetensors.TensorSpec(dtype=dtype, shape=stored, data_ptr=ctypes.addressof(memory), data_len=size)


def save(name: str, tensors: dict, metadata: dict | None = None) -> None:
    (FOLDER / f"reference-{name}.safetensors").write_bytes(safetensors.serialize(tensors, metadata))


NAMES = ["", "b", "B", "a.1", "a.10", "a.2", "__proto__", "constructor", "0", "\0", "\n\t\"\\/\b\f\r\x1b\x7f",
         "é", "e\u0301", "\ue000", "\uffff", "\U00010000", "\U0001f600", "\u2028"]

save("dtypes", {f"{dtype}": tensor(dtype, [3, 2]) for dtype in DTYPES}, {"format": "pt"})
save(
    "names",
    {name: tensor("int16", [length]) for length, name in enumerate(NAMES)},
)
save("shapes", {
    "scalar": tensor("float32", []),
    "empty": tensor("float32", [0]),
    "empty matrix": tensor("uint8", [3, 0, 5]),
    "row": tensor("int64", [1, 2]),
    "cube": tensor("float16", [2, 3, 4]),
    "many axes": tensor("uint8", [1] * 20 + [3]),
}, {})
save("nothing", {})

# huggingface_hub and transformers write the index of a sharded model with json.dumps and these options.
shards = {name: f"model-{i % 2 + 1:05d}-of-00002.safetensors" for i, name in enumerate(NAMES)}
index = json.dumps({"metadata": {"total_size": 2**40}, "weight_map": shards}, indent=2, sort_keys=True) + "\n"
(FOLDER / "reference-model.safetensors.index.json").write_text(index)
