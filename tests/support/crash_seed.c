/* The workload: one seed, some peers, and now and then a fellow, a step at a
 * time. Between steps the disk has its turn, and sometimes within one. */
#include "support/crash_seed.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "node/rows.h"

enum { FELLOW_LINK = 5001, FIRST_LINK = 7001, SLICE_MS = 500 };

const char *crash_event_name(enum crash_event event)
{
    static const char *const names[CRASH_EVENTS] = {
        "registered", "raised",    "twin",      "came back", "refused",
        "learnt",     "left",      "certified", "tried",     "sank",
        "rose",       "expired",   "own",       "restarted", "overlapped",
        "batched",    "full said", "stopped"};
    HSY_ASSERT(event < CRASH_EVENTS);
    return names[event];
}

/* ------------------------------------------------------------------- books */

struct hearsay_id crash_id(uint32_t who)
{
    HSY_ASSERT(who < CRASH_IDS);
    return who == 0 ? core_id('s', 0) : core_id('p', who);
}

uint32_t crash_who(const struct hearsay_id *id)
{
    uint32_t who = 0;

    if (id->bytes[0] == 'p') {
        who = (uint32_t)id->bytes[1] << 8 | id->bytes[2];
        who = who == 0 ? CRASH_IDS : who;
    }
    struct hearsay_id same = crash_id(who < CRASH_IDS ? who : 0);
    return memcmp(&same, id, sizeof(same)) == 0 ? who : CRASH_IDS;
}

