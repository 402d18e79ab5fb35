"""Networks of real processes for benches: seeds and `load_peer`s, each group on
a host of its own, which is a network namespace with an address on one bridge.

    with Hosts("seeds", "peers", "slow") as hosts:
        with Network(binaries, hosts["seeds"], 3) as net:
            peer = net.add(hosts["peers"], "peer1")

Everything is started by us, ended by its pid, and gone at the end; the network
namespaces too. Needs root, and iproute2.
"""
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SEED_PORT, PEER_PORT = 7946, 8000
ANSWER_S = 60
COMMAND_S = 30  # What ends by itself, and at once when all is well.
END_S = 5


def run(args):
    """One that is over soon; OSError when it fails or is not."""
    text = " ".join(map(str, args))
    try:
        done = subprocess.run(args, capture_output=True, text=True, timeout=COMMAND_S)
    except subprocess.TimeoutExpired as e:
        raise OSError(f"{text}: not done after {COMMAND_S} s") from e
    if done.returncode != 0:
        raise OSError(f"{text}: {done.stderr.strip()}")
    return done.stdout


def ip(*args):
    run(["ip", *args])


class Host:
    def __init__(self, bridge, name, number, tag):
        self.namespace, self.inside = f"hearsay-{tag}-{number}", f"hs{tag}{number}"
        self.address, self.outside = f"10.77.0.{number + 1}", f"hb{tag}{number}"
        ip("netns", "add", self.namespace)
        ip("link", "add", self.outside, "type", "veth", "peer", "name", self.inside, "netns",
           self.namespace)
        ip("link", "set", self.outside, "netns", bridge)
        ip("-n", bridge, "link", "set", self.outside, "master", "br0", "up")
        ip("-n", self.namespace, "addr", "add", f"{self.address}/24", "dev", self.inside)
        ip("-n", self.namespace, "link", "set", self.inside, "up")
        ip("-n", self.namespace, "link", "set", "lo", "up")
        self.bridge = bridge

    def limit(self, bit_per_s):
        """Both directions; None: no limit any more."""
        for namespace, device in ((self.namespace, self.inside), (self.bridge, self.outside)):
            args = ["ip", "netns", "exec", namespace, "tc", "qdisc"]
            if bit_per_s is None:
                args += ["del", "dev", device, "root"]
            else:
                args += ["add", "dev", device, "root", "tbf", "rate", f"{bit_per_s}bit",
                         "burst", "1600", "limit", "4000"]
            run(args)

    def command(self, args):
        return ["ip", "netns", "exec", self.namespace, *map(str, args)]


class Hosts:
    def __init__(self, *names):
        self.names, self.hosts, self.tag = names, {}, f"{os.getpid() % 10000:04d}"
        self.bridge = f"hearsay-{self.tag}-bridge"

    def __enter__(self):
        try:
            ip("netns", "add", self.bridge)
            ip("-n", self.bridge, "link", "add", "br0", "type", "bridge")
            ip("-n", self.bridge, "link", "set", "br0", "up")
            for number, name in enumerate(self.names):
                self.hosts[name] = Host(self.bridge, name, number, self.tag)
        except OSError as e:
            self.__exit__()
            sys.exit(f"a network of namespaces cannot be made: {e} (it needs root)")
        return self.hosts

    def __exit__(self, *_):
        for namespace in [host.namespace for host in self.hosts.values()] + [self.bridge]:
            try:
                ip("netns", "del", namespace)
            except OSError:
                pass  # It was not made, or is held: the others go all the same.


class Told:
    """A process that answers each line of its input with one JSON object on a
    line, and ends when its input does."""

    def __init__(self, name, command, log, env=None):
        self.name, self.held = name, b""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=log, env={**os.environ, **(env or {})})

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, timeout_s=ANSWER_S):
        end = time.monotonic() + timeout_s
        while b"\n" not in self.held:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError(f"{self.name} does not answer")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise OSError(f"{self.name} ended with exit code {self.process.wait(END_S)}")
            self.held += data
        line, self.held = self.held.split(b"\n", 1)
        return json.loads(line)

    def ask(self, line, timeout_s=ANSWER_S):
        self.send(line)
        return self.answer(timeout_s)

    def signal(self, number):
        self.process.send_signal(number)


class LoadPeer(Told):
    def __init__(self, binary, host, name, port, seeds, env, log):
        self.host, self.address = host, f"{host.address}:{port}"
        super().__init__(name, host.command([binary, name, self.address, *seeds]), log, env)


class Network:
    def __init__(self, hearsay, load_peer, seeds_host, seeds, env=None):
        self.hearsay, self.load_peer, self.env = hearsay, load_peer, env or {}
        self.place, self.count = seeds_host, seeds
        self.peers, self.seed_processes = [], []
        self.seeds = [f"{seeds_host.address}:{SEED_PORT + i}" for i in range(seeds)]

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-bench-"))
        self.log = open(self.folder / "log", "wb")
        (self.folder / "config.txt").write_text("\n".join(self.seeds) + "\n")
        for i, address in enumerate(self.seeds):
            args = [self.hearsay, "seed", "--listen", address, "--seeds",
                    self.folder / "config.txt", "--data", self.folder / f"seed{i + 1}",
                    "--name", f"seed{i + 1}"]
            self.seed_processes.append(subprocess.Popen(
                self.place.command(args), stdin=subprocess.DEVNULL, stdout=self.log,
                stderr=self.log))
        return self

    def __exit__(self, *_):
        for peer in self.peers:
            peer.process.send_signal(signal.SIGCONT)
            try:
                peer.process.stdin.close()
            except BrokenPipeError:
                pass  # It is gone.
        for process in [peer.process for peer in self.peers] + self.seed_processes:
            try:
                process.send_signal(signal.SIGTERM)
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_S)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, host, name, env=None):
        peer = LoadPeer(self.load_peer, host, name, PEER_PORT + len(self.peers), self.seeds,
                        {**self.env, **(env or {})}, self.log)
        self.peers.append(peer)
        return peer

    def tell(self, host, name, args):
        """Another program than load_peer, that is told what to do as well."""
        told = Told(name, host.command(args), self.log)
        self.peers.append(told)
        return told

    def seed_status(self, index, what="status"):
        """`hearsay WHAT --json` of a seed."""
        socket = self.folder / f"seed{index + 1}" / "control.sock"
        done = subprocess.run([self.hearsay, what, "--socket", socket, "--json"],
                              capture_output=True, text=True, timeout=COMMAND_S)
        return json.loads(done.stdout or "null")

    def wait_joined(self, links_min=3, timeout_s=60):
        end = time.monotonic() + timeout_s
        while True:
            reports = [peer.ask("report") for peer in self.peers]
            if all(r["joined"] and r["links"] >= links_min for r in reports):
                return reports
            if time.monotonic() > end:
                raise TimeoutError("the peers have not joined")
            time.sleep(0.2)

    def states(self):
        """What the first seed says of each peer, by name: alive, dead, left..."""
        return {p["name"]: p["state"] for p in self.seed_status(0, "peers") or []}


def percentile_us(reports, share):
    """Of all latencies of all of them; each has told a thousand of its own."""
    weighted = sorted((us, r["latencies"]) for r in reports for us in r["permille_us"])
    total, seen = sum(weight for _, weight in weighted), 0
    for us, weight in weighted:
        seen += weight
        if seen >= share * total:
            return us
    return 0
