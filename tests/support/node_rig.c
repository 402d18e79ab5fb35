/* The host of a node, played by the test. */
#include "support/node_rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/notes.h"
#include "node/inner.h"

enum { SEED_FIRST = 200 };

/* ----------------------------------------------------------------- stages */

static struct hearsay_addr addr_of(uint8_t number)
{
    struct hearsay_addr addr = {.port = (uint16_t)(7000 + number)};

    addr.ip[10] = 0xff;
    addr.ip[11] = 0xff;
    addr.ip[12] = 10;
    addr.ip[15] = number;
    return addr;
}

static struct hearsay_id id_of(uint8_t number)
{
    uint8_t secret[HEARSAY_SECRET_LEN];
    struct hearsay_id id;

    memset(secret, number, sizeof(secret));
    hearsay_crypto_null()->id_of(&id, secret);
    return id;
}

void stage_init(struct stage *s, enum hearsay_role role, uint8_t number,
                uint32_t seeds_count)
{
    memset(s, 0, sizeof(*s));
    s->now = (struct hearsay_now){.mono_ns = HSY_SECOND,
                                  .wall_ms = UINT64_C(1790000000000)};
    hearsay_config_init(&s->config, role);
    s->config.crypto = hearsay_crypto_null();
    s->config.network = "test";
    s->config.name = role == HEARSAY_SEED ? "seed" : "peer";
    memset(s->config.secret, number, sizeof(s->config.secret));
    s->config.boot_nonce = number;
    s->config.rng_seed = number;
    s->config.addrs[0] = addr_of(number);
    s->config.addrs_count = 1;
    s->config.seeds = s->lines;
    s->config.seeds_count = seeds_count;
    for (uint32_t i = 0; i < seeds_count; i++) {
        uint8_t seed = (uint8_t)(SEED_FIRST + i);
        struct hearsay_addr addr = addr_of(seed);
        hsy_addr_host_text(s->lines[i].host, &addr);
        s->lines[i].port = addr.port;
        s->lines[i].pinned = true;
        s->lines[i].id = id_of(seed);
    }
    s->last_link = (hearsay_link)-1;
}

void stage_create(struct stage *s)
{
    const char *why = "";
    int err = hearsay_node_create(&s->node, &s->config, &why);

    HSY_ASSERT(err == 0);
}

void stage_fini(struct stage *s)
{
    hearsay_node_destroy(s->node);
    s->node = NULL;
    for (uint32_t i = 0; i < s->links_used; i++) {
        free(s->links[i].out);
    }
    s->links_used = 0;
}

struct stage_link *stage_find(struct stage *s, hearsay_link link)
{
    for (uint32_t i = 0; i < s->links_used && link != 0; i++) {
        if (s->links[i].link == link) {
            return &s->links[i];
        }
    }
    return NULL;
}

/* A link that is over makes room when there is no other. */
static struct stage_link *new_link(struct stage *s, hearsay_link link)
{
    struct stage_link *l = NULL;

    HSY_ASSERT(stage_find(s, link) == NULL);
    for (uint32_t i = 0; i < s->links_used && l == NULL; i++) {
        bool over = s->links[i].hung_up || s->links[i].down;
        if (s->links_used == STAGE_LINKS_MAX && over) {
            l = &s->links[i];
        }
    }
    if (l == NULL) {
        HSY_ASSERT(s->links_used < STAGE_LINKS_MAX);
        l = &s->links[s->links_used];
        s->links_used++;
    }
    free(l->out);
    *l = (struct stage_link){.link = link};
    return l;
}

