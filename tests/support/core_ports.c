/* Recording ports, and a seed on them. */
#include "support/core_ports.h"

#include "base/addr.h"
#include "core/lines.h"

#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- ports */

static void *grown(void *items, uint32_t *room, uint32_t count, size_t len)
{
    if (count < *room) {
        return items;
    }
    *room = *room == 0 ? 64 : *room * 2;
    void *more = realloc(items, *room * len);
    HSY_ASSERT(more != NULL);
    return more;
}

static void port_send(void *ctx, const hearsay_link *links, uint32_t count,
                      const struct hsy_frame *frame)
{
    struct core_ports *cp = ctx;
    struct hsy_writer size = hsy_writer_count();

    hsy_frame_encode(&size, frame);
    for (uint32_t i = 0; i < count; i++) {
        cp->sent =
            grown(cp->sent, &cp->sent_room, cp->sent_count, sizeof(*cp->sent));
        struct core_sent *sent = &cp->sent[cp->sent_count];
        sent->link = links[i];
        sent->len = (uint32_t)size.len;
        sent->bytes = malloc(size.len);
        HSY_ASSERT(sent->bytes != NULL);
        struct hsy_writer out = hsy_writer(sent->bytes, size.len);
        hsy_frame_encode(&out, frame);
        HSY_ASSERT(!out.bad);
        cp->sent_count++;
    }
}

static hearsay_link open_dial(struct core_ports *cp, struct core_dial *dial,
                              const char *host, uint16_t port,
                              const struct hearsay_id *expect)
{
    *dial = (struct core_dial){
        .port = port, .at_ns = cp->env->now.mono_ns, .open = true};
    strncpy(dial->host, host, sizeof(dial->host) - 1);
    if (expect != NULL) {
        dial->expect = *expect;
    }
    cp->next_link += 2;
    dial->link = cp->next_link;
    return dial->link;
}

static hearsay_link port_dial(void *ctx, const char *host, uint16_t port,
                              const struct hearsay_id *expect)
{
    struct core_ports *cp = ctx;

    if (cp->no_room) {
        return 0;
    }
    HSY_ASSERT(cp->dials_count < CORE_DIALS_MAX);
    cp->dials_count++;
    return open_dial(cp, &cp->dials[cp->dials_count - 1], host, port, expect);
}

/* The first ones are kept. */
static hearsay_link port_feel(void *ctx, const char *host, uint16_t port,
                              const struct hearsay_id *expect)
{
    struct core_ports *cp = ctx;
    struct core_dial unkept;

    if (cp->no_room) {
        return 0;
    }
    bool kept = cp->feels_count < CORE_DIALS_MAX;
    struct core_dial *dial = kept ? &cp->feels[cp->feels_count] : &unkept;
    cp->feels_count += kept ? 1 : 0;
    return open_dial(cp, dial, host, port, expect);
}

static void port_hang_up(void *ctx, hearsay_link link, unsigned code,
                         const char *text)
{
    struct core_ports *cp = ctx;

    (void)code;
    (void)text;
    HSY_ASSERT(cp->hang_ups_count < CORE_HANG_UPS_MAX);
    cp->hang_ups[cp->hang_ups_count] = link;
    cp->hang_ups_count++;
}

