"""Times the peers that run in PyTorch's process."""

import contextlib
import os
import sys
import time

from . import convolution_peers, linear_attention_peers
from .convolution import is_convolution
from .peer import right

os.environ.setdefault("FLA_CACHE_RESULTS", "0")  # what Triton chose for one shape is not to serve another

LONGEST_IN_GRAPH_MS = 0.1  # longer calls do not notice how they are launched


def of_family(row):
    """The module with the row's tensors, its peers, and what checks their results."""
    return convolution_peers if is_convolution(row.family) else linear_attention_peers


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
        for peer in of_family(row).peers(row, of_family(row).tensors(row)):
            if peer.name in short:
                calls.setdefault(peer.name, []).append(peer.work)
    for name, of_sets in calls.items():
        try:
            results[name].update(in_graph(of_sets * -(-32 // len(of_sets)), samples))
        except Exception as error:  # it synchronises, say
            results[name]["graph_error"] = f"{type(error).__name__}: {error}"[:500]


@contextlib.contextmanager
def poison():
    """Memory that is allocated here holds NaN: what a failed launch leaves unwritten is not the result of the peer before."""
    import torch

    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def check(peer, error_of) -> float:
    """Its relative error, if that is right."""
    with poison():
        return max(right(error_of(work())) for work in (peer.work, peer.cold) if work)


def figure_of(peer, error_of, samples, flush) -> dict:
    """Its times, after its result was found right, where it computes what chela does."""
    checked = {"relative_error": check(peer, error_of)} if peer.counted else {}
    figure = timed(peer.work, samples, flush) | checked
    if peer.cold:
        figure["cold_ms"] = timed(peer.cold, samples, flush)["ms"]
    return figure if peer.counted else figure | {"counted": False}


def figures(row, samples) -> dict:
    import torch

    results = {}
    flush = torch.empty(64 << 20, dtype=torch.float32, device="cuda")
    forget_tuning()
    with torch.no_grad():
        given = of_family(row).tensors(row)
        error_of = of_family(row).checker(row, given)
        for peer in of_family(row).peers(row, given):
            try:
                results[peer.name] = figure_of(peer, error_of, samples, flush)
            except Exception as error:  # a peer that cannot run is a result too
                results[peer.name] = {"error": f"{type(error).__name__}: {error}"[:500]}
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
    for module in ("torch", "triton", "fla", "causal_conv1d", "flashfftconv"):
        try:
            found[module] = getattr(__import__(module), "__version__", "of no version")
        except Exception as error:
            found[module] = f"{type(error).__name__}: {error}"[:200]
    return found
