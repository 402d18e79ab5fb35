/* Small networks in which some lie about deaths (sim/liars.h): of honest nodes
 * nobody may be certified dead for it, nor lose its voice. Beside the lies a
 * peer is away now and then, so that there are true reports to be replayed. */
#include "cli/sim_preset_parts.h"

#include "base/prng.h"
#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    PEERS_MIN = 6,
    PEERS_MORE = 7,
    MINUTES = 5,
    AWAY_S = 50,
    APART_S = 20,
    RECLUSE_S = 400,
    DAY_OF = 50 /* One recluse of so many is one for a day. */
};
#define DAY_NS (24 * 60 * HSY_MINUTE)
#define ANSWER_NS (1 * HSY_SECOND)

enum { FALSE_BAR, HONEST_BAR, BARS };

struct outcome {
    uint32_t runs, recluses, days;
    uint64_t lying_seeds;
    struct hsy_measure_counts counts;
    struct hsy_liars_counts lies;
    uint64_t first_rng; /* Of the first run with a false certificate. */
    struct hsy_bar bars[BARS];
};

/* Either seeds that lie, or one that was alone: both would be a majority. */
static void draw(struct hsy_study_config *c, struct outcome *r, bool sized)
{
    struct hsy_prng prng;
    struct hsy_liars_config *l = &c->liars;
    hsy_prng_init(&prng, c->rng);
    c->seeds = hsy_prng_below(&prng, 2) == 0 ? 3 : 5;
    uint32_t peers = PEERS_MIN + (uint32_t)hsy_prng_below(&prng, PEERS_MORE);
    c->peers = sized ? c->peers : peers;
    l->neighbours = hsy_prng_below(&prng, 4) != 0;
    l->replayer = hsy_prng_below(&prng, 2) == 0;
    l->player = hsy_prng_below(&prng, 2) == 0;
    bool recluse = hsy_prng_below(&prng, 4) == 0;
    bool day = hsy_prng_below(&prng, DAY_OF) == 0;
    l->seeds = recluse ? 0 : c->seeds / 2;
    l->recluse_ns = !recluse ? 0 : day ? DAY_NS : RECLUSE_S * HSY_SECOND;
    r->recluses += recluse ? 1 : 0;
    r->days += recluse && day ? 1 : 0;
    r->lying_seeds += l->seeds;
}

static void set(struct hsy_study_config *c, uint64_t for_ns)
{
    uint64_t alone_ns = c->liars.recluse_ns;
    c->join_over_ns = HSY_SECOND;
    c->messages = 0;
    c->checks = false;
    c->for_ns = 0;
    c->lies = true;
    c->pauses = (struct hsy_study_pauses){
        .count = 1,
        .lasts_ns = AWAY_S * HSY_SECOND,
        .apart_ns = APART_S * HSY_SECOND,
        .for_ns = for_ns + alone_ns,
        .answers_ns = 3 * 2 * c->weather.latency_ns.max + ANSWER_NS};
}

static void add(struct outcome *r, const struct hsy_study *s, uint64_t rng)
{
    struct hsy_measure_counts more = hsy_measure_counts(hsy_study_measure(s));
    struct hsy_liars_counts lies = hsy_study_lies(s);
    if (more.false_deaths > 0 && r->counts.false_deaths == 0) {
        r->first_rng = rng;
    }
    r->counts.false_deaths += more.false_deaths;
    r->counts.late_deaths += more.late_deaths;
    r->counts.struck += more.struck;
    r->counts.detected += more.detected;
    r->lies.lies += lies.lies;
    r->lies.liars += lies.liars;
    r->lies.liars_muted += lies.liars_muted;
    r->lies.honest_muted += lies.honest_muted;
    r->lies.players += lies.players;
    r->lies.players_found += lies.players_found > 0 ? 1 : 0;
    r->runs++;
}

static int run_one(const struct hsy_sim_options *o, struct outcome *r,
                   uint32_t index)
{
    char title[64];
    uint64_t for_ns = MINUTES * HSY_MINUTE;
    struct hsy_sim_wish wish = hsy_preset_sized(o, PEERS_MIN, &for_ns);
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    snprintf(title, sizeof(title), "run %" PRIu32 " of %" PRIu32, index + 1,
             o->runs);
    wish.title = title;
    wish.study.rng += index;
    draw(&wish.study, r, o->sized);
    set(&wish.study, for_ns);
    if (hsy_sim_run(&run, &wish)) {
        add(r, run.study, wish.study.rng);
        code = hsy_preset_code(&run, true);
    }
    hsy_sim_run_fini(&run);
    return code;
}

static void judge(struct outcome *r)
{
    r->bars[FALSE_BAR] = (struct hsy_bar){
        .key = "false_certificates",
        .what = "certificates of nodes that answer",
        .ours = (double)r->counts.false_deaths,
    };
    r->bars[HONEST_BAR] = (struct hsy_bar){
        .key = "honest_muted",
        .what = "honest notifiers without a voice",
        .ours = (double)r->lies.honest_muted,
    };
}

static void print_json(const struct outcome *r)
{
    printf("{\"preset\": \"liars\", \"runs\": %" PRIu32
           ", \"recluses\": %" PRIu32 ", \"days\": %" PRIu32
           ", \"lying_seeds\": %" PRIu64 ", \"lies\": %" PRIu64
           ", \"liars\": %" PRIu64 ", \"liars_muted\": %" PRIu64
           ", \"players\": %" PRIu64 ", \"players_found\": %" PRIu64
           ", \"away\": %" PRIu64 ", \"certified\": %" PRIu64
           ", \"first_rng\": %" PRIu64,
           r->runs, r->recluses, r->days, r->lying_seeds, r->lies.lies,
           r->lies.liars, r->lies.liars_muted, r->lies.players,
           r->lies.players_found, r->counts.struck, r->counts.detected,
           r->first_rng);
    hsy_preset_json(r->bars, BARS);
    puts("}");
}

static void print_table(const struct outcome *r)
{
    printf("%" PRIu32 " networks: %" PRIu64 " lying peers, %" PRIu64
           " lying seeds, %" PRIu64 " frames of theirs;\n%" PRIu64
           " peers played dead; %" PRIu32 " seeds were alone, %" PRIu32
           " of them for a day; %" PRIu64 " peers were away,\n%" PRIu64
           " certified dead meanwhile\n\n",
           r->runs, r->lies.liars, r->lying_seeds, r->lies.lies,
           r->lies.players, r->recluses, r->days, r->counts.struck,
           r->counts.detected);
    printf("liars without a voice: %" PRIu64 "; found to play dead: %" PRIu64
           "\n\n",
           r->lies.liars_muted, r->lies.players_found);
    hsy_preset_table(r->bars, BARS);
    if (r->counts.false_deaths > 0) {
        printf("\nthe first one: --preset liars --runs 1 --rng %" PRIu64 "\n",
               r->first_rng);
    }
}

int hsy_preset_liars(const struct hsy_sim_options *o)
{
    struct outcome r = {.runs = 0};
    int code = HSY_EXIT_DONE;
    for (uint32_t i = 0; i < o->runs && code <= HSY_EXIT_FAILED; i++) {
        int one = run_one(o, &r, i);
        code = one > code ? one : code;
    }
    if (code > HSY_EXIT_FAILED) {
        return code; /* Stopped: half of it says nothing. */
    }
    judge(&r);
    if (o->json) {
        print_json(&r);
    } else {
        print_table(&r);
    }
    return hsy_preset_met(r.bars, BARS) ? code : HSY_EXIT_FAILED;
}
