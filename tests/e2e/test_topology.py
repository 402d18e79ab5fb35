"""`hearsay topology` and /v1/topology: twenty real peers as their seeds and
they themselves see them."""
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from cluster import BINARY, Cluster, UnixConnection, Watching  # noqa: E402

PEERS = 20
NODE_KEYS = {"id", "name", "address", "state", "component", "degree", "cut"}
FIGURE_KEYS = {"alive", "absent", "silent", "links", "one_sided", "component_sizes", "cut_peers",
               "degrees", "hubs", "paths", "power_law"}


def parse_dot(text):
    """(labels by id, pairs of ids), of the part of Graphviz's language that
    we write; an AssertionError for anything else."""
    quoted = r'"((?:[^"\\\n]|\\.)*)"'
    lines = text.splitlines()
    assert re.fullmatch(f"graph {quoted} {{", lines[0]) and lines[-1] == "}", text
    labels, pairs = {}, []
    for line in lines[1:-1]:
        node = re.fullmatch(f"  {quoted} \\[label={quoted}(, [a-z]+=[a-z]+)*\\];", line)
        edge = re.fullmatch(f"  {quoted} -- {quoted}( \\[[a-z=, ]+\\])?;", line)
        if node:
            labels[node[1]] = node[2]
        elif edge:
            pairs.append((edge[1], edge[2]))
        else:
            assert line == "  node [shape=box];", line
    return labels, pairs


class Topology(Watching):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(seeds=3, peers=PEERS)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        cls.cluster.wait_joined(60)
        cls.seed = cls.cluster.seeds[0]

    def settled(self, alive):
        """The graph, once the seed has heard of all links from both ends."""
        def whole():
            graph = self.seed.json("topology")
            figures = graph["figures"]
            good = (figures["alive"] == alive and figures["component_sizes"] == [alive]
                    and graph["one_sided"] == [] and graph["strangers"] == 0)
            return graph if good else None
        return self.cluster.wait_for(whole, 60, f"{alive} peers in one component")

    def test_1_a_seed_shows_the_whole_network(self):
        graph = self.settled(PEERS)
        self.assertEqual((graph["view"], graph["name"], graph["network"]),
                         ("network", "seed-1", "default"))
        self.assertEqual(set(graph["figures"]), FIGURE_KEYS)
        by_id = {}
        for index, node in enumerate(graph["nodes"]):
            self.assertEqual(set(node), NODE_KEYS)
            by_id[node["id"]] = index
        pairs = {frozenset(pair) for pair in graph["links"]}
        self.assertEqual(len(pairs), len(graph["links"]))
        for index, node in enumerate(graph["nodes"]):
            self.assertEqual(node["degree"], sum(index in pair for pair in pairs))
        self.assertEqual(graph["nodes"][graph["figures"]["hubs"][0]]["degree"],
                         graph["figures"]["degrees"]["max"])
        peer = self.cluster.peers[0]
        mine = by_id[peer.id]

        def agreed():
            now = self.seed.get("/v1/topology")
            ids = [node["id"] for node in now["nodes"]]
            seen = {ids[b if a == mine else a] for a, b in now["links"] if mine in (a, b)}
            return seen == set(peer.neighbours())
        self.cluster.wait_for(agreed, 30, "the seed knows the links that the peer has")

    def test_2_all_seeds_show_the_same(self):
        self.settled(PEERS)

        def edges(seed):
            graph = seed.get("/v1/topology")
            ids = [node["id"] for node in graph["nodes"]]
            return {frozenset((ids[a], ids[b])) for a, b in graph["links"]}
        self.cluster.wait_for(lambda: len({frozenset(edges(s)) for s in self.cluster.seeds}) == 1,
                              60, "all seeds see one graph")

    def test_3_for_people_it_fits_the_terminal(self):
        self.settled(PEERS)
        text = self.seed.run("topology").stdout
        for part in ("seed-1", f"{PEERS} alive", f"1, of {PEERS} peer(s)", "cut peers", "degree",
                     "hubs", "diameter", "links on average, from all", "too few peers"):
            self.assertIn(part, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_4_graphviz_gets_what_json_has(self):
        self.settled(PEERS)
        labels, pairs = parse_dot(self.seed.run("topology", "--dot").stdout)
        self.assertEqual(sorted(labels.values()), sorted(p.name for p in self.cluster.peers))
        self.assertTrue({end for pair in pairs for end in pair} <= set(labels))
        self.assertGreaterEqual(len(pairs), PEERS - 1)

    def test_5_a_peer_shows_itself_and_its_links(self):
        peer = self.cluster.peers[1]
        graph = peer.json("topology")
        self.assertEqual((graph["view"], graph["nodes"][0]["id"]), ("own", peer.id))
        self.assertEqual({node["id"] for node in graph["nodes"][1:]}, set(peer.neighbours()))
        self.assertEqual(graph["links"], [[0, i] for i in range(1, len(graph["nodes"]))])
        self.assertIn("ask a seed for the rest", peer.run("topology").stdout)
        labels, _ = parse_dot(peer.run("topology", "--dot").stdout)
        self.assertEqual(labels[peer.id], peer.name)

    def test_6_what_cannot_be_is_refused(self):
        done = self.seed.run("topology", "--json", "--dot", check=False)
        self.assertEqual((done.returncode, "give one of them" in done.stderr), (2, True))
        done = subprocess.run([BINARY, "topology", "--socket", "/nowhere/x.sock"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no node answers at /nowhere/x.sock", done.stderr)

    def test_7_a_third_reader_is_told_to_wait(self):
        # So many answers, and none of them read: the kernel takes no more.
        requests = b"GET /v1/topology HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500
        readers = [UnixConnection(self.seed.socket) for _ in range(2)]
        try:
            for reader in readers:
                reader.connect()
                reader.sock.sendall(requests)

            def full():
                return self.seed.http("GET", "/v1/topology")[0] == 429
            self.cluster.wait_for(full, 30, "two readers hold it up")
            status, headers, body = self.seed.http("GET", "/v1/topology")
            self.assertEqual((status, headers["Retry-After"]), (429, "1"))
            self.assertIn("two others", json.loads(body)["error"])
            self.assertEqual(self.seed.status()["state"], "serving")
        finally:
            for reader in readers:
                reader.close()
        self.cluster.wait_for(lambda: self.seed.http("GET", "/v1/topology")[0] == 200, 30,
                              "there is room again")

    def test_8_the_dead_are_no_part_of_it(self):
        self.settled(PEERS)
        victim = self.cluster.peers[-1]
        dead = victim.id
        victim.kill()
        graph = self.settled(PEERS - 1)
        self.assertNotIn(dead, {node["id"] for node in graph["nodes"]})
        labels, pairs = parse_dot(self.seed.run("topology", "--dot").stdout)
        self.assertEqual((len(labels), dead in labels), (PEERS - 1, False))
        self.assertGreaterEqual(len(pairs), PEERS - 2)
        json.loads(self.seed.run("topology", "--json").stdout)


if __name__ == "__main__":
    unittest.main()