static uint64_t hash_more(uint64_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static uint64_t key_hash(const struct hearsay_row *row)
{
    const uint8_t head[] = {(uint8_t)row->table, (uint8_t)row->key_len};
    uint64_t sum = hash_more(UINT64_C(0xcbf29ce484222325), head, sizeof(head));
    return hash_more(sum, row->key, row->key_len);
}

uint64_t crash_row_hash(const struct hearsay_row *row)
{
    uint64_t sum = hash_more(key_hash(row), row->value, row->value_len);
    sum = (sum ^ (sum >> 31)) * UINT64_C(0x94d049bb133111eb);
    return sum ^ (sum >> 29);
}

static uint64_t position(struct crash_seed *s)
{
    return crash_vfs_ops(s->vfs);
}

/* @row, sealed, replaces what the books have under its key. */
static void book_row(struct crash_seed *s, const struct hearsay_row *row)
{
    uint64_t key = key_hash(row);
    uint64_t hash = row->value == NULL ? 0 : crash_row_hash(row);
    uint32_t i = 0;

    while (i < s->keys_count && s->keys[i].key != key) {
        i++;
    }
    HSY_ASSERT(i < CRASH_KEYS_MAX);
    if (i == s->keys_count) {
        s->keys_count++;
        s->keys[i] = (struct crash_key){.key = key};
    }
    s->sum += hash - s->keys[i].row;
    s->keys[i].row = hash;
    if (hash != 0) {
        HSY_ASSERT(s->rows_count < CRASH_ROWS_MAX);
        s->rows[s->rows_count] = hash;
        s->rows_count++;
    }
}

static uint64_t rank_asked(struct crash_seed *s, const struct hearsay_row *row,
                           uint32_t *out_who)
{
    struct hearsay_id id;

    if (row->table == HEARSAY_TABLE_SELF) {
        struct hsy_reader in = hsy_reader(row->value, row->value_len);
        *out_who = 0;
        return hsy_rank_alive(hsy_get_u64(&in));
    }
    HSY_ASSERT(row->key_len == sizeof(id.bytes));
    memcpy(id.bytes, row->key, sizeof(id.bytes));
    *out_who = crash_who(&id);
    HSY_ASSERT(*out_who < CRASH_IDS);
    return hsy_registry_rank(&s->rig.seed.registry, &id);
}

static void book_fact(struct crash_seed *s, const struct hearsay_row *row)
{
    struct crash_fact *fact = &s->facts[s->facts_count];

    HSY_ASSERT(s->facts_count < CRASH_FACTS_MAX);
    *fact = (struct crash_fact){
        .token = s->token, .asked = position(s), .kept = CRASH_NEVER};
    fact->rank = rank_asked(s, row, &fact->who);
    HSY_ASSERT(fact->rank > 0);
    s->facts_count++;
}

static void book_word(struct crash_seed *s, uint32_t who, uint64_t rank)
{
    HSY_ASSERT(who < CRASH_IDS);
    HSY_ASSERT(s->words_count < CRASH_WORDS_MAX);
    s->words[s->words_count] =
        (struct crash_word){.who = who, .rank = rank, .at = position(s)};
    s->words_count++;
}

/* ------------------------------------------------------------------- ports */

/* The ports' context is the rig's. */
static struct crash_seed *seed_of(void *ctx)
{
    uint8_t *at = ctx;
    at -= offsetof(struct crash_seed, rig) + offsetof(struct core_rig, ports);
    return (struct crash_seed *)(void *)at;
}

static uint64_t on_persist(void *ctx, const struct hearsay_row *rows,
                           uint32_t count)
{
    struct crash_seed *s = seed_of(ctx);
    uint8_t bytes[8192];

    s->token++;
    s->tokens_asked++;
    book_fact(s, &rows[0]);
    for (uint32_t i = 0; i < count; i++) {
        struct hearsay_row row = rows[i];
        if (row.value != NULL) { /* As the node seals it. */
            HSY_ASSERT(row.value_len + HSY_SEAL_LEN <= sizeof(bytes));
            memcpy(bytes, row.value, row.value_len);
            hsy_row_seal(bytes + row.value_len, &row);
            row.value = bytes;
            row.value_len += HSY_SEAL_LEN;
        }
        book_row(s, &row);
        int rc = hsy_store_put(s->store, s->token, &row, i + 1 < count);
        HSY_ASSERT(rc == 0);
    }
    return s->token;
}

static void on_send(void *ctx, const hearsay_link *links, uint32_t count,
                    const struct hsy_frame *frame)
{
    struct crash_seed *s = seed_of(ctx);
    const struct hsy_registered *r = &frame->registered;

    if (frame->type != HSY_REGISTERED) {
        return;
    }
    HSY_ASSERT(count == 1);
    for (uint32_t i = 0; i < hsy_neighbours_count(&s->rig.neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(&s->rig.neighbours, i);
        if (n->link == links[0] && r->verdict == HSY_REGISTERED_OK) {
            book_word(s, crash_who(&n->id), hsy_rank_alive(r->incarnation));
        }
    }
    s->events[CRASH_FULL_SAID] += r->verdict == HSY_REGISTERED_FULL ? 1 : 0;
    s->events[CRASH_REFUSED] += r->verdict == HSY_REGISTERED_STALE ? 1 : 0;
}

/* --------------------------------------------------------- the disk's turn */

static pthread_mutex_t bell_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell_rung = PTHREAD_COND_INITIALIZER;
static bool bell_ringing;

static void ring(void *ctx)
{
    (void)ctx;
    (void)pthread_mutex_lock(&bell_lock);
    bell_ringing = true;
    (void)pthread_cond_signal(&bell_rung);
    (void)pthread_mutex_unlock(&bell_lock);
}

static void bell_wait(void)
{
    (void)pthread_mutex_lock(&bell_lock);
    while (!bell_ringing) {
        (void)pthread_cond_wait(&bell_rung, &bell_lock);
    }
    bell_ringing = false;
    (void)pthread_mutex_unlock(&bell_lock);
}

/* It shows itself under a number that it has not had before. */
static void book_own(struct crash_seed *s, uint64_t incarnation)
{
    for (uint32_t i = 0; i < s->words_count; i++) {
        const struct crash_word *word = &s->words[i];
        bool again = word->who == 0 && word->rank / 2 >= incarnation;
        s->broken += again ? 1 : 0;
    }
    book_word(s, 0, hsy_rank_alive(incarnation));
}

static void sign_all(struct crash_seed *s)
{
    struct core_ports *ports = &s->rig.ports;

    for (uint32_t i = 0; i < ports->signables_count; i++) {
        struct hsy_signable what = ports->signables[i];
        if (what.kind == HSY_SIGN_VERDICT) {
            hsy_seed_signed(&s->rig.seed, &what);
        } else if (hsy_self_signed(&s->self, &what.record)) {
            book_own(s, what.record.incarnation);
        }
    }
    ports->signables_count = 0;
}

/* A failure must say what is wrong, or what to look at. */
static void book_failure(struct crash_seed *s, const char *text)
{
    bool plain = strstr(text, "disk") != NULL || strstr(text, "open") != NULL;
    (void)snprintf(s->text, sizeof(s->text), "%s", text);
    s->mute += plain ? 0 : 1;
}

static void answered(struct crash_seed *s, uint64_t token, bool ok)
{
    for (uint32_t i = s->facts_count; i > 0 && s->facts[i - 1].token >= token;
         i--) {
        if (s->facts[i - 1].token == token && ok) {
            s->facts[i - 1].kept = position(s);
        }
    }
    hsy_self_persisted(&s->self, token, ok);
    hsy_seed_persisted(&s->rig.seed, token, ok);
}

static struct crash_batch *batch_begin(struct crash_seed *s)
{
    struct crash_batch *b = &s->batches[s->batches_count];

    HSY_ASSERT(s->batches_count < CRASH_BATCHES_MAX);
    *b = (struct crash_batch){
        .begun = position(s), .kept = CRASH_NEVER, .sum = s->sum};
    s->batches_count++;
    s->events[CRASH_BATCHED] += s->tokens_asked >= 3 ? 1 : 0;
    s->tokens_asked = 0;
    return b;
}

static void something(struct crash_seed *s);

/* What has been asked for is committed and answered. @during: something else
 * happens while that commit runs. */
static void turn(struct crash_seed *s, bool during)
{
    uint64_t token;
    bool ok = true;
    bool good = true;

    if (hsy_store_depth(s->store) == 0) {
        return;
    }
    struct crash_batch *b = batch_begin(s);
    bell_ringing = false;
    crash_vfs_hold(s->vfs);
    hsy_store_commit(s->store);
    if (during) {
        uint64_t before = s->token;
        something(s);
        s->events[CRASH_OVERLAPPED] += s->token > before ? 1 : 0;
    }
    crash_vfs_release(s->vfs);
    bell_wait();
    while (hsy_store_next(s->store, &token, &ok)) {
        good = good && ok;
        answered(s, token, ok);
    }
    b->kept = good ? position(s) : CRASH_NEVER;
    if (!good) {
        s->write_failures++;
        book_failure(s, hsy_store_why(s->store));
    }
    sign_all(s);
}

static void turns(struct crash_seed *s)
{
    while (!s->rig.ports.stopped && hsy_store_depth(s->store) > 0) {
        turn(s, false);
    }
}

/* --------------------------------------------------------------- processes */

static sqlite3 *last_opened;

static int on_sqlite_open(sqlite3 *db, const char **why,
                          const struct sqlite3_api_routines *api)
{
    (void)why;
    (void)api;
    last_opened = db;
    return SQLITE_OK;
}

static int on_row(void *ctx, const struct hearsay_row *sealed)
{
    struct crash_seed *s = ctx;
    struct hearsay_row row = *sealed;
    int rc = HEARSAY_ERR_MALFORMED;

    if (hsy_row_unseal(&row)) {
        rc = row.table == HEARSAY_TABLE_SELF
                 ? hsy_self_restore(&s->self, &row)
                 : hsy_registry_restore(&s->rig.seed.registry, &row);
    }
    s->broken += rc == 0 ? 0 : 1;
    return 0;
}

static void process_init(struct crash_seed *s)
{
    struct core_rig *rig = &s->rig;
    struct hsy_env *env = &rig->env;

    core_rig_init(rig, 0, s->seeds);
    env->ports.persist = on_persist;
    env->ports.send = on_send;
    env->config.lease_ns = HSY_MINUTE;
    env->config.addrs[0] = core_record('s', 0, 1).addrs[0];
    env->config.addrs_count = 1;
    if (s->now.mono_ns > 0) {
        env->now = s->now;
    }
    hsy_self_init(&s->self, env);
}

static int process_load(struct crash_seed *s,
                        struct hearsay_runtime_error *error)
{
    struct hsy_store_config config = {.path = CRASH_PATH,
                                      .vfs = "crash-work",
                                      .tokens_max = 16384,
                                      .wake = ring};

    int rc = hsy_store_open(&s->store, &config, error);
    if (rc != 0) {
        s->store = NULL;
        return rc;
    }
    rc = hsy_store_load(s->store, on_row, s, error);
    if (rc != 0) {
        return rc;
    }
    (void)sqlite3_wal_autocheckpoint(last_opened, s->wal_pages);
    return hsy_store_start(s->store);
}

static void link_fellow(struct crash_seed *s)
{
    struct hsy_record fellow = core_record('s', 1, 1);

    if (s->seeds > 1) {
        (void)core_rig_link(&s->rig, FELLOW_LINK, &fellow);
    }
}

static void process_end(struct crash_seed *s)
{
    if (s->store != NULL && s->running && hsy_store_depth(s->store) > 0) {
        (void)batch_begin(s); /* Committed on the way out, and not answered. */
    }
    hsy_store_close(s->store);
    s->store = NULL;
    s->now = s->rig.env.now;
    s->events[CRASH_STOPPED] += s->rig.ports.stopped ? 1 : 0;
    s->running = false;
    core_rig_fini(&s->rig);
}

/* A disk that does not let it start is mended by somebody who reads what it
 * said, and then it is started again. */
static void process_start(struct crash_seed *s)
{
    for (uint32_t tries = 0; !s->running; tries++) {
        struct hearsay_runtime_error error = {.err = 0};
        struct crash_fault none = {.kind = CRASH_FAULT_NONE};

        HSY_ASSERT(tries < 8);
        HSY_ASSERT(s->starts_count < CRASH_STARTS_MAX);
        s->starts[s->starts_count] = position(s);
        s->starts_count++;
        process_init(s);
        int rc = process_load(s, &error);
        if (rc != 0) {
            s->open_failures++;
            book_failure(s, error.text);
            s->mute += rc == HEARSAY_ERR_IO && error.err == rc ? 0 : 1;
            process_end(s);
            crash_vfs_fault(s->vfs, &none);
            continue;
        }
        s->running = true;
        s->life_token = s->token;
        core_rig_start(&s->rig);
        hsy_self_start(&s->self);
        turns(s);
        if (s->rig.ports.stopped) {
            process_end(s);
            crash_vfs_fault(s->vfs, &none);
        }
    }
    link_fellow(s);
}

/* ------------------------------------------------------------------- peers */

static uint64_t below(struct crash_seed *s, uint64_t bound)
{
    return hsy_prng_below(&s->prng, bound);
}

static struct hsy_registry *list(struct crash_seed *s)
{
    return &s->rig.seed.registry;
}

static uint64_t rank_of(struct crash_seed *s, uint32_t who)
{
    struct hearsay_id id = crash_id(who);
    return hsy_registry_rank(list(s), &id);
}

static bool is_living(struct crash_seed *s, uint32_t who)
{
    struct hearsay_id id = crash_id(who);
    return hsy_registry_find(list(s), &id) != NULL;
}

static struct hsy_neighbour *linked(struct crash_seed *s, uint32_t who)
{
    struct hearsay_id id = crash_id(who);
    return hsy_neighbour_by_id(&s->rig.neighbours, &id);
}

static void offer(struct crash_seed *s, const struct hsy_record *record)
{
    uint32_t who = crash_who(&record->id);

    if (linked(s, who) == NULL) {
        s->link += 2;
        (void)core_rig_link(&s->rig, FIRST_LINK + s->link, record);
    }
    core_rig_register(&s->rig, record);
}

static void registers(struct crash_seed *s, uint32_t who)
{
    uint64_t rank = rank_of(s, who);
    struct hsy_record record =
        core_record('p', who, rank / 2 + 1 + below(s, 3));
    uint32_t floors = list(s)->floors.count;

    s->events[rank == 0           ? CRASH_REGISTERED
              : is_living(s, who) ? CRASH_RAISED
                                  : CRASH_CAME_BACK]++;
    record.issued_ms = s->rig.env.now.wall_ms;
    offer(s, &record);
    s->events[CRASH_ROSE] += list(s)->floors.count < floors ? 1 : 0;
}

/* The same incarnation once more: as it is, or with another address. */
static void registers_again(struct crash_seed *s, uint32_t who)
{
    uint64_t rank = rank_of(s, who);
    struct hsy_record record = core_record('p', who, rank / 2);

    if (!is_living(s, who)) {
        return;
    }
    record.issued_ms = s->rig.env.now.wall_ms + s->token;
    record.addrs[0].port = (uint16_t)(7000 + below(s, 1000));
    s->events[CRASH_TWIN]++;
    offer(s, &record);
}

static void registers_too_low(struct crash_seed *s, uint32_t who)
{
    uint64_t rank = rank_of(s, who);

    if (rank >= 4) {
        struct hsy_record record = core_record('p', who, rank / 2 - 1);
        offer(s, &record);
    }
}

static void leaves(struct crash_seed *s, uint32_t who)
{
    struct hsy_frame frame = {.type = HSY_LEAVE};

    if (!is_living(s, who) || linked(s, who) == NULL) {
        return;
    }
    frame.leave.id = crash_id(who);
    frame.leave.incarnation = rank_of(s, who) / 2;
    frame.leave.issued_ms = s->rig.env.now.wall_ms;
    (void)core_rig_frame(&s->rig, &frame.leave.id, &frame);
    core_rig_unlink(&s->rig, &frame.leave.id);
    s->events[CRASH_LEFT]++;
}

/* ----------------------------------------------------------------- fellows */

static void fellow_says(struct crash_seed *s,
                        const struct hsy_sync_entry *entry)
{
    static uint8_t bytes[65536];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_SEED_SYNC};
    struct hearsay_id fellow = core_id('s', 1);

    hsy_sync_add(&out, &frame.sync, entry);
    HSY_ASSERT(!out.bad);
    frame.sync.entries = bytes;
    frame.sync.entries_len = (uint32_t)out.len;
    (void)core_rig_frame(&s->rig, &fellow, &frame);
}

static void certified(struct crash_seed *s, uint32_t who)
{
    struct hsy_sync_entry entry = {.kind = HSY_SYNC_DEATH};
    struct hsy_certificate *c = &entry.certificate;
    uint64_t rank = rank_of(s, who);

    if (rank == 0 || s->seeds == 1) {
        return;
    }
    c->record = core_record('p', who, rank / 2 + below(s, 2));
    c->verdicts_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        c->verdicts[i] =
            (struct hsy_verdict){.subject = c->record.id,
                                 .incarnation = c->record.incarnation,
                                 .wall_ms = s->rig.env.now.wall_ms,
                                 .seed = core_id('s', 1 + i)};
    }
    fellow_says(s, &entry);
    s->events[CRASH_CERTIFIED] += rank_of(s, who) > rank ? 1 : 0;
}

