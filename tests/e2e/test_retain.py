"""Messages on disk: a peer killed with SIGKILL under load, and started again,
delivers nothing twice without saying so and forgets nothing; and what it kept
it has for others. Order and topics as the application sees them."""
import pathlib
import sys
import unittest
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import Cluster, wait_for  # noqa: E402

DISK = ("--retain-on-disk", "--log-level", "debug")


def keys(records):
    return [(r["origin"], r["epoch"], r["seq"]) for r in records]


class Retained(unittest.TestCase):
    def setUp(self):
        self.c = Cluster(seeds=1, peers=0)
        self.addCleanup(self.c.close)

    def go(self, *peers):
        self.c.start()
        for peer in peers:
            wait_for(peer.joined, 20, f"{peer.name} joined", self.c.story)
        if len(peers) > 1:
            for peer in peers:
                wait_for(peer.neighbours, 20, f"{peer.name} linked", self.c.story)

    def delivered(self, node):
        return keys(node.log("delivered"))

    def test_killed_under_load(self):
        talker = self.c.add_peer()
        reader = self.c.add_peer(*DISK)
        self.go(talker, reader)
        sent = 0
        for _ in range(3):
            before = len(self.delivered(reader))  # The log has its earlier lives too.
            lines = "".join(f"message {sent + i}\n" for i in range(500))
            talker.run("send", "--lines", input=lines)
            sent += 500
            wait_for(lambda: len(self.delivered(reader)) > before, 20, "some delivered",
                     self.c.story)
            reader.kill()
            talker.run("send", "while it is away")
            sent += 1
            reader.start()
            wait_for(reader.joined, 20, "joined again", self.c.story)
        talker.run("send", "the last one")
        sent += 1
        wait_for(lambda: len(set(self.delivered(reader))) == sent, 60, "all delivered",
                 self.c.story)
        again = Counter(keys(r for r in reader.log("delivered") if r["again"]))
        times = Counter(self.delivered(reader))
        unmarked = {key: times[key] - again[key] for key in times}
        self.assertEqual({n for n in unmarked.values() if n > 1}, set())
        self.assertEqual(sorted({seq for _, _, seq in times}), list(range(1, sent + 1)))
        self.assertEqual(reader.log("lost"), [])

    def test_left_in_order(self):
        talker = self.c.add_peer()
        reader = self.c.add_peer(*DISK)
        self.go(talker, reader)
        talker.run("send", "--lines", input="".join(f"{i}\n" for i in range(100)))
        wait_for(lambda: len(self.delivered(reader)) == 100, 20, "all delivered", self.c.story)
        self.assertEqual(reader.terminate(), 0)
        reader.start()
        wait_for(reader.joined, 20, "joined again", self.c.story)
        talker.run("send", "one more")
        wait_for(lambda: len(self.delivered(reader)) == 101, 20, "the last one", self.c.story)
        self.assertEqual(len(set(self.delivered(reader))), 101)
        self.assertFalse(any(r["again"] for r in reader.log("delivered")))
        self.assertGreater(reader.counter("restored"), 0)

    def test_what_only_the_restarted_one_has(self):
        talker = self.c.add_peer()
        keeper = self.c.add_peer(*DISK)
        self.go(talker, keeper)
        talker.run("send", "kept")
        wait_for(lambda: self.delivered(keeper), 20, "delivered", self.c.story)
        talker.kill()
        keeper.kill()
        keeper.start()
        newcomer = self.c.add_peer("--log-level", "debug").start()
        wait_for(lambda: self.delivered(newcomer), 40, "pulled", self.c.story)
        self.assertEqual(newcomer.log("gossip-seen")[0]["text"], "kept")

    def test_switched_off_it_says_so(self):
        keeper = self.c.add_peer(*DISK)
        self.go(keeper)
        self.assertEqual(keeper.terminate(), 0)
        keeper.args = [arg for arg in keeper.args if arg != "--retain-on-disk"]
        keeper.start()
        wait_for(keeper.joined, 20, "joined", self.c.story)
        self.assertEqual(len(keeper.log("retain-unread")), 1)

    def test_topics_and_order(self):
        talker = self.c.add_peer()
        reader = self.c.add_peer("--topic", "disk*", "--ordered", "10s", "--log-level", "debug")
        self.go(talker, reader)
        for topic in ("disk", "net", "disk/full", ""):
            talker.run("send", "--topic", topic, "x")
        wait_for(lambda: len(self.delivered(reader)) == 2, 20, "two delivered", self.c.story)
        wait_for(lambda: reader.counter("filtered") == 2, 20, "two filtered", self.c.story)
        self.assertEqual([seq for _, _, seq in self.delivered(reader)], [1, 3])


if __name__ == "__main__":
    unittest.main()
