"""Rows of linear attention and its decode step."""

from __future__ import annotations

import dataclasses

from .row import ELEMENT_BYTES, Row


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearAttention(Row):
    heads: int
    head_dim: int
    value_dim: int = 0  # 0: as head_dim
    causal: bool = True
    decay: str = "none"
    feature_map: str = "identity"
    normalize: bool = False
    decode: bool = False  # one token, the state (fp32) read and written

    @property
    def family(self) -> str:
        return "linear_attention_decode" if self.decode else "linear_attention"

    @property
    def values(self) -> int:
        return self.value_dim or self.head_dim

    @property
    def label(self) -> str:
        shape = f"B{self.batch} " + (f"L{self.length} " if not self.decode else "") + f"H{self.heads} D{self.head_dim}"
        if self.values != self.head_dim:
            shape += f" E{self.values}"
        words = ["decode step" if self.decode else "causal" if self.causal else "not causal"]
        words += [{"per_head": "per-head decay", "scalar": "scalar gate"}[self.decay]] if self.decay != "none" else []
        words += [self.feature_map.replace("_", " ")] if self.feature_map != "identity" else []
        words += ["normaliser"] if self.normalize else []
        words += [self.dtype] if self.dtype != "bf16" else []
        return f"{', '.join(words)}: {shape}"

    @property
    def shape(self) -> dict:
        return super().shape | {"value_dim": self.values}

    @property
    def ideal_bytes(self) -> int:
        tokens = self.batch * self.heads * (1 if self.decode else self.length)
        size = 2 * tokens * (self.head_dim + self.values) * ELEMENT_BYTES[self.dtype]
        size += {"none": 0, "per_head": 4 * self.heads, "scalar": 4 * tokens}[self.decay]
        return size + (2 * 4 * self.batch * self.heads * self.head_dim * self.values if self.decode else 0)

    @property
    def options(self) -> list:
        words = ["--head-dim", self.head_dim, "--value-dim", self.values, "--heads", self.heads, "--decay", self.decay,
                 "--feature-map", self.feature_map, "--normalize" if self.normalize else "--no-normalize"]
        return words + (["--tokens", 1] if self.decode else ["--length", self.length, "--causal" if self.causal else "--no-causal"])

    @property
    def kernels_of_fla(self) -> tuple | None:
        return (self.heads, self.head_dim, self.values, self.decay, self.normalize, self.decode) if self.causal else None


GROWTH = ("14a", "14b")


def is_extra(name: str) -> bool:
    return name.startswith("extra-")


def table():
    targets = ["85 %", "85 %", "70 %", "70 %", "94 %", "55 %", "40 %", "82 %", "82 %", "80 %", "90 %", "90 %", "4 µs"]
    base = dict(batch=8, length=4096, heads=16, head_dim=128)
    shapes = [
        dict(batch=32, length=1024), dict(), dict(batch=2, length=16384), dict(batch=1, length=131072),
        dict(heads=32, head_dim=64), dict(length=2048, heads=8, head_dim=256), dict(batch=1, heads=8),
        dict(decay="per_head"), dict(decay="scalar"), dict(normalize=True), dict(causal=False),
        dict(batch=256, length=1, decode=True), dict(batch=1, length=1, decode=True)]
    for number, (target, one) in enumerate(zip(targets, shapes), 1):
        yield LinearAttention(name=str(number), target=target, **(base | one))
    # Linear growth: as many tokens in long sequences as in short ones; q, k, v and o take 16 GiB.
    for name, batch, length in zip(GROWTH, (64, 1), (1 << 14, 1 << 20)):
        yield LinearAttention(name=name, target="time per token of 14a and 14b within 10 %", batch=batch, length=length,
                              heads=16, head_dim=128, peers=False)
    # Shapes that no default was chosen by.
    extra = [
        dict(batch=4, length=2048), dict(batch=16, length=512, heads=8, head_dim=64),
        dict(batch=1, length=8192, heads=32), dict(batch=4, heads=8, head_dim=96), dict(batch=2, value_dim=256),
        dict(batch=1, length=32768, heads=8, head_dim=64), dict(batch=4, length=2048, dtype="fp16"),
        dict(batch=2, length=8192, heads=8, causal=False), dict(batch=4, heads=8, head_dim=64, decay="scalar"),
        dict(batch=4, length=2048, feature_map="elu_plus_one", normalize=True),
        dict(batch=1, length=6000, heads=7), dict(batch=1, length=16384, heads=20), dict(batch=1, length=12000, heads=45),
        dict(batch=1, length=30000, heads=3, head_dim=64), dict(batch=1, length=10000, heads=11, decay="per_head")]
    for number, one in enumerate(extra, 1):
        yield LinearAttention(name=f"extra-{number}", **(base | dict(target="untuned within 15 % of tuned", peers=False) | one))
