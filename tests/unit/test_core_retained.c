/* Bundles kept: bounded in number, bytes and age; both chains always whole. */
#include <string.h>

#include "core/retained.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_origins origins;
static struct hsy_retained retained;
static uint8_t payload[HEARSAY_PAYLOAD_MAX];

static void begin(void)
{
    core_ports_init(&ports, &env);
    env.now.mono_ns = 1000 * HSY_SECOND;
    env.config.retain_max = 8;
    hsy_origins_init(&origins, &env);
    hsy_retained_init(&retained, &env, &origins);
}

/* After a change of the settings. */
static void again(void)
{
    hsy_retained_init(&retained, &env, &origins);
}

static void end(void)
{
    hsy_retained_fini(&retained);
    hsy_origins_fini(&origins);
    core_ports_fini(&ports);
}

static struct hsy_bundle bundle_of(uint32_t number, uint64_t seq, uint32_t len)
{
    static uint8_t bytes[HSY_BUNDLE_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle bundle = {.origin = core_id('o', number),
                                .epoch_incarnation = 1,
                                .first_seq = seq,
                                .messages = bytes};
    struct hsy_message message = {
        .topic = (const uint8_t *)"", .payload = payload, .payload_len = len};

    hsy_messages_add(&out, &bundle, &message);
    return bundle;
}

static struct hsy_bundle_id id_of(uint32_t number, uint64_t seq, uint32_t len)
{
    struct hsy_bundle bundle = bundle_of(number, seq, len);
    struct hsy_bundle_id id;

    env.ports.bundle_id(&ports, &id, &bundle);
    return id;
}

static void keep(uint32_t number, uint64_t seq, uint32_t len)
{
    struct hsy_bundle bundle = bundle_of(number, seq, len);
    struct hsy_epoch of = hsy_bundle_epoch(&bundle);
    struct hsy_span span = {.of = of, .from = seq, .to = seq};
    struct hsy_bundle_id id = id_of(number, seq, len);

    (void)hsy_origins_claim(&origins, NULL, &span);
    hsy_retained_keep(&retained, &bundle, &id, 3);
}

static bool kept(uint32_t number, uint64_t seq, uint32_t len)
{
    struct hsy_bundle_id id = id_of(number, seq, len);

    return hsy_retained_find(&retained, &id) != NULL;
}

static struct hsy_origin *origin(uint32_t number)
{
    struct hsy_epoch of = {.origin = core_id('o', number), .incarnation = 1};

    return hsy_origin_find(&origins, &of);
}

/* The first bundle of it with @from or above; 0: none. */
static uint64_t first_from(uint32_t number, uint64_t from)
{
    const struct hsy_retained_bundle *b =
        hsy_retained_from(&retained, origin(number), from);

    return b == NULL ? 0 : b->from;
}

static void what_is_kept_is_found_by_id_and_comes_back_whole(void **state)
{
    (void)state;
    begin();
    CLAIM(hsy_retained_oldest(&retained) == NULL);
    keep(1, 1, 10);
    struct hsy_bundle_id id = id_of(1, 1, 10);
    const struct hsy_retained_bundle *b = hsy_retained_find(&retained, &id);
    CLAIM(b != NULL);
    CLAIM_INT(b->hops, 3);
    CLAIM(b->seen_ns == env.now.mono_ns);
    struct hsy_bundle bundle = hsy_retained_bundle(b);
    struct hsy_bundle_id again_id;
    env.ports.bundle_id(&ports, &again_id, &bundle);
    CLAIM_BYTES(again_id.bytes, id.bytes, sizeof(id.bytes));
    CLAIM(!kept(1, 2, 10));
    end();
}

static void keeping_it_again_changes_nothing(void **state)
{
    (void)state;
    begin();
    keep(1, 1, 10);
    uint64_t bytes = retained.bytes;
    keep(1, 1, 10);
    CLAIM(retained.bytes == bytes);
    CLAIM_INT(retained.table.count, 1);
    end();
}

static void bundles_of_an_origin_follow_each_other_by_number(void **state)
{
    static const uint64_t order[] = {5, 1, 9, 3, 7};

    (void)state;
    begin();
    for (uint32_t i = 0; i < 5; i++) {
        keep(1, order[i], 1);
        keep(2, 10, 1);
    }
    const struct hsy_retained_bundle *b =
        hsy_retained_from(&retained, origin(1), 1);
    for (uint64_t seq = 1; seq <= 9; seq += 2) {
        CLAIM(b != NULL);
        CLAIM_INT(b->from, seq);
        b = hsy_retained_following(&retained, b);
    }
    CLAIM(b == NULL);
    CLAIM_INT(first_from(1, 5), 5);
    CLAIM_INT(first_from(1, 6), 7);
    CLAIM_INT(first_from(1, 9), 9);
    CLAIM_INT(first_from(1, 10), 0);
    end();
}

static void by_age_they_lie_as_they_came(void **state)
{
    static const uint64_t order[] = {5, 1, 9};

    (void)state;
    begin();
    for (uint32_t i = 0; i < 3; i++) {
        keep(i, order[i], 1);
    }
    const struct hsy_retained_bundle *b = hsy_retained_oldest(&retained);
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM(b != NULL);
        CLAIM_INT(b->from, order[i]);
        b = hsy_retained_newer(&retained, b);
    }
    CLAIM(b == NULL);
    end();
}

