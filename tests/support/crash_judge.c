/* Opens the disk as the next process would, takes the rows in as a seed does,
 * and compares. */
#include "support/crash_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/rows.h"

const char *crash_found_name(enum crash_fault_found found)
{
    static const char *const names[CRASH_FAULTS] = {
        "fine",
        "acknowledged and lost",
        "resurrected",
        "fell below what was answered",
        "above all that was asked",
        "garbage",
        "no state that there was",
        "unreadable"};
    HSY_ASSERT(found < CRASH_FAULTS);
    return names[found];
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static void ring(void *ctx)
{
    (void)ctx; /* Nothing is asked of this store. */
}

void crash_judge_init(struct crash_judge *judge, struct crash_vfs *vfs)
{
    memset(judge, 0, sizeof(*judge));
    judge->vfs = vfs;
    core_ports_init(&judge->ports, &judge->env);
}

void crash_judge_fini(struct crash_judge *judge)
{
    core_ports_fini(&judge->ports);
}

void crash_judge_read(struct crash_judge *judge, const struct crash_seed *books)
{
    judge->books = books;
    judge->rows_count = books->rows_count;
    memcpy(judge->rows, books->rows, books->rows_count * sizeof(uint64_t));
    qsort(judge->rows, judge->rows_count, sizeof(uint64_t), by_value);
    judge->env.now = books->now;
}

/* ------------------------------------------------------------------ rows in */

static uint64_t rank_now(const struct crash_judge *judge, uint32_t who)
{
    struct hearsay_id id = crash_id(who);

    return who == 0 ? hsy_rank_alive(judge->self.highest)
                    : hsy_registry_rank(&judge->registry, &id);
}

static uint32_t who_of(const struct hearsay_row *row)
{
    struct hearsay_id id;

    if (row->table == HEARSAY_TABLE_SELF || row->key_len != sizeof(id.bytes)) {
        return 0;
    }
    memcpy(id.bytes, row->key, sizeof(id.bytes));
    return crash_who(&id);
}

static int on_row(void *ctx, const struct hearsay_row *sealed)
{
    struct crash_judge *judge = ctx;
    struct hearsay_row row = *sealed;
    uint64_t hash = crash_row_hash(sealed);
    uint32_t who = who_of(sealed);

    judge->sum += hash;
    judge->rows_read++;
    if (!hsy_row_unseal(&row)) {
        judge->rows_refused++; /* As the node does, which goes on. */
        return 0;
    }
    if (who == CRASH_IDS || bsearch(&hash, judge->rows, judge->rows_count,
                                    sizeof(hash), by_value) == NULL) {
        judge->rows_false++;
        return 0;
    }
    uint64_t before = rank_now(judge, who);
    int rc = row.table == HEARSAY_TABLE_SELF
                 ? hsy_self_restore(&judge->self, &row)
                 : hsy_registry_restore(&judge->registry, &row);
    judge->rows_refused += rc == 0 ? 0 : 1;
    judge->fell += rank_now(judge, who) < before ? 1 : 0;
    return 0;
}

/* False: refused, and @judge->text says why. */
static bool load(struct crash_judge *judge)
{
    struct hsy_store_config config = {.path = CRASH_PATH,
                                      .vfs = "crash-judge",
                                      .tokens_max = 1,
                                      .wake = ring};
    struct hearsay_runtime_error error = {.err = 0};
    struct hsy_store *store = NULL;

    int rc = hsy_store_open(&store, &config, &error);
    if (rc == 0) {
        rc = hsy_store_load(store, on_row, judge, &error);
        hsy_store_close(store);
    }
    (void)snprintf(judge->text, sizeof(judge->text), "%s", error.text);
    return rc == 0;
}

/* ---------------------------------------------------------------- the books */

static void read_facts(struct crash_judge *judge, uint64_t at)
{
    const struct crash_seed *books = judge->books;

    memset(judge->least, 0, sizeof(judge->least));
    memset(judge->most, 0, sizeof(judge->most));
    for (uint32_t i = 0; i < books->facts_count; i++) {
        const struct crash_fact *fact = &books->facts[i];
        uint64_t *least = &judge->least[fact->who];
        uint64_t *most = &judge->most[fact->who];
        if (fact->kept <= at && fact->rank > *least) {
            *least = fact->rank;
        }
        if (fact->asked <= at && fact->rank > *most) {
            *most = fact->rank;
        }
    }
}

/* Is what was read one of the states that it may be? */
static bool is_state(const struct crash_judge *judge, uint64_t at, bool earlier)
{
    const struct crash_seed *books = judge->books;
    bool found = judge->sum == 0 && judge->rows_read == 0;

    for (uint32_t i = 0; i < books->batches_count; i++) {
        const struct crash_batch *b = &books->batches[i];
        if (b->begun > at) {
            break;
        }
        if (b->kept <= at && !earlier) {
            found = false; /* Those before it are over. */
        }
        found = found || b->sum == judge->sum;
    }
    return found;
}

static enum crash_fault_found judge_rank(struct crash_judge *judge,
                                         uint32_t who, bool may_fall)
{
    uint64_t rank = rank_now(judge, who);
    bool dead = (judge->least[who] & 1) != 0;

    if (rank > judge->most[who]) {
        return CRASH_ROSE_ALONE;
    }
    if (may_fall || rank >= judge->least[who]) {
        return CRASH_FINE;
    }
    (void)snprintf(
        judge->text, sizeof(judge->text), "id %u: rank %llu instead of %llu",
        who, (unsigned long long)rank, (unsigned long long)judge->least[who]);
    return dead && (rank & 1) == 0 ? CRASH_RESURRECTED : CRASH_FELL;
}

static enum crash_fault_found judge_words(struct crash_judge *judge,
                                          uint64_t at)
{
    const struct crash_seed *books = judge->books;

    for (uint32_t i = 0; i < books->words_count; i++) {
        const struct crash_word *word = &books->words[i];
        if (word->at <= at && rank_now(judge, word->who) < word->rank) {
            (void)snprintf(judge->text, sizeof(judge->text),
                           "id %u: rank %llu, and %llu was acknowledged",
                           word->who,
                           (unsigned long long)rank_now(judge, word->who),
                           (unsigned long long)word->rank);
            return CRASH_LOST_WORD;
        }
    }
    return CRASH_FINE;
}

static enum crash_fault_found judge_rows(struct crash_judge *judge, uint64_t at,
                                         enum crash_claim claim)
{
    bool lied = claim == CRASH_EARLIER || claim == CRASH_ANY_TRUE;
    enum crash_fault_found found = CRASH_FINE;

    if (judge->rows_false > 0 ||
        (judge->rows_refused > 0 && claim != CRASH_ANY_TRUE)) {
        return CRASH_GARBAGE;
    }
    if (judge->fell > 0) {
        return CRASH_RESURRECTED;
    }
    read_facts(judge, at);
    found = lied ? CRASH_FINE : judge_words(judge, at);
    for (uint32_t who = 0; who < CRASH_IDS && found == CRASH_FINE; who++) {
        found = judge_rank(judge, who, lied);
    }
    bool state = claim == CRASH_AS_TRUE || is_state(judge, at, lied);
    judge->mixed = !state;
    if (found == CRASH_FINE && !state && claim != CRASH_ANY_TRUE) {
        found = CRASH_NO_STATE;
    }
    return found;
}

/* Who reads it must know which file, and what to do. */
static bool is_plain(const char *text)
{
    return strstr(text, CRASH_PATH) != NULL &&
           (strstr(text, "move it") != NULL || strstr(text, "check") != NULL);
}

enum crash_fault_found crash_judge_point(struct crash_judge *judge,
                                         const struct crash_disk *disk,
                                         uint64_t at, enum crash_claim claim)
{
    bool lied = claim == CRASH_EARLIER || claim == CRASH_ANY_TRUE;
    enum crash_fault_found found = CRASH_UNREADABLE;

    crash_vfs_mount(judge->vfs, disk);
    hsy_registry_init(&judge->registry, &judge->env);
    hsy_self_init(&judge->self, &judge->env);
    judge->sum = 0;
    judge->rows_read = 0;
    judge->rows_false = 0;
    judge->rows_refused = 0;
    judge->fell = 0;
    judge->mixed = false;
    judge->refused = !load(judge);
    if (!judge->refused) {
        found = judge_rows(judge, at, claim);
    } else if (lied && is_plain(judge->text)) {
        found = CRASH_FINE;
    }
    hsy_registry_fini(&judge->registry);
    return found;
}

uint32_t crash_judge_owed(struct crash_judge *judge)
{
    const struct crash_seed *books = judge->books;
    uint32_t owed = 0;

    read_facts(judge, CRASH_NEVER - 1);
    for (uint32_t i = 0; i < books->facts_count; i++) {
        const struct crash_fact *fact = &books->facts[i];
        owed += fact->token > books->life_token &&
                        fact->rank > judge->least[fact->who]
                    ? 1
                    : 0;
    }
    return owed;
}