/* Topic and payload in one piece, which the pool keeps. */
static void keep_content(struct core_ports *cp, struct hsy_direct *direct)
{
    uint8_t bytes[HSY_TOPIC_MAX + HEARSAY_DIRECT_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    hsy_put_bytes(&out, direct->topic, direct->topic_len);
    hsy_put_bytes(&out, direct->payload, direct->payload_len);
    if (out.len == 0) {
        return;
    }
    struct hsy_blob *content =
        hsy_pool_put(&cp->pool, bytes, (uint32_t)out.len);
    HSY_ASSERT(content != NULL);
    cp->signed_messages[cp->signables_count] = content;
    direct->topic = content->bytes;
    direct->payload = content->bytes + direct->topic_len;
}

static bool port_sign(void *ctx, const struct hsy_signable *what)
{
    struct core_ports *cp = ctx;

    if (cp->no_room) {
        return false;
    }
    HSY_ASSERT(cp->signables_count < CORE_SIGNABLES_MAX);
    struct hsy_signable *kept = &cp->signables[cp->signables_count];
    *kept = *what;
    cp->signed_messages[cp->signables_count] = NULL;
    if (what->kind == HSY_SIGN_BUNDLE) {
        struct hsy_blob *messages = hsy_pool_put(
            &cp->pool, what->bundle.messages, what->bundle.messages_len);
        HSY_ASSERT(messages != NULL);
        cp->signed_messages[cp->signables_count] = messages;
        kept->bundle.messages = messages->bytes;
    }
    if (what->kind == HSY_SIGN_DIRECT) {
        keep_content(cp, &kept->direct);
    }
    cp->signables_count++;
    return true;
}

void core_ports_forget_signables(struct core_ports *cp)
{
    for (uint32_t i = 0; i < cp->signables_count; i++) {
        hsy_pool_drop(&cp->pool, cp->signed_messages[i]);
    }
    cp->signables_count = 0;
}

static uint64_t port_persist(void *ctx, const struct hearsay_row *rows,
                             uint32_t count)
{
    struct core_ports *cp = ctx;

    cp->token++;
    for (uint32_t i = 0; i < count; i++) {
        cp->rows =
            grown(cp->rows, &cp->rows_room, cp->rows_count, sizeof(*cp->rows));
        struct core_row *row = &cp->rows[cp->rows_count];
        *row = (struct core_row){.token = cp->token,
                                 .table = rows[i].table,
                                 .key_len = (uint32_t)rows[i].key_len,
                                 .value_len = rows[i].value_len};
        HSY_ASSERT(rows[i].key_len <= sizeof(row->key));
        memcpy(row->key, rows[i].key, rows[i].key_len);
        if (rows[i].value != NULL) {
            row->value = malloc(rows[i].value_len);
            HSY_ASSERT(row->value != NULL);
            memcpy(row->value, rows[i].value, rows[i].value_len);
        }
        cp->rows_count++;
    }
    return cp->token;
}

uint64_t core_sum(const uint8_t *bytes, size_t len)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static void port_deliver(void *ctx, const struct hearsay_message *message)
{
    struct core_ports *cp = ctx;

    if (cp->deliveries_count < CORE_DELIVERIES_MAX) {
        cp->deliveries[cp->deliveries_count] = (struct core_delivery){
            .origin = message->origin,
            .epoch = message->epoch,
            .seq = message->seq,
            .missing = message->missing,
            .again = message->again,
            .len = message->payload_len,
            .sum = core_sum(message->payload, message->payload_len)};
    }
    cp->deliveries_count++;
}

static bool port_tell(void *ctx, const struct hearsay_effect *fx)
{
    struct core_ports *cp = ctx;
    struct core_told *told = &cp->told[cp->told_count];

    if (cp->tells_nothing) {
        return false;
    }
    HSY_ASSERT(cp->told_count < CORE_TOLD_MAX);
    *told = (struct core_told){.kind = fx->kind};
    if (fx->kind == HEARSAY_FX_DELIVER) {
        told->number = fx->message->seq;
        told->who = fx->message->origin;
    } else if (fx->kind == HEARSAY_FX_RECEIPT) {
        told->number = fx->receipt.number;
        told->who = fx->receipt.to;
        told->outcome = fx->receipt.outcome;
    } else if (fx->kind == HEARSAY_FX_ANSWER) {
        told->number = fx->answer.seq;
        told->who = fx->answer.from;
    } else if (fx->kind == HEARSAY_FX_MEMBER) {
        told->number = fx->member->incarnation;
        told->who = fx->member->id;
        told->member = *fx->member;
        told->member.name = "";
        for (uint32_t i = 0; i < fx->member->by_count && i < 8; i++) {
            told->missing[i] = fx->member->by[i];
        }
    } else {
        told->number = fx->summary->seq;
        told->summary = *fx->summary;
        for (uint32_t i = 0; i < fx->summary->missing_listed && i < 8; i++) {
            told->missing[i] = fx->summary->missing[i];
        }
    }
    cp->told_count++;
    return true;
}

uint32_t core_ports_told(const struct core_ports *cp,
                         enum hearsay_effect_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cp->told_count; i++) {
        count += cp->told[i].kind == kind ? 1 : 0;
    }
    return count;
}

