"""Compiles what Triton will choose among, in several processes: alone it is most of the time that peers take."""

import subprocess
import sys
import time

PATIENCE_S = 300


def compile_only(row):
    """In a process of its own: compiles every configuration of the row's peers, and runs each once."""
    import torch

    from . import torch_peers

    def once(call, quantiles=None, **_):
        call()
        return [1.0, 1.0, 1.0]

    with torch.no_grad():
        family = torch_peers.of_family(row)
        for peer in family.peers(row, family.tensors(row)):
            if not peer.name.startswith("fla"):
                continue
            for tuner in torch_peers.autotuners():
                tuner.do_bench = once
            try:
                peer.work()
            except Exception as error:  # will be recorded where it is measured
                print(f"{row.name}: {peer.name}: {error}", file=sys.stderr)
    torch.cuda.synchronize()


def ahead(script, rows):
    """One process for each set of kernels that `rows` need."""
    sets = {}
    for row in rows:
        if row.peers and row.kernels_of_fla:
            sets.setdefault((row.family, row.kernels_of_fla), row)
    if len(sets) < 2:
        return  # measuring compiles it as fast
    start = time.time()
    processes = [subprocess.Popen([sys.executable, script, "--compile-only", row.name], stdout=subprocess.DEVNULL)
                 for row in sets.values()]
    for process in processes:
        try:
            process.wait(timeout=max(1, start + PATIENCE_S - time.time()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    print(f"compiled the peers of {len(sets)} kinds of rows in {time.time() - start:.0f} s", flush=True)
