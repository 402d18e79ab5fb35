#!/usr/bin/env python3
"""Do 1,000 real peers come together on one machine? Real processes.

    crowd.py BUILD [--quick]     BUILD is the folder of a build; `./run bench crowd`
                                 fills it in

20 processes of 50 peers each (bench/crowd_peer.c, the library's runtime) start at
once, with 3 seeds that run. Bars: all have joined within 60 s of the start of the
first process; within another 60 s every seed counts all of them, in one component.
Told besides: links, and the memory of a peer. Exit code 1 when a bar is missed.
Needs root for its network namespace."""
import argparse
import json
import pathlib
import sys
import time

from processes import Hosts, Network

PEERS, EACH, SEEDS, JOIN_BAR_S, WHOLE_BAR_S = 1000, 50, 3, 60, 60
GIVE_UP_S = 300  # After that it is no join any more.


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def wait_joined(net, peers, begun):
    """Seconds until all have joined, or None; and the last reports."""
    told = -1
    while True:
        reports = [process.ask("report") for process in net.peers]
        joined = sum(r["joined"] for r in reports)
        took = time.monotonic() - begun
        if joined != told:
            say(f"{took:5.1f} s: {joined} of {peers} have joined")
            told = joined
        if joined == peers:
            return took, reports
        if took > GIVE_UP_S:
            return None, reports
        time.sleep(0.5)


def wait_whole(net, peers, begun):
    """Seconds until all seeds count all peers in one component, or None; and
    what each said last."""
    while True:
        seen = [net.seed_status(i) for i in range(SEEDS)]
        seen = [(s["peers"], s["components"], s["cut_peers"]) for s in seen]
        took = time.monotonic() - begun
        if all(one[:2] == (peers, 1) for one in seen):
            return took, seen
        if took > GIVE_UP_S:
            return None, seen
        time.sleep(0.5)


def run(build, peers, each):
    with Hosts("all") as hosts, \
            Network(build / "hearsay", build / "bench/load_peer", hosts["all"], SEEDS) as net:
        time.sleep(1)  # The seeds listen.
        begun = time.monotonic()
        for i in range(0, peers, each):
            net.tell(hosts["all"], f"crowd{i // each + 1}",
                     [build / "bench/crowd_peer", f"crowd{i // each + 1}",
                      min(each, peers - i), hosts["all"].address, *net.seeds])
        joined_s, reports = wait_joined(net, peers, begun)
        whole_s, seen = wait_whole(net, peers, time.monotonic())
        reports = [process.ask("report") for process in net.peers]
        return {"peers": peers, "processes": len(reports), "joined_s": joined_s,
                "whole_after_s": whole_s,
                "slowest_peer_ms": max(r["join_most_ms"] for r in reports),
                "links_least": min(r["links_least"] for r in reports),
                "links_mean": sum(r["links"] for r in reports) / peers,
                "peer_private_kib": sum(r["private_kib"] for r in reports) / peers,
                "seeds": [{"peers": p, "components": c, "cut_peers": k} for p, c, k in seen],
                "seed_private_kib": [net.seed_status(i)["memory"]["private_bytes"] // 1024
                                     for i in range(SEEDS)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="100 peers, 25 a process")
    parser.add_argument("--peers", type=int, help=f"[{PEERS}]")
    parser.add_argument("--each", type=int, help=f"peers of a process, at most 256 [{EACH}]")
    parser.add_argument("--json", action="store_true", help="one object, nothing else on stdout")
    wish = parser.parse_args()
    peers = wish.peers or (100 if wish.quick else PEERS)
    r = run(wish.build, peers, wish.each or (25 if wish.quick else EACH))
    never = 1e9
    bars = [("all joined, s", r["joined_s"] or never, JOIN_BAR_S),
            ("then whole for all seeds, s", r["whole_after_s"] or never, WHOLE_BAR_S)]
    if wish.json:
        print(json.dumps({**r, "bars": [{"what": what, "ours": ours, "bar": bar, "met": ours <= bar}
                                        for what, ours, bar in bars]}))
    else:
        print(f"{peers} peers in {r['processes']} processes: the slowest one took "
              f"{r['slowest_peer_ms'] / 1000:.1f} s; {r['links_mean']:.1f} links each, "
              f"{r['links_least']} at least; {r['peer_private_kib']:.0f} KiB of memory a peer, "
              f"{max(r['seed_private_kib']) / 1024:.1f} MiB the largest seed; "
              f"seeds: {r['seeds']}")
        for what, ours, bar in bars:
            print(f"{what:<32} {ours:8.1f}  at most {bar}  {'met' if ours <= bar else 'NOT MET'}")
    if any(ours > bar for _, ours, bar in bars):
        sys.exit("crowd.py: not all bars are met")


if __name__ == "__main__":
    main()
