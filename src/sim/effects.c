/* Carries out what a node wants done, and folds each effect into the digest
 * by which two runs are compared. Nothing here steps a node: every answer
 * comes through the event queue. */
#include "base/addr.h"
#include "base/assert.h"
#include "base/notes.h"
#include "base/time.h"
#include "sim/inner.h"

#include <string.h>

/* --------------------------------------------------------------- digest */

static void fold(struct hsy_cluster *c, uint64_t word)
{
    c->digest = (c->digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    c->digest ^= c->digest >> 29;
}

/* Little-endian on every machine; written out, so that compilers make one
 * load of it: all bytes that any node sends come through here. */
static uint64_t load_word(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static void fold_bytes(struct hsy_cluster *c, const void *data, size_t len)
{
    const uint8_t *at = data;
    size_t left = len;
    fold(c, len);
    for (; left >= 8; left -= 8, at += 8) {
        fold(c, load_word(at));
    }
    if (left > 0) {
        uint8_t last[8] = {0};
        memcpy(last, at, left);
        fold(c, load_word(last));
    }
}

static void fold_text(struct hsy_cluster *c, const char *text)
{
    fold_bytes(c, text, strlen(text));
}

static void fold_field(struct hsy_cluster *c, const struct hearsay_field *f)
{
    fold_text(c, f->key);
    switch (f->kind) {
    case HEARSAY_FIELD_END:
        break;
    case HEARSAY_FIELD_U64:
        fold(c, f->u64);
        break;
    case HEARSAY_FIELD_TEXT:
        fold_text(c, f->text);
        break;
    case HEARSAY_FIELD_ID:
        fold_bytes(c, f->id.bytes, sizeof(f->id.bytes));
        break;
    case HEARSAY_FIELD_ADDR:
        fold_bytes(c, f->addr.ip, sizeof(f->addr.ip));
        fold(c, f->addr.port);
        break;
    }
}

static void fold_note(struct hsy_cluster *c, const struct hearsay_note *note)
{
    fold_text(c, note->event);
    for (uint32_t i = 0;
         i < HEARSAY_FIELDS_MAX && note->fields[i].kind != HEARSAY_FIELD_END;
         i++) {
        fold_field(c, &note->fields[i]);
    }
}

static void fold_message(struct hsy_cluster *c, const struct hearsay_message *m)
{
    fold_bytes(c, m->origin.bytes, sizeof(m->origin.bytes));
    fold(c, m->epoch);
    fold(c, m->seq);
    fold(c, m->hops);
    fold_bytes(c, m->payload, m->payload_len);
}

static void fold_ids(struct hsy_cluster *c, const struct hearsay_id *ids,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fold_bytes(c, ids[i].bytes, sizeof(ids[i].bytes));
    }
}

/* -------------------------------------------------------------- effects */

static void fx_dial(struct hsy_cluster *c, uint32_t node,
                    const struct hearsay_effect *fx)
{
    fold(c, fx->dial.link);
    fold_text(c, fx->dial.host);
    fold(c, fx->dial.port);
    struct hearsay_addr addr = {.port = fx->dial.port};
    int err = hsy_ip_parse(addr.ip, fx->dial.host, strlen(fx->dial.host));
    hsy_net_dial(c, node, fx->dial.link, err == HEARSAY_OK ? &addr : NULL);
}

static void fx_send(struct hsy_cluster *c, uint32_t node,
                    const struct hearsay_effect *fx)
{
    HSY_ASSERT(fx->send.buf != NULL);
    HSY_ASSERT(fx->send.buf->len > 0);
    fold(c, fx->send.link);
    fold_bytes(c, fx->send.buf->data, fx->send.buf->len);
    hsy_net_send(c, node, fx->send.link, fx->send.buf);
}

static void fx_job(struct hsy_cluster *c, uint32_t node,
                   const struct hearsay_effect *fx)
{
    struct hsy_host *host = &c->hosts[node];
    unsigned kind = (unsigned)c->config.machine->job_kind(fx->job);
    HSY_ASSERT(kind < 2);
    fold(c, kind);
    c->config.machine->job_run(fx->job);
    host->jobs++;
    uint64_t at_ns = hsy_cluster_late(c, node, c->now_ns);
    uint64_t done_ns =
        hsy_time_add(at_ns, hsy_cluster_draw(c, c->config.job_ns));
    host->job_ns[kind] = hsy_time_max(host->job_ns[kind], done_ns);
    struct hsy_future f = {.at_ns = host->job_ns[kind],
                           .kind = HSY_FUTURE_JOB,
                           .node = node,
                           .life = host->life,
                           .job = fx->job};
    hsy_cluster_schedule(c, &f);
}

static void fx_persist(struct hsy_cluster *c, uint32_t node,
                       const struct hearsay_effect *fx)
{
    struct hsy_host *host = &c->hosts[node];
    const struct hearsay_row *row = &fx->persist.row;
    fold_bytes(c, row->key, row->key_len);
    fold_bytes(c, row->value, row->value == NULL ? 0 : row->value_len);
    int err =
        hsy_disk_write(&host->disk, row, fx->persist.token, fx->persist.more);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for a row");
        return;
    }
    if (fx->persist.more) {
        return;
    }
    uint64_t at_ns = hsy_cluster_late(c, node, c->now_ns);
    uint64_t done_ns =
        hsy_time_add(at_ns, hsy_cluster_draw(c, c->config.disk_ns));
    host->disk_ns = hsy_time_max(host->disk_ns, done_ns);
    struct hsy_future f = {.at_ns = host->disk_ns,
                           .kind = HSY_FUTURE_DISK,
                           .node = node,
                           .life = host->life};
    hsy_cluster_schedule(c, &f);
}

