/* One ping per neighbour and interval, each with its own nonce and deadline.
 * A missed deadline is a strike, unless bytes came in since the ping (then the
 * round is skipped: it is slow, not dead), this process was away itself, or
 * did not read the link. */
#include "core/liveness.h"

#define IDLE_LINK_NS (30 * HSY_SECOND)
/* What fails so soon afterwards failed because of that. */
#define AFTERMATH_NS (2 * HSY_SECOND)

void hsy_liveness_init(struct hsy_liveness *l, struct hsy_env *env,
                       struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(env->config.ping_interval_ns > 0);
    HSY_ASSERT(env->config.ping_timeout_ns > 0);
    *l = (struct hsy_liveness){
        .env = env, .neighbours = neighbours, .next_ns = HEARSAY_NEVER};
}

/* A peer pings its neighbours and its seeds, a seed its fellows; registered
 * peers ping the seed. */
static bool is_pinged(const struct hsy_liveness *l,
                      const struct hsy_neighbour *n)
{
    if (l->env->config.role == HEARSAY_SEED) {
        return n->role == HEARSAY_SEED;
    }
    return n->overlay || n->role == HEARSAY_SEED;
}

/* How long until this neighbour is looked at again: a seed only looks whether
 * its peers, who ping it, are still there. */
static uint64_t interval_of(const struct hsy_liveness *l,
                            const struct hsy_neighbour *n)
{
    const struct hearsay_config *config = &l->env->config;
    bool kept = config->role == HEARSAY_SEED && n->role == HEARSAY_PEER;

    HSY_ASSERT(config->lease_ns > 0);
    return kept ? config->lease_ns : config->ping_interval_ns;
}

/* A tick looks at all neighbours: a seed's peers, who may be a million and are
 * only looked at, share a few moments. */
static uint64_t look_time(const struct hsy_liveness *l,
                          const struct hsy_neighbour *n, uint64_t at_ns)
{
    HSY_ASSERT(at_ns > 0);
    if (is_pinged(l, n) || l->env->config.role != HEARSAY_SEED) {
        return at_ns;
    }
    return hsy_time_shared(at_ns, hsy_neighbours_count(l->neighbours),
                           UINT32_MAX);
}

static void plan(struct hsy_liveness *l, uint64_t at_ns)
{
    l->next_ns = hsy_time_min(l->next_ns, at_ns);
}

void hsy_liveness_link_up(struct hsy_liveness *l, struct hsy_neighbour *n)
{
    struct hsy_env *env = l->env;
    uint64_t interval_ns = interval_of(l, n);

    n->since_ns = env->now.mono_ns;
    n->heard_ns = env->now.mono_ns;
    n->ping_nonce = 0;
    n->ping_deadline_ns = HEARSAY_NEVER;
    n->strikes = 0;
    n->skips = 0;
    n->unread = false; /* That was another link. */
    /* Spread: a hub's thousand pings must not leave in one instant. */
    n->ping_next_ns =
        look_time(l, n,
                  hsy_time_add(env->now.mono_ns,
                               1 + hsy_prng_below(&env->prng, interval_ns)));
    plan(l, hsy_time_min(n->ping_next_ns,
                         hsy_time_add(n->since_ns, IDLE_LINK_NS)));
    HSY_ASSERT(n->ping_next_ns > env->now.mono_ns);
}

static uint64_t deadline_of(const struct hsy_liveness *l,
                            const struct hsy_neighbour *n)
{
    HSY_ASSERT(l->env->config.ping_timeout_ns > 0);
    return hsy_neighbour_wait_ns(n, l->env->config.ping_timeout_ns);
}

