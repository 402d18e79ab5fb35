/* Rows that are damaged on their way through a disk are refused, and the node
 * does without them. The rows are those of a network that has lived a little,
 * with one peer dead and one that left. */
#include "support/claim.h"

#include <string.h>

#include "base/time.h"
#include "node/rows.h"
#include "node/view.h"
#include "sim/witness.h"

enum { SEEDS = 3, PEERS = 6, DEAD = 7, LEFT = 8, VICTIM = 4, ROWS_MAX = 64 };

enum damage { NONE, OWN, ALL };

struct kept {
    struct hearsay_row row;
    uint8_t key[32], value[1024];
};

static struct hearsay_config seed_config, peer_config;
static struct hsy_witness *w;
static struct kept rows[ROWS_MAX];
static uint32_t rows_count, told, starting;
static enum damage damage;
static uint32_t damaged_node;

static void keep(const struct hearsay_row *row)
{
    CLAIM(rows_count < ROWS_MAX);
    struct kept *k = &rows[rows_count++];
    CLAIM(row->value_len <= sizeof(k->value));
    memcpy(k->key, row->key, row->key_len);
    memcpy(k->value, row->value, row->value_len);
    k->row = *row;
    k->row.key = k->key;
    k->row.value = k->value;
}

/* Between the disk and the node. */
static int restore(struct hearsay_node *node, const struct hearsay_row *row)
{
    keep(row);
    if (starting == damaged_node &&
        (damage == ALL ||
         (damage == OWN && row->table == HEARSAY_TABLE_SELF))) {
        struct kept *k = &rows[rows_count - 1];
        k->value[row->value_len / 2] ^= 4;
        return hearsay_node_restore(node, &k->row);
    }
    return hearsay_node_restore(node, row);
}

static void on_started(void *ctx, uint32_t node)
{
    (void)ctx;
    starting = node;
    rows_count = 0;
}

static void on_note(void *ctx, uint32_t node, const struct hearsay_note *note)
{
    (void)ctx;
    if (node == damaged_node && strcmp(note->event, "rows-refused") == 0) {
        told++;
    }
}

static void run_to(uint64_t s)
{
    CLAIM_INT(hsy_cluster_run(w->cluster, s * HSY_SECOND), HEARSAY_OK);
    CLAIM_INT(hsy_checks_look(w->checks), HEARSAY_OK);
}

/* A minute of life. */
static void begin(void)
{
    static struct hsy_machine machine;
    struct hsy_cluster_config config;
    machine = *hsy_machine_node();
    machine.restore = restore;
    hearsay_config_init(&seed_config, HEARSAY_SEED);
    hearsay_config_init(&peer_config, HEARSAY_PEER);
    peer_config.gossip_count = 0;
    hsy_cluster_config_init(&config, hearsay_mem_default());
    config.machine = &machine;
    config.crypto = hearsay_crypto_null();
    config.rng = 11;
    config.seeds = SEEDS;
    config.peers = PEERS;
    config.seed_config = &seed_config;
    config.peer_config = &peer_config;
    told = 0;
    damage = NONE;
    CLAIM_INT(hsy_witness_create(&w, &config, NULL), HEARSAY_OK);
    w->on_note = on_note;
    w->next = (struct hsy_observer){.started = on_started};
    for (uint32_t i = 0; i < SEEDS + PEERS; i++) {
        CLAIM_INT(hsy_cluster_start(w->cluster, i, 0), HEARSAY_OK);
    }
    run_to(20);
    CLAIM_INT(hsy_cluster_kill(w->cluster, DEAD), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_leave(w->cluster, LEFT), HEARSAY_OK);
    run_to(60);
}

/* Its rows of the last restart are in rows[]. */
static void restart(uint32_t node, enum damage what)
{
    damaged_node = node;
    damage = what;
    CLAIM_INT(hsy_cluster_kill(w->cluster, node), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_start(w->cluster, node, 0), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_run(w->cluster, hsy_cluster_now(w->cluster) + HSY_MS),
              HEARSAY_OK);
    CLAIM_INT(starting, node);
    CLAIM(rows_count > 0);
}

