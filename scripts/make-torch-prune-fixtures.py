"""Writes the masks of test/fixtures/torch-prune.safetensors again, from the weights in it, with torch.nn.utils.prune.
Needs: pip install torch==2.13.0 numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import prune

PATH = Path(__file__).parent.parent / "test/fixtures/torch-prune.safetensors"


def read():
    data = PATH.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(data[8 + length + begin : 8 + length + end], np.float32)
        arrays[name] = torch.from_numpy(flat.reshape(entry["shape"]).copy())
    return arrays


def linear(w):
    layer = torch.nn.Linear(w.shape[1], w.shape[0], bias=False)
    layer.weight.data = w.clone()
    return layer


def main():
    given = read()
    arrays = {}
    for name in given:
        _, kind, *rest = name.split("/")
        if kind in ("w", "w2"):
            arrays[name] = given[name]
        elif kind == "global":
            layers = [linear(given["prune/w"]), linear(given["prune/w2"])]
            prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=0.4)
            arrays[name] = layers[0 if rest[0] == "w_mask" else 1].weight_mask
        else:
            layer = linear(given["prune/w"])
            if kind == "l1_unstructured":
                prune.l1_unstructured(layer, "weight", float(rest[0]))
            else:
                prune.ln_structured(layer, "weight", float(rest[2]), n=int(rest[0][2:]), dim=int(rest[1][4:]))
            arrays[name] = layer.weight_mask
    header, blobs, at = {}, [], 0
    for name, array in arrays.items():
        blob = array.detach().numpy().astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    PATH.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


if __name__ == "__main__":
    main()
