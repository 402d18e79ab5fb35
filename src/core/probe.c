/* A probe is three dials of one subject. Their pace depends on what went
 * wrong: a refusal is an answer of the machine, so the next try can follow at
 * once (0, 100 and 300 ms). Anything else may be loss, or a line that is full:
 * then tries go out so far apart that they do not fill it themselves, and may
 * overlap. The verdict needs all of them to fail; any authenticated link to
 * the subject, whoever opened it, ends the probe. */
#include "core/probe.h"

#include "base/addr.h"

#define PACE_NS (4 * HSY_SECOND)
/* Until a try for which there was no room, or after one that proved nothing. */
#define ROOM_NS (1 * HSY_SECOND)
enum { APART_MS = 256 }; /* Between two looks at very many. */

/* A dial that is under way. */
struct open_try {
    hearsay_link link; /* Key. */
    struct hearsay_id id;
};

size_t hsy_probe_try_len(void)
{
    return sizeof(struct open_try);
}

/* From the start of a refused try to the start of the next one. */
static const uint64_t refused_gap_ns[HSY_PROBE_TRIES] = {0, 100 * HSY_MS,
                                                         200 * HSY_MS};

void hsy_probes_init(struct hsy_probes *ps, struct hsy_env *env)
{
    HSY_ASSERT(ps != NULL);
    HSY_ASSERT(env != NULL);
    *ps = (struct hsy_probes){.env = env, .next_ns = HEARSAY_NEVER};
    hsy_table_init(
        &ps->by_id, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_probe),
                                 .items_max = hsy_probes_max(&env->config)},
        env->config.hash_salt);
    hsy_table_init(
        &ps->by_link, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(hearsay_link),
                                 .item_len = sizeof(struct open_try),
                                 .items_max = HSY_PROBE_TRIES *
                                              hsy_probes_max(&env->config)},
        env->config.hash_salt);
}

void hsy_probes_fini(struct hsy_probes *ps)
{
    HSY_ASSERT(ps != NULL);
    hsy_table_fini(&ps->by_id);
    hsy_table_fini(&ps->by_link);
    ps->next_ns = HEARSAY_NEVER;
}

/* A tick looks at all probes, and when half of a network is gone there are
 * many. */
static void plan(struct hsy_probes *ps, uint64_t at_ns)
{
    HSY_ASSERT(ps->env != NULL);
    ps->next_ns = hsy_time_min(
        ps->next_ns, hsy_time_shared(at_ns, ps->by_id.count, APART_MS));
}

int hsy_probe_start(struct hsy_probes *ps, const struct hearsay_id *id,
                    uint64_t incarnation, const struct hearsay_addr *addrs,
                    uint32_t addrs_count)
{
    void *item;

    HSY_ASSERT(ps->env != NULL);
    HSY_ASSERT(addrs_count <= HEARSAY_ADDRS_MAX);
    if (hsy_probe_running(ps, id)) {
        return 0;
    }
    if (addrs_count == 0) {
        return HEARSAY_ERR_INVALID;
    }
    int err = hsy_table_put(&ps->by_id, &item, id);
    if (err != 0) {
        return err;
    }
    struct hsy_probe *p = item;
    p->incarnation = incarnation;
    p->addrs_count = (uint8_t)addrs_count;
    for (uint32_t i = 0; i < addrs_count; i++) {
        p->addrs[i] = addrs[i];
    }
    p->next_ns = ps->env->now.mono_ns;
    plan(ps, p->next_ns);
    return 0;
}

void hsy_probe_later(struct hsy_probes *ps, const struct hearsay_id *id,
                     uint64_t wait_ns)
{
    struct hsy_probe *p = hsy_table_find(&ps->by_id, id);

    HSY_ASSERT(wait_ns > 0);
    if (p != NULL && p->started == 0) {
        /* One for all: what is on its line is in its way. */
        p->started = HSY_PROBE_TRIES - 1;
        p->failed = HSY_PROBE_TRIES - 1;
        p->next_ns = hsy_time_add(ps->env->now.mono_ns, wait_ns);
    }
}

bool hsy_probe_running(const struct hsy_probes *ps, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&ps->by_id, id) != NULL;
}

/* That dial is no try any more, however it ends. */
static void end_try(struct hsy_probes *ps, struct hsy_probe *p, uint32_t which)
{
    void *item = p->links[which] == 0
                     ? NULL
                     : hsy_table_find(&ps->by_link, &p->links[which]);

    HSY_ASSERT((item == NULL) == (p->links[which] == 0));
    if (item != NULL) {
        hsy_table_remove(&ps->by_link, item);
    }
    p->links[which] = 0;
}

static void forget(struct hsy_probes *ps, struct hsy_probe *p)
{
    for (uint32_t i = 0; i < HSY_PROBE_TRIES; i++) {
        end_try(ps, p, i);
    }
    HSY_ASSERT(hsy_table_find(&ps->by_id, &p->id) == p);
    hsy_table_remove(&ps->by_id, p);
}

/* Dials that are still under way find nothing when they end. They are not
 * hung up here: one of them may be the very link that answered. */
bool hsy_probe_answered(struct hsy_probes *ps, const struct hearsay_id *id)
{
    struct hsy_probe *p = hsy_table_find(&ps->by_id, id);

    HSY_ASSERT(id != NULL);
    if (p == NULL) {
        return false;
    }
    forget(ps, p);
    return true;
}

