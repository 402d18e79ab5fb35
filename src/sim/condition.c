/* One table: how a condition is written, and the function that looks. Some
 * look at the state of nodes through their views, some at the ledger; those
 * about events only count the notes that match. */
#include "sim/condition.h"

#include "base/assert.h"
#include "base/notes.h"
#include "node/view.h"
#include "sim/check_direct.h"

#include <string.h>

enum { MILLION = 1000000 };

typedef bool (*look)(struct hsy_scene *scene, const struct hsy_args *args,
                     struct hsy_line *why);

/* -------------------------------------------------------------- helpers */

static void put_count(struct hsy_line *why, const char *text, uint64_t count)
{
    hsy_line_text(why, text);
    hsy_line_u64(why, count);
}

static struct hsy_view_status status_of(const struct hsy_scene *scene,
                                        uint32_t node)
{
    struct hsy_view_status status;
    hsy_view_status(hsy_cluster_node(scene->cluster, node),
                    hsy_cluster_clock(scene->cluster, node).mono_ns, &status);
    return status;
}

/* ---------------------------------------------------------------- overlay */

static bool look_connected(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    (void)args;
    const struct hsy_graph *g = hsy_scene_graph(scene);
    put_count(why, "components: ", g->components);
    put_count(why, ", peers: ", g->vertices);
    put_count(why, ", links: ", g->links);
    return g->components == 1;
}

static bool look_parts(struct hsy_scene *scene, const struct hsy_args *args,
                       struct hsy_line *why)
{
    const struct hsy_graph *g = hsy_scene_graph(scene);
    put_count(why, "components: ", g->components);
    return g->components == args->numbers[0];
}

/* The peers of the largest component; a million looks at a million peers. */
static uint32_t largest_part(const struct hsy_graph *g)
{
    uint32_t largest = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t size = 0;
        for (uint32_t k = i;
             g->present[i] && g->parents[i] == i && k < g->count; k++) {
            size += g->present[k] && hsy_graph_together(g, i, k) ? 1 : 0;
        }
        for (uint32_t k = 0; size > 0 && k < i; k++) {
            size += g->present[k] && hsy_graph_together(g, i, k) ? 1 : 0;
        }
        largest = size > largest ? size : largest;
    }
    return largest;
}

static bool look_together(struct hsy_scene *scene, const struct hsy_args *args,
                          struct hsy_line *why)
{
    const struct hsy_graph *g = hsy_scene_graph(scene);
    uint32_t largest = largest_part(g);
    put_count(why, "peers of the largest component: ", largest);
    put_count(why, " of ", g->vertices);
    return (uint64_t)largest * MILLION >= args->numbers[0] * g->vertices;
}

static bool look_symmetric(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    (void)args;
    const struct hsy_graph *g = hsy_scene_graph(scene);
    put_count(why, "O4: links that one end only knows of: ", g->one_sided);
    return g->one_sided == 0;
}

/* @all: of all peers. */
static bool degrees_between(struct hsy_scene *scene, bool all,
                            const struct hsy_args *args, struct hsy_line *why)
{
    const struct hsy_graph *g = hsy_scene_graph(scene);
    for (uint32_t i = hsy_cluster_seeds(scene->cluster); i < g->count; i++) {
        bool named = all || hsy_scene_names(scene, args, 0, i);
        if (named && g->present[i] &&
            (g->degrees[i] < args->numbers[0] ||
             g->degrees[i] > args->numbers[1])) {
            hsy_line_node(why, scene->cluster, i);
            put_count(why, " has degree ", g->degrees[i]);
            return false;
        }
    }
    return true;
}

static bool look_degree(struct hsy_scene *scene, const struct hsy_args *args,
                        struct hsy_line *why)
{
    return degrees_between(scene, true, args, why);
}

static bool look_degree_of(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    return degrees_between(scene, false, args, why);
}

/* ----------------------------------------------------------------- joining */

static bool joined_is(const struct hsy_scene *scene, uint32_t node, bool wanted,
                      struct hsy_line *why)
{
    struct hsy_view_status status = status_of(scene, node);
    bool joined =
        status.state == HSY_VIEW_JOINED && status.registered >= status.quorum;
    if (joined != wanted) {
        hsy_line_node(why, scene->cluster, node);
        hsy_line_text(why, " is ");
        hsy_line_text(why, hsy_view_state_text(status.state));
        put_count(why, ", registered ", status.registered);
        put_count(why, " of quorum ", status.quorum);
    }
    return joined == wanted;
}

