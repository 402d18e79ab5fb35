/* Host names. The queue is shared by the loop's thread and the lookup
 * threads and counts its users: a thread that is stuck in the resolver keeps
 * it alive after hsy_dns_close(), and the last one out frees it. For that
 * reason all of it is on the default allocator. A query belongs to the queue;
 * one that was forgotten while running is freed by its thread. */
#include "runtime/dns.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "runtime/sockaddr.h"
#include "runtime/worker.h"

enum { THREADS_MAX = 4, QUERIES_MAX = 1024 };

enum query_state { QUERY_WAITING, QUERY_RUNNING, QUERY_DONE };

struct hsy_dns_query {
    struct hsy_dns_query *next;
    enum query_state state;
    bool forgotten;
    struct hearsay_seed endpoint;
    struct hsy_dns_answer answer;
};

struct queue {
    struct hsy_dns_query *first, *last;
};

struct hsy_dns {
    pthread_mutex_t lock; /* Guards all below. */
    pthread_cond_t answered;
    struct queue waiting, done;
    uint32_t queries; /* Waiting, running or done, not forgotten. */
    uint32_t threads;
    bool closed;
    void (*wake)(void *ctx);
    void *wake_ctx;
};

static void queue_put(struct queue *q, struct hsy_dns_query *query)
{
    query->next = NULL;
    if (q->last == NULL) {
        q->first = query;
    } else {
        q->last->next = query;
    }
    q->last = query;
}

static struct hsy_dns_query *queue_take(struct queue *q)
{
    struct hsy_dns_query *query = q->first;
    if (query != NULL) {
        q->first = query->next;
        q->last = q->first == NULL ? NULL : q->last;
    }
    return query;
}

static void queue_remove(struct queue *q, struct hsy_dns_query *query)
{
    struct queue rest = {NULL, NULL};
    struct hsy_dns_query *at;
    while ((at = queue_take(q)) != NULL) {
        if (at != query) {
            queue_put(&rest, at);
        }
    }
    *q = rest;
}

static void query_free(struct hsy_dns_query *query)
{
    hsy_mem_free(hearsay_mem_default(), query);
}

static void dns_free(struct hsy_dns *dns)
{
    HSY_ASSERT(dns->waiting.first == NULL);
    HSY_ASSERT(dns->done.first == NULL);
    (void)pthread_cond_destroy(&dns->answered);
    (void)pthread_mutex_destroy(&dns->lock);
    hsy_mem_free(hearsay_mem_default(), dns);
}

int hsy_dns_create(struct hsy_dns **out)
{
    struct hsy_dns *dns = hsy_mem_zalloc(hearsay_mem_default(), sizeof(*dns));
    if (dns == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    HSY_ASSERT(rc == 0);
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    HSY_ASSERT(rc == 0);
    rc = pthread_cond_init(&dns->answered, &attr);
    HSY_ASSERT(rc == 0);
    (void)pthread_condattr_destroy(&attr);
    rc = pthread_mutex_init(&dns->lock, NULL);
    HSY_ASSERT(rc == 0);
    *out = dns;
    return 0;
}

void hsy_dns_on_answer(struct hsy_dns *dns, void (*wake)(void *ctx), void *ctx)
{
    (void)pthread_mutex_lock(&dns->lock);
    dns->wake = wake;
    dns->wake_ctx = ctx;
    (void)pthread_mutex_unlock(&dns->lock);
}

/* -------------------------------------------------------- lookup threads */

static void answer_add(struct hsy_dns_answer *answer,
                       const struct hearsay_addr *addr)
{
    for (uint32_t i = 0; i < answer->count; i++) {
        if (hsy_addr_equal(&answer->addrs[i], addr)) {
            return;
        }
    }
    if (answer->count < HSY_DNS_ADDRS_MAX) {
        answer->addrs[answer->count++] = *addr;
    }
}

static void look_up(const struct hearsay_seed *endpoint,
                    struct hsy_dns_answer *answer)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(endpoint->host, NULL, &hints, &found);
    if (rc != 0) {
        answer->why = gai_strerror(rc);
        return;
    }
    for (const struct addrinfo *ai = found; ai != NULL; ai = ai->ai_next) {
        struct hearsay_addr addr;
        if (hsy_sockaddr_read(&addr, ai->ai_addr) == 0) {
            addr.port = endpoint->port;
            answer_add(answer, &addr);
        }
    }
    freeaddrinfo(found);
    answer->why = answer->count == 0 ? "the name has no address" : NULL;
}

/* Under the lock. */
static void query_done(struct hsy_dns *dns, struct hsy_dns_query *query)
{
    query->state = QUERY_DONE;
    if (query->forgotten || dns->closed) {
        query_free(query);
        return;
    }
    queue_put(&dns->done, query);
    (void)pthread_cond_broadcast(&dns->answered);
    if (dns->wake != NULL) {
        dns->wake(dns->wake_ctx);
    }
}

