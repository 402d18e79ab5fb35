"""The installed package as an embedder has it: headers, libraries, pkg-config,
and the examples built from nothing else. ./run installs it and sets
$HEARSAY_PREFIX and $PKG_CONFIG_PATH."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PREFIX = pathlib.Path(os.environ["HEARSAY_PREFIX"])
os.environ["HEARSAY"] = str(PREFIX / "bin" / "hearsay")
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster import Cluster, wait_for  # noqa: E402

WARN = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wpedantic"]
ENGINE = ("base_", "wire_", "crypto_", "core_", "node_")
# A type, a constant and a call of each part of hearsay.h; the same text is C
# and C++. FIELD() because C++ keeps an enum inside the struct it is in.
PROGRAM = r"""
#include <hearsay.h>
#include <hearsay/runtime.h>
#include <string.h>
#ifdef __cplusplus
#define FIELD(name) hearsay_field::HEARSAY_FIELD_##name
#else
#define FIELD(name) HEARSAY_FIELD_##name
#endif
#define CHECK(expr) do { if (!(expr)) { return __LINE__; } } while (0)

static int texts(void)
{
    struct hearsay_addr addr;
    char text[HEARSAY_ADDR_TEXT_LEN];
    CHECK(hearsay_addr_parse(&addr, "[2001:db8::1]:5") == 0);
    hearsay_addr_text(text, &addr);
    CHECK(strcmp(text, "[2001:db8::1]:5") == 0);
    CHECK(hearsay_addr_parse(&addr, "nonsense") == HEARSAY_ERR_MALFORMED);
    CHECK(addr.port == 5);
    CHECK(strlen(hearsay_strerror(HEARSAY_ERR_BUSY)) > 0);
    CHECK(strlen(hearsay_strerror(12345)) > 0);
    return 0;
}

static int life(struct hearsay_node *node)
{
    struct hearsay_now now;
    struct hearsay_event ev;
    struct hearsay_effect fx;
    int started = 0, stopped = 0;
    memset(&ev, 0, sizeof(ev));
    now.mono_ns = 1;
    now.wall_ms = 1795376105517u;
    CHECK(hearsay_deadline(node) == HEARSAY_NEVER);
    ev.kind = HEARSAY_EV_TICK;
    CHECK(hearsay_step(node, &now, &ev) == HEARSAY_ERR_STATE);
    ev.kind = HEARSAY_EV_START;
    CHECK(hearsay_step(node, &now, &ev) == 0);
    ev.kind = HEARSAY_EV_LEAVE;
    CHECK(hearsay_step(node, &now, &ev) == HEARSAY_ERR_BUSY);
    for (int turn = 0; turn < 100 && !stopped; turn++) {
        struct hearsay_event answer;
        memset(&answer, 0, sizeof(answer));
        answer.kind = started ? HEARSAY_EV_LEAVE : HEARSAY_EV_TICK;
        while (hearsay_next_effect(node, &fx)) {
            if (fx.kind == HEARSAY_FX_PERSIST && !fx.persist.more) {
                answer.kind = HEARSAY_EV_PERSISTED;
                answer.persisted.token = fx.persist.token;
                answer.persisted.ok = true;
            } else if (fx.kind == HEARSAY_FX_JOB) {
                hearsay_job_run(fx.job);
                answer.kind = HEARSAY_EV_JOB_DONE;
                answer.job.job = fx.job;
            } else if (fx.kind == HEARSAY_FX_NOTE) {
                CHECK(fx.note->fields[0].kind != FIELD(END));
                started |= strcmp(fx.note->event, "started") == 0;
            } else if (fx.kind == HEARSAY_FX_STOPPED) {
                CHECK(fx.stopped.why == HEARSAY_STOP_LEFT);
                stopped = 1;
            } else if (fx.kind == HEARSAY_FX_SEND) {
                hearsay_buf_unref(fx.send.buf);
            }
        }
        now.mono_ns++;
        CHECK(stopped || hearsay_step(node, &now, &answer) == 0);
    }
    CHECK(started);
    CHECK(stopped);
    CHECK(hearsay_step(node, &now, &ev) == HEARSAY_ERR_STATE);
    return 0;
}