const struct core_told *core_ports_told_last(const struct core_ports *cp,
                                             enum hearsay_effect_kind kind)
{
    for (uint32_t i = cp->told_count; i > 0; i--) {
        if (cp->told[i - 1].kind == kind) {
            return &cp->told[i - 1];
        }
    }
    return NULL;
}

static void port_note(void *ctx, const struct hearsay_note *note)
{
    struct core_ports *cp = ctx;

    if (cp->notes_count == CORE_NOTES_MAX) {
        return;
    }
    struct core_note *kept = &cp->notes[cp->notes_count];
    *kept = (struct core_note){.event = note->event};
    for (uint32_t i = HEARSAY_FIELDS_MAX; i > 0; i--) {
        const struct hearsay_field *field = &note->fields[i - 1];
        if (field->kind == HEARSAY_FIELD_ID) {
            kept->id = field->id;
        }
        if (field->kind == HEARSAY_FIELD_TEXT) {
            strncpy(kept->text, field->text, sizeof(kept->text) - 1);
        }
        if (field->kind == HEARSAY_FIELD_U64) {
            bool from = strcmp(field->key, "from") == 0;
            bool to = strcmp(field->key, "to") == 0;
            kept->from = from ? field->u64 : kept->from;
            kept->to = to ? field->u64 : kept->to;
        }
    }
    cp->notes_count++;
}

static void port_stop(void *ctx, enum hearsay_stop why, const char *text)
{
    struct core_ports *cp = ctx;

    (void)why;
    (void)text;
    cp->stopped = true;
}

static uint32_t port_waiting(void *ctx, hearsay_link link)
{
    const struct core_ports *cp = ctx;

    HSY_ASSERT(link != 0);
    return cp->waits_on == 0 || cp->waits_on == link ? cp->waiting : 0;
}

/* Of all its bytes, as the true one; but the number can be read in it. */
static void port_bundle_id(void *ctx, struct hsy_bundle_id *out,
                           const struct hsy_bundle *bundle)
{
    static uint8_t room[HSY_BUNDLE_LEN_MAX];
    size_t len = 0;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    const uint8_t *bytes = hsy_bundle_encoded(bundle, room, &len);

    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    memcpy(out->bytes, &bundle->first_seq, 8);
    memcpy(out->bytes + 8, &hash, 8);
}

static void port_hash(void *ctx, uint8_t out[HSY_PIECE_HASH_LEN],
                      const uint8_t *bytes, size_t len)
{
    uint64_t sum = core_sum(bytes, len);

    (void)ctx;
    memcpy(out, &sum, 8);
    memcpy(out + 8, &sum, 8);
}

static void port_serve(void *ctx, hearsay_link link)
{
    struct core_ports *cp = ctx;

    cp->served = link;
    cp->serves_count++;
}

static void port_direct_id(void *ctx, struct hsy_bundle_id *out,
                           const struct hsy_direct *direct)
{
    static uint8_t room[HSY_DIRECT_LEN_MAX];
    struct hsy_writer bytes = hsy_writer(room, sizeof(room));
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    (void)ctx;
    hsy_put_direct(&bytes, direct);
    HSY_ASSERT(!bytes.bad);
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ room[i]) * UINT64_C(0x100000001b3);
    }
    memset(out->bytes, 0, 8);
    memcpy(out->bytes + 8, &hash, 8);
}