static void learnt(struct crash_seed *s, uint32_t who)
{
    struct hsy_sync_entry entry = {.kind = HSY_SYNC_RECORD};

    if (s->seeds == 1) {
        return;
    }
    entry.record = core_record('p', who, rank_of(s, who) / 2 + 1);
    fellow_says(s, &entry);
    s->events[CRASH_LEARNT]++;
}

/* -------------------------------------------------------------------- time */

/* Who has a link is heard, and answers. */
static void keep_alive(struct crash_seed *s)
{
    for (uint32_t who = 1; who < CRASH_IDS; who++) {
        struct hsy_neighbour *n = linked(s, who);
        if (n != NULL) {
            n->heard_ns = s->rig.env.now.mono_ns;
            hsy_registry_renew(list(s), &n->id);
            hsy_seed_answered(&s->rig.seed, &n->id);
        }
    }
}

static void pass(struct crash_seed *s, uint64_t ms)
{
    struct core_ports *ports = &s->rig.ports;
    uint64_t deaths = s->rig.env.counters.deaths;
    uint32_t floors = list(s)->floors.count;
    uint32_t absent = list(s)->absent_count;

    for (uint64_t passed = 0; passed < ms && !ports->stopped;
         passed += SLICE_MS) {
        keep_alive(s);
        core_rig_run(&s->rig, SLICE_MS);
        core_rig_fail_dials(&s->rig, HEARSAY_DOWN_REFUSED);
        ports->dials_count = 0;
        ports->hang_ups_count = 0;
        sign_all(s);
        hsy_self_tick(&s->self);
        turn(s, false);
        s->events[CRASH_EXPIRED] += list(s)->absent_count > absent ? 1 : 0;
        absent = list(s)->absent_count;
    }
    s->events[CRASH_TRIED] += (uint32_t)(s->rig.env.counters.deaths - deaths);
    s->events[CRASH_SANK] += list(s)->floors.count > floors ? 1 : 0;
}

