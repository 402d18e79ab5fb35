/* From counts to figures. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "base/time.h"

const struct hsy_histogram *hsy_measure_histogram(const struct hsy_measure *m,
                                                  enum hsy_measure_what what)
{
    HSY_ASSERT(what < HSY_MEASURE_HISTOGRAMS);
    return &m->histograms[what];
}

struct hsy_measure_counts hsy_measure_counts(const struct hsy_measure *m)
{
    struct hsy_measure_counts counts = m->counts;
    counts.published = m->messages.count;
    return counts;
}

/* Who published and went may have taken the message along. */
static bool is_owed(const struct hsy_measure *m,
                    const struct hsy_measured *message)
{
    uint32_t origin = message->key.origin;
    return hsy_cluster_process(m->cluster, origin) != HSY_PROCESS_NONE &&
           hsy_cluster_life(m->cluster, origin) == message->key.life;
}

/* Of a node that is well; see hsy_measure_is_well(). */
static bool is_due(const struct hsy_measure *m, uint32_t node,
                   const struct hsy_measured *message)
{
    const struct hsy_member *member = &m->members[node];
    return node != message->key.origin && !member->left_out &&
           member->joined_ns <= message->published_ns &&
           member->well_ns <= message->published_ns && is_owed(m, message);
}

bool hsy_measure_owes(const struct hsy_measure *m, uint32_t node,
                      const struct hsy_measured *message)
{
    return node >= m->seeds && is_due(m, node, message) &&
           hsy_measure_is_well(m, node);
}

/* What every process that was a member when a message was published, and has
 * been well all the time since, should have got. */
static void count_missed(const struct hsy_measure *m, struct hsy_figures *f)
{
    f->expected_deliveries = 0;
    f->missed = 0;
    for (uint32_t node = m->seeds; node < m->count; node++) {
        uint32_t count = hsy_measure_is_well(m, node) ? m->messages.count : 0;
        for (uint32_t i = 0; i < count; i++) {
            const struct hsy_measured *message = hsy_table_at(&m->messages, i);
            /* The first one after a strike is owed to a part of them only. */
            if (is_due(m, node, message) &&
                !hsy_measure_is_first(m, &message->key)) {
                f->expected_deliveries++;
                f->missed += hsy_measured_has(message, node) ? 0 : 1;
            }
        }
    }
}

uint64_t hsy_measure_missed(const struct hsy_measure *m)
{
    struct hsy_figures f;
    count_missed(m, &f);
    return f.missed;
}

static double milliseconds(uint64_t ns)
{
    return (double)ns / (double)HSY_MS;
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)HSY_SECOND;
}

static void add_times(const struct hsy_measure *m, struct hsy_figures *f)
{
    const struct hsy_histogram *h = &m->histograms[HSY_MEASURE_LATENCY];
    if (h->count > 0) {
        f->latency_ms.p50 = milliseconds(hsy_histogram_percentile(h, 50));
        f->latency_ms.p99 = milliseconds(hsy_histogram_percentile(h, 99));
        f->latency_ms.max = milliseconds(h->max);
    }
    h = &m->histograms[HSY_MEASURE_HOPS];
    if (h->count > 0) {
        f->hops.p50 = hsy_histogram_percentile(h, 50);
        f->hops.max = h->max;
    }
    h = &m->histograms[HSY_MEASURE_DETECTION];
    if (h->count > 0) {
        f->detection_s.mean = hsy_histogram_mean(h) / (double)HSY_SECOND;
        f->detection_s.p99 = seconds(hsy_histogram_percentile(h, 99));
        f->detection_s.max = seconds(h->max);
    }
}

static struct hsy_figures_kinds per_delivery(const struct hsy_carried *kinds,
                                             bool bytes, double deliveries)
{
    double each[HSY_TRAFFICS];
    for (int i = 0; i < HSY_TRAFFICS; i++) {
        uint64_t count = bytes ? kinds[i].bytes : kinds[i].frames;
        each[i] = (double)count / deliveries;
    }
    return (struct hsy_figures_kinds){.payload = each[HSY_TRAFFIC_PAYLOAD],
                                      .pulled = each[HSY_TRAFFIC_PULLED],
                                      .announce = each[HSY_TRAFFIC_ANNOUNCE],
                                      .tree = each[HSY_TRAFFIC_TREE],
                                      .repair = each[HSY_TRAFFIC_REPAIR],
                                      .rest = each[HSY_TRAFFIC_REST]};
}

static void add_traffic(const struct hsy_measure *m, struct hsy_figures *f)
{
    const struct hsy_measure_counts *c = &m->counts;
    if (c->deliveries > 0) {
        double deliveries = (double)c->deliveries;
        f->redundancy = ((double)c->copies - deliveries) / deliveries;
        f->bytes_per_delivery = (double)c->bytes / deliveries;
        f->control_per_delivery =
            (double)(c->bytes - c->by_kind[HSY_TRAFFIC_PAYLOAD].bytes -
                     c->by_kind[HSY_TRAFFIC_PULLED].bytes) /
            deliveries;
        f->frames_per_delivery = (double)c->frames / deliveries;
        f->frames_by_kind = per_delivery(c->by_kind, false, deliveries);
        f->bytes_by_kind = per_delivery(c->by_kind, true, deliveries);
    }
}

static void add_overlay(const struct hsy_measure *m, struct hsy_figures *f)
{
    if (m->has_graph) {
        f->components = m->components;
    }
    if (m->degrees_count > 0) {
        uint64_t sum = 0;
        f->degree.min = UINT64_MAX;
        f->degree.max = 0;
        for (uint32_t i = 0; i < m->degrees_count; i++) {
            uint64_t d = m->degrees[i];
            f->degree.min = d < f->degree.min ? d : f->degree.min;
            f->degree.max = d > f->degree.max ? d : f->degree.max;
            sum += d;
        }
        f->degree.mean = (double)sum / m->degrees_count;
    }
    if (m->has_fit) {
        f->fit.alpha = m->fit.alpha;
        f->fit.xmin = m->fit.xmin;
        f->fit.p = m->fit.p;
        f->fit.lr_exp = m->fit.lr_exp;
    }
}

static void add_sends(const struct hsy_measure *m, struct hsy_figures *f)
{
    _Static_assert((int)HSY_FIGURES_DEGREES == (int)HSY_MEASURE_DEGREES,
                   "the same buckets");
    for (uint32_t b = 0; m->has_graph && b < HSY_MEASURE_DEGREES; b++) {
        struct hsy_measure_load load = hsy_measure_load(m, b);
        f->sends[b].peers = load.peers;
        f->sends[b].copies = load.copies;
    }
}

void hsy_measure_figures(const struct hsy_measure *m, struct hsy_figures *out)
{
    hsy_figures_init(out);
    out->seeds = m->seeds;
    out->peers = m->count - m->seeds;
    out->joined = 0;
    for (uint32_t i = m->seeds; i < m->count; i++) {
        out->joined += m->members[i].joined_ns != HEARSAY_NEVER ? 1 : 0;
    }
    out->published = m->messages.count;
    out->delivered = m->delivered;
    out->delivered_twice = m->twice;
    out->false_deaths = m->counts.false_deaths;
    out->events = hsy_cluster_steps(m->cluster);
    out->virtual_s = seconds(hsy_cluster_now(m->cluster));
    hsy_figures_set_digest(out, hsy_cluster_digest(m->cluster));
    count_missed(m, out);
    add_times(m, out);
    add_traffic(m, out);
    hsy_measure_first_figures(m, out);
    add_overlay(m, out);
    add_sends(m, out);
}