void core_ports_init(struct core_ports *cp, struct hsy_env *env)
{
    struct hearsay_config *config = &env->config;

    *cp = (struct core_ports){.env = env};
    *env = (struct hsy_env){.mem = *hearsay_mem_default()};
    env->ports = (struct hsy_ports){.ctx = cp,
                                    .send = port_send,
                                    .dial = port_dial,
                                    .feel = port_feel,
                                    .hang_up = port_hang_up,
                                    .sign = port_sign,
                                    .persist = port_persist,
                                    .deliver = port_deliver,
                                    .note = port_note,
                                    .stop = port_stop,
                                    .waiting = port_waiting,
                                    .bundle_id = port_bundle_id,
                                    .hash = port_hash,
                                    .serve = port_serve,

                                    .direct_id = port_direct_id,
                                    .tell = port_tell};
    /* Some day in 2026; the monotonic clock starts at one second. */
    env->now = (struct hearsay_now){.mono_ns = HSY_SECOND,
                                    .wall_ms = UINT64_C(1790000000000)};
    config->role = HEARSAY_SEED;
    config->name = "rig";
    config->network = "test";
    config->rng_seed = 7;
    config->ping_interval_ns = 13 * HSY_SECOND;
    config->ping_timeout_ns = 3 * HSY_SECOND;
    config->lease_ns = 10 * HSY_MINUTE;
    config->seeds_count = 1;
    config->links_max = 4096;
    config->peers_max = 4096;
    config->queue_max = 256 * 1024;
    config->retain_max = 64;
    config->retain_bytes = 1024 * 1024;
    config->retain_ns = 10 * HSY_MINUTE;
    config->bulk_bytes = 16 * 1024 * 1024;
    config->payload_max = HEARSAY_PAYLOAD_MAX;
    config->origins_max = 64;
    config->history = HEARSAY_UNLIMITED;
    config->announce_ns = 50 * HSY_MS;
    config->mem = env->mem;
    hsy_prng_init(&env->prng, config->rng_seed);
    hsy_pool_init(&cp->pool, &env->mem, 7);
    env->pool = &cp->pool;
}

void core_ports_use_mem(struct core_ports *cp, struct hsy_env *env,
                        const struct hearsay_mem *mem)
{
    hsy_pool_fini(&cp->pool);
    env->mem = *mem;
    hsy_pool_init(&cp->pool, &env->mem, 7);
}

void core_ports_forget_sent(struct core_ports *cp)
{
    for (uint32_t i = 0; i < cp->sent_count; i++) {
        free(cp->sent[i].bytes);
    }
    cp->sent_count = 0;
}

void core_ports_fini(struct core_ports *cp)
{
    core_ports_forget_sent(cp);
    core_ports_forget_signables(cp);
    free(cp->sent);
    for (uint32_t i = 0; i < cp->rows_count; i++) {
        free(cp->rows[i].value);
    }
    free(cp->rows);
    cp->sent = NULL;
    cp->rows = NULL;
    hsy_pool_fini(&cp->pool);
}

static bool is_of(const struct core_sent *sent, hearsay_link link,
                  enum hsy_frame_type type)
{
    return (link == 0 || sent->link == link) && sent->bytes[4] == type;
}

uint32_t core_ports_sent(const struct core_ports *cp, hearsay_link link,
                         enum hsy_frame_type type)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cp->sent_count; i++) {
        count += is_of(&cp->sent[i], link, type) ? 1 : 0;
    }
    return count;
}

bool core_ports_last(const struct core_ports *cp, hearsay_link link,
                     enum hsy_frame_type type, struct hsy_frame *out)
{
    for (uint32_t i = cp->sent_count; i > 0; i--) {
        const struct core_sent *sent = &cp->sent[i - 1];
        if (is_of(sent, link, type)) {
            int err = hsy_frame_decode(out, sent->bytes, sent->len, NULL);
            HSY_ASSERT(err == 0);
            return true;
        }
    }
    return false;
}

uint32_t core_ports_noted(const struct core_ports *cp, const char *event)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cp->notes_count; i++) {
        count += strcmp(cp->notes[i].event, event) == 0 ? 1 : 0;
    }
    return count;
}

const struct core_note *core_ports_note(const struct core_ports *cp,
                                        const char *event)
{
    for (uint32_t i = cp->notes_count; i > 0; i--) {
        if (strcmp(cp->notes[i - 1].event, event) == 0) {
            return &cp->notes[i - 1];
        }
    }
    return NULL;
}

struct hearsay_id core_id(char letter, uint32_t number)
{
    struct hearsay_id id = {{(uint8_t)letter}};

