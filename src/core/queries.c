/* Who is there, the seeds know; so a query begins with their lists, a page at a
 * time, while it is already on its way: of all seeds that hold our
 * registration, for each of them alone may not have heard of everybody yet. It
 * is over when all of the list have answered, or at its deadline. Those that
 * are missing are looked up at a seed meanwhile: whoever is not listed any more
 * is not waited for. */
#include "core/queries.h"

#include "base/addr.h"
#include "core/lines.h"

#define RETRY_NS (10 * HSY_MS)
#define CHECK_MIN_NS (500 * HSY_MS)
enum { CHECK_PARTS = 4, FAILURES_MAX = 3 };

struct node {
    struct hearsay_id id; /* Key. */
    bool listed, answered, gone;
    bool looked_up; /* A LOOKUP of it is open. */
    uint32_t line;  /* Of the seed that listed it first. */
};

void hsy_queries_init(struct hsy_queries *q, struct hsy_env *env,
                      const struct hsy_join *join)
{
    HSY_ASSERT(join != NULL);
    *q = (struct hsy_queries){
        .env = env, .join = join, .next_ns = HEARSAY_NEVER};
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        hsy_table_init(
            &q->list[i].who, &env->mem,
            (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                     .item_len = sizeof(struct node),
                                     .items_max = HSY_QUERY_NODES_MAX},
            env->config.hash_salt);
    }
}

void hsy_queries_fini(struct hsy_queries *q)
{
    HSY_ASSERT(q->env != NULL);
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        hsy_table_fini(&q->list[i].who);
    }
}

static struct hsy_query *find_in(struct hsy_queries *q,
                                 enum hsy_query_state state)
{
    HSY_ASSERT(q->env != NULL);
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        if (q->list[i].state == state) {
            return &q->list[i];
        }
    }
    return NULL;
}

bool hsy_queries_have_room(const struct hsy_queries *q)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        taken += q->list[i].state == HSY_QUERY_FREE ? 0 : 1;
    }
    HSY_ASSERT(taken <= HSY_QUERIES_MAX);
    return taken < HSY_QUERIES_MAX;
}

/* ---------------------------------------------------------------------- end */

/* Of those that a query knows, or was told that there are. */
static uint32_t expected_of(const struct hsy_query *one)
{
    uint32_t known = one->answered + one->owed;
    uint32_t others = one->peers_count > 0 ? one->peers_count - 1 : 0;

    HSY_ASSERT(one->owed <= one->listed);
    return one->state == HSY_QUERY_LISTED || others < known ? known : others;
}

static uint32_t name_missing(const struct hsy_query *one,
                             struct hearsay_id out[HSY_QUERY_MISSING_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < one->who.count && count < HSY_QUERY_MISSING_MAX &&
                         one->state == HSY_QUERY_LISTED;
         i++) {
        const struct node *node = hsy_table_at(&one->who, i);
        if (node->listed && !node->answered && !node->gone) {
            out[count] = node->id;
            count++;
        }
    }
    HSY_ASSERT(count <= one->owed);
    return count;
}

static void free_one(struct hsy_query *one)
{
    struct hsy_table who = one->who;

    HSY_ASSERT(one->state != HSY_QUERY_FREE);
    while (who.count > 0) {
        hsy_table_remove(&who, hsy_table_at(&who, who.count - 1));
    }
    *one = (struct hsy_query){.who = who};
}

/* False: no memory; it is told at a later tick. */
static bool end_query(struct hsy_queries *q, struct hsy_query *one,
                      bool stopped)
{
    struct hearsay_id missing[HSY_QUERY_MISSING_MAX];
    struct hearsay_summary summary = {.seq = one->seq,
                                      .answered = one->answered,
                                      .expected = expected_of(one),
                                      .missing = missing,
                                      .stopped = stopped};
    struct hearsay_effect effect = {.kind = HEARSAY_FX_QUERY_DONE};

    HSY_ASSERT(summary.expected >= summary.answered);
    summary.missing_count = summary.expected - summary.answered;
    summary.missing_listed = name_missing(one, missing);
    summary.counted_only = one->state != HSY_QUERY_LISTED;
    effect.summary = &summary;
    one->ends = true;
    if (!q->env->ports.tell(q->env->ports.ctx, &effect)) {
        q->next_ns = hsy_time_min(q->next_ns,
                                  hsy_time_add(q->env->now.mono_ns, RETRY_NS));
        return false;
    }
    free_one(one);
    return true;
}

