"""Seeds are added and retired as docs/operating.md says: one line of config.txt
at a time, and every node restarted, seeds first."""
import unittest

from cluster import Cluster, free_ports


class ChangedSeeds(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(seeds=3, peers=4)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.wait_joined()

    def restart(self, nodes):
        for node in nodes:
            node.terminate()
            node.start()
            self.cluster.wait_joined(20, [node])

    def registrations_are(self, wanted):
        self.cluster.wait_for(
            lambda: all((s["registered"], s["quorum"], s["seeds"]) == wanted
                        for s in (peer.status() for peer in self.cluster.peers)),
            30, "all peers hold {}/{} of {} seeds".format(*wanted))

    def all_are_listed_by(self, seeds):
        ids = {peer.status()["id"] for peer in self.cluster.peers}
        self.cluster.wait_for(
            lambda: all(ids <= {p["id"] for p in seed.json("peers") if p["state"] == "alive"}
                        for seed in seeds), 30, "these seeds list every peer")
        for seed in seeds:
            self.assertEqual(seed.log("dead-removed"), [])

    def test_one_is_added_and_then_one_retired(self):
        cluster = self.cluster
        old, peers = list(cluster.seeds), cluster.peers
        lines = [f"127.0.0.1:{port}" for port in (*cluster.seed_ports, *free_ports(1))]

        cluster.write_config(lines)
        added = cluster.add_node("seed", "--profile", "lan", "--listen", lines[-1])
        added.start()
        cluster.wait_joined(20, [added])
        self.restart(old + peers)
        self.registrations_are((3, 3, 4))
        self.all_are_listed_by(cluster.seeds)

        cluster.write_config(lines[1:])
        rest = [*old[1:], added]
        self.restart(rest + peers)
        old[0].terminate()
        self.registrations_are((2, 2, 3))
        self.all_are_listed_by(rest)


if __name__ == "__main__":
    unittest.main()
