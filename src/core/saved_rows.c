/* Keys of different lengths, so that none is taken for another:
 *
 *     id 16          version 1 | flags 1 | hops 1 | ordinal u64 | seen u64 |
 *                    bundle
 *     'm' | hash 16  version 1 | origin 32 | incarnation u64 | nonce u64 |
 *                    done u64 | wall u64 | runs u8 | from u64 | to u64 | ...
 *     "handed"       version 1 | ordinal u64
 *
 * flags: 1 the application is to get it. The own disk is trusted: signatures
 * were checked on the way in. */
#include "core/saved_rows.h"

#include <string.h>

enum { FLAG_DELIVER = 1 };

const char hsy_handed_key[HSY_HANDED_KEY_LEN + 1] = "handed";

void hsy_put_saved_head(struct hsy_writer *out,
                        const struct hsy_saved_head *head)
{
    HSY_ASSERT(head->ordinal >= 1);
    hsy_put_u8(out, HSY_SAVED_VERSION);
    hsy_put_u8(out, head->deliver ? FLAG_DELIVER : 0);
    hsy_put_u8(out, head->hops);
    hsy_put_u64(out, head->ordinal);
    hsy_put_u64(out, head->seen_ms);
}

void hsy_get_saved_head(struct hsy_reader *in, struct hsy_saved_head *head)
{
    uint8_t version = hsy_get_u8(in);
    uint8_t flags = hsy_get_u8(in);

    *head = (struct hsy_saved_head){.deliver = (flags & FLAG_DELIVER) != 0};
    head->hops = hsy_get_u8(in);
    head->ordinal = hsy_get_u64(in);
    head->seen_ms = hsy_get_u64(in);
    in->bad = in->bad || version != HSY_SAVED_VERSION || flags > FLAG_DELIVER ||
              head->ordinal == 0 || head->ordinal == UINT64_MAX;
    HSY_ASSERT(in->bad || head->ordinal >= 1);
}

void hsy_put_handed(struct hsy_writer *out, uint64_t ordinal)
{
    HSY_ASSERT(ordinal < UINT64_MAX);
    hsy_put_u8(out, HSY_SAVED_VERSION);
    hsy_put_u64(out, ordinal);
}

uint64_t hsy_get_handed(struct hsy_reader *in)
{
    uint8_t version = hsy_get_u8(in);
    uint64_t ordinal = hsy_get_u64(in);

    in->bad = in->bad || version != HSY_SAVED_VERSION || ordinal == UINT64_MAX;
    HSY_ASSERT(in->bad || ordinal < UINT64_MAX);
    return ordinal;
}

void hsy_put_mark(struct hsy_writer *out, const struct hsy_mark *mark)
{
    HSY_ASSERT(mark->runs_count <= HSY_GAPS_MAX);
    hsy_put_u8(out, HSY_SAVED_VERSION);
    hsy_put_bytes(out, mark->of.origin.bytes, HEARSAY_ID_LEN);
    hsy_put_u64(out, mark->of.incarnation);
    hsy_put_u64(out, mark->of.nonce);
    hsy_put_u64(out, mark->done);
    hsy_put_u64(out, mark->wall_ms);
    hsy_put_u8(out, mark->runs_count);
    for (uint32_t i = 0; i < mark->runs_count; i++) {
        hsy_put_u64(out, mark->runs[i].from);
        hsy_put_u64(out, mark->runs[i].to);
    }
}

void hsy_get_mark(struct hsy_reader *in, struct hsy_mark *mark)
{
    uint8_t version = hsy_get_u8(in);
    uint64_t above; /* The next run begins beyond it. */

    *mark = (struct hsy_mark){.done = 0};
    hsy_get_bytes(in, mark->of.origin.bytes, HEARSAY_ID_LEN);
    mark->of.incarnation = hsy_get_u64(in);
    mark->of.nonce = hsy_get_u64(in);
    mark->done = hsy_get_u64(in);
    mark->wall_ms = hsy_get_u64(in);
    mark->runs_count = hsy_get_u8(in);
    in->bad = in->bad || version != HSY_SAVED_VERSION ||
              mark->done >= UINT64_MAX - 1 || mark->runs_count > HSY_GAPS_MAX ||
              (mark->done == 0 && mark->runs_count == 0);
    above = mark->done + 1;
    for (uint32_t i = 0; !in->bad && i < mark->runs_count; i++) {
        struct hsy_run *run = &mark->runs[i];
        run->from = hsy_get_u64(in);
        run->to = hsy_get_u64(in);
        in->bad = in->bad || run->from <= above || run->to < run->from ||
                  run->to >= UINT64_MAX - 1;
        above = run->to + 1;
    }
    HSY_ASSERT(in->bad || mark->runs_count <= HSY_GAPS_MAX);
}

/* Two hashes of the epoch. Two epochs of one key in 2^128: the mark of one of
 * them is lost, and what it had may come again. */
void hsy_mark_key(uint8_t out[HSY_MARK_KEY_LEN], const struct hsy_epoch *of)
{
    struct hsy_writer key = hsy_writer(out, HSY_MARK_KEY_LEN);
    uint64_t hash = hsy_epoch_hash(of, 0);

    hsy_put_u8(&key, 'm');
    hsy_put_u64(&key, hash);
    hsy_put_u64(&key, hsy_epoch_hash(of, hash));
    HSY_ASSERT(!key.bad);
    HSY_ASSERT(key.len == HSY_MARK_KEY_LEN);
}
