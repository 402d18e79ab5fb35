"""The tree relay held to bars: against flooding, in networks small enough for a
test (the full table is `./run bench relay`), and to those of the presets, of
which partition and steady are made small here, too."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import BINARY  # noqa: E402

SECONDS_MAX = 120
LINKS = ("--latency", "10ms..50ms")


def sim(*args):
    done = subprocess.run([BINARY, "sim", "--json", "--quiet", *map(str, args)],
                          capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


class Relay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, (flood, tree) = sim("--peers", 30, "--messages", 20, "--compare", "relay=flood,tree")
        if flood["digest"] == tree["digest"]:
            raise unittest.SkipTest("the tree relay does what flooding does")

    def compared(self, *args):
        code, (flood, tree) = sim(*LINKS, *args, "--compare", "relay=flood,tree")
        self.assertEqual(code, 0, args)
        for one in (flood, tree):
            worst = one.get("largest", one)
            self.assertEqual((worst["missed"], worst["delivered_twice"]), (0, 0), args)
        return flood, tree

    def test_few_copies_and_not_much_later(self):
        for peers, redundancy in ((20, 0.6), (200, 0.5)):
            flood, tree = self.compared("--peers", peers, "--warm-up", 100, "--messages", 100,
                                        "--runs", 3)
            self.assertLessEqual(tree["redundancy"], redundancy, peers)
            self.assertLessEqual(tree["ratio"]["latency_p99"]["median"], 2.2, peers)
            self.assertLess(tree["bytes_per_delivery"], flood["bytes_per_delivery"], peers)
            self.assertGreater(tree["frames_by_kind"]["announce"], 0, peers)
            self.assertEqual(flood["frames_by_kind"]["announce"], 0, peers)

    def test_the_first_message_after_a_strike(self):
        for strike, after, bar in ((("--crash", "30%"), "100ms", 1.5),
                                   (("--hubs", "5%"), "100ms", 1.5),
                                   (("--freeze", "30%"), "10ms", 6),
                                   (("--freeze-hubs", "5%"), "10ms", 6)):
            _, tree = self.compared("--peers", 200, "--warm-up", 100, "--messages", 10, *strike,
                                    "--after", after, "--first-after", "--runs", 5)
            self.assertEqual(tree["largest"]["first"]["missed"], 0, strike)
            self.assertLessEqual(tree["ratio"]["first_p99"]["median"], bar, strike)

    def presets(self, *args):
        code, f = sim("--preset", *args)
        missed = {name: f[name] for name, met in f["met"].items() if not met}
        self.assertEqual(missed, {}, args)
        self.assertEqual(code, 0, args)
        return f

    def test_glomers(self):
        self.presets("glomers")

    def test_partition(self):
        f = self.presets("partition", "--peers", 60, "--for", "90s")
        self.assertGreater(f["after_heal"]["pulled"]["frames"], 0)

    def test_steady(self):
        f = self.presets("steady", "--peers", 20, "--for", "60s")
        self.assertGreater(f["sent"]["announce"]["frames"], 0)

    def test_slow(self):
        f = self.presets("slow")
        self.assertIn("links_dead", f["met"])  # Nobody behind 8 kbit/s is.


if __name__ == "__main__":
    unittest.main()