static void fold(struct stage *s, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) { /* FNV-1a */
        s->digest = (s->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
}

static void fold_u64(struct stage *s, uint64_t v)
{
    fold(s, &v, sizeof(v));
}

static void keep_sent(struct stage *s, hearsay_link link,
                      struct hearsay_buf *buf)
{
    struct stage_link *l = stage_find(s, link);

    fold_u64(s, link);
    fold(s, buf->data, buf->len);
    if (l != NULL && !l->hung_up && !l->down) {
        HSY_ASSERT(buf->len > 0);
        while (l->out_len + buf->len > l->out_room) {
            l->out_room = l->out_room == 0 ? 1024 : 2 * l->out_room;
            l->out = realloc(l->out, l->out_room);
            HSY_ASSERT(l->out != NULL);
        }
        memcpy(l->out + l->out_len, buf->data, buf->len);
        l->out_len += buf->len;
        l->unsent += buf->len;
    }
    hearsay_buf_unref(buf);
}

static void keep_note(struct stage *s, const struct hearsay_note *note)
{
    struct stage_note *kept = &s->notes[s->notes_count % STAGE_NOTES_MAX];
    char line[HSY_NOTE_LINE_MAX];

    s->notes_count++;
    *kept = (struct stage_note){.event = ""};
    strncpy(kept->event, note->event, sizeof(kept->event) - 1);
    for (uint32_t i = 0; i < HEARSAY_FIELDS_MAX; i++) {
        if (note->fields[i].kind == HEARSAY_FIELD_TEXT) {
            strncpy(kept->text, note->fields[i].text, sizeof(kept->text) - 1);
        }
    }
    fold(s, line, hsy_note_line(line, sizeof(line), note, s->now.wall_ms));
}

static void keep_row(struct stage *s, const struct hearsay_effect *effect)
{
    const struct hearsay_row *row = &effect->persist.row;

    s->rows_saved++;
    fold(s, row->key, row->key_len);
    fold(s, row->value, row->value == NULL ? 0 : row->value_len);
    if (row->table == HEARSAY_TABLE_SELF) {
        struct hsy_reader in = hsy_reader(row->value, row->value_len);
        s->incarnation_saved = hsy_get_u64(&in);
    }
    if (!effect->persist.more) {
        HSY_ASSERT(s->tokens_count < STAGE_TOKENS_MAX);
        s->tokens[s->tokens_count] = effect->persist.token;
        s->tokens_count++;
    }
}

static void keep_delivery(struct stage *s, const struct hearsay_message *m)
{
    size_t len = m->payload_len < STAGE_TEXT_MAX - 1 ? m->payload_len
                                                     : STAGE_TEXT_MAX - 1;

    s->delivered++;
    memcpy(s->payload, m->payload, len);
    s->payload[len] = '\0';
    fold(s, m->origin.bytes, sizeof(m->origin.bytes));
    fold_u64(s, m->seq);
    fold(s, m->payload, m->payload_len);
}

static void keep_read(struct stage *s, hearsay_link link, bool on)
{
    struct stage_link *l = stage_find(s, link);

    fold_u64(s, link);
    fold_u64(s, on ? 1 : 0);
    if (l != NULL) {
        HSY_ASSERT(l->unread == on || l->hung_up || l->down);
        l->unread = !on;
        l->pauses += on ? 0 : 1;
    }
}

static void keep(struct stage *s, const struct hearsay_effect *effect)
{
    struct stage_link *l;

    s->effects_count++;
    s->effects_after_stop += s->stopped ? 1 : 0;
    fold_u64(s, effect->kind);
    /* tidy: dispatch */
    switch (effect->kind) {
    case HEARSAY_FX_DIAL:
        fold_u64(s, effect->dial.link);
        l = new_link(s, effect->dial.link);
        l->dialled = true;
        l->port = effect->dial.port;
        return;
    case HEARSAY_FX_SEND:
        keep_sent(s, effect->send.link, effect->send.buf);
        return;
    case HEARSAY_FX_HANG_UP:
        fold_u64(s, effect->hang_up.link);
        l = stage_find(s, effect->hang_up.link);
        if (l != NULL) {
            l->hung_up = true;
        }
        return;
    case HEARSAY_FX_READ:
        keep_read(s, effect->read.link, effect->read.on);
        return;
    case HEARSAY_FX_DELIVER:
        keep_delivery(s, effect->message);
        return;
    case HEARSAY_FX_RECEIPT:
        fold_u64(s, effect->receipt.number);
        fold_u64(s, effect->receipt.outcome);
        s->receipts++;
        s->outcome = effect->receipt.outcome;
        return;
    case HEARSAY_FX_ANSWER:
        fold_u64(s, effect->answer.seq);
        return;
    case HEARSAY_FX_QUERY_DONE:
        fold_u64(s, effect->summary->answered);
        s->queries_done++;
        return;
    case HEARSAY_FX_FOUND:
        fold_u64(s, effect->found->incarnation);
        if (s->found_count < STAGE_FOUND_MAX) {
            s->found[s->found_count] = *effect->found;
            s->found_count++;
        }
        return;
    case HEARSAY_FX_FIND_DONE:
        fold_u64(s, effect->find_done.found);
        s->finds_done++;
        s->find_end = effect->find_done;
        return;
    case HEARSAY_FX_MEMBER:
        fold_u64(s, effect->member->change);
        fold_u64(s, effect->member->incarnation);
        s->members_told++;
        return;
    case HEARSAY_FX_NOTE:
        keep_note(s, effect->note);
        return;
    case HEARSAY_FX_JOB:
        hearsay_job_run(effect->job);
        HSY_ASSERT(s->jobs_count < STAGE_JOBS_MAX);
        s->jobs[s->jobs_count] = effect->job;
        s->jobs_count++;
        return;
    case HEARSAY_FX_PERSIST:
        keep_row(s, effect);
        return;
    case HEARSAY_FX_STOPPED:
        s->stopped = true;
        s->stop_why = effect->stopped.why;
        return;
    }
}

static int step_once(struct stage *s, const struct hearsay_event *ev)
{
    struct hearsay_effect effect;
    int rc = hearsay_step(s->node, &s->now, ev);

    while (hearsay_next_effect(s->node, &effect)) {
        keep(s, &effect);
    }
    return rc;
}

bool stage_job_back(struct stage *s, uint32_t index)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_JOB_DONE};

    if (index >= s->jobs_count) {
        return false;
    }
    ev.job.job = s->jobs[index];
    s->jobs_count--;
    memmove(&s->jobs[index], &s->jobs[index + 1],
            (s->jobs_count - index) * sizeof(s->jobs[0]));
    int rc = step_once(s, &ev);
    HSY_ASSERT(rc == 0 || rc == HEARSAY_ERR_NOMEM);
    return true;
}