    id.bytes[1] = (uint8_t)(number >> 8);
    id.bytes[2] = (uint8_t)number;
    return id;
}

struct hsy_record core_record(char letter, uint32_t number,
                              uint64_t incarnation)
{
    struct hsy_record record = {.id = core_id(letter, number),
                                .incarnation = incarnation,
                                .boot_nonce = 1,
                                .issued_ms = 1000,
                                .role =
                                    letter == 's' ? HEARSAY_SEED : HEARSAY_PEER,
                                .addrs_count = 1};
    struct hearsay_addr *addr = &record.addrs[0];

    addr->ip[10] = 0xff;
    addr->ip[11] = 0xff;
    addr->ip[12] = 10;
    addr->ip[14] = (uint8_t)(number >> 8);
    addr->ip[15] = (uint8_t)number;
    addr->port = 7000;
    record.sig.bytes[0] = (uint8_t)letter;
    return record;
}

/* ------------------------------------------------------------------ seeds */

void core_rig_relist(struct core_rig *rig)
{
    struct hsy_env *env = &rig->env;

    hsy_pool_drop(env->pool, env->lines);
    env->lines = hsy_lines_keep(env->pool, &env->mem, rig->lines,
                                env->config.seeds_count);
    HSY_ASSERT(env->lines != NULL);
}

void core_rig_init(struct core_rig *rig, uint32_t number, uint32_t count)
{
    struct hsy_env *env = &rig->env;

    memset(rig, 0, sizeof(*rig));
    core_ports_init(&rig->ports, env);
    env->id = core_id('s', number);
    for (uint32_t i = 0; i < count; i++) {
        struct hearsay_seed *line = &rig->lines[i];
        memcpy(line->host, "10.9.9.9", sizeof("10.9.9.9"));
        line->port = (uint16_t)(9000 + i);
        line->pinned = true;
        line->id = core_id('s', i);
    }
    env->config.seeds_count = count;
    core_rig_relist(rig);
    env->config.rng_seed += number;
    hsy_neighbours_init(&rig->neighbours, env);
    hsy_probes_init(&rig->probes, env);
    hsy_seed_init(&rig->seed, env, &rig->neighbours, &rig->probes);
}

static void tick(struct core_rig *rig)
{
    hsy_probes_tick(&rig->probes);
    hsy_seed_tick(&rig->seed);
}

void core_rig_start(struct core_rig *rig)
{
    hsy_seed_start(&rig->seed);
    tick(rig);
}

void core_rig_fini(struct core_rig *rig)
{
    hsy_seed_fini(&rig->seed);
    hsy_probes_fini(&rig->probes);
    hsy_neighbours_fini(&rig->neighbours);
    hsy_pool_drop(rig->env.pool, rig->env.lines);
    core_ports_fini(&rig->ports);
}

static void set_time(struct core_rig *rig, uint64_t now_ns)
{
    struct hearsay_now *now = &rig->env.now;

    HSY_ASSERT(now_ns >= now->mono_ns);
    uint64_t passed_ns = now_ns - now->mono_ns;
    now->mono_ns = now_ns;
    now->wall_ms += passed_ns / HSY_MS;
}

void core_rig_run(struct core_rig *rig, uint64_t ms)
{
    uint64_t until_ns = rig->env.now.mono_ns + ms * HSY_MS;

    tick(rig);
    for (;;) {
        uint64_t next_ns = hsy_time_min(rig->probes.next_ns, rig->seed.next_ns);
        if (next_ns > until_ns) {
            break;
        }
        set_time(rig, hsy_time_max(next_ns, rig->env.now.mono_ns));
        tick(rig);
    }
    set_time(rig, until_ns);
}

struct hsy_neighbour *core_rig_link(struct core_rig *rig, hearsay_link link,
                                    const struct hsy_record *record)
{
    struct hsy_neighbour *n = NULL;
    hearsay_link own_dial = 0;

    for (uint32_t i = 0; i < rig->ports.dials_count; i++) {
        struct core_dial *dial = &rig->ports.dials[i];
        if (dial->link == link) {
            dial->open = false;
            own_dial = link;
        }
    }
    int err = hsy_neighbour_add(&rig->neighbours, &n, link, record);
    HSY_ASSERT(err == 0);
    n->version = HSY_PROTOCOL_MAX;
    n->accepted = own_dial == 0;
    n->since_ns = rig->env.now.mono_ns;
    n->heard_ns = rig->env.now.mono_ns;
    n->addr = record->addrs[0];
    hsy_probe_answered(&rig->probes, &record->id);
    hsy_seed_link_up(&rig->seed, n, own_dial);
    return n;
}