static void end(void)
{
    CLAIM(hsy_checks_first(w->checks) == NULL);
    hsy_witness_destroy(w);
}

static struct hsy_view_status status_of(uint32_t node)
{
    struct hsy_view_status status;
    CLAIM(hsy_cluster_node(w->cluster, node) != NULL);
    hsy_view_status(hsy_cluster_node(w->cluster, node),
                    hsy_cluster_clock(w->cluster, node).mono_ns, &status);
    return status;
}

/* How many @seed lists as alive; of @node the incarnation, 0: it is not. */
static uint32_t alive_at(uint32_t seed, uint32_t node, uint64_t *out)
{
    const struct hearsay_node *at = hsy_cluster_node(w->cluster, seed);
    struct hsy_view_peer peer;
    uint32_t found = 0, count = 0;
    *out = 0;
    for (uint32_t i = 0; hsy_view_peer(at, i, &peer); i++) {
        bool alive = peer.state == HSY_PEER_ALIVE;
        count += alive ? 1 : 0;
        if (alive && hsy_cluster_find(w->cluster, &peer.id, &found) &&
            found == node) {
            *out = peer.incarnation;
        }
    }
    return count;
}

/* ------------------------------------------------------------ single rows */

static struct hearsay_node *cold_node(enum hearsay_role role)
{
    struct hearsay_node *node = NULL;
    static struct hearsay_seed line;
    struct hearsay_config config;
    hearsay_config_init(&config, role);
    memset(config.secret, 9, sizeof(config.secret));
    config.boot_nonce = 1;
    config.rng_seed = 1;
    config.crypto = hearsay_crypto_null();
    config.mem = *hearsay_mem_default();
    config.addrs_count = 1;
    config.addrs[0].port = 7000;
    config.seeds = &line;
    config.seeds_count = 1;
    memcpy(line.host, "10.0.0.1", sizeof("10.0.0.1"));
    line.port = 7000;
    const char *why = "";
    CLAIM_INT(hearsay_node_create(&node, &config, &why), 0);
    return node;
}

static void claim_refused(struct hearsay_node *node,
                          const struct hearsay_row *row)
{
    CLAIM_INT(hearsay_node_restore(node, row), HEARSAY_ERR_MALFORMED);
}

/* No bit of it, no shorter one, and not under another name. */
static void claim_guarded(struct hearsay_node *node, struct kept *k)
{
    for (size_t bit = 0; bit < 8 * k->row.value_len; bit++) {
        k->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        claim_refused(node, &k->row);
        k->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * k->row.key_len; bit++) {
        k->key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        claim_refused(node, &k->row);
        k->key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    struct hearsay_row cut = k->row;
    for (cut.value_len = 0; cut.value_len < k->row.value_len; cut.value_len++) {
        claim_refused(node, &cut);
    }
    for (int table = 0; table < HSY_TABLES_COUNT + 2; table++) {
        struct hearsay_row moved = k->row;
        moved.table = (enum hearsay_table)table;
        if (moved.table != k->row.table) {
            claim_refused(node, &moved);
        }
    }
    for (uint32_t i = 0; i < rows_count; i++) {
        struct hearsay_row swapped = k->row;
        swapped.value = rows[i].value;
        swapped.value_len = rows[i].row.value_len;
        if (&rows[i] != k) {
            claim_refused(node, &swapped);
        }
    }
}

/* All of rows[]; which kinds of them there were, as bits. */
static uint32_t claim_all_guarded(enum hearsay_role role)
{
    struct hearsay_node *node = cold_node(role);
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < rows_count; i++) {
        struct kept *k = &rows[i];
        uint32_t tag = k->row.table == HEARSAY_TABLE_REGISTRY ? k->value[0] : 0;
        kinds |= 1u << (4 * k->row.table + tag);
        claim_guarded(node, k);
    }
    for (uint32_t i = 0; i < rows_count; i++) {
        CLAIM_INT(hearsay_node_restore(node, &rows[i].row), 0);
    }
    hearsay_node_destroy(node);
    return kinds;
}