static bool answer_write(struct stage *s)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_PERSISTED};

    if (s->tokens_count == 0) {
        return false;
    }
    ev.persisted.token = s->tokens[0];
    ev.persisted.ok = !s->writes_fail;
    s->tokens_count--;
    memmove(&s->tokens[0], &s->tokens[1],
            s->tokens_count * sizeof(s->tokens[0]));
    (void)step_once(s, &ev);
    return true;
}

static bool answer_sent(struct stage *s)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_SENT};

    for (uint32_t i = 0; i < s->links_used; i++) {
        struct stage_link *l = &s->links[i];
        if (l->unsent == 0 || l->hung_up || l->down) {
            continue;
        }
        ev.sent.link = l->link;
        ev.sent.len = l->unsent;
        l->unsent = 0;
        (void)step_once(s, &ev);
        return true;
    }
    return false;
}

static void answer(struct stage *s)
{
    bool more = true;

    while (more) {
        more = (!s->hold_jobs && stage_job_back(s, 0)) ||
               (!s->hold_writes && answer_write(s)) ||
               (!s->hold_sent && answer_sent(s));
    }
}

void stage_settle(struct stage *s)
{
    s->hold_jobs = false;
    s->hold_writes = false;
    s->hold_sent = false;
    answer(s);
    HSY_ASSERT(s->jobs_count == 0);
    HSY_ASSERT(s->tokens_count == 0);
}

int stage_step(struct stage *s, const struct hearsay_event *ev)
{
    int rc = step_once(s, ev);

    answer(s);
    return rc;
}

