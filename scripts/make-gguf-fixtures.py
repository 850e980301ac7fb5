"""Writes test/fixtures/gguf/* with the reference packages: pip install gguf==0.19.0 numpy

Every tensor's bytes follow one rule, so that the tests can write the same files without reading these:
byte i is (37 * i + 11) mod 256.
"""
import struct
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFValueType, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES

FOLDER = Path(__file__).parent.parent / "test" / "fixtures" / "gguf"

PLAIN = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8}


def by_rule(count: int) -> np.ndarray:
    return np.array([(37 * i + 11) % 256 for i in range(count)], dtype=np.uint8)


def add(writer: GGUFWriter, name: str, kind: GGMLQuantizationType, shape: list[int]) -> None:
    """A tensor of `shape`, rows last; block types as bytes, as the package wants them."""
    elements, size = GGML_QUANT_SIZES[kind]
    row = shape[-1] // elements * size
    data = by_rule(int(np.prod(shape[:-1])) * row)
    if kind.name in PLAIN:
        writer.add_tensor(name, data.view(PLAIN[kind.name]).reshape(shape))
    else:
        writer.add_tensor(name, data.reshape([*shape[:-1], row]), raw_dtype=kind)


def metadata(writer: GGUFWriter) -> None:
    writer.add_uint8("a.uint8", 255)
    writer.add_int8("a.int8", -128)
    writer.add_uint16("a.uint16", 65535)
    writer.add_int16("a.int16", -32768)
    writer.add_uint32("a.uint32", 2**32 - 1)
    writer.add_int32("a.int32", -(2**31))
    writer.add_float32("a.float32", 0.1)
    writer.add_bool("a.bool", True)
    writer.add_string("a.string", "grüße \N{PARTY POPPER}")
    writer.add_uint64("a.uint64", 2**64 - 1)
    writer.add_int64("a.int64", -(2**63))
    writer.add_float64("a.float64", 0.1)
    writer.add_key_value("l.int32", [-1, 0, 1], GGUFValueType.ARRAY, GGUFValueType.INT32)
    writer.add_key_value("l.float32", [0.1, -0.5], GGUFValueType.ARRAY, GGUFValueType.FLOAT32)
    writer.add_key_value("l.uint64", [2**64 - 1, 0], GGUFValueType.ARRAY, GGUFValueType.UINT64)
    writer.add_key_value("l.bool", [True, False], GGUFValueType.ARRAY, GGUFValueType.BOOL)
    writer.add_array("l.string", ["", "a", "\u00e4"])


def finish(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def types() -> None:
    writer = GGUFWriter(FOLDER / "types.gguf", "test")
    metadata(writer)
    for kind in GGML_QUANT_SIZES:
        # The package gives its blocks 40 bytes, ggml 36; no model holds this type.
        if kind is GGMLQuantizationType.Q8_1:
            continue
        add(writer, f"{kind.name}.weight", kind, [2, GGML_QUANT_SIZES[kind][0]])
    finish(writer)


def alignment() -> None:
    writer = GGUFWriter(FOLDER / "alignment.gguf", "test")
    writer.add_custom_alignment(128)
    add(writer, "v", GGMLQuantizationType.F32, [3])
    add(writer, "w", GGMLQuantizationType.Q8_0, [2, 1, 3, 32])
    finish(writer)


def split() -> None:
    writer = GGUFWriter(FOLDER / "split.gguf", "test", split_max_tensors=2)
    for name in "abcde":
        add(writer, name, GGMLQuantizationType.F32, [2, 4])
    finish(writer)


def imatrix() -> None:
    """The layout of llama-imatrix: sums of squares and counts of two weights, one of them with three experts."""
    sums = {"blk.0.attn_q.weight": [[35.0, 56.0]], "blk.0.ffn_up_exps.weight": [[81.0, 81.0], [10.0, 20.0], [0.0, 0.0]]}
    counts = {"blk.0.attn_q.weight": [3], "blk.0.ffn_up_exps.weight": [1, 2, 0]}
    writer = GGUFWriter(FOLDER / "imatrix.gguf", "")
    # llama-imatrix writes no architecture.
    writer.kv_data[0].clear()
    writer.add_string("general.type", "imatrix")
    writer.add_array("imatrix.datasets", ["calibration.txt"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 2)
    for name in sorted(sums):
        many = len(counts[name]) > 1
        total, seen = np.array(sums[name], np.float32), np.array(counts[name], np.float32)
        writer.add_tensor(f"{name}.in_sum2", total if many else total[0])
        writer.add_tensor(f"{name}.counts", seen[:, None] if many else seen)
    finish(writer)
    parts = [struct.pack("<i", len(sums))]
    for name in sorted(sums):
        text = name.encode()
        calls = -(-max(counts[name]) // 2)
        total, seen = np.array(sums[name], np.float32), np.array(counts[name], np.float32)[:, None]
        means = np.where(seen > 0, total / np.where(seen > 0, seen, np.float32(1)), np.float32(1))
        values = (means.astype(np.float32) * np.float32(calls)).astype(np.float32).ravel()
        parts += [struct.pack("<i", len(text)), text, struct.pack("<ii", calls, values.size), values.tobytes()]
    text = b"calibration.txt"
    parts += [struct.pack("<ii", 1, len(text)), text]
    (FOLDER / "imatrix.dat").write_bytes(b"".join(parts))


FOLDER.mkdir(parents=True, exist_ok=True)
types()
alignment()
split()
imatrix()
