#!/usr/bin/env python3
"""Do the degrees follow a power law?

    powerlaw.py HEARSAY [--quick]     for each rule of the overlay and each N:
                                      in how many of 20 networks it is plausible

HEARSAY is the binary; `./run bench powerlaw` fills it in. A network passes when
the fit has p >= 0.1 and the likelihood ratio is not in favour of the
exponential. The bar: `preferential` passes in 14 of 20, at each N; the other
rules stand beside it for comparison. Exit code 1 when the bar is missed."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

RULES = ["preferential", "top-half", "uniform"]
BARRED = "preferential"
SIZES = [1000, 5000]
RUNS = 20
SHARE = 0.7  # Of the runs: 14 of 20.
PLAUSIBLE = 0.1

# heading, width, value of a row
COLUMNS = [
    ("rule", -14, lambda r: r["rule"]),
    ("peers", 7, lambda r: f"{r['peers']:,d}"),
    ("passes", 11, lambda r: f"{r['passes']} of {r['runs']}"),
    ("alpha", 8, lambda r: number(r["alpha"], ".2f")),
    ("p", 7, lambda r: number(r["p"], ".2f")),
    ("ratio", 7, lambda r: number(r["ratio"], "+.1f")),
    ("against", 9, lambda r: f"{r['against']} of {r['runs']}"),
    ("no fit", 8, lambda r: str(r["refused"])),
    ("degree", 10, lambda r: f"{r['least']}..{r['most']}"),
]


def number(value, form):
    return "-" if value is None else format(value, form)


def study(wish, rule, peers, rng):
    """The figures of one network."""
    pace = ["--join-over", f"{wish.pace * peers}ms"] if wish.pace else []
    done = subprocess.run(
        [wish.hearsay, "sim", "--peers", str(peers), "--overlay", rule, "--rng", str(rng),
         "--messages", "0", *pace, "--fit", "--json", "--quiet"],
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"powerlaw.py: {' '.join(map(str, done.args))} ended with exit code "
                 f"{done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def median(values):
    known = [v for v in values if v is not None]
    return statistics.median(known) if known else None


def passes(fit):
    return (fit["p"] is not None and fit["p"] >= PLAUSIBLE and
            fit["lr_exp"] is not None and fit["lr_exp"] >= 0)


def measure(wish, rule, peers):
    studies = [study(wish, rule, peers, rng) for rng in range(1, wish.runs + 1)]
    fits = [s["fit"] for s in studies]
    return {
        "rule": rule, "peers": peers, "runs": wish.runs,
        "passes": sum(map(passes, fits)),
        "alpha": median([f["alpha"] for f in fits]),
        "p": median([f["p"] for f in fits]),
        "ratio": median([f["lr_exp"] for f in fits]),
        "against": sum(f["lr_exp"] is not None and f["lr_exp"] < 0 for f in fits),
        "refused": sum(f["p"] is None for f in fits),
        "least": min(s["degree"]["min"] for s in studies),
        "most": max(s["degree"]["max"] for s in studies),
    }


def print_cells(cells):
    print("".join(f"{text:<{-width}}" if width < 0 else f"{text:>{width}}"
                  for text, width in cells), flush=True)


def meets_bar(row):
    return (row["rule"] != BARRED or
            (row["passes"] >= SHARE * row["runs"] and row["ratio"] is not None and
             row["ratio"] >= 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hearsay", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="only N = 1,000")
    parser.add_argument("--peers", type=lambda text: [int(n) for n in text.split(",")],
                        help="other sizes, as in 1000,5000")
    parser.add_argument("--rules", type=lambda text: text.split(","), default=RULES)
    parser.add_argument("--runs", type=int, default=RUNS, help="PRNG seeds of each, from 1 on")
    parser.add_argument("--pace", type=int, metavar="MS",
                        help="from one peer's start to the next [as hearsay sim has it: 20]")
    wish = parser.parse_args()
    print_cells((name, width) for name, width, _ in COLUMNS)
    met = True
    for peers in wish.peers or (SIZES[:1] if wish.quick else SIZES):
        for rule in wish.rules:
            row = measure(wish, rule, peers)
            print_cells((value(row), width) for _, width, value in COLUMNS)
            met = met and meets_bar(row)
    if not met:
        sys.exit(f"powerlaw.py: {BARRED} should pass in {SHARE:.0%} of the networks, with a median "
                 f"ratio of 0 or more")


if __name__ == "__main__":
    main()
