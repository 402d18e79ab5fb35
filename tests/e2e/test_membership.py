"""Membership as a peer's application follows it, with real processes: who
comes, leaves, is killed, stands still and comes back, each told once."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import Cluster, Watching, wait_for  # noqa: E402


class Membership(Watching):
    def setUp(self):
        self.cluster = Cluster(seeds=3, peers=4)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.wait_joined(60)

    def steps(self, watcher):
        """What was told so far: (event, name)."""
        lines = [json.loads(line) for line in list(watcher.lines)]
        return [(line["event"], line.get("name")) for line in lines
                if line.get("event", "").startswith("member")]

    def told(self, watcher, *step):
        wait_for(lambda: step in self.steps(watcher), 60, f"told: {step}",
                 lambda: f"{self.steps(watcher)}\n{self.cluster.story()}")

    def test_each_step_is_told_once_and_in_order(self):
        first, left, killed, frozen = self.cluster.peers
        self.assertEqual(first.http("GET", "/v1/members")[0], 409)
        watcher = self.watch(first, "--events", "--json")
        self.told(watcher, "members-listed", None)
        listed = first.get("/v1/members")
        self.assertEqual({member["name"] for member in listed}, {"peer-2", "peer-3", "peer-4"})
        self.assertEqual(set(listed[0]), {"id", "name", "address", "incarnation"})

        newcomer = self.cluster.add_peer()
        newcomer.start()
        self.told(watcher, "member-joined", "peer-5")
        left.run("leave")
        self.told(watcher, "member-left", "peer-2")
        killed.kill()
        self.told(watcher, "member-died", "peer-3")
        killed.start()
        self.told(watcher, "member-joined", "peer-3")
        frozen.stop()
        self.told(watcher, "member-died", "peer-4")
        frozen.cont()
        self.told(watcher, "member-refuted", "peer-4")

        self.assertEqual(self.steps(watcher), [
            ("members-listed", None), ("member-joined", "peer-5"), ("member-left", "peer-2"),
            ("member-died", "peer-3"), ("member-joined", "peer-3"),
            ("member-died", "peer-4"), ("member-refuted", "peer-4")])
        died = next(json.loads(line) for line in watcher.lines if "member-died" in line)
        self.assertEqual(len(died["by"]), 2)
        self.assertLessEqual(set(died["by"]), {seed.id for seed in self.cluster.seeds})
        self.assertEqual({member["name"] for member in first.get("/v1/members")},
                         {"peer-3", "peer-4", "peer-5"})

    def test_who_does_not_ask_is_told_nothing(self):
        quiet = self.cluster.peers[0]
        watcher = self.watch(quiet, "--json")
        newcomer = self.cluster.add_peer()
        newcomer.start()
        self.cluster.wait_for(newcomer.joined, 30, "the newcomer has joined")
        self.assertEqual(quiet.counter("members_told"), 0)
        self.assertEqual(list(watcher.lines), [])
        self.assertEqual(quiet.http("GET", "/v1/events?members=perhaps")[0], 400)


if __name__ == "__main__":
    unittest.main()