static bool look_joined_all(struct hsy_scene *scene,
                            const struct hsy_args *args, struct hsy_line *why)
{
    (void)args;
    uint32_t running = 0;
    for (uint32_t i = hsy_cluster_seeds(scene->cluster);
         i < hsy_cluster_count(scene->cluster); i++) {
        if (hsy_cluster_process(scene->cluster, i) == HSY_PROCESS_STARTING) {
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " has not started yet");
            return false;
        }
        bool says = hsy_witness_has_say(scene->cluster, i);
        running += says ? 1 : 0;
        if (says && !joined_is(scene, i, true, why)) {
            return false;
        }
    }
    return running > 0;
}

static bool look_joined_none(struct hsy_scene *scene,
                             const struct hsy_args *args, struct hsy_line *why)
{
    (void)args;
    for (uint32_t i = hsy_cluster_seeds(scene->cluster);
         i < hsy_cluster_count(scene->cluster); i++) {
        if (hsy_witness_has_say(scene->cluster, i) &&
            !joined_is(scene, i, false, why)) {
            return false;
        }
    }
    return true;
}

static bool look_joined(struct hsy_scene *scene, const struct hsy_args *args,
                        struct hsy_line *why)
{
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        if (!hsy_scene_names(scene, args, 0, i)) {
            continue;
        }
        if (!hsy_witness_has_say(scene->cluster, i)) {
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " does not run");
            return false;
        }
        if (!joined_is(scene, i, true, why)) {
            return false;
        }
    }
    return true;
}

static bool look_registered(struct hsy_scene *scene,
                            const struct hsy_args *args, struct hsy_line *why)
{
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        if (!hsy_scene_names(scene, args, 0, i) ||
            !hsy_witness_has_say(scene->cluster, i)) {
            continue;
        }
        struct hsy_view_status status = status_of(scene, i);
        if (status.registered != args->numbers[0]) {
            hsy_line_node(why, scene->cluster, i);
            put_count(why, " is registered with ", status.registered);
            return false;
        }
    }
    return true;
}

static bool look_state(struct hsy_scene *scene, const struct hsy_args *args,
                       struct hsy_line *why)
{
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        if (!hsy_scene_names(scene, args, 0, i)) {
            continue;
        }
        const char *state = "none";
        if (hsy_cluster_process(scene->cluster, i) == HSY_PROCESS_STARTING) {
            state = "waiting";
        }
        if (hsy_cluster_node(scene->cluster, i) != NULL) {
            state = hsy_view_state_text(status_of(scene, i).state);
        }
        if (strcmp(state, args->words[0]) != 0) {
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " is ");
            hsy_line_text(why, state);
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------- Peer Lists */

struct listed {
    const char *state; /* NULL: nothing is known. */
    uint64_t incarnation;
};

/* What @seed knows of @node. @hint: the place in its list to begin at, which
 * makes a walk over all nodes one walk over the list when both are in the same
 * order, and is only slow when they are not. */
static struct listed listed_at(const struct hsy_scene *scene, uint32_t seed,
                               uint32_t node, uint32_t *hint)
{
    const struct hearsay_id *id = hsy_cluster_id(scene->cluster, node);
    const struct hearsay_node *view = hsy_cluster_node(scene->cluster, seed);
    struct hsy_view_peer peer;
    uint32_t start = *hint;
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint32_t to = pass == 0 ? UINT32_MAX : start;
        for (uint32_t i = pass == 0 ? start : 0;
             i < to && hsy_view_peer(view, i, &peer); i++) {
            if (memcmp(peer.id.bytes, id->bytes, sizeof(id->bytes)) == 0) {
                *hint = i + 1;
                return (struct listed){hsy_view_peer_state_text(peer.state),
                                       peer.incarnation};
            }
        }
    }
    return (struct listed){0};
}

