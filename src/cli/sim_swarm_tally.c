/* Adding up: nothing here depends on which run ended first. */
#include "cli/sim_swarm_tally.h"

#include "base/mem.h"
#include "sim/checks.h"

#include <inttypes.h>
#include <string.h>

int hsy_swarm_tally_create(struct hsy_swarm_tally **out,
                           const struct hsy_swarm_options *options)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_swarm_tally *t = hsy_mem_zalloc(mem, sizeof(*t));
    if (t == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    t->options = options;
    t->runs = hsy_mem_zalloc(mem, options->runs * sizeof(*t->runs));
    if (t->runs == NULL) {
        hsy_swarm_tally_destroy(t);
        return HEARSAY_ERR_NOMEM;
    }
    *out = t;
    return HEARSAY_OK;
}

void hsy_swarm_tally_destroy(struct hsy_swarm_tally *t)
{
    if (t != NULL) {
        hsy_mem_free(hearsay_mem_default(), t->runs);
        hsy_mem_free(hearsay_mem_default(), t);
    }
}

static void seen(struct hsy_swarm_seen *s, uint64_t run)
{
    if (s->runs == 0 || run < s->first) {
        s->first = run;
    }
    s->runs++;
}

static void keep_failure(struct hsy_swarm_tally *t, uint64_t run,
                         const struct hsy_swarm_result *result)
{
    uint32_t place = t->shown_count;
    while (place > 0 && t->shown_runs[place - 1] > run) {
        place--;
    }
    if (place == HSY_SWARM_SHOWN) {
        return;
    }
    uint32_t behind = t->shown_count - place;
    if (t->shown_count == HSY_SWARM_SHOWN) {
        behind--; /* The last one makes room. */
    } else {
        t->shown_count++;
    }
    memmove(&t->shown[place + 1], &t->shown[place],
            behind * sizeof(t->shown[0]));
    memmove(&t->shown_runs[place + 1], &t->shown_runs[place],
            behind * sizeof(t->shown_runs[0]));
    t->shown[place] = *result;
    t->shown_runs[place] = run;
}

static void add_pairs(struct hsy_swarm_pairs *sum,
                      const struct hsy_swarm_pairs *more)
{
    sum->published += more->published;
    sum->all += more->all;
    sum->delivered += more->delivered;
    sum->phantom += more->phantom;
    sum->twice += more->twice;
    sum->altered += more->altered;
    sum->judged += more->judged;
    sum->lost += more->lost;
    sum->left_out += more->left_out;
}

void hsy_swarm_tally_add(struct hsy_swarm_tally *t, uint64_t run,
                         const struct hsy_swarm_result *result)
{
    struct hsy_swarm_run *r = &t->runs[run];
    r->digest = result->digest;
    r->done = true;
    memcpy(r->what, result->what, sizeof(r->what));
    t->done++;
    t->steps += result->steps;
    t->virtual_ns += result->virtual_ns;
    add_pairs(&t->pairs, &result->pairs);
    for (uint32_t i = 0; i < hsy_marks_count(); i++) {
        if (result->marks.reached[i] > 0) {
            seen(&t->marks[i], run);
        }
    }
    for (uint32_t i = 0; i < HSY_INVARIANTS; i++) {
        t->looked[i] += result->looked[i];
        if (result->broken[i] > 0) {
            seen(&t->broken[i], run);
        }
    }
    if (result->what[0] != '\0') {
        t->failed++;
        keep_failure(t, run, result);
    }
}

uint32_t hsy_swarm_tally_unreached(const struct hsy_swarm_tally *t)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hsy_marks_count(); i++) {
        count += t->marks[i].runs == 0 ? 1 : 0;
    }
    return count;
}

bool hsy_swarm_tally_is_full(const struct hsy_swarm_tally *t)
{
    const struct hsy_swarm_choice *c = &t->options->choice;
    return t->done >= HSY_SWARM_FULL && c->only == 0 && c->without == 0 &&
           c->seeds == 0 && c->peers == 0 && c->for_ns == 0;
}

uint64_t hsy_swarm_tally_digest(const struct hsy_swarm_tally *t)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325); /* FNV-1a. */
    for (uint64_t run = 0; run < t->options->runs; run++) {
        for (unsigned byte = 0; byte < 8; byte++) {
            digest ^= t->runs[run].digest >> (8 * byte) & 0xff;
            digest *= UINT64_C(0x100000001b3);
        }
    }
    return digest;
}

void hsy_swarm_tally_digests(FILE *out, const struct hsy_swarm_tally *t)
{
    for (uint64_t run = 0; run < t->options->runs; run++) {
        fprintf(out, "swarm-0x%" PRIx64 " %016" PRIx64 "\n",
                t->options->choice.rng + run, t->runs[run].digest);
    }
}