static bool is_complete(const struct hsy_query *one)
{
    HSY_ASSERT(one->state != HSY_QUERY_FREE);
    if (one->state == HSY_QUERY_LISTED) {
        return one->owed == 0;
    }
    return one->state == HSY_QUERY_COUNTED && one->peers_count > 0 &&
           one->answered + 1 >= one->peers_count;
}

bool hsy_queries_stop(struct hsy_queries *q)
{
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        struct hsy_query *one = &q->list[i];
        if (one->state != HSY_QUERY_FREE && !end_query(q, one, true)) {
            return false;
        }
    }
    HSY_ASSERT(hsy_queries_have_room(q));
    return true;
}

/* --------------------------------------------------------------------- list */

/* The line of the seed that is asked may be a long one. */
static uint64_t page_wait_ns(const struct hsy_queries *q,
                             const struct hsy_query *one)
{
    const struct hsy_neighbour *seed = one->line < q->env->config.seeds_count
                                           ? hsy_join_holder(q->join, one->line)
                                           : NULL;

    HSY_ASSERT(one->state == HSY_QUERY_LISTING);
    return seed == NULL ? HSY_QUERY_PAGE_NS
                        : hsy_neighbour_wait_ns(seed, HSY_QUERY_PAGE_NS);
}

static void ask_pages(struct hsy_queries *q, struct hsy_query *one)
{
    struct hsy_frame frame = {.type = HSY_PEERS_GET};
    uint32_t open = one->pages_come == 0 ? 1 : HSY_QUERY_PAGES_OPEN;

    HSY_ASSERT(one->state == HSY_QUERY_LISTING);
    one->page_by_ns = hsy_time_add(q->env->now.mono_ns, page_wait_ns(q, one));
    q->next_ns = hsy_time_min(q->next_ns, one->page_by_ns);
    while (one->link != 0 && one->pages_asked < one->pages_come + open) {
        frame.peers_get.kind = HSY_PEERS_PAGE;
        frame.peers_get.count = HSY_PAGE_RECORDS;
        frame.peers_get.page = one->pages_asked;
        one->pages_asked++;
        hsy_send(q->env, one->link, &frame);
    }
}

/* From one->line on, the next seed whose list is not complete; NULL: none. */
static const struct hsy_neighbour *next_seed(const struct hsy_queries *q,
                                             struct hsy_query *one)
{
    HSY_ASSERT(one->state != HSY_QUERY_FREE);
    for (; one->line < hsy_lines_count(q->env); one->line++) {
        const struct hsy_neighbour *seed = hsy_join_holder(q->join, one->line);
        if (seed != NULL && !one->read[one->line]) {
            return seed;
        }
    }
    return NULL;
}

/* Of @seed; NULL: there is none now, and in a second there may be. */
static void begin_list(struct hsy_queries *q, struct hsy_query *one,
                       const struct hsy_neighbour *seed)
{
    HSY_ASSERT(one->state == HSY_QUERY_WAITING ||
               one->state == HSY_QUERY_LISTING);
    one->state = HSY_QUERY_LISTING;
    one->link = seed == NULL ? 0 : seed->link;
    one->pages_asked = 0;
    one->pages_come = 0;
    one->records = 0;
    ask_pages(q, one);
}

static void end_listing(struct hsy_queries *q, struct hsy_query *one,
                        enum hsy_query_state state)
{
    HSY_ASSERT(one->state == HSY_QUERY_LISTING);
    one->state = state;
    one->page_by_ns = HEARSAY_NEVER;
    struct hsy_query *next = find_in(q, HSY_QUERY_WAITING);
    if (next != NULL) {
        begin_list(q, next, next_seed(q, next));
    }
    if (is_complete(one)) {
        (void)end_query(q, one, false);
    }
}

