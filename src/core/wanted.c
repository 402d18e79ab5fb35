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

bool hsy_wanted_due(struct hsy_wanted *w, struct hsy_bundle_id *out_id,
                    hearsay_link *out_link, uint64_t wait_ns)
{
    uint64_t now_ns = w->env->now.mono_ns;

    if (now_ns < w->next_ns) {
        return false;
    }
    if (w->scan == 0) { /* From the end, for a removal moves the last one. */
        w->scan = w->table.count + 1;
        w->scan_ns = HEARSAY_NEVER;
    }
    while (w->scan > 1) {
        w->scan--;
        struct hsy_wanted_bundle *wanted = hsy_table_at(&w->table, w->scan - 1);
        if (wanted->due_ns <= now_ns && wanted->count == 0) {
            hsy_table_remove(&w->table, wanted);
            continue;
        }
        bool due = wanted->due_ns <= now_ns;
        wanted->due_ns = due ? hsy_time_add(now_ns, wait_ns) : wanted->due_ns;
        w->scan_ns = hsy_time_min(w->scan_ns, wanted->due_ns);
        if (due) {
            *out_id = wanted->id;
            *out_link = wanted->announcers[0];
            take_first(wanted);
            wanted->asked = true;
            return true; /* The caller comes again. */
        }
    }
    w->scan = 0;
    w->next_ns = w->scan_ns;
    HSY_ASSERT(w->next_ns > now_ns);
    return false;
}