static void *lookup_thread(void *arg)
{
    struct hsy_dns *dns = arg;
    struct hsy_dns_query *query;

    (void)pthread_mutex_lock(&dns->lock);
    while ((query = queue_take(&dns->waiting)) != NULL) {
        query->state = QUERY_RUNNING;
        (void)pthread_mutex_unlock(&dns->lock);
        look_up(&query->endpoint, &query->answer);
        (void)pthread_mutex_lock(&dns->lock);
        query_done(dns, query);
    }
    dns->threads--;
    bool last = dns->closed && dns->threads == 0;
    (void)pthread_mutex_unlock(&dns->lock);
    if (last) {
        dns_free(dns);
    }
    return NULL;
}

/* Under the lock. A thread that exists will take it, unless all are busy. */
static int thread_for(struct hsy_dns *dns)
{
    if (dns->threads >= THREADS_MAX) {
        return 0;
    }
    dns->threads++;
    int rc = hsy_worker_start(NULL, lookup_thread, dns, HSY_WORKER_STACK_LEN);
    if (rc != 0) {
        dns->threads--;
        return dns->threads > 0 ? 0 : rc;
    }
    return 0;
}

/* ----------------------------------------------------- the loop's thread */

int hsy_dns_ask(struct hsy_dns *dns, struct hsy_dns_query **out,
                const struct hearsay_seed *endpoint, void *ctx)
{
    HSY_ASSERT(dns != NULL);
    HSY_ASSERT(endpoint->host[0] != '\0');

    struct hsy_dns_query *query =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*query));
    if (query == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    query->endpoint = *endpoint;
    query->answer.ctx = ctx;

    (void)pthread_mutex_lock(&dns->lock);
    HSY_ASSERT(!dns->closed);
    int rc = dns->queries >= QUERIES_MAX ? HEARSAY_ERR_FULL : thread_for(dns);
    if (rc == 0) {
        queue_put(&dns->waiting, query);
        dns->queries++;
        *out = query;
    }
    (void)pthread_mutex_unlock(&dns->lock);
    if (rc != 0) {
        query_free(query);
    }
    return rc;
}

void hsy_dns_forget(struct hsy_dns *dns, struct hsy_dns_query *query)
{
    (void)pthread_mutex_lock(&dns->lock);
    HSY_ASSERT(!query->forgotten);
    HSY_ASSERT(dns->queries > 0);
    dns->queries--;
    switch (query->state) {
    case QUERY_WAITING:
        queue_remove(&dns->waiting, query);
        query_free(query);
        break;
    case QUERY_RUNNING:
        query->forgotten = true;
        break;
    case QUERY_DONE:
        queue_remove(&dns->done, query);
        query_free(query);
        break;
    }
    (void)pthread_mutex_unlock(&dns->lock);
}

bool hsy_dns_next(struct hsy_dns *dns, struct hsy_dns_answer *out)
{
    (void)pthread_mutex_lock(&dns->lock);
    struct hsy_dns_query *query = queue_take(&dns->done);
    if (query != NULL) {
        HSY_ASSERT(dns->queries > 0);
        dns->queries--;
        *out = query->answer;
    }
    (void)pthread_mutex_unlock(&dns->lock);
    if (query == NULL) {
        return false;
    }
    query_free(query);
    return true;
}

static struct timespec mono_after(uint64_t wait_ns)
{
    struct timespec ts;
    int rc = clock_gettime(CLOCK_MONOTONIC, &ts);
    HSY_ASSERT(rc == 0);
    uint64_t ns = (uint64_t)ts.tv_nsec + wait_ns % HSY_SECOND;
    ts.tv_sec += (time_t)(wait_ns / HSY_SECOND + ns / HSY_SECOND);
    ts.tv_nsec = (long)(ns % HSY_SECOND);
    return ts;
}

void hsy_dns_wait(struct hsy_dns *dns, const struct hearsay_seed *endpoint,
                  uint64_t wait_ns, struct hsy_dns_answer *out)
{
    *out = (struct hsy_dns_answer){.why = "out of memory or threads"};
    struct hearsay_addr addr = {.port = endpoint->port};
    if (hsy_ip_parse(addr.ip, endpoint->host, strlen(endpoint->host)) == 0) {
        out->addrs[out->count++] = addr;
        return;
    }
    struct hsy_dns_query *query;
    if (hsy_dns_ask(dns, &query, endpoint, NULL) != 0) {
        return;
    }
    struct timespec until = mono_after(wait_ns);
    (void)pthread_mutex_lock(&dns->lock);
    int rc = 0;
    while (query->state != QUERY_DONE && rc == 0) {
        rc = pthread_cond_timedwait(&dns->answered, &dns->lock, &until);
    }
    if (query->state == QUERY_DONE) {
        *out = query->answer;
    } else {
        out->why = "the resolver did not answer in time";
    }
    (void)pthread_mutex_unlock(&dns->lock);
    hsy_dns_forget(dns, query);
}

void hsy_dns_close(struct hsy_dns *dns)
{
    if (dns == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&dns->lock);
    HSY_ASSERT(!dns->closed);
    dns->closed = true;
    struct hsy_dns_query *query;
    while ((query = queue_take(&dns->waiting)) != NULL ||
           (query = queue_take(&dns->done)) != NULL) {
        query_free(query);
    }
    bool last = dns->threads == 0;
    (void)pthread_mutex_unlock(&dns->lock);
    if (last) {
        dns_free(dns);
    }
}
