#!/usr/bin/env python3
"""Does the tree relay hold its bars against flooding?

    relay.py HEARSAY [--quick]     for each N and each strike: 10 networks that
                                   flood, and the same 10 with the tree

HEARSAY is the binary; `./run bench relay` fills it in. Links of 10 to 50 ms,
publishers at random. A row is one command, printed with --commands:

    hearsay sim --compare relay=flood,tree --runs 10 --peers N ...

Bars: redundancy (needless copies per delivery), the largest of all runs; 100 %
delivery, in every run; 99 % latency against flooding's in the same network, the
median of the runs. After a strike it is the first message's, to all whom it can
still reach; a crash is seen by broken links, the frozen are silent. Exit code 1
when a bar is missed."""
import argparse
import json
import pathlib
import shlex
import subprocess
import sys

SIZES = [1000, 10000]
SMALL = 20
RUNS = 10
LATENCY = "10ms..50ms"
# So that every break has been seen: more than the longest delay. Silence is
# seen by nobody for half a minute, so there the message comes at once.
SEEN, AT_ONCE = "100ms", "10ms"

# name, flags, the most that p99 may be of flooding's
STRIKES = [
    ("30% crash", ["--crash", "30%", "--after", SEEN], 1.5),
    ("30% freeze", ["--freeze", "30%", "--after", AT_ONCE], 6),
    ("5% hubs crash", ["--hubs", "5%", "--after", SEEN], 1.5),
    ("5% hubs freeze", ["--freeze-hubs", "5%", "--after", AT_ONCE], 6),
]
CALM = "none"
P99_CALM = 2.2
REDUNDANCY, REDUNDANCY_SMALL = 0.5, 0.6

# heading, width, value of a row
COLUMNS = [
    ("peers", 7, lambda r: f"{r['peers']:,d}"),
    ("  strike", -16, lambda r: "  " + r["strike"]),
    ("missed", 8, lambda r: str(r["missed"])),
    ("copies", 8, lambda r: number(r["redundancy"], ".3f")),
    ("p50", 8, lambda r: number(r["p50"], ".1f")),
    ("p99", 8, lambda r: number(r["p99"], ".1f")),
    ("max", 8, lambda r: number(r["max"], ".1f")),
    ("p99/flood", 11, lambda r: number(r["ratio"], ".3f")),
    ("worst", 8, lambda r: number(r["worst"], ".3f")),
    ("bytes/fl.", 10, lambda r: number(r["bytes"], ".3f")),
    ("", -40, lambda r: "  " + ("met" if not r["not_met"] else
                                "not met: " + ", ".join(r["not_met"]))),
]


def number(value, form):
    return "-" if value is None else format(value, form)


def command(wish, peers, strike):
    flags = ["--peers", str(peers), "--latency", LATENCY, "--warm-up", str(wish.warm_up),
             "--messages", str(wish.messages), "--rate", str(wish.rate)]
    if strike:
        flags += [*strike, "--first-after"]
    return [str(wish.hearsay), "sim", "--compare", "relay=flood,tree", "--runs", str(wish.runs),
            "--rng", str(wish.rng), *flags, "--json", "--quiet"]


def compare(wish, peers, strike):
    """Flood, tree."""
    args = command(wish, peers, strike)
    if wish.commands:
        print(shlex.join(args), file=sys.stderr, flush=True)
    done = subprocess.run(args, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"relay.py: {shlex.join(args)} ended with exit code {done.returncode}")
    return (*json.loads(done.stdout.splitlines()[-1]), done.returncode)


def most(value, key, part=None):
    """The largest of all runs."""
    figures = value.get("largest", value)
    return figures[key][part] if part else figures[key]


def beyond(ours, bar):
    return ours is None or ours > bar


def judge(row, bars):
    for name, ours, bar in bars:
        if beyond(ours, bar):
            row["not_met"].append(f"{name} {number(ours, '.3g')} > {bar:g}")
    return row


