"""`hearsay sim`: what it prints, what it writes, what it refuses, and that the
same flags give the same run."""
import html.parser
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import BINARY  # noqa: E402

SECONDS_MAX = 60
KEYS = {
    "peers", "seeds", "rng", "joined", "components", "published", "expected_deliveries",
    "delivered", "missed", "delivered_twice", "redundancy", "latency_ms", "hops",
    "bytes_per_delivery", "control_per_delivery", "frames_per_delivery", "frames_by_kind",
    "bytes_by_kind", "first", "degree", "fit", "false_deaths", "detection_s",
    "violations", "events", "events_per_s", "virtual_s", "wall_s", "bytes_per_peer", "rss_kib",
    "digest"}
KINDS = {"payload", "pulled", "announce", "tree", "repair", "rest"}
PARTS = {"frames_by_kind": KINDS, "bytes_by_kind": KINDS,
         "first": {"expected", "missed", "redundancy", "p50_ms", "p99_ms", "max_ms"},
         "latency_ms": {"p50", "p99", "max"}, "hops": {"p50", "max"},
         "degree": {"min", "max", "mean"}, "fit": {"alpha", "xmin", "p", "lr_exp"},
         "detection_s": {"mean", "p99", "max"}}


class Tags(html.parser.HTMLParser):
    """Sees that every tag that opens closes, and what a page would load."""
    VOID = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.loads, self.wrong = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and
                       not (value or "").startswith("#")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class Sim(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-sim-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def sim(self, *args, timeout_s=SECONDS_MAX):
        return subprocess.run([BINARY, "sim", *map(str, args)], cwd=self.dir, capture_output=True,
                              text=True, timeout=timeout_s)

    def figures(self, *args):
        done = self.sim("--json", "--quiet", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def refused(self, words, *args):
        done = self.sim(*args)
        self.assertEqual(done.returncode, 2, (args, done.stderr))
        self.assertEqual(done.stdout, "", args)
        self.assertEqual(len(done.stderr.splitlines()), 1, (args, done.stderr))
        for word in words:
            self.assertIn(word, done.stderr, args)


class Prints(Sim):
    def test_json_has_the_keys_that_are_promised(self):
        f = self.figures("--peers", 60, "--seeds", 3, "--messages", 5, "--rng", 7)
        self.assertLessEqual(KEYS, set(f))
        for key, parts in PARTS.items():
            self.assertLessEqual(parts, set(f[key]), key)
        self.assertEqual((f["peers"], f["seeds"], f["rng"], f["joined"]), (60, 3, 7, 60))
        self.assertEqual((f["published"], f["expected_deliveries"]), (5, 5 * 59))
        self.assertEqual((f["delivered"], f["missed"], f["delivered_twice"]), (5 * 59, 0, 0))
        self.assertEqual((f["components"], f["violations"], f["false_deaths"]), (1, 0, 0))
        self.assertGreater(f["events"], 1000)
        self.assertGreater(f["bytes_per_peer"], 1000)
        self.assertGreater(f["rss_kib"], 1000)
        self.assertRegex(f["digest"], "^[0-9a-f]{16}$")

    def test_what_peers_say_by_themselves_is_waited_for(self):
        f = self.figures("--peers", 9, "--messages", 0, "--gossip-count", 4, "--gossip-interval",
                         "40s")
        self.assertEqual((f["published"], f["missed"]), (36, 0))
        self.assertGreater(f["virtual_s"], 120)

    def test_a_table_for_people(self):
        done = self.sim("--peers", 20, "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"^peers +20\n")
        for word in ("joined", "latency", "needless copies", "digest"):
            self.assertIn(word, done.stdout)

    def test_help_names_every_use(self):
        done = self.sim("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--peers", "--preset", "--compare", "--memory-max", "--swarm", ".scn",
                     "--dump-edges", "--report"):
            self.assertIn(word, done.stdout)
        self.assertLess(len(done.stdout.splitlines()), 60)

    def test_fit(self):
        f = self.figures("--peers", 300, "--messages", 1, "--fit")
        self.assertGreater(f["fit"]["alpha"], 1)
        self.assertTrue(0 <= f["fit"]["p"] <= 1)
        self.assertIsNone(self.figures("--peers", 30, "--messages", 1)["fit"]["alpha"])


class Repeats(Sim):
    def test_same_flags_same_run(self):
        flags = ("--peers", 50, "--crash", "20%", "--tail", "2%,1s", "--rng", 11)
        one = self.figures(*flags)
        self.assertEqual(one["digest"], self.figures(*flags)["digest"])
        self.assertEqual(one["digest"], self.figures(*flags, "--hash-salt", 987654321)["digest"])
        other = self.figures(*flags[:-1], 12)
        self.assertNotEqual(one["digest"], other["digest"])

    def test_looking_changes_nothing(self):
        flags = ("--peers", 50, "--rng", 5)
        one = self.figures(*flags)
        two = self.figures(*flags, "--report", "r.html", "--dump-edges", "e", "--fit")
        self.assertEqual(one["digest"], two["digest"])


class Strikes(Sim):
    def test_crash(self):
        f = self.figures("--peers", 100, "--crash", "30%", "--messages", 5)
        self.assertEqual((f["joined"], f["components"], f["published"]), (70, 1, 10))
        self.assertEqual((f["missed"], f["expected_deliveries"] > 5 * 69), (0, True))
        self.assertGreater(f["detection_s"]["max"], 0)

    def test_the_silent_are_found_by_pings(self):
        f = self.figures("--peers", 40, "--freeze", 1, "--messages", 1)
        self.assertTrue(26 < f["detection_s"]["max"] < 60, f["detection_s"])
        self.assertEqual(f["false_deaths"], 0)

    def test_the_first_message_after_a_strike_is_measured_for_itself(self):
        for strike, left in ((("--crash", "30%"), 42), (("--freeze", "30%"), 42),
                             (("--hubs", "5%"), 57), (("--freeze-hubs", "5%"), 57)):
            f = self.figures("--peers", 60, "--messages", 4, "--warm-up", 3, *strike,
                             "--after", "10ms", "--first-after")
            self.assertEqual((f["published"], f["missed"]), (3 + 4 + 1, 0), strike)
            first = f["first"]
            self.assertTrue(left // 2 <= first["expected"] < left, (strike, first))
            self.assertEqual(first["missed"], 0, strike)
            self.assertLessEqual(first["p50_ms"], first["p99_ms"], strike)
            self.assertLessEqual(first["p99_ms"], first["max_ms"], strike)
            self.assertGreaterEqual(first["redundancy"], 0, strike)
            # What came before is not mixed with it.
            longest = self.figures("--peers", 60, "--messages", 4, "--warm-up", 3)["latency_ms"]
            self.assertEqual(f["latency_ms"], longest, strike)

    def test_hubs_go_first(self):
        degrees = self.dir / "degrees"
        before = self.figures("--peers", 100, "--messages", 1, "--dump-degrees", degrees)
        top = sorted(map(int, degrees.read_text().split()))[-10:]
        self.assertEqual(before["degree"]["max"], top[-1])
        f = self.figures("--peers", 100, "--messages", 1, "--hubs", "10%", "--after", "0")
        self.assertEqual((f["joined"], f["components"]), (90, 1))


class Writes(Sim):
    def test_dumps_agree_with_the_figures(self):
        f = self.figures("--peers", 80, "--dump-degrees", "d", "--dump-edges", "e")
        degrees = [int(line) for line in (self.dir / "d").read_text().splitlines()]
        edges = [tuple(map(int, line.split())) for line in (self.dir / "e").read_text().splitlines()]
        self.assertEqual(len(degrees), 80)
        self.assertEqual(sum(degrees), 2 * len(edges))
        self.assertEqual((min(degrees), max(degrees)), (f["degree"]["min"], f["degree"]["max"]))
        self.assertEqual(len(set(edges)), len(edges))
        counted = {}
        for pair in edges:
            self.assertTrue(f["seeds"] <= pair[0] < pair[1] < 80 + f["seeds"], pair)
            for end in pair:
                counted[end] = counted.get(end, 0) + 1
        self.assertEqual(sorted(counted.values()), sorted(d for d in degrees if d))

    def test_report_is_one_page_of_its_own(self):
        self.figures("--peers", 60, "--freeze", 2, "--fit", "--report", "r.html")
        page = (self.dir / "r.html").read_text()
        tags = Tags()
        tags.feed(page)
        tags.close()
        self.assertEqual((tags.open, tags.wrong, tags.loads), ([], [], []))
        self.assertTrue(page.lower().startswith("<!doctype html"))
        self.assertLessEqual({"html", "head", "body", "svg"}, tags.seen)
        self.assertNotIn("script", tags.seen)
        self.assertIn("--freeze 2", page)


class Compares(Sim):
    def test_columns_side_by_side(self):
        rows = self.figures("--peers", 40, "--messages", 2, "--compare",
                            "overlay=preferential,top-half,uniform")
        self.assertEqual([row["overlay"] for row in rows], ["preferential", "top-half", "uniform"])
        self.assertEqual(len({row["digest"] for row in rows}), 3)
        alone = self.figures("--peers", 40, "--messages", 2, "--overlay", "uniform")
        self.assertEqual(rows[2]["digest"], alone["digest"])
        done = self.sim("--peers", 20, "--compare", "overlay=uniform,preferential", "--quiet")
        self.assertRegex(done.stdout.splitlines()[0], r"uniform\s+preferential")

    def test_several_runs_of_each(self):
        flags = ("--peers", 30, "--messages", 3, "--rng", 5)
        flood, tree = self.figures(*flags, "--runs", 3, "--compare", "relay=flood,tree")
        singles = [self.figures(*flags[:-1], rng, "--relay", "flood") for rng in (5, 6, 7)]
        self.assertEqual((flood["relay"], tree["relay"], flood["runs"]), ("flood", "tree", 3))
        for key, part in (("redundancy", None), ("latency_ms", "p99"), ("bytes_per_delivery", None)):
            values = sorted(s[key][part] if part else s[key] for s in singles)
            for have, want in ((flood, values[1]), (flood["largest"], values[2])):
                self.assertEqual(have[key][part] if part else have[key], want, key)
        for name, ratio in flood["ratio"].items():
            for value in ratio.values():
                self.assertIn(value, (1, None), name)
        self.assertLessEqual(tree["ratio"]["redundancy"]["worst"], 1.05)
        self.assertEqual((tree["largest"]["missed"], flood["largest"]["missed"]), (0, 0))
        done = self.sim(*flags, "--runs", 3, "--compare", "relay=flood,tree", "--quiet")
        self.assertIn("tree / flood", done.stdout)
        self.assertRegex(done.stdout.splitlines()[0], r"flood\s+largest\s+tree\s+largest")

    def test_only_what_exists_is_offered(self):
        self.refused(("tree", "flood"), "--compare", "relay=flood,vine")
        self.refused(("top-half",), "--compare", "overlay=star")
        self.refused(("--compare",), "--compare", "overlay=uniform,uniform")
        self.refused(("--compare",), "--compare", "shape=round")


class Presets(Sim):
    def judged(self, *args):
        """A preset that has bars: the exit code is theirs."""
        done = self.sim("--json", "--quiet", *args)
        f = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(set(f["bars"]), set(f["met"]))
        self.assertLessEqual(set(f["bars"]), set(f))
        self.assertEqual(f["all_met"], all(f["met"].values()))
        self.assertEqual((done.returncode, done.stderr), (0 if f["all_met"] else 1, ""))
        return f

    def test_glomers_stands_beside_its_bars(self):
        f = self.judged("--preset", "glomers", "--relay", "flood")
        self.assertEqual(f["bars"], {"messages_per_operation": 30, "median_ms": 400,
                                     "max_ms": 600, "lost_when_cut": 0})
        self.assertEqual(f["settings"]["relay"], "flood")
        self.assertEqual((f["figures"]["peers"], f["figures"]["published"]), (25, 2000))
        self.assertGreaterEqual(f["median_ms"], 100)
        self.assertLessEqual(f["median_ms"], f["max_ms"])
        # Flooding is fast, and sends a copy over every link.
        self.assertEqual(f["met"], {"messages_per_operation": False, "median_ms": True,
                                    "max_ms": True, "lost_when_cut": True})
        self.assertEqual(f["lost_when_cut"], f["cut_figures"]["missed"])
        self.assertGreater(f["cut_figures"]["latency_ms"]["max"], 9000)
        done = self.sim("--preset", "glomers", "--quiet")
        self.assertEqual(len(re.findall(r"\bmet$", done.stdout, re.M)), 4)
        self.assertRegex(done.stdout, r"settings: relay tree, m = \d")

    def test_partition_counts_what_was_missed(self):
        f = self.judged("--preset", "partition", "--peers", 20, "--for", "60s")
        self.assertEqual((f["peers"], f["cut_s"], f["figures"]["published"]), (20, 60, 100 + 1200))
        pairs = sum(half["missing_deliveries"] for half in f["halves"])
        for half in f["halves"]:
            self.assertEqual(half["peers"], 10)
            self.assertGreaterEqual(half["missing_messages"], 600)
            self.assertGreaterEqual(half["missing_deliveries"], 600 * 10)
        self.assertEqual(f["missing_bytes"], 1024 * pairs)
        self.assertEqual(f["repair_bytes"], sum(kind["bytes"] for name, kind in
                                                f["after_heal"].items() if name != "rest"))
        self.assertEqual(f["lacking"] == 0, f["last_delivery_s"] is not None)
        self.assertTrue(0 < f["first_link_s"] < 60)
        self.assertLessEqual(f["lacking"], pairs)
        done = self.sim("--preset", "partition", "--peers", 6, "--for", "5s", "--quiet")
        self.assertEqual(len(re.findall(r"\bmet$", done.stdout, re.M)), 3)

    def test_steady_repairs_next_to_nothing(self):
        f = self.judged("--preset", "steady", "--peers", 12, "--for", "30s")
        self.assertEqual(f["figures"]["published"], 100 + 3000)
        self.assertEqual(f["payload_bytes"], 3000 * 11 * 1024)
        self.assertEqual(set(f["sent"]), KINDS)
        self.assertGreater(f["sent"]["payload"]["bytes"], f["payload_bytes"])
        self.assertAlmostEqual(f["repair_share"] * f["payload_bytes"],
                               f["sent"]["repair"]["bytes"] + f["sent"]["pulled"]["bytes"], -3)
        self.assertTrue(f["all_met"])

    def test_slow_tells_who_is_dead(self):
        f = self.judged("--preset", "slow", "--for", "2s")
        self.assertEqual((f["peers"], f["load_s"], len(f["pairs"])), (9, 2, 3))
        for case in ("stopped", "links", "reader"):
            ratios = sorted(pair[case]["p99_ms"] / pair["without"]["p99_ms"]
                            for pair in f["pairs"])
            self.assertAlmostEqual(f[f"{case}_p99_ratio"], ratios[1], 3)
            self.assertAlmostEqual(f[f"{case}_queue_kib"] * 1024,
                                   max(pair[case]["queued_most"] for pair in f["pairs"]), -1)
        deaths = {case: [pair[case]["deaths"] for pair in f["pairs"]]
                  for case in ("stopped", "links", "reader")}
        self.assertEqual(deaths["stopped"], [1, 1, 1])
        self.assertEqual(f["stopped_not_dead"], 0)
        self.assertEqual(f["links_dead"], sum(deaths["links"]))
        self.assertEqual(f["reader_dead"], sum(deaths["reader"]))

    def test_lifeguard_grid(self):
        f = self.judged("--preset", "lifeguard", "--peers", 12, "--for", "60s", "--runs", 2)
        rows = f["grid"]
        self.assertEqual(len(rows), 4 * 18)
        self.assertEqual({row["weather"] for row in rows}, {"calm", "far", "resets", "both"})
        for row in rows:
            self.assertLessEqual(row["false_at_healthy"], row["false_at_all"])
            self.assertLessEqual(row["detected"], row["struck"])
            self.assertEqual(row["resets_percent"] > 0, row["weather"] in ("resets", "both"))
            self.assertTrue(1 <= row["count"] <= 3, row)
        self.assertTrue(any(row["detected"] for row in rows if row["lasts_s"] == 64))
        # Twice in calm and far networks, once where connections break; and the deaths.
        self.assertGreater(f["node_hours"], 12 * (2 * 36 + 36) / 60)
        self.assertEqual((f["peers"], f["runs"], f["for_s"]), (12, 2, 60))
        self.assertEqual(f["false_certificates"], sum(row["false_certificates"] for row in rows))
        for name in ("false_certificates", "short_certified", "not_certified"):
            self.assertEqual((f["bars"][name], f["met"][name]), (0, True), name)
        for name in ("first_report_max_s", "certified_after_report_s", "killed_certified_s",
                     "half_killed_certified_s", "half_silent_certified_s"):
            self.assertTrue(0 < f[name] <= f["bars"][name], (name, f[name]))
        self.assertTrue(29 < f["first_report_mean_s"] < 32, f["first_report_mean_s"])

    def test_survive_loses_half_its_hubs_and_nearly_all(self):
        f = self.judged("--preset", "survive", "--peers", 300)
        self.assertEqual((f["peers"], f["hubs_survivors"], f["crash_survivors"]), (300, 240, 7))
        self.assertEqual(f["bars"], {"grown_p": 0.1, "grown_degree_min": 4, "replaced_p": 0.1,
                                     "replaced_degree_min": 4, "hubs_largest_percent": 90,
                                     "hubs_whole_s": 60, "crash_whole_s": 120})
        for name in ("grown_degree_min", "replaced_degree_min", "hubs_largest_percent",
                     "hubs_whole_s", "crash_whole_s"):
            self.assertTrue(f["met"][name], (name, f[name]))
        self.assertEqual(f["grown_figures"]["fit"]["p"], f["grown_p"])
        self.assertEqual(f["replaced_figures"]["fit"]["p"], f["replaced_p"])
        self.assertEqual(f["hubs_figures"]["components"], 1)
        self.assertEqual(f["crash_figures"]["components"], 1)

    def test_liars_kill_nobody(self):
        f = self.judged("--preset", "liars", "--runs", 12, "--rng", 5)
        self.assertEqual(f["bars"], {"false_certificates": 0, "honest_muted": 0})
        self.assertTrue(f["all_met"])
        self.assertEqual((f["runs"], f["liars"], f["first_rng"]), (12, f["liars_muted"], 0))
        self.assertTrue(0 < f["recluses"] < 12 and f["lying_seeds"] > 0 and f["players"] > 0, f)
        self.assertGreater(f["lies"], 1000 * 12)
        self.assertGreater(f["certified"], 0)
        self.assertEqual(self.judged("--preset", "liars", "--runs", 12, "--rng", 5), f)

    def test_mission(self):
        f = self.figures("--preset", "mission")
        self.assertEqual((f["seeds"], f["peers"], f["components"]), (3, 5, 1))
        self.assertEqual((f["published"], f["missed"], f["false_deaths"]), (50, 0, 0))
        self.assertTrue(26 < f["detection_s"]["max"] < 60, f["detection_s"])


class Refuses(Sim):
    def test_nonsense(self):
        for words, *args in (
                (("--peers", "-3"), "--peers", "-3"),
                (("--peers", "0"), "--peers", "0"),
                (("1000000",), "--peers", "1000001"),
                (("--seeds",), "--seeds", "0"),
                (("--seeds", "32"), "--seeds", "33"),
                (("--messages",), "--messages", "many"),
                (("--rate",), "--rate", "0"),
                (("--crash", "30%"), "--crash", "0%"),
                (("--crash",), "--crash", "101%"),
                (("--crash",), "--crash", "30"),
                (("more peers",), "--peers", "10", "--kill", "11"),
                (("--latency",), "--latency", "20ms..1ms"),
                (("--tail",), "--tail", "1%"),
                (("--capacity",), "--capacity", "3"),
                (("--payload",), "--payload", "17MiB"),
                (("--overlay", "uniform"), "--overlay", "star"),
                (("--relay", "flood", "tree"), "--relay", "vine"),
                (("--after", "--crash"), "--after", "3s"),
                (("--first-after", "--crash"), "--first-after"),
                (("--freeze", "30%"), "--freeze", "0%"),
                (("--freeze-hubs", "30%"), "--freeze-hubs", "3"),
                (("more peers",), "--freeze", "60%", "--freeze-hubs", "50%"),
                (("--warm-up",), "--warm-up", "-1"),
                (("--runs", "--compare"), "--runs", "3"),
                (("--runs", "--preset"), "--preset", "steady", "--runs", "3"),
                (("--runs", "100"), "--compare", "relay=flood,tree", "--runs", "101"),
                (("--rng",), "--compare", "relay=flood,tree", "--runs", "2", "--rng",
                 "18446744073709551615"),
                (("--for", "--join-over"), "--for", "1s", "--join-over", "5s"),
                (("--preset", "lifeguard"), "--preset", "earth"),
                (("no such flag",), "--fault", "locusts"),
                (("foo",), "foo")):
            self.refused(words, *args)

    def test_contradictions(self):
        self.refused(("--peers", "--preset"), "--preset", "glomers", "--peers", "5")
        self.refused(("--links", "--preset"), "--preset", "partition", "--links", "5")
        self.refused(("--overlay", "--compare"), "--overlay", "uniform", "--compare",
                     "overlay=uniform,preferential")
        self.refused(("--report", "--compare"), "--report", "r", "--compare", "relay=flood")
        self.refused(("file of its own",), "--report", "x", "--dump-edges", "x")
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_files_that_cannot_be_written(self):
        for flag in ("--report", "--dump-degrees", "--dump-edges"):
            self.refused((flag, "/nowhere/x", "No such file"), flag, "/nowhere/x")

    def test_a_million_peers_in_one_gib(self):
        started = time.monotonic()
        self.refused(("1000000", "GiB", "1.0 GiB", "--memory-max"), "--peers", 1000000,
                     "--memory-max", "1GiB")
        self.assertLess(time.monotonic() - started, 5)

    def test_memory_that_runs_out_is_an_error(self):
        # What is estimated fits; the messages' bookkeeping does not.
        done = self.sim("--peers", 20, "--messages", 1000000, "--memory-max", "6MiB", "--quiet")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--memory-max", done.stderr)
        self.assertEqual(done.stdout, "")


class Stops(Sim):
    def interrupted(self, signum):
        process = subprocess.Popen([BINARY, "sim", "--json", "--peers", "30", "--for", "8000h"],
                                   cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        time.sleep(1)
        process.send_signal(signum)
        out, err = process.communicate(timeout=SECONDS_MAX)
        self.assertEqual(process.returncode, 128 + signum, err)
        self.assertIn("stopped early", err)
        return json.loads(out.splitlines()[-1])

    def test_ctrl_c_tells_what_is_known(self):
        f = self.interrupted(signal.SIGINT)
        self.assertEqual((f["joined"], f["published"]), (30, 10))
        self.assertGreater(f["virtual_s"], 100)

    def test_sigterm_too(self):
        self.interrupted(signal.SIGTERM)

    def test_for_ends_it(self):
        done = self.sim("--peers", 20, "--for", "3s", "--json", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--for", done.stderr)
        self.assertEqual(json.loads(done.stdout)["virtual_s"], 3)

    def test_a_full_disk_is_told(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        done = self.sim("--peers", 20, "--dump-edges", "/dev/full", "--quiet")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("/dev/full", done.stderr)


if __name__ == "__main__":
    unittest.main()
