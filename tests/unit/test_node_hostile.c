/* A node between hostile neighbours who keep to the wire format: no choice of
 * theirs may reach an assert. First the ways that once did. */
#include <dirent.h>
#include <stdio.h>

#include "support/claim.h"
#include "unit/test_node_fuzz.h"

static struct stage stage;

static void begin_seated(struct puppet *seed, uint32_t peers_count)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(seed, 200, HEARSAY_SEED);
    (void)puppet_seat(&stage, seed, peers_count);
}

static void say_leave(const struct puppet *p, hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_LEAVE};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    frame.leave.id = p->id;
    frame.leave.incarnation = p->record.incarnation;
    hsy_leave_signed_bytes(&covered, &frame.leave);
    frame.leave.sig = puppet_sign(&p->id, &covered);
    puppet_say(&stage, link, &frame);
}

static void a_frame_may_grow_in_the_step_in_which_its_time_is_up(void **state)
{
    struct puppet seed;
    struct puppet peer;
    uint8_t begun[] = {0, 0, 0, 10, HSY_PING};

    (void)state;
    begin_seated(&seed, 1);
    puppet_init(&peer, 2, HEARSAY_PEER);
    hearsay_link link = puppet_dial(&stage, &peer);
    stage_bytes(&stage, link, begun, 4);
    stage_pass(&stage, HSY_FRAME_NS);
    stage_bytes(&stage, link, begun + 4, 1); /* Before any TICK. */
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(stage_counters(&stage)->frames_late, 1);
    stage_fini(&stage);
}

static void who_leaves_while_its_next_boot_waits_is_replaced_by_it(void **state)
{
    struct puppet seed;
    struct puppet peer;

    (void)state;
    begin_seated(&seed, 1);
    puppet_init(&peer, 2, HEARSAY_PEER);
    hearsay_link old = puppet_dial(&stage, &peer);
    peer.record.boot_nonce++;
    peer.record.incarnation++;
    puppet_sign_record(&peer);
    hearsay_link young = puppet_dial(&stage, &peer);
    CLAIM_INT(stage_ups(&stage), 2); /* The seed, the old boot. */
    peer.record.incarnation--;
    say_leave(&peer, old);
    CLAIM(!stage_is_open(&stage, old));
    CLAIM(stage_is_open(&stage, young));
    CLAIM_INT(stage_ups(&stage), 2);
    stage_run(&stage, 3000);
    CLAIM(stage_is_open(&stage, young));
    stage_fini(&stage);
}

static void
a_disk_behind_as_many_registrations_as_fit_may_catch_up(void **state)
{
    struct puppet peer;
    struct hsy_frame frame = {.type = HSY_REGISTER};

    (void)state;
    stage_init(&stage, HEARSAY_SEED, 200, 1);
    stage_create(&stage);
    stage_start(&stage);
    puppet_init(&peer, 2, HEARSAY_PEER);
    hearsay_link link = puppet_dial(&stage, &peer);
    frame.reg = peer.record;
    puppet_say(&stage, link, &frame);
    stage.hold_writes = true;
    say_leave(&peer, link); /* A write that no registration waits for. */
    peer.record.incarnation++;
    puppet_sign_record(&peer);
    frame.reg = peer.record;
    for (uint32_t i = 0; i < HSY_ACKS_MAX + 8; i++) {
        puppet_say(&stage, link, &frame);
    }
    CLAIM_INT(stage.tokens_count, 2);
    CLAIM_INT(stage.node->core.seed->acks_count, HSY_ACKS_MAX);
    stage_settle(&stage); /* The leave's first. */
    CLAIM_INT(stage.node->core.seed->acks_count, 0);
    stage_fini(&stage);
}

static void say_duplicate(hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_ERROR};

    frame.error.code = HSY_ERROR_DUPLICATE;
    puppet_say(&stage, link, &frame);
}

