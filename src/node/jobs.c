/* Signing and verifying, away from the loop. A job owns copies of all that it
 * works on, so that any thread may run it while the node goes on; it comes
 * back through hsy_jobs_done(). */
#include <string.h>

#include "base/compiler.h"
#include "node/inner.h"

enum purpose {
    PURPOSE_SIGNABLE,   /* Sign something for the core. */
    PURPOSE_SIGN_AUTH,  /* Sign the AUTH of a link. */
    PURPOSE_CHECK_AUTH, /* Verify the AUTH of a link. */
    PURPOSE_CHECK_FRAME /* Verify a frame for the core. */
};

struct hearsay_job {
    struct hearsay_job *next, **prev; /* In node->jobs. */
    const struct hearsay_crypto *crypto;
    const uint8_t *secret;       /* The node's; never changes. */
    const struct hearsay_id *id; /* The same. */
    enum hearsay_job_kind kind;
    enum purpose purpose;
    hearsay_link link;            /* 0 for PURPOSE_SIGNABLE. */
    enum hsy_sign_kind sign_kind; /* PURPOSE_SIGNABLE */
    struct hsy_sig sig;           /* Result of signing. */
    bool good;                    /* Result of verifying. */
    struct hsy_claim *claims;     /* In the same allocation, as are the next. */
    uint32_t claims_count;
    uint8_t *covered; /* The bytes that signatures cover. */
    size_t covered_len;
    uint8_t *whole; /* The struct or frame as encoded. */
    size_t whole_len;
};

size_t hsy_job_len(void)
{
    return sizeof(struct hearsay_job);
}

struct job_size {
    uint32_t claims;
    size_t covered, whole;
};

/* NULL: the bound is reached, or no memory. */
static struct hearsay_job *job_new(struct hearsay_node *node,
                                   enum purpose purpose, struct job_size size)
{
    size_t claims_len = size.claims * sizeof(struct hsy_claim);

    if (node->jobs_count >= node->core.env.config.jobs_max) {
        node->core.env.counters.jobs_refused++;
        return NULL;
    }
    struct hearsay_job *job = hsy_mem_alloc(
        &node->mem, sizeof(*job) + claims_len + size.covered + size.whole);
    if (job == NULL) {
        node->core.env.counters.jobs_refused++;
        return NULL;
    }
    *job = (struct hearsay_job){.crypto = node->crypto,
                                .secret = node->secret,
                                .id = &node->core.env.id,
                                .purpose = purpose,
                                .claims_count = size.claims,
                                .covered_len = size.covered,
                                .whole_len = size.whole};
    job->kind =
        purpose <= PURPOSE_SIGN_AUTH ? HEARSAY_JOB_SIGN : HEARSAY_JOB_VERIFY;
    job->claims = (struct hsy_claim *)(job + 1);
    job->covered = (uint8_t *)job->claims + claims_len;
    job->whole = job->covered + size.covered;
    return job;
}

static void job_free(struct hearsay_node *node, struct hearsay_job *job)
{
    HSY_ASSERT(node->jobs_count > 0);
    *job->prev = job->next;
    if (job->next != NULL) {
        job->next->prev = job->prev;
    }
    node->jobs_count--;
    node->checks_count -= job->purpose == PURPOSE_CHECK_FRAME ? 1 : 0;
    hsy_mem_free(&node->mem, job);
}

/* False: no memory for the effect; the job is gone. */
static bool job_push(struct hearsay_node *node, struct hearsay_job *job)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_JOB};

    job->next = node->jobs;
    job->prev = &node->jobs;
    if (job->next != NULL) {
        job->next->prev = &job->next;
    }
    node->jobs = job;
    node->jobs_count++;
    node->checks_count += job->purpose == PURPOSE_CHECK_FRAME ? 1 : 0;
    effect.job = job;
    if (!hsy_effects_push(&node->fx, &effect)) {
        job_free(node, job);
        return false;
    }
    return true;
}

void hsy_jobs_fini(struct hearsay_node *node)
{
    while (node->jobs != NULL) {
        job_free(node, node->jobs);
    }
    HSY_ASSERT(node->jobs_count == 0);
}

enum hearsay_job_kind hearsay_job_kind(const struct hearsay_job *job)
{
    return job->kind;
}

void hearsay_job_run(struct hearsay_job *job)
{
    if (job->kind == HEARSAY_JOB_SIGN) {
        job->crypto->sign(job->sig.bytes, job->secret, job->id, job->covered,
                          job->covered_len);
        return;
    }
    job->good = true;
    for (uint32_t i = 0; i < job->claims_count && job->good; i++) {
        const struct hsy_claim *c = &job->claims[i];
        HSY_ASSERT(c->offset + c->len <= job->covered_len);
        job->good = job->crypto->verify(c->sig.bytes, &c->signer,
                                        job->covered + c->offset, c->len);
    }
}

/* --------------------------------------------------------------- signing */

