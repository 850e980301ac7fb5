"""Writes test/fixtures/torch-qat.safetensors: gradients of torch's fake quantization, plain and learnable, per tensor and per channel.
Needs: pip install torch==2.13.0 numpy==2.4.6
"""
import json
import struct
from pathlib import Path

import torch

# name: scale, zero point, lowest code, highest code, grad_factor
PER_TENSOR = {
    "signed": (0.05, 0, -128, 127, 1.0),
    "unsigned": (0.0471, 114, 0, 255, 0.125),
    "four": (0.37, -2, -8, 7, 0.0625),
}


def inputs():
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(6, 24, generator=generator) * 3
    # Thresholds between codes of a scale of 1/2, which is exact, and numbers far outside.
    x[0, :8] = torch.tensor([0.25, 0.75, -0.25, -1.25, 1e6, -1e6, 0.0, 3.75])
    gradient = torch.randn(6, 24, generator=generator)
    return x, gradient


def plain(x, gradient, quantize):
    x = x.clone().requires_grad_(True)
    quantize(x).backward(gradient)
    return x.grad


def learnable(x, gradient, scale, zero, quantize):
    x, scale, zero = (t.clone().requires_grad_(True) for t in (x, scale, zero))
    y = quantize(x, scale, zero)
    y.backward(gradient)
    return {"y": y.detach(), "dx": x.grad, "dscale": scale.grad, "dzero": zero.grad}


def main():
    x, gradient = inputs()
    arrays = {"x": x, "gradient": gradient}
    for name, (scale, zero, low, high, factor) in PER_TENSOR.items():
        arrays[f"{name}/plain/dx"] = plain(
            x, gradient, lambda t: torch.fake_quantize_per_tensor_affine(t, scale, zero, low, high))
        result = learnable(x, gradient, torch.tensor([scale]), torch.tensor([float(zero)]), lambda *t: (
            torch._fake_quantize_learnable_per_tensor_affine(*t, low, high, factor)))
        arrays |= {f"{name}/learnable/{key}": value for key, value in result.items()}
    for axis in (0, 1):
        channels = x.shape[axis]
        scale = torch.linspace(0.11, 0.9, channels)
        zero = torch.arange(channels) * 2 % 12 - 4
        arrays[f"axis{axis}/scale"], arrays[f"axis{axis}/zero"] = scale, zero.int()
        arrays[f"axis{axis}/plain/dx"] = plain(
            x, gradient, lambda t: torch.fake_quantize_per_channel_affine(t, scale, zero.int(), axis, -8, 7))
        result = learnable(x, gradient, scale, zero.float(), lambda *t: (
            torch._fake_quantize_learnable_per_channel_affine(*t, axis, -8, 7, 0.5)))
        arrays |= {f"axis{axis}/learnable/{key}": value for key, value in result.items()}
    # Ties with an odd zero point.
    odd = torch.tensor([0.25, 0.75, 1.25, 0.25])
    result = learnable(odd, torch.ones(4), torch.tensor([0.5]), torch.tensor([1.0]), lambda *t: (
        torch._fake_quantize_learnable_per_tensor_affine(*t, 0, 255, 1.0)))
    arrays |= {"odd/x": odd, "odd/y": result["y"], "odd/dscale": result["dscale"]}
    write({name: t.contiguous() for name, t in arrays.items()})


def write(arrays):
    header, offset = {}, 0
    for name, t in arrays.items():
        dtype = {torch.float32: "F32", torch.int32: "I32"}[t.dtype]
        header[name] = {"dtype": dtype, "shape": list(t.shape), "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(__file__).parent.parent / "test/fixtures/torch-qat.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t.numpy().tobytes() for t in arrays.values()))


main()
