/* Deaths: what befell a node is told by whoever did it; what seeds record of
 * it comes as their notes. A seed that was away learns old deaths later, so
 * each (node, incarnation) is judged once. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "base/notes.h"
#include "base/time.h"

#include <string.h>

static struct hsy_strike *strike_of(const struct hsy_measure *m, uint32_t node)
{
    uint64_t key = node;
    return hsy_table_find(&m->strikes, &key);
}

static bool is_struck(const struct hsy_measure *m, uint32_t node)
{
    const struct hsy_strike *s = strike_of(m, node);
    return s != NULL && !s->over;
}

bool hsy_measure_is_well(const struct hsy_measure *m, uint32_t node)
{
    return hsy_cluster_process(m->cluster, node) == HSY_PROCESS_RUNNING &&
           !hsy_cluster_is_isolated(m->cluster, node) && !is_struck(m, node);
}

void hsy_measure_late(struct hsy_measure *m, uint64_t late_ns)
{
    HSY_ASSERT(late_ns > 0);
    m->late_ns = late_ns;
}

void hsy_measure_struck(struct hsy_measure *m, uint32_t node)
{
    HSY_ASSERT(node < m->count);
    uint64_t key = node;
    void *item;
    if (node < m->seeds || is_struck(m, node)) {
        return; /* Nobody looks for the deaths of seeds. */
    }
    if (hsy_table_put(&m->strikes, &item, &key) != HEARSAY_OK) {
        m->err = HEARSAY_ERR_NOMEM; /* There is room for every node. */
        return;
    }
    *(struct hsy_strike *)item = (struct hsy_strike){
        .node = node, .struck_ns = hsy_cluster_now(m->cluster)};
    m->counts.struck++;
}

void hsy_measure_recovered(struct hsy_measure *m, uint32_t node)
{
    HSY_ASSERT(node < m->count);
    struct hsy_strike *s = strike_of(m, node);
    if (s != NULL && !s->over) {
        s->over = true;
        m->members[node].well_ns = hsy_cluster_now(m->cluster);
    }
}

static bool all_seeds(const struct hsy_measure *m, uint64_t seeds)
{
    for (uint32_t i = 0; i < m->seeds; i++) {
        bool lives =
            hsy_cluster_process(m->cluster, i) == HSY_PROCESS_RUNNING &&
            !hsy_cluster_is_isolated(m->cluster, i);
        if (lives && ((seeds >> i) & 1) == 0) {
            return false;
        }
    }
    return true;
}

static void found(struct hsy_measure *m, struct hsy_strike *s, uint32_t seed,
                  uint64_t now_ns)
{
    HSY_ASSERT(seed < 64);
    uint64_t took_ns = now_ns - s->struck_ns;
    if (s->seeds == 0) {
        m->counts.detected++;
        hsy_histogram_add(&m->histograms[HSY_MEASURE_DETECTION], took_ns);
        hsy_histogram_add(&m->histograms[HSY_MEASURE_CERTIFIED],
                          s->reported_ns == 0 ? 0 : now_ns - s->reported_ns);
    }
    s->seeds |= UINT64_C(1) << seed;
    if (!s->found && all_seeds(m, s->seeds)) {
        s->found = true;
        hsy_histogram_add(&m->histograms[HSY_MEASURE_DETECTED], took_ns);
    }
}

/* Nobody but us knows that it was nothing, or not much. */
static void judge(struct hsy_measure *m, uint32_t subject, uint64_t now_ns)
{
    const struct hsy_member *member = &m->members[subject];
    if (!hsy_measure_is_well(m, subject)) {
        return; /* Dead, frozen or cut off, though we were not told of it. */
    }
    bool late = member->well_ns > 0 && now_ns - member->well_ns < m->late_ns;
    if (late) {
        m->counts.late_deaths++;
    } else {
        m->counts.false_deaths++;
    }
}

static int removed(struct hsy_measure *m, uint32_t seed, uint32_t subject,
                   uint64_t now_ns, const struct hearsay_note *note)
{
    const struct hearsay_field *incarnation =
        hsy_note_find(note, "incarnation");
    struct hsy_strike *s = strike_of(m, subject);
    struct hsy_death_key key = {.node = subject,
                                .incarnation =
                                    incarnation == NULL ? 0 : incarnation->u64};
    bool known = hsy_table_find(&m->records, &key) != NULL;
    /* One known from before this strike is no news of it. */
    bool news = !known || (s != NULL && s->seeds != 0);
    if (s != NULL && !s->over && news) {
        found(m, s, seed, now_ns);
    }
    if (known) {
        return HEARSAY_OK;
    }
    /* One that a seed cannot reach is dead to it. */
    if (!hsy_cluster_blocked(m->cluster, seed, subject)) {
        judge(m, subject, now_ns);
    }
    void *item;
    int err = hsy_table_put(&m->records, &item, &key);
    return err == HEARSAY_ERR_FULL ? HEARSAY_OK : err;
}

static void reported(struct hsy_measure *m, uint32_t by, uint32_t subject,
                     uint64_t now_ns)
{
    struct hsy_strike *s = strike_of(m, subject);
    if (s != NULL && !s->over && s->reported_ns == 0) {
        s->reported_ns = now_ns;
        hsy_histogram_add(&m->histograms[HSY_MEASURE_REPORTED],
                          now_ns - s->struck_ns);
    }
    if (hsy_measure_is_well(m, subject) &&
        !hsy_cluster_blocked(m->cluster, by, subject)) {
        m->counts.false_reports++;
        m->counts.false_reports_healthy += hsy_measure_is_well(m, by) ? 1 : 0;
    }
}

int hsy_measure_death(struct hsy_measure *m, uint32_t node, uint64_t now_ns,
                      const struct hearsay_note *note)
{
    bool is_removed =
        node < m->seeds && strcmp(note->event, "dead-removed") == 0;
    bool is_report =
        node >= m->seeds && strcmp(note->event, "dead-report") == 0;
    if (!is_removed && !is_report) {
        return HEARSAY_OK;
    }
    const struct hearsay_field *id = hsy_note_find(note, "subject");
    uint32_t subject;
    HSY_ASSERT(id != NULL);
    if (!hsy_cluster_find(m->cluster, &id->id, &subject)) {
        return HEARSAY_OK;
    }
    if (is_report) {
        reported(m, node, subject, now_ns);
        return HEARSAY_OK;
    }
    return removed(m, node, subject, now_ns, note);
}