static bool is_quorum_read(const struct hsy_queries *q,
                           const struct hsy_query *one)
{
    struct hsy_votes votes = hsy_join_votes(q->join);

    for (uint32_t i = 0; i < hsy_lines_count(q->env); i++) {
        if (one->read[i]) {
            hsy_votes_add(&votes, i);
        }
    }
    HSY_ASSERT(votes.count == one->lists);
    return hsy_votes_missing(&votes) == 0;
}

/* The list of one seed came, or will not come: on to the next one. Those that
 * sent nothing are asked again; fewer than a quorum may not know everybody. */
static void next_list(struct hsy_queries *q, struct hsy_query *one)
{
    HSY_ASSERT(one->lists + one->failures > 0);
    one->line++;
    const struct hsy_neighbour *seed = next_seed(q, one);
    if (seed != NULL) {
        begin_list(q, one, seed);
    } else if (is_quorum_read(q, one)) {
        end_listing(q, one, HSY_QUERY_LISTED);
    } else if (one->failures < FAILURES_MAX) {
        one->line = 0;
        begin_list(q, one, next_seed(q, one));
    } else {
        end_listing(q, one, HSY_QUERY_COUNTED);
    }
}

/* False: no memory. */
static bool add_listed(struct hsy_queries *q, struct hsy_query *one,
                       const struct hearsay_id *id)
{
    void *item;

    HSY_ASSERT(one->state == HSY_QUERY_LISTING);
    if (hsy_id_equal(id, &q->env->id)) {
        return true;
    }
    if (hsy_table_put(&one->who, &item, id) != 0) {
        return false;
    }
    struct node *node = item;
    if (!node->listed) {
        node->listed = true;
        node->line = one->line;
        one->listed++;
        one->owed += node->answered ? 0 : 1;
    }
    return true;
}

static void take_page(struct hsy_queries *q, struct hsy_query *one,
                      const struct hsy_peers *peers)
{
    struct hsy_reader at = hsy_reader(peers->records.bytes, peers->records.len);
    struct hsy_encoded record;
    bool fits = peers->peers_count <= HSY_QUERY_LISTED_MAX;

    HSY_ASSERT(one->state == HSY_QUERY_LISTING);
    if (one->lists == 0 || peers->peers_count > one->peers_count) {
        one->peers_count = peers->peers_count;
    }
    while (fits && hsy_records_next_encoded(&at, &record)) {
        const void *id = record.bytes; /* It begins with it. */
        fits = add_listed(q, one, id);
        one->records++;
    }
    if (!fits) {
        end_listing(q, one, HSY_QUERY_COUNTED);
        return;
    }
    one->pages_come++;
    if (one->records >= peers->peers_count || peers->records.count == 0) {
        HSY_ASSERT(!one->read[one->line]);
        one->read[one->line] = true;
        one->lists++;
        next_list(q, one);
    } else {
        ask_pages(q, one);
    }
}

/* -------------------------------------------------------------------- check */

/* The next of those that are missing, each at the seed that listed it: another
 * one may not know it yet. */
static void look_up(struct hsy_queries *q, struct hsy_query *one)
{
    struct hsy_frame frame = {.type = HSY_LOOKUP};
    uint32_t asked = 0;

    HSY_ASSERT(one->state == HSY_QUERY_LISTED);
    for (uint32_t i = 0; i < one->who.count && asked < HSY_QUERY_LOOKUPS_MAX;
         i++) {
        struct node *node = hsy_table_at(&one->who, one->look_at);
        const struct hsy_neighbour *seed = hsy_join_holder(q->join, node->line);
        if (seed != NULL && node->listed && !node->answered && !node->gone) {
            node->looked_up = true;
            frame.lookup = node->id;
            hsy_send(q->env, seed->link, &frame);
            asked++;
        }
        one->look_at = (one->look_at + 1) % one->who.count;
    }
}

