"""The figures of `hearsay sim` against figures that are computed here, from the
dumps and from what flooding must cost, by nothing that the simulator shares."""
import collections
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import BINARY  # noqa: E402

SECONDS_MAX = 60
# What the fit leaves out: tails of fewer values, and steeper ones.
TAIL_MIN, ALPHA_MAX = 50, 6


def hurwitz_zeta(s, q, terms=30):
    """The sum of (q + k) ** -s over all k >= 0, by Euler and Maclaurin."""
    head = sum((q + k) ** -s for k in range(terms))
    end = q + terms
    return (head + end ** (1 - s) / (s - 1) + end ** -s / 2 + s * end ** (-s - 1) / 12
            - s * (s + 1) * (s + 2) * end ** (-s - 3) / 720)


def golden_section_max(f, low, high):
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-7:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if f(a) > f(b) else (a, high)
    return (low + high) / 2


def fit_from(degrees, xmin):
    """Clauset, Shalizi, Newman (2009), (3.5) and (3.9): the exponent of
    greatest likelihood for the tail from @xmin on, and its distance from it."""
    tail = sorted(d for d in degrees if d >= xmin)
    logs = sum(math.log(d) for d in tail)
    alpha = golden_section_max(
        lambda a: -len(tail) * math.log(hurwitz_zeta(a, xmin)) - a * logs, 1.0001, ALPHA_MAX)
    whole, distance = hurwitz_zeta(alpha, xmin), 0
    for d in set(tail):
        here = sum(1 for other in tail if other <= d) / len(tail)
        distance = max(distance, abs(1 - hurwitz_zeta(alpha, d + 1) / whole - here))
    return alpha, distance


class Overlay:
    """What two dumps say."""

    def __init__(self, folder):
        self.degrees = [int(line) for line in (folder / "degrees").read_text().splitlines()]
        self.links = [tuple(map(int, line.split()))
                      for line in (folder / "edges").read_text().splitlines()]
        self.near = collections.defaultdict(set)
        for a, b in self.links:
            self.near[a].add(b)
            self.near[b].add(a)

    def hops_from(self, start):
        """{node: links of the shortest way}"""
        hops, queue = {start: 0}, [start]
        for node in queue:
            for other in self.near[node] - hops.keys():
                hops[other] = hops[node] + 1
                queue.append(other)
        return hops

    def components(self):
        left, count = set(self.near), self.degrees.count(0)
        while left:
            left -= self.hops_from(next(iter(left))).keys()
            count += 1
        return count