int main(void)
{
    struct hearsay_config config;
    struct hearsay_runtime_config runtime;
    struct hearsay_seed seed;
    struct hearsay_node *node = NULL;
    const char *why = NULL;

    CHECK(texts() == 0);
    hearsay_runtime_config_init(&runtime, HEARSAY_SEED);
    CHECK(runtime.listen_count == 1);
    hearsay_config_init(&config, HEARSAY_PEER);
    CHECK(hearsay_node_create(&node, &config, &why) == HEARSAY_ERR_INVALID);
    CHECK(node == NULL);
    CHECK(why != NULL && strlen(why) > 0);
    memset(&seed, 0, sizeof(seed));
    memcpy(seed.host, "127.0.0.1", 10);
    seed.port = 9;
    config.seeds = &seed;
    config.seeds_count = 1;
    config.addrs[0].port = 9;
    config.addrs_count = 1;
    memset(config.secret, 7, sizeof(config.secret));
    CHECK(hearsay_node_create(&node, &config, &why) == 0);
    int line = life(node);
    hearsay_node_destroy(node);
    return line;
}
"""


def pkg_config(*args):
    return subprocess.run(["pkg-config", *args, "hearsay"], check=True, capture_output=True,
                          text=True).stdout.split()


LIBDIR = pathlib.Path(pkg_config("--variable=libdir")[0]).resolve()
ENV = {**os.environ, "LD_LIBRARY_PATH": str(LIBDIR)}


def static_libs():
    """As pkg-config --static says, but with the archive where both exist."""
    return ["-l:libhearsay.a" if f == "-lhearsay" else f
            for f in pkg_config("--static", "--libs")]


def build(compiler, source, out, flags=(), libs=None):
    """Compiles one file against the package; the program's path."""
    command = [*compiler, *WARN, *pkg_config("--cflags"), *flags, str(source), "-o", str(out),
               *(pkg_config("--libs") if libs is None else libs)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}\n{done.stderr}")
    return out


def output(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True,
                          text=True).stdout


def needed(program):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", program))


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-embed-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