static void send_ping(struct hsy_liveness *l, struct hsy_neighbour *n,
                      uint64_t wait_ns)
{
    struct hsy_env *env = l->env;
    struct hsy_frame frame = {.type = HSY_PING};

    n->ping_nonce = hsy_prng_next(&env->prng) | 1; /* 0 means none open. */
    n->ping_sent_ns = env->now.mono_ns;
    n->ping_deadline_ns = hsy_time_add(env->now.mono_ns, wait_ns);
    frame.ping = n->ping_nonce;
    env->counters.pings++;
    hsy_send(env, n->link, &frame);
    plan(l, n->ping_deadline_ns);
    HSY_ASSERT(n->ping_deadline_ns > n->ping_sent_ns);
}

void hsy_liveness_ping(struct hsy_liveness *l, const struct hsy_neighbour *n,
                       uint64_t nonce)
{
    struct hsy_frame frame = {.type = HSY_PONG, .pong = nonce};

    HSY_ASSERT(n->link != 0);
    hsy_send(l->env, n->link, &frame);
}

static bool is_open(const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->ping_deadline_ns == HEARSAY_NEVER || n->ping_nonce != 0);
    return n->ping_deadline_ns != HEARSAY_NEVER;
}

bool hsy_liveness_pong(struct hsy_liveness *l, struct hsy_neighbour *n,
                       uint64_t nonce)
{
    uint64_t rtt_ns = hsy_time_since(n->ping_sent_ns, l->env->now.mono_ns);

    if (n->ping_nonce == 0 || nonce != n->ping_nonce) {
        return false;
    }
    if (!is_open(n)) {
        /* Too late to count, but the next one may take as long. */
        n->rtt_ns = hsy_time_max(n->rtt_ns, rtt_ns);
        n->ping_nonce = 0;
        return false;
    }
    /* Smoothed as TCP does (RFC 6298), by an eighth. */
    n->rtt_ns = n->rtt_ns == 0 ? rtt_ns : (7 * n->rtt_ns + rtt_ns) / 8;
    n->rtt_least_ns =
        n->rtt_least_ns == 0 ? rtt_ns : hsy_time_min(n->rtt_least_ns, rtt_ns);
    n->ping_nonce = 0;
    n->ping_deadline_ns = HEARSAY_NEVER;
    n->strikes = 0;
    n->skips = 0;
    l->env->counters.pongs++;
    HSY_ASSERT(n->ping_deadline_ns == HEARSAY_NEVER);
    return true;
}

void hsy_liveness_measure(struct hsy_liveness *l, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    if (!is_open(n)) {
        send_ping(l, n, deadline_of(l, n));
    }
}

uint64_t hsy_liveness_round_ns(const struct hearsay_config *config)
{
    HSY_ASSERT(config->ping_interval_ns > 0);
    return hsy_time_add(config->ping_interval_ns, HSY_ANSWER_MAX_NS);
}

void hsy_liveness_challenge(struct hsy_liveness *l, struct hsy_neighbour *n,
                            uint64_t wait_ns)
{
    HSY_ASSERT(wait_ns > 0);
    send_ping(l, n, wait_ns);
}

void hsy_liveness_woke(struct hsy_liveness *l)
{
    uint64_t now_ns = l->env->now.mono_ns;

    HSY_ASSERT(now_ns >= l->away_ns);
    /* Only what is overdue tells that we slept: with nothing due, a long
     * silence is normal. */
    if (l->next_ns != HEARSAY_NEVER &&
        hsy_time_since(l->next_ns, now_ns) > HSY_AWAY_NS) {
        l->away_ns = now_ns;
    }
}

void hsy_liveness_excuse(struct hsy_liveness *l)
{
    HSY_ASSERT(l->env->now.mono_ns >= l->away_ns);
    l->away_ns = l->env->now.mono_ns;
}

bool hsy_liveness_was_away(const struct hsy_liveness *l)
{
    return l->away_ns != 0 &&
           hsy_time_since(l->away_ns, l->env->now.mono_ns) < AFTERMATH_NS;
}

bool hsy_liveness_unread(const struct hsy_neighbour *n, uint64_t since_ns)
{
    HSY_ASSERT(n->link != 0);
    return n->unread || (n->unread_ns != 0 && n->unread_ns >= since_ns);
}

