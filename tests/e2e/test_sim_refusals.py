"""What a user can get wrong with `hearsay sim`: flags, files, scenarios, and
memory that is not there. Each is told in one line that says what, where and
what would be right, before anything runs; nothing crashes."""
import json
import pathlib
import resource
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
CLUSTER = "cluster 2 seeds 4 peers\n"


class Sim(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-sim-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def sim(self, *args, memory_kib=None):
        def bound():
            resource.setrlimit(resource.RLIMIT_AS, (memory_kib << 10, memory_kib << 10))
        return subprocess.run([BINARY, "sim", *map(str, args)], cwd=self.dir, capture_output=True,
                              text=True, timeout=SECONDS_MAX, check=False,
                              preexec_fn=bound if memory_kib else None)

    def refused(self, words, *args):
        done = self.sim(*args)
        self.assertEqual((done.returncode, done.stdout), (2, ""), (args, done.stderr))
        self.assertEqual(len(done.stderr.splitlines()), 1, (args, done.stderr))
        for word in words.split("|"):
            self.assertIn(word, done.stderr, args)

    def scenario_refused(self, text, where, words):
        """@where: LINE:COLUMN of the complaint."""
        path = self.dir / "x.scn"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.refused(f"x.scn:{where}: |{words}", "x.scn")

    def write(self, name, text):
        (self.dir / name).write_text(text)
        return name


class Flags(Sim):
    def test_no_number(self):
        for value in ("", " 5", "+5", "-5", "5.0", "1e3", "0x10", "5 ", "five", "\u0665",
                      "99999999999999999999999999"):
            self.refused("--peers|from 1 to 1000000", f"--peers={value}")
            self.refused("--runs|from 1 to 1000000", "--swarm", f"--runs={value}")
            self.refused("--rng|whole number", "x.scn", f"--rng={value}")

    def test_values_out_of_range(self):
        for words, flag in (
                ("from 1 to 32", "--seeds=33"), ("from 0 to 1000000", "--messages=1000001"),
                ("from 1 to 64", "--links=65"), ("0.001 to 1000000", "--rate=0.0001"),
                ("0.001 to 1000000", "--rate=1000001"), ("8 to 16MiB", "--payload=7"),
                ("8 to 16MiB", "--payload=17MiB"), ("1KiB to 4095MiB", "--capacity=4GiB"),
                ("1MiB to 1024GiB", "--memory-max=1KiB"), ("1MiB to 1024GiB", "--memory-max=2048GiB"),
                ("1MiB to 1024GiB", "--memory-max=-1GiB"), ("from 10ms to 1h", "--ping-interval=9ms"),
                ("from 1s to", "--for=0"), ("no duration", "--for=5"), ("no duration", "--after=1d"),
                ("no delay", "--latency=1ms.."), ("no delay", "--latency=2m"),
                ("no delay", "--latency=1ms..2ms..3ms"), ("share and a time", "--tail=0%,1s"),
                ("share and a time", "--tail=1%,2m"), ("share and a time", "--tail=101%,1s"),
                ("as in 30%", "--crash=100.1%"), ("as in 30%", "--hubs=-1%"),
                ("from 1 to", "--kill=0"), ("from 1 to", "--freeze=-1"),
                ("from 0 to", "--hash-salt=-1"), ("from 0 to", "--rng=18446744073709551616")):
            self.refused(f"{flag.split('=')[0]}: |{words}", flag)

    def test_what_is_missing_or_too_much(self):
        self.refused("--peers: a value is missing: --peers N", "--peers")
        self.refused("--json takes no value", "--json=yes")
        self.refused("-p: there is no such flag|hearsay sim --help", "-p")
        self.refused("--faults: there is no such flag", "--faults", "locusts")
        self.refused("`tests`|files named *.scn", "tests")
        self.refused("`five`|sim --swarm takes flags only", "--swarm", "five")

    def test_a_flag_of_another_use_is_told_so(self):
        self.write("a.scn", CLUSTER + "run 1s\n")
        self.refused("--minimise: it is a flag of `hearsay sim --swarm`", "--minimise")
        self.refused("--trace: it is a flag of", "--json", "--trace")
        self.refused("--report: it is a flag of `hearsay sim`, not of `hearsay sim --swarm`",
                     "--swarm", "--report=x")
        self.refused("--preset: it is a flag of `hearsay sim`", "--swarm", "--preset", "glomers")
        self.refused("--swarm: it is a flag of|not of `hearsay sim FILE.scn`", "--swarm", "a.scn")
        self.refused("--peers: it is a flag of `hearsay sim`", "a.scn", "--peers", "5")

    def test_a_value_twice(self):
        self.write("a.scn", CLUSTER + "run 1s\n")
        self.refused("--peers: given twice", "--peers=5", "--peers=6")
        self.refused("--preset: given twice", "--preset=glomers", "--preset=mission")
        self.refused("--compare: given twice", "--compare=relay=flood",
                     "--compare=overlay=uniform")
        self.refused("--runs: given twice", "--swarm", "--runs=5", "--runs=5")
        self.refused("--rng: given twice", "a.scn", "--rng=5", "--rng=6")
        self.assertEqual(self.sim("--quiet", "--peers=5", "--messages=1", "--quiet").returncode, 0)

    def test_contradictions(self):
        for words, *flags in (
                ("--preset mission|leave", "--preset=mission", "--crash=3%"),
                ("--preset mission|leave", "--preset=mission", "--compare=relay=flood"),
                ("--preset mission|leave", "--preset=mission", "--report=r"),
                ("more peers than there are", "--peers=5", "--kill=3", "--freeze=3"),
                ("more peers than there are", "--peers=5", "--crash=60%", "--hubs=60%"),
                ("--relay|--compare", "--relay=flood", "--compare=relay=flood"),
                ("--compare|top-half", "--compare=overlay="),
                ("--compare|top-half", "--compare=overlay=uniform,"),
                ("--compare|relay=HOW", "--compare="),
                ("--only and --without", "--swarm", "--only=crash", "--without=cut"),
                ("--json and --digest", "--swarm", "--json", "--digest"),
                ("--digest|--minimise", "--swarm", "--digest", "--minimise"),
                ("--rng|2^64", "--swarm", "--rng=0xffffffffffffffff", "--runs=9")):
            self.refused(words, *flags)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_nothing_to_make_small_is_no_failure(self):
        done = self.sim("--swarm", "--runs=1", "--minimise", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("made small", done.stdout)


class Outputs(Sim):
    def test_that_cannot_be_written(self):
        (self.dir / "file").write_text("x")
        for words, path in (("Is a directory", "."), ("No such file", "no/such"),
                            ("Not a directory", "file/x"), ("No such file", "")):
            for flag in ("--report", "--dump-degrees", "--dump-edges"):
                self.refused(f"{flag}: |{words}|choose another", f"{flag}={path}")

    def test_one_file_under_two_names(self):
        (self.dir / "one").write_text("old\n")
        (self.dir / "two").symlink_to("one")
        for other in ("./one", "two", self.dir / "one"):
            self.refused("file of its own", "--dump-edges=one", f"--report={other}")
        self.assertEqual((self.dir / "one").read_text(), "old\n")

    def test_are_replaced_as_a_whole_and_only_by_a_run(self):
        (self.dir / "d").write_text("old\n" * 1000)
        self.refused("--dump-edges", "--dump-degrees=d", "--dump-edges=no/such")
        self.assertEqual(len((self.dir / "d").read_text()), 4000)
        done = self.sim("--peers=9", "--messages=1", "--dump-degrees=d", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len((self.dir / "d").read_text().splitlines()), 9)

    def test_are_not_left_empty_by_a_run_that_fails(self):
        done = self.sim("--peers=20", "--messages=1000000", "--memory-max=6MiB", "--quiet",
                        "--dump-edges=e", "--report=r")
        self.assertEqual(done.returncode, 1)
        self.refused("--report", "--dump-degrees=d", "--report=no/such")
        self.assertEqual(list(self.dir.iterdir()), [])


class Memory(Sim):
    def test_too_many_peers_for_what_is_allowed(self):
        big = self.write("big.scn", "cluster 3 seeds 1000000 peers no checks\nrun 1s\n")
        words = "1000000 peers need about|1.0 GiB are allowed|--memory-max"
        started = time.monotonic()
        self.refused("--peers: " + words, "--peers=1000000", "--memory-max=1GiB")
        self.refused("big.scn: " + words, big, "--memory-max=1GiB")
        self.assertLess(time.monotonic() - started, 5)

    def test_that_runs_out_on_the_way_is_an_error(self):
        """The system itself gives no more, at several points."""
        text = self.write("many.scn", "cluster 3 seeds 2000 peers no checks\nrun 9s\n")
        for memory_kib in (40000, 44000, 50000):
            for args in (("--peers=5000", "--messages=1", "--quiet"), (text, "--quiet")):
                done = self.sim(*args, memory_kib=memory_kib)
                self.assertEqual((done.returncode, done.stdout), (1, ""), (memory_kib, done.stderr))
                self.assertRegex(done.stderr, "^hearsay: .* is out of memory: .*fewer peers")

    def test_that_is_bounded_for_scenarios_too(self):
        text = self.write("x.scn", "cluster 1 seeds 2 peers gossip 1ms count unlimited\nrun 10m\n")
        done = self.sim(text, "--memory-max=5MiB", "--quiet")
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("x.scn needs more than the 5.0 MiB", done.stderr)


class Files(Sim):
    def test_that_are_no_scenario(self):
        (self.dir / "dir.scn").mkdir()
        self.refused("none.scn: No such file", "none.scn")
        self.refused("dir.scn: Is a directory", "dir.scn")
        (self.dir / "huge.scn").write_bytes(b"#" * (1 << 20) + b"\n")
        self.refused("huge.scn: larger than 1 MiB", "huge.scn")
        for text, where, words in (
                (b"", "1:1", "no cluster statement"), (b"\n\n# nothing\n", "3:1", "no cluster"),
                (b"\x7fELF\x00\x01", "1:1", "byte of value 0"),
                (CLUSTER.encode() + b"ru\x00n 5s\n", "2:1", "byte of value 0"),
                (b"\xef\xbb\xbf" + CLUSTER.encode(), "1:1", "no printable ASCII"),
                (CLUSTER.encode() + b"run 5\xb5s\n", "2:6", "no printable ASCII"),
                (CLUSTER.encode() + b"#" + b"x" * 600, "2:513", "at most 512 bytes"),
                (CLUSTER.encode() + b"run " + b"1" * 80, "2:5", "at most 63 bytes"),
                (CLUSTER.encode() + b"run " + b"1 " * 80, "2:99", "at most 48")):
            self.scenario_refused(text, where, words)

    def test_that_look_odd_and_are_fine(self):
        for text in (CLUSTER + "run 1s", CLUSTER.replace("\n", "\r\n") + "run 1s\r\n",
                     "\t # caf\u00e9\n\n" + CLUSTER + "\trun\t1s # so\n"):
            self.write("x.scn", text)
            done = self.sim("x.scn")
            self.assertEqual((done.returncode, done.stderr), (0, ""), text)

    def test_one_slip_in_the_last_costs_no_run_of_the_first(self):
        self.write("a.scn", CLUSTER + "run 1s\n")
        self.write("b.scn", CLUSTER + "ran 1s\n")
        self.refused('b.scn:2:1: "ran"', "a.scn", "b.scn")


class Scenarios(Sim):
    def test_clusters(self):
        for text, where, words in (
                ("cluster", "1:8", "expected a number"),
                ("cluster 0 seeds 1 peers", "1:9", "1 to 32 seeds"),
                ("cluster 33 seeds 1 peers", "1:9", "1 to 32 seeds"),
                ("cluster 3 seeds -1 peers", "1:17", "a number"),
                ("cluster 3 seeds 9999999999999999999999 peers", "1:17", "a number"),
                ("cluster 3 seeds 1000001 peers", "1:17", "at most 1000000"),
                ("cluster 3 peers 3 seeds", "1:11", "expected seeds"),
                ("run 1s\n" + CLUSTER, "1:1", "must be cluster"),
                (CLUSTER + CLUSTER, "2:1", "a cluster already"),
                (CLUSTER + "with rng 1 rng 2", "2:12", "given before"),
                (CLUSTER + "with links 0", "2:12", "1 to 64"),
                (CLUSTER + "with ping 1ms", "2:11", "10ms to a year"),
                (CLUSTER + "with latency 9ms..1ms", "2:14", "goes back"),
                (CLUSTER + "with locusts", "2:6", "expected rng"),
                (CLUSTER, "1:1", "nothing is claimed")):
            self.scenario_refused(text, where, words)

    def test_statements(self):
        for line, column, words in (
                ("wait 5s", 1, "expected at, until"), ("run", 4, "a time"), ("run 5", 5, "a time"),
                ("run 999999999h", 5, "a time"), ("run 5s 6s", 8, "nothing may follow"),
                ("at 1s", 6, "expected kill"), ("at 1s smite 1", 7, "expected kill"),
                ("at 1s kill 5", 12, "no such peer"), ("at 1s kill seed 3", 17, "no such seed"),
                ("at 1s kill peer 0", 17, "no such peer"), ("at 1s kill 3..2", 12, "go back"),
                ("at 1s start 1", 13, "peer 1 runs"), ("at 1s thaw 1", 12, "not frozen"),
                ("at 1s harm 1 lose", 12, "runs then"), ("at 1s heal 1", 7, "nothing is cut"),
                ("at 1s cut 1 <-> 1", 11, "both sides"), ("at 1s publish seed 1", 15, "seed"),
                ("at 95s kill 1", 4, "when all is over"), ("expect 9s..2s joined all", 8, "goes back"),
                ("until 0s..0s joined all", 7, "before anything"), ("until 5s", 9, "overlay"),
                ("never", 6, "overlay"), ("end joined", 11, "all"), ("end registered 1 with 3", 5, "seeds"),
                ("never event deadreport", 13, "log event"), ("never broken X1", 14, "B1..B7"),
                ("disarm X9", 8, "B1..B7"), ("disarm", 7, "B1..B7"), ("arm R5 R5", 8, "before"),
                ("until 1s..9s calm", 1, "at the end only"),
                ("end overlay holds 0% together", 5, "a share of nothing"),
                ("end delivered 0% since 1s", 5, "a share of nothing"),
                ("at 1s reset 1 0%", 7, "no connection breaks"),
                ("at 1s publish 1 every 1s for 0s", 30, "over before it begins"),
                ("end state of 1 is stopped", 19, "waiting, none")):
            self.scenario_refused(f"{CLUSTER}{line}\nrun 90s\n", f"2:{column}", words)

    def test_what_one_line_says_against_another(self):
        for lines, where, words in (
                ("at 9s kill 1\nat 8s kill 2", "3:4", "order of their times"),
                ("at 1s kill 1\nat 2s kill 1", "3:12", "does not run"),
                ("at 1s freeze 1\nat 2s start 1", "3:13", "runs then"),
                ("at 1s kill 1\nat 2s join 1 over 1s", "3:12", "named before"),
                ("arm R5\ndisarm R5", "3:8", "said of it before"),
                ("with no checks\nnever broken R5", "3:7", "no checks"),
                ("at 1s cut 1 <-> 2\nat 2s heal 3", "3:12", "nobody has cut that off")):
            self.scenario_refused(f"{CLUSTER}{lines}\nrun 90s\n", where, words)


class Stops(Sim):
    def test_a_scenario_tells_what_is_still_open(self):
        self.write("x.scn", CLUSTER + "until 0s..9s joined all\nend joined all\n"
                   "expect 9000h..9001h event strike\n")
        for signum in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([BINARY, "sim", "x.scn", "--json"], cwd=self.dir, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(1)
            process.send_signal(signum)
            out, err = process.communicate(timeout=SECONDS_MAX)
            self.assertEqual((process.returncode, err), (128 + signum, ""))
            told = json.loads(out)
            self.assertEqual((told["passed"], told["stopped"], told["line"]), (False, True, 0))
            self.assertIn("line 3: end joined all", told["story"])
            self.assertNotIn("line 2", told["story"])

    def test_a_storm_of_messages_can_be_stopped(self):
        """More happens in a virtual second than a minute is enough for."""
        process = subprocess.Popen([BINARY, "sim", "--json", "--quiet", "--peers=60",
                                    "--gossip-count=unlimited", "--gossip-interval=1ms"],
                                   cwd=self.dir, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS_MAX / 2)
        self.assertEqual(process.returncode, 130, err)
        self.assertLess(json.loads(out)["virtual_s"], 10)


if __name__ == "__main__":
    unittest.main()
