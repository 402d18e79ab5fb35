"""hearsay demo: a network of real processes, its figures, and its end."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import fcntl
import termios

HEARSAY = os.path.abspath(os.environ.get("HEARSAY", "build/check/hearsay"))

KEYS = {
    "seeds", "peers", "joined", "join_s_max", "dials_per_join", "components", "links",
    "min_degree", "max_degree", "published", "expected_deliveries", "delivered", "missed",
    "delivered_twice", "relay_copies", "latency_ms", "dead_reports", "removed_dead", "removed_s",
    "returned_s_max", "rss_kib", "private_kib", "cpu_ms_total",
}


def processes_in(directory):
    """Pids of what runs with that directory as its own."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == directory:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z":
                    found.append(int(entry.name))
        except OSError:
            pass  # It ended, or is not ours.
    return found


class DemoCase(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = os.path.realpath(holder.name)
        self.addCleanup(self.end_leftovers)

    def end_leftovers(self):
        for pid in processes_in(self.dir):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def run_demo(self, *flags, timeout=120):
        return subprocess.run([HEARSAY, "demo", *flags], cwd=self.dir, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def start_demo(self, *flags):
        demo = subprocess.Popen([HEARSAY, "demo", *flags], cwd=self.dir, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        demo.seen = ""

        def end():
            if demo.poll() is None:
                demo.kill()
            demo.communicate()

        self.addCleanup(end)
        return demo

    def await_words(self, demo, words, timeout=30):
        """Reads stderr until the words came."""
        until = time.monotonic() + timeout
        while words not in demo.seen and time.monotonic() < until:
            ready, _, _ = select.select([demo.stderr], [], [], 0.2)
            part = os.read(demo.stderr.fileno(), 65536) if ready else None
            if part == b"":
                break
            demo.seen += (part or b"").decode()
        self.assertIn(words, demo.seen)

    def finish(self, demo, timeout=10):
        """What it printed: stdout, and all of stderr."""
        stdout, stderr = demo.communicate(timeout=timeout)
        return stdout.decode(), demo.seen + stderr.decode()

    def await_none_left(self, timeout):
        until = time.monotonic() + timeout
        while processes_in(self.dir) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(processes_in(self.dir), [], "processes are left")

    def figures(self, done):
        lines = done.stdout.splitlines()
        self.assertTrue(lines, f"no figures; stderr:\n{done.stderr}")
        return json.loads(lines[-1])

    def assert_healthy(self, figures, story):
        for key, value in (("components", 1), ("missed", 0), ("delivered_twice", 0),
                           ("ended_unexpectedly", 0), ("status_missing", 0),
                           ("log_lines_lost", 0), ("removed_alive", 0)):
            self.assertEqual(figures[key], value, f"{key}: {figures}\n{story}")
        self.assertEqual(figures["delivered"], figures["expected_deliveries"])


class Network(DemoCase):
    def test_quiet_network_joins_links_and_delivers(self):
        done = self.run_demo("--seeds", "3", "--peers", "8", "--for", "15s", "--json", "--http",
                             "off", "--gossip-interval", "1s")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        figures = self.figures(done)
        self.assertEqual(KEYS - figures.keys(), set())
        self.assert_healthy(figures, done.stderr)
        self.assertEqual((figures["seeds"], figures["peers"], figures["joined"]), (3, 8, 8))
        self.assertEqual(figures["published"], 80)
        self.assertGreater(figures["expected_deliveries"], 80 * 7 // 2)
        self.assertGreaterEqual(figures["relay_copies"], figures["delivered"])
        self.assertGreaterEqual(figures["links"], 7)
        self.assertGreaterEqual(figures["min_degree"], 1)
        self.assertLessEqual(figures["max_degree"], 7)
        self.assertLess(figures["join_s_max"], 15)
        self.assertGreater(figures["dials_per_join"], 0)
        latency = figures["latency_ms"]
        self.assertTrue(0 < latency["p50"] <= latency["p99"] <= latency["max"], latency)
        self.assertEqual((figures["dead_reports"], figures["removed_dead"]), (0, 0))
        self.assertEqual(figures["removed_s"], {"killed_max": None, "frozen_max": None})
        self.assertIsNone(figures["returned_s_max"])
        for key in ("rss_kib", "private_kib"):
            self.assertEqual(figures[key].keys(), {"peer_p50", "peer_max", "seed_max"})
            self.assertTrue(all(v > 0 for v in figures[key].values()), figures[key])
        self.assertGreater(figures["cpu_ms_total"], 0)
        self.assertIn("joined 8/8", done.stderr)
        self.await_none_left(1)

    def test_killed_and_frozen_peers_are_removed_and_thawed_ones_return(self):
        done = self.run_demo("--peers", "10", "--gossip-count", "unlimited", "--gossip-interval",
                             "1s", "--ping-interval", "1s", "--ping-timeout", "500ms", "--kill",
                             "2@8s", "--freeze", "1@10s", "--thaw", "1@28s", "--for", "42s",
                             "--json", "--http", "off")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        figures = self.figures(done)
        self.assert_healthy(figures, done.stderr)
        self.assertEqual((figures["killed"], figures["frozen"]), (2, 1))
        self.assertEqual(figures["removed_dead"], 3, done.stderr)
        self.assertLessEqual(figures["removed_s"]["killed_max"], 5, done.stderr)
        self.assertLessEqual(figures["removed_s"]["frozen_max"], 18, done.stderr)
        self.assertGreater(figures["dead_reports"], 0)
        self.assertEqual((figures["thawed"], figures["returned"]), (1, 1), done.stderr)
        self.assertLess(figures["returned_s_max"], 14, done.stderr)
        self.assertRegex(done.stderr, r"demo kills peer\d+ \(\d+ links\)")
        self.assertRegex(done.stderr, r"Dead Node:127\.0\.0\.1:\d+:\d+:127\.0\.0\.1")
        self.await_none_left(1)

    def test_the_choice_of_victims_repeats_with_the_same_rng(self):
        def hit(rng):
            done = self.run_demo("--seeds", "1", "--peers", "9", "--for", "4s", "--freeze", "3@3s",
                                 "--rng", rng, "--http", "off", "--json")
            return re.findall(r"demo freezes (peer\d+)", done.stderr)

        first = hit("7")
        self.assertEqual(len(first), 3)
        self.assertEqual(hit("7"), first)


class End(DemoCase):
    FLAGS = ("--seeds", "2", "--peers", "4", "--http", "off")

    def test_sigint_ends_all_and_still_tells_the_figures(self):
        demo = self.start_demo(*self.FLAGS, "--json")
        self.await_words(demo, "joined 4/4")
        self.assertEqual(len(processes_in(self.dir)), 7)
        time.sleep(3)
        demo.send_signal(signal.SIGINT)
        stdout, stderr = self.finish(demo)
        self.assertEqual(demo.returncode, 0, stderr)
        figures = json.loads(stdout.splitlines()[-1])
        self.assert_healthy(figures, stderr)
        self.assertEqual(figures["joined"], 4)
        self.await_none_left(1)

    def test_sigterm_ends_frozen_peers_too(self):
        demo = self.start_demo(*self.FLAGS, "--json", "--freeze", "2@2s")
        self.await_words(demo, "freezes")
        time.sleep(0.5)
        demo.terminate()
        self.finish(demo)
        self.await_none_left(1)

    def test_its_nodes_die_with_a_killed_demo(self):
        demo = self.start_demo(*self.FLAGS)
        self.await_words(demo, "joined")
        self.assertGreater(len(processes_in(self.dir)), 3)
        demo.kill()
        demo.wait()
        self.await_none_left(3)

    def test_a_node_that_ends_by_itself_is_told_with_its_last_lines(self):
        demo = self.start_demo(*self.FLAGS, "--json", "--for", "9s")
        self.await_words(demo, "joined 4/4")
        victim = [p for p in processes_in(self.dir)
                  if b"peer3" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes()]
        os.kill(victim[0], signal.SIGKILL)
        stdout, stderr = self.finish(demo, timeout=30)
        self.assertEqual(demo.returncode, 1, stderr)
        self.assertIn("peer3 was ended by signal 9; its last lines:", stderr)
        self.assertIn('"event":', stderr)
        self.assertEqual(json.loads(stdout.splitlines()[-1])["ended_unexpectedly"], 1)
        self.await_none_left(1)


class Place(DemoCase):
    def test_two_demos_do_not_share_a_directory(self):
        demo = self.start_demo("--seeds", "1", "--peers", "2", "--http", "off")
        self.await_words(demo, "joined")
        second = self.run_demo("--seeds", "1", "--peers", "2", "--http", "off", "--for", "2s")
        self.assertEqual(second.returncode, 1)
        self.assertIn("another demo runs in ./hearsay-demo", second.stderr)
        demo.send_signal(signal.SIGINT)
        self.finish(demo)
        self.assertEqual(len(list(pathlib.Path(self.dir, "hearsay-demo").glob("peer*"))), 2)

    def test_what_an_earlier_demo_left_goes_and_nothing_else(self):
        place = pathlib.Path(self.dir, "hearsay-demo")
        for name in ("peer7/retain", "seeds-of-mine", "peer"):
            (place / name).mkdir(parents=True)
        (place / "peer7" / "node.key").write_text("old")
        (place / "notes.txt").write_text("mine")
        os.symlink("/etc/hostname", place / "peer8")
        self.run_demo("--seeds", "1", "--peers", "1", "--for", "1s", "--http", "off")
        left = {entry.name for entry in place.iterdir()}
        self.assertEqual(left, {"config.txt", "lock", "notes.txt", "peer", "peer1", "seed1",
                                "seeds-of-mine"})
        self.assertTrue(os.path.exists("/etc/hostname"))

    def test_the_api_of_seed1_is_on_tcp_unless_the_port_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            done = self.run_demo("--seeds", "1", "--peers", "2", "--for", "5s", "--json", "--http",
                                 address)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{address} is taken", done.stderr)
        host, port = address.split(":")
        demo = self.start_demo("--seeds", "1", "--peers", "2", "--http", address)
        self.await_words(demo, "joined 2/2")
        with socket.create_connection((host, int(port)), timeout=5) as api:
            api.sendall(b"GET /v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = b""
            while part := api.recv(65536):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b" 200 ", head.splitlines()[0])
        self.assertEqual(json.loads(body)["role"], "seed")
        demo.send_signal(signal.SIGINT)
        self.finish(demo)


class Terminal(DemoCase):
    def test_a_terminal_gets_a_live_table_and_ctrl_c_ends_it(self):
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.environ["TERM"] = "xterm"
            os.execv(HEARSAY, [HEARSAY, "demo", "--seeds", "2", "--peers", "20", "--http", "off",
                               "--gossip-interval", "1s"])
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        out, begun, stopped = "", time.monotonic(), False
        while time.monotonic() - begun < 60:
            ready, _, _ = select.select([fd], [], [], 0.2)
            try:
                out += os.read(fd, 65536).decode() if ready else ""
            except OSError:
                break  # It closed its end.
            if not stopped and time.monotonic() - begun > 7:
                os.write(fd, b"\x03")
                stopped = True
        _, status = os.waitpid(pid, 0)
        os.close(fd)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, out[-3000:])
        self.assertIn("NODE      ID        STATE", out)
        self.assertRegex(out, r"seed2     [0-9a-f]{8}  serving")
        self.assertRegex(out, r"peer3     [0-9a-f]{8}  joined +[1-9]\d* +[1-9]\d* +[1-9]\d* +0")
        self.assertRegex(out, r"\.\.\. and \d+ more")
        self.assertIn("linked to peer", out)
        self.assertIn("20/20 peers joined", out)
        frames = re.split(r"\r\x1b\[\d+A", out)
        self.assertGreater(len(frames), 20)
        self.assertTrue(all(frame.count("\n") < 24 for frame in frames[1:-1]))
        self.await_none_left(1)


class Usage(DemoCase):
    def test_wrong_usage_is_told_and_starts_nothing(self):
        for flags, text in (
            (("--kill", "3"), "--kill: `3` is not how many and when"),
            (("--kill", "0@2s"), "--kill: `0@2s` is not"),
            (("--freeze", "1@soon"), "--freeze: `1@soon` is not"),
            (("--kill", "9@2s", "--freeze", "9@3s"), "ask for 18 peers; there are 12"),
            (("--thaw", "1@2s"), "--thaw: only 0 of the peers to thaw are frozen"),
            (("--freeze", "1@3s", "--thaw", "1@2s"), "--thaw: only 0"),
            (("--kill", "1@9s", "--for", "9s"), "the demo ends before that"),
            (("--ping-interval", "x"), "--ping-interval: `x` is no duration"),
            (("--overlay", "star"), "--overlay: `star` is not one of"),
            (("--bogus",), "--bogus: there is no such flag"),
            (("--name", "x"), "--name: there is no such flag"),
            (("--seeds", "33"), "--seeds: `33` is no whole number from 1 to 32"),
            (("--http", "192.0.2.1:80"), "--http: `192.0.2.1:80` is not on loopback"),
            (("word",), "`word` is not expected here"),
        ):
            with self.subTest(flags=flags):
                done = self.run_demo(*flags, timeout=10)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(text, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "hearsay-demo")))

    def test_help_lists_its_own_flags_and_those_of_the_nodes(self):
        done = self.run_demo("--help", timeout=10)
        self.assertEqual(done.returncode, 0)
        for flag in ("--kill N@T", "--thaw N@T", "--http HOST:PORT", "--ping-interval DUR",
                     "--lease DUR"):
            self.assertIn(flag, done.stdout)


if __name__ == "__main__":
    unittest.main()
