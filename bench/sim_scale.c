/* What a network of N peers costs: all join five seeds, ten messages reach
 * all over links of 1 to 5 ms. One line of JSON; bench/sim.py runs this for
 * growing N and makes a table and a plot of it.
 *
 *     sim_scale N [MESSAGES]
 */
#include "base/time.h"
#include "runtime/process.h"
#include "sim/study.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { SEEDS = 5, MESSAGES = 10 };

static uint64_t used, peak;

/* Counted as `hearsay sim` does (src/cli/sim_memory.c), without a bound. */
static void *counted_alloc(void *ctx, size_t len)
{
    (void)ctx;
    void *ptr = malloc(len);
    if (ptr != NULL) {
        used += hsy_process_block_len(ptr) + sizeof(size_t);
        peak = used > peak ? used : peak;
    }
    return ptr;
}

static void counted_free(void *ctx, void *ptr)
{
    (void)ctx;
    if (ptr != NULL) {
        used -= hsy_process_block_len(ptr) + sizeof(size_t);
        free(ptr);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct mark {
    uint64_t events, virtual_ns;
    double cpu_s;
};

static struct mark mark_now(const struct hsy_study *s)
{
    struct hsy_study_progress p;
    hsy_study_progress(s, &p);
    return (struct mark){.events = p.events,
                         .virtual_ns = p.now_ns,
                         .cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static int fail(const struct hsy_study *s, int err)
{
    fprintf(stderr, "sim_scale: %s %s\n", hearsay_strerror(err),
            s == NULL ? "" : hsy_cluster_fault(hsy_study_witness(s)->cluster));
    return 1;
}

static long rss_kib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

static void tell(const struct hsy_study *s, const struct hsy_figures *f,
                 const struct mark marks[HSY_STUDY_DONE + 1], double wall_s)
{
    static struct hsy_histogram last_ns, last_hops;
    const struct mark *joined = &marks[HSY_STUDY_SETTLING];
    const struct mark *sent = &marks[HSY_STUDY_SENDING];
    const struct mark *arrived = &marks[HSY_STUDY_PAUSING];
    uint64_t deliveries = f->delivered > 0 ? f->delivered : 1;
    hsy_study_last(s, &last_ns, &last_hops);
    printf("{\"peers\": %" PRIu64 ", \"joined\": %" PRIu64
           ", \"delivered\": %" PRIu64 ", \"missed\": %" PRIu64
           ", \"components\": %" PRIu64 ", \"events\": %" PRIu64
           ", \"events_to_join\": %.2f, \"events_per_delivery\": %.2f, "
           "\"join_cpu_s\": %.2f, \"message_cpu_s\": %.2f, \"cpu_s\": %.2f, "
           "\"wall_s\": %.2f, \"virtual_s\": %.1f, \"bytes_per_peer\": %" PRIu64
           ", \"rss_kib\": %ld, \"last_hops\": {\"p50\": %" PRIu64
           ", \"max\": %" PRIu64 "}, \"last_ms\": {\"p50\": %.1f, \"max\": "
           "%.1f}, \"degree_max\": %" PRIu64 ", \"digest\": \"%s\"}\n",
           f->peers, f->joined, f->delivered, f->missed, f->components,
           f->events, (double)joined->events / (double)f->peers,
           (double)(arrived->events - sent->events) / (double)deliveries,
           joined->cpu_s, arrived->cpu_s - sent->cpu_s,
           seconds(CLOCK_PROCESS_CPUTIME_ID), wall_s, f->virtual_s,
           peak / f->peers, rss_kib(), hsy_histogram_percentile(&last_hops, 50),
           last_hops.max, (double)hsy_histogram_percentile(&last_ns, 50) / 1e6,
           (double)last_ns.max / 1e6, f->degree.max, f->digest);
}

static int run(const struct hsy_study_config *config)
{
    double from_s = seconds(CLOCK_MONOTONIC);
    struct mark marks[HSY_STUDY_DONE + 1] = {{0}};
    struct hsy_figures f;
    struct hsy_study_progress p = {.phase = HSY_STUDY_JOINING};
    struct hsy_study *s = NULL;
    bool done = false;
    int err = hsy_study_create(&s, config);
    while (err == HEARSAY_OK && !done) {
        enum hsy_study_phase before = p.phase;
        err = hsy_study_step(s, &done);
        hsy_study_progress(s, &p);
        for (int i = (int)before + 1; i <= (int)p.phase; i++) {
            marks[i] = mark_now(s);
        }
    }
    if (err == HEARSAY_OK) {
        err = hsy_study_finish(s, NULL, &f);
    }
    if (err != HEARSAY_OK) {
        return fail(s, err);
    }
    tell(s, &f, marks, seconds(CLOCK_MONOTONIC) - from_s);
    hsy_study_destroy(s);
    return 0;
}

int main(int argc, char **argv)
{
    struct hearsay_mem mem = {.alloc = counted_alloc, .free = counted_free};
    struct hsy_study_config config;
    hsy_process_init();
    hsy_process_hold_much();
    hsy_study_config_init(&config, &mem);
    config.seeds = SEEDS;
    config.messages = MESSAGES;
    if (argc > 1) {
        config.peers = (uint32_t)strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        config.messages = (uint32_t)strtoul(argv[2], NULL, 10);
    }
    /* One data centre; pinged seldom, so that joining and messages are what is
     * measured; and no more peers at a time than five seeds can greet. */
    config.weather.latency_ns = (struct hsy_range){1 * HSY_MS, 5 * HSY_MS};
    config.ping_interval_ns = HSY_MINUTE;
    config.join_over_ns = hsy_time_max(hsy_study_join_over(config.peers),
                                       config.peers * (HSY_MS / 5));
    const char *fault = hsy_study_config_fault(&config);
    if (argc < 2 || argc > 3 || fault != NULL) {
        fprintf(stderr, "usage: sim_scale N [MESSAGES]%s%s\n",
                fault != NULL ? "; " : "", fault != NULL ? fault : "");
        return 2;
    }
    return run(&config);
}
