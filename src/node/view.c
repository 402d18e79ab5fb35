/* Copies out of the node what people want to see. */
#include "node/view.h"

#include <string.h>

#include "base/addr.h"
#include "core/kept.h"
#include "core/lines.h"
#include "node/inner.h"

const char *hsy_view_state_text(enum hsy_view_state state)
{
    switch (state) {
    case HSY_VIEW_STARTING:
        return "starting";
    case HSY_VIEW_JOINING:
        return "joining";
    case HSY_VIEW_JOINED:
        return "joined";
    case HSY_VIEW_SERVING:
        return "serving";
    case HSY_VIEW_LEAVING:
        return "leaving";
    case HSY_VIEW_STOPPED:
        return "stopped";
    }
    return "?";
}

const char *hsy_view_peer_state_text(enum hsy_view_peer_state state)
{
    switch (state) {
    case HSY_PEER_ALIVE:
        return "alive";
    case HSY_PEER_DEAD:
        return "dead";
    case HSY_PEER_LEFT:
        return "left";
    case HSY_PEER_ABSENT:
        return "absent";
    }
    return "?";
}

const char *hsy_view_relay_text(enum hearsay_relay relay)
{
    switch (relay) {
    case HEARSAY_RELAY_TREE:
        return "tree";
    case HEARSAY_RELAY_FLOOD:
        return "flood";
    }
    return "?";
}

const char *hsy_view_link_relay_text(enum hsy_view_link_relay relay)
{
    switch (relay) {
    case HSY_VIEW_RELAY_NONE:
        return "none";
    case HSY_VIEW_RELAY_EAGER:
        return "eager";
    case HSY_VIEW_RELAY_LAZY:
        return "lazy";
    }
    return "?";
}

static enum hsy_view_state running_state(const struct hsy_core *core)
{
    if (!core->self.signed_once) {
        return HSY_VIEW_STARTING;
    }
    if (core->seed != NULL) {
        return HSY_VIEW_SERVING;
    }
    bool held = hsy_join_is_held(&core->join);
    return held && hsy_core_joined(core) ? HSY_VIEW_JOINED : HSY_VIEW_JOINING;
}

static enum hsy_view_state state_of(const struct hearsay_node *node)
{
    switch (node->core.phase) {
    case HSY_PHASE_COLD:
        return HSY_VIEW_STARTING;
    case HSY_PHASE_RUNNING:
        return running_state(&node->core);
    case HSY_PHASE_LEAVING:
        return HSY_VIEW_LEAVING;
    case HSY_PHASE_STOPPED:
        return HSY_VIEW_STOPPED;
    }
    return HSY_VIEW_STOPPED;
}

static void status_of_role(const struct hsy_core *core,
                           struct hsy_view_status *out)
{
    if (core->seed != NULL) {
        out->peers = hsy_registry_count(&core->seed->registry);
        out->dead = core->seed->registry.graves.count;
        out->components = core->seed->topology.components;
        out->cut_peers = core->seed->topology.cuts;
        out->seeds = hsy_lines_count(&core->env);
        return;
    }
    out->registered = hsy_join_registered(&core->join);
    out->quorum = hsy_join_quorum(&core->join);
    out->seeds = hsy_join_seeds(&core->join);
    out->peers = core->overlay.peers_count;
    out->degree = core->neighbours.degree;
    out->dialable = !core->self.undialable;
    out->last_seq = core->relay.publisher.last_seq;
}

static void copy_name(char out[HEARSAY_NAME_MAX + 1], const char *name,
                      uint8_t len)
{
    HSY_ASSERT(len <= HEARSAY_NAME_MAX);
    memcpy(out, name, len);
    out[len] = '\0';
}

void hsy_view_status(const struct hearsay_node *node, uint64_t now_ns,
                     struct hsy_view_status *out)
{
    const struct hsy_core *core = &node->core;

    HSY_ASSERT(out != NULL);
    *out = (struct hsy_view_status){.id = core->env.id,
                                    .role = core->env.config.role,
                                    .state = state_of(node),
                                    .relay = core->env.config.relay,
                                    .incarnation = core->self.incarnation,
                                    .counters = core->env.counters};
    const struct hearsay_config *config = &core->env.config;
    copy_name(out->name, config->name, (uint8_t)strlen(config->name));
    copy_name(out->network, config->network, (uint8_t)strlen(config->network));
    if (core->phase != HSY_PHASE_COLD) {
        out->uptime_ns = hsy_time_since(core->started_ns, now_ns);
    }
    if (hsy_core_joined(core)) {
        out->joined_after_ns =
            hsy_time_since(core->started_ns, core->env.joined_ns);
    }
    status_of_role(core, out);
}

