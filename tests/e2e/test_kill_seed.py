"""A seed that is killed and restarted has its peer list: what it acknowledged
was on disk before."""
import time
import unittest

from cluster import Cluster


def seed_id(seed):
    return seed.log("started")[0]["id"]


class KilledSeed(unittest.TestCase):
    def cluster(self, peers, *peer_args):
        cluster = Cluster(seeds=3, peers=peers,
                          peer_args=("--profile", "lan", *(peer_args or ("--gossip-count", "0"))))
        self.addCleanup(cluster.close)
        cluster.start()
        return cluster

    def acknowledged(self, cluster, seed):
        """Ids of the peers that logged the seed's acknowledgement."""
        wanted = seed_id(seed)
        return {seed_id(peer) for peer in cluster.peers
                if any(note["seed"] == wanted for note in peer.log("registered"))}

    def restart_alone(self, cluster, seed):
        """Kills everybody else too, so that nobody can tell it again."""
        for node in cluster.nodes:
            node.kill()
        seed.start()
        cluster.wait_joined(10, [seed])

    def alive_at(self, seed):
        return {p["id"] for p in seed.json("peers")
                if p["role"] == "peer" and p["state"] == "alive"}

    def test_every_acknowledged_registration_survives_a_kill(self):
        cluster = self.cluster(6)
        cluster.wait_joined()
        seed = cluster.seeds[0]
        seed.kill()
        acknowledged = self.acknowledged(cluster, seed)
        self.assertTrue(acknowledged)
        self.restart_alone(cluster, seed)
        self.assertLessEqual(acknowledged, self.alive_at(seed))

    def test_also_when_killed_in_the_middle_of_registrations(self):
        for wanted in (1, 3, 5):
            with self.subTest(wanted=wanted):
                cluster = self.cluster(0)
                cluster.wait_joined()
                seed = cluster.seeds[wanted % 3]
                for _ in range(20):  # Two thirds of them come to it.
                    cluster.add_peer().start()
                cluster.wait_for(lambda: len(self.acknowledged(cluster, seed)) >= wanted, 20,
                                 "some have registered")
                seed.kill()
                self.restart_alone(cluster, seed)
                acknowledged = self.acknowledged(cluster, seed)
                self.assertGreaterEqual(len(acknowledged), wanted)
                self.assertLessEqual(acknowledged, self.alive_at(seed), cluster.story())

    def test_its_peers_hold_their_quorum_again_and_nobody_is_taken_for_dead(self):
        cluster = self.cluster(5, "--gossip-count", "unlimited", "--gossip-interval", "1s")
        cluster.wait_joined()
        time.sleep(2)  # Two that dial each other at once drop one link of two.
        dropped = [peer.log("disconnect") for peer in cluster.peers]
        seed = cluster.seeds[1]
        mine = self.acknowledged(cluster, seed)
        before = seed.status()
        seed.kill()
        seed.start()
        cluster.wait_joined(10, [seed])
        after = seed.status()
        self.assertEqual(after["id"], before["id"])
        self.assertLessEqual(mine, self.alive_at(seed))
        cluster.wait_for(lambda: all(s["registered"] >= s["quorum"] for s in
                                     (peer.status() for peer in cluster.peers)),
                         20, "all peers hold their quorum")
        cluster.wait_for(lambda: all(peer.log("gossip-seen")[-1]["seq"] >= 6
                                     for peer in cluster.peers), 20, "gossip goes on")
        for node in cluster.seeds:
            self.assertEqual(node.log("dead-removed"), [])
        self.assertEqual([peer.log("disconnect") for peer in cluster.peers], dropped)


if __name__ == "__main__":
    unittest.main()
