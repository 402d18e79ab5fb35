"""docs/scenarios.md and the parser of scenarios say the same. The grammar is
read from the tables of the page; the parser is asked, at every place of every
pattern, what may come there. (It answers a word that nobody knows with the list
of those that would have been right.)"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster import BINARY  # noqa: E402

PAGE = ROOT / "docs" / "scenarios.md"
CLUSTER = "cluster 3 seeds 12 peers\n"
SECONDS_MAX = 60

# What the page writes for a value: what the parser calls it, and an example.
VALUES = {
    "W": ("nodes (peer 3, 3, peer 1..5, peers, seed 1, seeds, hub, top 5%, 30% of peers)", "1"),
    "V": ("other nodes, or * for everybody else", "*"),
    "N": ("a number", "2"),
    "D": ("a time (500ms, 20s, 2m, 1h)", "2s"),
    "A..B": ("a span of time (20s..45s)", "1s..5s"),
    "P%": ("a share (2.5%)", "5%"),
    "JUMP": ("a jump (+3650d, -1h)", "-1h"),
    "KEY": ("a word", "seq"),
    "STATE": ("alive, dead, left, absent or gone", "gone"),
    "PHASE": ("waiting, none, starting, joining, joined, serving or leaving", "joined"),
    "EVENT": ("the name of a log event", "strike"),
    "COUNTER": ("the name of a counter", "repaired"),
    "RULE": ("preferential, top-half or uniform", "uniform"),
    "INVARIANT": ("the name of an invariant (B1..B7, R1..R8, O1..O4, S1..S4, D1..D3, Q1)", "R5"),
}
VALUES["T"], VALUES["VALUE"] = VALUES["D"], VALUES["KEY"]
# Words that the page explains beside their pattern, not in one.
SETS = ("STATE", "PHASE", "RULE")
END = "the end of the line"
# What must have happened before an action can be.
BEFORE = {"thaw": "at 0s freeze 1", "start": "at 0s kill 1", "harm": "at 0s kill 1",
          "heal": "at 0s cut 1 <-> *"}


def chapter(name):
    return re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)[1]


def patterns(name):
    """Those in the first columns of the chapter's tables, as lists of words."""
    rows = re.findall(r"^\| (`.+?) \|(?= |$)", chapter(name).replace("\\|", "\0"), re.M)
    rows = [row.split(" | ")[0] for row in rows]
    return [quoted.replace("\0", "|").split() for row in rows
            for quoted in re.findall(r"`([^`]+)`", row)]


def example(words):
    return " ".join(VALUES[word][1] if word in VALUES else word for word in words)


def named(word):
    return VALUES[word][0] if word in VALUES else word