void hsy_effects_note(struct hsy_cluster *c, uint32_t node,
                      const struct hearsay_note *note)
{
    fold_note(c, note);
    const struct hsy_observer *o = &c->config.observer;
    if (o->note != NULL) {
        o->note(o->ctx, node, c->now_ns, note);
    }
}

/* What concerns one node's application alone. */
static void fx_tell(struct hsy_cluster *c, uint32_t node,
                    const struct hearsay_effect *fx)
{
    const struct hsy_observer *o = &c->config.observer;
    if (o->told != NULL) {
        o->told(o->ctx, node, c->now_ns, fx);
    }
}

static void fold_told(struct hsy_cluster *c, const struct hearsay_effect *fx)
{
    if (fx->kind == HEARSAY_FX_RECEIPT) {
        fold(c, fx->receipt.number);
        fold(c, fx->receipt.outcome);
    } else if (fx->kind == HEARSAY_FX_ANSWER) {
        fold(c, fx->answer.seq);
        fold_ids(c, &fx->answer.from, 1);
        fold_bytes(c, fx->answer.payload, fx->answer.payload_len);
    } else if (fx->kind == HEARSAY_FX_QUERY_DONE) {
        fold(c, fx->summary->seq);
        fold(c, fx->summary->answered);
        fold_ids(c, fx->summary->missing, fx->summary->missing_listed);
    } else if (fx->kind == HEARSAY_FX_FOUND) {
        fold(c, fx->found->number);
        fold_ids(c, &fx->found->id, 1);
        fold(c, fx->found->incarnation);
        fold(c, fx->found->state);
    } else {
        HSY_ASSERT(fx->kind == HEARSAY_FX_FIND_DONE);
        fold(c, fx->find_done.number);
        fold(c, fx->find_done.found);
        fold(c, fx->find_done.whole ? 1 : 0);
    }
}

/* In the story, and for `expect`, a step of membership is a note. */
static void fx_member(struct hsy_cluster *c, uint32_t node,
                      const struct hearsay_member *member)
{
    struct hsy_note note =
        hsy_note(HEARSAY_INFO, hsy_member_event(member->change));
    if (member->change != HEARSAY_MEMBERS_LISTED) {
        hsy_note_id(&note, "member", &member->id);
        hsy_note_text(&note, "name", member->name);
        hsy_note_addr(&note, "addr", &member->addr);
        hsy_note_u64(&note, "incarnation", member->incarnation);
    }
    hsy_note_u64(&note, "seeds", member->by_count);
    hsy_note_u64(&note, "count", member->count);
    hsy_effects_note(c, node, &note.note);
    fold_ids(c, member->by, member->by_count);
}

static void fx_deliver(struct hsy_cluster *c, uint32_t node,
                       const struct hearsay_message *message)
{
    fold_message(c, message);
    const struct hsy_observer *o = &c->config.observer;
    if (o->delivered != NULL && !message->direct) {
        o->delivered(o->ctx, node, c->now_ns, message);
    }
}

void hsy_effects_apply(struct hsy_cluster *c, uint32_t node,
                       const struct hearsay_effect *fx)
{
    if (c->hosts[node].stopping) {
        hsy_cluster_fail(c, HEARSAY_ERR_STATE, "an effect after STOPPED");
    }
    fold(c, c->now_ns);
    fold(c, ((uint64_t)node << 8) | (uint64_t)fx->kind);
    switch (fx->kind) {
    case HEARSAY_FX_DIAL:
        fx_dial(c, node, fx);
        break;
    case HEARSAY_FX_SEND:
        fx_send(c, node, fx);
        break;
    case HEARSAY_FX_HANG_UP:
        fold(c, fx->hang_up.link);
        hsy_net_hang_up(c, node, fx->hang_up.link);
        break;
    case HEARSAY_FX_READ:
        fold(c, fx->read.link);
        fold(c, fx->read.on ? 1 : 0);
        hsy_net_read(c, node, fx->read.link, fx->read.on);
        break;
    case HEARSAY_FX_DELIVER:
        fx_deliver(c, node, fx->message);
        if (fx->message->direct) {
            fx_tell(c, node, fx);
        }
        break;
    case HEARSAY_FX_RECEIPT:
    case HEARSAY_FX_ANSWER:
    case HEARSAY_FX_QUERY_DONE:
    case HEARSAY_FX_FOUND:
    case HEARSAY_FX_FIND_DONE:
        fold_told(c, fx);
        fx_tell(c, node, fx);
        break;
    case HEARSAY_FX_MEMBER:
        fx_member(c, node, fx->member);
        fx_tell(c, node, fx);
        break;
    case HEARSAY_FX_NOTE:
        hsy_effects_note(c, node, fx->note);
        break;
    case HEARSAY_FX_JOB:
        fx_job(c, node, fx);
        break;
    case HEARSAY_FX_PERSIST:
        fx_persist(c, node, fx);
        break;
    case HEARSAY_FX_STOPPED:
        fold(c, fx->stopped.why);
        c->hosts[node].stopping = true;
        c->hosts[node].stop = fx->stopped.why;
        break;
    }
}