static void put_signable(struct hsy_writer *out,
                         const struct hsy_signable *what, bool covered)
{
    switch (what->kind) {
    case HSY_SIGN_RECORD:
        covered ? hsy_record_signed_bytes(out, &what->record)
                : hsy_put_record(out, &what->record);
        return;
    case HSY_SIGN_LEAVE:
        covered ? hsy_leave_signed_bytes(out, &what->leave)
                : hsy_put_leave(out, &what->leave);
        return;
    case HSY_SIGN_REPORT:
        covered ? hsy_report_signed_bytes(out, &what->report)
                : hsy_put_report(out, &what->report);
        return;
    case HSY_SIGN_VERDICT:
        covered ? hsy_verdict_signed_bytes(out, &what->verdict)
                : hsy_put_verdict(out, &what->verdict);
        return;
    case HSY_SIGN_LINKS:
        covered ? hsy_links_signed_bytes(out, &what->links)
                : hsy_put_links(out, &what->links);
        return;
    case HSY_SIGN_BUNDLE:
        covered ? hsy_bundle_signed_bytes(out, &what->bundle)
                : hsy_put_bundle(out, &what->bundle);
        return;
    case HSY_SIGN_DIRECT:
        covered ? hsy_direct_signed_bytes(out, &what->direct)
                : hsy_put_direct(out, &what->direct);
        return;
    }
}

static void get_signable(struct hsy_reader *in, struct hsy_signable *what,
                         const struct hsy_sig *sig)
{
    switch (what->kind) {
    case HSY_SIGN_RECORD:
        hsy_get_record(in, &what->record);
        what->record.sig = *sig;
        return;
    case HSY_SIGN_LEAVE:
        hsy_get_leave(in, &what->leave);
        what->leave.sig = *sig;
        return;
    case HSY_SIGN_REPORT:
        hsy_get_report(in, &what->report);
        what->report.sig = *sig;
        return;
    case HSY_SIGN_VERDICT:
        hsy_get_verdict(in, &what->verdict);
        what->verdict.sig = *sig;
        return;
    case HSY_SIGN_LINKS:
        hsy_get_links(in, &what->links);
        what->links.sig = *sig;
        return;
    case HSY_SIGN_BUNDLE:
        hsy_get_bundle(in, &what->bundle);
        what->bundle.sig = *sig;
        what->bundle.encoded = NULL; /* Without the signature. */
        return;
    case HSY_SIGN_DIRECT:
        hsy_get_direct(in, &what->direct);
        what->direct.sig = *sig;
        return;
    }
}

bool hsy_jobs_sign(struct hearsay_node *node, const struct hsy_signable *what)
{
    struct hsy_writer covered = hsy_writer_count();
    struct hsy_writer whole = hsy_writer_count();

    put_signable(&covered, what, true);
    put_signable(&whole, what, false);
    struct hearsay_job *job =
        job_new(node, PURPOSE_SIGNABLE,
                (struct job_size){.covered = covered.len, .whole = whole.len});
    if (job == NULL) {
        return false;
    }
    job->sign_kind = what->kind;
    covered = hsy_writer(job->covered, job->covered_len);
    whole = hsy_writer(job->whole, job->whole_len);
    put_signable(&covered, what, true);
    put_signable(&whole, what, false);
    HSY_ASSERT(!covered.bad && !whole.bad);
    return job_push(node, job);
}

bool hsy_jobs_sign_auth(struct hearsay_node *node, struct hsy_conn *conn,
                        const struct hsy_auth_text *auth)
{
    struct hsy_writer covered = hsy_writer_count();

    hsy_auth_signed_bytes(&covered, auth);
    struct hearsay_job *job = job_new(
        node, PURPOSE_SIGN_AUTH, (struct job_size){.covered = covered.len});
    if (job == NULL) {
        return false;
    }
    covered = hsy_writer(job->covered, job->covered_len);
    hsy_auth_signed_bytes(&covered, auth);
    HSY_ASSERT(!covered.bad);
    job->link = conn->link;
    if (!job_push(node, job)) {
        return false;
    }
    hsy_conn_job_out(node, conn);
    return true;
}

/* ------------------------------------------------------------- verifying */

static void claim_auth(struct hsy_claims *c, const struct hsy_conn *conn,
                       const struct hsy_auth_text *auth)
{
    hsy_claims_of_record(c, &conn->handshake->record);
    size_t at = c->bytes.len;
    hsy_auth_signed_bytes(&c->bytes, auth);
    if (c->claims != NULL) {
        c->claims[c->count] =
            (struct hsy_claim){.signer = auth->signer,
                               .sig = conn->handshake->their_auth,
                               .offset = (uint32_t)at,
                               .len = (uint32_t)(c->bytes.len - at)};
    }
    c->count++;
}

bool hsy_jobs_check_auth(struct hearsay_node *node, struct hsy_conn *conn,
                         const struct hsy_auth_text *auth)
{
    struct hsy_claims c = {.node = node, .bytes = hsy_writer_count()};

    claim_auth(&c, conn, auth);
    struct hearsay_job *job =
        job_new(node, PURPOSE_CHECK_AUTH,
                (struct job_size){.claims = c.count, .covered = c.bytes.len});
    if (job == NULL) {
        return false;
    }
    c = (struct hsy_claims){.node = node,
                            .bytes = hsy_writer(job->covered, c.bytes.len),
                            .claims = job->claims};
    claim_auth(&c, conn, auth);
    HSY_ASSERT(!c.bytes.bad);
    HSY_ASSERT(c.count == job->claims_count);
    job->link = conn->link;
    if (!job_push(node, job)) {
        return false;
    }
    hsy_conn_job_out(node, conn);
    return true;
}