class Notation(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-scn-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def run_all(self, texts):
        """What is said of each."""
        for number, text in enumerate(texts):
            (self.dir / f"{number}.scn").write_text(text)
        said, names = [], [f"{number}.scn" for number in range(len(texts))]
        done = subprocess.run([BINARY, "sim", "--quiet", *names], cwd=self.dir, text=True,
                              capture_output=True, timeout=SECONDS_MAX, check=False)
        errors = dict(re.match(r"hearsay: (\d+)\.scn:(.*)", line).groups()
                      for line in done.stderr.splitlines())
        for number in range(len(texts)):
            said.append(errors.get(str(number), ""))
        return said

    def expected(self, said):
        """The set of a complaint, values by the parser's names for them."""
        rest = said.partition("expected ")[2]
        found = set()
        for text in sorted({text for text, _ in VALUES.values()} | {END}, key=len, reverse=True):
            if text in rest:
                found.add(text)
                rest = rest.replace(text, "")
        return found | {word for word in re.split(r", | or |\s", rest) if word.strip(",")}

    def same_grammar(self, all_patterns, start, before):
        """At each place of each pattern, the parser takes what the page has."""
        heads = {tuple(words[:i]) for words in all_patterns for i in range(len(words) + 1)}
        heads = sorted(head for head in heads if "WEATHER" not in head)
        texts = []
        for head in heads:
            first = before.get(head[0], "") if head else ""
            # Where any word will do, only the end of the line will not.
            wrong = "" if head and head[-1] in ("with", "KEY") else "nonsense"
            texts.append(f"{CLUSTER}{first}\n{start} {example(head)} {wrong}\nrun 90s\n")
        for head, said in zip(heads, self.run_all(texts)):
            want = {named(words[len(head)]) if len(words) > len(head) else END
                    for words in all_patterns if tuple(words[:len(head)]) == head}
            if "WEATHER" in want:  # One more, or none.
                want = {words[1] for words in all_patterns if words[0] == "weather"}
            if head and head[-1] == "alive":
                want.add(END)  # It is a STATE, too.
            self.assertEqual(self.expected(said), want, (head, said))

    def accepted(self, statements):
        texts = [f"{CLUSTER}{text}\nrun 90s\n" for text in statements]
        # A slip at the end of one more keeps all of them from running.
        for text, said in zip(texts, self.run_all([*texts, "no scenario\n"])):
            self.assertEqual(said, "", text)

    def test_statements(self):
        page = PAGE.read_text()
        page = page[:page.index("## What is refused")]
        words = {quoted.split()[0] for quoted in re.findall(r"`([a-z]+ [^`]*)`", page)}
        said, = self.run_all(["cluster 1 seeds 1 peers\nnonsense\n"])
        self.assertLessEqual(self.expected(said), words)
        claims = {words[0] for words in patterns("Claims")}
        self.assertEqual(self.expected(said) - claims, {"cluster", "with", "arm", "disarm", "at"})
        self.accepted(["until 1s..5s joined all", "expect 1s..5s joined all",
                       "hold 1s..5s joined all", "never joined all", "end joined all", "run 5s",
                       "arm R5 O1", "disarm S4", "with links 3", "at 1s kill 1"])

    def test_options(self):
        options = patterns("The cluster")
        self.assertGreaterEqual(len(options), 21)
        heads = {tuple(words[:i]) for words in options for i in range(len(words))}
        heads = sorted(heads)
        for head, said in zip(heads, self.run_all(
                [f"{CLUSTER}with {example(head)} nonsense\n" for head in heads])):
            want = {named(words[len(head)]) for words in options
                    if tuple(words[:len(head)]) == head}
            self.assertEqual(self.expected(said), want, (head, said))
        self.accepted("with " + example(words).replace("max 2", "max 64") for words in options)
        rows = re.findall(r"^\| `[^|]* \| [^|]* \| `([^|]*)` \|", chapter("The cluster"), re.M)
        self.assertGreaterEqual(len(rows), 18)
        self.accepted("with " + row.replace("`, `", "\nwith ") for row in rows)

    def test_actions(self):
        actions = patterns("Actions")
        weather = [words for words in actions if words[0] == "weather"]
        self.assertEqual(weather, [["weather", "WEATHER..."]])
        actions = [words for words in actions if words[0] != "weather"]
        kinds = [quoted.split() for quoted in
                 re.findall(r"`([^`]+)`", re.search(r"WEATHER is (.*)", chapter("Actions"))[1])]
        self.assertEqual(len(kinds), 4)
        self.same_grammar([*actions, *(["weather", *words, "WEATHER"] for words in kinds)],
                          "at 1s", BEFORE)
        rows = re.findall(r"`(at \d+s [^`]+)`", chapter("Actions"))
        self.assertGreaterEqual(len(rows), 18)
        for row in rows:
            verb = row.split()[2]
            first = BEFORE.get(verb, "") if verb != "start" else "at 0s kill peer 3"
            first = "at 0s kill peer 3" if verb == "harm" else first
            nodes = CLUSTER.replace("12", "110")
            said, _ = self.run_all([f"{nodes}{first}\n{row}\nrun 99s\n", "no scenario\n"])
            self.assertEqual(said, "", row)

    def test_conditions(self):
        conditions = patterns("Conditions")
        self.assertGreaterEqual(len(conditions), 30)
        calm, rest = [["calm"]], [words for words in conditions if words != ["calm"]]
        self.assertEqual(len(rest), len(conditions) - 1)
        self.same_grammar([*rest, *calm], "end", {})
        self.accepted("end " + example(words) for words in conditions)

    def test_words_that_are_explained_beside_a_pattern(self):
        page = PAGE.read_text()
        for name in SETS:
            for word in re.split(", | or ", VALUES[name][0]):
                self.assertIn(f"`{word}`", page, name)

    def test_nodes(self):
        nodes = [words for words in patterns("Nodes") if words != ["*"]]
        self.assertGreaterEqual(len(nodes), 13)
        self.accepted("end joined " + " ".join(words).replace("W and W", "seed 1 and peer 1..4")
                      for words in nodes)

    def test_the_text_of_the_first_one_passes_as_it_stands(self):
        text, = re.findall(r"^```\n(# .*?)^```", chapter("A first one"), re.M | re.S)
        self.assertIn("cut 2 <-> *", text)
        (self.dir / "first.scn").write_text(text)
        done = subprocess.run([BINARY, "sim", "first.scn"], cwd=self.dir, capture_output=True,
                              text=True, timeout=SECONDS_MAX, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        known = (ROOT / "tests" / "scenario" / "worked_cut_off.scn").read_text()
        self.assertEqual(re.sub("^#.*\n", "", known, flags=re.M),
                         re.sub("^#.*\n", "", text, flags=re.M))

    def test_the_library_is_the_folder(self):
        done = subprocess.run([ROOT / "tests" / "scenario" / "index.py", "--check"],
                              capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