bool hsy_view_counter(const struct hsy_counters *counters, uint32_t index,
                      const char **out_name, uint64_t *out_value)
{
    static const struct {
        const char *name;
        size_t offset;
    } table[] = {
#define X(name) {#name, offsetof(struct hsy_counters, name)},
        HSY_COUNTERS(X)
#undef X
    };

    if (index >= sizeof(table) / sizeof(table[0])) {
        return false;
    }
    *out_name = table[index].name;
    memcpy(out_value, (const uint8_t *)counters + table[index].offset,
           sizeof(*out_value));
    return true;
}

const char *hsy_view_lane_text(uint32_t lane)
{
    static const char *const names[] = {
        [HSY_LANE_CONTROL] = "control",
        [HSY_LANE_OWN] = "own",
        [HSY_LANE_FORWARDED] = "forwarded",
        [HSY_LANE_ANNOUNCE] = "announce",
    };

    _Static_assert(sizeof(names) / sizeof(names[0]) == HSY_LANES, "all");
    return lane < HSY_LANES ? names[lane] : NULL;
}

static enum hsy_view_link_relay relay_of(const struct hsy_neighbour *n)
{
    if (!n->overlay) {
        return HSY_VIEW_RELAY_NONE;
    }
    return n->eager ? HSY_VIEW_RELAY_EAGER : HSY_VIEW_RELAY_LAZY;
}

bool hsy_view_link(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_link *out)
{
    const struct hsy_neighbours *ns = &node->core.neighbours;

    if (index >= hsy_neighbours_count(ns)) {
        return false;
    }
    const struct hsy_neighbour *n = hsy_neighbour_at(ns, index);
    const struct hsy_conn *conn = hsy_conn_find(node, n->link);
    *out = (struct hsy_view_link){.link = n->link,
                                  .id = n->id,
                                  .addr = n->addr,
                                  .role = n->role,
                                  .accepted = n->accepted,
                                  .overlay = n->overlay,
                                  .relay = relay_of(n),
                                  .version = n->version,
                                  .rtt_ns = n->rtt_ns,
                                  .strikes = n->strikes};
    if (conn != NULL) {
        out->queue_bytes = hsy_conn_queued(conn);
        for (int i = 0; i < HSY_LANES; i++) {
            out->lanes[i] = hsy_lanes_len(conn->lanes, (enum hsy_lane)i);
        }
    }
    struct hsy_record record = hsy_kept_record(n->record);
    copy_name(out->name, record.name, record.name_len);
    return true;
}

static void peer_of_record(const struct hsy_record *record,
                           enum hsy_view_peer_state state, uint32_t degree,
                           struct hsy_view_peer *out)
{
    HSY_ASSERT(record->addrs_count <= HEARSAY_ADDRS_MAX);
    *out = (struct hsy_view_peer){.id = record->id,
                                  .role = record->role,
                                  .addrs_count = record->addrs_count,
                                  .incarnation = record->incarnation,
                                  .state = state,
                                  .degree = degree,
                                  .dialable = true};
    memcpy(out->addrs, record->addrs, sizeof(out->addrs));
    copy_name(out->name, record->name, record->name_len);
}

static bool registry_peer(const struct hsy_registry *r, uint32_t index,
                          struct hsy_view_peer *out)
{
    if (index < r->living.count) {
        const struct hsy_entry *e = hsy_table_at(&r->living, index);
        struct hsy_record record = hsy_kept_record(e->record);
        peer_of_record(&record, e->absent ? HSY_PEER_ABSENT : HSY_PEER_ALIVE,
                       e->degree, out);
        out->cut = e->cut && !e->absent;
        out->dialable = !hsy_entry_unreachable(e);
        return true;
    }
    index -= r->living.count;
    if (index >= r->graves.count) {
        return false;
    }
    const struct hsy_grave *g = hsy_table_at(&r->graves, index);
    peer_of_record(&g->record, g->left ? HSY_PEER_LEFT : HSY_PEER_DEAD, 0, out);
    return true;
}

bool hsy_view_peer(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_peer *out)
{
    const struct hsy_table *book = &node->core.book.by_id;

    HSY_ASSERT(out != NULL);
    if (node->core.seed != NULL) {
        return registry_peer(&node->core.seed->registry, index, out);
    }
    if (index >= book->count) {
        return false;
    }
    const struct hsy_contact *c = hsy_table_at(book, index);
    struct hsy_record record = hsy_kept_record(c->record);
    peer_of_record(&record, HSY_PEER_ALIVE, 0, out);
    return true;
}