void stage_start(struct stage *s)
{
    int rc = stage_step(s, &(struct hearsay_event){.kind = HEARSAY_EV_START});

    HSY_ASSERT(rc == 0 || rc == HEARSAY_ERR_NOMEM);
}

void stage_tick(struct stage *s)
{
    (void)stage_step(s, &(struct hearsay_event){.kind = HEARSAY_EV_TICK});
}

void stage_leave(struct stage *s)
{
    (void)stage_step(s, &(struct hearsay_event){.kind = HEARSAY_EV_LEAVE});
}

void stage_pass(struct stage *s, uint64_t ns)
{
    uint64_t ms = s->now.mono_ns / HSY_MS;

    s->now.mono_ns += ns;
    s->now.wall_ms += s->now.mono_ns / HSY_MS - ms;
}

static void time_to(struct stage *s, uint64_t at_ns)
{
    if (at_ns > s->now.mono_ns) {
        stage_pass(s, at_ns - s->now.mono_ns);
    }
}

void stage_run(struct stage *s, uint64_t ms)
{
    uint64_t until_ns = s->now.mono_ns + ms * HSY_MS;

    stage_tick(s);
    while (hearsay_deadline(s->node) <= until_ns) {
        time_to(s, hearsay_deadline(s->node));
        stage_tick(s);
    }
    time_to(s, until_ns);
}

int stage_publish(struct stage *s, const char *text)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_PUBLISH};

    ev.publish.payload = (const uint8_t *)text;
    ev.publish.payload_len = strlen(text);
    return stage_step(s, &ev);
}

int stage_watch(struct stage *s, bool on)
{
    return stage_step(s, &(struct hearsay_event){.kind = HEARSAY_EV_WATCH,
                                                 .watch = {.on = on}});
}

/* ------------------------------------------------------------------ links */

hearsay_link stage_accept(struct stage *s, const struct hearsay_addr *from)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_UP};

    s->last_link += 2;
    struct stage_link *l = new_link(s, s->last_link);
    l->open = true;
    ev.up.link = l->link;
    ev.up.accepted = true;
    ev.up.from = *from;
    (void)stage_step(s, &ev);
    return ev.up.link;
}

struct stage_link *stage_dial(struct stage *s, uint16_t port)
{
    for (uint32_t i = 0; i < s->links_used; i++) {
        struct stage_link *l = &s->links[i];
        if (l->dialled && !l->open && !l->down && !l->hung_up &&
            l->port == port) {
            return l;
        }
    }
    return NULL;
}

void stage_sent(struct stage *s, hearsay_link link, uint32_t len)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_SENT};
    struct stage_link *l = stage_find(s, link);

    HSY_ASSERT(l != NULL);
    HSY_ASSERT(len <= l->unsent);
    l->unsent -= len;
    ev.sent.link = link;
    ev.sent.len = len;
    (void)stage_step(s, &ev);
}

bool stage_is_open(struct stage *s, hearsay_link link)
{
    const struct stage_link *l = stage_find(s, link);

    return l != NULL && l->open && !l->hung_up && !l->down;
}

void stage_open(struct stage *s, hearsay_link link)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_UP};
    struct stage_link *l = stage_find(s, link);

    HSY_ASSERT(l != NULL && l->dialled);
    l->open = true;
    ev.up.link = link;
    ev.up.from = addr_of((uint8_t)(l->port - 7000));
    (void)stage_step(s, &ev);
}

void stage_down(struct stage *s, hearsay_link link, enum hearsay_down why)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_DOWN};
    struct stage_link *l = stage_find(s, link);

    HSY_ASSERT(l != NULL);
    if (l->hung_up || l->down) {
        return; /* Hosts say nothing of a link that the node ended. */
    }
    l->down = true;
    ev.down.link = link;
    ev.down.why = why;
    (void)stage_step(s, &ev);
}

void stage_bytes(struct stage *s, hearsay_link link, const void *data,
                 size_t len)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_BYTES};

    HSY_ASSERT(len >= 1);
    ev.bytes.link = link;
    ev.bytes.data = data;
    ev.bytes.len = len;
    if (stage_is_open(s, link)) {
        (void)stage_step(s, &ev);
    }
}