/* The probe that @link is a try of, and which one; NULL: none. */
static struct hsy_probe *find_try(struct hsy_probes *ps, hearsay_link link,
                                  uint32_t *out_try)
{
    const struct open_try *t = hsy_table_find(&ps->by_link, &link);
    struct hsy_probe *p = t == NULL ? NULL : hsy_table_find(&ps->by_id, &t->id);

    HSY_ASSERT(link != 0); /* 0 marks a try that is over. */
    HSY_ASSERT((p == NULL) == (t == NULL));
    for (uint32_t k = 0; p != NULL && k < p->started; k++) {
        if (p->links[k] == link) {
            *out_try = k;
            return p;
        }
    }
    HSY_ASSERT(p == NULL);
    return NULL;
}

bool hsy_probe_tries(const struct hsy_probes *ps, hearsay_link link,
                     const struct hearsay_id *id)
{
    const struct open_try *t = hsy_table_find(&ps->by_link, &link);

    HSY_ASSERT(id != NULL);
    return t != NULL && hsy_id_equal(&t->id, id);
}

/* A refusal of the last try brings the next one forward. */
static void hasten(struct hsy_probes *ps, struct hsy_probe *p)
{
    HSY_ASSERT(p->started >= 1);
    HSY_ASSERT(p->started < HSY_PROBE_TRIES);
    uint64_t due_ns = hsy_time_add(p->tried_ns, refused_gap_ns[p->started]);
    p->next_ns = hsy_time_max(due_ns, ps->env->now.mono_ns);
    plan(ps, p->next_ns);
}

bool hsy_probe_dial_failed(struct hsy_probes *ps, hearsay_link link,
                           enum hearsay_down why, struct hsy_probe *out)
{
    uint32_t which = 0;
    struct hsy_probe *p = find_try(ps, link, &which);

    if (p == NULL) {
        return false;
    }
    HSY_ASSERT(p->failed < p->started);
    end_try(ps, p, which);
    p->failed++;
    p->refused = why == HEARSAY_DOWN_REFUSED;
    if (p->failed == HSY_PROBE_TRIES) {
        *out = *p;
        forget(ps, p);
        return true;
    }
    if (p->refused && which + 1U == p->started &&
        p->started < HSY_PROBE_TRIES) {
        hasten(ps, p);
    }
    return false;
}

bool hsy_probe_again(struct hsy_probes *ps, hearsay_link link)
{
    uint32_t which = 0;
    struct hsy_probe *p = find_try(ps, link, &which);

    if (p == NULL || p->restarts == HSY_PROBE_RESTARTS_MAX) {
        return false;
    }
    HSY_ASSERT(which < p->started);
    for (uint32_t i = 0; i < HSY_PROBE_TRIES; i++) {
        end_try(ps, p, i); /* The others find nothing when they end. */
    }
    p->restarts++;
    p->started = 0;
    p->failed = 0;
    p->refused = false;
    p->next_ns = hsy_time_add(ps->env->now.mono_ns, ROOM_NS);
    plan(ps, p->next_ns);
    return true;
}

/* 0: there is no room for one more. */
static hearsay_link dial(struct hsy_probes *ps, const struct hsy_probe *p)
{
    struct hsy_env *env = ps->env;
    const struct hearsay_addr *addr = &p->addrs[p->started % p->addrs_count];
    char host[HEARSAY_ADDR_TEXT_LEN];
    void *item;

    HSY_ASSERT(p->addrs_count >= 1);
    if (env->strained && ps->by_link.count > 0) {
        return 0;
    }
    hsy_addr_host_text(host, addr);
    hearsay_link link =
        env->ports.dial(env->ports.ctx, host, addr->port, &p->id);
    if (link != 0 && hsy_table_put(&ps->by_link, &item, &link) != 0) {
        env->ports.hang_up(env->ports.ctx, link, 0, NULL); /* No memory. */
        return 0;
    }
    if (link != 0) {
        ((struct open_try *)item)->id = p->id;
    }
    return link;
}

static void try_once(struct hsy_probes *ps, struct hsy_probe *p)
{
    const struct hsy_env *env = ps->env;

    HSY_ASSERT(p->started < HSY_PROBE_TRIES);
    hearsay_link link = dial(ps, p);
    if (link == 0) { /* No room for one more: the try is still to be made. */
        p->next_ns = hsy_time_add(env->now.mono_ns, ROOM_NS);
        return;
    }
    p->tried_ns = env->now.mono_ns;
    p->next_ns = hsy_time_add(env->now.mono_ns, PACE_NS);
    p->links[p->started] = link;
    p->started++;
    if (p->started == HSY_PROBE_TRIES) {
        p->next_ns = HEARSAY_NEVER;
    }
}

void hsy_probes_tick(struct hsy_probes *ps)
{
    uint64_t now_ns = ps->env->now.mono_ns;
    uint64_t next_ns = HEARSAY_NEVER;

    if (now_ns < ps->next_ns) {
        return;
    }
    for (uint32_t i = 0; i < ps->by_id.count; i++) {
        struct hsy_probe *p = hsy_table_at(&ps->by_id, i);
        if (p->next_ns <= now_ns) {
            try_once(ps, p);
        }
        HSY_ASSERT(p->next_ns > now_ns);
        next_ns = hsy_time_min(next_ns, p->next_ns);
    }
    ps->next_ns = hsy_time_shared(next_ns, ps->by_id.count, APART_MS);
}