static bool seed_has(const struct hsy_scene *scene, uint32_t seed,
                     const struct hsy_args *args, struct hsy_line *why)
{
    bool gone = args->words_count > 0 && strcmp(args->words[0], "gone") == 0;
    const char *wanted =
        gone || args->words_count == 0 ? "alive" : args->words[0];
    uint32_t hint = 0;
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        if (!hsy_scene_names(scene, args, 0, i)) {
            continue;
        }
        struct listed l = listed_at(scene, seed, i, &hint);
        bool same = l.state != NULL && strcmp(l.state, wanted) == 0;
        bool right_inc =
            args->numbers_count == 0 || l.incarnation == args->numbers[0];
        if (same == gone || !right_inc) {
            hsy_line_node(why, scene->cluster, seed);
            hsy_line_text(why, " has ");
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " ");
            hsy_line_text(why, l.state == NULL ? "unknown" : l.state);
            put_count(why, " inc ", l.incarnation);
            hsy_line_text(why, "; ");
            return false;
        }
    }
    return true;
}

static bool look_all_seeds(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    bool any = false; /* Nobody's word proves nothing. */
    for (uint32_t i = 0; i < hsy_cluster_seeds(scene->cluster); i++) {
        if (hsy_witness_has_say(scene->cluster, i)) {
            any = true;
            if (!seed_has(scene, i, args, why)) {
                return false;
            }
        }
    }
    return any;
}

static bool look_some_seed(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    for (uint32_t i = 0; i < hsy_cluster_seeds(scene->cluster); i++) {
        if (hsy_witness_has_say(scene->cluster, i) &&
            seed_has(scene, i, args, why)) {
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------------- messages */

/* @ppm of what was expected did arrive. */
static bool delivered_since(struct hsy_scene *scene, uint64_t from_ns,
                            uint64_t ppm, struct hsy_line *why)
{
    struct hsy_missing missing = hsy_witness_missing(scene->witness, from_ns);
    put_count(why, "deliveries expected: ", missing.expected);
    put_count(why, ", missed: ", missing.missed);
    if (missing.missed > 0) {
        put_count(why, ", first: message ", missing.seq);
        hsy_line_text(why, " of ");
        hsy_line_node(why, scene->cluster, missing.origin);
        hsy_line_text(why, " at ");
        hsy_line_node(why, scene->cluster, missing.node);
    }
    /* With nothing to deliver there is nothing to claim. */
    return missing.expected > 0 &&
           (missing.expected - missing.missed) * MILLION >=
               missing.expected * ppm;
}

static bool look_delivered(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    (void)args;
    return delivered_since(scene, 0, MILLION, why);
}

static bool look_delivered_since(struct hsy_scene *scene,
                                 const struct hsy_args *args,
                                 struct hsy_line *why)
{
    return delivered_since(scene, args->numbers[0], MILLION, why);
}

static bool look_delivered_share(struct hsy_scene *scene,
                                 const struct hsy_args *args,
                                 struct hsy_line *why)
{
    return delivered_since(scene, args->numbers[1], args->numbers[0], why);
}

/* Of processes that run now; those that ended took theirs along. */
static bool look_counter(struct hsy_scene *scene, const struct hsy_args *args,
                         struct hsy_line *why)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        const struct hearsay_node *node = hsy_cluster_node(scene->cluster, i);
        struct hsy_view_status status;
        const char *name;
        uint64_t value;
        if (node == NULL || !hsy_scene_names(scene, args, 0, i)) {
            continue;
        }
        hsy_view_status(node, hsy_cluster_clock(scene->cluster, i).mono_ns,
                        &status);
        for (uint32_t at = 0;
             hsy_view_counter(&status.counters, at, &name, &value); at++) {
            sum += strcmp(name, args->words[0]) == 0 ? value : 0;
        }
    }
    hsy_line_text(why, args->words[0]);
    put_count(why, ": ", sum);
    return sum >= args->numbers[0] && sum <= args->numbers[1];
}

static bool look_published(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    struct hsy_totals totals = hsy_ledger_totals(scene->witness->ledger);
    put_count(why, "published: ", totals.published);
    return totals.published == args->numbers[0];
}

/* --------------------------------------------------- directs and queries */

static bool look_directs_delivered(struct hsy_scene *scene,
                                   const struct hsy_args *args,
                                   struct hsy_line *why)
{
    const struct hsy_direct_totals *t =
        hsy_checks_direct(scene->witness->checks);
    put_count(why, "delivered: ", t->delivered);
    put_count(why, " of ", t->sent);
    return t->delivered == args->numbers[0];
}

static bool look_directs_unanswered(struct hsy_scene *scene,
                                    const struct hsy_args *args,
                                    struct hsy_line *why)
{
    const struct hsy_direct_totals *t =
        hsy_checks_direct(scene->witness->checks);
    put_count(why, "unanswered: ", t->unanswered);
    put_count(why, " of ", t->sent);
    return t->unanswered == args->numbers[0];
}

/* Of the query that was the last to end. */
static bool look_query(struct hsy_scene *scene, const struct hsy_args *args,
                       struct hsy_line *why)
{
    const struct hsy_direct_totals *t =
        hsy_checks_direct(scene->witness->checks);
    put_count(why, "queries over: ", t->done);
    put_count(why, "; answered: ", t->answered);
    put_count(why, " of ", t->expected);
    return t->done > 0 && t->answered == args->numbers[0] &&
           t->expected == args->numbers[1];
}

/* These, and nobody else. */
static bool look_query_misses(struct hsy_scene *scene,
                              const struct hsy_args *args, struct hsy_line *why)
{
    const struct hsy_direct_totals *t =
        hsy_checks_direct(scene->witness->checks);
    uint32_t named = 0;
    uint32_t found = 0;
    hsy_line_text(why, "missing:");
    for (uint32_t i = 0; i < t->missing_listed; i++) {
        hsy_line_text(why, " ");
        hsy_line_node(why, scene->cluster, t->missing[i]);
        found += hsy_scene_names(scene, args, 0, t->missing[i]) ? 1 : 0;
    }
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        named += hsy_scene_names(scene, args, 0, i) ? 1 : 0;
    }
    return t->done > 0 && found == named && t->missing_count == named;
}