bool hsy_view_members_listed(const struct hearsay_node *node)
{
    HSY_ASSERT(node != NULL);
    return node->core.members.known;
}

bool hsy_view_member(const struct hearsay_node *node, uint32_t *at,
                     struct hsy_view_peer *out)
{
    const struct hsy_table *list = &node->core.members.list;

    for (; *at < list->count; (*at)++) {
        const struct hsy_member *one = hsy_table_at(list, *at);
        if (one->present) {
            struct hsy_record record = hsy_kept_record(one->record);
            peer_of_record(&record, HSY_PEER_ALIVE, 0, out);
            (*at)++;
            return true;
        }
    }
    HSY_ASSERT(*at >= list->count);
    return false;
}

uint64_t hsy_view_incarnation(const struct hearsay_node *node)
{
    return node->core.self.incarnation;
}

uint32_t hsy_view_seen(const struct hearsay_node *node)
{
    HSY_ASSERT(node != NULL);
    return hsy_ml_count(&node->core.relay.seen);
}

/* Of a large message the bundle alone is of no use. */
static bool has_content(const struct hearsay_node *node,
                        const struct hsy_retained_bundle *b,
                        const struct hsy_bundle *bundle)
{
    const struct hsy_bulk_entry *e =
        hsy_bulk_find(&node->core.relay.bulk, &b->id);

    HSY_ASSERT(bundle->count >= 1);
    return !hsy_bundle_large(bundle) ||
           (e != NULL && e->state == HSY_BULK_COMPLETE);
}

bool hsy_view_kept(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_kept *out)
{
    const struct hsy_retained_bundle *b =
        hsy_retained_at(&node->core.relay.retained, index);
    if (b == NULL) {
        return false;
    }
    struct hsy_bundle bundle = hsy_retained_bundle(b);
    *out = (struct hsy_view_kept){
        .origin = bundle.origin,
        .epoch = bundle.epoch_incarnation,
        .first_seq = bundle.first_seq,
        .wall_ms = bundle.wall_ms,
        .count = has_content(node, b, &bundle) ? bundle.count : 0U};
    out->own = bundle.epoch_nonce == node->core.env.config.boot_nonce &&
               hsy_id_equal(&bundle.origin, &node->core.env.id);
    return true;
}

static bool registry_rank(const struct hsy_registry *r, uint32_t index,
                          struct hsy_view_rank *out)
{
    if (index < r->living.count) {
        const struct hsy_entry *e = hsy_table_at(&r->living, index);
        *out = (struct hsy_view_rank){.id = &e->id,
                                      .incarnation = e->incarnation,
                                      .state = e->absent ? HSY_PEER_ABSENT
                                                         : HSY_PEER_ALIVE};
        return true;
    }
    index -= r->living.count;
    if (index >= r->graves.count) {
        return false;
    }
    const struct hsy_grave *g = hsy_table_at(&r->graves, index);
    *out = (struct hsy_view_rank){.id = &g->id,
                                  .incarnation = g->incarnation,
                                  .state =
                                      g->left ? HSY_PEER_LEFT : HSY_PEER_DEAD};
    return true;
}

bool hsy_view_rank(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_rank *out)
{
    const struct hsy_table *book = &node->core.book.by_id;

    HSY_ASSERT(out != NULL);
    if (node->core.seed != NULL) {
        return registry_rank(&node->core.seed->registry, index, out);
    }
    if (index >= book->count) {
        return false;
    }
    const struct hsy_contact *c = hsy_table_at(book, index);
    uint64_t incarnation = hsy_kept_record_brief(c->record).incarnation;
    *out = (struct hsy_view_rank){
        .id = &c->id, .incarnation = incarnation, .state = HSY_PEER_ALIVE};
    return true;
}

struct hearsay_buf *hsy_view_content(const struct hearsay_node *node,
                                     const struct hsy_view_message *which)
{
    const struct hsy_bulk *bulk = &node->core.relay.bulk;

    HSY_ASSERT(which != NULL);
    for (uint32_t i = 0; i < bulk->table.count; i++) {
        const struct hsy_bulk_entry *e = hsy_bulk_at(bulk, i);
        struct hsy_message message;
        struct hsy_bundle bundle;
        if (e->state != HSY_BULK_COMPLETE ||
            !hsy_id_equal(&e->origin, &which->origin)) {
            continue;
        }
        hsy_bulk_message(e, &bundle, &message);
        if (bundle.epoch_incarnation == which->epoch &&
            bundle.first_seq == which->seq) {
            return hearsay_buf_ref(e->content);
        }
    }
    return NULL;
}
