#!/usr/bin/env python3
"""Does anybody die of being slow? Real processes, and Serf beside them.

    stopped.py BUILD [--quick]   BUILD is the folder of a build; `./run bench stopped`
                                 fills it in

48 peers and 5 seeds; a quarter of the peers is stopped for 4 s (SIGSTOP) and let
go for 4 s, all of them at once, over and over for 60 s. A minute later one peer is
killed, so that a harness that notices nothing is noticed. Then the same with as
many members of Serf (Debian's package, profile lan, as it comes), if it is there.

Bars: no seed has a death certificate of anybody but the one who was killed, and
all have that one. Of Serf, for comparison: how many of the stopped members
somebody who was never stopped declared failed, how often, and how many others.
Exit code 1 when a bar is missed. Needs root for its network namespace."""
import argparse
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from processes import END_S, Hosts, Network

PEERS, SEEDS, CYCLE_S, REST_S = 48, 5, 4, 60
DEATH_WAIT_S = 75  # A death by kill -9 is certified within seconds.
SERF_PORT, SERF_RPC_PORT = 17000, 18000


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def cycle(processes, seconds):
    """Stops them and lets them go; they run at the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for process in processes:
                process.send_signal(number)
            time.sleep(CYCLE_S)


def wait_until(predicate, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if predicate():
            return True
        time.sleep(0.5)
    return predicate()


# ---------------------------------------------------------------------- Hearsay

def count(net, what):
    """A counter of each seed."""
    return [net.seed_status(i)["counters"][what] for i in range(net.count)]


def hearsay(build, wish):
    with Hosts("all") as hosts, \
            Network(build / "hearsay", build / "bench/load_peer", hosts["all"], SEEDS) as net:
        for i in range(wish.peers):
            net.add(hosts["all"], f"peer{i + 1}")
        net.wait_joined(timeout_s=120)
        slow = [peer.process for peer in net.peers[:wish.peers // 4]]
        say(f"hearsay: {wish.peers} peers joined; {len(slow)} of them slow for {wish.seconds} s")
        cycle(slow, wish.seconds)
        say(f"hearsay: all are let go; what comes of it within {wish.rest} s?")
        time.sleep(wish.rest)
        deaths, verdicts, reports = (count(net, what)
                                     for what in ("deaths", "verdicts", "reports_in"))
        victim = net.peers.pop()
        victim.process.kill()
        victim.process.wait(END_S)
        noticed = wait_until(
            lambda: all(now > then for now, then in zip(count(net, "deaths"), deaths)),
            DEATH_WAIT_S)
        return {"false_deaths": max(deaths), "verdicts": sum(verdicts), "reports": sum(reports),
                "control_noticed": noticed}


# ------------------------------------------------------------------------- Serf

class Serf:
    def __init__(self, host, count):
        self.host, self.processes = host, []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="serf-bench-"))
        first = f"{host.address}:{SERF_PORT}"
        for i in range(count):
            args = ["serf", "agent", f"-node=m{i}", "-profile=lan",
                    f"-bind={host.address}:{SERF_PORT + i}",
                    f"-rpc-addr={host.address}:{SERF_RPC_PORT + i}"]
            if i > 0:
                args += [f"-retry-join={first}", "-retry-interval=1s"]
            with open(self.folder / f"m{i}.log", "wb") as log:  # Ends when we do.
                self.processes.append(subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *host.command(args)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait(END_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def joined(self):
        """Whether all know all."""
        logs = (self.folder / f"m{i}.log" for i in range(len(self.processes)))
        return all(len(set(re.findall(r"EventMemberJoin: (m\d+)", log.read_text())))
                   == len(self.processes) for log in logs)

    def failures(self, observers):
        """(observer, member) of each time that one of them declared one failed."""
        return [(i, int(number)) for i in observers
                for number in re.findall(r"EventMemberFailed: m(\d+)",
                                         (self.folder / f"m{i}.log").read_text())]


def serf(wish):
    with Hosts("all") as hosts, Serf(hosts["all"], wish.peers) as net:
        if not wait_until(net.joined, 120):
            raise TimeoutError("the members of Serf do not all know each other")
        slow = set(range(1, 1 + wish.peers // 4))
        steady = [i for i in range(wish.peers) if i not in slow]
        say(f"serf: {wish.peers} members joined; {len(slow)} of them slow for {wish.seconds} s")
        cycle([net.processes[i] for i in slow], wish.seconds)
        time.sleep(wish.rest)
        events = net.failures(steady)
        victim = steady[-1]
        net.processes[victim].kill()
        noticed = wait_until(lambda: any(m == victim for _, m in net.failures(steady[:-1])),
                             DEATH_WAIT_S)
        declared = {m for _, m in events}
        return {"slow_members_failed": len(declared & slow), "slow_members": len(slow),
                "steady_members_failed": len(declared - slow), "events": len(events),
                "control_noticed": noticed}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="12 peers, 16 s, rest 10 s")
    parser.add_argument("--peers", type=int, help=f"[{PEERS}]")
    parser.add_argument("--for", type=int, dest="seconds", help="how long some are slow [60]")
    parser.add_argument("--rest", type=int, help=f"seconds after that [{REST_S}]")
    parser.add_argument("--without-serf", action="store_true")
    parser.add_argument("--json", action="store_true", help="one object, nothing else on stdout")
    wish = parser.parse_args()
    wish.peers = wish.peers or (12 if wish.quick else PEERS)
    wish.seconds = wish.seconds or (16 if wish.quick else 60)
    wish.rest = wish.rest or (10 if wish.quick else REST_S)
    result = {"peers": wish.peers, "seconds": wish.seconds, "hearsay": hearsay(wish.build, wish)}
    if shutil.which("serf") is None or wish.without_serf:
        say("serf: left out" + ("" if wish.without_serf else "; it is not installed"))
        result["serf"] = None
    else:
        result["serf"] = serf(wish)
    ours, theirs = result["hearsay"], result["serf"]
    bars = [("hearsay: false deaths", ours["false_deaths"], 0),
            ("hearsay: the one killed is not noticed", int(not ours["control_noticed"]), 0)]
    if wish.json:
        print(json.dumps({**result, "bars": [{"what": what, "ours": value, "bar": bar,
                                              "met": value <= bar} for what, value, bar in bars]}))
    else:
        print(f"hearsay: the seeds were told {ours['reports']} times that somebody is dead, and "
              f"signed {ours['verdicts']} verdicts")
        for what, value, bar in bars:
            print(f"{what:<40} {value:6d}  at most {bar}  {'met' if value <= bar else 'NOT MET'}")
        if theirs:
            print(f"serf: {theirs['slow_members_failed']} of {theirs['slow_members']} slow members "
                  f"and {theirs['steady_members_failed']} others declared failed, "
                  f"{theirs['events']} times in all by those who were never stopped"
                  f"{'' if theirs['control_noticed'] else '; it has NOT noticed the one killed'}")
    if any(value > bar for _, value, bar in bars):
        sys.exit("stopped.py: not all bars are met")


if __name__ == "__main__":
    main()