static bool look_query_misses_none(struct hsy_scene *scene,
                                   const struct hsy_args *args,
                                   struct hsy_line *why)
{
    const struct hsy_direct_totals *t =
        hsy_checks_direct(scene->witness->checks);
    (void)args;
    put_count(why, "queries over: ", t->done);
    put_count(why, "; missing: ", t->missing_count);
    return t->done > 0 && t->missing_count == 0;
}

/* ------------------------------------------------------------- invariants */

static bool is_broken(struct hsy_scene *scene, enum hsy_invariant what,
                      struct hsy_line *why)
{
    const struct hsy_checks *checks = scene->witness->checks;
    const struct hsy_broken *first = hsy_checks_first_of(checks, what);
    hsy_line_text(why, hsy_invariant_name(what));
    if (first != NULL) {
        hsy_line_text(why, " broken at ");
        hsy_line_time(why, first->at_ns);
        hsy_line_text(why, ": ");
        hsy_line_text(why, first->text);
    } else {
        hsy_line_text(why, " holds");
    }
    return first != NULL;
}

/* B3; the checks tell it apart from what nobody could have got. */
static bool look_lost(struct hsy_scene *scene, const struct hsy_args *args,
                      struct hsy_line *why)
{
    (void)args;
    return is_broken(scene, HSY_B3, why);
}

static bool look_broken(struct hsy_scene *scene, const struct hsy_args *args,
                        struct hsy_line *why)
{
    return is_broken(scene, args->invariant, why);
}

/* The runner has told the checks that it is calm. What broke and is not armed
 * is for `broken` to ask. */
static bool look_calm(struct hsy_scene *scene, const struct hsy_args *args,
                      struct hsy_line *why)
{
    (void)args;
    const struct hsy_broken *first = hsy_checks_first(scene->witness->checks);
    return first == NULL || !is_broken(scene, first->what, why);
}

