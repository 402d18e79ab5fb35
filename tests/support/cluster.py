"""Real seeds and peers on loopback, for e2e tests.

    with Cluster(seeds=3, peers=5) as c:
        c.start()
        c.wait_joined(30)
        c.peers[0].run("send", "hello")
        c.peers[1].stop()                   # SIGSTOP
        c.wait_for(lambda: c.seeds[0].alive() == 4, 60, "the death is known")

The binary is $HEARSAY. Every process is started by us, ended by its pid, and
dies with us. Logs are JSON lines; a wait that fails shows the last ones.
"""
import http.client
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

BINARY = os.environ.get("HEARSAY", "hearsay")
CLI_TIMEOUT_S = 60


def free_ports(count):
    """Ports nobody listens on, below the range of outgoing connections, so
    that no connection takes one before its node does."""
    held, rng = [], random.SystemRandom()
    try:
        while len(held) < count:
            sock = socket.socket()
            try:
                sock.bind(("127.0.0.1", rng.randrange(10000, 32000)))
                held.append(sock)
            except OSError:
                sock.close()
        return [sock.getsockname()[1] for sock in held]
    finally:
        for sock in held:
            sock.close()


def wait_for(predicate, deadline_s, what, story=lambda: ""):
    """Ask until it is true; give its value. A predicate may raise OSError,
    KeyError or AssertionError for "not yet"."""
    end, last = time.monotonic() + deadline_s, None
    while True:
        try:
            value = predicate()
            if value:
                return value
            last = value
        except (OSError, KeyError, AssertionError, http.client.HTTPException) as e:
            last = e
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what} (last: {last!r})\n{story()}")
        time.sleep(0.05)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_s=10):
        super().__init__("localhost", timeout=timeout_s)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Node:
    """One `hearsay seed` or `hearsay peer`. start() may be called again after
    it ended: the data directory stays, and with it the identity."""

    def __init__(self, role, name, folder, args=(), env=None):
        self.role, self.name, self.folder = role, name, pathlib.Path(folder)
        self.args, self.env = list(args), env
        self.data = self.folder / name
        self.socket = self.data / "control.sock"
        self.log_path = self.folder / f"{name}.log"
        self.process = None

    # ------------------------------------------------------------- process

    def start(self, *more):
        assert not self.running(), f"{self.name} runs already"
        command = [BINARY, self.role, "--name", self.name, "--data", str(self.data),
                   "--log-format", "json", "--seeds", str(self.folder / "config.txt"),
                   *self.args, *map(str, more)]
        if threading.current_thread() is threading.main_thread():
            command += ["--parent", str(os.getpid())]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.env)
        return self

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.running():
            self.process.send_signal(number)

    def stop(self):
        """Freeze it."""
        self.signal(signal.SIGSTOP)

    def cont(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(10)

    def terminate(self, timeout_s=10):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def wait(self, timeout_s=10):
        return self.process.wait(timeout_s)

    # ----------------------------------------------------------------- API

    def run(self, *args, timeout_s=CLI_TIMEOUT_S, check=True, **more):
        """hearsay ARGS --socket OURS: a CompletedProcess with text."""
        done = subprocess.run([BINARY, *map(str, args), "--socket", str(self.socket)],
                              capture_output=True, text=True, timeout=timeout_s, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}: {' '.join(map(str, args))}: "
                                 f"{done.returncode}: {done.stderr}")
        return done

    def json(self, *args, **more):
        return json.loads(self.run(*args, "--json", **more).stdout)

    def http(self, method, path, body=None, headers=None):
        """(status, headers, body)"""
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get(self, path):
        status, _, body = self.http("GET", path)
        assert status == 200, body
        return json.loads(body)

    def status(self):
        return self.get("/v1/status")

    def peers(self):
        return self.get("/v1/peers")

    def links(self):
        return self.get("/v1/links")

    def counter(self, name):
        return self.status()["counters"][name]

    def alive(self):
        """How many peers a seed holds for alive."""
        return sum(p["state"] == "alive" and p["role"] == "peer" for p in self.peers())

    def joined(self):
        return self.status()["state"] in ("joined", "serving")

    def neighbours(self):
        """Ids of the peers that it relays to, and how each link was made."""
        return {link["id"]: link["direction"] for link in self.links() if link["relay"] != "none"}

    def listed(self):
        """The living peers that a seed lists, by id."""
        return {p["id"]: p for p in self.peers() if p["role"] == "peer" and p["state"] == "alive"}

    # ---------------------------------------------------------------- logs

    @property
    def id(self):
        """From its log: also of one that is frozen or gone."""
        return self.latest("started")["id"]

    @property
    def address(self):
        """What it bound first when it was started last."""
        return self.latest("running")["listen"]

    def latest(self, event):
        records = self.log(event)
        if not records:
            raise KeyError(f"{self.name} has logged no {event} yet")
        return records[-1]

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log(self, event=None):
        """Its records, oldest first; those of one event."""
        records = []
        for line in self.log_text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # A text of the CLI, or half a line.
            if isinstance(record, dict) and event in (None, record.get("event")):
                records.append(record)
        return records


