"""What a family offers to be timed beside chela."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

LARGEST_ERROR = 2e-2  # rms over rms, of a peer that computes what it should


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    work: Callable
    cold: Callable | None = None  # the same with what it has prepared before, such as a kernel's transform
    counted: bool = True  # False: it computes something else, and is there for scale


def made(name: str, make: Callable) -> Peer:
    """The peer of `work, cold = make()`. What that raises, because it is not installed for example, its work raises too:
    so it is recorded under its name."""
    try:
        return Peer(name, *make())
    except Exception as error:
        return failed(name, error)


def failed(name: str, error: Exception) -> Peer:
    def fail():
        raise error
    return Peer(name, fail)


def right(error: float) -> float:
    """The error of a peer's output. RuntimeError where it computes something else than it should."""
    if not error <= LARGEST_ERROR:
        raise RuntimeError(f"it computes something else: its relative error is {error:.3g}; it must be at most {LARGEST_ERROR}")
    return error


def off_by(result, shape, chosen, reference) -> float:
    """rms(result[chosen] - reference) / rms(reference)."""
    if result.shape != shape:
        raise RuntimeError(f"the output is {list(result.shape)}; it should be {list(shape)}")
    return ((result[chosen].to(reference.dtype) - reference).square().mean() / reference.square().mean()).sqrt().item()
