"""The peers that run in PyTorch's process: flash-linear-attention, batched products, and softmax for scale."""

import os
import sys
import time

os.environ.setdefault("FLA_CACHE_RESULTS", "0")  # what Triton chose for one shape is not to serve another

RECURRENT_UP_TO = 4096  # tokens; it takes one step for each
LONGEST_IN_GRAPH_MS = 0.1  # longer calls do not notice how they are launched
SOFTMAX_UP_TO = 16384


def autotuners():
    """Every autotuned Triton kernel of flash-linear-attention that is loaded."""
    if "triton" not in sys.modules:
        return
    from triton.runtime.autotuner import Autotuner

    for name, module in list(sys.modules.items()):
        if not name.startswith("fla."):
            continue
        for kernel in list(vars(module).values()):
            while str(type(kernel).__module__).startswith(("triton", "fla")):  # heuristics around a tuner around a kernel
                if isinstance(kernel, Autotuner):
                    yield kernel
                kernel = getattr(kernel, "fn", None)


def forget_tuning():
    """Makes fla choose again. Its keys hold neither batch nor length, that of its states' kernel not even the head
    dimension: the choice for the first row would serve all others, and they would not be at their best."""
    for tuner in autotuners():
        tuner.cache.clear()


def tensors(row):
    import torch

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[row.dtype]
    length = 1 if row.decode else row.length

    def random(*shape):
        return torch.randn(*shape, device="cuda")

    q, k = (random(row.batch, length, row.heads, row.head_dim) for _ in range(2))
    if row.normalize:  # a denominator that does not vanish
        q, k = q.abs(), k.abs()
    made = {"q": q.to(dtype), "k": k.to(dtype), "v": random(row.batch, length, row.heads, row.values).to(dtype)}
    if row.decode:
        made["state"] = random(row.batch, row.heads, row.head_dim, row.values)
    if row.decay == "scalar":
        made["gate"] = torch.nn.functional.logsigmoid(random(row.batch, length, row.heads))
    if row.decay == "per_head":
        made["decay"] = torch.exp2(-2 - 6 * torch.rand(row.heads, device="cuda"))
    return made


def fla_works(row, given):
    from fla.ops.lightning_attn import chunk_lightning_attn
    from fla.ops.linear_attn import chunk_linear_attn, fused_chunk_linear_attn, fused_recurrent_linear_attn
    from fla.ops.simple_gla import chunk_simple_gla, fused_chunk_simple_gla, fused_recurrent_simple_gla

    qkv = given["q"], given["k"], given["v"]
    recurrent = row.length <= RECURRENT_UP_TO
    if row.decode:
        yield "fla fused_recurrent", lambda: fused_recurrent_linear_attn(*qkv, initial_state=given["state"], output_final_state=True, normalize=False)
    elif row.decay != "none":
        decay = {"g": given["gate"]} if row.decay == "scalar" else {"g_gamma": -given["decay"]}
        yield "fla simple_gla", lambda: chunk_simple_gla(*qkv, **decay)
        yield "fla simple_gla fused_chunk", lambda: fused_chunk_simple_gla(*qkv, **decay)
        if recurrent:
            yield "fla simple_gla fused_recurrent", lambda: fused_recurrent_simple_gla(*qkv, **decay)
        if row.decay == "per_head":
            yield "fla lightning", lambda: chunk_lightning_attn(*qkv, layer_idx=4, num_layers=8)
    else:
        yield "fla chunk", lambda: chunk_linear_attn(*qkv, normalize=row.normalize)
        yield "fla fused_chunk", lambda: fused_chunk_linear_attn(*qkv, normalize=row.normalize)
        if recurrent:
            yield "fla fused_recurrent", lambda: fused_recurrent_linear_attn(*qkv, normalize=row.normalize)


def torch_works(row, given):
    """Peers of PyTorch itself, in the layout that suits them."""
    import torch

    if row.decode:
        return
    if not row.causal:
        q, k, v = (given[name].transpose(1, 2).contiguous() for name in "qkv")
        yield "two batched matmuls", lambda: torch.matmul(q, torch.matmul(k.transpose(2, 3), v))
    if row.length <= SOFTMAX_UP_TO:
        heads_first = [given[name].transpose(1, 2) for name in "qkv"]
        attend = torch.nn.functional.scaled_dot_product_attention
        yield "softmax (PyTorch)", lambda: attend(*heads_first, is_causal=row.causal)


