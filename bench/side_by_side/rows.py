"""The rows that are measured: what is computed, at which shape, and how many bytes it has to move."""

from __future__ import annotations

import dataclasses
import re

ELEMENT_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    target: str
    batch: int
    length: int
    heads: int
    head_dim: int
    value_dim: int = 0  # 0: as head_dim
    dtype: str = "bf16"
    causal: bool = True
    decay: str = "none"
    feature_map: str = "identity"
    normalize: bool = False
    decode: bool = False  # one token, the state (fp32) read and written
    peers: bool = True

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
        every = dataclasses.asdict(self) | {"value_dim": self.values}
        return {key: value for key, value in every.items() if key not in ("name", "target", "peers")}

    @property
    def ideal_bytes(self) -> int:
        """Each input read once and each output written once; a state that is updated in place is both."""
        tokens = self.batch * self.heads * (1 if self.decode else self.length)
        size = 2 * tokens * (self.head_dim + self.values) * ELEMENT_BYTES[self.dtype]
        size += {"none": 0, "per_head": 4 * self.heads, "scalar": 4 * tokens}[self.decay]
        return size + (2 * 4 * self.batch * self.heads * self.head_dim * self.values if self.decode else 0)

    @property
    def chela_words(self) -> list[str]:
        """FAMILY and the options of `chela bench` and `chela tune`."""
        words = ["linear_attention_decode" if self.decode else "linear_attention", "--dtype", self.dtype,
                 "--head-dim", self.head_dim, "--value-dim", self.values, "--batch", self.batch, "--heads", self.heads,
                 "--decay", self.decay, "--feature-map", self.feature_map,
                 "--normalize" if self.normalize else "--no-normalize"]
        words += ["--tokens", 1] if self.decode else ["--length", self.length, "--causal" if self.causal else "--no-causal"]
        return [str(word) for word in words]


def _rows():
    targets = ["85 %", "85 %", "70 %", "70 %", "94 %", "55 %", "40 %", "82 %", "82 %", "80 %", "90 %", "90 %", "4 µs"]
    base = dict(batch=8, length=4096, heads=16, head_dim=128)
    table = [
        dict(batch=32, length=1024), dict(), dict(batch=2, length=16384), dict(batch=1, length=131072),
        dict(heads=32, head_dim=64), dict(length=2048, heads=8, head_dim=256), dict(batch=1, heads=8),
        dict(decay="per_head"), dict(decay="scalar"), dict(normalize=True), dict(causal=False),
        dict(batch=256, length=1, decode=True), dict(batch=1, length=1, decode=True)]
    for number, (target, one) in enumerate(zip(targets, table), 1):
        yield Row(name=str(number), target=target, **(base | one))
    # Linear growth: as many tokens in long sequences as in short ones; q, k, v and o take 16 GiB.
    for name, batch, length in (("14a", 64, 1 << 14), ("14b", 1, 1 << 20)):
        yield Row(name=name, target="time per token of 14a and 14b within 10 %", batch=batch, length=length, heads=16,
                  head_dim=128, peers=False)
    # Shapes that no default was chosen by.
    extra = [
        dict(batch=4, length=2048), dict(batch=16, length=512, heads=8, head_dim=64),
        dict(batch=1, length=8192, heads=32), dict(batch=4, heads=8, head_dim=96), dict(batch=2, value_dim=256),
        dict(batch=1, length=32768, heads=8, head_dim=64), dict(batch=4, length=2048, dtype="fp16"),
        dict(batch=2, length=8192, heads=8, causal=False), dict(batch=4, heads=8, head_dim=64, decay="scalar"),
        dict(batch=4, length=2048, feature_map="elu_plus_one", normalize=True)]
    for number, one in enumerate(extra, 1):
        yield Row(name=f"extra-{number}", **(base | dict(target="untuned within 15 % of tuned", peers=False) | one))


ROWS = {row.name: row for row in _rows()}
GROWTH = ("14a", "14b")


def is_extra(name: str) -> bool:
    return name.startswith("extra-")


def choose(text: str) -> list[Row]:
    """The rows that `1,2,8-10,14,extra,extra-3` names, in the order of the table. ValueError where one is unknown."""
    chosen = set()
    for word in text.split(","):
        bounds = re.fullmatch(r"(\d+)-(\d+)", word)
        for one in [str(number) for number in range(int(bounds[1]), int(bounds[2]) + 1)] if bounds else [word]:
            found = {name for name in ROWS if one in (name, name.rstrip("ab")) or one == "extra" and is_extra(name)}
            if not found:
                raise ValueError(f"--rows names '{one}'; it must be of {', '.join(ROWS)}, a range such as 8-10, 14 or extra")
            chosen |= found
    return [row for name, row in ROWS.items() if name in chosen]
