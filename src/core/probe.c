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
                                 .items_max = HSY_PROBES_MAX},
        env->config.hash_salt);
}

void hsy_probes_fini(struct hsy_probes *ps)
{
    HSY_ASSERT(ps != NULL);
    hsy_table_fini(&ps->by_id);
    ps->next_ns = HEARSAY_NEVER;
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
    ps->next_ns = hsy_time_min(ps->next_ns, p->next_ns);
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

/* Dials that are still under way find nothing when they end. They are not
 * hung up here: one of them may be the very link that answered. */
bool hsy_probe_answered(struct hsy_probes *ps, const struct hearsay_id *id)
{
    struct hsy_probe *p = hsy_table_find(&ps->by_id, id);

    HSY_ASSERT(id != NULL);
    if (p == NULL) {
        return false;
    }
    hsy_table_remove(&ps->by_id, p);
    return true;
}

/* The probe that @link is a try of, and which one; NULL: none. */
static struct hsy_probe *find_try(struct hsy_probes *ps, hearsay_link link,
                                  uint32_t *out_try)
{
    HSY_ASSERT(link != 0); /* 0 marks a try that is over. */
    for (uint32_t i = 0; i < ps->by_id.count; i++) {
        struct hsy_probe *p = hsy_table_at(&ps->by_id, i);
        for (uint32_t k = 0; k < p->started; k++) {
            if (p->links[k] == link) {
                *out_try = k;
                return p;
            }
        }
    }
    return NULL;
}

/* A refusal of the last try brings the next one forward. */
static void hasten(struct hsy_probes *ps, struct hsy_probe *p)
{
    HSY_ASSERT(p->started >= 1);
    HSY_ASSERT(p->started < HSY_PROBE_TRIES);
    uint64_t due_ns = hsy_time_add(p->tried_ns, refused_gap_ns[p->started]);
    p->next_ns = hsy_time_max(due_ns, ps->env->now.mono_ns);
    ps->next_ns = hsy_time_min(ps->next_ns, p->next_ns);
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
    p->links[which] = 0;
    p->failed++;
    p->refused = why == HEARSAY_DOWN_REFUSED;
    if (p->failed == HSY_PROBE_TRIES) {
        *out = *p;
        hsy_table_remove(&ps->by_id, p);
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
        p->links[i] = 0; /* The other tries find nothing when they end. */
    }
    p->restarts++;
    p->started = 0;
    p->failed = 0;
    p->refused = false;
    p->next_ns = hsy_time_add(ps->env->now.mono_ns, ROOM_NS);
    ps->next_ns = hsy_time_min(ps->next_ns, p->next_ns);
    return true;
}

/* Tries under way. */
static uint32_t count_tries(const struct hsy_probes *ps)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ps->by_id.count; i++) {
        const struct hsy_probe *p = hsy_table_at(&ps->by_id, i);
        for (uint32_t k = 0; k < p->started; k++) {
            count += p->links[k] != 0 ? 1 : 0;
        }
    }
    HSY_ASSERT(count <= HSY_PROBES_MAX * HSY_PROBE_TRIES);
    return count;
}

static void try_once(struct hsy_probes *ps, struct hsy_probe *p)
{
    struct hsy_env *env = ps->env;
    const struct hearsay_addr *addr = &p->addrs[p->started % p->addrs_count];
    char host[HEARSAY_ADDR_TEXT_LEN];

    HSY_ASSERT(p->started < HSY_PROBE_TRIES);
    HSY_ASSERT(p->addrs_count >= 1);
    hsy_addr_host_text(host, addr);
    hearsay_link link =
        env->strained && count_tries(ps) > 0
            ? 0
            : env->ports.dial(env->ports.ctx, host, addr->port, &p->id);
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
    ps->next_ns = next_ns;
}
