/* Every write is followed until the disk has answered. The ids of those that
 * failed, or found no room, wait in a table, and are written again, whole, as
 * they are by then:
 *
 *     ask --> writes (token -> id) --ok--> done
 *                |        ^
 *             failed      | one after a back-off; once a write
 *                v        | went well: 256 each 100 ms
 *              unsaved (ids)
 *
 * So a disk that was full for an hour costs two writes a minute meanwhile, and
 * afterwards holds all that memory holds: tombstones, too, which nobody would
 * send again. */
#include "core/registry_saves.h"

#include "base/compiler.h"

/* The runtime takes twice as many, so the registry never makes it refuse. */
enum { WRITES_MAX = 8192, SAVES_AT_ONCE = 256 };

#define SAVE_PACE_NS (100 * HSY_MS)
#define RETRY_BASE_NS (1 * HSY_SECOND)
#define RETRY_CAP_NS (60 * HSY_SECOND)

struct write_asked {
    uint64_t token; /* Key. */
    struct hearsay_id id;
};

void hsy_registry_saves_init(struct hsy_registry *r)
{
    uint32_t peers_max = r->env->config.peers_max;
    uint64_t salt = r->env->config.hash_salt;

    HSY_ASSERT(peers_max >= 1);
    hsy_table_init(
        &r->writes, &r->env->mem,
        (struct hsy_table_shape){.key_len = sizeof(uint64_t),
                                 .item_len = sizeof(struct write_asked),
                                 .items_max = WRITES_MAX},
        salt);
    hsy_table_init(&r->unsaved, &r->env->mem,
                   (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                            .item_len = HEARSAY_ID_LEN,
                                            .items_max = 3 * peers_max +
                                                         2 * HSY_GRAVES_EXTRA},
                   salt);
    r->save_ns = HEARSAY_NEVER;
}

void hsy_registry_saves_fini(struct hsy_registry *r)
{
    HSY_ASSERT(r->env != NULL);
    hsy_table_fini(&r->writes);
    hsy_table_fini(&r->unsaved);
}

/* Without memory for its id a row stays as it is until the id changes, or its
 * owner registers again; nothing is acknowledged by it. */
static void mark_unsaved(struct hsy_registry *r, const struct hearsay_id *id)
{
    void *item;

    HSY_ASSERT(r->unsaved.count <= r->unsaved.items_max);
    (void)!hsy_table_put(&r->unsaved, &item, id);
}

uint64_t hsy_registry_ask(struct hsy_registry *r, struct hsy_row_write *write)
{
    uint64_t retry_ns = hsy_time_add(r->env->now.mono_ns, RETRY_BASE_NS);
    void *item;

    HSY_ASSERT(write->count >= 1);
    if (r->writes.count < WRITES_MAX) {
        uint64_t token = hsy_row_write_ask(write, r->env);
        if (hsy_table_put(&r->writes, &item, &token) == 0) {
            ((struct write_asked *)item)->id = write->id;
            return token;
        }
    }
    mark_unsaved(r, &write->id);
    r->save_ns = hsy_time_min(r->save_ns, retry_ns);
    return HSY_TOKEN_LOST;
}

bool hsy_entry_accused(const struct hsy_entry *e)
{
    HSY_ASSERT(e->accused <= e->incarnation);
    return e->accused == e->incarnation;
}

void hsy_registry_accuse(struct hsy_registry *r, struct hsy_entry *e)
{
    HSY_UNSET struct hsy_row_write write;

    HSY_ASSERT(e->incarnation > 0);
    if (hsy_entry_accused(e)) {
        return;
    }
    e->accused = e->incarnation;
    hsy_row_write_init(&write, &e->id);
    hsy_row_put_floor(&write, hsy_rank_alive(e->accused));
    (void)hsy_registry_ask(r, &write);
}

/* All rows that @id can have, as memory has them. */
static void save_whole(struct hsy_registry *r, const struct hearsay_id *id)
{
    HSY_UNSET struct hsy_row_write write;
    struct hsy_entry *e = hsy_registry_find(r, id);
    const struct hsy_grave *g = hsy_registry_grave(r, id);
    const struct hsy_floor *f = hsy_table_find(&r->floors, id);

    HSY_ASSERT(e == NULL || g == NULL);
    hsy_row_write_init(&write, id);
    if (e != NULL) {
        hsy_row_put_living(&write, e->record);
    } else if (g != NULL) {
        hsy_row_put_grave(&write, g->proof, g->proof_len);
    } else {
        hsy_row_delete(&write);
    }
    uint64_t floor = f != NULL ? f->rank : 0;
    if (e != NULL && hsy_entry_accused(e)) {
        floor = hsy_rank_alive(e->accused);
    }
    hsy_row_put_floor(&write, floor);
    uint64_t token = hsy_registry_ask(r, &write);
    if (e != NULL) {
        e->token = token;
    }
}

/* The next try, after one more that failed or has yet to prove itself. */
static uint64_t retry_at(struct hsy_registry *r)
{
    uint64_t wait_ns =
        hsy_backoff_ns(r->env, r->save_tries, RETRY_BASE_NS, RETRY_CAP_NS);

    HSY_ASSERT(wait_ns > 0);
    r->save_tries++;
    return hsy_time_add(r->env->now.mono_ns, RETRY_BASE_NS + wait_ns);
}

void hsy_registry_persisted(struct hsy_registry *r, uint64_t token, bool ok)
{
    struct write_asked *asked = hsy_table_find(&r->writes, &token);

    HSY_ASSERT(token != 0);
    HSY_ASSERT(token != HSY_TOKEN_LOST);
    if (asked == NULL) {
        return; /* Not one of the registry. */
    }
    struct hearsay_id id = asked->id;
    struct hsy_entry *e = hsy_registry_find(r, &id);
    hsy_table_remove(&r->writes, asked);
    if (e != NULL && e->token == token) { /* Else a later write counts. */
        e->token = ok ? 0 : HSY_TOKEN_LOST;
    }
    if (!ok) {
        mark_unsaved(r, &id);
        /* One that worked may have been the last: the pace is that of a bad
         * disk again, at once. */
        bool anew = r->save_tries == 0 || r->save_ns == HEARSAY_NEVER;
        r->save_ns = anew ? retry_at(r) : r->save_ns;
        return;
    }
    r->save_tries = 0;
    if (r->unsaved.count > 0) {
        r->save_ns = hsy_time_min(
            r->save_ns, hsy_time_add(r->env->now.mono_ns, SAVE_PACE_NS));
    }
}

void hsy_registry_save_tick(struct hsy_registry *r)
{
    uint64_t now_ns = r->env->now.mono_ns;
    bool failing = r->save_tries > 0;

    if (now_ns < r->save_ns) {
        return;
    }
    uint32_t left = failing ? 1 : SAVES_AT_ONCE;
    r->save_ns = HEARSAY_NEVER;
    while (left > 0 && r->unsaved.count > 0 && r->writes.count < WRITES_MAX) {
        void *last = hsy_table_at(&r->unsaved, r->unsaved.count - 1);
        struct hearsay_id id = *(struct hearsay_id *)last;
        hsy_table_remove(&r->unsaved, last);
        save_whole(r, &id);
        left--;
    }
    if (r->unsaved.count > 0) {
        r->save_ns = failing || left > 0 ? retry_at(r)
                                         : hsy_time_add(now_ns, SAVE_PACE_NS);
    }
    HSY_ASSERT(r->save_ns > now_ns);
}
