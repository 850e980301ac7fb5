"""Writes test/fixtures/torch-observers.safetensors: what torch's observers make of three batches of different spread.
Needs: pip install torch==2.13.0 numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import torch
from torch.ao.quantization.observer import (
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
)

BATCHES, CHANNELS, WIDTH = 6, 5, 48
OBSERVERS = {
    "minmax": MinMaxObserver(),
    "ema": MovingAverageMinMaxObserver(averaging_constant=0.01),
    "ema-fast": MovingAverageMinMaxObserver(averaging_constant=0.3),
    "minmax-axis": PerChannelMinMaxObserver(ch_axis=0),
    "ema-axis": MovingAveragePerChannelMinMaxObserver(ch_axis=0, averaging_constant=0.07),
}


def main():
    generator = torch.Generator().manual_seed(7)
    spread = torch.tensor([1.0, 0.3, 40.0, 2.0, 0.01, 5.0]).reshape(-1, 1, 1)
    x = torch.randn(BATCHES, CHANNELS, WIDTH, generator=generator) * spread
    arrays = {"x": x}
    for name, observer in OBSERVERS.items():
        for batch in x:
            observer(batch)
        arrays[f"{name}/min"] = observer.min_val.reshape(-1)
        arrays[f"{name}/max"] = observer.max_val.reshape(-1)
    # The range of least squared error, for codes 0 to 255 of one heavy-tailed tensor, and the error that it leaves.
    tailed = torch.randn(1, 16384, generator=generator) ** 3
    histogram = HistogramObserver(dtype=torch.quint8, qscheme=torch.per_tensor_affine)
    histogram(tailed)
    scale, zero = histogram.calculate_qparams()
    restored = torch.fake_quantize_per_tensor_affine(tailed, scale.item(), int(zero.item()), 0, 255)
    arrays["tailed"] = tailed.reshape(-1)
    arrays["histogram/mse"] = ((tailed.double() - restored.double()) ** 2).mean().float().reshape(1)
    write({name: t.contiguous() for name, t in arrays.items()})


def write(arrays):
    header, offset = {}, 0
    for name, t in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test/fixtures/torch-observers.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t.numpy().tobytes() for t in arrays.values()))


main()
