"""Writes test/fixtures/microxcaling.safetensors: what microxcaling's quantize_mx_op makes of the inputs of torchao-mx.safetensors.

    PYTHONPATH=<clone of microsoft/microxcaling> python3 scripts/make-microxcaling-fixtures.py test/fixtures/torchao-mx.safetensors <output>

Needs torch and numpy. Made with torch 2.14.1 (CPU) and microxcaling 7bc4195.
"""

import json
import struct
import sys

import numpy as np
import torch
from mx.mx_ops import quantize_mx_op
from mx.specs import MxSpecs

SOURCE, OUTPUT = sys.argv[1:]
with open(SOURCE, "rb") as file:
    raw = file.read()
length = struct.unpack("<Q", raw[:8])[0]
entry = json.loads(raw[8 : 8 + length])["input"]
begin, end = (8 + length + offset for offset in entry["data_offsets"])
x = torch.from_numpy(np.frombuffer(raw[begin:end], np.float32).reshape(entry["shape"]).copy())

header = {"__metadata__": {"made_by": f"microxcaling 7bc4195, torch {torch.__version__}"}}
data = b""
for name in ("int8", "fp8_e4m3", "fp8_e5m2", "fp6_e2m3", "fp6_e3m2", "fp4_e2m1"):
    specs = MxSpecs()
    specs["scale_bits"] = 8
    values = quantize_mx_op(x.clone(), specs, elem_format=name, block_size=32, axes=[-1], round="even")
    values = values.contiguous().numpy().tobytes()
    header[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(values)]}
    data += values
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(OUTPUT, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
