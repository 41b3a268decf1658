#!/usr/bin/env python3
"""Linear attention of chela beside its peers, on one GPU, in one script.

    python3 bench/peers.py --chela build/chela --output bench/results/h200.json

Needs PyTorch; flash-linear-attention (`pip install flash-linear-attention`) is measured where it is installed. Every
figure is a median of `--samples` launches with the L2 flushed between them, timed by events on the device; `share` is
the time of a copy of the tensors' bytes (each input read and each output written once) at the copy bandwidth measured
in the same run, over the measured time. chela is tuned for each shape first, unless `--budget 0s`.
"""

import argparse
import json
import subprocess
import sys

SHAPES = [  # batch, length, heads, head_dim
    (8, 4096, 16, 128),
    (32, 1024, 16, 128),
    (2, 16384, 16, 128),
    (1, 131072, 16, 128),
    (8, 4096, 32, 64),
    (8, 2048, 8, 256),
    (1, 4096, 8, 128),
]


def show(path):
    """The table of a results file, as Markdown."""
    with open(path) as file:
        report = json.load(file)
    print("| shape | best peer | ms | share of copy | chela | ms | share of copy |\n|---|---|---|---|---|---|---|")
    for row in report["rows"]:
        shape, ideal = row["shape"], row["ideal_ms"]
        name, peer = min(((name, peer["ms"]) for name, peer in row["peers"].items() if "ms" in peer and "softmax" not in name), key=lambda pair: pair[1])
        for kind in ("chela_untuned", "chela"):
            if kind not in row:
                continue
            ours = row[kind]["median_ms"]
            label = f"B{shape['batch']} L{shape['length']} H{shape['heads']} D{shape['head_dim']} | {name} | {peer:.3f} | {100 * ideal / peer:.1f} %"
            print(f"| {label if kind == 'chela_untuned' else ' | | | '} | {'tuned' if kind == 'chela' else 'untuned'} | {ours:.3f} | {100 * ideal / ours:.1f} % |")


def timed(work, samples, flush):
    import torch

    for _ in range(3):
        work()
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
    return {"ms": times[len(times) // 2], "spread_ms": times[len(times) * 3 // 4] - times[len(times) // 4]}


def copy_bandwidth(samples, flush):
    import torch

    source = torch.empty(1 << 29, dtype=torch.bfloat16, device="cuda").normal_()
    target = torch.empty_like(source)
    time = timed(lambda: target.copy_(source), samples, flush)
    return 2 * source.numel() * source.element_size() / time["ms"] * 1e3


def peers_of(q, k, v, samples, flush):
    import torch

    results = {}

    def measure(name, work):
        try:
            results[name] = timed(work, samples, flush)
        except Exception as error:  # a peer that cannot run is a result too
            results[name] = {"error": f"{type(error).__name__}: {error}"[:200]}

    try:
        from fla.ops.linear_attn import chunk_linear_attn, fused_chunk_linear_attn

        measure("fla chunk", lambda: chunk_linear_attn(q, k, v, normalize=False))
        measure("fla fused_chunk", lambda: fused_chunk_linear_attn(q, k, v, normalize=False))
    except ImportError as error:
        results["fla"] = {"error": str(error)}
    heads_first = [tensor.transpose(1, 2) for tensor in (q, k, v)]
    attend = torch.nn.functional.scaled_dot_product_attention
    if q.shape[1] <= 16384:
        measure("softmax (PyTorch)", lambda: attend(*heads_first, is_causal=True))
    return results


def chela(program, command, shape, *options):
    batch, length, heads, dim = shape
    line = [program, command, "linear_attention", "--target", "cuda", "--json", "--causal", "--dtype", "bf16", "--head-dim", dim,
            "--batch", batch, "--length", length, "--heads", heads, *options]
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True)
    if not done.stdout.strip():
        sys.exit(f"{' '.join(map(str, line))}: {done.stderr}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chela", default="build/chela", help="the program")
    parser.add_argument("--output", help="JSON file to write")
    parser.add_argument("--show", help="print the table of this results file, and do nothing else")
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--budget", default="30s", help="of tuning each shape")
    parser.add_argument("--shapes", type=int, default=len(SHAPES), help="the first N shapes only")
    parser.add_argument("--commit", default=None, help="commit that `--chela` was built from (default: git's)")
    arguments = parser.parse_args()
    if arguments.show:
        show(arguments.show)
        return
    if not arguments.output:
        parser.error("--output is missing; it must be the JSON file to write")
    import torch

    commit = arguments.commit or subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    flush = torch.empty(64 << 20, dtype=torch.float32, device="cuda")
    bandwidth = copy_bandwidth(arguments.samples, flush)
    versions = {"torch": torch.__version__}
    for module in ("triton", "fla"):
        try:
            versions[module] = __import__(module).__version__
        except ImportError:
            pass
    report = {"commit": commit, "gpu": torch.cuda.get_device_name(), "versions": versions,
              "devices": json.loads(subprocess.run([arguments.chela, "devices", "--json"], capture_output=True, text=True).stdout),
              "copy_tb_per_s": bandwidth / 1e12, "rows": []}
    print(f"{report['gpu']}, copy {bandwidth / 1e12:.2f} TB/s, {versions}")
    for shape in SHAPES[: arguments.shapes]:
        batch, length, heads, dim = shape
        q, k, v = (torch.randn(batch, length, heads, dim, device="cuda").to(torch.bfloat16) for _ in range(3))
        ideal_ms = 4 * q.numel() * q.element_size() / bandwidth * 1e3
        row = {"shape": dict(zip(("batch", "length", "heads", "head_dim"), shape)), "ideal_ms": ideal_ms, "peers": peers_of(q, k, v, arguments.samples, flush)}
        del q, k, v
        torch.cuda.empty_cache()
        row["chela_untuned"] = chela(arguments.chela, "bench", shape, "--cache", "/tmp/chela_untuned")
        if arguments.budget != "0s":
            row["chela_tune"] = {key: value for key, value in chela(arguments.chela, "tune", shape, "--budget", arguments.budget).items() if key != "records"}
            row["chela"] = chela(arguments.chela, "bench", shape)
        report["rows"].append(row)
        with open(arguments.output, "w") as file:
            json.dump(report, file, indent=1)
        figures = [(name, peer["ms"]) for name, peer in row["peers"].items() if "ms" in peer]
        figures += [(name, row[name]["median_ms"]) for name in ("chela_untuned", "chela") if name in row]
        print(f"B{batch} L{length} H{heads} D{dim}: " + ", ".join(f"{name} {ms:.4f} ms ({100 * ideal_ms / ms:.1f} %)" for name, ms in figures), flush=True)


if __name__ == "__main__":
    main()
