/* An answer is a direct message of a kind of its own. Who has no application
 * for it answers by itself, as soon as there is room. */
#include "core/asked.h"

#define RETRY_NS (20 * HSY_MS)
/* An answer that goes out at the last moment is tried once more. */
#define ANSWER_MIN_NS (1 * HSY_SECOND)

struct query {
    struct hsy_query_name name; /* Key. */
    uint64_t nonce;
    uint64_t until_ns;
    bool answered;
    bool waits; /* For room for this node's own word. */
    uint8_t unused[6];
};

void hsy_asked_init(struct hsy_asked *a, struct hsy_env *env,
                    struct hsy_directs *directs)
{
    HSY_ASSERT(directs != NULL);
    *a = (struct hsy_asked){
        .env = env, .directs = directs, .next_ns = HEARSAY_NEVER};
    hsy_ring_init(
        &a->ring, env,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_query_name),
                                 .item_len = sizeof(struct query),
                                 .items_max = HSY_ASKED_MAX});
}

void hsy_asked_fini(struct hsy_asked *a)
{
    HSY_ASSERT(a->env != NULL);
    hsy_ring_fini(&a->ring);
}

/* @payload NULL: an empty one, and the application hears of no outcome. */
static int answer(struct hsy_asked *a, struct query *q,
                  const struct hsy_message *payload, uint64_t *out_number)
{
    uint64_t left_ns = hsy_time_since(a->env->now.mono_ns, q->until_ns);
    struct hsy_direct_wish wish = {
        .direct = {.kind = HSY_DIRECT_ANSWER,
                   .to = q->name.origin,
                   .about_incarnation = q->name.incarnation,
                   .about_nonce = q->nonce,
                   .about_number = q->name.seq},
        .timeout_ns = hsy_time_max(left_ns, ANSWER_MIN_NS),
        .silent = payload == NULL};

    HSY_ASSERT(!q->answered);
    if (payload != NULL) {
        wish.direct.payload = payload->payload;
        wish.direct.payload_len = payload->payload_len;
    }
    int err = hsy_directs_send(a->directs, a->incarnation, &wish, out_number);
    q->answered = err == 0;
    return err;
}

static uint64_t left_of(const struct hsy_asked *a,
                        const struct hsy_asking *asking)
{
    uint64_t now_ms = a->env->now.wall_ms;
    uint64_t over_ms = asking->wall_ms + asking->query_ms;

    HSY_ASSERT(asking->query_ms > 0);
    return now_ms > over_ms && now_ms - over_ms > HSY_ASKED_SKEW_MS
               ? 0
               : asking->query_ms * HSY_MS;
}

/* Answers now, or when there is room. */
static void answer_alone(struct hsy_asked *a, struct query *q)
{
    HSY_ASSERT(!a->env->config.answers);
    int err = answer(a, q, NULL, NULL);
    if (err == HEARSAY_ERR_AGAIN || err == HEARSAY_ERR_NOMEM) {
        q->waits = true;
        a->next_ns = hsy_time_min(a->next_ns,
                                  hsy_time_add(a->env->now.mono_ns, RETRY_NS));
    }
}

uint64_t hsy_asked_heard(struct hsy_asked *a, const struct hsy_asking *asking)
{
    struct hsy_query_name name = {.origin = asking->of.origin,
                                  .incarnation = asking->of.incarnation,
                                  .seq = asking->seq};
    uint64_t left_ns = left_of(a, asking);

    if (left_ns == 0 || a->incarnation == 0) {
        return 0; /* Of what was before our time. */
    }
    struct query *q = hsy_ring_put(&a->ring, &name);
    if (q == NULL) {
        a->env->counters.answers_dropped++;
        return 0;
    }
    HSY_ASSERT(a->ring.table.count <= HSY_ASKED_MAX);
    a->env->counters.queries_in++;
    q->nonce = asking->of.nonce;
    q->until_ns = hsy_time_add(a->env->now.mono_ns, left_ns);
    if (!a->env->config.answers && !q->answered) {
        answer_alone(a, q);
    }
    return left_ns;
}

int hsy_asked_answer(struct hsy_asked *a, const struct hsy_query_name *name,
                     const struct hsy_message *payload, uint64_t *out_number)
{
    struct query *q = hsy_ring_find(&a->ring, name);

    HSY_ASSERT(payload != NULL);
    if (q == NULL) {
        return HEARSAY_ERR_UNKNOWN;
    }
    if (q->answered || q->waits) {
        return HEARSAY_ERR_ANSWERED;
    }
    return a->env->now.mono_ns >= q->until_ns
               ? HEARSAY_ERR_LATE
               : answer(a, q, payload, out_number);
}

void hsy_asked_tick(struct hsy_asked *a)
{
    uint64_t now_ns = a->env->now.mono_ns;

    if (now_ns < a->next_ns) {
        return;
    }
    a->next_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < a->ring.table.count; i++) {
        struct query *q = hsy_table_at(&a->ring.table, i);
        bool waits = q->waits;
        q->waits = false;
        if (waits && now_ns < q->until_ns) {
            answer_alone(a, q);
        } else if (waits) {
            a->env->counters.answers_dropped++;
        }
    }
    HSY_ASSERT(a->next_ns > now_ns);
}
