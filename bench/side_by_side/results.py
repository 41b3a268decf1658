"""The results file: one GPU and one commit, written after each row, added to by later runs."""

import json
import os

from .rows import ROWS

# Not measured here: they stand beside the rows, and count nowhere.
QUOTED = [
    {"row": row, "peer": "ThunderKittens (2026-04), per-head decay", "shape": shape, "ms": ms, "gpu": "NVIDIA H200",
     "copy_tb_per_s": [4.25, 4.28], "date": "2026-11-22", "measured_in_this_run": False,
     "source": "an earlier measurement of ours on one H200: bf16, medians, L2 flushed between launches"}
    for row, shape, ms in (("1", "B32 L1024 H16 D128", 0.243), ("8", "B8 L4096 H16 D128", 0.234))
]
IDENTITY = ("gpu", "commit")


def load(path) -> dict:
    with open(path) as file:
        return json.load(file)


def begin(path, heading: dict) -> dict:
    """What the file holds, to be added to, or an empty report. ValueError where it is of another GPU or commit."""
    if not os.path.exists(path):
        return {**heading, "quoted": QUOTED, "rows": []}
    report = load(path)
    for key in IDENTITY:
        if report.get(key) != heading[key]:
            raise ValueError(f"{path} is of {key} {report.get(key)}, this run of {heading[key]}; it must be another file")
    versions = {**report.get("versions", {}), **heading["versions"]}
    return {**report, **heading, "versions": versions, "quoted": QUOTED, "rows": report["rows"]}


def add(report: dict, row: dict):
    """In the place of a row of that name, and in the table's order."""
    rows = [one for one in report["rows"] if one.get("name") != row["name"]] + [row]
    order = list(ROWS)
    report["rows"] = sorted(rows, key=lambda one: order.index(one["name"]) if one.get("name") in order else len(order))


def write(report: dict, path):
    """All or nothing: the machine may be taken away at any time."""
    with open(f"{path}.part", "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    os.replace(f"{path}.part", path)


def label(row: dict) -> str:
    shape = row["shape"]
    return row.get("label") or f"causal: B{shape['batch']} L{shape['length']} H{shape['heads']} D{shape['head_dim']}"


def best_peer(row: dict):
    """(name, ms) of the fastest peer that computes the same, or None."""
    figures = [(peer["ms"], name) for name, peer in row.get("peers", {}).items()
               if "ms" in peer and peer.get("counted", "softmax" not in name)]
    return min(figures)[::-1] if figures else None


def chela_ms(row: dict, key: str):
    """Milliseconds, or None where it was not measured or failed."""
    return row.get(key, {}).get("median_ms")
