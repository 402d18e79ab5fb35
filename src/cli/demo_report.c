/* Figures are kept as whole numbers (us, ms, KiB) and printed with a decimal
 * point where their unit wants one, so no rounding can differ. */
#include "cli/demo_report.h"

#include <inttypes.h>

#include "cli/cli.h"

/* @thousandths of a unit, as "1.234". */
struct decimal {
    char text[32];
};

static struct decimal decimal(uint64_t thousandths)
{
    struct decimal d;
    snprintf(d.text, sizeof(d.text), "%" PRIu64 ".%03" PRIu64,
             thousandths / 1000, thousandths % 1000);
    return d;
}

/* Seconds of @us; "null" when there is nothing to tell. */
static struct decimal seconds_or_null(uint64_t us, bool there)
{
    return there ? decimal(us / 1000) : (struct decimal){"null"};
}

static uint64_t dials_per_join_thousandths(const struct hsy_demo_figures *f)
{
    uint32_t joined = f->ledger.joined;
    return joined == 0 ? 0 : f->ledger.dials * 1000 / joined;
}

static void json_network(FILE *out, const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    fprintf(out,
            "\"seeds\":%" PRIu32 ",\"peers\":%" PRIu32 ",\"joined\":%" PRIu32
            ",\"join_s_max\":%s",
            f->seeds, f->peers, r->joined, decimal(r->join_ms_max).text);
    fprintf(out,
            ",\"dials_per_join\":%s,\"components\":%" PRIu32
            ",\"links\":%" PRIu32 ",\"min_degree\":%" PRIu32
            ",\"max_degree\":%" PRIu32,
            decimal(dials_per_join_thousandths(f)).text, r->components,
            r->links, r->min_degree, r->max_degree);
}

static void json_gossip(FILE *out, const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    fprintf(out,
            ",\"published\":%" PRIu64 ",\"expected_deliveries\":%" PRIu64
            ",\"delivered\":%" PRIu64 ",\"missed\":%" PRIu64
            ",\"delivered_twice\":%" PRIu64 ",\"relay_copies\":%" PRIu64,
            r->published, r->expected, r->delivered, r->missed,
            r->delivered_twice, f->relay_copies);
    fprintf(out, ",\"latency_ms\":{\"p50\":%s,\"p99\":%s,\"max\":%s}",
            decimal(r->latency_p50_us).text, decimal(r->latency_p99_us).text,
            decimal(r->latency_max_us).text);
}

static void json_faults(FILE *out, const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    fprintf(out,
            ",\"killed\":%" PRIu32 ",\"frozen\":%" PRIu32 ",\"thawed\":%" PRIu32
            ",\"returned\":%" PRIu32 ",\"dead_reports\":%" PRIu64
            ",\"removed_dead\":%" PRIu32 ",\"removed_alive\":%" PRIu32,
            f->killed, f->frozen, r->thawed, r->returned, r->dead_reports,
            r->removed_dead, r->removed_alive);
    fprintf(out,
            ",\"removed_s\":{\"killed_max\":%s,\"frozen_max\":%s}"
            ",\"returned_s_max\":%s",
            seconds_or_null(r->killed_max_us, r->killed_max_us > 0).text,
            seconds_or_null(r->frozen_max_us, r->frozen_max_us > 0).text,
            seconds_or_null(r->returned_max_us, r->returned > 0).text);
}

static void json_kib(FILE *out, const char *key, const struct hsy_demo_kib *kib)
{
    fprintf(out,
            ",\"%s\":{\"peer_p50\":%" PRIu64 ",\"peer_max\":%" PRIu64
            ",\"seed_max\":%" PRIu64 "}",
            key, kib->peer_p50, kib->peer_max, kib->seed_max);
}

void hsy_demo_report_json(FILE *out, const struct hsy_demo_figures *f)
{
    fputc('{', out);
    json_network(out, f);
    json_gossip(out, f);
    json_faults(out, f);
    json_kib(out, "rss_kib", &f->rss);
    json_kib(out, "private_kib", &f->anonymous);
    fprintf(out,
            ",\"cpu_ms_total\":%" PRIu64 ",\"ended_unexpectedly\":%" PRIu32
            ",\"status_missing\":%" PRIu32 ",\"log_lines_lost\":%" PRIu64
            ",\"messages_not_followed\":%" PRIu64
            ",\"links_one_sided\":%" PRIu32 "}\n",
            f->cpu_ms, f->ended, f->status_missing, f->ledger.lines_lost,
            f->ledger.unfollowed, f->ledger.links_one_sided);
}

