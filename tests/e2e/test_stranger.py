"""A stranger knocks: with noise, with another protocol, with half a frame,
ten thousand times, with a length that is a lie. Each is counted and cut off
within its deadline, and the network does not notice."""
import concurrent.futures
import random
import socket
import struct
import time
import unittest

from cluster import Cluster

HELLO = 1
FRAME_MAX = 1024 * 1024
HELLO_S = 5     # An unfinished handshake may take as long.
GRACE_S = 1.5   # A busy machine.
CONNECTIONS = 10000
HALF_OPEN_MAX = 64


def frame_start(length, frame_type, body):
    return struct.pack(">IBB", length, frame_type, 0) + body


class Stranger(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(seeds=3, peers=6, peer_args=(
            "--gossip-count", "unlimited", "--gossip-interval", "1s", "--ping-interval", "2s",
            "--ping-timeout", "1s"))
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        cls.cluster.wait_joined()
        time.sleep(2)  # Two that dial each other at once drop one link of two.
        cls.peers = list(cls.cluster.peers)
        cls.targets = [(node, ("127.0.0.1", cls.port_of(node)))
                       for node in (cls.cluster.seeds[0], cls.peers[0])]

    @staticmethod
    def port_of(node):
        return int(node.log("listening")[0]["address"].rpartition(":")[2])

    def setUp(self):
        self.newcomers = set()
        self.before = {node: self.trouble(node) for node in self.cluster.nodes}
        self.begun_us = time.monotonic_ns() // 1000
        self.addCleanup(self.assert_not_noticed)

    def trouble(self, node):
        """What nobody should have noticed, newcomers apart."""
        return [line for line in node.log() if line["event"] in (
            "disconnect", "strike", "dead-report", "dead-removed")
            and line.get("peer") not in self.newcomers]

    def assert_not_noticed(self):
        """No link was lost, nobody was accused, and what was published since
        has arrived everywhere."""
        time.sleep(max(0.0, 1.5 - (time.monotonic_ns() // 1000 - self.begun_us) / 1e6))
        for node, before in self.before.items():
            self.assertTrue(node.running(), f"{node.name} ended\n{self.cluster.story(4)}")
            self.assertEqual(self.trouble(node), before, node.name)
        limit = time.monotonic_ns() // 1000
        time.sleep(1)
        ids = {peer.name: peer.log("started")[0]["id"] for peer in self.peers}
        published = {(ids[peer.name], line["seq"]) for peer in self.peers
                     for line in peer.log("gossip-sent")
                     if self.begun_us <= line["mono_us"] < limit}
        self.assertTrue(published)
        for peer in self.peers:
            seen = {(line["origin"], line["seq"]) for line in peer.log("gossip-seen")}
            expected = {message for message in published if message[0] != ids[peer.name]}
            self.assertEqual(expected - seen, set(), f"{peer.name} lacks messages")

    def connect(self, address):
        stranger = socket.create_connection(address, timeout=5)
        self.addCleanup(stranger.close)
        return stranger

    def cut_off_after(self, stranger, timeout):
        """Seconds until the node closes the connection."""
        begun = time.monotonic()
        stranger.settimeout(0.2)
        while time.monotonic() - begun < timeout:
            try:
                if stranger.recv(65536) == b"":
                    return time.monotonic() - begun
            except socket.timeout:
                pass
            except ConnectionError:
                return time.monotonic() - begun
        self.fail(f"not cut off within {timeout} s")

    def counted(self, node, before, names):
        """How much the counters have grown together; waits for the first."""
        until = time.monotonic() + 3
        while True:
            now = node.status()["counters"]
            grown = sum(now[name] - before[name] for name in names)
            if grown > 0 or time.monotonic() > until:
                return grown
            time.sleep(0.1)

    def at_both(self, knock):
        """Runs knock(node, address) at a seed and at a peer, side by side."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            tries = [(node, pool.submit(knock, node, address)) for node, address in self.targets]
        for node, attempt in tries:
            with self.subTest(role=node.role):
                attempt.result()

    def try_bytes(self, data, counters, at_least=0.0, timeout=GRACE_S):
        def knock(node, address):
            before = node.status()["counters"]
            stranger = self.connect(address)
            try:
                stranger.sendall(data)
            except ConnectionError:
                pass  # Cut off before it had said it all.
            after = self.cut_off_after(stranger, timeout)
            self.assertGreaterEqual(after, at_least)
            self.assertGreaterEqual(self.counted(node, before, counters), 1)

        self.at_both(knock)

    def test_random_bytes_are_malformed(self):
        self.try_bytes(random.Random(1).randbytes(100000), ["malformed"])

    def test_an_http_request_is_malformed(self):
        self.try_bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ["malformed"])

    def test_an_oversized_length_is_malformed_before_its_frame_comes(self):
        for length in (FRAME_MAX + 1, 0xffffffff):
            self.try_bytes(frame_start(length, HELLO, b""), ["malformed"])

    def test_a_length_too_small_for_a_header_is_malformed(self):
        for length in (0, 1):
            self.try_bytes(frame_start(length, HELLO, b""), ["malformed"])

    def test_a_hello_of_noise_is_malformed(self):
        noise = random.Random(2).randbytes(200)
        self.try_bytes(frame_start(2 + len(noise), HELLO, noise), ["malformed"])

    def test_a_frame_that_does_not_come_first_is_refused(self):
        self.try_bytes(frame_start(2 + 32, 5, bytes(32)), ["malformed", "frames_unexpected"])

    def test_half_a_frame_and_then_silence_is_late(self):
        self.try_bytes(frame_start(200, HELLO, b"half"), ["handshake_late", "frames_late"],
                       at_least=HELLO_S - 1, timeout=HELLO_S + GRACE_S)

    def test_silence_from_the_beginning_is_late(self):
        self.try_bytes(b"", ["handshake_late"], at_least=HELLO_S - 1, timeout=HELLO_S + GRACE_S)

    def test_a_byte_now_and_then_does_not_prolong_the_handshake(self):
        def knock(node, address):
            before = node.status()["counters"]
            stranger = self.connect(address)
            begun = time.monotonic()
            for byte in frame_start(200, HELLO, bytes(200)):
                try:
                    stranger.sendall(bytes([byte]))
                except ConnectionError:
                    break
                time.sleep(0.3)
                if not self.is_open(stranger):
                    break
            cut = time.monotonic() - begun
            self.assertTrue(HELLO_S - 1 <= cut <= HELLO_S + GRACE_S, cut)
            self.assertGreaterEqual(
                self.counted(node, before, ["handshake_late", "frames_late"]), 1)

        self.at_both(knock)

    def test_ten_thousand_connections_in_a_row(self):
        def knock(node, address):
            before = node.status()["counters"]
            for i in range(CONNECTIONS):
                stranger = socket.create_connection(address, timeout=10)
                if i % 10:  # A reset; else an orderly end.
                    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                        struct.pack("ii", 1, 0))
                stranger.close()
            time.sleep(0.5)
            grown = self.counted(node, before, ["links_accepted", "half_open_refused"])
            self.assertGreater(grown, CONNECTIONS * 9 // 10)

        self.at_both(knock)

    def test_of_many_that_wait_at_the_door_few_get_in_and_none_stays(self):
        def knock(node, address):
            before = node.status()["counters"]
            crowd = [self.connect(address) for _ in range(300)]
            time.sleep(1)
            self.assertLessEqual(sum(map(self.is_open, crowd)), HALF_OPEN_MAX)
            self.assertGreaterEqual(self.counted(node, before, ["half_open_refused"]), 1)
            time.sleep(HELLO_S + GRACE_S - 1)
            self.assertEqual(sum(map(self.is_open, crowd)), 0)

        self.at_both(knock)
        newcomer = self.cluster.add_peer("--gossip-count", "0").start()
        self.cluster.wait_joined(20, [newcomer])
        self.newcomers = {newcomer.status()["id"]}

    @staticmethod
    def is_open(stranger):
        """Also reads what came, so that an end can be seen behind it."""
        stranger.setblocking(False)
        try:
            while True:
                if stranger.recv(65536) == b"":
                    return False
        except BlockingIOError:
            return True
        except ConnectionError:
            return False


if __name__ == "__main__":
    unittest.main()
