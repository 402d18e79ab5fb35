/* Showing a tally: for people, or as one JSON object. */
#include "base/time.h"
#include "cli/sim_swarm_tally.h"
#include "sim/checks.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

static struct hsy_swarm_choice choice_of(const struct hsy_swarm_tally *t,
                                         uint64_t run)
{
    struct hsy_swarm_choice choice = t->options->choice;
    choice.rng += run;
    return choice;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static double wall_s(const struct hsy_swarm_tally *t)
{
    double s = seconds(hsy_time_since(t->started_ns, t->ended_ns));
    return s > 1e-6 ? s : 1e-6;
}

/* ---------------------------------------------------------------- for people
 */

static void print_classes(FILE *out, const char *before, uint64_t set)
{
    fputs(before, out);
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        if ((set & HSY_SWARM_BIT(i)) != 0) {
            fprintf(out, " %s", hsy_swarm_fault_name((enum hsy_swarm_fault)i));
        }
    }
    fputs(set == 0 ? " none\n" : "\n", out);
}

void hsy_swarm_tell_failure(FILE *out, const struct hsy_swarm_choice *choice,
                            const struct hsy_swarm_result *result)
{
    char repro[HSY_SWARM_REPRO_LEN];
    hsy_swarm_repro(repro, choice);
    fprintf(out, "%s\n", repro);
    enum hsy_invariant what;
    if (hsy_invariant_find(result->what, &what)) {
        fprintf(out, "  breaks %s: %s\n", result->what,
                hsy_invariant_says(what));
    } else {
        fprintf(out, "  fails: %s\n", result->what);
    }
    fprintf(out,
            "  at %.3fs with %" PRIu32 " seeds and %" PRIu32 " peers: %s\n",
            seconds(result->at_ns), result->seeds, result->peers, result->text);
    print_classes(out, "  classes on:", result->on);
    fprintf(out, "  what befell it:\n%s  the last records:\n%s\n",
            result->blows, result->story);
}

static void show_failures(FILE *out, const struct hsy_swarm_tally *t)
{
    for (uint32_t i = 0; i < t->shown_count; i++) {
        struct hsy_swarm_choice choice = choice_of(t, t->shown_runs[i]);
        hsy_swarm_tell_failure(out, &choice, &t->shown[i]);
    }
    if (t->failed <= t->shown_count) {
        return;
    }
    fputs("All failures:\n", out);
    for (uint64_t run = 0; run < t->options->runs; run++) {
        if (t->runs[run].what[0] != '\0') {
            fprintf(out, "  --rng 0x%" PRIx64 "  %s\n",
                    t->options->choice.rng + run, t->runs[run].what);
        }
    }
    fputs("\n", out);
}

static void show_invariants(FILE *out, const struct hsy_swarm_tally *t)
{
    fputs("Invariant  armed by   looked at  broken in runs  first\n", out);
    for (unsigned i = 0; i < HSY_INVARIANTS; i++) {
        enum hsy_invariant what = (enum hsy_invariant)i;
        fprintf(out, "%-9s  %-9s %10" PRIu64 " %15" PRIu64,
                hsy_invariant_name(what), hsy_invariant_armed_by(what),
                t->looked[i], t->broken[i].runs);
        if (t->broken[i].runs > 0) {
            fprintf(out, "  0x%" PRIx64,
                    t->options->choice.rng + t->broken[i].first);
        }
        fputs("\n", out);
    }
}

static void show_marks(FILE *out, const struct hsy_swarm_tally *t)
{
    fputs("\nSometimes              in runs  first      what it is\n", out);
    for (uint32_t i = 0; i < hsy_marks_count(); i++) {
        fprintf(out, "%-22s %7" PRIu64 "  ", hsy_mark_name(i),
                t->marks[i].runs);
        if (t->marks[i].runs > 0) {
            fprintf(out, "0x%-8" PRIx64,
                    t->options->choice.rng + t->marks[i].first);
        } else {
            fputs("never     ", out);
        }
        fprintf(out, " %s\n", hsy_mark_says(i));
    }
}

static void show_pairs(FILE *out, const struct hsy_swarm_pairs *p)
{
    fprintf(out,
            "%" PRIu64 " messages, %" PRIu64
            " pairs of a message and another peer\n",
            p->published, p->all);
    fprintf(out,
            "%" PRIu64 " deliveries checked: %" PRIu64
            " never published, %" PRIu64 " twice, %" PRIu64 " altered\n",
            p->delivered, p->phantom, p->twice, p->altered);
    fprintf(out, "%" PRIu64 " pairs judged for loss: %" PRIu64 " lost",
            p->judged, p->lost);
    if (p->left_out > 0) {
        fprintf(out, "; %" PRIu64 " checks left out, a table was full",
                p->left_out);
    }
    fputs("\n", out);
}