void core_rig_unlink(struct core_rig *rig, const struct hearsay_id *id)
{
    struct hsy_neighbour *n = hsy_neighbour_by_id(&rig->neighbours, id);

    HSY_ASSERT(n != NULL);
    struct hsy_neighbour gone = *n;
    hsy_neighbour_remove(&rig->neighbours, n);
    hsy_seed_link_down(&rig->seed, &gone, HEARSAY_DOWN_RESET);
}

bool core_rig_frame(struct core_rig *rig, const struct hearsay_id *id,
                    const struct hsy_frame *frame)
{
    struct hsy_neighbour *n = hsy_neighbour_by_id(&rig->neighbours, id);

    HSY_ASSERT(n != NULL);
    n->heard_ns = rig->env.now.mono_ns;
    if (frame->type == HSY_PONG) {
        return hsy_seed_pong(&rig->seed, n, frame->pong);
    }
    return hsy_seed_frame(&rig->seed, n, frame);
}

void core_rig_register(struct core_rig *rig, const struct hsy_record *record)
{
    struct hsy_frame frame = {.type = HSY_REGISTER, .reg = *record};

    bool taken = core_rig_frame(rig, &record->id, &frame);
    HSY_ASSERT(taken);
}

void core_rig_links(struct core_rig *rig, const struct hearsay_id *from,
                    uint64_t version, const struct hearsay_id *to,
                    uint32_t count)
{
    struct hsy_frame frame = {.type = HSY_LINKS};
    const struct hsy_entry *e = hsy_registry_find(&rig->seed.registry, from);

    HSY_ASSERT(e != NULL);
    frame.links.id = *from;
    frame.links.incarnation = e->incarnation;
    frame.links.version = version;
    frame.links.neighbours =
        (struct hsy_ids){.bytes = (const uint8_t *)to, .count = count};
    bool taken = core_rig_frame(rig, from, &frame);
    HSY_ASSERT(taken);
}

void core_rig_commit(struct core_rig *rig)
{
    while (rig->ports.committed < rig->ports.token) {
        rig->ports.committed++;
        hsy_seed_persisted(&rig->seed, rig->ports.committed, true);
    }
}

void core_rig_sign(struct core_rig *rig)
{
    for (uint32_t i = 0; i < rig->ports.signables_count; i++) {
        struct hsy_signable what = rig->ports.signables[i];
        HSY_ASSERT(what.kind == HSY_SIGN_VERDICT);
        what.verdict.sig.bytes[0] = rig->env.id.bytes[2];
        hsy_seed_signed(&rig->seed, &what);
    }
    rig->ports.signables_count = 0;
}

void core_rig_fail_dials(struct core_rig *rig, enum hearsay_down why)
{
    for (uint32_t i = 0; i < rig->ports.dials_count; i++) {
        struct core_dial *dial = &rig->ports.dials[i];
        struct hsy_probe ended;
        if (!dial->open) {
            continue;
        }
        dial->open = false;
        if (hsy_probe_dial_failed(&rig->probes, dial->link, why, &ended)) {
            hsy_seed_probe_silent(&rig->seed, &ended);
            continue;
        }
        (void)hsy_seed_dial_failed(&rig->seed, dial->link, why, 0);
    }
}

void core_rig_silence(struct core_rig *rig, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 10) {
        core_rig_run(rig, 10);
        core_rig_fail_dials(rig, HEARSAY_DOWN_REFUSED);
        core_rig_sign(rig);
        core_rig_commit(rig);
        if (rig->ports.dials_count > CORE_DIALS_MAX / 2) {
            rig->ports.dials_count = 0; /* All have failed. */
        }
    }
}
