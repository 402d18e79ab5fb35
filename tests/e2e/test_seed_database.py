"""A seed whose database is empty, an old copy, truncated or damaged bit by bit
has its peer list again from its fellows, or says what to do and does not start.
It never lists what nobody said."""
import unittest

from cluster import Cluster

PEERS = 5
FLIPS = 12  # Places all over the file.


def incarnations(seed):
    return {id: p["incarnation"] for id, p in seed.listed().items()}


class SeedDatabase(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(seeds=3, peers=PEERS)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.wait_joined()
        self.seed, self.fellow = self.cluster.seeds[:2]
        self.wait_equal(PEERS)

    def wait_equal(self, count):
        """All seeds list the same @count peers, each in the same life."""
        def equal():
            lists = [incarnations(seed) for seed in self.cluster.seeds]
            return len(lists[0]) == count and lists.count(lists[0]) == len(lists)
        self.cluster.wait_for(equal, 30, f"all seeds list the same {count} peers")

    def database(self):
        return sorted(self.seed.data.glob("state.db*"))

    def stop(self):
        """In peace, so that all is in one file; its bytes."""
        self.assertEqual(self.seed.terminate(), 0)
        return (self.seed.data / "state.db").read_bytes()

    def put(self, content):
        """The database is @content; None: there is none."""
        for path in self.database():
            path.unlink()
        if content is not None:
            (self.seed.data / "state.db").write_bytes(content)

    def comes_back(self):
        """True: it serves. False: it refused, and said of which file, why, and
        what to do."""
        told = len(self.seed.log_text())
        self.seed.start()
        self.cluster.wait_for(lambda: not self.seed.running() or self.seed.joined(), 20,
                              "it serves, or has ended")
        if self.seed.running():
            return True
        self.assertEqual(self.seed.wait(), 1)
        words = self.seed.log_text()[told:]
        for word in ("state.db", "damaged", "move it", "start again"):
            self.assertIn(word, words)
        return False

    def lists_nobody_else(self):
        """Nobody whom its fellow does not know, in no later life."""
        known = incarnations(self.fellow)
        for id, incarnation in incarnations(self.seed).items():
            self.assertIn(id, known)
            self.assertLessEqual(incarnation, known[id])

    def test_an_empty_one_is_filled_by_its_fellows(self):
        self.stop()
        self.put(None)
        self.assertTrue(self.comes_back())
        self.lists_nobody_else()
        self.wait_equal(PEERS)

    def test_an_old_copy_learns_who_came_and_who_went(self):
        old = self.stop()
        self.seed.start()
        self.cluster.add_peer().start()
        self.cluster.wait_joined()
        self.assertEqual(self.cluster.peers[0].terminate(), 0)  # It says so.
        self.wait_equal(PEERS)
        left = self.cluster.peers[0].id
        self.stop()
        self.put(old)
        self.assertTrue(self.comes_back())
        self.wait_equal(PEERS)
        self.assertNotIn(left, self.seed.listed())

    def test_a_truncated_one_is_refused_or_made_whole(self):
        sound = self.stop()
        for length in (0, 1, 100, 4096, len(sound) // 2, len(sound) - 1):
            with self.subTest(length=length):
                self.put(sound[:length])
                if not self.comes_back():
                    self.put(None)  # As it says.
                    self.assertTrue(self.comes_back())
                self.lists_nobody_else()
                self.wait_equal(PEERS)
                self.stop()

    def test_after_any_bit_is_flipped_it_is_refused_or_made_whole(self):
        sound = self.stop()
        for flip in range(FLIPS):
            at = (2 * flip + 1) * len(sound) // (2 * FLIPS)
            with self.subTest(at=at, of=len(sound)):
                damaged = bytearray(sound)
                damaged[at] ^= 1 << (flip % 8)
                self.put(damaged)
                if not self.comes_back():
                    self.put(None)
                    self.assertTrue(self.comes_back())
                self.lists_nobody_else()
                self.wait_equal(PEERS)
                self.stop()


if __name__ == "__main__":
    unittest.main()