/* Its link breaks, and nobody answers where it was. */
static void dies(struct crash_seed *s, uint32_t who)
{
    struct hearsay_id id = crash_id(who);

    if (linked(s, who) != NULL) {
        core_rig_unlink(&s->rig, &id);
        pass(s, 45 * 1000);
    }
}

/* A day later: what was a tombstone is a floor. */
static void a_day_later(struct crash_seed *s)
{
    s->rig.env.now.wall_ms += HSY_GRAVE_MS;
    pass(s, 70 * 1000);
}

/* ---------------------------------------------------------------- the work */

/* At once, with a word to the disk about each. */
static void something(struct crash_seed *s)
{
    uint32_t who = 1 + (uint32_t)below(s, CRASH_PEERS);

    switch (below(s, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        registers(s, who);
        break;
    case 4:
        registers_again(s, who);
        break;
    case 5:
        registers_too_low(s, who);
        break;
    case 6:
        leaves(s, who);
        break;
    case 7:
        learnt(s, who);
        break;
    case 8:
        certified(s, who);
        break;
    default:
        hsy_self_step_above(&s->self, 2 * s->self.highest + 1);
        s->events[CRASH_OWN_RAISED]++;
        break;
    }
}

static void crowd(struct crash_seed *s)
{
    uint32_t first = 1 + CRASH_PEERS + (uint32_t)below(s, CRASH_CROWD / 2);

    for (uint32_t i = 0; i < CRASH_CROWD / 2; i++) {
        registers(s, first + i);
    }
}

/* In order; most of those that had a link come back. */
static void restarts(struct crash_seed *s)
{
    process_end(s);
    process_start(s);
    s->events[CRASH_RESTARTED]++;
    for (uint32_t who = 1; who < CRASH_IDS; who++) {
        struct hsy_record record = core_record('p', who, rank_of(s, who) / 2);
        if (is_living(s, who) && below(s, 4) > 0) {
            offer(s, &record);
        }
    }
    turns(s);
}

static void step(struct crash_seed *s)
{
    uint64_t what = below(s, 40);

    if (what == 0) {
        a_day_later(s);
    } else if (what == 1) {
        restarts(s);
    } else if (what <= 4) {
        dies(s, 1 + (uint32_t)below(s, CRASH_PEERS));
    } else if (what == 5) {
        crowd(s);
    } else if (what <= 9) {
        pass(s, 1000);
    } else {
        for (uint64_t left = below(s, 4) + 1; left > 0; left--) {
            something(s);
        }
    }
    turn(s, below(s, 3) == 0);
}

/* It ended because of its disk; somebody starts it again. */
static void again_if_stopped(struct crash_seed *s)
{
    if (s->rig.ports.stopped) {
        process_end(s);
        process_start(s);
    }
}

/* Each kind of thing once, so that no workload lacks one. */
static void everything(struct crash_seed *s)
{
    for (uint32_t who = 1; who <= 6; who++) {
        registers(s, who);
    }
    turn(s, true);
    registers(s, 2);
    registers_again(s, 3);
    turns(s);
    registers_too_low(s, 2);
    leaves(s, 4);
    certified(s, 6);
    learnt(s, 7);
    hsy_self_step_above(&s->self, 2 * s->self.highest + 1);
    s->events[CRASH_OWN_RAISED]++;
    turns(s);
    dies(s, 5);
    a_day_later(s);
    registers(s, 4);
    registers(s, 5);
    turns(s);
}

void crash_seed_work(struct crash_seed *s, struct crash_vfs *vfs, uint64_t rng,
                     uint32_t steps)
{
    memset(s, 0, sizeof(*s));
    s->vfs = vfs;
    hsy_prng_init(&s->prng, rng);
    s->seeds = rng % 2 == 0 ? 1 : 3;
    s->wal_pages = 8 + (int)below(s, 40);
    /* The salts of the log are chance, too. */
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED,
                               (int)(rng % INT32_MAX) + 1, NULL);
    (void)sqlite3_auto_extension((void (*)(void))on_sqlite_open);
    process_start(s);
    everything(s);
    for (uint32_t i = 0; i < steps; i++) {
        again_if_stopped(s);
        step(s);
    }
    again_if_stopped(s);
    a_day_later(s);
    again_if_stopped(s);
    restarts(s);
}

uint32_t crash_seed_mend(struct crash_seed *s)
{
    struct crash_fault none = {.kind = CRASH_FAULT_NONE};
    uint32_t unsaved = 0;

    crash_vfs_fault(s->vfs, &none);
    if (s->running) {
        again_if_stopped(s);
        pass(s, 150 * 1000);
        turns(s);
        unsaved = list(s)->unsaved.count;
        for (uint32_t i = 0; i < list(s)->living.count; i++) {
            unsaved += hsy_entry_saved(hsy_registry_at(list(s), i)) ? 0 : 1;
        }
        process_end(s);
    }
    (void)sqlite3_cancel_auto_extension((void (*)(void))on_sqlite_open);
    return unsaved;
}