static void the_oldest_goes_when_there_are_too_many(void **state)
{
    (void)state;
    for (uint32_t max = 1; max < 12; max++) {
        begin();
        env.config.retain_max = max;
        again();
        for (uint32_t seq = 1; seq <= 20; seq++) {
            keep(seq % 3, seq, 1);
            CLAIM(kept(seq % 3, seq, 1));
            CLAIM(seq < max || kept((seq - max + 1) % 3, seq - max + 1, 1));
            CLAIM(seq <= max || !kept((seq - max) % 3, seq - max, 1));
            CLAIM_INT(retained.table.count, seq < max ? seq : max);
        }
        end();
    }
}

static void bytes_are_bounded_too_and_the_oldest_goes(void **state)
{
    (void)state;
    begin();
    keep(1, 1, 1000);
    uint64_t each = retained.bytes;
    env.config.retain_bytes = 5 * each;
    for (uint32_t i = 2; i <= 5; i++) {
        keep(i, 1, 1000);
    }
    CLAIM(retained.bytes == 5 * each);
    CLAIM(kept(1, 1, 1000));
    keep(6, 1, 1000);
    CLAIM(retained.bytes == 5 * each);
    CLAIM(!kept(1, 1, 1000));
    CLAIM(kept(2, 1, 1000));
    keep(7, 1, 1); /* A small one pushes out one large one. */
    CLAIM_INT(retained.table.count, 5);
    CLAIM(!kept(2, 1, 1000));
    CLAIM(kept(3, 1, 1000));
    end();
}

static void what_is_larger_than_all_the_room_is_not_kept(void **state)
{
    (void)state;
    begin();
    keep(1, 1, 1000);
    env.config.retain_bytes = retained.bytes;
    keep(1, 2, 1001);
    CLAIM(!kept(1, 2, 1001));
    CLAIM(kept(1, 1, 1000)); /* Nothing went for it. */
    keep(1, 3, 1000);
    CLAIM(kept(1, 3, 1000));
    end();
}

/* A quarter of all: two of eight. Each side of that bound. */
static void who_has_more_than_a_quarter_makes_room_for_himself(void **state)
{
    (void)state;
    for (uint32_t own = 1; own <= 2; own++) {
        begin();
        env.config.retain_max = 100;
        again();
        keep(9, 1, 1000);
        uint64_t each = retained.bytes;
        env.config.retain_bytes = 8 * each;
        for (uint64_t seq = 2; seq <= 8 - own; seq++) {
            keep((uint32_t)seq, seq, 1000);
        }
        for (uint64_t seq = 1; seq <= own; seq++) {
            keep(1, seq, 1000);
        }
        CLAIM(retained.bytes == 8 * each);
        keep(1, 3, 1000);
        CLAIM(kept(1, 3, 1000));
        CLAIM(kept(1, 1, 1000) == (own == 1));
        CLAIM(kept(9, 1, 1000) == (own == 2));
        CLAIM(origin(1)->retained_bytes == 2 * each);
        end();
    }
}