class Measures(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-sim-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def sim(self, *args, code=0):
        """The figures, and the overlay at the end."""
        done = subprocess.run(
            [BINARY, "sim", "--json", "--quiet", "--dump-degrees=degrees", "--dump-edges=edges",
             *map(str, args)], cwd=self.dir, capture_output=True, text=True, timeout=SECONDS_MAX,
            check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout), Overlay(self.dir)

    def agrees(self, figures, overlay):
        counted = [len(overlay.near[node]) for node in overlay.near]
        self.assertEqual(sorted(counted), sorted(d for d in overlay.degrees if d))
        degree = figures["degree"]
        self.assertEqual((degree["min"], degree["max"]),
                         (min(overlay.degrees), max(overlay.degrees)))
        self.assertAlmostEqual(degree["mean"], sum(overlay.degrees) / len(overlay.degrees), 5)
        self.assertEqual(figures["components"], overlay.components())

    def test_degrees_components_and_power_law(self):
        for rng, rule in ((1, "preferential"), (5, "preferential"), (2, "uniform")):
            f, overlay = self.sim("--peers=400", "--messages=0", "--fit", f"--rng={rng}",
                                  f"--overlay={rule}")
            self.agrees(f, overlay)
            self.assertEqual(len(overlay.degrees), 400)
            fits = {xmin: fit_from(overlay.degrees, xmin) for xmin in set(overlay.degrees)
                    if sum(1 for d in overlay.degrees if d >= xmin) >= TAIL_MIN}
            alpha, distance = fits[f["fit"]["xmin"]]
            self.assertAlmostEqual(f["fit"]["alpha"], alpha, 3, (rng, rule))
            self.assertLess(distance, min(d for _, d in fits.values()) + 1e-6, (rng, rule))

    def test_an_overlay_in_pieces(self):
        """Of whom stands still nobody knows yet, so nobody links around them."""
        f, overlay = self.sim("--peers=60", "--links=2", "--messages=1", "--freeze=45",
                              "--after=0", "--for=30s")
        self.agrees(f, overlay)
        self.assertEqual(len(overlay.degrees), 15)
        self.assertGreater(f["components"], 1)

    def test_flooding_over_equal_links_can_be_counted_by_hand(self):
        """100 ms each way, so a first copy takes the shortest way, and every
        link carries a copy each way but back to where the first came from."""
        peers, messages = 60, 40
        flags = (f"--peers={peers}", "--latency=100ms", f"--messages={messages}", "--rate=2",
                 "--rng=3", "--relay=flood")
        f, overlay = self.sim(*flags, "--payload=100")
        self.agrees(f, overlay)
        links = len(overlay.links)
        self.assertEqual(f["delivered"], messages * (peers - 1))
        self.assertAlmostEqual(f["redundancy"], 2 * links / (peers - 1) - 2, 5)

        hops = sorted(h for start in overlay.near for h in overlay.hops_from(start).values() if h)
        self.assertEqual(f["hops"]["p50"], hops[len(hops) // 2])
        self.assertLessEqual(f["hops"]["max"], hops[-1])
        # A signature is checked at each stop, in a millisecond at most.
        for key in ("p50", "max"):
            self.assertGreaterEqual(f["latency_ms"][key], 100 * f["hops"][key])
            self.assertLessEqual(f["latency_ms"][key], 102 * f["hops"][key] + 2)
        self.assertLessEqual(f["latency_ms"]["p50"], f["latency_ms"]["p99"])

        sends = f["sends_by_degree"]
        self.assertEqual(sum(row["peers"] for row in sends), peers)
        self.assertAlmostEqual(sum(row["peers"] * row["mean"] for row in sends),
                               messages * (2 * links - (peers - 1)), 2)
        for row in sends:
            # All links but one of a relay, all of an origin.
            least = messages * sum(d - 1 for d in overlay.degrees if row["from"] <= d <= row["to"])
            self.assertLessEqual(least, row["peers"] * row["mean"] + 1e-3)
            self.assertLessEqual(row["peers"] * row["mean"], least + messages + 1e-3)

        longer, _ = self.sim(*flags, "--payload=1100")
        self.assertAlmostEqual(longer["bytes_per_delivery"] - f["bytes_per_delivery"],
                               1000 * (f["redundancy"] + 1), 2)
        self.assertEqual(longer["control_per_delivery"], f["control_per_delivery"])
        self.assertEqual(longer["hops"], f["hops"])

    def test_deaths_true_and_false(self):
        """Killed: told by broken links, at once. Frozen: by three pings of 13 s
        and their deadlines. With pings of 1 s and four of five segments up to
        a minute late, some that are well are buried."""
        killed, overlay = self.sim("--peers=30", "--kill=3", "--messages=1")
        self.agrees(killed, overlay)
        self.assertEqual(len(overlay.degrees), 27)
        self.assertTrue(0.001 < killed["detection_s"]["mean"] <= killed["detection_s"]["max"] < 3)
        frozen, overlay = self.sim("--peers=30", "--freeze=3", "--messages=1")
        self.assertEqual(len(overlay.degrees), 27)
        self.assertTrue(26 < frozen["detection_s"]["mean"] <= frozen["detection_s"]["max"] < 60)
        self.assertEqual((killed["false_deaths"], frozen["false_deaths"]), (0, 0))
        late, _ = self.sim("--peers=40", "--ping-interval=1s", "--tail=80%,60s", "--for=5m")
        self.assertGreater(late["false_deaths"], 0)
        self.assertIsNone(late["detection_s"]["max"])

    def test_memory_is_what_the_process_grew_by(self):
        small, _ = self.sim("--peers=1", "--messages=1")
        large, _ = self.sim("--peers=1500", "--messages=1")
        grown = (large["rss_kib"] - small["rss_kib"]) * 1024 / 1500
        self.assertLess(abs(large["bytes_per_peer"] / grown - 1), 0.35, grown)


if __name__ == "__main__":
    unittest.main()
