/* An entry goes when its bundle comes, or when everybody who announced it has
 * been asked in vain. */
#include "core/wanted.h"

/* The estimate moves by a sixteenth of itself, up 19 times as far as down, so
 * that it comes to rest where one sample of twenty is above it. No floats. */
enum { LAG_STEP = 16, LAG_DOWN = 19 };
#define LAG_FIRST_NS (150 * HSY_MS)
#define LAG_MIN_NS (1 * HSY_MS)
#define LAG_MAX_NS (500 * HSY_MS)

void hsy_wanted_init(struct hsy_wanted *w, struct hsy_env *env)
{
    HSY_ASSERT(env != NULL);
    *w = (struct hsy_wanted){
        .env = env, .next_ns = HEARSAY_NEVER, .lag_ns = LAG_FIRST_NS};
    hsy_table_init(
        &w->table, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct hsy_wanted_bundle),
                                 .items_max = HSY_WANTED_MAX},
        env->config.hash_salt);
}

void hsy_wanted_fini(struct hsy_wanted *w)
{
    hsy_table_fini(&w->table);
    HSY_ASSERT(w->table.count == 0);
}

void hsy_wanted_add(struct hsy_wanted *w, const struct hsy_bundle_id *id,
                    hearsay_link link, uint64_t wait_ns)
{
    uint64_t now_ns = w->env->now.mono_ns;
    struct hsy_wanted_bundle *wanted = hsy_table_find(&w->table, id);
    void *item;

    HSY_ASSERT(link != 0);
    if (wanted == NULL) {
        if (hsy_table_put(&w->table, &item, id) != 0) {
            w->env->counters.announcements_dropped++;
            return;
        }
        wanted = item;
        wanted->heard_ns = now_ns;
        wanted->due_ns = hsy_time_add(now_ns, wait_ns);
        w->next_ns = hsy_time_min(w->next_ns, wanted->due_ns);
    }
    if (wanted->count < HSY_ANNOUNCERS_MAX) {
        wanted->announcers[wanted->count] = link;
        wanted->count++;
    }
    HSY_ASSERT(wanted->count <= HSY_ANNOUNCERS_MAX);
}

static void learn_lag(struct hsy_wanted *w, uint64_t lag_ns)
{
    uint64_t step_ns = w->lag_ns / LAG_STEP;

    if (lag_ns > w->lag_ns) {
        w->lag_ns = hsy_time_min(w->lag_ns + step_ns, LAG_MAX_NS);
    } else {
        w->lag_ns = hsy_time_max(w->lag_ns - step_ns / LAG_DOWN, LAG_MIN_NS);
    }
    HSY_ASSERT(w->lag_ns >= LAG_MIN_NS);
}

void hsy_wanted_early(struct hsy_wanted *w)
{
    HSY_ASSERT(w->env != NULL);
    learn_lag(w, 0);
}

void hsy_wanted_came(struct hsy_wanted *w, const struct hsy_bundle_id *id)
{
    struct hsy_wanted_bundle *wanted = hsy_table_find(&w->table, id);

    HSY_ASSERT(id != NULL);
    if (wanted == NULL) {
        return;
    }
    /* When somebody was asked, the true lag is not known; but it was longer
     * than was thought likely. */
    w->env->counters.grafted += wanted->asked ? 1 : 0;
    learn_lag(w, wanted->asked
                     ? LAG_MAX_NS
                     : hsy_time_since(wanted->heard_ns, w->env->now.mono_ns));
    hsy_table_remove(&w->table, wanted);
}

static void take_first(struct hsy_wanted_bundle *wanted)
{
    HSY_ASSERT(wanted->count > 0);
    wanted->count--;
    for (uint32_t i = 0; i < wanted->count; i++) {
        wanted->announcers[i] = wanted->announcers[i + 1];
    }
}

static bool is_due(const struct hsy_wanted *w,
                   const struct hsy_wanted_bundle *wanted)
{
    HSY_ASSERT(wanted->count <= HSY_ANNOUNCERS_MAX);
    return wanted->due_ns <= w->env->now.mono_ns;
}

/* Is it @link's turn to be asked for it? */
static bool is_turn(const struct hsy_wanted *w,
                    const struct hsy_wanted_bundle *wanted, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    return is_due(w, wanted) && wanted->count > 0 &&
           wanted->announcers[0] == link;
}

hearsay_link hsy_wanted_whom(struct hsy_wanted *w)
{
    uint64_t next_ns = HEARSAY_NEVER;

    if (w->env->now.mono_ns < w->next_ns) {
        return 0;
    }
    for (uint32_t i = w->table.count; i > 0; i--) {
        struct hsy_wanted_bundle *wanted = hsy_table_at(&w->table, i - 1);
        if (!is_due(w, wanted)) {
            next_ns = hsy_time_min(next_ns, wanted->due_ns);
        } else if (wanted->count > 0) {
            return wanted->announcers[0]; /* The caller comes again. */
        } else {
            hsy_table_remove(&w->table, wanted);
        }
    }
    w->next_ns = next_ns;
    HSY_ASSERT(w->next_ns > w->env->now.mono_ns);
    return 0;
}

uint32_t hsy_wanted_take(struct hsy_wanted *w, hearsay_link link,
                         struct hsy_bundle_id ids[HSY_GRAFT_IDS_MAX],
                         uint64_t wait_ns)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < w->table.count && count < HSY_GRAFT_IDS_MAX; i++) {
        struct hsy_wanted_bundle *wanted = hsy_table_at(&w->table, i);
        if (is_turn(w, wanted, link)) {
            ids[count] = wanted->id;
            count++;
            take_first(wanted);
            wanted->asked = true;
            wanted->due_ns = hsy_time_add(w->env->now.mono_ns, wait_ns);
        }
    }
    HSY_ASSERT(wait_ns > 0);
    return count;
}

void hsy_wanted_later(struct hsy_wanted *w, hearsay_link link,
                      uint64_t until_ns)
{
    HSY_ASSERT(until_ns > w->env->now.mono_ns);
    for (uint32_t i = 0; i < w->table.count; i++) {
        struct hsy_wanted_bundle *wanted = hsy_table_at(&w->table, i);
        if (is_turn(w, wanted, link)) {
            wanted->due_ns = until_ns;
        }
    }
}

void hsy_wanted_skip(struct hsy_wanted *w, hearsay_link link)
{
    HSY_ASSERT(w->table.count <= HSY_WANTED_MAX);
    for (uint32_t i = 0; i < w->table.count; i++) {
        struct hsy_wanted_bundle *wanted = hsy_table_at(&w->table, i);
        if (is_turn(w, wanted, link)) {
            take_first(wanted);
        }
    }
}