static void a_peers_rows_are_guarded_bit_by_bit(void **state)
{
    (void)state;
    begin();
    restart(VICTIM, NONE);
    CLAIM_INT(claim_all_guarded(HEARSAY_PEER), 1u << 0 | 1u << 4);
    end();
}

static void a_seeds_rows_are_guarded_bit_by_bit(void **state)
{
    (void)state;
    static const uint8_t rank[8] = {0, 0, 0, 0, 0, 0, 0, 9};
    uint8_t sealed[8 + HSY_SEAL_LEN];
    struct hearsay_row floor = {.table = HEARSAY_TABLE_FLOOR,
                                .key_len = 32,
                                .value = sealed,
                                .value_len = sizeof(rank)};
    begin();
    restart(1, NONE);
    floor.key = rows[rows_count - 1].key;
    memcpy(sealed, rank, sizeof(rank));
    hsy_row_seal(sealed + sizeof(rank), &floor);
    floor.value_len = sizeof(sealed);
    keep(&floor);
    CLAIM_INT(claim_all_guarded(HEARSAY_SEED),
              1u << 0 | 1u << 9 | 1u << 10 | 1u << 11 | 1u << 12);
    end();
}

/* ----------------------------------------------------------- whole nodes */

static void a_peer_without_its_incarnation_steps_above_it(void **state)
{
    (void)state;
    uint64_t incarnation = 0;
    begin();
    restart(VICTIM, NONE);
    run_to(70);
    (void)alive_at(0, VICTIM, &incarnation);
    CLAIM_INT(incarnation, 2);
    restart(VICTIM, OWN);
    CLAIM_INT(told, 1);
    CLAIM_INT(status_of(VICTIM).counters.rows_refused, 1);
    run_to(80);
    CLAIM_INT(status_of(VICTIM).state, HSY_VIEW_JOINED);
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        (void)alive_at(seed, VICTIM, &incarnation);
        CLAIM_INT(incarnation, 3);
    }
    end();
}

static void a_peer_with_no_sound_row_joins(void **state)
{
    (void)state;
    begin();
    restart(VICTIM, ALL);
    uint32_t lost = rows_count;
    CLAIM(lost > 1);
    CLAIM_INT(told, 2); /* Its own row, and the address book. */
    CLAIM_INT(status_of(VICTIM).counters.rows_refused, lost);
    run_to(75);
    CLAIM_INT(status_of(VICTIM).state, HSY_VIEW_JOINED);
    end();
}

static void a_seed_with_no_sound_row_learns_the_list_again(void **state)
{
    (void)state;
    uint64_t incarnation = 0;
    begin();
    hsy_checks_excuse(w->checks, HSY_R1, 1);
    hsy_checks_excuse(w->checks, HSY_R2, 1);
    hsy_checks_excuse(w->checks, HSY_R4, 1);
    restart(1, ALL);
    CLAIM_INT(told, 2); /* Its own row, and the Peer List. */
    CLAIM_INT(status_of(1).counters.rows_refused, PEERS + 1);
    run_to(75);
    CLAIM_INT(alive_at(1, VICTIM, &incarnation), PEERS - 2);
    for (uint32_t node = SEEDS; node < DEAD; node++) {
        CLAIM_INT(status_of(node).state, HSY_VIEW_JOINED);
    }
    end();
}

static void sound_rows_are_told_of_by_nobody(void **state)
{
    (void)state;
    begin();
    restart(VICTIM, NONE);
    CLAIM_INT(told, 0);
    CLAIM_INT(status_of(VICTIM).counters.rows_refused, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peers_rows_are_guarded_bit_by_bit),
        cmocka_unit_test(a_seeds_rows_are_guarded_bit_by_bit),
        cmocka_unit_test(a_peer_without_its_incarnation_steps_above_it),
        cmocka_unit_test(a_peer_with_no_sound_row_joins),
        cmocka_unit_test(a_seed_with_no_sound_row_learns_the_list_again),
        cmocka_unit_test(sound_rows_are_told_of_by_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