void hsy_swarm_tally_show(FILE *out, const struct hsy_swarm_tally *t)
{
    show_failures(out, t);
    if (t->options->runs > 1) {
        show_invariants(out, t);
        show_marks(out, t);
        fputs("\n", out);
    }
    show_pairs(out, &t->pairs);
    fprintf(out,
            "%" PRIu64 " of %" PRIu64 " runs, %" PRIu64 " failed; %" PRIu64
            " events, %.0f virtual seconds in %.1f s; digest %016" PRIx64 "\n",
            t->done, t->options->runs, t->failed, t->steps,
            seconds(t->virtual_ns), wall_s(t), hsy_swarm_tally_digest(t));
}

/* --------------------------------------------------------------------- JSON */

static json_t *json_u64(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *json_hex(uint64_t value, bool padded)
{
    char text[24];
    snprintf(text, sizeof(text), padded ? "%016" PRIx64 : "0x%" PRIx64, value);
    return json_string(text);
}

static json_t *json_failures(const struct hsy_swarm_tally *t)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < t->shown_count; i++) {
        const struct hsy_swarm_result *r = &t->shown[i];
        struct hsy_swarm_choice choice = choice_of(t, t->shown_runs[i]);
        char repro[HSY_SWARM_REPRO_LEN];
        hsy_swarm_repro(repro, &choice);
        json_t *one = json_object();
        json_object_set_new(one, "rng", json_hex(choice.rng, false));
        json_object_set_new(one, "what", json_string(r->what));
        json_object_set_new(one, "text", json_string(r->text));
        json_object_set_new(one, "at_s", json_real(seconds(r->at_ns)));
        json_object_set_new(one, "repro", json_string(repro));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *json_seen(const struct hsy_swarm_tally *t,
                         const struct hsy_swarm_seen *seen)
{
    json_t *one = json_object();
    json_object_set_new(one, "runs", json_u64(seen->runs));
    json_object_set_new(
        one, "first",
        seen->runs == 0
            ? json_null()
            : json_hex(t->options->choice.rng + seen->first, false));
    return one;
}

static json_t *json_invariants(const struct hsy_swarm_tally *t)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < HSY_INVARIANTS; i++) {
        enum hsy_invariant what = (enum hsy_invariant)i;
        json_t *one = json_seen(t, &t->broken[i]);
        json_object_set_new(one, "looked", json_u64(t->looked[i]));
        json_object_set_new(one, "armed_by",
                            json_string(hsy_invariant_armed_by(what)));
        json_object_set_new(all, hsy_invariant_name(what), one);
    }
    return all;
}

static json_t *json_pairs(const struct hsy_swarm_pairs *p)
{
    json_t *all = json_object();
    json_object_set_new(all, "published", json_u64(p->published));
    json_object_set_new(all, "pairs", json_u64(p->all));
    json_object_set_new(all, "deliveries", json_u64(p->delivered));
    json_object_set_new(all, "phantom", json_u64(p->phantom));
    json_object_set_new(all, "twice", json_u64(p->twice));
    json_object_set_new(all, "altered", json_u64(p->altered));
    json_object_set_new(all, "judged", json_u64(p->judged));
    json_object_set_new(all, "lost", json_u64(p->lost));
    json_object_set_new(all, "left_out", json_u64(p->left_out));
    return all;
}

void hsy_swarm_tally_json(FILE *out, const struct hsy_swarm_tally *t,
                          const struct hsy_swarm_choice *smallest)
{
    json_t *all = json_object();
    json_t *marks = json_object();
    for (uint32_t i = 0; i < hsy_marks_count(); i++) {
        json_object_set_new(marks, hsy_mark_name(i),
                            json_seen(t, &t->marks[i]));
    }
    json_object_set_new(all, "runs", json_u64(t->options->runs));
    json_object_set_new(all, "rng", json_hex(t->options->choice.rng, false));
    json_object_set_new(all, "done", json_u64(t->done));
    json_object_set_new(all, "failed", json_u64(t->failed));
    json_object_set_new(all, "failures", json_failures(t));
    json_object_set_new(all, "invariants", json_invariants(t));
    json_object_set_new(all, "messages", json_pairs(&t->pairs));
    json_object_set_new(all, "marks", marks);
    json_object_set_new(all, "marks_unreached",
                        json_u64(hsy_swarm_tally_unreached(t)));
    json_object_set_new(all, "events", json_u64(t->steps));
    json_object_set_new(all, "virtual_s", json_real(seconds(t->virtual_ns)));
    json_object_set_new(all, "wall_s", json_real(wall_s(t)));
    json_object_set_new(all, "digest",
                        json_hex(hsy_swarm_tally_digest(t), true));
    if (smallest != NULL) {
        char repro[HSY_SWARM_REPRO_LEN];
        hsy_swarm_repro(repro, smallest);
        json_object_set_new(all, "minimised", json_string(repro));
    }
    json_dumpf(all, out, JSON_REAL_PRECISION(9));
    fputs("\n", out);
    json_decref(all);
}
