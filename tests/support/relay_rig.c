/* A peer on recording ports. */
#include "support/relay_rig.h"

#include <string.h>

#include "core/lines.h"

enum { JOINED_S = 100 };

void relay_rig_init(struct relay_rig *rig)
{
    struct hsy_env *env = &rig->given;
    struct hearsay_config *config = &env->config;

    memset(rig, 0, sizeof(*rig));
    core_ports_init(&rig->ports, env);
    config->role = HEARSAY_PEER;
    config->relay = HEARSAY_RELAY_TREE;
    config->boot_nonce = 77;
    config->seen_max = 4096;
    config->jobs_max = 64;
    config->book_max = 16;
    config->links_wanted = 4;
    config->retain_max = 1024;
    config->spares_percent = 0;
    config->shortcuts = 3;
    config->seeds_count = 1;
    env->id = core_id('m', 0);
    env->peers_count = 1000;
    env->now.mono_ns += JOINED_S * HSY_SECOND;
    env->joined_ns = env->now.mono_ns - JOINED_S * HSY_SECOND;
    memcpy(rig->line.host, "10.9.9.9", sizeof("10.9.9.9"));
    rig->line.port = 9000;
    env->lines = hsy_lines_keep(env->pool, &env->mem, &rig->line, 1);
    HSY_ASSERT(env->lines != NULL);
}

void relay_rig_seeds(struct relay_rig *rig, uint32_t count)
{
    struct hearsay_seed lines[HEARSAY_SEEDS_MAX];
    struct hsy_env *env = &rig->given;

    HSY_ASSERT(count <= HEARSAY_SEEDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        lines[i] = rig->line;
        lines[i].port = (uint16_t)(9000 + i);
    }
    hsy_pool_drop(env->pool, env->lines);
    env->lines = hsy_lines_keep(env->pool, &env->mem, lines, count);
    HSY_ASSERT(env->lines != NULL);
    env->config.seeds_count = count;
}

void relay_rig_start(struct relay_rig *rig)
{
    int err = hsy_core_init(&rig->core, &rig->given);

    HSY_ASSERT(err == 0);
    rig->core.phase = HSY_PHASE_RUNNING;
    rig->core.env.joined_ns = rig->given.joined_ns;
    rig->ports.env = &rig->core.env;
    rig->core.self.incarnation = 5;
}

void relay_rig_begin(struct relay_rig *rig)
{
    relay_rig_init(rig);
    relay_rig_start(rig);
}

void relay_rig_links(struct relay_rig *rig, uint32_t links)
{
    for (uint32_t i = 0; i < links; i++) {
        (void)relay_rig_link(rig, 4 + 2 * i, 2);
    }
    relay_rig_forget(rig);
}

void relay_rig_begin_with(struct relay_rig *rig, uint32_t links)
{
    relay_rig_begin(rig);
    relay_rig_links(rig, links);
}

void relay_rig_fini(struct relay_rig *rig)
{
    hsy_core_fini(&rig->core);
    hsy_pool_drop(rig->given.pool, rig->given.lines);
    core_ports_fini(&rig->ports);
}

/* ------------------------------------------------------------------- time */

void relay_rig_tick(struct relay_rig *rig)
{
    hsy_relay_tick(&rig->core.relay);
    hsy_repair_tick(&rig->core.repair);
    hsy_directs_tick(&rig->core.directs);
    hsy_asked_tick(&rig->core.asked);
    hsy_queries_tick(&rig->core.queries);
    hsy_members_tick(&rig->core.members);
}

uint64_t relay_rig_deadline(const struct relay_rig *rig)
{
    uint64_t next_ns = hsy_time_min(hsy_relay_deadline(&rig->core.relay),
                                    rig->core.repair.next_ns);

    next_ns = hsy_time_min(next_ns, rig->core.directs.next_ns);
    next_ns = hsy_time_min(next_ns, rig->core.asked.next_ns);
    next_ns = hsy_time_min(next_ns, rig->core.members.next_ns);
    return hsy_time_min(next_ns, rig->core.queries.next_ns);
}

void relay_rig_pass(struct relay_rig *rig, uint64_t ns)
{
    struct hearsay_now *now = &rig->core.env.now;
    uint64_t ms = now->mono_ns / HSY_MS;

    now->mono_ns += ns;
    now->wall_ms += now->mono_ns / HSY_MS - ms;
}

void relay_rig_run_ns(struct relay_rig *rig, uint64_t ns)
{
    const struct hearsay_now *now = &rig->core.env.now;
    uint64_t until_ns = now->mono_ns + ns;

    relay_rig_tick(rig);
    while (relay_rig_deadline(rig) <= until_ns) {
        uint64_t next_ns = relay_rig_deadline(rig);
        if (next_ns > now->mono_ns) {
            relay_rig_pass(rig, next_ns - now->mono_ns);
        }
        relay_rig_tick(rig);
    }
    relay_rig_pass(rig, until_ns - now->mono_ns);
}

