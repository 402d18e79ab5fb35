"""The subcommands against running nodes, as scripts use them: output, --json,
exit codes, and the API beneath them."""
import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import BINARY, Cluster, UnixConnection, Watching, free_ports, wait_for  # noqa: E402

STATUS_KEYS = {"id", "role", "state", "registered", "quorum", "uptime_s", "counters", "name",
               "network", "seeds", "peers", "degree", "incarnation", "join_s", "memory"}
PEER_KEYS = {"id", "name", "role", "addresses", "incarnation", "state", "degree",
             "cut", "dialable"}
LINK_KEYS = {"id", "address", "direction", "relay", "version", "rtt_ms", "queue_bytes", "lanes",
             "strikes", "name", "role"}


def runs(pid):
    """Whether there is such a process, and not only what is left of it."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class OneNetwork(Watching):
    """Three seeds and three peers that all cases share."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(seeds=3, peers=3)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        cls.cluster.wait_joined(30)
        cls.a, cls.b, cls.c = cls.cluster.peers
        cls.seed = cls.cluster.seeds[0]
        for peer in cls.cluster.peers:
            cls.cluster.wait_for(lambda p=peer: p.status()["degree"] >= 2, 30, "all are linked")

    # ---------------------------------------------------------------- views

    def test_status_as_json_has_its_keys(self):
        status = self.a.json("status")
        self.assertLessEqual(STATUS_KEYS, set(status))
        self.assertEqual((status["role"], status["state"]), ("peer", "joined"))
        self.assertEqual((status["registered"] >= 2, status["quorum"], status["seeds"]),
                         (True, 2, 3))
        self.assertRegex(status["id"], "^[0-9a-f]{64}$")
        self.assertGreater(status["join_s"], 0)
        self.assertIn("dials", status["counters"])
        self.assertEqual(self.seed.json("status")["role"], "seed")

    def test_status_for_people(self):
        text = self.a.run("status").stdout
        status = self.a.json("status")
        for part in (status["id"][:8], "peer-1", "joined", "2/2, of 3 seeds", "default"):
            self.assertIn(part, text)
        self.assertNotIn(status["id"], text)

    def test_a_peer_stays_within_its_memory(self):
        if b"__asan_init" in pathlib.Path(BINARY).read_bytes():
            self.skipTest("a sanitizer has memory of its own")
        self.assertLessEqual(self.a.status()["memory"]["private_bytes"], 3 * 1024 * 1024)

    def test_peers_of_a_seed(self):
        ids = {node.status()["id"] for node in self.cluster.peers}
        self.cluster.wait_for(lambda: ids <= {p["id"] for p in self.seed.peers()}, 30,
                              "the seed knows all peers")
        peers = self.seed.json("peers")
        for peer in peers:
            self.assertEqual(set(peer), PEER_KEYS)
        of_a = [p for p in peers if p["name"] == "peer-1"]
        self.assertEqual(len(of_a), 1)
        self.assertEqual(of_a[0]["state"], "alive")
        self.assertIn(self.a.status()["listen"][0], of_a[0]["addresses"])
        table = self.seed.run("peers").stdout.splitlines()
        self.assertEqual(table[0].split(),
                         ["ID", "NAME", "ROLE", "STATE", "DEGREE", "INC", "ADDRESSES"])
        self.assertEqual(len(table), 1 + len(peers))

    def test_links_of_a_peer(self):
        links = self.a.json("links")
        for link in links:
            self.assertEqual(set(link), LINK_KEYS)
            self.assertIn(link["direction"], ("in", "out"))
        self.assertEqual({link["name"] for link in links if link["relay"] in ("eager", "lazy")},
                         {"peer-2", "peer-3"})
        self.assertGreaterEqual(sum(link["role"] == "seed" for link in links), 2)
        self.assertIn("peer-2", self.a.run("links").stdout)

    # ------------------------------------------------------------- messages

    def test_a_message_reaches_everybody(self):
        watchers = [self.watch(node, "--json", "--count", "1") for node in (self.b, self.c)]
        seq = self.a.json("send", "--topic", "greeting", "hello, wörld")["seq"]
        for watcher in watchers:
            code, err = watcher.end()
            self.assertEqual(code, 0, err)
            message = json.loads(watcher.lines[0])
            self.assertEqual(message["text"], "hello, wörld")
            self.assertEqual(message["topic"], "greeting")
            self.assertEqual(message["seq"], seq)
            self.assertEqual(message["origin"], self.a.status()["id"])
            self.assertGreaterEqual(message["hops"], 1)
            self.assertLess(abs(message["time"] / 1000 - time.time()), 60)
            self.assertIn("epoch", message)

    def test_watch_for_people(self):
        watcher = self.watch(self.b, "--count", "1", "--topic", "people")
        self.a.run("send", "--topic", "people", "hello\tthere\x1b[2J")
        self.assertEqual(watcher.end()[0], 0)
        self.assertRegex(watcher.lines[0], r"^\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f]{8} #\d+ \[people\] "
                                           r"hello\tthere\\x1b\[2J\n$")

    def test_topics_are_told_apart(self):
        watcher = self.watch(self.b, "--json", "--topic", "one", "--count", "2")
        self.a.run("send", "--topic", "one", "1")
        self.a.run("send", "--topic", "two", "2")
        self.a.run("send", "3")
        self.a.run("send", "--topic", "one", "4")
        self.assertEqual(watcher.end()[0], 0)
        self.assertEqual([json.loads(line)["text"] for line in watcher.lines], ["1", "4"])

    def test_bytes_that_are_no_text(self):
        payload = bytes(range(256))
        watcher = self.watch(self.b, "--json", "--topic", "bytes", "--count", "1")
        done = subprocess.run([BINARY, "send", "--topic", "bytes", "-", "--socket",
                               str(self.a.socket)], input=payload, capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(watcher.end()[0], 0)
        message = json.loads(watcher.lines[0])
        self.assertNotIn("text", message)
        self.assertEqual(base64.b64decode(message["payload_base64"]), payload)

    def test_the_longest_message_and_one_more_byte(self):
        longest = os.urandom(16 * 1024 * 1024)
        with tempfile.NamedTemporaryFile() as file:
            file.write(longest)
            file.flush()
            watcher = self.watch(self.b, "--json", "--topic", "long", "--count", "1")
            self.a.run("send", "--topic", "long", "--file", file.name)
            self.assertEqual(watcher.end(60)[0], 0)
            message = json.loads(watcher.lines[0])
            self.assertEqual(message["bytes"], len(longest))
            code, headers, content = self.b.http("GET", message["path"])
            self.assertEqual((code, headers["Content-Type"]), (200, "application/octet-stream"))
            self.assertTrue(content == longest)
            file.write(b"x")
            file.flush()
            done = self.a.run("send", "--file", file.name, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("16777216", done.stderr)
        code, _, text = self.a.http("POST", "/v1/messages", longest + b"x")
        self.assertEqual(code, 413, text)

    def test_the_longest_in_its_event_and_one_more_byte(self):
        longest = "x" * (15 * 1024)
        watcher = self.watch(self.b, "--json", "--topic", "inline", "--count", "2")
        self.a.run("send", "--topic", "inline", "-", input=longest)
        self.a.run("send", "--topic", "inline", "-", input=longest + "y")
        self.assertEqual(watcher.end()[0], 0)
        inline, large = sorted(map(json.loads, watcher.lines), key=lambda m: m["seq"])
        self.assertEqual(inline["text"], longest)
        self.assertNotIn("text", large)
        self.assertEqual(self.b.http("GET", large["path"])[2], (longest + "y").encode())

    def test_a_command_gets_a_large_message_too(self):
        watcher = self.watch(self.b, "--topic", "exec", "--count", "1", "--exec",
                             f"cksum >{self.b.folder}/sum")
        self.a.run("send", "--topic", "exec", "-", input="z" * 100000)
        self.assertEqual(watcher.end(30)[0], 0)
        wanted = subprocess.run(["cksum"], input=b"z" * 100000, capture_output=True).stdout
        self.assertEqual((self.b.folder / "sum").read_bytes(), wanted)

    def test_a_content_that_is_not_there(self):
        for query, status in (("", 400), ("?origin=xy&epoch=1&seq=1", 400),
                              (f"?origin={'a' * 64}&epoch=1&seq=1", 404)):
            code, _, text = self.b.http("GET", "/v1/content" + query)
            self.assertEqual(code, status, text)
            self.assertIn("hint", json.loads(text))

    def test_a_file_that_is_not_there_or_something_beside_it(self):
        done = self.a.run("send", "--file", "/no/such/file", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/no/such/file", done.stderr)
        done = self.a.run("send", "--file", "/etc/hostname", "text", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--file", done.stderr)

    def test_several_arguments_are_several_messages(self):
        watcher = self.watch(self.b, "--json", "--topic", "several", "--count", "2")
        text = self.a.run("send", "--topic", "several", "first one", "second").stdout
        self.assertEqual(text.count("sent #"), 2)
        self.assertEqual(watcher.end()[0], 0)
        self.assertEqual({json.loads(line)["text"] for line in watcher.lines},
                         {"first one", "second"})

    def test_lines_arrive_all_and_once_at_the_speed_of_the_network(self):
        count = 3000
        watcher = self.watch(self.c, "--json", "--topic", "lines", "--count", str(count))
        done = self.a.run("send", "--topic", "lines", "--lines",
                          input="".join(f"line {i}\n" for i in range(count)))
        self.assertIn(f"{count} messages sent", done.stdout)
        code, err = watcher.end(60)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual({json.loads(line)["text"] for line in watcher.lines},
                         {f"line {i}" for i in range(count)})

    def test_a_seed_carries_no_messages(self):
        done = self.seed.run("send", "hello", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("409", done.stderr)
        self.assertIn("publish at a peer", done.stderr)

    def test_watch_ends_after_its_time(self):
        start = time.monotonic()
        done = self.a.run("watch", "--for", "300ms", "--topic", "nobody")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertLess(time.monotonic() - start, 5)

    def test_watch_runs_a_command_for_each_message(self):
        path = self.cluster.folder / "executed"
        command = f'echo "$HEARSAY_ORIGIN $HEARSAY_SEQ $HEARSAY_TOPIC $(cat)" >> {path}'
        watcher = self.watch(self.b, "--topic", "run", "--count", "2", "--exec", command)
        first = self.a.json("send", "--topic", "run", "one")["seq"]
        second = self.a.json("send", "--topic", "run", "two")["seq"]
        code, err = watcher.end()
        self.assertEqual((code, err), (0, ""))
        origin = self.a.status()["id"]
        self.assertEqual(path.read_text(), f"{origin} {first} run one\n{origin} {second} run two\n")

    def test_a_command_that_fails_is_told(self):
        watcher = self.watch(self.b, "--topic", "fail", "--count", "1", "--exec", "exit 3")
        self.a.run("send", "--topic", "fail", "x")
        code, err = watcher.end()
        self.assertEqual(code, 1)
        self.assertIn("exit code 3", err)

    def test_a_command_that_hangs_is_killed_with_all_that_it_started(self):
        path = self.cluster.folder / "hung"
        watcher = self.watch(self.b, "--topic", "hang", "--count", "2", "--exec-timeout", "500ms", "--exec",
                             f'sleep 600 & echo $! $$ >> {path}; [ "$(cat)" = quick ] || wait; kill $!')
        self.a.run("send", "--topic", "hang", "slow")
        self.a.run("send", "--topic", "hang", "quick")
        code, err = watcher.end()
        self.assertEqual(code, 1)
        self.assertEqual(err.count("killed after 0.5 s"), 1)
        pids = path.read_text().split()
        self.assertEqual(len(pids), 4)
        wait_for(lambda: not any(runs(pid) for pid in pids), 10, "none of them runs")

    def test_a_time_for_no_command_is_refused(self):
        done = self.b.run("watch", "--exec-timeout", "1s", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no --exec", done.stderr)

    def test_a_watcher_that_does_not_read_is_told_what_it_missed(self):
        watcher = self.watch(self.b, "--json", "--topic", "slow")
        watcher.process.send_signal(signal.SIGSTOP)
        payload = "x" * 8000
        for i in range(100):  # 800 kB: more than the ring and the pipe.
            self.a.run("send", "--topic", "slow", f"{i} {payload}")
        # Nobody else is slowed down by it.
        self.assertEqual(self.b.status()["state"], "joined")
        watcher.process.send_signal(signal.SIGCONT)

        def seen_and_lost():
            records = [json.loads(line) for line in list(watcher.lines)]
            lost = sum(r["count"] for r in records if r.get("event") == "lost")
            texts = [r["text"].split()[0] for r in records if "text" in r]
            return lost, texts
        wait_for(lambda: "99" in seen_and_lost()[1], 20, "it caught up")
        lost, texts = seen_and_lost()
        self.assertGreater(lost, 0)
        self.assertEqual(len(texts), len(set(texts)))
        # Notes count too: at least what is missing was told.
        self.assertGreaterEqual(lost, 100 - len(texts))

    def test_the_control_socket_answers_beside_many_watchers(self):
        def subscribe():
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(10)
            sock.connect(str(self.c.socket))
            sock.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            return sock, sock.recv(4096).split(b"\r\n")[0]
        # Many that come and go take no place for long.
        for _ in range(150):
            sock, answer = subscribe()
            self.assertIn(b" 200 ", answer)
            sock.close()
            time.sleep(0.005)
        wait_for(lambda: self.c.status()["api"]["subscribers"] == 0, 20, "all are gone")
        # Many that stay do.
        held = []
        try:
            for _ in range(64):
                held.append(subscribe())
            self.assertEqual({answer for _, answer in held}, {b"HTTP/1.1 200 OK"})
            held.append(subscribe())
            self.assertIn(b" 503 ", held[-1][1])
            self.assertEqual(self.c.json("status")["state"], "joined")
        finally:
            for sock, _ in held:
                sock.close()

    # ------------------------------------------------------------------ API

    def test_errors_of_the_api_are_json_with_a_hint(self):
        for method, path, body, status in [
                ("GET", "/v1/nothing", None, 404), ("GET", "/", None, 404),
                ("GET", "/v1/leave", None, 405), ("POST", "/v1/status", b"", 405),
                ("DELETE", "/v1/messages", None, 405),
                ("POST", "/v1/messages", b"x" * (16 * 1024 * 1024 + 1), 413),
                ("POST", "/v1/messages?topic=" + "t" * 65, b"x", 413),
        ]:
            with self.subTest(method=method, path=path[:30]):
                code, headers, text = self.a.http(method, path, body)
                self.assertEqual(code, status)
                self.assertEqual(set(json.loads(text)), {"error", "hint"})
                self.assertEqual(headers["Content-Type"], "application/json")
                if status == 405:
                    self.assertIn(headers["Allow"], ("POST", "GET"))

    def test_a_body_without_end_is_cut_off(self):
        def endless():
            for _ in range(320):
                yield b"x" * 65536
        try:
            code, _, _ = self.a.http("POST", "/v1/messages", endless())
            self.assertEqual(code, 413)
        except (OSError, http.client.HTTPException):
            pass  # It hung up instead.
        self.assertEqual(self.a.json("status")["state"], "joined")

    def test_a_message_is_accepted_with_its_number(self):
        code, _, text = self.a.http("POST", "/v1/messages?topic=api", b"x")
        answer = json.loads(text)
        self.assertEqual(code, 202)
        self.assertEqual(answer["id"], self.a.status()["id"])
        self.assertGreaterEqual(answer["seq"], 1)

    def test_garbage_on_the_socket_does_no_harm(self):
        for garbage in (b"\0" * 100, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 100,
                        b"GET /v1/status HTTP/1.1\r\n" + b"X: y\r\n" * 10000,
                        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                        b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(5)
                sock.connect(str(self.a.socket))
                try:
                    sock.sendall(garbage)
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(4096):
                        pass
                except OSError:
                    pass
        self.assertEqual(self.a.json("status")["state"], "joined")

    def test_a_stream_is_resumed_where_it_ended(self):
        def read(last_id=None, until="end"):
            """Ids and texts up to the message with that text."""
            headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(10)
            sock.connect(str(self.b.socket))
            lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
            sock.sendall(f"GET /v1/events HTTP/1.0\r\nHost: x\r\n{lines}\r\n".encode())
            stream = sock.makefile("rb")
            for line in stream:  # The answer's head; subscribed when it came.
                if not line.strip():
                    break
            return sock, stream

        def events(stream, until):
            found, event_id = [], None
            for line in stream:
                if line.startswith(b"id: "):
                    event_id = int(line[4:])
                elif line.startswith(b"data: "):
                    data = json.loads(line[6:])
                    if data.get("topic") == "resume":
                        found.append((event_id, data["text"]))
                        if data["text"] == until:
                            return found
            self.fail("the stream ended")

        sock, stream = read()
        self.a.run("send", "--topic", "resume", "one")
        last_id, _ = events(stream, "one")[-1]
        stream.close()
        sock.close()
        for text in ("two", "three"):
            self.a.run("send", "--topic", "resume", text)
        sock, stream = read(last_id)
        self.assertEqual([text for _, text in events(stream, "three")], ["two", "three"])
        stream.close()
        sock.close()


class OwnNetwork(Watching):
    """Cases that end nodes, or need other flags."""

    def network(self, **more):
        cluster = Cluster(**more)
        self.addCleanup(cluster.close)
        return cluster

    def test_notes_can_be_watched(self):
        c = self.network(seeds=1, peers=1)
        c.start()
        c.wait_joined()
        watcher = self.watch(c.peers[0], "--events", "--json")
        c.add_peer().start()
        c.wait_for(lambda: any(json.loads(line).get("event") == "connect"
                               for line in list(watcher.lines)), 30, "the new link is noted")

    def test_a_majority_of_the_seeds_finds_everybody(self):
        c = self.network(seeds=5, peers=3)
        c.start()
        c.wait_joined()
        ids = {peer.id for peer in c.peers}
        found = c.peers[0].json("find")
        self.assertEqual({node["id"] for node in found["nodes"]}, ids)
        self.assertEqual((found["quorum"], found["seeds"]), (3, 5))
        self.assertGreaterEqual(found["answered"], 3)
        table = c.peers[0].run("find").stdout.splitlines()
        self.assertEqual(table[0].split(), ["ID", "NAME", "STATE", "INC", "ADDRESSES"])
        one = c.peers[0].json("find", c.peers[1].id)["nodes"]
        self.assertEqual([(node["id"], node["state"]) for node in one],
                         [(c.peers[1].id, "alive")])
        nobody = c.peers[0].run("find", "nobody-is-called-so", check=False)
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("no node begins with", nobody.stderr)
        c.peers[2].run("leave")
        c.wait_for(lambda: c.peers[0].json("find", c.peers[2].id)["nodes"][0]["state"] == "left",
                   10, "who left is found as such")
        c.seeds[0].kill()
        c.seeds[1].kill()
        c.wait_for(lambda: c.peers[0].status()["registered"] >= 3, 60, "three seeds hold it")
        self.assertEqual({node["id"] for node in c.peers[0].json("find")["nodes"]}, ids)
        c.seeds[2].kill()
        short = c.peers[0].run("find", "--timeout", "2s", check=False)
        self.assertEqual(short.returncode, 1)
        self.assertIn("of 5 seeds answered in time, and 3 are needed", short.stderr)
        at_seed = c.seeds[3].run("find", check=False)
        self.assertEqual(at_seed.returncode, 1)
        self.assertIn("find at a peer", at_seed.stderr)

    def test_leave_returns_when_the_node_is_gone(self):
        c = self.network(seeds=1, peers=2)
        c.start()
        c.wait_joined()
        c.wait_for(lambda: c.seeds[0].alive() == 2, 30, "both are registered")
        done = c.peers[0].run("leave")
        self.assertIn("left", done.stdout)
        self.assertFalse(c.peers[0].socket.exists())
        self.assertEqual(c.peers[0].wait(5), 0)
        c.wait_for(lambda: c.seeds[0].alive() == 1, 10, "the seed knows that it left")
        self.assertEqual(c.peers[1].json("leave"), {"left": True})
        self.assertEqual(c.peers[1].wait(5), 0)

    def test_signals_end_a_node_in_order(self):
        c = self.network(seeds=1, peers=2)
        c.start()
        c.wait_joined()
        for peer, number in zip(c.peers, (signal.SIGINT, signal.SIGTERM)):
            peer.signal(number)
            self.assertEqual(peer.wait(10), 0, peer.log_text())
            self.assertFalse(peer.socket.exists())
            self.assertTrue(peer.log("leaving"))
        self.assertEqual(c.seeds[0].terminate(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        c = self.network(seeds=1, peers=1)
        c.start()
        c.wait_joined()
        peer = c.peers[0]
        c.seeds[0].stop()  # Nobody takes the good-bye.
        peer.stop()        # Both signals are there when it wakes up.
        peer.signal(signal.SIGINT)
        peer.signal(signal.SIGTERM)
        start = time.monotonic()
        peer.cont()
        self.assertEqual(peer.wait(5), 1)
        self.assertLess(time.monotonic() - start, 2)
        self.assertIn("a second signal", peer.log_text())
        self.assertFalse(peer.socket.exists())

    def test_hangup_reopens_the_log_file(self):
        c = self.network(seeds=1)
        path = c.folder / "out.log"
        seed = c.seeds[0].start("--output", path)
        c.wait_joined()
        self.assertIn("running", path.read_text())
        rotated = c.folder / "out.log.1"
        path.rename(rotated)
        seed.signal(signal.SIGHUP)
        c.wait_for(path.exists, 5, "the new file is there")
        self.assertEqual(seed.terminate(), 0)
        self.assertIn("leaving", path.read_text())
        self.assertNotIn("leaving", rotated.read_text())

    def test_a_stale_socket_is_replaced(self):
        c = self.network(seeds=1)
        seed = c.seeds[0].start()
        c.wait_joined()
        first = seed.status()["id"]
        seed.kill()
        self.assertTrue(seed.socket.exists())
        seed.start()
        c.wait_joined()
        self.assertEqual(seed.status()["id"], first)
        self.assertEqual(seed.socket.stat().st_mode & 0o777, 0o600)

    def test_a_node_without_parent_ends(self):
        c = self.network(seeds=1)
        script = ("import subprocess, sys, os; p = subprocess.Popen([*sys.argv[1:], '--parent', "
                  "str(os.getpid())]); print(p.pid, flush=True); sys.stdin.read()")
        parent = subprocess.Popen(
            [sys.executable, "-c", script, BINARY, "seed", "--listen", "127.0.0.1:0", "--seeds",
             str(c.folder / "config.txt"), "--data", str(c.folder / "d")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        pid = int(parent.stdout.readline())
        wait_for((c.folder / "d" / "control.sock").exists, 10, "it is up")
        parent.kill()
        parent.communicate()

        def gone():
            try:
                stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
                return stat.rpartition(")")[2].split()[0] == "Z"
            except OSError:
                return True
        wait_for(gone, 5, "it died with its parent")

    def test_send_before_joining_is_refused_with_a_hint(self):
        c = self.network(seeds=3, peers=1)
        c.peers[0].start()  # No seed runs.
        c.wait_for(lambda: c.peers[0].status()["state"] == "joining", 10, "it tries to join")
        done = c.peers[0].run("send", "hello", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("409", done.stderr)
        self.assertIn("joined", done.stderr)
        self.assertIn("0/2, of 3 seeds", c.peers[0].run("status").stdout)

    def test_the_same_api_on_loopback_tcp(self):
        c = self.network(seeds=1)
        port = free_ports(1)[0]
        c.seeds[0].start("--http", f"127.0.0.1:{port}")
        c.wait_joined()

        def ask(method, path, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status
        self.assertEqual(ask("GET", "/v1/status"), 200)
        self.assertEqual(ask("GET", "/v1/status", Host=f"localhost:{port}"), 200)
        # What a page from elsewhere can make a browser send.
        self.assertEqual(ask("GET", "/v1/status", Host="evil.example"), 403)
        self.assertEqual(ask("POST", "/v1/leave", Origin="http://evil.example"), 403)
        self.assertEqual(ask("POST", "/v1/leave", Origin="null"), 403)
        self.assertEqual(ask("POST", "/v1/leave", Origin=f"http://127.0.0.1:{port}"), 202)
        self.assertEqual(c.seeds[0].wait(10), 0)

    def test_the_socket_of_the_environment(self):
        c = self.network(seeds=1)
        c.start()
        c.wait_joined()
        env = dict(os.environ, HEARSAY_SOCKET=str(c.seeds[0].socket))
        done = subprocess.run([BINARY, "status", "--json"], env=env, capture_output=True, text=True,
                              timeout=20)
        self.assertEqual(json.loads(done.stdout)["name"], "seed-1", done.stderr)

    def test_a_watcher_sees_the_node_go(self):
        c = self.network(seeds=1)
        c.start()
        c.wait_joined()
        watcher = self.watch(c.seeds[0], "--for", "60s")
        c.seeds[0].terminate()
        code, err = watcher.end()
        self.assertEqual(code, 1)
        self.assertIn("went away", err)

    def test_a_silent_node_is_not_waited_for_without_end(self):
        c = self.network(seeds=1)
        c.start()
        c.wait_joined()
        c.seeds[0].stop()
        start = time.monotonic()
        done = c.seeds[0].run("status", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("silent", done.stderr)
        self.assertLess(time.monotonic() - start, 15)


class Downloads(Watching):
    def test_contents_that_nobody_finishes_reading_are_bounded(self):
        cluster = Cluster(seeds=1, peers=0)
        self.addCleanup(cluster.close)
        a = cluster.add_peer("--bulk-bytes", "256MiB")
        b = cluster.add_peer("--bulk-bytes", "256MiB")
        cluster.start()
        cluster.wait_joined()
        cluster.wait_for(a.neighbours, 20, "they are linked")
        watcher = self.watch(b, "--json", "--count", "5")
        contents = [bytes([i]) * (16 * 1024 * 1024) for i in range(5)]
        for content in contents:
            cluster.wait_for(lambda c=content: a.http("POST", "/v1/messages", c)[0] == 202, 20,
                             "it is taken")
        messages = [json.loads(watcher.line(i, 60)) for i in range(5)]
        paths = [m["path"] for m in sorted(messages, key=lambda m: m["seq"])]
        readers = []
        for path in paths[:4] + paths[:1]:  # One of them twice: it is there once.
            connection = UnixConnection(b.socket)
            self.addCleanup(connection.close)
            connection.request("GET", path)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            readers.append((connection, answer))
        code, headers, text = b.http("GET", paths[4])
        self.assertEqual((code, headers["Retry-After"]), (429, "1"))
        self.assertEqual(json.loads(text)["retry_ms"], 200)
        self.assertTrue(readers[4][1].read() == contents[0])
        self.assertEqual(b.http("GET", paths[4])[0], 429)  # The other reader has it still.
        runner = self.watch(b, "--count", "1", "--exec", f"wc -c >{b.folder}/length")
        cluster.wait_for(lambda: a.http("POST", "/v1/messages", b"x" * 20000)[0] == 202, 20,
                         "it is taken")
        time.sleep(0.5)
        self.assertIsNone(runner.process.poll())  # It waits for its turn.
        readers[0][1].close()
        readers[0][0].close()
        cluster.wait_for(lambda: b.http("GET", paths[4])[0] == 200, 10, "there is room again")
        self.assertTrue(b.http("GET", paths[4])[2] == contents[4])
        self.assertTrue(readers[1][1].read() == contents[1])
        self.assertEqual(runner.end(20), (0, ""))
        self.assertEqual((b.folder / "length").read_text().strip(), "20000")


if __name__ == "__main__":
    unittest.main()
