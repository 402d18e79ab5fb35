/* All checkers around one cluster, and when each is told what. After a step,
 * only the node that stepped can have changed: a seed's list is read again,
 * and a peer's own incarnation. What takes a look at everybody (links of both
 * ends, address books, queues) is done every second of virtual time; the
 * judgement over all lists ten times a second. */
#include "sim/checks.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/time.h"
#include "core/registry.h"
#include "sim/check.h"
#include "sim/check_direct.h"
#include "wire/frames.h"

#include <string.h>

#define LOOK_NS (100 * HSY_MS)
#define ROUND_NS HSY_SECOND

/* In larger networks lists are read every second, not at every step. */
enum { SMALL_MAX = 128 };

/* Who keeps so much keeps everything that a run publishes in ten minutes. */
enum { RETAIN_ALL = 16384, RETAIN_ALL_BYTES = 32 << 20 };

struct hsy_checks {
    struct hearsay_mem mem;
    const struct hsy_cluster *cluster; /* Borrowed. */
    struct hsy_findings f;
    struct hsy_promises promises;
    struct hsy_fact_reader reader;
    struct hsy_check_broadcast broadcast;
    struct hsy_check_registry registry;
    struct hsy_check_overlay overlay;
    struct hsy_check_resource resource;
    struct hsy_check_direct direct;
    struct hsy_graph *graph;    /* Owned. */
    uint64_t look_ns, round_ns; /* When the next is due. */
};

static void promise(struct hsy_promises *p,
                    const struct hsy_cluster_config *config)
{
    const struct hearsay_config *roles[2] = {config->seed_config,
                                             config->peer_config};
    *p = (struct hsy_promises){.links_wanted = roles[1]->links_wanted};
    for (int i = 0; i < 2; i++) {
        p->links_max[i] = roles[i]->links_max;
        p->queue_max[i] = roles[i]->queue_max;
        p->jobs_max[i] = roles[i]->jobs_max;
        p->seen_max[i] = roles[i]->seen_max;
        p->ping_interval_ns =
            hsy_time_max(p->ping_interval_ns, roles[i]->ping_interval_ns);
        p->ping_timeout_ns =
            hsy_time_max(p->ping_timeout_ns, roles[i]->ping_timeout_ns);
    }
    /* The living, and graves. */
    p->list_max[0] = 2 * roles[0]->peers_max + HSY_GRAVES_EXTRA;
    p->list_max[1] = roles[1]->book_max;
    p->retain_ns = roles[1]->retain_ns;
    p->on_disk = roles[1]->retain_on_disk;
    p->ordered = roles[1]->ordered_wait_ns > 0;
    p->floods = roles[1]->relay == HEARSAY_RELAY_FLOOD;
    p->keeps_all = roles[1]->history == HEARSAY_UNLIMITED &&
                   roles[1]->retain_max >= RETAIN_ALL &&
                   roles[1]->retain_bytes >= RETAIN_ALL_BYTES &&
                   roles[1]->retain_ns >= 10 * HSY_MINUTE;
}

static int create_parts(struct hsy_checks *k,
                        const struct hsy_cluster_config *config,
                        struct hsy_ledger *ledger)
{
    uint32_t count = config->seeds + config->peers;
    int err = hsy_findings_init(&k->f, count, config->seeds, &k->mem);
    if (err == HEARSAY_OK) {
        err = hsy_check_broadcast_init(&k->broadcast, &k->f, ledger,
                                       &k->promises);
    }
    if (err == HEARSAY_OK) {
        err = hsy_check_registry_init(&k->registry, &k->f, &k->promises);
    }
    if (err == HEARSAY_OK) {
        err = hsy_check_overlay_init(&k->overlay, &k->f, &k->promises);
    }
    if (err == HEARSAY_OK) {
        err = hsy_check_direct_init(&k->direct, &k->f, k->cluster);
    }
    if (err == HEARSAY_OK) {
        hsy_check_resource_init(&k->resource, &k->f, &k->promises);
        err = hsy_graph_create(&k->graph, count, &k->mem);
    }
    return err;
}

