"""What every row has, of whichever family: a name, a target, a shape, and how many bytes it has to move."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod

ELEMENT_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row(ABC):
    name: str
    target: str
    batch: int
    length: int
    dtype: str = "bf16"
    peers: bool = True  # measured beside them

    @property
    @abstractmethod
    def family(self) -> str:
        """chela's name for it."""

    @property
    @abstractmethod
    def label(self) -> str:
        """For a person."""

    @property
    def shape(self) -> dict:
        """What is computed, by the names of its extents and traits."""
        every = dataclasses.asdict(self)
        return {key: value for key, value in every.items() if key not in ("name", "target", "peers")}

    @property
    @abstractmethod
    def ideal_bytes(self) -> int:
        """Each input read once and each output written once; a state that is updated in place is both."""

    @property
    @abstractmethod
    def options(self) -> list:
        """Of `chela bench FAMILY` and `chela tune FAMILY`, without those that all families have."""

    @property
    @abstractmethod
    def kernels_of_fla(self) -> tuple | None:
        """Rows of equal ones need the same kernels of flash-linear-attention compiled; None: none."""

    @property
    def chela_words(self) -> list[str]:
        """FAMILY and the options of `chela bench` and `chela tune`."""
        return [str(word) for word in (self.family, "--dtype", self.dtype, "--batch", self.batch, *self.options)]
