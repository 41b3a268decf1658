"""Peers of the convolutions: Dao's causal-conv1d, flash-linear-attention and PyTorch for the short one, FlashFFTConv and
cuFFT for the long one, and each pair of them for the one after the other.

Every part is a function of a tensor [B, C, L], whose strides say which layout it has, and takes it in the layout and dtype
that suit it: a copy to another layout and back belongs to its time, a conversion to fp16 does not. What is said to be fp16
so computes on as many bytes. Taps and kernel are fp32. Transforms of the kernel are made before, and in `cold` anew.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable

from .flash_fft_conv import recorded
from .peer import made, off_by

CHECKED_TOKENS = 32


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    make: Callable  # () -> (function, the same with its preparation, or None)
    layout: str = ""  # that it takes; "": either
    dtype: str = "bf16"


def tensors(row):
    """Taps that bf16 holds, for PyTorch's sake, and results about as large as x."""
    import torch

    def random(*shape):
        return torch.randn(*shape, device="cuda")

    x = random(row.batch, row.length, row.channels).bfloat16().transpose(1, 2)
    made = {"x": arranged(x, row.layout)}
    if row.width:
        made["weight"] = (random(row.channels, row.width) / row.width**0.5).bfloat16().float()
    if row.kernel_length:
        made["kernel"] = random(row.channels, row.kernel_length) / row.kernel_length**0.5
    return made


def arranged(x, layout):
    """x, [B, C, L], with the memory of that layout; itself, where it has it."""
    return x.contiguous() if layout == "channels_first" else x.transpose(1, 2).contiguous().transpose(1, 2)


def short_parts(given):
    import torch

    weight = given["weight"]  # fp32; only PyTorch's has to be of the tensors' type

    def dao():
        from causal_conv1d import causal_conv1d_fn

        return lambda x: causal_conv1d_fn(x, weight, activation="silu"), None

    def fla():
        from fla.modules.conv import causal_conv1d

        return lambda x: causal_conv1d(x.transpose(1, 2), weight, activation="silu")[0].transpose(1, 2), None

    def pytorch():
        channels, width = weight.shape
        of_type = {dtype: weight[:, None].to(dtype) for dtype in (torch.bfloat16, torch.float16)}

        def call(x):
            y = torch.nn.functional.conv1d(x, of_type[x.dtype], padding=width - 1, groups=channels)
            return torch.nn.functional.silu(y[..., :x.shape[2]])
        return call, None

    yield Part("fla", fla)
    yield Part("causal-conv1d", dao)
    yield Part("PyTorch conv1d", pytorch)


def long_parts(row, given):
    import torch

    length, kernel = row.length, given["kernel"]
    points = 2 * length  # nothing wraps around

    def cufft(real, of_spectrum):
        def transform():  # and the scale of the inverse, which costs a launch of its own
            return (torch.fft.rfft(kernel, points) / points).to(of_spectrum)

        def convolve(x, spectrum):
            return torch.fft.irfft(torch.fft.rfft(x.to(real), points) * spectrum, points, norm="forward")[..., :length].to(x.dtype)

        before = transform()
        return lambda x: convolve(x, before), lambda x: convolve(x, transform())

    def flash(dtype):
        from flashfftconv import FlashFFTConv

        module = FlashFFTConv(points, dtype=dtype).cuda().eval()
        like = torch.zeros(row.batch, row.channels, length, dtype=dtype, device="cuda")
        return recorded(module, like, kernel), lambda x: module(x, kernel)

    first = "channels_first"
    yield Part("cuFFT", functools.partial(cufft, torch.float32, torch.complex64), first)
    if row.layout != first:
        yield Part("cuFFT, strided", functools.partial(cufft, torch.float32, torch.complex64))
    yield Part("cuFFT fp16", functools.partial(cufft, torch.float16, torch.complex32), first, "fp16")
    yield Part("FlashFFTConv bf16", functools.partial(flash, torch.bfloat16), first)
    yield Part("FlashFFTConv fp16", functools.partial(flash, torch.float16), first, "fp16")


def chain(row, given, parts):
    """(work, cold) of one part after the other, from the row's layout to the row's layout."""
    import torch

    fp16 = any(part.dtype == "fp16" for part in parts)
    x = given["x"].to(torch.float16) if fp16 else given["x"]
    functions = [part.make() for part in parts]

    def run(chosen):
        y = x
        for part, function in zip(parts, chosen):
            y = function(arranged(y, part.layout) if part.layout else y)
        return arranged(y, row.layout)

    warm = [function for function, _ in functions]
    cold = [prepares or function for function, prepares in functions]
    return lambda: run(warm), (lambda: run(cold)) if cold != warm else None


def peers(row, given):
    steps = ([list(short_parts(given))] if row.width else []) + ([list(long_parts(row, given))] if row.kernel_length else [])
    for parts in itertools.product(*steps):
        yield made(" + ".join(part.name for part in parts), functools.partial(chain, row, given, parts))


def checker(row, given):
    """A function of a peer's output that says how far it is off over some tokens, from the definition in float32."""
    import torch

    x = given["x"].float()
    if row.width:
        before = torch.nn.functional.pad(x, (row.width - 1, 0))
        x = torch.nn.functional.silu(sum(before[..., tap:tap + row.length] * given["weight"][:, tap, None] for tap in range(row.width)))
    tokens = sorted({0, 1, row.length - 1, *torch.randint(row.length, (CHECKED_TOKENS,)).tolist()})
    if row.kernel_length:
        reversed_kernel = given["kernel"].flip(1)
        reference = torch.stack([(x[..., :token + 1] * reversed_kernel[:, row.length - 1 - token:]).sum(2) for token in tokens], 2)
    else:
        reference = x[..., tokens]
    return lambda y: off_by(y, x.shape, (..., tokens), reference)