class Package(Folder):
    def program(self, suffix):
        path = self.folder / f"program{suffix}"
        path.write_text(PROGRAM)
        return path

    def run_program(self, path):
        done = subprocess.run([path], env=ENV, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"a check failed (its line, modulo 256)\n{done.stderr}")

    def test_a_c_program_uses_the_shared_library(self):
        path = build(["gcc", "-std=c11"], self.program(".c"), self.folder / "c-shared")
        self.assertIn("libhearsay.so.0", needed(path))
        self.run_program(path)

    def test_a_c_program_uses_the_static_library(self):
        path = build(["gcc", "-std=c11"], self.program(".c"), self.folder / "c-static",
                     libs=static_libs())
        self.assertNotIn("libhearsay.so.0", needed(path))
        self.run_program(path)

    def test_a_cplusplus_program_uses_the_shared_library(self):
        path = build(["g++", "-std=c++17"], self.program(".cc"), self.folder / "cc-shared")
        self.assertIn("libhearsay.so.0", needed(path))
        self.run_program(path)

    def test_a_cplusplus_program_uses_the_static_library(self):
        path = build(["g++", "-std=c++17"], self.program(".cc"), self.folder / "cc-static",
                     libs=static_libs())
        self.assertNotIn("libhearsay.so.0", needed(path))
        self.run_program(path)

    def test_each_header_stands_alone_in_c_and_cplusplus(self):
        headers = sorted((PREFIX / "include").rglob("*.h"))
        self.assertGreaterEqual(len(headers), 2)
        compilers = [["gcc", "-x", "c", "-std=c11"], ["gcc", "-x", "c", "-std=c17"],
                     ["clang-14", "-x", "c", "-std=c11"], ["g++", "-x", "c++", "-std=c++11"],
                     ["g++", "-x", "c++", "-std=c++20"]]
        for header in headers:
            name = header.relative_to(PREFIX / "include")
            for compiler in compilers:
                with self.subTest(header=str(name), compiler=" ".join(compiler)):
                    done = subprocess.run(
                        [*compiler, *WARN, "-Wshadow", "-Wundef", *pkg_config("--cflags"),
                         "-fsyntax-only", "-"],
                        input=f"#include <{name}>\n#include <{name}>\nextern int twice;\n",
                        capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_headers_and_pkg_config_say_the_same_version(self):
        text = (PREFIX / "include" / "hearsay.h").read_text()
        version = re.search(r'#define HEARSAY_VERSION "(.+)"', text)[1]
        self.assertEqual(pkg_config("--modversion"), [version])
        self.assertTrue((LIBDIR / f"libhearsay.so.{version}").exists())

    def test_nothing_is_installed_that_names_this_folder(self):
        for path in [*(PREFIX / "include").rglob("*.h"), *LIBDIR.rglob("*.pc")]:
            self.assertNotIn(str(ROOT / "src"), path.read_text(), path)


class Symbols(Folder):
    def names(self, *args):
        """[(member, letter, name)]"""
        found = []
        for line in output("nm", "-A", *args).splitlines():
            where, _, rest = line.partition(" ")
            words = rest.split()
            found.append((where.split(":")[-2], words[-2], words[-1]))
        return found

    def test_the_static_library_defines_no_global_of_another_name(self):
        names = self.names("-g", "--defined-only", LIBDIR / "libhearsay.a")
        self.assertGreater(len(names), 100)
        self.assertEqual([n for n in names if not n[2].startswith(("hearsay_", "hsy_"))], [])

    def test_the_shared_library_exports_what_the_headers_declare(self):
        exported = {line.split()[-1] for line in
                    output("nm", "-D", "--defined-only", LIBDIR / "libhearsay.so").splitlines()}
        declared = set()
        for header in (PREFIX / "include").rglob("*.h"):
            text = re.sub(r"/\*.*?\*/|^#.*?$", "", header.read_text(), flags=re.S | re.M)
            for declaration in re.findall(r"HEARSAY_API\b([^;]*);", text):
                declared.add(re.search(r"\b(hearsay_\w+)\(", declaration)[1])
        self.assertGreater(len(declared), 20)
        self.assertEqual(exported, declared)

    def test_the_engine_needs_the_c_library_and_libsodium_only(self):
        names = [n for n in self.names(LIBDIR / "libhearsay.a") if n[0].startswith(ENGINE)]
        self.assertEqual({n[0].partition("_")[0] + "_" for n in names}, set(ENGINE))
        defined = {name for _, letter, name in names if letter.isupper() and letter != "U"}
        missing = {name for _, letter, name in names if letter in "Uw"} - defined
        foreign = ("uv_", "sqlite3_", "pthread_", "SSL_", "curl_", "MHD_", "json_", "hsy_", "hearsay_")
        system = {"socket", "bind", "listen", "accept", "accept4", "connect", "send", "recv",
                  "poll", "read", "write", "open", "open64", "close", "fopen", "fopen64",
                  "getaddrinfo", "clock_gettime", "time", "getrandom", "getenv", "nanosleep"}
        self.assertEqual([n for n in sorted(missing) if n.startswith(foreign) or n in system], [])

    def test_an_embedder_of_the_engine_links_libsodium_and_nothing_else(self):
        path = build(["gcc", "-std=c11"], ROOT / "examples" / "poll_loop.c", self.folder / "lean",
                     libs=[f"-L{LIBDIR}", "-l:libhearsay.a", "-lsodium"])
        self.assertEqual({n.partition(".")[0] for n in needed(path)}, {"libsodium", "libc"})


class Example:
    """A program of examples/, running. Its lines are read as they come."""

    def __init__(self, case, path, *args):
        self.process = subprocess.Popen([path, *map(str, args)], stdin=subprocess.PIPE, env=ENV,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        case.addCleanup(self.close)
        self.lines, self.notes = [], []
        self.threads = [threading.Thread(target=self.read, args=pair, daemon=True) for pair in
                        ((self.process.stdout, self.lines), (self.process.stderr, self.notes))]
        for thread in self.threads:
            thread.start()

    def read(self, pipe, into):
        for line in pipe:
            into.append(line.rstrip("\n"))

    def say(self, *lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def wait_for(self, predicate, deadline_s, what):
        wait_for(predicate, deadline_s, what,
                 lambda: "\n".join(["--- its last notes", *self.notes[-12:]]))

    def wait_joined(self):
        self.wait_for(lambda: any("joined" in n for n in self.notes), 20, "the example has joined")

    def end(self, timeout_s=10):
        """The end of its input; the exit code."""
        self.process.stdin.close()
        return self.wait(timeout_s)

    def wait(self, timeout_s=10):
        code = self.process.wait(timeout_s)
        for thread in self.threads:
            thread.join(5)
        return code

    def close(self):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join(5)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class Simulator(Folder):
    """The example of hearsay/sim.h needs no network: it brings its own."""

    def said(self, name, compiler, suffix, libs=None, args=()):
        source = self.folder / f"sim_register{suffix}"
        shutil.copy(ROOT / "examples" / "sim_register.c", source)
        path = build(compiler, source, self.folder / name, libs=libs)
        done = subprocess.run([path, *args], env=ENV, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.endswith("the promise held\n"), done.stdout)
        return done.stdout

    def test_a_program_is_tested_alike_from_c_and_cplusplus_shared_and_static(self):
        c = self.said("c-shared", ["gcc", "-std=c11"], ".c")
        self.assertIn("cut in two", c)
        self.assertEqual(c, self.said("c-static", ["gcc", "-std=c11"], ".c", static_libs()))
        self.assertEqual(c, self.said("cc-shared", ["g++", "-std=c++11"], ".cc"))
        self.assertEqual(c, self.said("cc-static", ["g++", "-std=c++17"], ".cc", static_libs()))

    def test_another_seed_is_another_run(self):
        first, again, other = (self.said("c", ["gcc", "-std=c11"], ".c", args=[rng])
                               for rng in ("1", "1", "2"))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)


class Examples(unittest.TestCase):
    """Among three real seeds and two real peers, which all cases share."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-embed-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.cluster = Cluster(seeds=3, peers=2)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        cls.cluster.wait_joined(30)
        cls.config = cls.cluster.folder / "config.txt"
        cls.seed_addrs = cls.config.read_text().split()
        cls.a, cls.b = cls.cluster.peers

    def build(self, name, *packages, libs=None):
        extra = output("pkg-config", "--cflags", "--libs", *packages).split() if packages else []
        return build(["gcc", "-std=c11"], ROOT / "examples" / f"{name}.c",
                     self.folder / f"{name}-{self._testMethodName}",
                     libs=[*(pkg_config("--libs") if libs is None else libs), *extra])

    def poll_loop(self, name, libs=None):
        example = Example(self, self.build("poll_loop", libs=libs), self.config, name)
        example.wait_joined()
        return example

    def texts_seen(self, node):
        return [note.get("text") for note in node.log("gossip-seen")]

    def wait_seen(self, node, text):
        self.cluster.wait_for(lambda: text in self.texts_seen(node), 15, f"{node.name} saw {text}")

    def listed(self, seed, name):
        """The record of the newest peer of this name."""
        return next((p for p in seed.peers() if p["name"] == name), None)

    def wait_state(self, name, state, deadline_s):
        for seed in self.cluster.seeds:
            self.cluster.wait_for(lambda s=seed: (self.listed(s, name) or {"state": "absent"})
                                  ["state"] in state, deadline_s, f"{seed.name}: {name} is {state}")

    def told_of(self, event, node_id):
        return [(node.name, note) for node in self.cluster.nodes for note in node.log(event)
                if node_id in note.values()]

    def leave_unnoticed(self, name, leave):
        """@leave ends it in order: all seeds know, and nobody calls it dead."""
        self.wait_state(name, ("alive",), 10)
        node_id = self.listed(self.cluster.seeds[0], name)["id"]
        leave()
        self.wait_state(name, ("left", "absent"), 10)
        self.assertTrue(self.told_of("peer-left", node_id))
        self.assertEqual(self.told_of("dead-report", node_id), [])
        self.assertEqual(self.told_of("dead-removed", node_id), [])

    # ----------------------------------------------------------- poll_loop

    def check_poll_loop(self, name, libs=None):
        example = self.poll_loop(name, libs)
        example.say(f"from {name} to the network")
        self.wait_seen(self.a, f"from {name} to the network")
        self.wait_seen(self.b, f"from {name} to the network")
        self.a.run("send", f"to {name}")
        example.wait_for(lambda: any(line.endswith(f"to {name}") for line in example.lines), 15,
                         "the example printed the peer's message")
        self.leave_unnoticed(name, lambda: self.assertEqual(example.end(), 0, example.notes))

    def test_the_poll_loop_talks_to_real_peers_and_leaves_in_order(self):
        self.check_poll_loop("poll-shared")

    def test_the_poll_loop_does_so_with_the_static_library(self):
        self.check_poll_loop("poll-static", static_libs())

    def test_the_poll_loop_is_found_dead_when_it_is_killed(self):
        example = self.poll_loop("poll-killed")
        self.wait_state("poll-killed", ("alive",), 10)
        node_id = self.listed(self.cluster.seeds[0], "poll-killed")["id"]
        example.process.kill()
        self.wait_state("poll-killed", ("dead", "absent"), 15)
        self.cluster.wait_for(lambda: self.told_of("dead-removed", node_id), 10,
                              "a seed has removed it as dead")
        self.assertEqual(self.told_of("peer-left", node_id), [])

    def test_the_poll_loop_publishes_what_came_before_it_joined_and_before_the_end(self):
        example = Example(self, self.build("poll_loop"), self.config, "poll-hasty")
        example.say("hasty one", "hasty two")
        self.assertEqual(example.end(20), 0, example.notes)  # The end waits for its turn.
        for text in ("hasty one", "hasty two"):
            self.wait_seen(self.a, text)
            self.wait_seen(self.b, text)

    def test_the_poll_loop_loses_nothing_of_many_long_messages(self):
        example = self.poll_loop("poll-busy")
        before = [peer.counter("delivered") for peer in (self.a, self.b)]
        example.say(*(f"{i:03d}" + "x" * 10000 for i in range(200)))
        for peer, was in zip((self.a, self.b), before):
            self.cluster.wait_for(lambda p=peer, w=was: p.counter("delivered") == w + 200, 30,
                                  f"{peer.name} has all 200")
        done = self.a.run("send", "--lines",
                          input="".join(f"{i:03d}" + "y" * 10000 + "\n" for i in range(200)))
        self.assertEqual(done.returncode, 0)
        example.wait_for(lambda: sum("yyyy" in line for line in example.lines) == 200, 30,
                         "the example has all 200")
        self.assertFalse([n for n in example.notes if "disconnect" in n], example.notes)
        self.assertEqual(example.end(), 0)

    def test_the_poll_loop_sits_idle_when_nothing_happens(self):
        example = self.poll_loop("poll-idle")

        def cpu_ticks():
            stat = pathlib.Path(f"/proc/{example.process.pid}/stat").read_text()
            return sum(map(int, stat.rpartition(")")[2].split()[11:13]))

        before = cpu_ticks()
        with self.assertRaises(subprocess.TimeoutExpired):
            example.process.wait(3)
        self.assertLess(cpu_ticks() - before, 0.1 * os.sysconf("SC_CLK_TCK") * 3, "it spins")
        self.assertEqual(example.end(), 0)

    def test_a_stranger_does_not_stop_the_poll_loop(self):
        example = self.poll_loop("poll-robust")
        self.wait_state("poll-robust", ("alive",), 10)
        host, _, port = self.listed(self.cluster.seeds[0], "poll-robust")["addresses"][0] \
            .rpartition(":")
        for bytes_sent in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, b"\0\0"):
            with socket.create_connection((host, int(port)), 5) as stranger:
                stranger.settimeout(15)
                stranger.sendall(bytes_sent)
                try:
                    while stranger.recv(4096):
                        pass  # It is hung up on, soon or at the deadline.
                except ConnectionResetError:
                    pass
        many = [socket.create_connection((host, int(port)), 5) for _ in range(200)]
        for stranger in many:
            stranger.close()
        example.say("still here")
        self.wait_seen(self.a, "still here")
        self.assertEqual(example.end(), 0)

    def test_the_poll_loop_says_what_is_wrong_with_its_arguments(self):
        path = self.build("poll_loop")
        bad = self.folder / "bad.txt"
        bad.write_text("no port\n")
        empty = self.folder / "empty.txt"
        empty.write_text("# nothing\n")
        for args, code, text in (((), 2, "usage"), ((self.folder / "none",), 1, "cannot read"),
                                 ((bad,), 1, "host:port"), ((empty,), 1, "seeds")):
            done = subprocess.run([path, *args], env=ENV, capture_output=True, text=True,
                                  timeout=10, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, code)
            self.assertIn(text, done.stderr)

    # ------------------------------------------------- the runtime's examples

    def test_a_node_on_a_thread_talks_to_real_peers_and_leaves_in_order(self):
        example = Example(self, self.build("thread"), *self.seed_addrs)
        example.say("from a thread")
        self.wait_seen(self.a, "from a thread")
        self.a.run("send", "to a thread")
        example.wait_for(lambda: "to a thread" in example.lines, 15, "it printed the message")
        example.say("?who is there")
        example.wait_for(lambda: example.lines[-1].endswith(" answered"), 15, "all have answered")
        answered, _, expected = example.lines[-1].split()[:3]
        self.assertEqual((answered, int(expected) > 0), (expected, True))
        self.leave_unnoticed("thread", lambda: self.assertEqual(example.end(), 0, example.notes))
        self.assertIn("thread: 1 messages received", example.notes)

    def test_a_node_on_the_callers_uv_loop_talks_to_real_peers_and_leaves_in_order(self):
        path = self.build("libuv_loop", "libuv")
        data = self.folder / "uv-data"
        example = Example(self, path, data, *self.seed_addrs)
        self.wait_seen(self.a, "tick 2")
        self.a.run("send", "--topic", "news", "to the uv loop")
        example.wait_for(lambda: any("[news] 14 bytes" in line for line in example.lines), 15,
                         "it printed the message")
        self.leave_unnoticed("libuv_loop", lambda: (example.process.send_signal(2),
                                                    self.assertEqual(example.wait(), 0)))
        first = self.listed(self.cluster.seeds[0], "libuv_loop")
        again = Example(self, path, data, *self.seed_addrs)  # The same peer as before.
        again.wait_joined()
        self.wait_state("libuv_loop", ("alive",), 10)
        self.assertEqual(self.listed(self.cluster.seeds[0], "libuv_loop")["id"], first["id"])
        again.process.send_signal(2)
        self.assertEqual(again.wait(), 0)


if __name__ == "__main__":
    unittest.main()
