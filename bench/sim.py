#!/usr/bin/env python3
"""What simulating costs, on this machine.

    sim.py DIR                        events a second (sim_events)
    sim.py DIR --scale [--million] [--svg FILE] [--messages M]
                                      N = 100 to 100,000 (or a million) peers,
                                      each in a process of its own, as a table
                                      and a plot

DIR is where the programs are; `./run bench sim` fills it in."""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys

SIZES = [100, 1000, 10000, 100000]
MILLION = 1000000

# heading, width, format, value of a row
COLUMNS = [
    ("peers", 9, ",d", lambda r: r["peers"]),
    ("joined", 9, ",d", lambda r: r["joined"]),
    ("missed", 7, ",d", lambda r: r["missed"]),
    ("wall s", 8, ".1f", lambda r: r["wall_s"]),
    ("cpu s", 8, ".1f", lambda r: r["cpu_s"]),
    ("events/s", 10, ",.0f", lambda r: r["events"] / r["cpu_s"]),
    ("to join", 8, ".1f", lambda r: r["events_to_join"]),
    ("delivery", 9, ".2f", lambda r: r["events_per_delivery"]),
    ("bytes/peer", 11, ",d", lambda r: r["bytes_per_peer"]),
    ("rss MiB", 9, ",.0f", lambda r: r["rss_kib"] / 1024),
    ("hops", 5, "d", lambda r: r["last_hops"]["p50"]),
    ("max", 4, "d", lambda r: r["last_hops"]["max"]),
]

PLOTS = [
    ("events per delivery", lambda r: r["events_per_delivery"]),
    ("KiB per peer", lambda r: r["bytes_per_peer"] / 1024),
    ("hops to the last delivery (median)", lambda r: r["last_hops"]["p50"]),
    ("events to join, per peer", lambda r: r["events_to_join"]),
]


def measure(program, size, messages):
    # Large pages: with gigabytes of small objects most of the time goes to finding them.
    pages = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    done = subprocess.run([program, str(size), str(messages)], stdout=subprocess.PIPE, text=True,
                          env=os.environ | pages)
    if done.returncode != 0:
        sys.exit(f"sim.py: {program} {size} ended with exit code {done.returncode}")
    return json.loads(done.stdout)


def print_head():
    print("".join(f"{name:>{width}}" for name, width, _, _ in COLUMNS))


def print_row(row):
    print("".join(f"{format(value(row), form):>{width}}" for _, width, form, value in COLUMNS),
          flush=True)


def nice_top(value):
    """A round number not below VALUE."""
    step = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * f for f in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * f >= value * 1.05)


def panel(title, rows, value, left, top):
    """One plot of 300 x 130 at (LEFT, TOP): N is logarithmic, values are not."""
    width, height = 300, 130
    low, high = math.log10(rows[0]["peers"]), math.log10(rows[-1]["peers"])
    ceiling = nice_top(max(value(r) for r in rows))

    def at(row):
        x = left + width * (math.log10(row["peers"]) - low) / max(high - low, 1)
        return x, top + height - height * value(row) / ceiling

    out = [f'<text class="title" x="{left}" y="{top - 10}">{title}</text>',
           f'<path class="axis" d="M{left} {top}V{top + height}H{left + width}"/>']
    for part in (0, 0.5, 1):
        y = top + height - height * part
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{left + width}"/>'
                   f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{ceiling * part:g}</text>')
    for row in rows:
        x, y = at(row)
        out.append(f'<text x="{x:.1f}" y="{top + height + 16}" text-anchor="middle">'
                   f'{row["peers"]:,}</text><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    points = " ".join("{:.1f},{:.1f}".format(*at(row)) for row in rows)
    out.append(f'<polyline points="{points}"/>')
    return "\n".join(out)


def svg(rows):
    """All plots on one picture that can be read on white and on black."""
    style = ("text{font:11px sans-serif;fill:#808080}.title{font-weight:bold;font-size:12px}"
             ".axis{fill:none;stroke:#808080}.grid{stroke:#80808040}"
             "polyline{fill:none;stroke:#2f7ed8;stroke-width:2}circle{fill:#2f7ed8}")
    panels = [panel(title, rows, value, 60 + 380 * (i % 2), 40 + 195 * (i // 2))
              for i, (title, value) in enumerate(PLOTS)]
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 770 400" role="img" '
            'aria-label="Cost of the simulation against the number of peers">\n'
            f"<style>{style}</style>\n" + "\n".join(panels) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--svg", type=pathlib.Path)
    parser.add_argument("--messages", type=int, default=10)
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")])
    wish = parser.parse_args()
    if not wish.scale:
        sys.exit(subprocess.run([wish.dir / "sim_events"]).returncode)
    rows = []
    print_head()
    for size in wish.sizes or SIZES + [MILLION] * wish.million:
        rows.append(measure(wish.dir / "sim_scale", size, wish.messages))
        print_row(rows[-1])
    if wish.svg:
        wish.svg.write_text(svg(rows))
        print(f"wrote {wish.svg}")


if __name__ == "__main__":
    main()
