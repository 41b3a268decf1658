"""A results file as a bar chart: the share of copy of the best peer and of chela, row by row."""

from html import escape

from .results import best_peer, chela_ms, label
from .linear_attention import is_extra

# Read on white and on GitHub's dark ground alike.
INK, RULE = "#7d8792", "#7d879255"
SERIES = (("best peer", "#9aa5b1"), ("chela untuned", "#58a6e8"), ("chela tuned", "#1f74d1"))
LEFT, WIDTH, RIGHT, BAR, GAP, TOP = 300, 520, 60, 9, 12, 58


def text(x, y, words, anchor="start", size=12):
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{INK}">{escape(words)}</text>'


def shares(row):
    best = best_peer(row)
    times = (best and best[1], chela_ms(row, "chela_untuned"), chela_ms(row, "chela"))
    return [row["ideal_ms"] / ms if ms else None for ms in times]


def svg(report) -> str:
    rows = [row for row in report["rows"] if not is_extra(row.get("name", "")) and any(shares(row))]
    top_share = max([1.0] + [share for row in rows for share in shares(row) if share])
    height = TOP + len(rows) * (3 * BAR + GAP) + 12
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" '
             f'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" role="img">',
             f"<title>Share of copy on {escape(report['gpu'])}</title>",
             text(LEFT, 16, f"share of the speed of a copy, {report['gpu']}; longer is faster", size=13)]
    x = LEFT
    for name, colour in SERIES:
        parts += [f'<rect x="{x}" y="24" width="12" height="9" rx="2" fill="{colour}"/>', text(x + 17, 33, name)]
        x += 125
    for percent in range(0, int(100 * top_share) + 1, 20):
        at = LEFT + WIDTH * percent / 100 / top_share
        parts += [f'<line x1="{at:g}" y1="{TOP - 6}" x2="{at:g}" y2="{height - 12}" stroke="{RULE}"/>',
                  text(at, TOP - 10, f"{percent} %", "middle", 10)]
    for number, row in enumerate(rows):
        y = TOP + number * (3 * BAR + GAP)
        parts.append(text(LEFT - 10, y + 1.5 * BAR + 4, label(row), "end"))
        for (_, colour), share in zip(SERIES, shares(row)):
            if share:
                length = WIDTH * share / top_share
                parts += [f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 1}" rx="1.5" fill="{colour}"/>',
                          text(LEFT + length + 5, y + BAR - 1, f"{100 * share:.0f} %", size=9)]
            y += BAR
    return "\n".join(parts + ["</svg>"]) + "\n"