void relay_rig_run(struct relay_rig *rig, uint64_t ms)
{
    relay_rig_run_ns(rig, ms * HSY_MS);
}

const struct hsy_counters *relay_rig_counters(const struct relay_rig *rig)
{
    return &rig->core.env.counters;
}

struct hsy_relay *relay_rig_relay(struct relay_rig *rig)
{
    return &rig->core.relay;
}

struct hsy_tree *relay_rig_tree(struct relay_rig *rig)
{
    return &rig->core.relay.tree;
}

/* ------------------------------------------------------------------ links */

struct hsy_neighbour *relay_rig_neighbour(struct relay_rig *rig,
                                          hearsay_link link)
{
    struct hsy_neighbour *n =
        hsy_neighbour_by_link(&rig->core.neighbours, link);

    HSY_ASSERT(n != NULL);
    return n;
}

struct hsy_neighbour *relay_rig_link(struct relay_rig *rig, hearsay_link link,
                                     uint8_t version)
{
    struct hsy_record record = core_record('p', (uint32_t)link, 1);
    struct hsy_neighbour *n = NULL;
    int err = hsy_neighbour_add(&rig->core.neighbours, &n, link, &record);

    HSY_ASSERT(err == 0);
    n->version = version;
    n->accepted = (link & 1) != 0;
    n->since_ns = rig->core.env.now.mono_ns;
    n->heard_ns = rig->core.env.now.mono_ns;
    hsy_neighbour_set_overlay(&rig->core.neighbours, n, true, !n->accepted);
    hsy_relay_link_up(&rig->core.relay, n);
    hsy_repair_link_up(&rig->core.repair, n);
    return n;
}

void relay_rig_unlink(struct relay_rig *rig, hearsay_link link)
{
    struct hsy_neighbour gone = *relay_rig_neighbour(rig, link);

    hsy_neighbour_remove(&rig->core.neighbours, relay_rig_neighbour(rig, link));
    hsy_tree_link_down(&rig->core.relay.tree, &gone);
    hsy_repair_link_down(&rig->core.repair, link);
    hsy_bulk_link_down(&rig->core.relay.bulk, link);
}

void relay_rig_eager(struct relay_rig *rig, hearsay_link link, bool eager)
{
    struct hsy_neighbour *n = relay_rig_neighbour(rig, link);

    n->eager = eager;
    hsy_announce_begin(&rig->core.relay.tree.announce, n);
}

void relay_rig_frame(struct relay_rig *rig, hearsay_link link,
                     const struct hsy_frame *frame)
{
    bool lawful = hsy_core_frame(&rig->core, link, frame);

    HSY_ASSERT(lawful);
}

/* ---------------------------------------------------------------- bundles */

struct hsy_epoch relay_rig_epoch(uint32_t number)
{
    return (struct hsy_epoch){
        .origin = core_id('o', number), .incarnation = 1, .nonce = 9};
}

struct hsy_bundle relay_rig_bundle(const struct relay_rig *rig, uint32_t number,
                                   uint64_t seq, uint16_t count)
{
    static uint8_t bytes[4096];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_epoch of = relay_rig_epoch(number);
    struct hsy_bundle bundle = {.origin = of.origin,
                                .epoch_incarnation = of.incarnation,
                                .epoch_nonce = of.nonce,
                                .first_seq = seq,
                                .wall_ms = rig->given.now.wall_ms,
                                .messages = bytes};
    struct hsy_message message = {.topic = (const uint8_t *)"",
                                  .payload = (const uint8_t *)"hi",
                                  .payload_len = 2};

    for (uint16_t i = 0; i < count; i++) {
        hsy_messages_add(&out, &bundle, &message);
    }
    HSY_ASSERT(!out.bad);
    return bundle;
}

struct hsy_origin *relay_rig_origin(struct relay_rig *rig, uint32_t number)
{
    struct hsy_epoch of = relay_rig_epoch(number);

    return hsy_origin_find(&rig->core.relay.origins, &of);
}

struct hsy_bundle_id relay_rig_id(struct relay_rig *rig,
                                  const struct hsy_bundle *bundle)
{
    struct hsy_bundle_id id;

    rig->given.ports.bundle_id(&rig->ports, &id, bundle);
    return id;
}

bool relay_rig_hear(struct relay_rig *rig, hearsay_link link,
                    const struct hsy_bundle *bundle, uint8_t flags)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE, .flags = flags};

    frame.bundle.hops = 1;
    frame.bundle.bundle = *bundle;
    if (!hsy_core_wants(&rig->core, link, &frame)) {
        return false;
    }
    relay_rig_frame(rig, link, &frame);
    return true;
}

