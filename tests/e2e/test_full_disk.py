"""A seed whose disk is full goes on serving and acknowledges nothing; when
there is room again it writes what it owes, and takes registrations again."""
import contextlib
import ctypes
import os
import sqlite3
import subprocess
import unittest

from cluster import Cluster

CLONE_NEWNS = 0x20000


def mounts_of_our_own():
    """This process and its children get their own mounts. False: not allowed."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], check=False,
                          capture_output=True).returncode == 0


@unittest.skipUnless(mounts_of_our_own(), "needs root, for a small disk of its own")
class FullDisk(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(seeds=3, peers=2)
        self.addCleanup(self.cluster.close)
        self.seed = self.cluster.seeds[0]
        self.seed.data.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "small", self.seed.data],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.seed.data], check=False)
        self.cluster.start()
        self.cluster.wait_joined()

    def fill(self):
        with open(self.seed.data / "filler", "wb", buffering=0) as filler:
            for size in (4096, 1):
                try:
                    while filler.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def empty(self):
        (self.seed.data / "filler").unlink()

    def acknowledged(self, peers):
        """Those that this seed told that they are registered."""
        return {peer.id for peer in peers
                if any(note["seed"] == self.seed.id for note in peer.log("registered"))}

    def add_peers(self, count):
        peers = [self.cluster.add_peer().start() for _ in range(count)]
        self.cluster.wait_joined(30, peers)
        return peers

    def test_it_serves_acknowledges_nothing_and_catches_up(self):
        self.fill()
        late = self.add_peers(6)  # All find a majority: the other two seeds.
        self.assertEqual(self.acknowledged(late), set())
        told = self.cluster.wait_for(lambda: self.seed.log("persist-failed"), 10, "it says so")
        self.assertIn("full", told[0]["text"])
        self.assertGreater(self.seed.counter("persist_failed"), 0)
        self.assertTrue(self.seed.joined())
        # What the others acknowledged it knows and serves all the same.
        self.cluster.wait_for(lambda: self.seed.alive() == 8, 20, "it lists all")
        self.empty()
        later = []

        def takes_one():
            later.extend(self.add_peers(1))
            return self.acknowledged(later)
        self.cluster.wait_for(takes_one, 120, "it takes a registration again")
        # What it owed is written within 61 s and a back-off; then it is killed.
        owed = 8 + len(later)
        self.cluster.wait_for(lambda: self.rows() >= owed, 130, "all is on its disk")
        promised = self.acknowledged(self.cluster.peers)
        for node in self.cluster.nodes:
            node.kill()
        self.seed.start()
        self.cluster.wait_joined(10, [self.seed])
        listed = {p["id"] for p in self.seed.json("peers") if p["state"] == "alive"}
        self.assertLessEqual(promised, listed)
        self.assertEqual(self.seed.counter("rows_refused"), 0)

    def rows(self):
        """Peers in its database, read from beside it."""
        with contextlib.closing(sqlite3.connect(self.seed.data / "state.db")) as db:
            return db.execute("SELECT count(*) FROM registry").fetchone()[0]

    def test_it_does_not_start_without_room_for_its_incarnation(self):
        self.seed.kill()
        self.fill()
        self.seed.start()
        self.assertEqual(self.seed.wait(20), 1)
        self.assertRegex(self.seed.log_text(), "free space in or mend the data directory|"
                                               "check the directory's rights and the space")
        self.empty()
        self.seed.start()
        self.cluster.wait_joined(20, [self.seed])


if __name__ == "__main__":
    unittest.main()
