/* One table: how a condition is written, and the function that looks. Some
 * look at the state of nodes through their views, some at the ledger; those
 * about events only count the notes that match. */
#include "sim/condition.h"

#include "base/assert.h"
#include "base/notes.h"
#include "node/view.h"

#include <string.h>

typedef bool (*look)(struct hsy_scene *scene, const struct hsy_args *args,
                     struct hsy_line *why);

/* -------------------------------------------------------------- helpers */

static bool in(const struct hsy_who *who, uint32_t node)
{
    return node >= who->first && node <= who->last;
}

static void put_count(struct hsy_line *why, const char *text, uint64_t count)
{
    hsy_line_text(why, text);
    hsy_line_u64(why, count);
}

static const struct hsy_graph *graph_now(struct hsy_scene *scene)
{
    struct hsy_graph *g = scene->witness->graph;
    if (!scene->graph_fresh) {
        int err = hsy_graph_read(g, scene->cluster);
        scene->err = scene->err == HEARSAY_OK ? err : scene->err;
        scene->graph_fresh = true;
    }
    return g;
}

static void bind_hub(struct hsy_scene *scene)
{
    const struct hsy_graph *g = graph_now(scene);
    uint32_t best = hsy_cluster_seeds(scene->cluster);
    for (uint32_t i = best; i < g->count; i++) {
        if (g->present[i] && g->degrees[i] > g->degrees[best]) {
            best = i;
        }
    }
    scene->hub = best;
    scene->hub_known = true;
}

struct hsy_who hsy_scene_who(struct hsy_scene *scene, const struct hsy_who *who)
{
    if (!who->hub) {
        return *who;
    }
    if (!scene->hub_known) {
        bind_hub(scene);
    }
    return (struct hsy_who){.first = scene->hub, .last = scene->hub};
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
    const struct hsy_graph *g = graph_now(scene);
    put_count(why, "components: ", g->components);
    put_count(why, ", peers: ", g->vertices);
    put_count(why, ", links: ", g->links);
    return g->components == 1;
}

static bool look_symmetric(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    (void)args;
    const struct hsy_graph *g = graph_now(scene);
    put_count(why, "O4: links that one end only knows of: ", g->one_sided);
    return g->one_sided == 0;
}

static bool degrees_between(struct hsy_scene *scene, const struct hsy_who *who,
                            const struct hsy_args *args, struct hsy_line *why)
{
    const struct hsy_graph *g = graph_now(scene);
    for (uint32_t i = who->first; i <= who->last; i++) {
        if (g->present[i] && (g->degrees[i] < args->numbers[0] ||
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
    struct hsy_who all = {.first = hsy_cluster_seeds(scene->cluster),
                          .last = hsy_cluster_count(scene->cluster) - 1};
    return degrees_between(scene, &all, args, why);
}

static bool look_degree_of(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    struct hsy_who who = hsy_scene_who(scene, &args->who[0]);
    return degrees_between(scene, &who, args, why);
}

/* ----------------------------------------------------------------- joining */

static bool joined_is(struct hsy_scene *scene, const struct hsy_who *who,
                      bool wanted, struct hsy_line *why)
{
    for (uint32_t i = who->first; i <= who->last; i++) {
        if (!hsy_witness_has_say(scene->cluster, i)) {
            continue;
        }
        struct hsy_view_status status = status_of(scene, i);
        bool joined = status.state == HSY_VIEW_JOINED &&
                      status.registered >= status.quorum;
        if (joined != wanted) {
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " is ");
            hsy_line_text(why, hsy_view_state_text(status.state));
            put_count(why, ", registered ", status.registered);
            put_count(why, " of quorum ", status.quorum);
            return false;
        }
    }
    return true;
}

static struct hsy_who all_peers(const struct hsy_scene *scene)
{
    return (struct hsy_who){.first = hsy_cluster_seeds(scene->cluster),
                            .last = hsy_cluster_count(scene->cluster) - 1};
}

static bool look_joined_all(struct hsy_scene *scene,
                            const struct hsy_args *args, struct hsy_line *why)
{
    (void)args;
    struct hsy_who all = all_peers(scene);
    uint32_t running = 0;
    for (uint32_t i = all.first; i <= all.last; i++) {
        if (hsy_cluster_process(scene->cluster, i) == HSY_PROCESS_STARTING) {
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " has not started yet");
            return false;
        }
        running += hsy_witness_has_say(scene->cluster, i) ? 1 : 0;
    }
    return running > 0 && joined_is(scene, &all, true, why);
}

static bool look_joined_none(struct hsy_scene *scene,
                             const struct hsy_args *args, struct hsy_line *why)
{
    (void)args;
    struct hsy_who all = all_peers(scene);
    return joined_is(scene, &all, false, why);
}

static bool look_joined(struct hsy_scene *scene, const struct hsy_args *args,
                        struct hsy_line *why)
{
    struct hsy_who who = hsy_scene_who(scene, &args->who[0]);
    for (uint32_t i = who.first; i <= who.last; i++) {
        if (!hsy_witness_has_say(scene->cluster, i)) {
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " does not run");
            return false;
        }
    }
    return joined_is(scene, &who, true, why);
}

