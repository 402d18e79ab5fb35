/* The book in which all checkers write: how often each invariant was looked
 * at, how often it did not hold, and the first time of each. */
#include "base/assert.h"
#include "base/mem.h"
#include "sim/check.h"
#include "sim/story.h"

#include <string.h>

static const struct {
    const char *name, *armed_by, *says;
} table[HSY_INVARIANTS] = {
    [HSY_B1] = {"B1", "simulator",
                "what is delivered was published by that origin, and one "
                "number stands for one message"},
    [HSY_B2] = {"B2", "simulator", "a process delivers a message at most once"},
    [HSY_B3] = {"B3", "simulator",
                "a message reaches all who had joined and are connected to its "
                "origin"},
    [HSY_B4] = {"B4", "simulator", "a payload arrives as it was published"},
    [HSY_B5] = {"B5", "relay",
                "a process that was asked to delivers the messages of an "
                "origin in their order, and says what is missing"},
    [HSY_B6] = {"B6", "relay",
                "messages cost no more copies and control than the tree and "
                "flooding explain"},
    [HSY_B7] = {"B7", "relay",
                "after a heal, what is retained is delivered to those who "
                "missed it"},
    [HSY_R1] = {"R1", "simulator",
                "an acknowledged registration is in every later quorum read"},
    [HSY_R2] = {"R2", "simulator",
                "nobody is alive again at the incarnation of its tombstone"},
    [HSY_R3] = {"R3", "simulator", "only the subject raises its incarnation"},
    [HSY_R4] = {"R4", "simulator", "the rank of a node never falls at a seed"},
    [HSY_R5] = {"R5", "seeds",
                "a dead node leaves every quorum read within two minutes"},
    [HSY_R6] = {"R6", "seeds",
                "a node that answers is not tombstoned for longer than a ping "
                "period"},
    [HSY_R7] = {"R7", "seeds", "all seeds hold the same once all is healed"},
    [HSY_R8] = {"R8", "simulator",
                "a complete registration is held by a majority of the seeds"},
    [HSY_O1] = {"O1", "seeds",
                "the live overlay is connected once all is healed"},
    [HSY_O2] = {"O2", "seeds",
                "a degree is at least the links wanted and at most the cap "
                "and a quarter"},
    [HSY_O3] = {"O3", "seeds", "a power law fits the degrees (p >= 0.1)"},
    [HSY_O4] = {"O4", "simulator",
                "a link that one end only names is gone within a ping period "
                "and three timeouts"},
    [HSY_S1] = {"S1", "security", "memory stays below the printed ceiling"},
    [HSY_S2] = {"S2", "simulator",
                "queues and tables stay within their bounds"},
    [HSY_S3] = {"S3", "simulator",
                "a node that stops leaves no job and no link behind"},
    [HSY_S4] = {"S4", "simulator",
                "in calm, few links, registrations and bytes are made"},
    [HSY_D1] = {"D1", "simulator",
                "a process takes a direct message once at most, and only what "
                "was sent to it"},
    [HSY_D2] = {"D2", "simulator",
                "what is told to be delivered was taken by its target"},
    [HSY_D3] = {"D3", "simulator",
                "each direct message and query has one outcome, in time"},
    [HSY_Q1] = {"Q1", "simulator",
                "an answer is of a node that was asked, once, and who is "
                "missing has not answered"},
};

const char *hsy_invariant_name(enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return table[what].name;
}

const char *hsy_invariant_says(enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return table[what].says;
}

const char *hsy_invariant_armed_by(enum hsy_invariant what)
{
    HSY_ASSERT(what < HSY_INVARIANTS);
    return table[what].armed_by;
}

bool hsy_invariant_find(const char *name, enum hsy_invariant *out)
{
    for (uint32_t i = 0; i < HSY_INVARIANTS; i++) {
        if (strcmp(name, table[i].name) == 0) {
            *out = (enum hsy_invariant)i;
            return true;
        }
    }
    return false;
}

int hsy_findings_init(struct hsy_findings *f, uint32_t count, uint32_t seeds,
                      const struct hearsay_mem *mem)
{
    HSY_ASSERT(count > 0);
    HSY_ASSERT(seeds <= count);
    _Static_assert(HSY_INVARIANTS <= 32, "a bit each");
    memset(f, 0, sizeof(*f));
    f->mem = *mem;
    f->count = count;
    f->seeds = seeds;
    f->excused = hsy_mem_zalloc(mem, count * sizeof(*f->excused));
    if (f->excused == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < HSY_INVARIANTS; i++) {
        f->armed[i] = strcmp(table[i].armed_by, "simulator") == 0 ||
                      (strcmp(table[i].armed_by, "relay") == 0 && i != HSY_B5);
    }
    return HEARSAY_OK;
}

void hsy_findings_fini(struct hsy_findings *f)
{
    hsy_mem_free(&f->mem, f->excused);
    f->excused = NULL;
}

bool hsy_findings_excused(const struct hsy_findings *f, enum hsy_invariant what,
                          uint32_t node)
{
    HSY_ASSERT(node < f->count);
    return ((f->excused[node] >> (unsigned)what) & 1) != 0;
}

void hsy_findings_looked(struct hsy_findings *f, enum hsy_invariant what)
{
    f->looked[what]++;
}

static void put_node(struct hsy_line *line, const struct hsy_findings *f,
                     uint32_t node)
{
    hsy_line_text(line, node < f->seeds ? "seed " : "peer ");
    hsy_line_u64(line, node < f->seeds ? node + 1 : node - f->seeds + 1);
}

static void put_number(struct hsy_line *line, const char *text, uint64_t number)
{
    if (text != NULL) {
        hsy_line_text(line, " ");
        hsy_line_text(line, text);
        hsy_line_text(line, " ");
        hsy_line_u64(line, number);
    }
}

void hsy_findings_broken(struct hsy_findings *f, enum hsy_invariant what,
                         uint32_t node, const struct hsy_words *words)
{
    HSY_ASSERT(node < f->count);
    HSY_ASSERT(words->text != NULL);
    if (hsy_findings_excused(f, what, node)) {
        return;
    }
    f->broken[what]++;
    struct hsy_broken broken = {.what = what, .node = node, .at_ns = f->now_ns};
    struct hsy_line line = hsy_line(broken.text, sizeof(broken.text));
    put_node(&line, f, node);
    hsy_line_text(&line, ": ");
    hsy_line_text(&line, words->text);
    if (words->about != (uint32_t)HSY_NODE_NONE) {
        hsy_line_text(&line, " ");
        put_node(&line, f, words->about);
    }
    put_number(&line, words->a_text, words->a);
    put_number(&line, words->b_text, words->b);
    if (f->broken[what] == 1) {
        f->firsts[what] = broken;
    }
    if (f->armed[what] && !f->any) {
        f->first = broken;
        f->any = true;
    }
}

void hsy_findings_err(struct hsy_findings *f, int err)
{
    if (f->err == HEARSAY_OK) {
        f->err = err;
    }
}
