"""Direct messages and queries between real processes."""
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import BINARY, Cluster, UnixConnection, Watching  # noqa: E402


class Direct(Watching):
    def start(self, peers, *more):
        self.cluster = Cluster(seeds=3, peers=peers)
        self.addCleanup(self.cluster.close)
        for args in more:
            self.cluster.add_peer(*args)
        self.cluster.start()
        self.cluster.wait_joined()
        return self.cluster.peers

    def ask(self, node, path):
        """Posts there, and leaves it open."""
        connection = UnixConnection(node.socket)
        self.addCleanup(connection.close)
        connection.request("POST", path, b"x")
        return connection

    # ------------------------------------------------------ direct messages

    def test_to_one_and_nobody_else(self):
        peers = self.start(5)
        watch = self.watch(peers[4], "--json", "--count", "1")
        done = peers[0].run("send", "--to", peers[4].id, "--topic", "news", "for you")
        self.assertEqual(done.stdout, f"delivered to {peers[4].id[:8]} peer-5\n")
        got = json.loads(watch.line())
        self.assertEqual((got["origin"], got["text"], got["topic"], got["direct"]),
                         (peers[0].id, "for you", "news", True))
        self.assertEqual([peer.counter("directs_taken") for peer in peers], [0, 0, 0, 0, 1])

    def test_named_by_the_beginning_of_a_name_or_id(self):
        peers = self.start(3)
        for text in ("peer-3", peers[2].id[:12], peers[2].id.upper()[:12]):
            done = peers[0].run("send", "--json", "--to", text, "hi")
            self.assertEqual(json.loads(done.stdout),
                             {"to": peers[2].id, "outcome": "delivered"})
        many = peers[0].run("send", "--to", "peer", "hi", check=False)
        self.assertEqual(many.returncode, 1)
        self.assertIn("write more of it", many.stderr)
        none = peers[0].run("send", "--to", "zorro", "hi", check=False)
        self.assertEqual(none.returncode, 1)
        self.assertIn("knows no peer", none.stderr)

    def test_what_is_shown_of_it(self):
        peers = self.start(2)
        watch = self.watch(peers[1], "--count", "1")
        peers[0].run("send", "--to", "peer-2", "hello")
        self.assertRegex(watch.line(), r" #1 \(direct\) hello\n$")

    def test_lines_to_one(self):
        peers = self.start(2)
        watch = self.watch(peers[1], "--count", "3")
        done = peers[0].run("send", "--to", "peer-2", "--lines", input="a\nb\nc\n")
        self.assertEqual(done.stdout, f"3 messages delivered to {peers[1].id[:8]} peer-2\n")
        self.assertEqual(sorted(watch.line(i).split()[-1] for i in range(3)), ["a", "b", "c"])
        one = peers[0].run("send", "--to", "peer-2", "--lines", "--json", input="a\nb\n")
        self.assertEqual(one.stdout.count('"outcome": "delivered"'), 2)
        peers[1].stop()
        none = peers[0].run("send", "--to", peers[1].id, "--timeout", "500ms", "--lines",
                            input="a\n", check=False)
        self.assertEqual((none.returncode, none.stdout), (1, ""))

    def test_nobody_answers(self):
        peers = self.start(3)
        peers[2].stop()
        begun = time.monotonic()
        done = peers[0].run("send", "--to", peers[2].id, "--timeout", "1500ms", "hello?",
                            check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("(504): no answer until the deadline", done.stderr)
        self.assertGreaterEqual(time.monotonic() - begun, 1.5)
        nobody = peers[0].run("send", "--to", "f" * 64, "--timeout", "1s", "x", check=False)
        self.assertIn("504", nobody.stderr)

    def test_a_retry_reaches_one_that_stood_still(self):
        peers = self.start(3)
        peers[2].stop()
        send = subprocess.Popen([BINARY, "send", "--data", str(peers[0].data), "--to",
                                 peers[2].id, "--timeout", "20s", "later"],
                                stdout=subprocess.PIPE, text=True)
        self.cluster.wait_for(lambda: peers[0].counter("directs_retried") >= 1, 10, "a retry")
        peers[2].cont()
        self.assertIn("delivered", send.communicate(timeout=25)[0])
        self.assertEqual(peers[2].counter("directs_taken"), 1)

    def test_what_is_refused(self):
        peers = self.start(2)
        seed = self.cluster.seeds[0]
        for node, query, status in ((peers[0], f"to={peers[0].id}", 400),
                                    (peers[0], "to=abc", 400),
                                    (peers[0], f"to={peers[1].id}&timeout_ms=60001", 400),
                                    (peers[0], f"to={peers[1].id}&timeout_ms=0", 400),
                                    (seed, f"to={peers[1].id}", 409)):
            got, _, body = node.http("POST", f"/v1/messages?{query}", b"x")
            self.assertEqual(got, status, body)
            self.assertTrue(json.loads(body)["hint"])
        long = peers[0].run("send", "--to", peers[1].id, "--timeout", "61s", "x", check=False)
        self.assertEqual(long.returncode, 2)

    def test_eight_wait_and_leave_room_for_others(self):
        a, b = self.start(2)
        b.stop()
        held = [self.ask(a, f"/v1/messages?to={b.id}&timeout_ms=60000") for _ in range(8)]
        self.cluster.wait_for(lambda: a.counter("directs_sent") == 8, 10, "eight wait")
        for path in (f"/v1/messages?to={b.id}", "/v1/queries"):
            status, headers, body = a.http("POST", path, b"x")
            refused = json.loads(body)
            self.assertEqual((status, headers["Retry-After"], refused["retry_ms"]),
                             (429, "1", 200))
            self.assertIn("8 direct messages, queries and finds", refused["error"])
        ninth = a.run("send", "--to", b.id, "--timeout", "500ms", "x", check=False)
        self.assertIn("(429)", ninth.stderr)
        self.assertEqual(a.json("send", "to everybody")["seq"], 1)
        b.cont()
        self.assertEqual([one.getresponse().status for one in held], [200] * 8)
        for one in held:
            one.close()
        self.assertIn("delivered", a.run("send", "--to", b.id, "one more").stdout)

    def test_what_is_too_long_for_one(self):
        a, b = self.start(2)
        name = f"origin={b.id}&epoch={b.status()['incarnation']}&seq=1"
        for route in (f"/v1/messages?to={b.id}", "/v1/queries", f"/v1/answers?{name}"):
            with self.subTest(route=route):
                status, _, body = a.http("POST", route, b"x" * 15361)
                self.assertEqual(status, 413, body)
                self.assertIn("15360 bytes and 64 bytes of topic", json.loads(body)["hint"])
        longest = a.run("send", "--to", b.id, "-", input="x" * 15360)
        self.assertIn("delivered", longest.stdout)
        long = a.run("send", "--to", b.id, "-", input="x" * 15361, check=False)
        self.assertEqual(long.returncode, 1)
        self.assertIn("15360 bytes", long.stderr)

    def test_who_leaves_says_what_is_not_known(self):
        peers = self.start(3)
        peers[2].stop()
        send = subprocess.Popen([BINARY, "send", "--data", str(peers[0].data), "--to",
                                 peers[2].id, "--timeout", "30s", "x"],
                                stderr=subprocess.PIPE, text=True)
        self.cluster.wait_for(lambda: peers[0].counter("directs_sent") == 1, 10, "it is sent")
        peers[0].terminate()
        stderr = send.communicate(timeout=10)[1]
        self.assertEqual(send.returncode, 1)
        self.assertIn("503", stderr)

    # -------------------------------------------------------------- queries

    def test_all_answer(self):
        peers = self.start(5)
        begun = time.monotonic()
        done = peers[0].run("query", "--timeout", "20s", "are you there?")
        self.assertLess(time.monotonic() - begun, 15)
        lines = done.stdout.splitlines()
        self.assertEqual(sorted(lines[:4]), [f"peer-{i}: received" for i in range(2, 6)])
        self.assertEqual(lines[4], "4 of 4 answered")

    def test_an_application_answers(self):
        peers = self.start(2, ("--answers",))
        watch = self.watch(peers[2], "--queries")
        query = subprocess.Popen([BINARY, "query", "--data", str(peers[0].data), "--json",
                                  "--topic", "v", "--timeout", "30s", "which?"],
                                 stdout=subprocess.PIPE, text=True)
        line = watch.line()
        name = line.partition("(asks: ")[2].partition(")")[0]
        self.assertTrue(line.endswith(" [v] which?\n"), line)
        self.assertEqual(peers[2].run("answer", name, "the third").stdout, "answered\n")
        out, _ = query.communicate(timeout=30)
        self.assertEqual(query.returncode, 0)
        *answers, summary = [json.loads(text) for text in out.splitlines()]
        self.assertEqual({a["name"]: a["text"] for a in answers},
                         {"peer-2": "", "peer-3": "the third"})
        self.assertEqual((summary["answered"], summary["expected"], summary["missing"]),
                         (2, 2, []))
        again = peers[2].run("answer", name, "again", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("409", again.stderr)
        unknown = peers[2].run("answer", name + "9", "x", check=False)
        self.assertIn("404", unknown.stderr)
        nonsense = peers[2].run("answer", "1:2:3", "x", check=False)
        self.assertEqual(nonsense.returncode, 2)

    def test_four_queries_are_open(self):
        a, b = self.start(1, ("--answers",))
        for _ in range(4):
            self.ask(a, "/v1/queries?timeout_ms=60000")
        self.cluster.wait_for(lambda: a.counter("queries") == 4, 10, "four are open")
        status, _, body = a.http("POST", "/v1/queries", b"x")
        refused = json.loads(body)
        self.assertEqual((status, refused["retry_ms"]), (429, 200))
        self.assertIn("queries (4) are open", refused["error"])
        self.assertIn("ended", refused["hint"])

    def test_who_does_not_answer_is_named(self):
        peers = self.start(3, ("--answers",))
        done = peers[0].run("query", "--timeout", "1s", "well?", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[-1], "2 of 3 answered; missing: peer-4")

    def test_who_stops_does_not_know_who_has_answered(self):
        peers = self.start(1, ("--answers",))
        asked = self.watch(peers[1], "--queries")
        for flags in ((), ("--json",)):
            with self.subTest(flags=flags):
                query = subprocess.Popen([BINARY, "query", "--data", str(peers[0].data), *flags,
                                          "--timeout", "30s", "well?"], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
                asked.line(len(flags))
                peers[0].terminate()
                out, err = query.communicate(timeout=10)
                self.assertEqual(query.returncode, 1, out)
                self.assertIn("stopped before the end; who is missing may have answered", err)
                self.assertIn('"stopped":true' if flags else "0 of 1 answered", out)
                peers[0].start()
                self.cluster.wait_joined(nodes=peers[:1])
                self.cluster.wait_for(peers[0].neighbours, 20, "it is linked again")

    def test_who_is_dead_is_not_waited_for(self):
        peers = self.start(4)
        peers[3].kill()
        begun = time.monotonic()
        done = peers[0].run("query", "--timeout", "30s", "who is left?", timeout_s=40)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(done.stdout.splitlines()[-1], "2 of 2 answered")


if __name__ == "__main__":
    unittest.main()
