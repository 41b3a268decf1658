"""A results file as Markdown."""

from .convolution import is_convolution
from .linear_attention import GROWTH, is_extra
from .results import best_peer, chela_ms, label


def figure(row, ms, failed=False):
    """Two cells: milliseconds and share of copy."""
    if ms is None:
        return "failed | " if failed else " | "
    return f"{ms:.4f} | {100 * row['ideal_ms'] / ms:.1f} %"


def chela_cells(row, keys=("chela_untuned", "chela")):
    return " | ".join(figure(row, chela_ms(row, key), "error" in row.get(key, {})) for key in keys)


def peer_cells(row):
    best = best_peer(row)
    if best:
        return f"{best[0]} | {figure(row, best[1])}"
    return f"{'all failed' if row.get('peers') else ''} | {figure(row, None)}"


def growth(rows):
    """Time per token of the long sequence over that of the short ones."""
    short, long = (rows.get(name) for name in GROWTH)
    for key, kind in (("chela_untuned", "untuned"), ("chela", "tuned")):
        pair = [row and chela_ms(row, key) for row in (short, long)]
        if all(pair):
            tokens = [row["shape"]["batch"] * row["shape"]["length"] for row in (short, long)]
            ratio = (pair[1] / tokens[1]) / (pair[0] / tokens[0])
            yield f"Linear growth, {kind}: a token of {long['shape']['length']} takes {ratio:.3f} times one of {short['shape']['length']}."


def table_of_peers(rows):
    yield "| row | target | best peer | ms | share of copy | chela untuned, ms | share | tuned, ms | share |"
    yield "|" + "---|" * 9
    for row in rows:
        yield f"| {row.get('name', '')} {label(row)} | {row.get('target', '')} | {peer_cells(row)} | {chela_cells(row)} |"


def best_chela(row):
    """(key, ms) of the faster of untuned and tuned, or None."""
    times = [(chela_ms(row, key), key) for key in ("chela_untuned", "chela") if chela_ms(row, key)]
    return min(times)[::-1] if times else None


def table_of_convolutions(rows):
    """As that of peers; then how many times faster chela is, and both with the long kernel prepared anew in each call."""
    keys = ["chela_untuned"] + (["chela"] if any("chela" in row for row in rows) else [])
    yield ("| row | target | best peer | ms | share of copy | chela untuned, ms | share | "
           + ("tuned, ms | share | " if "chela" in keys else "") + "times faster | prepared anew: the peer, ms | chela, ms |")
    yield "|" + "---|" * (8 + 2 * len(keys))
    for row in rows:
        peer, chela = best_peer(row), best_chela(row)
        faster = f"{peer[1] / chela[1]:.2f}" if peer and chela else ""
        cold = [peer and row["peers"][peer[0]].get("cold_ms"), chela and row[chela[0]].get("cold_ms")]
        if any(cold):  # who prepares nothing takes no longer
            cold = [ms or best and best[1] for ms, best in zip(cold, (peer, chela))]
        yield (f"| {row['name']} {label(row)} | {row['target']} | {peer_cells(row)} | {chela_cells(row, keys)} | {faster} | "
               + " | ".join(f"{ms:.4f}" if ms else "" for ms in cold) + " |")


def table_of_extras(rows):
    yield "| row | chela untuned, ms | share of copy | tuned, ms | share | untuned / tuned | untuned is |"
    yield "|" + "---|" * 7
    for row in rows:
        untuned, tuned = chela_ms(row, "chela_untuned"), chela_ms(row, "chela")
        choice = row.get("chela_untuned", {}).get("choice", {})
        origin = choice.get("kind", "") + (", shipped" if choice.get("shipped") else "")
        yield f"| {row['name']} {label(row)} | {chela_cells(row)} | {f'{untuned / tuned:.3f}' if untuned and tuned else ''} | {origin} |"


def table_of_graphs(rows):
    """Short kernels: a launch on its own takes some microseconds to begin and to end."""
    yield "| row, launched back to back in a captured graph | best peer | µs | chela untuned, µs | share of copy | tuned, µs |"
    yield "|" + "---|" * 6
    for row in rows:
        peers = sorted((peer["graph_ms"], name) for name, peer in row.get("peers", {}).items()
                       if "graph_ms" in peer and peer.get("counted", True))
        best = f"{peers[0][1]} | {1e3 * peers[0][0]:.2f}" if peers else " | "
        untuned, tuned = (row.get(key, {}).get("graph_ms") for key in ("chela_untuned", "chela"))
        share = f"{100 * row['ideal_ms'] / untuned:.1f} %" if untuned else ""
        cells = [f"{1e3 * ms:.2f}" if ms else "" for ms in (untuned, tuned)]
        yield f"| {row.get('name', '')} {label(row)} | {best} | {cells[0]} | {share} | {cells[1]} |"


def conditions(report):
    copies = [row["copy_tb_per_s"] for row in report["rows"] if "copy_tb_per_s" in row] or [report["copy_tb_per_s"]]
    yield report["gpu"]
    yield f"copy {min(copies):.2f} to {max(copies):.2f} TB/s"
    yield f"commit {report['commit']}"
    yield from (f"{key} {report[key]}" for key in ("driver", "toolchain", "compiler") if report.get(key))
    yield from (f"{name} {version}" for name, version in report.get("versions", {}).items())


def markdown(report) -> str:
    convolutions = [row for row in report["rows"] if is_convolution(row.get("family", ""))]
    extras = [row for row in report["rows"] if is_extra(row.get("name", ""))]
    table = [row for row in report["rows"] if row not in convolutions and row not in extras]
    blocks = ["\n".join(make(rows)) for make, rows in ((table_of_peers, table), (table_of_convolutions, convolutions)) if rows]
    short = [row for row in report["rows"] if row.get("chela_untuned", {}).get("graph_ms")]
    blocks += ["\n".join(table_of_graphs(short))] if short else []
    blocks += growth({row.get("name"): row for row in table})
    blocks += ["\n".join(table_of_extras(extras))] if extras else []
    blocks += [f"Quoted, not measured in this run: {one['peer']}, {one['shape']}: {one['ms']} ms on an {one['gpu']}, {one['date']}."
               for one in report.get("quoted", []) if one["row"] in {row.get("name") for row in table}]
    return "\n\n".join(blocks + ["; ".join(conditions(report)) + "."])
