"""Rows of the depthwise convolutions: short, then silu; long, causal; and the one after the other."""

from __future__ import annotations

import dataclasses

from .row import ELEMENT_BYTES, Row

LAYOUTS = {"channels_last": "[B, L, C]", "channels_first": "[B, C, L]"}
FAMILIES = ("short_conv", "long_conv", "short_long_conv")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Convolution(Row):
    channels: int
    layout: str
    width: int = 0  # taps of the short convolution; 0: there is none
    kernel_length: int = 0  # of the long one; 0: there is none

    @property
    def family(self) -> str:
        return {(True, False): "short_conv", (False, True): "long_conv",
                (True, True): "short_long_conv"}[self.width > 0, self.kernel_length > 0]

    @property
    def label(self) -> str:
        words = {"short_conv": "short conv, silu", "long_conv": "long conv", "short_long_conv": "short, silu, long conv"}[self.family]
        taps = f", W{self.width}" if self.width else ""
        return f"{words}{taps}, {LAYOUTS[self.layout]}: B{self.batch} L{self.length} C{self.channels}"

    @property
    def ideal_bytes(self) -> int:
        """As chela counts them: taps and kernel are fp32."""
        tokens = 2 * self.batch * self.length * self.channels * ELEMENT_BYTES[self.dtype]
        return tokens + ELEMENT_BYTES["fp32"] * self.channels * (self.width + self.kernel_length)

    @property
    def options(self) -> list:
        words = ["--length", self.length, "--channels", self.channels, "--layout", self.layout]
        words += ["--width", self.width, "--activation", "silu"] if self.width else []
        return words + (["--kernel-length", self.kernel_length] if self.kernel_length else [])

    @property
    def kernels_of_fla(self) -> tuple | None:
        return (self.layout, self.width, self.channels, self.batch * self.length) if self.width else None


def is_convolution(family: str) -> bool:
    return family in FAMILIES


def table():
    number = 0

    def row(target, **shape):
        nonlocal number
        number += 1
        return Convolution(name=f"conv-{number}", target=target, **(dict(batch=8, channels=2048) | shape))

    for layout in LAYOUTS:
        for width in (3, 4):
            yield row("92 %", length=4096, width=width, layout=layout)
    for target, shape in (("35 %", dict(length=1024)), ("15 %", dict(length=4096)), ("8 %", dict(batch=2, length=16384)),
                          ("4 %", dict(batch=1, length=131072, channels=512))):
        yield row(target, kernel_length=shape["length"], layout="channels_first", **shape)
    for length in (1024, 4096):
        yield row("", length=length, kernel_length=length, layout="channels_last")
    for layout in LAYOUTS:
        yield row("4 times faster than the peers", length=4096, width=4, kernel_length=4096, layout=layout)
