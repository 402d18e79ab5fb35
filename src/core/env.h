/* What every state machine of the core is given: settings, the time, chance,
 * counters, and the ports through which it acts. Core machines never touch
 * bytes, crypto or the platform. */
#ifndef HSY_CORE_ENV_H
#define HSY_CORE_ENV_H

#include "base/assert.h"
#include "base/notes.h"
#include "base/pool.h"
#include "base/prng.h"
#include "base/time.h"
#include "core/counters.h"
#include "hearsay.h"
#include "wire/frames.h"

/* A step that comes so much later than it was due: this process was stopped or
 * swapped out, or the laptop slept. What others did meanwhile it has not seen.
 */
#define HSY_AWAY_NS (1 * HSY_SECOND)

enum hsy_sign_kind {
    HSY_SIGN_RECORD,
    HSY_SIGN_LEAVE,
    HSY_SIGN_REPORT,
    HSY_SIGN_VERDICT,
    HSY_SIGN_LINKS,
    HSY_SIGN_BUNDLE,
    HSY_SIGN_DIRECT
};

/* Something to be signed with the node's own key, or just signed. */
struct hsy_signable {
    enum hsy_sign_kind kind;
    union {
        struct hsy_record record;
        struct hsy_leave leave;
        struct hsy_report report;
        struct hsy_verdict verdict;
        struct hsy_links links;
        struct hsy_bundle bundle;
        struct hsy_direct direct;
    };
};

/* The way out. All are called synchronously and copy what they need; none
 * calls back into the core. */
struct hsy_ports {
    void *ctx;
    /* One frame to @count links; encoded once. Unknown links are skipped. */
    void (*send)(void *ctx, const hearsay_link *links, uint32_t count,
                 const struct hsy_frame *frame);
    /* Opens a link and authenticates it; ends in link_up or dial_failed.
     * Anyone but @expect (may be NULL) is refused. 0: no room for one more.
     */
    hearsay_link (*dial)(void *ctx, const char *host, uint16_t port,
                         const struct hearsay_id *expect);
    /* The same for a feeler: once the other end has proved who it is, it is
     * hung up. There it never becomes a link. */
    hearsay_link (*feel)(void *ctx, const char *host, uint16_t port,
                         const struct hearsay_id *expect);
    /* No link_down follows. @code 0: no ERROR frame is sent before. */
    void (*hang_up)(void *ctx, hearsay_link link, unsigned code,
                    const char *text);
    /* Ends in core's signed(). False: the bound on jobs is reached. */
    bool (*sign)(void *ctx, const struct hsy_signable *what);
    /* One transaction; ends in core's persisted() with the token that this
     * returns. Tokens rise. */
    uint64_t (*persist)(void *ctx, const struct hearsay_row *rows,
                        uint32_t count);
    void (*deliver)(void *ctx, const struct hearsay_message *message);
    void (*note)(void *ctx, const struct hearsay_note *note);
    void (*stop)(void *ctx, enum hearsay_stop why, const char *text);
    /* Bytes of own bundles that wait for room on @link. */
    uint32_t (*waiting)(void *ctx, hearsay_link link);
    /* The id of a signed bundle. */
    void (*bundle_id)(void *ctx, struct hsy_bundle_id *out,
                      const struct hsy_bundle *bundle);
    /* Of one piece of a large message. */
    void (*hash)(void *ctx, uint8_t out[HSY_PIECE_HASH_LEN],
                 const uint8_t *bytes, size_t len);
    /* There is something for hsy_bulk_serve() to give to @link: take it when
     * nothing else waits there. */
    void (*serve)(void *ctx, hearsay_link link);
    /* The id of a signed direct message. */
    void (*direct_id)(void *ctx, struct hsy_bundle_id *out,
                      const struct hsy_direct *direct);
    /* Tells the application what concerns it alone: DELIVER of a direct
     * message, RECEIPT, ANSWER, QUERY_DONE, FOUND, FIND_DONE, MEMBER. False: no
     * memory; nothing was told. */
    bool (*tell)(void *ctx, const struct hearsay_effect *effect);
};

struct hsy_env {
    struct hearsay_now now; /* Of the step in progress. */
    struct hsy_prng prng;
    struct hearsay_mem mem;
    struct hsy_counters counters;
    struct hsy_ports ports;
    struct hearsay_pool *pool;    /* Outlives everything that is kept. */
    struct hsy_blob *lines;       /* Of config.txt, owned by it; lines.h. */
    uint64_t joined_ns;           /* NEVER until joined. */
    uint32_t peers_count;         /* Of the network, as the seeds tell. */
    bool strained;                /* See hsy_join_is_strained(). */
    struct hearsay_id id;         /* Own. */
    struct hearsay_config config; /* Strings owned by the node; no seeds. */
};

static inline void hsy_send(struct hsy_env *env, hearsay_link link,
                            const struct hsy_frame *frame)
{
    env->ports.send(env->ports.ctx, &link, 1, frame);
}

static inline void hsy_tell(struct hsy_env *env, const struct hsy_note *n)
{
    env->ports.note(env->ports.ctx, &n->note);
}

/* Full jitter: uniform in [0, min(cap, base * 2^tries)], at least 1 ms. */
uint64_t hsy_backoff_ns(struct hsy_env *env, uint32_t tries, uint64_t base_ns,
                        uint64_t cap_ns);

#endif
