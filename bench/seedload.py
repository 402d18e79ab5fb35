#!/usr/bin/env python3
"""What does a seed hold for 10,000 peers? A real seed process.

    seedload.py BUILD [--quick]  BUILD is the folder of a build; `./run bench seedload`
                                 fills it in

10,000 peers (bench/light_peers.c: real nodes with true signatures, and their own
overlay; their connections to the seed are real ones, over loopback) register at one
seed, 100 a second, and stay a minute. Bar: at no moment has the seed more memory
of its own (Anonymous of smaps_rollup) than 64 MiB and 24 KiB for each connection;
all register. Told besides: RSS, and what the seed says of the network. Exit code 1
when a bar is missed. Needs root for its network namespace, and as many open files
as there are peers (ulimit -Hn)."""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import time

from processes import COMMAND_S, Hosts, Network, ip

PEERS, RATE, HOLD_S = 10000, 100, 60
BASE_KIB, EACH_KIB = 64 * 1024, 24
LIGHT_PORT, LIGHT_NET = 9000, "10.80.0.0/12"
SLACK_S = 300  # For the registrations, beyond what the rate says.


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Watch:
    """Looks at the seed, and remembers the worst moment."""

    def __init__(self, net):
        self.net, self.worst, self.last = net, None, None

    def look(self):
        s = self.net.seed_status(0)
        if s is None:
            return None
        now = {"private_kib": s["memory"]["private_bytes"] / 1024,
               "rss_kib": s["memory"]["rss_bytes"] / 1024, "connections": s["runtime"]["links"],
               "peers": s["peers"], "components": s["components"],
               "registrations": s["counters"]["registrations"],
               "deaths": s["counters"]["deaths"]}
        now["allowed_kib"] = BASE_KIB + EACH_KIB * now["connections"]
        now["share"] = now["private_kib"] / now["allowed_kib"]
        if self.worst is None or now["share"] > self.worst["share"]:
            self.worst = now
        self.last = now
        return now

    def until(self, done, seconds):
        end, told = time.monotonic() + seconds, 0
        while True:
            now = self.look()
            if now and time.monotonic() > told + 5:
                say(f"{now['peers']} peers on {now['connections']} connections: "
                    f"{now['private_kib'] / 1024:.1f} MiB of {now['allowed_kib'] / 1024:.1f} MiB "
                    f"allowed; {now['components']} component(s), {now['deaths']} deaths")
                told = time.monotonic()
            if now and done(now):
                return True
            if time.monotonic() > end:
                return False
            time.sleep(1)


def run(build, peers, rate, hold):
    with Hosts("all") as hosts, \
            Network(build / "hearsay", build / "bench/load_peer", hosts["all"], 1) as net:
        host = hosts["all"]
        ip("netns", "exec", host.namespace, "ip", "route", "add", "local", LIGHT_NET, "dev", "lo")
        watch = Watch(net)
        time.sleep(1)  # The seed listens.
        watch.look()
        empty = watch.last
        light = net.tell(host, "light", [build / "bench/light_peers", peers, rate, LIGHT_PORT,
                                         *net.seeds])
        begun = time.monotonic()
        all_there = watch.until(lambda now: now["peers"] >= peers, peers / rate + SLACK_S)
        took = time.monotonic() - begun
        watch.until(lambda now: False, hold)
        report = light.ask("report", COMMAND_S)
        limits = subprocess.run([build / "hearsay", "seed", "--print-limits"], text=True,
                                capture_output=True, check=True).stdout.splitlines()
        return {"peers": peers, "registered": watch.last["peers"], "all_after_s":
                took if all_there else None, "empty": empty, "worst": watch.worst,
                "last": watch.last, "light": report, "ceiling": int(limits[-1].split()[-1])}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="500 peers, 20 s")
    parser.add_argument("--peers", type=int, help=f"[{PEERS}]")
    parser.add_argument("--rate", type=int, default=RATE, help=f"that start in a second [{RATE}]")
    parser.add_argument("--for", type=int, dest="hold", help=f"seconds after that [{HOLD_S}]")
    parser.add_argument("--json", action="store_true", help="one object, nothing else on stdout")
    wish = parser.parse_args()
    peers = wish.peers or (500 if wish.quick else PEERS)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files != resource.RLIM_INFINITY and files < peers + 1000:
        sys.exit(f"seedload.py: {peers} peers need {peers + 1000} open files, and the hard limit is "
                 f"{files}: raise it (ulimit -Hn), or take fewer --peers")
    r = run(wish.build, peers, wish.rate, wish.hold or (20 if wish.quick else HOLD_S))
    worst, last = r["worst"], r["last"]
    bars = [("not registered", peers - r["registered"], 0),
            ("the seed's own memory, MiB", worst["private_kib"] / 1024,
             worst["allowed_kib"] / 1024)]
    if wish.json:
        print(json.dumps({**r, "bars": [{"what": what, "ours": ours, "bar": bar, "met": ours <= bar}
                                        for what, ours, bar in bars]}))
    else:
        print(f"the seed: {r['empty']['private_kib'] / 1024:.1f} MiB when empty; with {last['peers']} "
              f"peers on {last['connections']} connections {last['private_kib'] / 1024:.1f} MiB of "
              f"its own, {last['rss_kib'] / 1024:.1f} MiB RSS: "
              f"{(last['private_kib'] - r['empty']['private_kib']) / max(1, last['peers']):.1f} KiB "
              f"a peer; {r['light']['links']} links among them in {last['components']} component(s)")
        for what, ours, bar in bars:
            print(f"{what:<32} {ours:10.1f}  at most {bar:8.1f}  {'met' if ours <= bar else 'NOT MET'}")
    if any(ours > bar for _, ours, bar in bars):
        sys.exit("seedload.py: not all bars are met")


if __name__ == "__main__":
    main()