/* Nobody is listed under the id that was looked up: is it one of ours? */
static void take_gone(struct hsy_queries *q, struct hsy_query *one,
                      uint32_t mark)
{
    for (uint32_t i = 0; i < one->who.count; i++) {
        struct node *node = hsy_table_at(&one->who, i);
        if (node->looked_up && hsy_lookup_mark(&node->id) == mark) {
            node->looked_up = false;
            one->owed -= node->answered || node->gone ? 0 : 1;
            node->gone = true;
        }
    }
    HSY_ASSERT(one->owed <= one->listed);
    if (is_complete(one)) {
        (void)end_query(q, one, false);
    }
}

void hsy_queries_peers(struct hsy_queries *q, hearsay_link link,
                       const struct hsy_peers *peers)
{
    struct hsy_query *lister = find_in(q, HSY_QUERY_LISTING);

    HSY_ASSERT(peers->by_degree <= peers->records.count);
    if (peers->kind == HSY_PEERS_PAGE && lister != NULL && !lister->ends &&
        lister->link == link && peers->page < lister->pages_asked) {
        take_page(q, lister, peers);
    }
    for (uint32_t i = 0; i < HSY_QUERIES_MAX && peers->kind == HSY_PEERS_LOOKUP;
         i++) {
        struct hsy_query *one = &q->list[i];
        if (one->state == HSY_QUERY_LISTED && !one->ends &&
            peers->records.count == 0) {
            take_gone(q, one, peers->page);
        }
    }
}

/* --------------------------------------------------------------- the asker */

void hsy_queries_begin(struct hsy_queries *q, uint64_t incarnation,
                       uint64_t seq, uint64_t timeout_ns)
{
    struct hsy_query *one = find_in(q, HSY_QUERY_FREE);
    uint64_t now_ns = q->env->now.mono_ns;
    bool alone = find_in(q, HSY_QUERY_LISTING) == NULL;

    HSY_ASSERT(one != NULL);
    HSY_ASSERT(incarnation > 0);
    q->incarnation = incarnation;
    q->env->counters.queries++;
    one->state = HSY_QUERY_WAITING;
    one->seq = seq;
    one->deadline_ns = hsy_time_add(now_ns, timeout_ns);
    one->page_by_ns = HEARSAY_NEVER;
    one->peers_count = q->env->peers_count;
    one->check_every_ns = hsy_time_max(timeout_ns / CHECK_PARTS, CHECK_MIN_NS);
    one->check_ns = hsy_time_add(now_ns, one->check_every_ns);
    q->next_ns = hsy_time_min(q->next_ns, one->deadline_ns);
    q->next_ns = hsy_time_min(q->next_ns, one->check_ns);
    if (alone) {
        begin_list(q, one, next_seed(q, one));
    }
}

static struct hsy_query *query_of(struct hsy_queries *q,
                                  const struct hsy_direct *direct)
{
    HSY_ASSERT(direct->kind == HSY_DIRECT_ANSWER);
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        struct hsy_query *one = &q->list[i];
        if (one->state != HSY_QUERY_FREE && !one->ends &&
            one->seq == direct->about_number) {
            return one;
        }
    }
    return NULL;
}

static bool is_our_epoch(const struct hsy_queries *q,
                         const struct hsy_direct *direct)
{
    HSY_ASSERT(direct->about_number > 0);
    return direct->about_incarnation == q->incarnation &&
           direct->about_nonce == q->env->config.boot_nonce;
}

bool hsy_queries_answer(struct hsy_queries *q, const struct hsy_direct *direct)
{
    struct hsy_query *one = query_of(q, direct);
    struct hearsay_effect effect = {.kind = HEARSAY_FX_ANSWER};
    void *item;

    if (one == NULL || !is_our_epoch(q, direct)) {
        q->env->counters.answers_late++;
        return true;
    }
    int err = hsy_table_put(&one->who, &item, &direct->origin);
    if (err == HEARSAY_ERR_FULL) {
        q->env->counters.answers_dropped++;
        return true;
    }
    struct node *node = err == 0 ? item : NULL;
    if (node == NULL || node->answered) {
        return node != NULL; /* It answers once. */
    }
    effect.answer.seq = one->seq;
    effect.answer.from = direct->origin;
    effect.answer.payload = direct->payload;
    effect.answer.payload_len = direct->payload_len;
    if (!q->env->ports.tell(q->env->ports.ctx, &effect)) {
        return false; /* Its entry says nothing yet. */
    }
    node->answered = true;
    one->answered++;
    one->owed -= node->listed && !node->gone ? 1 : 0;
    q->env->counters.answers_in++;
    HSY_ASSERT(one->owed <= one->listed);
    if (is_complete(one)) {
        (void)end_query(q, one, false);
    }
    return true;
}