static void what_is_too_old_goes_with_the_next_one(void **state)
{
    (void)state;
    begin();
    keep(1, 1, 1);
    env.now.mono_ns += env.config.retain_ns;
    keep(1, 2, 1);
    CLAIM(kept(1, 1, 1));
    env.now.mono_ns += 1;
    keep(2, 1, 1);
    CLAIM(!kept(1, 1, 1));
    CLAIM(kept(1, 2, 1));
    CLAIM_INT(retained.table.count, 2);
    end();
}

static void an_origin_of_which_nothing_is_kept_any_more_may_go(void **state)
{
    (void)state;
    begin();
    env.config.retain_max = 1;
    again();
    keep(1, 1, 1);
    CLAIM(origin(1)->first != HSY_PLACE_NONE);
    keep(2, 1, 1);
    CLAIM(origin(1)->first == HSY_PLACE_NONE);
    CLAIM(origin(1)->last == HSY_PLACE_NONE);
    CLAIM(origin(1)->retained_bytes == 0);
    end();
}

static void without_memory_it_is_simply_not_kept(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 12; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        core_ports_init(&ports, &env);
        core_ports_use_mem(&ports, &env, &mem);
        env.now.mono_ns = 1000 * HSY_SECOND;
        hsy_origins_init(&origins, &env);
        hsy_retained_init(&retained, &env, &origins);
        struct hsy_span span = {
            .of = {.origin = core_id('o', 1), .incarnation = 1},
            .from = 1,
            .to = 1};
        if (hsy_origins_claim(&origins, NULL, &span) == HSY_CLAIMED_NEW) {
            for (uint64_t seq = 1; seq <= 20; seq++) {
                struct hsy_bundle bundle = bundle_of(1, seq, 1);
                struct hsy_bundle_id id = id_of(1, seq, 1);
                uint64_t calls = fault.calls;
                hsy_retained_keep(&retained, &bundle, &id, 1);
                bool failed = calls < at && fault.calls >= at;
                CLAIM(kept(1, seq, 1) == !failed);
            }
        }
        end();
        CLAIM_INT(fault.live, 0);
    }
}

/* -------------------------------------------------- against a naive list */

struct item {
    uint32_t number;
    uint64_t seq;
    uint32_t len;
    uint64_t seen_ns;
};

enum { ITEMS_MAX = 64, ORIGINS = 5, SEQS = 40 };
static struct item items[ITEMS_MAX]; /* Oldest first. */
static uint32_t items_count;

static uint64_t len_of(const struct item *item)
{
    return HSY_BUNDLE_FIXED_LEN + 1 + 4 + item->len;
}

static uint64_t naive_bytes(uint32_t number)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < items_count; i++) {
        bool counts = number == UINT32_MAX || items[i].number == number;
        bytes += counts ? len_of(&items[i]) : 0;
    }
    return bytes;
}

static void naive_drop(uint32_t at)
{
    items_count--;
    memmove(&items[at], &items[at + 1], (items_count - at) * sizeof(items[0]));
}

/* The place of the bundle of @number with the lowest seq from @seq on. */
static uint32_t naive_from(uint32_t number, uint64_t seq)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < items_count; i++) {
        if (items[i].number == number && items[i].seq >= seq &&
            (best == UINT32_MAX || items[i].seq < items[best].seq)) {
            best = i;
        }
    }
    return best;
}

static void naive_keep(const struct item *item)
{
    const struct hearsay_config *config = &env.config;
    uint64_t len = len_of(item);

    if (len > config->retain_bytes) {
        return;
    }
    for (uint32_t i = 0; i < items_count; i++) {
        if (items[i].number == item->number && items[i].seq == item->seq &&
            items[i].len == item->len) {
            return;
        }
    }
    while (items_count > 0 &&
           env.now.mono_ns - items[0].seen_ns > config->retain_ns) {
        naive_drop(0);
    }
    while (items_count == config->retain_max ||
           naive_bytes(UINT32_MAX) + len > config->retain_bytes) {
        uint64_t own = naive_bytes(item->number);
        bool pays = own > 0 && own + len > config->retain_bytes / 4;
        naive_drop(pays ? naive_from(item->number, 1) : 0);
    }
    items[items_count] = *item;
    items_count++;
}