bool relay_rig_hear_one(struct relay_rig *rig, hearsay_link link,
                        uint32_t number, uint64_t seq)
{
    struct hsy_bundle bundle = relay_rig_bundle(rig, number, seq, 1);

    return relay_rig_hear(rig, link, &bundle, 0);
}

void relay_rig_ihave(struct relay_rig *rig, hearsay_link link,
                     const struct hsy_bundle_id *id)
{
    struct hsy_frame frame = {.type = HSY_IHAVE};

    frame.ihave = (struct hsy_bundle_ids){.bytes = id->bytes, .count = 1};
    relay_rig_frame(rig, link, &frame);
}

void relay_rig_graft(struct relay_rig *rig, hearsay_link link,
                     const struct hsy_bundle_id *id, bool last_parent)
{
    struct hsy_frame frame = {.type = HSY_GRAFT};

    frame.graft.last_parent = last_parent;
    frame.graft.ids = (struct hsy_bundle_ids){
        .count = id == NULL ? 0 : 1, .bytes = id == NULL ? NULL : id->bytes};
    relay_rig_frame(rig, link, &frame);
}

void relay_rig_prune(struct relay_rig *rig, hearsay_link link,
                     enum hsy_prune_why why)
{
    struct hsy_frame frame = {.type = HSY_PRUNE};

    frame.prune.why = why;
    relay_rig_frame(rig, link, &frame);
}

void relay_rig_root(struct relay_rig *rig, hearsay_link link,
                    const struct hsy_root *root)
{
    struct hsy_frame frame = {.type = HSY_ROOT, .root = *root};

    relay_rig_frame(rig, link, &frame);
}

/* ---------------------------------------------------------------- way out */

uint32_t relay_rig_sent(const struct relay_rig *rig, hearsay_link link,
                        enum hsy_frame_type type)
{
    return core_ports_sent(&rig->ports, link, type);
}

struct hsy_frame relay_rig_last(const struct relay_rig *rig, hearsay_link link,
                                enum hsy_frame_type type)
{
    struct hsy_frame frame;
    bool there = core_ports_last(&rig->ports, link, type, &frame);

    HSY_ASSERT(there);
    return frame;
}

void relay_rig_forget(struct relay_rig *rig)
{
    core_ports_forget_sent(&rig->ports);
}

int relay_rig_publish(struct relay_rig *rig, const char *text)
{
    struct hsy_message message = {.topic = (const uint8_t *)"",
                                  .payload = (const uint8_t *)text,
                                  .payload_len = (uint32_t)strlen(text)};

    return hsy_publish(&rig->core.relay.publisher, rig->core.self.incarnation,
                       &message, NULL);
}

/* As decoding finds it. */
static bool has_query(const struct hsy_bundle *bundle)
{
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_message message;
    bool asks = false;

    while (hsy_messages_next(&at, &message)) {
        asks = asks || message.query_ms > 0;
    }
    return asks;
}

bool relay_rig_sign(struct relay_rig *rig)
{
    struct core_ports *cp = &rig->ports;

    if (cp->signables_count == 0) {
        return false;
    }
    struct hsy_signable what = cp->signables[0];
    struct hsy_blob *messages = cp->signed_messages[0];
    HSY_ASSERT(what.kind == HSY_SIGN_BUNDLE || what.kind == HSY_SIGN_DIRECT);
    cp->signables_count--;
    memmove(&cp->signables[0], &cp->signables[1],
            cp->signables_count * sizeof(cp->signables[0]));
    memmove(&cp->signed_messages[0], &cp->signed_messages[1],
            cp->signables_count * sizeof(cp->signed_messages[0]));
    if (what.kind == HSY_SIGN_BUNDLE) {
        what.bundle.sig.bytes[0] = 1;
        what.bundle.asks = has_query(&what.bundle);
    } else {
        what.direct.sig.bytes[0] = 1;
    }
    hsy_core_signed(&rig->core, &what);
    hsy_pool_drop(&cp->pool, messages);
    return true;
}

void relay_rig_sign_all(struct relay_rig *rig)
{
    while (relay_rig_sign(rig)) {
    }
}

struct hsy_root relay_rig_root_of(uint32_t number, uint8_t rank, uint32_t round)
{
    return (struct hsy_root){
        .rank = rank, .id = core_id('r', number), .round = round};
}

bool relay_rig_has_root(struct relay_rig *rig, uint32_t number)
{
    const struct hsy_shape *shape = &relay_rig_tree(rig)->shape;
    struct hearsay_id id = core_id('r', number);

    return shape->has_root && memcmp(&shape->root.id, &id, sizeof(id)) == 0;
}
