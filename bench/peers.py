#!/usr/bin/env python3
"""chela beside its peers, on one GPU, in one script: linear attention and convolutions.

    python3 bench/peers.py --chela build/chela --output bench/results/h200.json
    python3 bench/peers.py --chela build/chela --output bench/results/h200.json --rows 8-10,extra --budget 30s
    python3 bench/peers.py --chela build/chela --output bench/results/h200_conv.json --rows conv --budget 0s
    python3 bench/peers.py --show bench/results/h200.json
    python3 bench/peers.py --chart docs/peers.svg bench/results/h200.json

Needs PyTorch, but not with --no-peers. Measured where they are installed, and else recorded with the error:
  flash-linear-attention   pip install fla-core==0.5.2
  jax-linear-attention     pip install jax-linear-attention
  causal-conv1d (Dao)      pip install --no-build-isolation causal-conv1d==1.7.0
  FlashFFTConv             of github.com/HazyResearch/flash-fft-conv (commit b877102): pip install --no-build-isolation in
                           csrc/flashfftconv, whose setup.py names an architecture, then pip install in the root
cuFFT is PyTorch's.

Every figure is a median of `--samples` launches with the L2 flushed between them, timed by events on the device (JAX's:
see bench/side_by_side/jax_peer.py); calls of less than 0.1 ms are timed in a captured graph too, over sets of tensors that
the L2 does not hold (`graph_ms`); `share` is the time of a copy of the tensors' bytes (each input read and each output
written once) at the copy bandwidth measured in the same run, over the measured time. chela is measured with an empty cache,
and again after a search of `--budget`, unless that is 0s.

Where a long convolution's kernel is transformed before, by chela or a peer, the figure is without it, and `cold_ms` with it.
FlashFFTConv transforms it at each call: `cold_ms` is its call, the figure that of the launches after the transform. Peers in
fp16 count for bf16: as many bytes. The outputs of peers are compared with the definition over some tokens (`relative_error`);
one that is off by 2e-2 is recorded as an error and counts nowhere. What is there for scale alone (softmax) is not compared.

The file is written after each row. Where it exists, its rows of the same names are replaced and the others kept, if it is
of the same GPU and commit. What cannot run, a peer or chela, is recorded with its error.
"""

import argparse
import datetime
import sys
from pathlib import Path

from side_by_side import chart, chela_program, jax_peer, results, rows, show


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chela", default="build/chela", help="the program [default: build/chela]")
    parser.add_argument("--output", metavar="FILE", help="JSON file to write or add to")
    parser.add_argument("--rows", default="1-14,extra,conv", help="such as 1,2,8-10,14,extra-3,conv-1-4 [default: 1-14,extra,conv]")
    parser.add_argument("--samples", type=int, default=50, help="timed launches [default: 50]")
    parser.add_argument("--budget", default="30s", help="of the search for each row; 0s: none [default: 30s]")
    parser.add_argument("--records", metavar="DIR", help="cache that the searches' records are kept in [default: none]")
    parser.add_argument("--no-peers", action="store_true", help="measure chela alone")
    parser.add_argument("--show", metavar="FILE", help="print the tables of this results file, and do nothing else")
    parser.add_argument("--chart", nargs=2, metavar=("SVG", "FILE"), help="draw the results file, and do nothing else")
    parser.add_argument("--compile-only", metavar="ROW", help=argparse.SUPPRESS)  # a helper of ourselves
    arguments = parser.parse_args()
    try:
        arguments.rows = rows.choose(arguments.compile_only or arguments.rows)
        chela_program.seconds(arguments.budget)
    except ValueError as error:
        parser.error(str(error))
    if arguments.samples < 50:
        parser.error(f"--samples is {arguments.samples}; it must be at least 50")
    if not (arguments.output or arguments.show or arguments.chart or arguments.compile_only):
        parser.error("--output is missing; it must be the JSON file to write")
    return arguments


def heading(program, with_peers):
    """(what the file says of the whole run, copy bandwidth in bytes a second)."""
    probe = chela_program.probe(program)
    if "error" in probe:
        sys.exit(f"chela cannot measure here: {probe['error']}\n{probe.get('stderr', '')}")
    made = {key: probe["provenance"].get(key, "") for key in ("commit", "driver", "compiler", "toolchain")}
    versions = {}
    if with_peers:
        from side_by_side import torch_peers

        versions = torch_peers.versions()
    return {"gpu": probe["device"], **made, "versions": versions}, probe["copy_bandwidth"]


def measure(row, arguments, head, bandwidth, of_jax):
    """The record of a row; prints what it finds as it goes."""
    ideal_ms = row.ideal_bytes / bandwidth * 1e3
    record = {"name": row.name, "label": row.label, "target": row.target, "family": row.family, "shape": row.shape,
              "gpu": head["gpu"], "commit": head["commit"], "copy_tb_per_s": bandwidth / 1e12,
              "measured": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
              "ideal_bytes": row.ideal_bytes, "ideal_ms": ideal_ms, "peers": {}}
    print(f"{row.name} {row.label}", flush=True)

    def tell(name, ms, error):
        print(f"  {name:<32}" + (f"{ms:9.4f} ms {100 * ideal_ms / ms:6.1f} %" if ms else f" {error}"), flush=True)

    if row.peers and not arguments.no_peers:
        from side_by_side import torch_peers

        try:
            record["peers"] = torch_peers.measure(row, arguments.samples)
        except Exception as error:  # no PyTorch, no memory
            record["peers"] = {"PyTorch": {"error": f"{type(error).__name__}: {error}"[:500]}}
        if row.name in of_jax:
            record["peers"][jax_peer.NAME] = of_jax[row.name]
        for name, peer in record["peers"].items():
            tell(name, peer.get("ms"), peer.get("error"))
    for key, result in chela_program.measure(arguments.chela, row, arguments.samples, arguments.budget, arguments.records):
        record[key] = result
        if key != "chela_tune" or "error" in result:
            tell(key, result.get("median_ms"), result.get("error"))
    return record


def main():
    arguments = parse()
    if arguments.show:
        print(show.markdown(results.load(arguments.show)))
    elif arguments.chart:
        Path(arguments.chart[0]).write_text(chart.svg(results.load(arguments.chart[1])))
    elif arguments.compile_only:
        from side_by_side import compile_ahead

        compile_ahead.compile_only(arguments.rows[0])
    else:
        head, bandwidth = heading(arguments.chela, not arguments.no_peers)
        try:
            report = results.begin(arguments.output, head)
        except ValueError as error:
            sys.exit(f"--output: {error}")
        if head["commit"] in ("", "unknown") or head["commit"].endswith("-dirty"):
            print(f"commit is '{head['commit']}': these figures cannot be traced; build a clean checkout, or set CHELA_COMMIT", file=sys.stderr)
        print(f"{head['gpu']}, copy {bandwidth / 1e12:.2f} TB/s, commit {head['commit']}, {head['versions']}", flush=True)
        of_jax = {}
        if not arguments.no_peers:
            from side_by_side import compile_ahead

            compile_ahead.ahead(__file__, arguments.rows)
            of_jax = jax_peer.measure_all(arguments.rows, arguments.samples)
        for row in arguments.rows:
            results.add(report, measure(row, arguments, head, bandwidth, of_jax))
            results.write(report, arguments.output)


if __name__ == "__main__":
    main()