int hsy_checks_create(struct hsy_checks **out,
                      const struct hsy_cluster_config *config,
                      const struct hsy_cluster *cluster,
                      struct hsy_ledger *ledger)
{
    HSY_ASSERT(cluster != NULL);
    HSY_ASSERT(ledger != NULL);
    struct hsy_checks *k = hsy_mem_zalloc(&config->mem, sizeof(*k));
    if (k == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    k->mem = config->mem;
    k->cluster = cluster;
    promise(&k->promises, config);
    hsy_fact_reader_init(&k->reader, cluster, &k->mem);
    int err = create_parts(k, config, ledger);
    if (err != HEARSAY_OK) {
        hsy_checks_destroy(k);
        return err;
    }
    k->f.armed[HSY_B5] = k->promises.ordered;
    *out = k;
    return HEARSAY_OK;
}

void hsy_checks_destroy(struct hsy_checks *k)
{
    if (k == NULL) {
        return;
    }
    struct hearsay_mem mem = k->mem; /* Outlives the memory that held it. */
    hsy_check_broadcast_fini(&k->broadcast);
    hsy_check_registry_fini(&k->registry);
    hsy_check_overlay_fini(&k->overlay);
    hsy_check_direct_fini(&k->direct);
    hsy_graph_destroy(k->graph);
    hsy_fact_reader_fini(&k->reader);
    if (k->f.count > 0) {
        hsy_findings_fini(&k->f);
    }
    hsy_mem_free(&mem, k);
}

/* ----------------------------------------------------------------- looking */

static void now(struct hsy_checks *k)
{
    k->f.now_ns = hsy_cluster_now(k->cluster);
}

/* Everything about @node. */
static void look_at(struct hsy_checks *k, uint32_t node)
{
    struct hsy_fact fact;
    int err = hsy_fact_reader_read(&k->reader, &fact, node,
                                   HSY_READ_LISTED | HSY_READ_LINKS);
    if (err != HEARSAY_OK) {
        hsy_findings_err(&k->f, err);
        return;
    }
    hsy_check_registry_fact(&k->registry, &fact);
    hsy_check_overlay_fact(&k->overlay, &fact);
    hsy_check_resource_fact(&k->resource, &fact);
    if (!fact.up) {
        hsy_check_broadcast_absent(&k->broadcast, node);
    } else if (!fact.has_say) {
        hsy_check_broadcast_disturbed(&k->broadcast, node);
    } else if (hsy_cluster_slowness(k->cluster, node) > 0 ||
               hsy_cluster_distance(k->cluster, node) > 0) {
        /* What it has got, or will have, it grafts meanwhile. */
        hsy_check_costs_disturbed(&k->broadcast);
    }
}

/* A link may take as long to be agreed on as its words are under way. */
static void allow_for_weather(struct hsy_checks *k)
{
    struct hsy_weather w = hsy_cluster_weather(k->cluster);
    uint64_t way_ns = hsy_time_add(w.latency_ns.max, w.tail_ns);
    if (w.bytes_per_s > 0) {
        way_ns =
            hsy_time_add(way_ns, w.window_len * HSY_SECOND / w.bytes_per_s);
    }
    uint64_t far_ns = 0;
    for (uint32_t i = 0; i < k->f.count; i++) {
        far_ns = hsy_time_max(far_ns, hsy_cluster_distance(k->cluster, i));
    }
    way_ns =
        hsy_time_add(way_ns, 2 * far_ns); /* From one far one to another. */
    k->overlay.grace_ns =
        hsy_time_max(k->overlay.grace_ns, hsy_time_add(way_ns, way_ns));
}

static void look_at_all(struct hsy_checks *k)
{
    allow_for_weather(k);
    /* Each one's own incarnation first: lists are judged by it. */
    for (uint32_t i = k->f.count; i > 0; i--) {
        look_at(k, i - 1);
    }
    hsy_check_overlay_judge(&k->overlay);
    hsy_check_registry_look(&k->registry);
    hsy_check_resource_look(&k->resource);
    hsy_check_broadcast_look(&k->broadcast);
    hsy_check_direct_look(&k->direct);
    k->round_ns = hsy_time_add(k->f.now_ns, ROUND_NS);
    k->look_ns = hsy_time_add(k->f.now_ns, LOOK_NS);
}

static void look_at_states(struct hsy_checks *k)
{
    for (uint32_t i = 0; i < k->f.count; i++) {
        if (hsy_cluster_process(k->cluster, i) == HSY_PROCESS_NONE) {
            hsy_check_broadcast_absent(&k->broadcast, i);
        } else if (hsy_cluster_process(k->cluster, i) != HSY_PROCESS_RUNNING) {
            hsy_check_broadcast_disturbed(&k->broadcast, i);
            hsy_check_direct_stalled(&k->direct, i);
        }
    }
    hsy_check_registry_look(&k->registry);
    k->look_ns = hsy_time_add(k->f.now_ns, LOOK_NS);
}

static bool is_small(const struct hsy_checks *k)
{
    return k->f.count <= SMALL_MAX;
}

/* @parts as in check.h. */
static void look_at_registry(struct hsy_checks *k, uint32_t node,
                             uint32_t parts)
{
    struct hsy_fact fact;
    int err = hsy_fact_reader_read(&k->reader, &fact, node, parts);
    if (err == HEARSAY_OK) {
        hsy_check_registry_fact(&k->registry, &fact);
    }
    hsy_findings_err(&k->f, err);
}

void hsy_checks_stepped(struct hsy_checks *k, uint32_t node)
{
    now(k);
    bool small = is_small(k);
    look_at_registry(k, node, small && node < k->f.seeds ? HSY_READ_LISTED : 0);
    if (k->f.err != HEARSAY_OK) {
        return;
    }
    if (k->f.now_ns >= k->round_ns) {
        look_at_all(k);
    } else if (small && k->f.now_ns >= k->look_ns) {
        look_at_states(k);
    }
}

int hsy_checks_look(struct hsy_checks *k)
{
    now(k);
    look_at_all(k);
    return k->f.err;
}

/* What every node keeps for others; see check_repair.c. */
static void tell_kept(struct hsy_checks *k)
{
    struct hsy_view_kept seen;
    for (uint32_t i = k->f.seeds; i < k->f.count; i++) {
        if (!k->graph->present[i]) {
            continue;
        }
        k->broadcast.wall_ms[i] = hsy_cluster_clock(k->cluster, i).wall_ms;
    }
    for (uint32_t i = k->f.seeds; i < k->f.count; i++) {
        const struct hearsay_node *node = hsy_cluster_node(k->cluster, i);
        for (uint32_t at = 0;
             k->graph->present[i] && hsy_view_kept(node, at, &seen); at++) {
            struct hsy_kept kept = {.node = i,
                                    .count = seen.count,
                                    .epoch = seen.epoch,
                                    .first_seq = seen.first_seq,
                                    .wall_ms = seen.wall_ms,
                                    .own = seen.own};
            if (hsy_cluster_find(k->cluster, &seen.origin, &kept.origin)) {
                hsy_check_repair_kept(&k->broadcast, k->graph, &kept);
            }
        }
    }
}

int hsy_checks_calm(struct hsy_checks *k)
{
    now(k);
    look_at_all(k);
    hsy_findings_err(&k->f, hsy_graph_read(k->graph, k->cluster));
    if (k->f.err != HEARSAY_OK) {
        return k->f.err;
    }
    uint32_t up = 0;
    for (uint32_t i = 0; i < k->f.count; i++) {
        up += hsy_cluster_node(k->cluster, i) != NULL ? 1 : 0;
    }
    tell_kept(k);
    hsy_check_broadcast_calm(&k->broadcast, k->graph);
    hsy_check_registry_calm(&k->registry);
    hsy_check_overlay_calm(&k->overlay, k->graph);
    /* Every peer may be registered with every seed. */
    hsy_check_resource_calm(&k->resource, up,
                            2 * (k->graph->links + k->f.seeds * up));
    return k->f.err;
}

/* ------------------------------------------------------------ the observer */

static void on_registered(struct hsy_checks *k, uint32_t node,
                          const struct hearsay_note *note)
{
    const struct hearsay_field *seed = hsy_note_find(note, "seed");
    const struct hearsay_field *have = hsy_note_find(note, "k");
    const struct hearsay_field *want = hsy_note_find(note, "q");
    struct hsy_claimed claim = {.peer = node};
    if (seed == NULL || have == NULL || want == NULL ||
        !hsy_cluster_find(k->cluster, &seed->id, &claim.seed) ||
        claim.seed >= k->f.seeds) {
        return;
    }
    claim.k = have->u64;
    claim.q = want->u64;
    /* The lists of a larger network were read up to a second ago. */
    bool stale = !is_small(k) && claim.k >= claim.q;
    for (uint32_t i = 0; i < k->f.seeds && stale; i++) {
        look_at_registry(k, i, HSY_READ_LISTED);
    }
    hsy_check_registry_claimed(&k->registry, &claim);
}

static void on_lost(struct hsy_checks *k, uint32_t node,
                    const struct hearsay_note *note)
{
    const struct hearsay_field *origin = hsy_note_find(note, "origin");
    const struct hearsay_field *epoch = hsy_note_find(note, "epoch");
    const struct hearsay_field *from = hsy_note_find(note, "from");
    const struct hearsay_field *to = hsy_note_find(note, "to");
    struct hsy_lost lost = {.node = node};
    if (origin != NULL && epoch != NULL && from != NULL && to != NULL &&
        hsy_cluster_find(k->cluster, &origin->id, &lost.origin)) {
        lost.epoch = epoch->u64;
        lost.from = from->u64;
        lost.to = to->u64;
        hsy_check_repair_lost(&k->broadcast, node, &lost);
    }
}

void hsy_checks_note(struct hsy_checks *k, uint32_t node,
                     const struct hearsay_note *note)
{
    now(k);
    bool peer = node >= k->f.seeds;
    if (strcmp(note->event, "registered") == 0) {
        hsy_check_resource_joined(&k->resource);
        on_registered(k, node, note);
    } else if (peer && strcmp(note->event, "connect") == 0) {
        hsy_check_resource_joined(&k->resource);
    } else if (peer && strcmp(note->event, "disconnect") == 0) {
        const struct hearsay_field *why = hsy_note_find(note, "why");
        hsy_check_broadcast_disturbed(&k->broadcast, node);
        if (why != NULL && strcmp(why->text, "silent") == 0) {
            hsy_check_resource_silent(&k->resource);
        }
    } else if (peer && strcmp(note->event, "lost") == 0) {
        on_lost(k, node, note);
    }
}

void hsy_checks_published(struct hsy_checks *k, uint32_t node, uint64_t seq)
{
    now(k);
    struct hsy_graph *graph = NULL;
    if (k->f.count <= HSY_WAVE_NODES_MAX) {
        hsy_findings_err(&k->f, hsy_graph_read(k->graph, k->cluster));
        graph = k->f.err == HEARSAY_OK ? k->graph : NULL;
    }
    hsy_check_broadcast_published(&k->broadcast, node, seq, graph);
}

void hsy_checks_delivered(struct hsy_checks *k, uint32_t node, int64_t origin,
                          const struct hearsay_message *message)
{
    now(k);
    if (message->query_ns > 0 && origin >= 0) {
        hsy_check_direct_heard(&k->direct, node, (uint32_t)origin,
                               message->seq);
    }
    hsy_check_broadcast_delivered(&k->broadcast, node, origin, message);
}

void hsy_checks_started(struct hsy_checks *k, uint32_t node)
{
    now(k);
    hsy_check_registry_started(&k->registry, node);
    hsy_check_broadcast_started(&k->broadcast, node);
}

void hsy_checks_ended(struct hsy_checks *k, uint32_t node)
{
    now(k);
    struct hsy_leftovers left = hsy_cluster_leftovers(k->cluster, node);
    hsy_check_registry_ended(&k->registry, node, left.writes);
    hsy_check_broadcast_disturbed(&k->broadcast, node);
    hsy_check_resource_ended(&k->resource, node, &left);
    hsy_check_direct_ended(&k->direct, node, left.by_itself);
}

void hsy_checks_asked(struct hsy_checks *k, uint32_t node, uint32_t to,
                      uint64_t number, const struct hsy_ask_for *what)
{
    now(k);
    hsy_check_direct_asked(
        &k->direct,
        &(struct hsy_direct_asked){.node = node,
                                   .life = hsy_cluster_life(k->cluster, node),
                                   .to = to == HSY_TO_ALL ? HSY_NODE_NONE : to,
                                   .number = number,
                                   .timeout_ns = what->timeout_ns,
                                   .payload = what->payload,
                                   .payload_len = what->payload_len});
}

void hsy_checks_told(struct hsy_checks *k, uint32_t node,
                     const struct hearsay_effect *fx)
{
    now(k);
    hsy_check_direct_told(&k->direct, node, fx);
}

const struct hsy_direct_totals *hsy_checks_direct(const struct hsy_checks *k)
{
    return &k->direct.totals;
}

/* REGISTERED of a seed: what a peer may count. */
static void on_answer(struct hsy_checks *k, uint32_t from, uint32_t to,
                      const struct hsy_frame_seen *seen)
{
    struct hsy_frame frame;
    if (from >= k->f.seeds ||
        hsy_frame_decode(&frame, seen->bytes, seen->len, NULL) != HEARSAY_OK ||
        frame.registered.verdict != HSY_REGISTERED_OK) {
        return;
    }
    hsy_check_registry_acked(&k->registry, from, to,
                             frame.registered.incarnation);
}

void hsy_checks_sent(struct hsy_checks *k, uint32_t from, uint32_t to,
                     const uint8_t *bytes, size_t len)
{
    now(k);
    struct hsy_frame_seen seen;
    size_t at = 0;
    while (hsy_check_next_frame(&seen, &at, bytes, len)) {
        hsy_check_broadcast_frame(&k->broadcast, &seen);
        hsy_check_resource_frame(&k->resource, &seen);
        if (seen.type == HSY_REGISTERED) {
            on_answer(k, from, to, &seen);
        }
    }
}

/* ----------------------------------------------------------------- answers */

void hsy_checks_arm(struct hsy_checks *k, enum hsy_invariant what, bool armed)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    k->f.armed[what] = armed;
}