static void
nobody_but_a_seed_of_the_list_stops_a_node_as_duplicate(void **state)
{
    struct puppet seed;
    struct puppet liar;

    (void)state;
    begin_seated(&seed, 1);
    puppet_init(&liar, 9, HEARSAY_SEED); /* So it says. */
    say_duplicate(puppet_dial(&stage, &liar));
    CLAIM(!stage.stopped);
    stage_fini(&stage);

    begin_seated(&seed, 1);
    say_duplicate(2); /* The dial of the seat. */
    CLAIM(stage.stopped);
    CLAIM_INT(stage.stop_why, HEARSAY_STOP_DUPLICATE);
    stage_fini(&stage);
}

/* The seat would else wait for its dial for ever. */
static void
a_seed_whose_other_boot_is_refused_is_asked_over_the_old_link(void **state)
{
    struct puppet seed;
    struct hsy_frame pong = {.type = HSY_PONG};
    struct hsy_frame ping;

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    const struct stage_link *dial = stage_dial(&stage, 7200);
    CLAIM(dial != NULL);
    hearsay_link dialled = dial->link;
    hearsay_link holder = puppet_dial(&stage, &seed);
    seed.record.boot_nonce++;
    puppet_sign_record(&seed);
    puppet_answer(&stage, dialled, &seed);
    CLAIM(stage_is_open(&stage, dialled));
    CLAIM(stage_frame(&stage, holder, HSY_PING, &ping));
    pong.pong = ping.ping;
    puppet_say(&stage, holder, &pong);
    CLAIM(!stage_is_open(&stage, dialled));
    CLAIM(stage_is_open(&stage, holder));
    CLAIM_INT(stage_frames(&stage, holder, HSY_REGISTER), 0);
    stage_run(&stage, 3000);
    CLAIM_INT(stage_frames(&stage, holder, HSY_REGISTER), 1);
    stage_fini(&stage);
}

/* ------------------------------------------------------------------ loops */

static struct hostile hostile;
static struct hsy_prng prng;

static uint64_t random_choice(void *ctx, uint64_t bound)
{
    (void)ctx;
    return hsy_prng_below(&prng, bound);
}

static uint64_t survive(uint64_t seed, bool at_seed, uint32_t moves)
{
    memset(&hostile, 0, sizeof(hostile));
    hsy_prng_init(&prng, seed);
    hostile.choose = random_choice;
    hostile_begin(&hostile, at_seed);
    for (uint32_t i = 0; i < moves; i++) {
        hostile_move(&hostile);
    }
    stage_settle(&hostile.stage);
    hostile_end(&hostile);
    return hostile.frames;
}

static void a_peer_survives_thousands_of_hostile_frames(void **state)
{
    uint64_t frames = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        frames += survive(seed, false, 2500);
    }
    CLAIM(frames > 5000);
}

static void a_seed_survives_thousands_of_hostile_frames(void **state)
{
    uint64_t frames = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        frames += survive(seed, true, 2500);
    }
    CLAIM(frames > 10000);
}

static void whatever_the_fuzzer_found_is_survived(void **state)
{
    static uint8_t bytes[FUZZ_STEP_LEN_MAX];
    const char *folder = "fuzz/corpus/step";
    struct dirent *entry;
    uint32_t files = 0;
    char path[512];

    (void)state;
    DIR *dir = opendir(folder);
    CLAIM(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "rb");
        CLAIM(file != NULL);
        size_t len = fread(bytes, 1, sizeof(bytes), file);
        (void)fclose(file);
        fuzz_step_bytes(bytes, len);
        files++;
    }
    (void)closedir(dir);
    CLAIM(files >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_may_grow_in_the_step_in_which_its_time_is_up),
        cmocka_unit_test(
            who_leaves_while_its_next_boot_waits_is_replaced_by_it),
        cmocka_unit_test(
            a_disk_behind_as_many_registrations_as_fit_may_catch_up),
        cmocka_unit_test(
            nobody_but_a_seed_of_the_list_stops_a_node_as_duplicate),
        cmocka_unit_test(
            a_seed_whose_other_boot_is_refused_is_asked_over_the_old_link),
        cmocka_unit_test(a_peer_survives_thousands_of_hostile_frames),
        cmocka_unit_test(a_seed_survives_thousands_of_hostile_frames),
        cmocka_unit_test(whatever_the_fuzzer_found_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
