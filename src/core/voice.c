/* A ring of pairs, and how often each subject is in it. Questions look at the
 * whole ring: they are asked once for each report, whose signature took longer
 * to check. */
#include "core/voice.h"

#include "base/addr.h"
#include "base/mem.h"

_Static_assert(sizeof(struct hsy_refuter) % 8 == 0, "items of a table");

void hsy_voice_init(struct hsy_voice *v, const struct hsy_env *env)
{
    HSY_ASSERT(env != NULL);
    *v = (struct hsy_voice){.env = env};
    hsy_table_init(
        &v->refuters, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_refuter),
                                 .items_max = HSY_VOICE_PAIRS_MAX},
        env->config.hash_salt);
}

void hsy_voice_fini(struct hsy_voice *v)
{
    HSY_ASSERT(v->env != NULL);
    hsy_mem_free(&v->env->mem, v->ring);
    v->ring = NULL;
    v->count = 0;
    hsy_table_fini(&v->refuters);
}

static struct hsy_pair *pair_at(const struct hsy_voice *v, uint32_t index)
{
    HSY_ASSERT(index < HSY_VOICE_PAIRS_MAX);
    return &v->ring[(v->head + index) % HSY_VOICE_PAIRS_MAX];
}

const struct hsy_pair *hsy_voice_at(const struct hsy_voice *v, uint32_t index)
{
    HSY_ASSERT(index < v->count);
    return pair_at(v, index);
}

bool hsy_voice_plays_dead(const struct hsy_voice *v,
                          const struct hearsay_id *id)
{
    const struct hsy_refuter *r = hsy_table_find(&v->refuters, id);

    HSY_ASSERT(r == NULL || r->pairs > 0);
    return r != NULL && r->pairs >= HSY_VOICE_OTHERS;
}

/* How many subjects count against @notifier; *@out_before: @subject, if it is
 * not NULL, is one of all that it has a pair with. */
static uint32_t against(const struct hsy_voice *v,
                        const struct hearsay_id *notifier,
                        const struct hearsay_id *subject, bool *out_before)
{
    uint32_t count = 0;

    *out_before = false;
    for (uint32_t i = 0; i < v->count; i++) {
        const struct hsy_pair *p = pair_at(v, i);
        if (!hsy_id_equal(&p->notifier, notifier)) {
            continue;
        }
        count += hsy_voice_plays_dead(v, &p->subject) ? 0 : 1;
        *out_before = *out_before ||
                      (subject != NULL && hsy_id_equal(&p->subject, subject));
    }
    HSY_ASSERT(count <= v->count);
    return count;
}

enum hsy_said hsy_voice_said(const struct hsy_voice *v,
                             const struct hearsay_id *notifier,
                             const struct hearsay_id *subject)
{
    bool before;
    uint32_t count = against(v, notifier, subject, &before);

    HSY_ASSERT(subject != NULL);
    if (count >= HSY_VOICE_OTHERS) {
        return HSY_SAID_BY_LIAR;
    }
    return before ? HSY_SAID_BEFORE : HSY_SAID_HEARD;
}

bool hsy_voice_is_mute(const struct hsy_voice *v, const struct hearsay_id *id)
{
    bool before;

    HSY_ASSERT(id != NULL);
    return against(v, id, NULL, &before) >= HSY_VOICE_OTHERS;
}

void hsy_voice_refuted(struct hsy_voice *v, const struct hearsay_id *notifier,
                       const struct hearsay_id *subject)
{
    void *item;

    HSY_ASSERT(v->count < HSY_VOICE_PAIRS_MAX);
    if (hsy_voice_said(v, notifier, subject) == HSY_SAID_BEFORE) {
        return; /* A pair is there once. */
    }
    if (v->ring == NULL) {
        v->ring =
            hsy_mem_alloc(&v->env->mem, HSY_VOICE_PAIRS_MAX * sizeof(*v->ring));
    }
    if (v->ring == NULL || hsy_table_put(&v->refuters, &item, subject) != 0) {
        return;
    }
    ((struct hsy_refuter *)item)->pairs++;
    *pair_at(v, v->count) =
        (struct hsy_pair){.notifier = *notifier,
                          .subject = *subject,
                          .refuted_ns = v->env->now.mono_ns};
    v->count++;
}

uint64_t hsy_voice_due(const struct hsy_voice *v)
{
    HSY_ASSERT(v->count < HSY_VOICE_PAIRS_MAX || v->ring != NULL);
    return v->count == 0
               ? HEARSAY_NEVER
               : hsy_time_add(pair_at(v, 0)->refuted_ns, HSY_VOICE_NS);
}

bool hsy_voice_expire(struct hsy_voice *v, struct hearsay_id *out)
{
    if (hsy_voice_due(v) > v->env->now.mono_ns &&
        v->count < HSY_VOICE_PAIRS_MAX) {
        return false;
    }
    *out = pair_at(v, 0)->subject;
    v->head = (v->head + 1) % HSY_VOICE_PAIRS_MAX;
    v->count--;
    struct hsy_refuter *r = hsy_table_find(&v->refuters, out);
    HSY_ASSERT(r != NULL && r->pairs > 0);
    r->pairs--;
    if (r->pairs == 0) {
        hsy_table_remove(&v->refuters, r);
    }
    return true;
}