static void compare_by_age(void)
{
    const struct hsy_retained_bundle *b = hsy_retained_oldest(&retained);
    uint32_t newest = 0;

    for (uint32_t i = 0; i < items_count; i++) {
        CLAIM(b != NULL);
        CLAIM_INT(b->from, items[i].seq);
        CLAIM(b->seen_ns == items[i].seen_ns);
        const struct hsy_retained_bundle *next =
            hsy_retained_newer(&retained, b);
        CLAIM(next == NULL || next->older != 0);
        newest = next == NULL ? newest : b->newer;
        b = next;
    }
    CLAIM(b == NULL);
    CLAIM(items_count < 2 || retained.newest == newest);
    CLAIM_INT(retained.table.count, items_count);
    CLAIM(retained.bytes == naive_bytes(UINT32_MAX));
}

static void compare_by_number(uint32_t number)
{
    const struct hsy_origin *o = origin(number);
    uint64_t seq = 1;
    uint32_t last = HSY_PLACE_NONE;

    if (o == NULL) {
        return;
    }
    const struct hsy_retained_bundle *b = hsy_retained_from(&retained, o, 1);
    for (;;) {
        uint32_t at = naive_from(number, seq);
        if (at == UINT32_MAX) {
            break;
        }
        CLAIM(b != NULL);
        CLAIM_INT(b->from, items[at].seq);
        CLAIM_INT(b->previous, last);
        last = last == HSY_PLACE_NONE
                   ? o->first
                   : ((const struct hsy_retained_bundle *)hsy_table_at(
                          &retained.table, last - 1))
                         ->following;
        b = hsy_retained_following(&retained, b);
        seq = items[at].seq + 1;
    }
    CLAIM(b == NULL);
    CLAIM_INT(o->last, last);
    CLAIM(o->retained_bytes == naive_bytes(number));
}

static void random_bundles_are_kept_as_in_a_list(void **state)
{
    struct hsy_prng prng;

    (void)state;
    for (uint64_t round = 0; round < 60; round++) {
        uint64_t used[ORIGINS] = {0};
        hsy_prng_init(&prng, round);
        begin();
        env.config.retain_max = 1 + (uint32_t)hsy_prng_below(&prng, 20);
        env.config.retain_bytes = 300 + hsy_prng_below(&prng, 4000);
        again();
        items_count = 0;
        for (uint32_t step = 0; step < 200; step++) {
            uint32_t number = (uint32_t)hsy_prng_below(&prng, ORIGINS);
            uint64_t seq = 1 + hsy_prng_below(&prng, SEQS);
            uint32_t len = (uint32_t)hsy_prng_below(&prng, 400);
            env.now.mono_ns += hsy_prng_below(&prng, env.config.retain_ns / 8);
            if ((used[number] >> seq & 1) != 0) {
                continue; /* Claimed numbers come once. */
            }
            used[number] |= UINT64_C(1) << seq;
            keep(number, seq, len);
            naive_keep(&(struct item){.number = number,
                                      .seq = seq,
                                      .len = len,
                                      .seen_ns = env.now.mono_ns});
            compare_by_age();
            for (uint32_t i = 0; i < ORIGINS; i++) {
                compare_by_number(i);
            }
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_found_by_id_and_comes_back_whole),
        cmocka_unit_test(keeping_it_again_changes_nothing),
        cmocka_unit_test(bundles_of_an_origin_follow_each_other_by_number),
        cmocka_unit_test(by_age_they_lie_as_they_came),
        cmocka_unit_test(the_oldest_goes_when_there_are_too_many),
        cmocka_unit_test(bytes_are_bounded_too_and_the_oldest_goes),
        cmocka_unit_test(what_is_larger_than_all_the_room_is_not_kept),
        cmocka_unit_test(who_has_more_than_a_quarter_makes_room_for_himself),
        cmocka_unit_test(what_is_too_old_goes_with_the_next_one),
        cmocka_unit_test(an_origin_of_which_nothing_is_kept_any_more_may_go),
        cmocka_unit_test(without_memory_it_is_simply_not_kept),
        cmocka_unit_test(random_bundles_are_kept_as_in_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
