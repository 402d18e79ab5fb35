#!/usr/bin/env python3
"""Does anything get lost when a publisher is faster than its network? Real
processes.

    flood.py BUILD [--quick]     BUILD is the folder of a build; `./run bench flood`
                                 fills it in

Fifty peers; one publishes messages of 1 KiB for 30 s as fast as they are taken.
Bars: it is told AGAIN; every message that was taken is at every other peer once,
within a minute of the last one; no process takes more memory than `hearsay peer
--print-limits` says. Exit code 1 when a bar is missed. Needs root for its network
namespace."""
import argparse
import json
import pathlib
import subprocess
import sys
import time

from processes import Hosts, Network, percentile_us

PEERS, PAYLOAD, REST_S = 50, 1024, 60


def ceiling_kib(hearsay):
    done = subprocess.run([hearsay, "peer", "--print-limits"], capture_output=True, text=True)
    return int(done.stdout.splitlines()[-1].split()[-1]) // 1024


def delivered(report, origin):
    return report["origins"].get(origin, 0)


def run(build, peers, seconds):
    with Hosts("all") as hosts:
        host = hosts["all"]
        with Network(build / "hearsay", build / "bench/load_peer", host, 3) as net:
            for i in range(peers):
                net.add(host, f"peer{i + 1}")
            reports = net.wait_joined(timeout_s=120)
            publisher, others, origin = net.peers[0], net.peers[1:], reports[0]["id"]
            told = publisher.ask(f"publish 0 {seconds} {PAYLOAD}", seconds + 60)
            begun = time.monotonic()
            while True:
                reports = [peer.ask("report") for peer in others]
                missed = sum(told["published"] - delivered(r, origin) for r in reports)
                if missed == 0 or time.monotonic() - begun > REST_S:
                    break
                time.sleep(0.2)
            reports.append(publisher.ask("report"))
            return {"peers": peers, "seconds": seconds, "published": told["published"],
                    "again": told["again"], "missed": missed,
                    "twice": sum(r["twice"] for r in reports),
                    "lost": sum(r["lost"] for r in reports),
                    "all_after_s": time.monotonic() - begun,
                    "p50_ms": percentile_us(reports[:-1], 0.5) / 1000,
                    "p99_ms": percentile_us(reports[:-1], 0.99) / 1000,
                    "memory_kib": max(r["rss_most_kib"] - r["own_kib"] for r in reports)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="12 peers and 5 s")
    parser.add_argument("--peers", type=int, help=f"[{PEERS}]")
    parser.add_argument("--for", type=int, dest="seconds", help="how long it publishes [30]")
    parser.add_argument("--json", action="store_true", help="one object, nothing else")
    wish = parser.parse_args()
    peers = wish.peers or (12 if wish.quick else PEERS)
    r = run(wish.build, peers, wish.seconds or (5 if wish.quick else 30))
    r["ceiling_kib"] = ceiling_kib(wish.build / "hearsay")
    bars = [("not told AGAIN", int(r["again"] == 0), 0), ("missed", r["missed"], 0),
            ("delivered twice", r["twice"], 0), ("told as lost", r["lost"], 0),
            ("largest process, MiB", r["memory_kib"] / 1024, r["ceiling_kib"] / 1024)]
    if wish.json:
        print(json.dumps(r))
    else:
        print(f"{r['published']:,d} messages taken in {r['seconds']} s, AGAIN {r['again']:,d} times; "
              f"{peers} peers; p50 {r['p50_ms']:.1f} ms, p99 {r['p99_ms']:.1f} ms; all there "
              f"{r['all_after_s']:.1f} s after the last one")
        for what, ours, bar in bars:
            print(f"{what:<24} {ours:12.1f}  at most {bar:10.1f}  "
                  f"{'met' if ours <= bar else 'NOT MET'}")
    if any(ours > bar for _, ours, bar in bars):
        sys.exit("flood.py: not all bars are met")


if __name__ == "__main__":
    main()
