"""The rows that are measured, of all families, and how a command names them."""

from __future__ import annotations

import re

from . import convolution, linear_attention
from .row import Row

ROWS: dict[str, Row] = {row.name: row for family in (linear_attention, convolution) for row in family.table()}
GROUPS = ("extra", "conv")  # of rows extra-1, extra-2, …


def choose(text: str) -> list[Row]:
    """The rows that `1,2,8-10,14,extra,conv-1,conv-5-8` names, in the order of the table. ValueError where one is unknown."""
    chosen = set()
    for word in text.split(","):
        bounds = re.fullmatch(r"((?:[a-z]+-)?)(\d+)-(\d+)", word)
        for one in [f"{bounds[1]}{number}" for number in range(int(bounds[2]), int(bounds[3]) + 1)] if bounds else [word]:
            found = {name for name in ROWS if one in (name, name.rstrip("ab")) or one in GROUPS and name.startswith(f"{one}-")}
            if not found:
                raise ValueError(f"--rows names '{one}'; it must be of {', '.join(ROWS)}, a range such as 8-10 or conv-1-4, 14, extra or conv")
            chosen |= found
    return [row for name, row in ROWS.items() if name in chosen]
