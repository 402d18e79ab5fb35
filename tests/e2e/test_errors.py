"""Everything that can go wrong at the start: the exit code, and a text that
says what was wrong, where, and what to do. 2: flags, and files that flags
name. 1: the world refused."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import BINARY, Cluster, free_ports, wait_for  # noqa: E402

SECONDS_MAX = 15


class Errors(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-errors-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.config("127.0.0.1:1")

    def config(self, *lines, name="config.txt"):
        (self.dir / name).write_bytes("".join(f"{line}\n" for line in lines).encode())

    def hearsay(self, *args, timeout_s=SECONDS_MAX, stdin=""):
        return subprocess.run([BINARY, *map(str, args)], cwd=self.dir, capture_output=True,
                              text=True, input=stdin, timeout=timeout_s)

    def refused(self, code, *args_and_words, words=(), **more):
        done = self.hearsay(*args_and_words, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotIn("Assertion", done.stderr)
        return done

    def peer(self, *args):
        return ("peer", "--listen", "127.0.0.1:0", "--data", self.dir / "data",
                "--gossip-count", "0", *args)

    def left_nothing(self):
        """No socket remains, and the directory can be used again."""
        self.assertFalse((self.dir / "data" / "control.sock").exists())

    @contextlib.contextmanager
    def running(self, *args):
        """A process that is up, ended by its pid."""
        with open(self.dir / "running.log", "wb") as log:
            process = subprocess.Popen([BINARY, *map(str, args)], cwd=self.dir, stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL)
        try:
            path = self.dir / "running.log"
            wait_for(lambda: " running " in path.read_text(), 10, "it is up", path.read_text)
            yield process
        finally:
            process.kill()
            process.wait()

    # --------------------------------------------------------- seed list: 2

    def test_config_missing(self):
        (self.dir / "config.txt").unlink()
        self.refused(2, *self.peer(), words=["config.txt", "No such file", "host:port", "--seeds"])
        self.refused(2, "seed", "--data", "d", words=["config.txt", "No such file"])

    def test_config_malformed_names_file_line_and_reason(self):
        self.config("# seeds", "127.0.0.1:7946", "127.0.0.1")
        self.refused(2, *self.peer(), words=["config.txt:3: ", "no port"])

    def test_config_with_a_bad_port(self):
        self.config("127.0.0.1:7946", "127.0.0.1:70000", name="other.txt")
        self.refused(2, *self.peer("--seeds", "other.txt"), words=["other.txt:2: ", "70000"])

    def test_config_with_a_bad_key(self):
        self.config("127.0.0.1:7946 abc")
        self.refused(2, *self.peer(), words=["config.txt:1: "])

    def test_config_empty(self):
        self.config("# nothing", "")
        self.refused(2, *self.peer(), words=["config.txt"])

    def test_config_is_a_directory(self):
        (self.dir / "folder").mkdir()
        self.refused(2, *self.peer("--seeds", "folder"), words=["folder", "irectory"])

    def test_config_too_long(self):
        self.config(*["# " + "x" * 100] * 1000)
        self.refused(2, *self.peer(), words=["config.txt"])

    # ------------------------------------------------------------- flags: 2

    def test_wrong_flags(self):
        for args, words in [
                (["peer", "--bogus"], ["--bogus", "peer --help"]),
                (["peer", "--links", "0"], ["--links", "`0`", "1 to 64"]),
                (["peer", "--ping-interval", "13"], ["--ping-interval", "`13`", "13s"]),
                (["peer", "--overlay", "ring"], ["--overlay", "`ring`", "preferential"]),
                (["peer", "--listen", "nowhere"], ["--listen", "`nowhere`", "HOST:PORT"]),
                (["peer", "--http", "0.0.0.0:80"], ["--http", "0.0.0.0:80", "loopback"]),
                (["peer", "--gossip-count"], ["--gossip-count", "missing"]),
                (["peer", "extra"], ["`extra`"]),
                (["seed", "--links", "4"], ["--links", "seed --help"]),
                (["seed", "--lease", "0"], ["--lease", "`0`", "1s"]),
                (["send"], ["no message"]),
                (["send", "--timeout", "x", "m"], ["--timeout", "`x`"]),
                (["send", "--topic", "t" * 65, "m"], ["--topic", "65 bytes", "64"]),
                (["watch", "--count", "many"], ["--count", "`many`"]),
                (["watch", "--for", "5"], ["--for", "`5`"]),
                (["peers", "--all"], ["--all", "peers --help"]),
                (["status", "--socket", "s" * 108], ["108", "107"]),
                (["gossip"], ["`gossip`", "hearsay help"]),
        ]:
            with self.subTest(args=args):
                self.refused(2, *args, words=words)

    def test_data_path_too_long_for_its_socket(self):
        self.refused(2, "peer", "--data", "d" * 95, words=["--data", "107", "--socket"])

    # --------------------------------------------------------- the world: 1

    def test_no_seed_reachable(self):
        self.config(*[f"127.0.0.1:{port}" for port in free_ports(3)])
        start = time.monotonic()
        self.refused(1, *self.peer("--join-timeout", "1s"), words=["join", "0/2"])
        self.assertGreaterEqual(time.monotonic() - start, 1)
        self.left_nothing()

    def test_one_of_three_seeds_reachable(self):
        with Cluster(seeds=3) as cluster:
            cluster.seeds[0].start()
            cluster.wait_joined(nodes=cluster.seeds[:1])
            done = self.refused(1, *self.peer("--seeds", cluster.folder / "config.txt",
                                              "--join-timeout", "2s"), words=["join", "1/2"])
            self.assertIn("--join-timeout", done.stderr)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused(1, "seed", "--data", "data", "--listen", address,
                         words=[address, "in use"])
            self.left_nothing()
            self.refused(1, *self.peer("--http", address), words=["--http", address, "in use"])
            self.left_nothing()

    def test_data_directory_not_writable(self):
        # Tests run as root, whom no mode stops; a file in the way does.
        (self.dir / "file").write_text("")
        self.refused(1, "peer", "--data", "file/data", words=["file/data"])
        self.refused(1, "peer", "--data", "file", words=["file"])

    def test_key_file_with_a_wrong_mode(self):
        with self.running(*self.peer()):
            pass
        key = self.dir / "data" / "node.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        key.chmod(0o644)
        self.refused(1, *self.peer(), words=["node.key", "0644", "chmod 600"])

    def test_key_file_damaged(self):
        with self.running(*self.peer()):
            pass
        key = self.dir / "data" / "node.key"
        key.write_bytes(b"not a key\n")
        self.refused(1, *self.peer(), words=["node.key"])

    def test_second_process_on_the_same_directory(self):
        with self.running(*self.peer()) as first:
            self.refused(1, *self.peer(), words=["data", "process"])
            self.assertIsNone(first.poll())
            # The first one is not disturbed, and its socket still works.
            status = self.hearsay("status", "--data", "data")
            self.assertEqual(status.returncode, 0, status.stderr)

    def test_database_from_a_newer_version(self):
        with self.running(*self.peer()):
            pass
        with contextlib.closing(sqlite3.connect(self.dir / "data" / "state.db")) as db:
            db.execute("PRAGMA user_version = 999")
        self.refused(1, *self.peer(), words=["state.db", "newer"])

    def test_database_damaged(self):
        with self.running(*self.peer()):
            pass
        for path in (self.dir / "data").glob("state.db*"):
            path.write_bytes(b"x" * 8192)
        self.refused(1, *self.peer(), words=["state.db"])

    def test_a_damaged_row_is_told_and_skipped(self):
        with self.running("seed", "--listen", "127.0.0.1:0", "--data", "data"):
            pass
        with contextlib.closing(sqlite3.connect(self.dir / "data" / "state.db")) as db, db:
            value = db.execute("SELECT value FROM state WHERE part = 0").fetchone()[0]
            self.assertEqual(len(value), 16)
            damaged = bytes([value[0] ^ 0x40]) + value[1:]
            db.execute("UPDATE state SET value = ? WHERE part = 0", (damaged,))
        # It begins with its first incarnation, and not with 2^62.
        with self.running("seed", "--listen", "127.0.0.1:0", "--data", "data"):
            done = self.hearsay("status", "--json", "--data", "data")
        status = json.loads(done.stdout)
        self.assertEqual(status["incarnation"], 1)
        self.assertEqual(status["counters"]["rows_refused"], 1)
        log = (self.dir / "running.log").read_text()
        self.assertRegex(log, "WARN +store-row-skipped .*file=state.db .*table=self")
        self.assertRegex(log, "WARN +rows-refused .*table=self .*count=1")

    def test_output_cannot_be_opened(self):
        self.refused(1, *self.peer("--output", "no/such/folder.log"), words=["no/such/folder.log"])
        self.left_nothing()

    def test_something_else_is_in_the_place_of_the_socket(self):
        (self.dir / "file").write_text("precious")
        self.refused(1, *self.peer("--socket", "file"), words=["file", "no socket", "--socket"])
        self.assertEqual((self.dir / "file").read_text(), "precious")

    def test_somebody_else_listens_on_the_socket(self):
        with self.running(*self.peer()):
            self.refused(1, "peer", "--listen", "127.0.0.1:0", "--data", "other", "--socket",
                         "data/control.sock", words=["data/control.sock", "another process"])
            self.assertEqual(self.hearsay("status", "--data", "data").returncode, 0)

    def test_no_node_answers(self):
        for args in (["status"], ["peers"], ["links"], ["leave"], ["watch"], ["send", "hello"],
                     ["status", "--json"]):
            with self.subTest(args=args):
                done = self.refused(1, *args, words=["no node answers at",
                                                     "hearsay-data/control.sock", "--socket"])
                self.assertEqual(done.stdout, "")

    def test_something_else_answers(self):
        path = self.dir / "not-ours.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            process = subprocess.Popen([BINARY, "status", "--socket", str(path)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                _, err = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 1)
        self.assertIn("is that a hearsay socket?", err)

    # --------------------------------------------------------------- output

    def test_output_that_nobody_reads(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = subprocess.run([BINARY, "version"], stdout=write_end, stderr=subprocess.PIPE,
                              text=True)
        os.close(write_end)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Broken pipe", done.stderr)

    def test_every_subcommand_has_help_with_an_example(self):
        overview = self.hearsay("help")
        self.assertEqual(overview.returncode, 0)
        names = [line.split()[0] for line in overview.stdout.splitlines() if line[:2] == "  "]
        self.assertLessEqual({"seed", "peer", "send", "watch", "peers", "links", "status", "leave",
                              "version"}, set(names))
        for name in set(names) - {"help"}:
            with self.subTest(name=name):
                text = self.hearsay(name, "--help")
                self.assertEqual((text.returncode, text.stderr), (0, ""))
                self.assertIn(f"hearsay {name}", text.stdout)
                self.assertIn("xample", text.stdout)
                self.assertEqual(self.hearsay("help", name).stdout, text.stdout)

    def test_no_subcommand(self):
        done = self.hearsay()
        self.assertEqual(done.returncode, 2)
        self.assertIn("Usage", done.stderr)

    def test_limits_are_printed_without_starting(self):
        (self.dir / "config.txt").unlink()
        for role in ("seed", "peer"):
            done = self.hearsay(role, "--print-limits")
            two = self.hearsay(role, "--print-limits", "--output", "x.log", "--http",
                               "127.0.0.1:7999")
            self.assertRegex(two.stdout, r"log lines held, bytes +2 ")
            self.assertRegex(two.stdout, r"API connections +160 ")
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = [line.split("  ") for line in done.stdout.splitlines()]
            self.assertEqual(rows[-1][0], "in all")
            self.assertEqual(len({row[0] for row in rows}), len(rows))
            cells = {row[0].strip(): " ".join(row[1:]).split() for row in rows[1:-1]}
            for what, bound, each in (("for the application, bytes", 1, 1 << 20),
                                      ("log lines held, bytes", 1, 256 << 10),
                                      ("API connections", 80, 20480),
                                      ("API answers not read, bytes", 8, 4 << 20),
                                      ("API downloads, bytes", 1, 64 << 20)):
                self.assertEqual(cells[what][:3], [str(bound), str(each), str(bound * each)])
            self.assertEqual(int(rows[-1][-1]), sum(int(row[2]) for row in cells.values()))
            self.assertFalse((self.dir / "hearsay-data").exists())


if __name__ == "__main__":
    unittest.main()
