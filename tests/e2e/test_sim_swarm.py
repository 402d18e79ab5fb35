"""hearsay sim --swarm from the command line: what it refuses, that the number
of workers changes nothing, and that a signal ends it with what is known."""
import json
import os
import signal
import subprocess
import time
import unittest

HEARSAY = os.environ["HEARSAY"]


def swarm(*flags, timeout=120):
    return subprocess.run([HEARSAY, "sim", "--swarm", *flags], capture_output=True, text=True,
                          timeout=timeout, check=False)


class Swarm(unittest.TestCase):
    def refused(self, words, *flags):
        done = swarm(*flags)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_nonsense_is_refused_before_anything_starts(self):
        self.refused(["--runs", "-5"], "--runs=-5")
        self.refused(["--runs", "from 1 to"], "--runs", "0")
        self.refused(["--jobs", "many"], "--jobs", "many")
        self.refused(["--rng", "0xg"], "--rng", "0xg")
        self.refused(["--peers", "from 3 to 200"], "--peers", "2")
        self.refused(["--seeds", "from 1 to 7"], "--seeds", "8")
        self.refused(["--for"], "--for", "10")
        self.refused(["--runs"], "--runs")
        self.refused(["meteor"], "--runs", "5", "meteor")

    def test_an_unknown_fault_is_answered_with_the_known_ones(self):
        self.refused(["meteor", "crash", "disk-lying", "one-way"], "--without", "crash,meteor")
        self.refused(["``", "crash"], "--only", "crash,")

    def test_flags_that_contradict_each_other_are_refused(self):
        self.refused(["--only", "--without"], "--only", "crash", "--without", "cut")
        self.refused(["--trace", "one run"], "--runs", "2", "--trace")
        self.refused(["--json", "--digest"], "--json", "--digest")

    def test_the_number_of_workers_changes_nothing(self):
        texts = []
        for jobs in ("1", "2", "7"):
            done = swarm("--runs", "12", "--rng", "40", "--jobs", jobs, "--json", "--quiet")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stderr, "")
            texts.append({**json.loads(done.stdout), "wall_s": 0})
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0], texts[2])
        self.assertEqual(texts[0]["done"], 12)
        self.assertEqual(texts[0]["failures"], [])

    def test_digests_do_not_depend_on_the_hash_salt(self):
        plain = swarm("--digest", "--runs", "4", "--rng", "0x10", "--quiet")
        salted = swarm("--digest", "--runs", "4", "--rng", "16", "--quiet", "--hash-salt", "99")
        self.assertEqual(plain.stdout, salted.stdout)
        lines = plain.stdout.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[0], r"^swarm-0x10 [0-9a-f]{16}$")

    def test_tables_of_invariants_and_marks(self):
        done = swarm("--runs", "3", "--quiet")
        self.assertEqual(done.returncode, 0, done.stdout)
        for word in ("Invariant", "B1", "S4", "armed by", "Sometimes", "veto", "3 of 3 runs"):
            self.assertIn(word, done.stdout)

    def test_what_was_looked_at_is_counted(self):
        one = [json.loads(swarm("--rng", str(rng), "--json", "--quiet").stdout)["messages"]
               for rng in (1, 2, 3)]
        both = swarm("--rng", "1", "--runs", "3", "--json", "--quiet", "--jobs", "2")
        counts = json.loads(both.stdout)["messages"]
        self.assertEqual(counts, {name: sum(run[name] for run in one) for name in counts})
        self.assertGreater(counts["published"], 0)
        for name in ("deliveries", "judged"):
            self.assertGreater(counts[name], counts["published"])
        self.assertLessEqual(counts["judged"], counts["pairs"])
        for name in ("lost", "twice", "phantom", "altered", "left_out"):
            self.assertEqual(counts[name], 0)
        lines = swarm("--rng", "1", "--runs", "3", "--quiet").stdout.splitlines()[-4:]
        self.assertEqual(lines[:3], [
            f"{counts['published']} messages, {counts['pairs']} pairs of a message and another peer",
            f"{counts['deliveries']} deliveries checked: 0 never published, 0 twice, 0 altered",
            f"{counts['judged']} pairs judged for loss: 0 lost"])

    def test_trace_tells_of_one_run(self):
        done = swarm("--rng", "3", "--trace", "--quiet")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("  started id=", done.stderr)
        self.assertIn("*** the core is healthy", done.stderr)
        self.assertIn("1 of 1 runs, 0 failed", done.stdout)

    def test_a_signal_ends_it_with_what_is_known(self):
        with subprocess.Popen([HEARSAY, "sim", "--swarm", "--runs", "100000", "--quiet"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130)
        self.assertIn("of 100000 runs", out)
        self.assertIn("stopped after", err)

    def test_help_names_every_class(self):
        done = swarm("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--minimise", "--without", "seeds-apart", "disk-corrupt", "two halves"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