static void to_core(struct hearsay_node *node, hearsay_link link,
                    const struct hsy_frame *frame)
{
    if (hsy_core_frame(&node->core, link, frame)) {
        return;
    }
    struct hsy_conn *conn = hsy_conn_find(node, link);
    if (conn != NULL && !conn->gone) {
        hsy_conn_refuse(node, conn, HSY_ERROR_TYPE,
                        "this frame has no business on this link");
    }
}

static bool push_check(struct hearsay_node *node, struct hsy_conn *conn,
                       const struct hsy_frame *frame, struct job_size size,
                       const uint8_t *bytes)
{
    struct hearsay_job *job = job_new(node, PURPOSE_CHECK_FRAME, size);

    if (job == NULL) {
        return false;
    }
    struct hsy_claims c = {.node = node,
                           .bytes = hsy_writer(job->covered, size.covered),
                           .claims = job->claims};
    hsy_claims_of_frame(&c, frame);
    HSY_ASSERT(!c.bytes.bad);
    HSY_ASSERT(c.count == size.claims);
    memcpy(job->whole, bytes, size.whole);
    job->link = conn->link;
    if (!job_push(node, job)) {
        return false;
    }
    hsy_conn_job_out(node, conn);
    hsy_conn_weigh(node, conn);
    return true;
}

void hsy_jobs_check_frame(struct hearsay_node *node, struct hsy_conn *conn,
                          const struct hsy_frame *frame, const uint8_t *bytes,
                          size_t len)
{
    struct hsy_claims c = {.node = node, .bytes = hsy_writer_count()};

    HSY_ASSERT(conn->state == HSY_CONN_UP);
    if (!hsy_core_wants(&node->core, conn->link, frame)) {
        return;
    }
    hsy_claims_of_frame(&c, frame);
    /* It may overtake frames that are being checked; none of the protocol's
     * frames without signatures depends on one before it with some. */
    if (c.count == 0) {
        to_core(node, conn->link, frame);
        return;
    }
    if (!push_check(node, conn, frame,
                    (struct job_size){.claims = c.count,
                                      .covered = c.bytes.len,
                                      .whole = len},
                    bytes)) {
        hsy_core_refused(&node->core, conn->link, frame);
        if (frame->type == HSY_BUNDLE) {
            node->core.env.counters.bundles_dropped++;
        } else if (frame->type == HSY_DIRECT) {
            node->core.env.counters.directs_dropped++;
        }
    }
}

/* ------------------------------------------------------------------ back */

static void done_signable(struct hearsay_node *node,
                          const struct hearsay_job *job)
{
    struct hsy_signable what = {.kind = job->sign_kind};
    struct hsy_reader in = hsy_reader(job->whole, job->whole_len);

    get_signable(&in, &what, &job->sig);
    HSY_ASSERT(hsy_reader_done(&in)); /* We encoded it ourselves. */
    hsy_core_signed(&node->core, &what);
}

static void done_frame(struct hearsay_node *node, const struct hearsay_job *job)
{
    HSY_UNSET struct hsy_frame frame;
    int err = hsy_frame_decode(&frame, job->whole, job->whole_len, NULL);

    HSY_ASSERT(err == 0); /* It was sound when it came. */
    if (job->good) {
        to_core(node, job->link, &frame);
        return;
    }
    hsy_core_refused(&node->core, job->link, &frame);
    struct hsy_conn *conn = hsy_conn_find(node, job->link);
    if (conn != NULL && !conn->gone) {
        hsy_conn_refuse(node, conn, HSY_ERROR_AUTH,
                        "a signature in a frame does not match");
    }
}

static void done_handshake(struct hearsay_node *node,
                           const struct hearsay_job *job)
{
    struct hsy_conn *conn = hsy_conn_find(node, job->link);

    if (conn == NULL) {
        return; /* It could not wait. */
    }
    if (job->purpose == PURPOSE_SIGN_AUTH) {
        hsy_handshake_signed(node, conn, &job->sig);
    } else {
        hsy_handshake_checked(node, conn, job->good);
    }
}

void hsy_jobs_done(struct hearsay_node *node, struct hearsay_job *job)
{
    if (node->end_text != NULL) {
        job_free(node, job); /* Nobody waits for it any more. */
        return;
    }
    if (job->link != 0) {
        (void)hsy_conn_job_back(node, job->link);
    }
    switch (job->purpose) {
    case PURPOSE_SIGNABLE:
        done_signable(node, job);
        break;
    case PURPOSE_SIGN_AUTH:
    case PURPOSE_CHECK_AUTH:
        done_handshake(node, job);
        break;
    case PURPOSE_CHECK_FRAME:
        done_frame(node, job);
        break;
    }
    job_free(node, job);
    if (node->end_text == NULL) {
        hsy_conns_read_again(node);
    }
}
