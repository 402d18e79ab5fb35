"""Addresses: IPv6, host names, wildcards that seeds complete, what the
operator says, and both families in one network. Each network gossips, so that
an address that nobody reaches would be missed."""
import re
import socket
import sys
import time
import unittest

from cluster import Cluster, free_ports

SOON, LATER = 30, 90
FAST = ("--ping-interval", "500ms", "--ping-timeout", "500ms")
GOSSIP = ("--gossip-count", "3", "--gossip-interval", "300ms", *FAST)


def free_port6():
    """One that is free in both families."""
    while True:
        port = free_ports(1)[0]
        with socket.socket(socket.AF_INET6) as sock:
            try:
                sock.bind(("::1", port))
                return port
            except OSError:
                continue


class Addresses(unittest.TestCase):
    def test_who_cannot_be_dialled_is_told_and_takes_part(self):
        """Behind a port that leads nowhere: as behind a NAT."""
        c = Cluster(seeds=3)
        self.addCleanup(c.close)
        for _ in range(4):
            c.add_peer(*GOSSIP)
        nowhere = free_ports(1)[0]
        hidden = c.add_peer("--advertise", f"127.0.0.1:{nowhere}", *GOSSIP)
        c.start()
        c.wait_joined(SOON)
        c.wait_for(lambda: hidden.log("undialable"), SOON, "the peer is told")
        self.assertIn("--advertise", hidden.log("undialable")[0]["text"])
        self.assertFalse(hidden.status()["dialable"])
        self.assertTrue(c.peers[0].status()["dialable"])
        for seed in c.seeds:
            c.wait_for(lambda seed=seed: not seed.listed()[hidden.id]["dialable"], SOON,
                       f"{seed.name} knows it, whoever found out")
            self.assertEqual(
                [one["dialable"] for one in seed.listed().values()].count(True), 4)
        self.meet(c, 5)

    def network(self, *listen, config=None):
        """One seed for each {} of "HOST:{}" in @listen; all are started.
        @config: the lines of the seed list, when they are not those."""
        c = Cluster(seeds=0)
        self.addCleanup(c.close)
        ports = [free_port6() for _ in listen]
        lines = [text.format(port) for text, port in zip(listen, ports)]
        for line in lines:
            c.add_node("seed", "--listen", line, "--profile", "lan")
        c.write_config([text.format(port) for text, port in zip(config or listen, ports)])
        c.start()
        c.wait_joined(SOON)
        return c

    def meet(self, c, count):
        """All have joined, are linked to all, and have heard all."""
        c.wait_joined(LATER)
        for peer in c.peers:
            c.wait_for(lambda peer=peer: len(peer.neighbours()) == count - 1, LATER,
                       f"{peer.name} is linked to all others")
            c.wait_for(lambda peer=peer: len(peer.log("gossip-seen")) == 3 * (count - 1), LATER,
                       f"{peer.name} has heard all")
        for seed in c.seeds:
            c.wait_for(lambda seed=seed: seed.alive() == count, SOON, f"{seed.name} lists all")

    def listed(self, c, peer):
        """The addresses of @peer, the same at all seeds."""
        found = [seed.listed()[peer.id]["addresses"] for seed in c.seeds]
        self.assertTrue(all(one == found[0] for one in found), found)
        return found[0]

    def wait_listed(self, c, peer, wanted):
        for seed in c.seeds:
            c.wait_for(lambda seed=seed: seed.listed()[peer.id]["addresses"] == wanted, SOON,
                       f"{seed.name} has {peer.name} at {wanted}")

    def port(self, peer):
        return int(peer.status()["listen"][0].rpartition(":")[2])

    def linked_at(self, peer, other):
        """Where @peer dialled @other; None: it did not."""
        for link in peer.links():
            if link["id"] == other.id and link["direction"] == "out":
                return link["address"]
        return None

    def test_ipv6_from_end_to_end(self):
        """Seeds, peers, texts, a death and its removal, all on [::1]."""
        c = self.network("[::1]:{}", "[::1]:{}", "[::1]:{}")
        start = time.time_ns() // 1_000_000
        for _ in range(3):
            c.add_node("peer", "--listen", "[::1]:0", *GOSSIP).start()
        self.meet(c, 3)
        a, b, lost = c.peers
        for peer in c.peers:
            self.assertRegex(peer.address, r"^\[::1\]:\d+$")
            self.assertEqual(self.listed(c, peer), [peer.address])
            self.assertEqual({link["address"] for link in peer.links()
                              if link["role"] == "peer"},
                             {other.address for other in c.peers if other is not peer})
            for number, note in enumerate(peer.log("gossip-sent"), 1):
                self.assertTrue(re.fullmatch(rf"\d{{13}}:\[::1\]:{number}", note["text"]), note)
        lost.kill()
        for peer in (a, b):
            c.wait_for(lambda peer=peer: peer.log("dead-report"), SOON, "its death is reported")
        c.wait_for(lambda: sum(bool(seed.log("dead-report")) for seed in c.seeds) >= 2, SOON,
                   "it is heard by two seeds at least")
        for node in (a, b, *c.seeds):
            for note in node.log("dead-report"):
                match = re.fullmatch(r"Dead Node:(\[::1\]:\d+):(\d{13}):\[::1\]", note["text"])
                self.assertTrue(match, note)
                self.assertEqual(match[1], lost.address)
                self.assertGreaterEqual(int(match[2]), start)
        for seed in c.seeds:
            c.wait_for(lambda seed=seed: seed.alive() == 2, SOON, f"{seed.name} has removed it")

    def test_seeds_by_host_name(self):
        """Of a name's addresses those are taken that answer; letters' case
        does not matter, and a name that does not exist is one seed lost."""
        c = self.network("127.0.0.1:{}", "127.0.0.1:{}", "127.0.0.1:{}",
                         config=("localhost:{}", "LocalHost:{}", "no-such-host.invalid:{}"))
        for _ in range(3):
            c.add_node("peer", "--listen", "127.0.0.1:0", *GOSSIP).start()
        c.wait_joined(LATER)
        named = {seed.id for seed in c.seeds[:2]}
        for peer in c.peers:
            status = peer.status()
            self.assertEqual((status["seeds"], status["quorum"], status["registered"]), (3, 2, 2))
            self.assertEqual({note["seed"] for note in peer.log("registered")}, named)
            self.assertEqual({note["host"].lower() for note in peer.log("registered")},
                             {"localhost"})
        # Seeds find each other by name too.
        for seed in c.seeds[:2]:
            c.wait_for(lambda seed=seed: seed.alive() == 3 and named - {seed.id} <=
                       {link["id"] for link in seed.links()}, SOON, "it has its fellow")

    def test_a_name_can_be_what_a_node_listens_on_and_advertises(self):
        c = self.network("localhost:{}")
        a = c.add_node("peer", "--listen", "localhost:0", "--advertise", "localhost",
                       *GOSSIP).start()
        b = c.add_node("peer", "--listen", "localhost:0", *GOSSIP).start()
        self.meet(c, 2)
        for peer in (a, b):
            (address,) = self.listed(c, peer)
            self.assertIn(address, (f"127.0.0.1:{self.port(peer)}", f"[::1]:{self.port(peer)}"))

    def test_a_wildcard_is_completed_by_what_seeds_see(self):
        """No flag at all, [::] and 0.0.0.0 at seeds on IPv4; [::] at seeds on
        IPv6."""
        for host, seen, listens in (("127.0.0.1:{}", "127.0.0.1:{}", ([], ["[::]:0"],
                                                                     ["0.0.0.0:0"])),
                                    ("[::1]:{}", "[::1]:{}", (["[::]:0"], ["[::]:0"]))):
            with self.subTest(host=host):
                c = self.network(host, host)
                for listen in listens:
                    args = [arg for text in listen for arg in ("--listen", text)]
                    c.add_node("peer", *args, *GOSSIP).start()
                    c.wait_joined(SOON)
                self.meet(c, len(listens))
                for peer in c.peers:
                    address = seen.format(self.port(peer))
                    self.assertEqual(self.listed(c, peer), [address])
                    self.assertEqual({link["address"] for other in c.peers
                                      for link in other.links() if link["id"] == peer.id},
                                     {address})
                    ip = re.escape(address.rpartition(":")[0])
                    self.assertRegex(peer.log("gossip-sent")[0]["text"], rf"^\d+:{ip}:1$")
                dialled = [self.linked_at(a, b) for a in c.peers for b in c.peers if a is not b]
                self.assertTrue(any(dialled), "somebody has dialled somebody there")

    def test_a_wildcard_is_not_completed_with_the_other_family(self):
        """0.0.0.0 accepts nothing at [::1], whatever a seed there sees."""
        c = self.network("[::1]:{}")
        peer = c.add_node("peer", "--listen", "0.0.0.0:0", *GOSSIP).start()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for entry in c.seeds[0].listed().values():
                self.assertEqual([a for a in entry["addresses"] if a.startswith("[")], [])
            time.sleep(0.1)
        self.assertTrue(peer.running())

    def test_what_is_advertised_is_what_is_dialled(self):
        """--advertise, with a port and without; first of all in the texts."""
        c = self.network("127.0.0.1:{}")
        port = free_ports(1)[0]
        first = c.add_node("peer", "--listen", f"0.0.0.0:{port}", "--advertise",
                           f"127.0.0.2:{port}", *GOSSIP).start()
        c.wait_joined(SOON)
        second = c.add_node("peer", "--listen", "0.0.0.0:0", "--advertise", "127.0.0.3",
                            *GOSSIP).start()
        self.meet(c, 2)
        self.assertEqual(self.listed(c, first), [f"127.0.0.2:{port}"])
        self.assertEqual(self.listed(c, second), [f"127.0.0.3:{self.port(second)}"])
        self.assertEqual(self.linked_at(second, first), f"127.0.0.2:{port}")
        self.assertRegex(first.log("gossip-sent")[0]["text"], r"^\d{13}:127\.0\.0\.2:1$")
        self.assertRegex(second.log("gossip-sent")[0]["text"], r"^\d{13}:127\.0\.0\.3:1$")

        # One that nobody reaches is listed as given, and takes part through
        # the link that it makes itself.
        third = c.add_node("peer", "--listen", "127.0.0.1:0", "--advertise", "192.0.2.7:7946",
                           "--advertise", "[2001:db8::7]:7946", *GOSSIP).start()
        c.wait_joined(LATER)
        self.assertEqual(self.listed(c, third), ["192.0.2.7:7946", "[2001:db8::7]:7946"])
        c.wait_for(lambda: set(third.neighbours()) == {first.id, second.id}, LATER, "it is linked")
        self.assertEqual(set(third.neighbours().values()), {"out"})
        self.assertRegex(third.log("gossip-sent")[0]["text"], r"^\d{13}:192\.0\.2\.7:1$")
        c.wait_for(lambda: third.id in {n["origin"] for n in first.log("gossip-seen")}, SOON,
                   "it is heard")

    def test_several_addresses_of_one_peer(self):
        """The first one does not answer, so the second one is dialled."""
        c = self.network("127.0.0.1:{}")
        dead, port = free_ports(2)
        first = c.add_node("peer", "--listen", f"[::1]:{port}", "--advertise",
                           f"127.0.0.1:{dead}", "--advertise", f"[::1]:{port}", *GOSSIP).start()
        c.wait_joined(SOON)
        self.assertEqual(self.listed(c, first), [f"127.0.0.1:{dead}", f"[::1]:{port}"])
        # Nobody reaches this one, so that it must dial.
        second = c.add_node("peer", "--listen", "127.0.0.1:0", "--advertise",
                            f"127.0.0.1:{dead}", *GOSSIP).start()
        c.wait_joined(LATER, [second])
        self.assertEqual(second.neighbours(), {first.id: "out"})
        self.assertGreaterEqual(second.counter("dials_failed"), 1)

    def test_both_families_in_one_network(self):
        """Seeds on IPv4, on IPv6 and by name in one list; peers on either and
        on both."""
        c = self.network("127.0.0.1:{}", "[::1]:{}", "127.0.0.1:{}",
                         config=("127.0.0.1:{}", "[::1]:{}", "localhost:{}"))
        for listen in ("127.0.0.1:0", "[::1]:0", "[::]:0"):
            c.add_node("peer", "--listen", listen, *GOSSIP).start()
        port = free_port6()
        c.add_node("peer", "--listen", f"127.0.0.1:{port}", "--listen", f"[::1]:{port}",
                   *GOSSIP).start()
        self.meet(c, 4)
        v4, v6, wild, both = c.peers
        self.assertEqual(self.listed(c, v4), [v4.address])
        self.assertEqual(self.listed(c, v6), [v6.address])
        (address,) = self.listed(c, wild)
        self.assertIn(address, (f"127.0.0.1:{self.port(wild)}", f"[::1]:{self.port(wild)}"))
        self.assertEqual(self.listed(c, both), [f"127.0.0.1:{port}", f"[::1]:{port}"])
        self.assertEqual({note["origin"] for note in v4.log("gossip-seen")},
                         {v6.id, wild.id, both.id})


if __name__ == "__main__":
    sys.exit("run it with tests/support/tap.py")