class Proxy:
    """A TCP relay on 127.0.0.1 to stand between two nodes: `open` passes bytes
    on, `paused` keeps the connections and passes nothing, `shut` closes every
    new one at once."""

    def __init__(self, target_port, state="open"):
        self.target, self.state = ("127.0.0.1", target_port), state
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.others = {}  # Of each socket the one at the other side.
        self.ended = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended:
            if self.state == "paused":
                time.sleep(0.02)
                continue
            for sock in select.select([self.listener, *self.others], [], [], 0.05)[0]:
                if sock is self.listener:
                    self.accept()
                elif sock in self.others:
                    self.forward(sock)

    def accept(self):
        near, _ = self.listener.accept()
        try:
            if self.state == "shut":
                raise ConnectionRefusedError
            far = socket.create_connection(self.target, 5)
        except OSError:
            near.close()
            return
        self.others[near], self.others[far] = far, near

    def forward(self, sock):
        other = self.others[sock]
        try:
            data = sock.recv(65536)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for one in (sock, other):
                del self.others[one]
                one.close()

    def close(self):
        self.ended = True
        self.thread.join(10)
        for sock in (self.listener, *self.others):
            sock.close()


class Cluster:
    """@seed_args, @peer_args: more flags for each. Fast pings by default
    (--profile lan), and no gossip of its own: tests ask for what they
    want."""

    def __init__(self, seeds=3, peers=0, seed_args=("--profile", "lan"),
                 peer_args=("--profile", "lan", "--gossip-count", "0")):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-e2e-"))
        self.seed_ports = free_ports(seeds)
        self.peer_args = list(peer_args)
        self.seeds = [
            Node("seed", f"seed-{i + 1}", self.folder,
                 ["--listen", f"127.0.0.1:{port}", *seed_args])
            for i, port in enumerate(self.seed_ports)]
        self.peers = []
        self.write_config([f"127.0.0.1:{port}" for port in self.seed_ports])
        for _ in range(peers):
            self.add_peer()

    def write_config(self, lines, name="config.txt"):
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def add_peer(self, *args):
        node = Node("peer", f"peer-{len(self.peers) + 1}", self.folder,
                    ["--listen", "127.0.0.1:0", *self.peer_args, *map(str, args)])
        self.peers.append(node)
        return node

    def add_node(self, role, *args):
        """One with none but these flags."""
        among = self.seeds if role == "seed" else self.peers
        node = Node(role, f"{role}-{len(among) + 1}", self.folder, [str(arg) for arg in args])
        among.append(node)
        return node

    @property
    def nodes(self):
        return self.seeds + self.peers

    def start(self):
        for node in self.nodes:
            if not node.running():
                node.start()
        return self

    def story(self, lines=12):
        parts = []
        for node in self.nodes:
            tail = node.log_text().splitlines()[-lines:]
            parts += [f"--- {node.name}", *tail]
        return "\n".join(parts)

    def wait_for(self, predicate, deadline_s, what):
        return wait_for(predicate, deadline_s, what, self.story)

    def wait_joined(self, deadline_s=30, nodes=None):
        """All of @nodes serve or have joined."""
        for node in nodes or self.nodes:
            self.wait_for(node.joined, deadline_s, f"{node.name} has joined")

    def close(self):
        for node in self.nodes:
            node.cont()
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Watcher:
    """A `hearsay watch` whose output is read as it comes."""

    def __init__(self, node, *args):
        self.process = subprocess.Popen([BINARY, "watch", *args, "--socket", str(node.socket)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def line(self, index=0, timeout_s=20):
        """Waits until it is there."""
        wait_for(lambda: len(self.lines) > index, timeout_s, f"line {index + 1} of the watcher")
        return self.lines[index]

    def end(self, timeout_s=10):
        """Waits for it; (exit code, stderr)."""
        code = self.process.wait(timeout_s)
        self.thread.join(timeout_s)
        return code, self.process.stderr.read()

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.thread.join(5)
        self.process.stdout.close()
        self.process.stderr.close()


class Watching(unittest.TestCase):
    def watch(self, node, *args):
        """A watcher that is subscribed when this returns."""
        before = node.status()["api"]["subscriptions"]
        watcher = Watcher(node, *args)
        self.addCleanup(watcher.close)
        wait_for(lambda: node.status()["api"]["subscriptions"] > before, 10,
                 "the watcher is subscribed")
        return watcher
