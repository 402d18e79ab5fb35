/**
 * A Hearsay node on real sockets: on the caller's libuv loop, or on a thread
 * of its own.
 *
 * The runtime owns sockets, DNS, the worker threads, the data directory and
 * the node. All functions here but those of the thread section belong to the
 * loop's thread. Callbacks come from there too, never from inside a call of
 * yours, and may call any of these functions in turn.
 */
#ifndef HEARSAY_RUNTIME_H
#define HEARSAY_RUNTIME_H

#include <hearsay.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;
struct hearsay_runtime;

enum { HEARSAY_LISTEN_MAX = 4 };

struct hearsay_runtime_config {
    /** From hearsay_config_init(). The runtime fills in secret, boot_nonce,
     * rng_seed, hash_salt and addrs; the rest is the caller's, seeds included.
     */
    struct hearsay_config node;
    /** "host:port"; port 0 lets the system choose. Default: one, "[::]:7946"
     * of a seed, "[::]:0" of a peer. */
    const char *listen[HEARSAY_LISTEN_MAX];
    uint32_t listen_count; /**< 1..HEARSAY_LISTEN_MAX */
    /** "host:port" or "host" (then the bound port); none: the bound
     * addresses, and for a wildcard what the seeds observe. */
    const char *advertise[HEARSAY_ADDRS_MAX];
    uint32_t advertise_count;
    /** With retain_on_disk of the node, what it keeps is in DATA/retain, up to
     * four times its retain_bytes (1 MiB to 16 GiB then) and 32 MiB. What an
     * earlier process has left there is not read without it (the note
     * "retain-unread"), and not removed.
     *
     * Made (0700) when missing. NULL: nothing is kept, identity included.
     * Default: "./hearsay-data". */
    const char *data_dir;
    /** CPU lane threads, up to 256; 0: cores - 1, at least 1. */
    uint32_t workers;
    uint32_t jobs_queued_max; /**< Per lane; 0: 4096. */

    /** Each may be NULL. What they point to is lent for the call. */
    void (*on_message)(void *ctx, const struct hearsay_message *message);
    void (*on_note)(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms);
    /** RECEIPT, ANSWER, QUERY_DONE or MEMBER, as hearsay_next_effect() gives
     * them. */
    void (*on_told)(void *ctx, const struct hearsay_effect *told);
    /** The node stopped by itself or after hearsay_runtime_leave(). Call
     * hearsay_runtime_close() now or later, or hearsay_thread_stop() later.
     * @text is static. Not called when closed before. */
    void (*on_stopped)(void *ctx, enum hearsay_stop why, const char *text);
    void *ctx;
};

/** Why opening failed, for people: what, where, and what to do. */
struct hearsay_runtime_error {
    int err; /**< enum hearsay_err */
    char text[512];
};

/** Fills in defaults for @role. */
HEARSAY_API void
hearsay_runtime_config_init(struct hearsay_runtime_config *config,
                            enum hearsay_role role);

/**
 * Locks the data directory, loads or makes the key, binds, and starts the
 * node on @loop.
 *
 * @config is borrowed; strings are copied. Gives *@out, to be ended with
 * hearsay_runtime_close(). On failure nothing is left open, *@out is
 * untouched, and *@error says why: HEARSAY_ERR_IO (port in use, directory not
 * writable...), HEARSAY_ERR_DENIED (key file mode), HEARSAY_ERR_LOCKED,
 * HEARSAY_ERR_NEWER (database), HEARSAY_ERR_INVALID, HEARSAY_ERR_MALFORMED
 * (key file or database damaged), HEARSAY_ERR_NOMEM. Handles that were on
 * @loop already need a turn of it to be gone. @error is never NULL.
 *
 * A SIGPIPE that would end the process is set to be ignored.
 */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_open(struct hearsay_runtime **out, struct uv_loop_s *loop,
                     const struct hearsay_runtime_config *config,
                     struct hearsay_runtime_error *error);

