/* What --print-limits multiplies and adds up: each row has the bound that the
 * node enforces, and the size of what it holds. */
#include <string.h>

#include "core/bulk.h"
#include "core/messages.h"
#include "core/saved.h"
#include "core/trial.h"
#include "node/limits.h"
#include "support/claim.h"

static struct hearsay_config of_role(enum hearsay_role role)
{
    struct hearsay_config config;

    hearsay_config_init(&config, role);
    return config;
}

/* The row of that name; claimed to be there, once. */
static struct hsy_limit row(const struct hearsay_config *config,
                            const char *what)
{
    struct hsy_limit limit;
    struct hsy_limit found = {0};
    uint32_t count = 0;

    for (uint32_t i = 0; hsy_node_limit(config, i, &limit); i++) {
        if (strcmp(limit.what, what) == 0) {
            found = limit;
            count++;
        }
    }
    CLAIM_INT(count, 1);
    return found;
}

static void no_two_rows_have_the_same_name(void **state)
{
    struct hearsay_config config = of_role(HEARSAY_PEER);
    struct hsy_limit limit;
    uint64_t total = 0;

    (void)state;
    config.retain_on_disk = true;
    config.ordered_wait_ns = 1;
    for (uint32_t i = 0; hsy_node_limit(&config, i, &limit); i++) {
        CLAIM_INT(row(&config, limit.what).bound, limit.bound);
        CLAIM(limit.each > 0);
        CLAIM(limit.then[0] != '\0');
        total += limit.bound * limit.each;
    }
    CLAIM_INT(hsy_node_limits_total(&config), total);
}

static void a_message_id_counts_with_all_of_its_entry(void **state)
{
    struct hearsay_config config = of_role(HEARSAY_PEER);

    (void)state;
    struct hsy_limit ids = row(&config, "message ids remembered");
    CLAIM_INT(ids.bound, config.seen_max);
    CLAIM(hsy_ml_seen_len() > sizeof(struct hsy_bundle_id));
    CLAIM(ids.each > hsy_ml_seen_len() + 8);
}

static void a_link_of_a_peer_counts_with_what_is_asked_for_over_it(void **state)
{
    struct hearsay_config peer = of_role(HEARSAY_PEER);
    struct hearsay_config seed = of_role(HEARSAY_SEED);

    (void)state;
    CLAIM(row(&peer, "links").each >
          row(&seed, "links").each + hsy_serves_len());
}

static void
what_is_on_its_way_to_the_disk_counts_where_there_is_one(void **state)
{
    struct hearsay_config config = of_role(HEARSAY_PEER);

    (void)state;
    CLAIM_INT(row(&config, "bundles to be saved").bound, 0);
    CLAIM_INT(row(&config, "their bytes").bound, 0);
    uint64_t without = hsy_node_limits_total(&config);
    config.retain_on_disk = true;
    struct hsy_limit bundles = row(&config, "bundles to be saved");
    struct hsy_limit bytes = row(&config, "their bytes");
    CLAIM_INT(bundles.bound, HSY_SAVING_MAX);
    CLAIM_INT(bundles.each, hsy_saved_saving_len());
    CLAIM_INT(bytes.bound, config.retain_bytes / HSY_SAVING_PARTS);
    CLAIM_INT(bytes.each, 1);
    CLAIM(hsy_node_limits_total(&config) >=
          without + bundles.bound * bundles.each + bytes.bound);
}

static void
what_is_read_back_at_the_start_counts_where_there_is_a_disk(void **state)
{
    struct hearsay_config config = of_role(HEARSAY_PEER);
    const char *rows = "bundles read back at the start";
    const char *bytes = "bytes of these before they are kept";

    (void)state;
    CLAIM_INT(row(&config, rows).bound, 0);
    CLAIM_INT(row(&config, bytes).bound, 0);
    config.retain_on_disk = true;
    CLAIM(row(&config, rows).bound > config.retain_max + HSY_SAVING_MAX);
    CLAIM(row(&config, rows).each > hsy_restored_len());
    CLAIM(row(&config, bytes).bound > config.retain_bytes);
    CLAIM_INT(row(&config, bytes).each, 1);
}

static void all_peers_of_a_seed_may_be_on_trial(void **state)
{
    struct hearsay_config peer = of_role(HEARSAY_PEER);
    struct hearsay_config seed = of_role(HEARSAY_SEED);

    (void)state;
    seed.peers_max = 10000;
    CLAIM_INT(row(&seed, "trials").bound, 10000);
    CLAIM_INT(row(&seed, "probes").bound, 10000);
    CLAIM(row(&seed, "trials").each > sizeof(struct hsy_trial));
    CLAIM(row(&seed, "probes").each > sizeof(struct hsy_probe));
    CLAIM_INT(row(&peer, "trials").bound, 0);
    CLAIM_INT(row(&peer, "probes").bound, peer.links_max);
}

static void a_seed_holds_no_messages(void **state)
{
    struct hearsay_config config = of_role(HEARSAY_SEED);

    (void)state;
    config.retain_on_disk = true;
    CLAIM_INT(row(&config, "message ids remembered").bound, 0);
    CLAIM_INT(row(&config, "bytes of bundles kept").bound, 0);
    CLAIM_INT(row(&config, "their bytes").bound, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_rows_have_the_same_name),
        cmocka_unit_test(a_message_id_counts_with_all_of_its_entry),
        cmocka_unit_test(
            a_link_of_a_peer_counts_with_what_is_asked_for_over_it),
        cmocka_unit_test(
            what_is_on_its_way_to_the_disk_counts_where_there_is_one),
        cmocka_unit_test(
            what_is_read_back_at_the_start_counts_where_there_is_a_disk),
        cmocka_unit_test(all_peers_of_a_seed_may_be_on_trial),
        cmocka_unit_test(a_seed_holds_no_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
