/* The text is made at once, so that it is one moment of the node, and links
 * name their ends by place, so that it stays small; HSY_ADMIN_DRAWINGS_MAX
 * bounds how many such texts there are. */
#include "admin/topology.h"

#include "admin/state.h"
#include "base/mem.h"
#include "node/map.h"
#include "node/view.h"
#include "runtime/clock.h"

/* A vertex, as far as it is known. */
struct vertex {
    const struct hearsay_id *id;
    const char *name;
    const struct hearsay_addr *addr; /* NULL: none. */
    const char *state;
};

static void open_vertex(struct hsy_json *json, const struct vertex *v)
{
    hsy_json_open(json, NULL, '{');
    hsy_json_id(json, "id", v->id);
    hsy_json_string(json, "name", v->name);
    if (v->addr != NULL) {
        hsy_json_addr(json, "address", v->addr);
    } else {
        hsy_json_null(json, "address");
    }
    hsy_json_string(json, "state", v->state);
}

static void put_pair(struct hsy_json *json, uint32_t from, uint32_t to)
{
    hsy_json_open(json, NULL, '[');
    hsy_json_u64(json, NULL, from);
    hsy_json_u64(json, NULL, to);
    hsy_json_close(json, ']');
}

static void put_head(struct hsy_json *json, const struct hsy_view_status *s)
{
    bool seed = s->role == HEARSAY_SEED;
    hsy_json_string(json, "view", seed ? "network" : "own");
    hsy_json_id(json, "id", &s->id);
    hsy_json_string(json, "name", s->name);
    hsy_json_string(json, "network", s->network);
}

/* ------------------------------------------------------------------ a seed */

static void put_known(struct hsy_json *json, const struct hsy_map *m,
                      uint32_t index, const struct hsy_view_peer *peer)
{
    const struct vertex v = {.id = &peer->id,
                             .name = peer->name,
                             .addr =
                                 peer->addrs_count > 0 ? &peer->addrs[0] : NULL,
                             .state = hsy_view_peer_state_text(peer->state)};
    open_vertex(json, &v);
    if (m->web.part[index] == HSY_WEB_NONE) {
        hsy_json_null(json, "component");
    } else {
        hsy_json_u64(json, "component", m->web.part[index]);
    }
    hsy_json_u64(json, "degree", m->degrees[index]);
    hsy_json_bool(json, "cut", m->web.cuts[index]);
    hsy_json_close(json, '}');
}

static void put_links(struct hsy_json *json, const struct hsy_map *m, bool both)
{
    hsy_json_open(json, both ? "links" : "one_sided", '[');
    for (uint32_t i = 0; i < m->links_count; i++) {
        if (m->links[i].both == both) {
            put_pair(json, m->links[i].from, m->links[i].to);
        }
    }
    hsy_json_close(json, ']');
}

static void put_network(struct hsy_json *json, const struct hsy_map *m,
                        const struct hearsay_node *node)
{
    struct hsy_view_peer peer;
    hsy_json_u64(json, "components", m->web.parts);
    hsy_json_u64(json, "strangers", m->strangers);
    hsy_json_open(json, "nodes", '[');
    for (uint32_t i = 0; i < m->web.vertices && hsy_view_peer(node, i, &peer);
         i++) {
        put_known(json, m, i, &peer);
    }
    hsy_json_close(json, ']');
    put_links(json, m, true);
    put_links(json, m, false);
}

/* ------------------------------------------------------------------ a peer */

static void put_neighbour(struct hsy_json *json,
                          const struct hsy_view_link *link)
{
    const struct vertex v = {.id = &link->id,
                             .name = link->name,
                             .addr = &link->addr,
                             .state = hsy_view_peer_state_text(HSY_PEER_ALIVE)};
    open_vertex(json, &v);
    hsy_json_u64(json, "component", 0);
    hsy_json_null(json, "degree"); /* It has other links that nobody tells. */
    hsy_json_null(json, "cut");
    hsy_json_close(json, '}');
}

/* It is the first one, and linked to all others. */
static void put_own(struct hsy_json *json, const struct hsy_view_status *s,
                    const struct hearsay_node *node,
                    struct hearsay_runtime *runtime)
{
    struct hearsay_addr addr;
    bool bound = hearsay_runtime_bound(runtime, 0, &addr);
    const struct vertex self = {.id = &s->id,
                                .name = s->name,
                                .addr = bound ? &addr : NULL,
                                .state =
                                    hsy_view_peer_state_text(HSY_PEER_ALIVE)};
    struct hsy_view_link link;
    uint32_t count = 1;
    hsy_json_u64(json, "components", 1);
    hsy_json_u64(json, "strangers", 0);
    hsy_json_open(json, "nodes", '[');
    open_vertex(json, &self);
    hsy_json_u64(json, "component", 0);
    hsy_json_u64(json, "degree", s->degree);
    hsy_json_null(json, "cut");
    hsy_json_close(json, '}');
    for (uint32_t i = 0; hsy_view_link(node, i, &link); i++) {
        if (link.overlay) {
            put_neighbour(json, &link);
            count++;
        }
    }
    hsy_json_close(json, ']');
    hsy_json_open(json, "links", '[');
    for (uint32_t i = 1; i < count; i++) {
        put_pair(json, 0, i);
    }
    hsy_json_close(json, ']');
    hsy_json_open(json, "one_sided", '[');
    hsy_json_close(json, ']');
}

/* --------------------------------------------------------------- the route */

static enum MHD_Result refuse(struct hsy_http_request *r, unsigned status,
                              const char *error)
{
    return hsy_http_refuse(
        r->connection,
        &(struct hsy_http_problem){.status = status,
                                   .error = error,
                                   .hint = "try again a little later",
                                   .header = {"Retry-After", "1"},
                                   .retry_ms = 200});
}

enum MHD_Result hsy_topology_get(struct hsy_http_request *r)
{
    const struct hearsay_node *node = hsy_http_node(r);
    struct hsy_view_status status;
    struct hsy_map map;
    struct hsy_json json;
    hsy_view_status(node, hsy_clock_mono_ns(), &status);
    if (r->admin->drawings == HSY_ADMIN_DRAWINGS_MAX) {
        return refuse(r, MHD_HTTP_TOO_MANY_REQUESTS,
                      "two others are reading the topology");
    }
    bool seed = status.role == HEARSAY_SEED;
    if (seed && hsy_map_init(&map, node, hearsay_mem_default()) != 0) {
        return refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE,
                      "no memory for the topology");
    }
    r->draws = true;
    r->admin->drawings++;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '{');
    put_head(&json, &status);
    if (seed) {
        put_network(&json, &map, node);
        hsy_map_fini(&map, hearsay_mem_default());
    } else {
        put_own(&json, &status, node, r->admin->runtime);
    }
    hsy_json_close(&json, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &json);
}
