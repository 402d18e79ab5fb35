/* What another life makes of a large message whose row says that it was not
 * handed over: the content was in memory only, and is fetched again. */
#include "support/bulk_rig.h"

enum { ROWS_MAX = 8 };

struct kept_row {
    uint8_t key[32], value[4096];
    uint32_t key_len, value_len;
};
static struct kept_row kept[ROWS_MAX];
static uint32_t kept_count;

static void prepare(void)
{
    relay_rig_init(&rig);
    rig.given.config.retain_on_disk = true;
}

/* All that was asked to be written. */
static void keep_rows(void)
{
    kept_count = 0;
    for (uint32_t i = 0; i < rig.ports.rows_count; i++) {
        const struct core_row *row = &rig.ports.rows[i];
        if (row->value == NULL) {
            continue;
        }
        CLAIM(kept_count < ROWS_MAX && row->value_len <= sizeof(kept->value));
        struct kept_row *to = &kept[kept_count++];
        memcpy(to->key, row->key, row->key_len);
        memcpy(to->value, row->value, row->value_len);
        to->key_len = row->key_len;
        to->value_len = (uint32_t)row->value_len;
    }
}

static void load(void)
{
    relay_rig_start(&rig);
    rig.core.phase = HSY_PHASE_COLD;
    for (uint32_t i = 0; i < kept_count; i++) {
        struct hearsay_row row = {.table = HEARSAY_TABLE_MESSAGES,
                                  .key = kept[i].key,
                                  .key_len = kept[i].key_len,
                                  .value = kept[i].value,
                                  .value_len = kept[i].value_len};
        CLAIM_INT(hsy_core_restore(&rig.core, &row), 0);
    }
    rig.core.phase = HSY_PHASE_RUNNING;
    hsy_saved_start(&relay_rig_relay(&rig)->saved);
    relay_rig_links(&rig, 1);
}

/* The process went between the disk's answer and the note of it; the next one
 * begins @minutes later. */
static void gone_for(uint64_t minutes)
{
    prepare();
    relay_rig_start(&rig);
    relay_rig_links(&rig, 1);
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    feed(4, &id, LEN, PIECES);
    relay_rig_tick(&rig);
    CLAIM_INT(rig.ports.deliveries_count, 0);
    keep_rows();
    CLAIM(kept_count > 0);
    relay_rig_fini(&rig);
    prepare();
    rig.given.now.wall_ms += minutes * 60 * 1000;
    load();
    CLAIM_INT(rig.ports.deliveries_count, 0);
}

static void what_was_not_handed_over_is_fetched_again(void **state)
{
    (void)state;
    gone_for(1);
    relay_rig_run(&rig, 1000);
    CLAIM(fetches(4) >= 1);
    end();
}

/* Longer than origins are remembered: this one is, for what is under way. */
static void nor_does_its_origin_go_before_that_is_over(void **state)
{
    (void)state;
    gone_for(21);
    CLAIM_INT(relay_rig_origin(&rig, 1)->under_way, 1);
    relay_rig_run(&rig, 1000);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_handed_over_is_fetched_again),
        cmocka_unit_test(nor_does_its_origin_go_before_that_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
