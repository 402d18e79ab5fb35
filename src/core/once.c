/* A window of bits that moves up with the highest number. */
#include "core/once.h"

enum { WORDS = HSY_ONCE_SPAN / 64, FORGET_LOOKS = 8 };

_Static_assert(sizeof(struct hsy_once_sender) % 8 == 0, "items of a table");

void hsy_once_init(struct hsy_once *o, const struct hsy_env *env)
{
    HSY_ASSERT(env != NULL);
    *o = (struct hsy_once){.env = env};
    hsy_table_init(
        &o->senders, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_epoch),
                                 .item_len = sizeof(struct hsy_once_sender),
                                 .items_max = HSY_ONCE_MAX},
        env->config.hash_salt);
}

void hsy_once_fini(struct hsy_once *o)
{
    HSY_ASSERT(o->env != NULL);
    hsy_table_fini(&o->senders);
}

/* Makes every number's bit that of @by numbers further back. */
static void move_up(struct hsy_once_sender *s, uint64_t by)
{
    uint64_t old[WORDS];

    HSY_ASSERT(by > 0);
    for (uint32_t i = 0; i < WORDS; i++) {
        old[i] = s->bits[i];
        s->bits[i] = 0;
    }
    for (uint64_t k = by; k < HSY_ONCE_SPAN; k++) {
        uint64_t from = k - by;
        uint64_t bit = old[from / 64] >> (from % 64) & 1;
        s->bits[k / 64] |= bit << (k % 64);
    }
    s->high += by;
}

/* One that has long been silent makes room, found by looking at a few. */
static void make_room(struct hsy_once *o)
{
    struct hsy_table *t = &o->senders;

    for (uint32_t i = 0; i < FORGET_LOOKS && t->count == t->items_max; i++) {
        o->hand = (o->hand + 1) % t->count;
        struct hsy_once_sender *s = hsy_table_at(t, o->hand);
        if (hsy_time_since(s->heard_ns, o->env->now.mono_ns) > HSY_ONCE_NS) {
            hsy_table_remove(t, s);
        }
    }
    HSY_ASSERT(t->count <= t->items_max);
}

static struct hsy_once_sender *sender_of(struct hsy_once *o,
                                         const struct hsy_epoch *of)
{
    void *item = hsy_table_find(&o->senders, of);

    HSY_ASSERT(of->incarnation > 0);
    if (item == NULL) {
        make_room(o);
        if (hsy_table_put(&o->senders, &item, of) != 0) {
            return NULL;
        }
    }
    return item;
}

enum hsy_once_as hsy_once_claim(struct hsy_once *o, const struct hsy_epoch *of,
                                uint64_t number)
{
    struct hsy_once_sender *s = sender_of(o, of);

    HSY_ASSERT(number > 0);
    if (s == NULL) {
        return HSY_ONCE_NO_ROOM;
    }
    s->heard_ns = o->env->now.mono_ns;
    if (number > s->high) {
        move_up(s, number - s->high);
    }
    uint64_t back = s->high - number;
    if (back >= HSY_ONCE_SPAN) {
        return HSY_ONCE_OLD;
    }
    uint64_t bit = UINT64_C(1) << (back % 64);
    if ((s->bits[back / 64] & bit) != 0) {
        return HSY_ONCE_BEFORE;
    }
    s->bits[back / 64] |= bit;
    return HSY_ONCE_NEW;
}

void hsy_once_release(struct hsy_once *o, const struct hsy_epoch *of,
                      uint64_t number)
{
    struct hsy_once_sender *s = hsy_table_find(&o->senders, of);

    HSY_ASSERT(s != NULL);
    HSY_ASSERT(number <= s->high);
    uint64_t back = s->high - number;
    HSY_ASSERT(back < HSY_ONCE_SPAN);
    s->bits[back / 64] &= ~(UINT64_C(1) << (back % 64));
}