def calm_row(wish, peers):
    flood, tree, code = compare(wish, peers, None)
    bar = REDUNDANCY_SMALL if peers <= SMALL else REDUNDANCY
    p99 = tree["ratio"]["latency_p99"]
    row = {"peers": peers, "strike": CALM, "missed": most(tree, "missed"),
           "redundancy": most(tree, "redundancy"), **tree["latency_ms"],
           "ratio": p99["median"], "worst": p99["worst"],
           "bytes": tree["ratio"]["bytes_per_delivery"]["median"],
           "not_met": ["a run failed"] if code else [], "flood": flood, "tree": tree}
    return judge(row, [("missed", row["missed"], 0), ("copies", row["redundancy"], bar),
                       ("p99", row["ratio"], P99_CALM)])


def strike_row(wish, peers, strike):
    name, flags, bar = strike
    flood, tree, code = compare(wish, peers, flags)
    first, p99 = tree["first"], tree["ratio"]["first_p99"]
    row = {"peers": peers, "strike": name, "missed": most(tree, "first", "missed"),
           "redundancy": first["redundancy"], "p50": first["p50_ms"], "p99": first["p99_ms"],
           "max": first["max_ms"], "ratio": p99["median"], "worst": p99["worst"], "bytes": None,
           "not_met": ["a run failed"] if code else [], "flood": flood, "tree": tree}
    return judge(row, [("missed", row["missed"], 0), ("p99", row["ratio"], bar)])


def rows(wish):
    sizes = wish.peers or ([SMALL] + (SIZES[:1] if wish.quick else SIZES))
    for peers in sizes:
        if wish.strike in (None, CALM):
            yield calm_row(wish, peers)
        for strike in STRIKES if peers > SMALL or wish.strike else []:
            if wish.strike in (None, strike[0]):
                yield strike_row(wish, peers, strike)


def print_cells(cells):
    print("".join(f"{text:<{-width}}" if width < 0 else f"{text:>{width}}"
                  for text, width in cells).rstrip(), flush=True)


def print_kinds(done):
    """What each delivery cost while nothing struck, by what frames are for."""
    print("\nper delivery, median: frames (bytes)")
    for row in (r for r in done if r["strike"] == CALM):
        for relay in ("flood", "tree"):
            f = row[relay]
            kinds = "  ".join(f"{kind} {f['frames_by_kind'][kind]:.2f} "
                              f"({f['bytes_by_kind'][kind]:.0f})"
                              for kind in f["frames_by_kind"])
            print(f"{row['peers']:>7,d}  {relay:<6} {kinds}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hearsay", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="not N = 10,000, and 3 runs")
    parser.add_argument("--peers", type=lambda text: [int(n) for n in text.split(",")],
                        help="other sizes, as in 20,1000")
    parser.add_argument("--strike", choices=[CALM, *(s[0] for s in STRIKES)],
                        help="only this row of each size")
    parser.add_argument("--runs", type=int, help=f"PRNG seeds of each [{RUNS}]")
    parser.add_argument("--rng", type=int, default=1, help="the first of them [1]")
    parser.add_argument("--warm-up", type=int, default=50, help="messages before [50]")
    parser.add_argument("--messages", type=int, default=50, help="that are measured [50]")
    parser.add_argument("--rate", type=float, default=10, help="of them a second [10]")
    parser.add_argument("--commands", action="store_true", help="print each to stderr")
    parser.add_argument("--json", action="store_true", help="one object a row, nothing else")
    wish = parser.parse_args()
    wish.runs = wish.runs or (3 if wish.quick else RUNS)
    done = []
    if not wish.json:
        print_cells((name, width) for name, width, _ in COLUMNS)
    for row in rows(wish):
        done.append(row)
        if wish.json:
            print(json.dumps(row), flush=True)
        else:
            print_cells((value(row), width) for _, width, value in COLUMNS)
    if not wish.json and wish.strike in (None, CALM):
        print_kinds(done)
    if any(row["not_met"] for row in done):
        sys.exit("relay.py: not all bars are met")


if __name__ == "__main__":
    main()
