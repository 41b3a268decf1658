"""chela, by its program: before a search and after it, each row with a cache of its own."""

import json
import os
import re
import signal
import subprocess
import tempfile

BENCH_KEYS = ("config", "choice", "median_ms", "spread_ms", "samples", "ideal_bytes", "copy_bandwidth", "share_of_copy", "host_us", "bare_us",
              "cold_ms", "prepared_bytes", "graph_ms", "graph_spread_ms", "graph_launches", "graph_sets", "graph_share_of_copy")
TUNE_KEYS = ("winner", "config", "counts", "compiled", "measured", "space", "exhausted", "seconds", "verification", "toolchain")
PATIENCE_S = 300  # of one call, besides its budget


def seconds(text: str) -> float:
    """A duration as chela takes it, and 0s. ValueError where it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?)(ms|s|m|h)", text)
    if not match:
        raise ValueError(f"--budget is '{text}'; it must be a number with a unit (ms, s, m or h), such as 30s, or 0s for no search")
    return float(match[1]) * {"ms": 1e-3, "s": 1, "m": 60, "h": 3600}[match[2]]


def call(program: str, words: list, patience: float = PATIENCE_S) -> dict:
    """The JSON object that the program printed, or {"error": …}; never raises for what the program does."""
    line = [str(word) for word in (program, *words, "--json")]
    try:
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    except OSError as error:
        return {"error": f"{program}: {error}", "command": " ".join(line)}
    try:
        output, log = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with the workers of a search
        process.communicate()
        return {"error": f"took longer than {patience:.0f} s", "command": " ".join(line)}
    try:
        result = json.loads(output)
    except json.JSONDecodeError:
        result = {}
    if process.returncode == 0 and result:
        return result
    error = result.get("error", {}).get("message") or f"exit code {process.returncode}"
    return {"error": error, "stderr": log[-2000:], "command": " ".join(line)}


def _only(result: dict, keys: tuple) -> dict:
    return result if "error" in result else {key: result[key] for key in keys if key in result}


def probe(program: str) -> dict:
    """Who measures: commit, GPU, driver and compilers, and the copy bandwidth, by a small problem."""
    with tempfile.TemporaryDirectory(prefix="chela_peers_") as cache:
        return call(program, ["bench", "linear_attention", "--target", "cuda", "--cache", cache])


def measure(program: str, row, samples: int, budget: str, records: str | None):
    """Yields key and value of the row's record: untuned, then, with a budget, the search and tuned. The search's cache is
    the folder `records`, where one is named."""
    with tempfile.TemporaryDirectory(prefix="chela_peers_") as empty:
        def words(cache):
            return [*row.chela_words, "--target", "cuda", "--cache", cache]

        def bench(cache):
            return _only(call(program, ["bench", *words(cache), "--samples", samples]), BENCH_KEYS)

        yield "chela_untuned", bench(empty)
        if seconds(budget) > 0:
            cache = records or empty
            yield "chela_tune", _only(call(program, ["tune", *words(cache), "--budget", budget], seconds(budget) + PATIENCE_S), TUNE_KEYS)
            yield "chela", bench(cache)
