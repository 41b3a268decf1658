"""jax-linear-attention (PyPI), in a process of its own: JAX has its own memory and its own stream.

PyTorch's events cannot be put into that stream. So calls are queued one behind the other, with a flush of the L2 between
them, and waited for once; the time of as many flushes alone is taken off. It has no plain linear attention: where nothing
decays, `simple_gla` is given gates of 0.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .linear_attention_peers import decay_of_heads
from .peer import right

CHECKED_TOKENS = 8
NAME = "jax-linear-attention simple_gla"
TIMING = "calls queued back to back by the host's clock, less the flushes between them; median of 5"
PATIENCE_S = 240
MARK = "result of a row: "  # others may print too


def serves(row) -> bool:
    return row.family == "linear_attention" and row.peers and row.causal and not row.normalize


def measure_all(rows, samples) -> dict:
    """Figures or the error, by the row's name."""
    wanted = {row.name: row for row in rows if serves(row)}
    results = {}
    if not wanted:
        return results
    asked = json.dumps({"samples": samples, "rows": {name: row.shape for name, row in wanted.items()}})
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    log = ""
    try:
        done = subprocess.run([sys.executable, "-m", __name__], input=asked, capture_output=True, text=True, env=environment, timeout=PATIENCE_S)
        output, log = done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        output, log = late.stdout or "", f"took longer than {PATIENCE_S} s"
        output = output.decode(errors="replace") if isinstance(output, bytes) else output
    for line in output.splitlines():
        if line.startswith(MARK):
            results.update(json.loads(line[len(MARK):]))
    return {name: results.get(name, {"error": log[-500:] or "no result"}) for name in wanted}


def measure(shape, samples):
    import jax
    import jax.numpy as jnp
    from jla import ops

    batch, length, heads = shape["batch"], shape["length"], shape["heads"]
    keys = jax.random.split(jax.random.key(0), 5)
    dtype = {"bf16": jnp.bfloat16, "fp16": jnp.float16, "fp32": jnp.float32}[shape["dtype"]]
    q, k, v = (jax.random.normal(key, (batch, length, heads, shape[dim]), dtype)
               for key, dim in zip(keys, ("head_dim", "head_dim", "value_dim")))
    if shape["decay"] == "scalar":
        gate = jax.nn.log_sigmoid(jax.random.normal(keys[3], (batch, length, heads)))
    elif shape["decay"] == "per_head":
        gate = jnp.broadcast_to(-jnp.array(decay_of_heads(heads)), (batch, length, heads))
    else:
        gate = jnp.zeros((batch, length, heads))
    attend = jax.jit(lambda q, k, v, g: ops.linear_attention("simple_gla", q, k, v, g=g, impl="mosaic_gpu")[0])
    flush = jax.jit(lambda x: x + 1, donate_argnums=0)
    buffer = jnp.zeros(64 << 20, jnp.float32)
    o = jax.block_until_ready(attend(q, k, v, gate))
    error = right(relative_error(o, q, k, v, gate))

    def seconds(with_work):
        nonlocal buffer, o
        jax.block_until_ready((buffer, o))
        start = time.perf_counter()
        for _ in range(samples):
            buffer = flush(buffer)
            if with_work:
                o = attend(q, k, v, gate)
        jax.block_until_ready((buffer, o))
        return time.perf_counter() - start

    seconds(True), seconds(False)
    times = sorted((seconds(True) - seconds(False)) / samples * 1e3 for _ in range(5))
    return {"ms": times[2], "spread_ms": times[3] - times[1], "samples": 5 * samples, "timing": TIMING, "relative_error": error}


def relative_error(o, q, k, v, gate):
    """rms(o - reference) / rms(reference) over some tokens of some heads, the reference by the definition, in float64."""
    import numpy

    batch, length, heads, head_dim = q.shape
    some = numpy.ix_(sorted({0, batch - 1}), range(length), sorted({0, heads // 2, heads - 1}))
    o, q, k, v, gate = (numpy.asarray(x)[some].astype(numpy.float64) for x in (o, q, k, v, gate))
    total = gate.cumsum(axis=1)
    squares = numpy.zeros(2)
    for token in (length * i // (CHECKED_TOKENS - 1) - (i > 0) for i in range(CHECKED_TOKENS)):
        before = slice(token + 1)
        weights = numpy.einsum("bhd,bshd->bsh", q[:, token], k[:, before]) * numpy.exp(total[:, token, None] - total[:, before])
        reference = numpy.einsum("bsh,bshe->bhe", weights, v[:, before]) * head_dim**-0.5
        squares += ((o[:, token] - reference) ** 2).sum(), (reference**2).sum()
    return float(numpy.sqrt(squares[0] / squares[1]))


def main():
    asked = json.load(sys.stdin)
    for name, shape in asked["rows"].items():
        try:
            result = measure(shape, asked["samples"])
        except Exception as error:  # it is not installed, or does not serve the shape
            result = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(MARK + json.dumps({name: result}), flush=True)


if __name__ == "__main__":
    main()