/* The open ping's deadline has passed. */
static enum hsy_finding missed(struct hsy_liveness *l, struct hsy_neighbour *n)
{
    struct hsy_env *env = l->env;
    bool excused = (l->away_ns >= n->ping_sent_ns && l->away_ns != 0) ||
                   hsy_liveness_unread(n, n->ping_sent_ns);

    n->ping_deadline_ns = HEARSAY_NEVER;
    if (excused || n->heard_ns > n->ping_sent_ns) {
        n->skips++;
        return n->skips >= HSY_SKIPS_SLOW ? HSY_FINDING_SLOW : HSY_FINDING_NONE;
    }
    n->strikes++;
    env->counters.strikes++;
    HSY_ASSERT(n->strikes <= HSY_STRIKES_DEAD);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "strike");
    hsy_note_id(&note, "peer", &n->id);
    hsy_note_addr(&note, "addr", &n->addr);
    hsy_note_u64(&note, "count", n->strikes);
    hsy_tell(env, &note);
    return n->strikes >= HSY_STRIKES_DEAD ? HSY_FINDING_DEAD : HSY_FINDING_NONE;
}

/* Of two peers, neither of whom relays over this link; or, at a seed, of a
 * peer that has said nothing for a whole lease. */
static bool is_idle(const struct hsy_liveness *l, const struct hsy_neighbour *n)
{
    bool seed = l->env->config.role == HEARSAY_SEED;
    uint64_t from_ns = seed ? n->heard_ns : n->since_ns;
    uint64_t after_ns = seed ? l->env->config.lease_ns : IDLE_LINK_NS;

    HSY_ASSERT(after_ns > 0);
    return !is_pinged(l, n) && !n->asked &&
           l->env->now.mono_ns >= hsy_time_add(from_ns, after_ns);
}

static enum hsy_finding look_at(struct hsy_liveness *l, struct hsy_neighbour *n)
{
    uint64_t now_ns = l->env->now.mono_ns;
    enum hsy_finding finding = HSY_FINDING_NONE;

    if (n->ping_deadline_ns <= now_ns) {
        finding = missed(l, n);
    }
    if (finding == HSY_FINDING_NONE && n->ping_next_ns <= now_ns) {
        n->ping_next_ns =
            look_time(l, n, hsy_time_add(now_ns, interval_of(l, n)));
        if (is_pinged(l, n) && !is_open(n)) {
            send_ping(l, n, deadline_of(l, n));
        }
    }
    HSY_ASSERT(finding != HSY_FINDING_NONE || n->ping_next_ns > now_ns);
    return finding == HSY_FINDING_NONE && is_idle(l, n) ? HSY_FINDING_IDLE
                                                        : finding;
}

static uint64_t deadline_for(const struct hsy_liveness *l,
                             const struct hsy_neighbour *n)
{
    uint64_t next_ns = hsy_time_min(n->ping_next_ns, n->ping_deadline_ns);

    HSY_ASSERT(next_ns > l->env->now.mono_ns);
    return next_ns;
}

enum hsy_finding hsy_liveness_tick(struct hsy_liveness *l,
                                   struct hearsay_id *out)
{
    uint64_t now_ns = l->env->now.mono_ns;
    uint64_t next_ns = HEARSAY_NEVER;

    if (now_ns < l->next_ns) {
        return HSY_FINDING_NONE;
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(l->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(l->neighbours, i);
        enum hsy_finding finding = look_at(l, n);
        if (finding != HSY_FINDING_NONE) {
            *out = n->id;
            return finding; /* next_ns stays: the caller comes again. */
        }
        next_ns = hsy_time_min(next_ns, deadline_for(l, n));
    }
    l->next_ns = next_ns;
    HSY_ASSERT(l->next_ns > now_ns);
    return HSY_FINDING_NONE;
}