bool hsy_checks_armed(const struct hsy_checks *k, enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return k->f.armed[what];
}

void hsy_checks_excuse(struct hsy_checks *k, enum hsy_invariant what,
                       uint32_t node)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    HSY_ASSERT(node < k->f.count);
    k->f.excused[node] |= UINT32_C(1) << (unsigned)what;
}

const struct hsy_broken *hsy_checks_first(const struct hsy_checks *k)
{
    return k->f.any ? &k->f.first : NULL;
}

const struct hsy_broken *hsy_checks_first_of(const struct hsy_checks *k,
                                             enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return k->f.broken[what] > 0 ? &k->f.firsts[what] : NULL;
}

uint32_t hsy_checks_count(const struct hsy_checks *k, enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return k->f.broken[what];
}

uint64_t hsy_checks_looked(const struct hsy_checks *k, enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return k->f.looked[what];
}

uint64_t hsy_checks_left_out(const struct hsy_checks *k)
{
    return k->broadcast.left_out;
}

void hsy_checks_set_fit(struct hsy_checks *k, const struct hsy_checks_fit *fit)
{
    k->overlay.fit = *fit;
}

struct hsy_costs hsy_checks_costs(const struct hsy_checks *k)
{
    return k->broadcast.costs;
}

void hsy_checks_set_meter(struct hsy_checks *k, const struct hsy_meter *meter,
                          uint64_t ceiling)
{
    k->resource.live_bytes = &meter->live_bytes;
    k->resource.ceiling = ceiling;
}