/* --------------------------------------------------------------------- time */

static void tick_list(struct hsy_queries *q, struct hsy_query *one)
{
    HSY_ASSERT(one->state == HSY_QUERY_LISTING);
    if (q->env->now.mono_ns >= one->page_by_ns) {
        one->failures++;
        next_list(q, one);
    }
}

/* When who is missing is looked up for the last time: so long before the end
 * that the answer of the furthest seed is there, if that is no more than the
 * usual pause. */
static uint64_t last_check_ns(const struct hsy_queries *q,
                              const struct hsy_query *one)
{
    uint64_t wait_ns = HSY_QUERY_CHECK_NS;

    HSY_ASSERT(one->check_every_ns >= HSY_QUERY_CHECK_NS);
    for (uint32_t i = 0; i < q->env->config.seeds_count; i++) {
        const struct hsy_neighbour *seed = hsy_join_holder(q->join, i);
        wait_ns = seed == NULL ? wait_ns : hsy_neighbour_wait_ns(seed, wait_ns);
    }
    wait_ns = hsy_time_min(wait_ns, one->check_every_ns);
    return hsy_time_since(wait_ns, one->deadline_ns);
}

static void tick_check(struct hsy_queries *q, struct hsy_query *one)
{
    uint64_t now_ns = q->env->now.mono_ns;
    uint64_t last_ns = last_check_ns(q, one);

    HSY_ASSERT(now_ns < one->deadline_ns);
    if (now_ns < one->check_ns) {
        return;
    }
    if (one->state == HSY_QUERY_LISTED) {
        look_up(q, one);
    }
    uint64_t next_ns = hsy_time_add(now_ns, one->check_every_ns);
    one->check_ns =
        now_ns >= last_ns ? HEARSAY_NEVER : hsy_time_min(next_ns, last_ns);
}

static void tick_one(struct hsy_queries *q, struct hsy_query *one)
{
    HSY_ASSERT(one->state != HSY_QUERY_FREE);
    if (one->ends || q->env->now.mono_ns >= one->deadline_ns) {
        bool lister = one->state == HSY_QUERY_LISTING;
        one->state = lister ? HSY_QUERY_COUNTED : one->state;
        struct hsy_query *next = find_in(q, HSY_QUERY_WAITING);
        (void)end_query(q, one, false);
        if (lister && next != NULL && next != one) {
            begin_list(q, next, next_seed(q, next));
        }
        return;
    }
    if (one->state == HSY_QUERY_LISTING) {
        tick_list(q, one);
    }
    if (one->state != HSY_QUERY_FREE && !one->ends) {
        tick_check(q, one);
    }
}

void hsy_queries_tick(struct hsy_queries *q)
{
    uint64_t now_ns = q->env->now.mono_ns;

    if (now_ns < q->next_ns) {
        return;
    }
    q->next_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        if (q->list[i].state != HSY_QUERY_FREE) {
            tick_one(q, &q->list[i]);
        }
    }
    for (uint32_t i = 0; i < HSY_QUERIES_MAX; i++) {
        const struct hsy_query *one = &q->list[i];
        if (one->state != HSY_QUERY_FREE && !one->ends) {
            q->next_ns = hsy_time_min(q->next_ns, one->deadline_ns);
            q->next_ns = hsy_time_min(q->next_ns, one->page_by_ns);
            q->next_ns = hsy_time_min(q->next_ns, one->check_ns);
        }
    }
    HSY_ASSERT(q->next_ns > now_ns);
}