def works(row, given):
    """(name, function) of each peer; fla's import may fail, which is then what stands under its name."""
    if row.causal:
        try:
            yield from fla_works(row, given)
        except Exception as error:  # it is not installed, or not for this PyTorch
            message = f"{type(error).__name__}: {error}"

            def fail():
                raise RuntimeError(message)
            yield "fla", fail
    yield from torch_works(row, given)


def timed(work, samples, flush):
    """Median of `samples` calls, each after a flush of the L2, by events. The device sleeps first, so that all calls are
    queued before it comes to them: an interval holds no time of the host, as in chela's own measurement."""
    import torch

    work()  # chooses its configurations
    start = time.perf_counter()
    for _ in range(200):
        work()
        torch.cuda.synchronize()
        if time.perf_counter() - start > 0.02:  # the clocks have risen
            break
    start = time.perf_counter()
    work()
    host = time.perf_counter() - start
    torch.cuda.synchronize()
    cycles_per_second = 2e9
    torch.cuda._sleep(int(min(0.2, 1e-3 + 2 * samples * host) * cycles_per_second))
    events = []
    for _ in range(samples):
        flush.zero_()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        events.append((begin, end))
    torch.cuda.synchronize()
    times = sorted(begin.elapsed_time(end) for begin, end in events)
    return {"ms": times[len(times) // 2], "spread_ms": times[len(times) * 3 // 4] - times[len(times) // 4], "samples": samples}


def sets_of_tensors(row) -> int:
    """How many of them are twice what the L2 holds, from 2 to 128; as chela has it (runtime/bench.cpp)."""
    import torch

    cache = torch.cuda.get_device_properties(0).L2_cache_size
    return max(2, min(128, 1 + int(2 * cache / row.ideal_bytes)))


def in_graph(calls, samples):
    """Median of one of `calls`, captured together and launched back to back."""
    import torch

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for call in calls:
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for call in calls:
            call()
    times = []
    for _ in range(samples):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        graph.replay()  # a head start
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / len(calls))
    return {"graph_ms": sorted(times)[len(times) // 2], "graph_launches": len(calls)}


def add_graphs(row, samples, results):
    """Short calls also in a captured graph, over as many sets of tensors as chela takes for it."""
    short = {name for name, figure in results.items() if figure.get("ms", LONGEST_IN_GRAPH_MS) < LONGEST_IN_GRAPH_MS}
    if not short:
        return
    calls = {}
    for _ in range(sets_of_tensors(row)):
        for name, work in works(row, tensors(row)):
            if name in short:
                calls.setdefault(name, []).append(work)
    for name, of_sets in calls.items():
        try:
            results[name].update(in_graph(of_sets * -(-32 // len(of_sets)), samples))
        except Exception as error:  # it synchronises, say
            results[name]["graph_error"] = f"{type(error).__name__}: {error}"[:500]


def figures(row, samples) -> dict:
    import torch

    results = {}
    flush = torch.empty(64 << 20, dtype=torch.float32, device="cuda")
    forget_tuning()
    with torch.no_grad():
        for name, work in works(row, tensors(row)):
            try:
                results[name] = timed(work, samples, flush)
            except Exception as error:  # a peer that cannot run is a result too
                results[name] = {"error": f"{type(error).__name__}: {error}"[:500]}
            if "softmax" in name:
                results[name]["counted"] = False  # it computes something else
        add_graphs(row, samples, results)
    return results


def measure(row, samples) -> dict:
    """Figures or the error of each peer, by its name; leaves no memory taken."""
    import torch

    try:
        return figures(row, samples)
    finally:
        torch.cuda.empty_cache()


def versions() -> dict:
    found = {}
    for module in ("torch", "triton", "fla"):
        try:
            found[module] = __import__(module).__version__
        except Exception as error:
            found[module] = f"{type(error).__name__}: {error}"[:200]
    return found