/** Publishes; see HEARSAY_EV_PUBLISH in hearsay_step() for errors.
 * HEARSAY_ERR_AGAIN also when the application is behind with its own callbacks.
 * @topic may be NULL, @out_seq too. @payload is borrowed. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_publish(struct hearsay_runtime *rt, const char *topic,
                        const void *payload, size_t payload_len,
                        uint64_t *out_seq);

/** Changes which topics are delivered; see HEARSAY_EV_SUBSCRIBE in
 * hearsay_step() for errors. @pattern is borrowed. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_subscribe(struct hearsay_runtime *rt, const char *pattern,
                          bool on);

/** Follows membership, or no more; see HEARSAY_EV_WATCH in hearsay_step() for
 * errors. on_told() brings MEMBER for each step. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_watch(struct hearsay_runtime *rt, bool on);

/** A message to one node, or a query to all. Borrowed for the call. */
struct hearsay_outgoing {
    struct hearsay_id to; /**< Of a query: not looked at. */
    const char *topic;    /**< NULL or up to 64 bytes. */
    const void *payload;
    size_t payload_len;
    uint64_t timeout_ns; /**< 1 ms to 60 s; 0: 5 s. */
};

/** As HEARSAY_EV_SEND; on_told() brings the RECEIPT of *@out_number (may be
 * NULL). Errors as of hearsay_runtime_publish(). */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_send(struct hearsay_runtime *rt,
                     const struct hearsay_outgoing *out, uint64_t *out_number);

/** As HEARSAY_EV_QUERY; on_told() brings ANSWERs and, at the end, QUERY_DONE
 * of *@out_seq (may be NULL). */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_query(struct hearsay_runtime *rt,
                      const struct hearsay_outgoing *out, uint64_t *out_seq);

/** As HEARSAY_EV_FIND; NULL @id: all. on_told() brings FOUND for each node and,
 * at the end, FIND_DONE of *@out_number. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_find(struct hearsay_runtime *rt, const struct hearsay_id *id,
                     uint64_t timeout_ns, uint64_t *out_number);

/** An answer to the query that a message (query_ns > 0) was. Borrowed. */
struct hearsay_answer {
    struct hearsay_id origin;
    uint64_t epoch, seq;
    const void *payload;
    size_t payload_len;
};

/** As HEARSAY_EV_ANSWER. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_runtime_answer(struct hearsay_runtime *rt,
                       const struct hearsay_answer *answer,
                       uint64_t *out_number);

/** Starts a graceful departure; on_stopped follows within 3 s. Again:
 * nothing. */
HEARSAY_API void hearsay_runtime_leave(struct hearsay_runtime *rt);

/** Closes everything at once, commits what was acknowledged, and calls
 * @on_closed (may be NULL) from the loop when @rt is gone. Once; @rt is not to
 * be used after it. Without a hearsay_runtime_leave() before, the others take
 * the node for dead. */
HEARSAY_API void hearsay_runtime_close(struct hearsay_runtime *rt,
                                       void (*on_closed)(void *ctx), void *ctx);

/** The node, for hearsay_node_id(); lent until the close. Never step it. */
HEARSAY_API const struct hearsay_node *
hearsay_runtime_node(const struct hearsay_runtime *rt);

/** The @index-th address that is really bound; false: no such index. */
HEARSAY_API bool hearsay_runtime_bound(const struct hearsay_runtime *rt,
                                       uint32_t index,
                                       struct hearsay_addr *out);

/* -------------------------------------------------- a thread of its own */

struct hearsay_thread;

/** Runs a node on a new thread with a loop of its own; callbacks come from
 * that thread. Returns when the node listens, or fails as
 * hearsay_runtime_open() does. Gives *@out, to be ended with
 * hearsay_thread_stop(). */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_thread_start(struct hearsay_thread **out,
                     const struct hearsay_runtime_config *config,
                     struct hearsay_runtime_error *error);

/** Any thread: has @call called on the node's thread, where all of
 * hearsay_runtime_*() is allowed but leave and close, waits for it, and returns
 * what it returns. @call must not wait for anything itself. @arg may be on the
 * caller's stack.
 *
 * HEARSAY_ERR_STATE: the node is closing; HEARSAY_ERR_AGAIN: for 10 s a
 * callback has blocked the loop. In both cases @call was not called and never
 * will be. Not from a callback, and not when hearsay_thread_stop() may have
 * begun. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_thread_call(struct hearsay_thread *thread,
                    int (*call)(struct hearsay_runtime *rt, void *arg),
                    void *arg);

/** hearsay_runtime_publish() by way of hearsay_thread_call(), with the errors
 * of both. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_thread_publish(struct hearsay_thread *thread, const char *topic,
                       const void *payload, size_t payload_len,
                       uint64_t *out_seq);

/** Any thread but its own: leaves gracefully (at most 3 s), ends the thread,
 * frees @thread. No callback comes after it. NULL is a no-op. */
HEARSAY_API void hearsay_thread_stop(struct hearsay_thread *thread);

#ifdef __cplusplus
}
#endif

#endif