/* Walks the frames in @l's out bytes; @out: the last one of @type. */
static uint32_t walk(const struct stage_link *l, enum hsy_frame_type type,
                     struct hsy_frame *out)
{
    uint32_t count = 0;
    size_t at = 0;

    while (l != NULL && at < l->out_len) {
        struct hsy_frame frame;
        size_t len = 0;
        int err =
            hsy_frame_peek(&len, l->out + at, l->out_len - at, UINT32_MAX);
        HSY_ASSERT(err == 0);
        HSY_ASSERT(len > 0);
        err = hsy_frame_decode(&frame, l->out + at, len, NULL);
        HSY_ASSERT(err == 0);
        at += len;
        if (frame.type == type) {
            *out = frame;
            count++;
        }
    }
    return count;
}

uint32_t stage_frames(struct stage *s, hearsay_link link,
                      enum hsy_frame_type type)
{
    struct hsy_frame frame;

    return walk(stage_find(s, link), type, &frame);
}

bool stage_frame(struct stage *s, hearsay_link link, enum hsy_frame_type type,
                 struct hsy_frame *out)
{
    return walk(stage_find(s, link), type, out) > 0;
}

uint32_t stage_noted(const struct stage *s, const char *event)
{
    uint32_t count = 0;
    uint64_t kept =
        s->notes_count < STAGE_NOTES_MAX ? s->notes_count : STAGE_NOTES_MAX;

    for (uint64_t i = 0; i < kept; i++) {
        count += strcmp(s->notes[i].event, event) == 0 ? 1 : 0;
    }
    return count;
}

const struct hsy_counters *stage_counters(const struct stage *s)
{
    return &s->node->core.env.counters;
}

uint32_t stage_ups(const struct stage *s)
{
    return hsy_neighbours_count(&s->node->core.neighbours);
}

/* ---------------------------------------------------------------- puppets */

struct hsy_sig puppet_sign(const struct hearsay_id *id,
                           const struct hsy_writer *covered)
{
    uint8_t secret[HEARSAY_SECRET_LEN] = {0}; /* Null crypto needs none. */
    struct hsy_sig sig;

    HSY_ASSERT(!covered->bad);
    hearsay_crypto_null()->sign(sig.bytes, secret, id, covered->data,
                                covered->len);
    return sig;
}

void puppet_sign_record(struct puppet *p)
{
    uint8_t bytes[HSY_RECORD_LEN_MAX + 64];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    hsy_record_signed_bytes(&covered, &p->record);
    p->record.sig = puppet_sign(&p->record.id, &covered);
}

void puppet_init(struct puppet *p, uint8_t number, enum hearsay_role role)
{
    memset(p, 0, sizeof(*p));
    p->number = number;
    p->version = HSY_PROTOCOL_MAX;
    p->id = id_of(number);
    p->record.id = p->id;
    p->record.incarnation = 1;
    p->record.boot_nonce = number;
    p->record.issued_ms = 1000;
    p->record.role = role;
    p->record.addrs_count = 1;
    p->record.addrs[0] = addr_of(number);
    puppet_sign_record(p);
}

void puppet_say(struct stage *s, hearsay_link link,
                const struct hsy_frame *frame)
{
    struct hsy_writer count = hsy_writer_count();

    hsy_frame_encode(&count, frame);
    uint8_t *bytes = malloc(count.len);
    HSY_ASSERT(bytes != NULL);
    struct hsy_writer out = hsy_writer(bytes, count.len);
    hsy_frame_encode(&out, frame);
    stage_bytes(s, link, bytes, out.len);
    free(bytes);
}

