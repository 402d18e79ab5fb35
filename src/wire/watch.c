/* Membership, as a seed tells it to the peers that asked. */
#include "wire/codec.h"

#include "base/assert.h"
#include "base/compiler.h"

/* WATCH:  nonce u32 | log u64 | upto u64
 *
 * nonce 0 ends it: the others are 0 then. log 0: from the beginning on, and
 * upto is 0.
 */
static bool is_watch_sound(const struct hsy_watch_wish *watch)
{
    return (watch->nonce != 0 || watch->log == 0) &&
           (watch->log != 0 || watch->upto == 0);
}

void hsy_wire_put_watch(struct hsy_writer *out,
                        const struct hsy_watch_wish *watch)
{
    HSY_ASSERT(is_watch_sound(watch));
    hsy_put_u32(out, watch->nonce);
    hsy_put_u64(out, watch->log);
    hsy_put_u64(out, watch->upto);
}

void hsy_wire_get_watch(struct hsy_reader *in, struct hsy_watch_wish *watch)
{
    HSY_ASSERT(watch != NULL);
    watch->nonce = hsy_get_u32(in);
    watch->log = hsy_get_u64(in);
    watch->upto = hsy_get_u64(in);
    hsy_wire_require(in, is_watch_sound(watch));
}

/* MEMBER:
 *
 *     nonce u32, not 0 | how u8, 0 to 4 | log u64 | upto u64 | count u16
 *     count x ( len u32 | entry )     as in SEED_SYNC, but no LINKS
 *
 * REFUSED says no more than that: log, upto and count are 0. Else log is not 0.
 */
static bool is_member_sound(const struct hsy_member_news *news)
{
    bool refused = news->how == HSY_MEMBER_REFUSED;

    return news->nonce != 0 && (news->log == 0) == refused &&
           (!refused || (news->upto == 0 && news->facts.count == 0)) &&
           news->facts.count <= HSY_SYNC_ENTRIES_MAX;
}

void hsy_wire_put_member(struct hsy_writer *out,
                         const struct hsy_member_news *news)
{
    HSY_ASSERT(is_member_sound(news));
    HSY_ASSERT(news->how <= HSY_MEMBER_REFUSED);
    hsy_put_u32(out, news->nonce);
    hsy_put_u8(out, (uint8_t)news->how);
    hsy_put_u64(out, news->log);
    hsy_put_u64(out, news->upto);
    hsy_wire_put_entries(out, &news->facts);
}

void hsy_wire_get_member(struct hsy_reader *in, struct hsy_member_news *news)
{
    HSY_UNSET struct hsy_sync_entry entry;

    HSY_ASSERT(news != NULL);
    news->nonce = hsy_get_u32(in);
    news->how = (enum hsy_member_how)hsy_wire_get_choice(in, HSY_MEMBER_CHANGES,
                                                         HSY_MEMBER_REFUSED);
    news->log = hsy_get_u64(in);
    news->upto = hsy_get_u64(in);
    news->facts = (struct hsy_sync){0};
    hsy_wire_get_entries(in, &news->facts);
    hsy_wire_require(in, is_member_sound(news));
    struct hsy_reader at =
        hsy_reader(news->facts.entries, news->facts.entries_len);
    while (!in->bad && hsy_sync_next(&at, &entry)) {
        hsy_wire_require(in, entry.kind != HSY_SYNC_LINKS);
    }
}
