/* Host names to addresses, on up to four threads that exist only while there
 * are names to look up. getaddrinfo() cannot be interrupted; a name that is
 * not wanted any more is forgotten, and closing does not wait for it. */
#ifndef HSY_RUNTIME_DNS_H
#define HSY_RUNTIME_DNS_H

#include "hearsay.h"

struct hsy_dns;
struct hsy_dns_query;

enum { HSY_DNS_ADDRS_MAX = 8 };

struct hsy_dns_answer {
    void *ctx;                                    /* Of hsy_dns_ask(). */
    uint32_t count;                               /* 0: no such host. */
    struct hearsay_addr addrs[HSY_DNS_ADDRS_MAX]; /* In resolver's order. */
    const char *why;                              /* When count is 0; static. */
};

/* Gives *@out, to be returned to hsy_dns_close(). HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_dns_create(struct hsy_dns **out);

/* @wake is called from any thread when an answer is there. Set once, before
 * the first hsy_dns_ask() whose answer should wake. */
void hsy_dns_on_answer(struct hsy_dns *dns, void (*wake)(void *ctx), void *ctx);

/* Lends *@out until its answer was given or hsy_dns_forget().
 * HEARSAY_ERR_FULL: too many are waiting. HEARSAY_ERR_NOMEM. HEARSAY_ERR_IO:
 * no thread. */
HEARSAY_MUST_USE int hsy_dns_ask(struct hsy_dns *dns,
                                 struct hsy_dns_query **out,
                                 const struct hearsay_seed *endpoint,
                                 void *ctx);
void hsy_dns_forget(struct hsy_dns *dns, struct hsy_dns_query *query);

/* False: none just now. */
bool hsy_dns_next(struct hsy_dns *dns, struct hsy_dns_answer *out);

/* Asks and waits for at most @wait_ns; for the time before a loop runs. An IP
 * needs no waiting. @out->count is 0 on failure, and @out->why says why. */
void hsy_dns_wait(struct hsy_dns *dns, const struct hearsay_seed *endpoint,
                  uint64_t wait_ns, struct hsy_dns_answer *out);

/* No wake comes any more. NULL is a no-op. */
void hsy_dns_close(struct hsy_dns *dns);

#endif