void puppet_say_bundle(struct stage *s, hearsay_link link,
                       const struct puppet *p, uint64_t seq, uint32_t len)
{
    static uint8_t payload[4096], bytes[4200], covered_bytes[4400];
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    struct hsy_bundle *b = &frame.bundle.bundle;
    struct hsy_message m = {
        .topic = (const uint8_t *)"", .payload = payload, .payload_len = len};
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_writer covered =
        hsy_writer(covered_bytes, sizeof(covered_bytes));

    HSY_ASSERT(len <= sizeof(payload));
    b->origin = p->id;
    b->epoch_incarnation = 1;
    b->first_seq = seq;
    b->wall_ms = s->now.wall_ms;
    b->messages = bytes;
    hsy_messages_add(&out, b, &m);
    hsy_bundle_signed_bytes(&covered, b);
    HSY_ASSERT(!out.bad && !covered.bad);
    b->sig = puppet_sign(&p->id, &covered);
    frame.bundle.hops = 1;
    puppet_say(s, link, &frame);
}

struct hsy_frame puppet_hello(const struct puppet *p, uint8_t nonce)
{
    struct hsy_frame frame = {.type = HSY_HELLO};
    struct hsy_hello *hello = &frame.hello;

    hello->version_min = HSY_PROTOCOL_MIN;
    hello->version_max = p->version;
    hello->network_len = 4;
    memcpy(hello->network, "test", 4);
    memset(hello->nonce, nonce, sizeof(hello->nonce));
    hello->observed = addr_of(1);
    hello->record = p->record;
    return frame;
}

struct hsy_frame puppet_auth(struct stage *s, hearsay_link link,
                             const struct puppet *p, uint8_t nonce)
{
    struct hsy_frame frame = {.type = HSY_AUTH};
    struct hsy_auth_text auth = {.network = "test", .network_len = 4};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame theirs;

    if (!stage_frame(s, link, HSY_HELLO, &theirs)) {
        return frame; /* Worthless: the node has not spoken. */
    }
    auth.accepted = stage_find(s, link)->dialled;
    auth.signer = p->id;
    auth.other = theirs.hello.record.id;
    memset(auth.signer_nonce, nonce, sizeof(auth.signer_nonce));
    memcpy(auth.other_nonce, theirs.hello.nonce, sizeof(auth.other_nonce));
    hsy_auth_signed_bytes(&covered, &auth);
    frame.auth = puppet_sign(&p->id, &covered);
    return frame;
}

static hearsay_link dial_with(struct stage *s, const struct puppet *p,
                              uint64_t features)
{
    hearsay_link link = stage_accept(s, &p->record.addrs[0]);
    struct hsy_frame hello = puppet_hello(p, p->number);

    hello.hello.features = features;
    puppet_say(s, link, &hello);
    struct hsy_frame auth = puppet_auth(s, link, p, p->number);
    puppet_say(s, link, &auth);
    return link;
}

hearsay_link puppet_dial(struct stage *s, const struct puppet *p)
{
    return dial_with(s, p, 0);
}

hearsay_link puppet_feel(struct stage *s, const struct puppet *p)
{
    return dial_with(s, p, HSY_HELLO_FEELER);
}

void puppet_answer(struct stage *s, hearsay_link link, const struct puppet *p)
{
    struct hsy_frame hello = puppet_hello(p, p->number);

    stage_open(s, link);
    puppet_say(s, link, &hello);
    struct hsy_frame auth = puppet_auth(s, link, p, p->number);
    puppet_say(s, link, &auth);
}

hearsay_link puppet_seat(struct stage *s, const struct puppet *seed,
                         uint32_t peers_count)
{
    struct hsy_frame frame = {.type = HSY_REGISTERED};
    const struct stage_link *dial =
        stage_dial(s, (uint16_t)(7000 + seed->number));

    HSY_ASSERT(dial != NULL);
    hearsay_link link = dial->link;
    puppet_answer(s, link, seed);
    struct hsy_frame reg;
    bool asked = stage_frame(s, link, HSY_REGISTER, &reg);
    HSY_ASSERT(asked);
    frame.registered.verdict = HSY_REGISTERED_OK;
    frame.registered.incarnation = reg.reg.incarnation;
    frame.registered.lease_s = 600;
    frame.registered.peers_count = peers_count;
    puppet_say(s, link, &frame);
    return link;
}