static bool look_pending(struct hsy_scene *scene, const struct hsy_args *args,
                         struct hsy_line *why)
{
    (void)args;
    for (uint32_t i = 0; i < hsy_cluster_count(scene->cluster); i++) {
        struct hsy_leftovers left = hsy_cluster_leftovers(scene->cluster, i);
        bool ended = hsy_cluster_process(scene->cluster, i) == HSY_PROCESS_NONE;
        if (ended && left.by_itself && left.jobs + left.links > 0) {
            hsy_line_text(why, "S3: ");
            hsy_line_node(why, scene->cluster, i);
            put_count(why, " stopped with jobs: ", left.jobs);
            put_count(why, ", links: ", left.links);
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ table */

enum {
    AT = 1,    /* The first $who is the node that tells. */
    ABOUT = 2, /* The other $who is in one of its fields. */
    ENDS = 4,  /* Makes sense at the end only. */
    CHECKS = 8 /* Asks the checks. */
};

static const struct {
    const char *pattern;
    look look;         /* NULL: counts events. */
    const char *event; /* NULL: the first word names it. */
    unsigned is;
} conditions[] = {
    {"overlay connected", look_connected, NULL, 0},
    {"overlay in $n parts", look_parts, NULL, 0},
    {"overlay holds $percent together", look_together, NULL, 0},
    {"links symmetric", look_symmetric, NULL, 0},
    {"joined all", look_joined_all, NULL, 0},
    {"joined none", look_joined_none, NULL, 0},
    {"joined $who", look_joined, NULL, 0},
    {"registered $who with $n", look_registered, NULL, 0},
    {"state of $who is $phase", look_state, NULL, 0},
    {"degree between $n and $n", look_degree, NULL, 0},
    {"degree of $who between $n and $n", look_degree_of, NULL, 0},
    {"all seeds have $who $state", look_all_seeds, NULL, 0},
    {"all seeds have $who alive inc $n", look_all_seeds, NULL, 0},
    {"some seed has $who $state", look_some_seed, NULL, 0},
    {"delivered all", look_delivered, NULL, 0},
    {"delivered all since $time", look_delivered_since, NULL, 0},
    {"delivered $percent since $time", look_delivered_share, NULL, 0},
    {"message lost", look_lost, NULL, CHECKS},
    {"published $n", look_published, NULL, 0},
    {"directs delivered $n", look_directs_delivered, NULL, CHECKS},
    {"directs unanswered $n", look_directs_unanswered, NULL, CHECKS},
    {"query answered $n of $n", look_query, NULL, CHECKS},
    {"query misses nobody", look_query_misses_none, NULL, CHECKS},
    {"query misses $who", look_query_misses, NULL, CHECKS},
    {"counter $counter of $who between $n and $n", look_counter, NULL, 0},
    {"broken $invariant", look_broken, NULL, CHECKS},
    {"calm", look_calm, NULL, ENDS | CHECKS},
    {"nothing pending", look_pending, NULL, 0},
    {"some reports $who", NULL, "dead-report", ABOUT},
    {"event $event", NULL, NULL, 0},
    {"event $event at $who", NULL, NULL, AT},
    {"event $event about $who", NULL, NULL, ABOUT},
    {"event $event at $who about $who", NULL, NULL, AT | ABOUT},
    {"event $event with $word $word", NULL, NULL, 0},
    {"event $event at $who with $word $word", NULL, NULL, AT},
    {"$who reports $who", NULL, "dead-report", AT | ABOUT},
};

uint32_t hsy_conditions_count(void)
{
    return (uint32_t)(sizeof(conditions) / sizeof(conditions[0]));
}

const char *hsy_condition_pattern(uint32_t index)
{
    HSY_ASSERT(index < hsy_conditions_count());
    return conditions[index].pattern;
}

bool hsy_condition_ends(uint32_t index)
{
    HSY_ASSERT(index < hsy_conditions_count());
    return (conditions[index].is & ENDS) != 0;
}

bool hsy_condition_calms(uint32_t index)
{
    HSY_ASSERT(index < hsy_conditions_count());
    return conditions[index].look == look_lost ||
           conditions[index].look == look_calm;
}

const char *hsy_condition_fault(const struct hsy_scenario *s,
                                const struct hsy_statement *st)
{
    look f = conditions[st->condition].look;
    const uint64_t *n = st->args.numbers;
    if ((conditions[st->condition].is & CHECKS) != 0 && s->unchecked) {
        return "the cluster has \"no checks\"";
    }
    if (f == look_registered && n[0] > s->seeds) {
        return "there are fewer seeds than that";
    }
    if ((f == look_degree || f == look_degree_of) && n[0] > n[1]) {
        return "these degrees go back";
    }
    if ((f == look_together || f == look_delivered_share) && n[0] == 0) {
        return "a share of nothing is always there";
    }
    if (f == look_parts && n[0] > s->peers) {
        return "there are fewer peers than that";
    }
    bool spans = st->verb == HSY_VERB_UNTIL || st->verb == HSY_VERB_EXPECT ||
                 st->verb == HSY_VERB_HOLD;
    uint64_t since_ns = f == look_delivered_since   ? n[0]
                        : f == look_delivered_share ? n[1]
                                                    : 0;
    return spans && since_ns >= st->to_ns && since_ns > 0
               ? "over before the messages that it asks about"
               : NULL;
}

static bool is_bound(const struct hsy_scene *scene, const struct hsy_args *args)
{
    for (uint32_t i = 0; i < args->who_count; i++) {
        for (uint32_t k = 0; k < args->who[i].count; k++) {
            const struct hsy_part *part = &args->who[i].parts[k];
            if (part->picked && scene->picked[part->pick] == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* No action will ever do it. */
static bool must_bind(const struct hsy_scene *scene,
                      const struct hsy_args *args)
{
    for (uint32_t i = 0; i < args->who_count; i++) {
        for (uint32_t k = 0; k < args->who[i].count; k++) {
            const struct hsy_part *part = &args->who[i].parts[k];
            if (part->picked && scene->scenario->picks[part->pick].by_action) {
                return false;
            }
        }
    }
    return true;
}

bool hsy_condition_holds(struct hsy_scene *scene,
                         const struct hsy_statement *st, uint64_t hits,
                         struct hsy_line *why)
{
    HSY_ASSERT(st->condition < hsy_conditions_count());
    if (must_bind(scene, &st->args) &&
        hsy_cluster_now(scene->cluster) >= st->from_ns) {
        hsy_scene_bind(scene, &st->args);
    }
    look f = conditions[st->condition].look;
    if (!is_bound(scene, &st->args)) {
        hsy_line_text(why, "nobody is chosen yet");
        return false;
    }
    if (f != NULL) {
        return f(scene, &st->args, why);
    }
    put_count(why, "events that match so far: ", hits);
    return hits > 0;
}

/* ----------------------------------------------------------------- events */

static bool is_about(const struct hsy_scene *scene, const struct hsy_args *args,
                     uint32_t which, const struct hearsay_note *note)
{
    uint32_t node;
    for (uint32_t i = 0;
         i < HEARSAY_FIELDS_MAX && note->fields[i].kind != HEARSAY_FIELD_END;
         i++) {
        if (note->fields[i].kind == HEARSAY_FIELD_ID &&
            hsy_cluster_find(scene->cluster, &note->fields[i].id, &node) &&
            hsy_scene_names(scene, args, which, node)) {
            return true;
        }
    }
    return false;
}

static bool has_field(const struct hearsay_note *note, const char *key,
                      const char *value)
{
    const struct hearsay_field *f = hsy_note_find(note, key);
    if (f == NULL) {
        return false;
    }
    if (f->kind == HEARSAY_FIELD_TEXT) {
        return strcmp(f->text, value) == 0;
    }
    char digits[24];
    struct hsy_line line = hsy_line(digits, sizeof(digits));
    hsy_line_u64(&line, f->u64);
    return f->kind == HEARSAY_FIELD_U64 && strcmp(digits, value) == 0;
}

bool hsy_condition_matches(const struct hsy_scene *scene,
                           const struct hsy_statement *st, uint32_t node,
                           const struct hearsay_note *note)
{
    const struct hsy_args *args = &st->args;
    bool at = (conditions[st->condition].is & AT) != 0;
    bool about = (conditions[st->condition].is & ABOUT) != 0;
    const char *event = conditions[st->condition].event;
    uint32_t next_word = event == NULL ? 1 : 0;
    if (conditions[st->condition].look != NULL ||
        strcmp(note->event, event == NULL ? args->words[0] : event) != 0) {
        return false;
    }
    if (at && !hsy_scene_names(scene, args, 0, node)) {
        return false;
    }
    if (about && !is_about(scene, args, at ? 1 : 0, note)) {
        return false;
    }
    return args->words_count <= next_word ||
           has_field(note, args->words[next_word], args->words[next_word + 1]);
}