static bool look_registered(struct hsy_scene *scene,
                            const struct hsy_args *args, struct hsy_line *why)
{
    struct hsy_who who = hsy_scene_who(scene, &args->who[0]);
    for (uint32_t i = who.first; i <= who.last; i++) {
        if (!hsy_witness_has_say(scene->cluster, i)) {
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
    struct hsy_who who = hsy_scene_who(scene, &args->who[0]);
    for (uint32_t i = who.first; i <= who.last; i++) {
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

/* What @seed knows of @node: its state's text, "unknown" for nothing. */
static const char *listed(const struct hsy_scene *scene, uint32_t seed,
                          uint32_t node, uint64_t *out_incarnation)
{
    const struct hearsay_id *id = hsy_cluster_id(scene->cluster, node);
    struct hsy_view_peer peer;
    for (uint32_t i = 0;
         hsy_view_peer(hsy_cluster_node(scene->cluster, seed), i, &peer); i++) {
        if (memcmp(peer.id.bytes, id->bytes, sizeof(id->bytes)) == 0) {
            *out_incarnation = peer.incarnation;
            return hsy_view_peer_state_text(peer.state);
        }
    }
    *out_incarnation = 0;
    return "unknown";
}

static bool seed_has(const struct hsy_scene *scene, uint32_t seed,
                     const struct hsy_who *who, const struct hsy_args *args,
                     struct hsy_line *why)
{
    bool gone = strcmp(args->words[0], "gone") == 0;
    const char *wanted =
        gone || args->words_count == 0 ? "alive" : args->words[0];
    for (uint32_t i = who->first; i <= who->last; i++) {
        uint64_t incarnation;
        const char *state = listed(scene, seed, i, &incarnation);
        bool same = strcmp(state, wanted) == 0;
        bool right_inc =
            args->numbers_count == 0 || incarnation == args->numbers[0];
        if (same == gone || !right_inc) {
            hsy_line_node(why, scene->cluster, seed);
            hsy_line_text(why, " has ");
            hsy_line_node(why, scene->cluster, i);
            hsy_line_text(why, " ");
            hsy_line_text(why, state);
            put_count(why, " inc ", incarnation);
            hsy_line_text(why, "; ");
            return false;
        }
    }
    return true;
}

static bool look_all_seeds(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    struct hsy_who who = hsy_scene_who(scene, &args->who[0]);
    bool all = true;
    bool any = false; /* Nobody's word proves nothing. */
    for (uint32_t i = 0; i < hsy_cluster_seeds(scene->cluster); i++) {
        if (hsy_witness_has_say(scene->cluster, i)) {
            any = true;
            all = seed_has(scene, i, &who, args, why) && all;
        }
    }
    return any && all;
}

static bool look_some_seed(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    struct hsy_who who = hsy_scene_who(scene, &args->who[0]);
    for (uint32_t i = 0; i < hsy_cluster_seeds(scene->cluster); i++) {
        if (hsy_witness_has_say(scene->cluster, i) &&
            seed_has(scene, i, &who, args, why)) {
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------------- messages */

static bool delivered_since(struct hsy_scene *scene, uint64_t from_ns,
                            struct hsy_line *why)
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
    return missing.missed == 0;
}

static bool look_delivered(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    (void)args;
    return delivered_since(scene, 0, why);
}

static bool look_delivered_since(struct hsy_scene *scene,
                                 const struct hsy_args *args,
                                 struct hsy_line *why)
{
    return delivered_since(scene, args->numbers[0], why);
}

static bool look_published(struct hsy_scene *scene, const struct hsy_args *args,
                           struct hsy_line *why)
{
    struct hsy_totals totals = hsy_ledger_totals(scene->witness->ledger);
    put_count(why, "published: ", totals.published);
    return totals.published == args->numbers[0];
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

static const struct {
    const char *pattern;
    look look;         /* NULL: counts events. */
    const char *event; /* NULL: the first word names it. */
    bool at;           /* The first $who is the node that tells. */
    bool about;        /* The other $who is in one of its fields. */
} conditions[] = {
    {"overlay connected", look_connected, NULL, false, false},
    {"links symmetric", look_symmetric, NULL, false, false},
    {"joined all", look_joined_all, NULL, false, false},
    {"joined none", look_joined_none, NULL, false, false},
    {"joined $who", look_joined, NULL, false, false},
    {"registered $who with $n", look_registered, NULL, false, false},
    {"state of $who is $word", look_state, NULL, false, false},
    {"degree between $n and $n", look_degree, NULL, false, false},
    {"degree of $who between $n and $n", look_degree_of, NULL, false, false},
    {"all seeds have $who $state", look_all_seeds, NULL, false, false},
    {"all seeds have $who alive inc $n", look_all_seeds, NULL, false, false},
    {"some seed has $who $state", look_some_seed, NULL, false, false},
    {"delivered all", look_delivered, NULL, false, false},
    {"delivered all since $time", look_delivered_since, NULL, false, false},
    {"published $n", look_published, NULL, false, false},
    {"nothing pending", look_pending, NULL, false, false},
    {"some reports $who", NULL, "dead-report", false, true},
    {"event $word", NULL, NULL, false, false},
    {"event $word at $who", NULL, NULL, true, false},
    {"event $word about $who", NULL, NULL, false, true},
    {"event $word at $who about $who", NULL, NULL, true, true},
    {"event $word with $word $word", NULL, NULL, false, false},
    {"event $word at $who with $word $word", NULL, NULL, true, false},
    {"$who reports $who", NULL, "dead-report", true, true},
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

bool hsy_condition_holds(struct hsy_scene *scene,
                         const struct hsy_statement *st, uint64_t hits,
                         struct hsy_line *why)
{
    HSY_ASSERT(st->condition < hsy_conditions_count());
    look f = conditions[st->condition].look;
    if (f != NULL) {
        return f(scene, &st->args, why);
    }
    put_count(why, "events that match so far: ", hits);
    return hits > 0;
}

/* ----------------------------------------------------------------- events */

static bool names(const struct hsy_scene *scene, const struct hsy_who *who,
                  uint32_t node)
{
    if (who->hub) {
        return scene->hub_known && node == scene->hub;
    }
    return in(who, node);
}

static bool is_about(const struct hsy_scene *scene, const struct hsy_who *who,
                     const struct hearsay_note *note)
{
    uint32_t node;
    for (uint32_t i = 0;
         i < HEARSAY_FIELDS_MAX && note->fields[i].kind != HEARSAY_FIELD_END;
         i++) {
        if (note->fields[i].kind == HEARSAY_FIELD_ID &&
            hsy_cluster_find(scene->cluster, &note->fields[i].id, &node) &&
            names(scene, who, node)) {
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
    bool at = conditions[st->condition].at;
    bool about = conditions[st->condition].about;
    const char *event = conditions[st->condition].event;
    uint32_t next_word = event == NULL ? 1 : 0;
    if (conditions[st->condition].look != NULL ||
        strcmp(note->event, event == NULL ? args->words[0] : event) != 0) {
        return false;
    }
    if (at && !names(scene, &args->who[0], node)) {
        return false;
    }
    if (about && !is_about(scene, &args->who[at ? 1 : 0], note)) {
        return false;
    }
    return args->words_count <= next_word ||
           has_field(note, args->words[next_word], args->words[next_word + 1]);
}
