"""Direct messages and queries between real processes."""

import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from cluster import Cluster, UnixConnection, wait_for  # noqa: E402


def watch(node, seconds, *args):
    """What `watch --json` shows, as it comes: a process and its lines."""
    return node.follow("watch", "--json", "--for", f"{seconds}s", *args)


class Direct(unittest.TestCase):
    def test_send_to_one(self):
        with Cluster(seeds=1, peers=4) as cluster:
            cluster.wait_joined()
            a, b = cluster.peers[0], cluster.peers[3]
            out = a.run("send", "--to", b.id, "--topic", "t", "for you")
            self.assertIn("delivered to " + b.id[:8], out.stdout)
            self.assertEqual(b.counter("directs_taken"), 1)
            for other in cluster.peers[1:3]:
                self.assertEqual(other.counter("directs_taken"), 0)


if __name__ == "__main__":
    unittest.main()