static void text_faults(FILE *out, const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    fprintf(out,
            "Deaths     %" PRIu32 " killed, %" PRIu32 " frozen; %" PRIu32
            " taken off by a majority of the seeds, %" PRIu64 " reports\n",
            f->killed, f->frozen, r->removed_dead, r->dead_reports);
    if (r->killed_max_us > 0) {
        fprintf(out, "           the killed after %s s at most\n",
                decimal(r->killed_max_us / 1000).text);
    }
    if (r->frozen_max_us > 0) {
        fprintf(out, "           the frozen after %s s at most\n",
                decimal(r->frozen_max_us / 1000).text);
    }
    if (r->thawed > 0) {
        fprintf(out,
                "Returns    %" PRIu32 " of %" PRIu32
                " thawed peers came back, the last after %s s\n",
                r->returned, r->thawed,
                decimal(r->returned_max_us / 1000).text);
    }
}

void hsy_demo_report_text(FILE *out, const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    fprintf(out,
            "\nNetwork    %" PRIu32 " seeds, %" PRIu32 " of %" PRIu32
            " peers joined, the slowest in %s s with %s dials on average\n",
            f->seeds, r->joined, f->peers, decimal(r->join_ms_max).text,
            decimal(dials_per_join_thousandths(f)).text);
    fprintf(out,
            "Overlay    %" PRIu32 " links, %" PRIu32 " to %" PRIu32
            " a peer, in %" PRIu32 " component%s\n",
            r->links, r->min_degree, r->max_degree, r->components,
            r->components == 1 ? "" : "s");
    fprintf(out,
            "Gossip     %" PRIu64 " published; %" PRIu64 " of %" PRIu64
            " deliveries, %" PRIu64 " missed, %" PRIu64 " twice, %" PRIu64
            " copies received\n",
            r->published, r->delivered, r->expected, r->missed,
            r->delivered_twice, f->relay_copies);
    fprintf(out, "Latency    %s ms median, %s ms p99, %s ms at most\n",
            decimal(r->latency_p50_us).text, decimal(r->latency_p99_us).text,
            decimal(r->latency_max_us).text);
    if (f->killed + f->frozen > 0) {
        text_faults(out, f);
    }
    fprintf(out,
            "Memory     peer %" PRIu64 " KiB private (median), %" PRIu64
            " KiB RSS; seed %" PRIu64 " KiB private, %" PRIu64 " KiB RSS\n"
            "Processor  %s s in all\n",
            f->anonymous.peer_p50, f->rss.peer_p50, f->anonymous.seed_max,
            f->rss.seed_max, decimal(f->cpu_ms).text);
}

/* What makes a demo fail. */
static int complain_about_network(const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    int code = HSY_EXIT_DONE;
    if (r->joined < f->peers) {
        hsy_cli_complain("only %" PRIu32 " of %" PRIu32 " peers joined",
                         r->joined, f->peers);
        code = HSY_EXIT_FAILED;
    }
    if (r->components != 1 && f->killed + f->frozen < f->peers) {
        hsy_cli_complain("the overlay is in %" PRIu32 " components",
                         r->components);
        code = HSY_EXIT_FAILED;
    }
    if (r->missed > 0 || r->delivered_twice > 0) {
        hsy_cli_complain("%" PRIu64 " deliveries missed, %" PRIu64
                         " made twice",
                         r->missed, r->delivered_twice);
        code = HSY_EXIT_FAILED;
    }
    if (f->ended > 0) {
        hsy_cli_complain("%" PRIu32 " processes ended by themselves", f->ended);
        code = HSY_EXIT_FAILED;
    }
    return code;
}

int hsy_demo_verdict(const struct hsy_demo_figures *f)
{
    const struct hsy_demo_ledger_report *r = &f->ledger;
    if (r->unfollowed > 0) {
        hsy_cli_complain("note: %" PRIu64 " messages came after the bound on "
                         "what is followed, and were not judged",
                         r->unfollowed);
    }
    if (r->lines_lost > 0) {
        hsy_cli_complain("note: nodes could not write %" PRIu64
                         " log lines, so the figures are too low",
                         r->lines_lost);
    }
    if (f->status_missing > 0) {
        hsy_cli_complain("note: %" PRIu32 " nodes did not tell their status, "
                         "so relay_copies is too low",
                         f->status_missing);
    }
    if (r->returned < r->thawed) {
        hsy_cli_complain("note: %" PRIu32 " of %" PRIu32
                         " thawed peers did not come back in time",
                         r->thawed - r->returned, r->thawed);
    }
    return complain_about_network(f);
}
