/* Golden frames: the same structs must give the same bytes for ever, and the
 * bytes must be taken for ever. A difference here is a new protocol version,
 * not a test to be adjusted. Each frame lies in the folder of the version
 * that it came with.
 *
 * HEARSAY_GOLDEN_WRITE=1 writes wire-v1/ and wire-v2/ anew, and the same
 * frames as binary files into the corpus of the fuzz target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/wire_golden_parts.h"

enum { FRAME_LEN_MAX = 8192, PATH_LEN_MAX = 1024, HEX_PER_LINE = 32 };

static void make_hello(struct hsy_frame *f)
{
    f->hello = (struct hsy_hello){.version_min = 1,
                                  .version_max = 2,
                                  .network_len = 4,
                                  .network = "test",
                                  .trust = HSY_TRUST_MEMBERS,
                                  .features = 0x8000000000000001,
                                  .observed = v4(9, 40000),
                                  .record = alice()};
    memset(f->hello.nonce, 0x4e, sizeof(f->hello.nonce));
}

static void make_auth(struct hsy_frame *f)
{
    f->auth = sig_of(0x5a);
}

static void make_error(struct hsy_frame *f)
{
    f->error = (struct hsy_error){
        .code = HSY_ERROR_NETWORK, .text_len = 15, .text = "another network"};
}

static void make_leave(struct hsy_frame *f)
{
    f->leave = leave_of(0xa1);
}

static void make_ping(struct hsy_frame *f)
{
    f->ping = 0x1122334455667788;
}

static void make_pong(struct hsy_frame *f)
{
    f->pong = 0x1122334455667788;
}

static void make_register(struct hsy_frame *f)
{
    f->reg = alice();
}

static void make_registered(struct hsy_frame *f)
{
    f->registered = (struct hsy_registered){.verdict = HSY_REGISTERED_STALE,
                                            .incarnation = 7,
                                            .known_rank = 17,
                                            .lease_s = 600,
                                            .peers_count = 1000,
                                            .by_degree = 1,
                                            .sample = alice_and_bob()};
}

static void make_lookup(struct hsy_frame *f)
{
    f->lookup = id_of(0xb2);
}

static void make_peers_get(struct hsy_frame *f)
{
    f->peers_get = (struct hsy_peers_get){
        .kind = HSY_PEERS_PAGE, .count = 48, .page = 0x01020304};
}

static void make_peers(struct hsy_frame *f)
{
    f->peers = (struct hsy_peers){.kind = HSY_PEERS_SAMPLE,
                                  .page = 0,
                                  .peers_count = 100000,
                                  .by_degree = 2,
                                  .records = alice_and_bob()};
}

static void make_links(struct hsy_frame *f)
{
    f->links = links_of_alice();
}

static void make_report(struct hsy_frame *f)
{
    f->report = (struct hsy_report){.subject = id_of(0xa1),
                                    .incarnation = 7,
                                    .subject_addr = v4(1, 7946),
                                    .wall_ms = 1767225600004,
                                    .notifier = id_of(0xb2),
                                    .notifier_addr = v6(2, 7947),
                                    .sig = sig_of(0xee)};
}

/* One entry of each kind. */
static void make_sync(struct hsy_frame *f)
{
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    f->sync = (struct hsy_sync){.digest = {0x0a0b0c0d0e0f1011, 0x12},
                                .ask = true,
                                .entries = list_room};
    struct hsy_sync_entry entry = {.kind = HSY_SYNC_RECORD};
    entry.record = bob();
    hsy_sync_add(&list, &f->sync, &entry);
    entry = (struct hsy_sync_entry){.kind = HSY_SYNC_LINKS};
    entry.links = links_of_alice();
    hsy_sync_add(&list, &f->sync, &entry);
    entry = (struct hsy_sync_entry){.kind = HSY_SYNC_DEATH};
    entry.certificate.record = alice();
    entry.certificate.verdicts_count = 2;
    entry.certificate.verdicts[0] = verdict_on_alice(0x51);
    entry.certificate.verdicts[1] = verdict_on_alice(0x52);
    hsy_sync_add(&list, &f->sync, &entry);
    entry = (struct hsy_sync_entry){.kind = HSY_SYNC_LEFT};
    entry.left.record = alice();
    entry.left.leave = leave_of(0xa1);
    hsy_sync_add(&list, &f->sync, &entry);
}

static void make_read(struct hsy_frame *f)
{
    f->read = (struct hsy_read_ask){
        .nonce = 0x01020304, .count = 48, .id = id_of(0xb2)};
}

static void make_facts(struct hsy_frame *f)
{
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    struct hsy_sync sync = {.count = 0};
    struct hsy_sync_entry entry = {.kind = HSY_SYNC_DEATH};
    entry.certificate.record = alice();
    entry.certificate.verdicts_count = 2;
    entry.certificate.verdicts[0] = verdict_on_alice(0x51);
    entry.certificate.verdicts[1] = verdict_on_alice(0x52);
    hsy_sync_add(&list, &sync, &entry);
    entry = (struct hsy_sync_entry){.kind = HSY_SYNC_RECORD};
    entry.record = bob();
    hsy_sync_add(&list, &sync, &entry);
    f->facts = (struct hsy_facts){.nonce = 0x01020304,
                                  .more = true,
                                  .count = sync.count,
                                  .entries = sync.entries,
                                  .entries_len = sync.entries_len};
}

static void make_verdict(struct hsy_frame *f)
{
    f->verdict.verdict = verdict_on_alice(0x51);
    f->verdict.record = alice();
}

static void make_bridge(struct hsy_frame *f)
{
    f->bridge.why = HSY_BRIDGE_COMPONENT;
    f->bridge.records = alice_and_bob();
}

static void make_connect(struct hsy_frame *f)
{
    f->connect.degree = 8;
}

static void make_accept(struct hsy_frame *f)
{
    f->flags = HSY_FLAG_IGNORABLE;
}

static void make_refuse(struct hsy_frame *f)
{
    f->refuse.why = HSY_REFUSE_BACKOFF;
    f->refuse.alternatives = alice_and_bob();
}

static void make_bundle(struct hsy_frame *f)
{
    struct hsy_bundle *bundle = &f->bundle.bundle;
    f->bundle.hops = 3;
    *bundle = (struct hsy_bundle){.origin = id_of(0xa1),
                                  .epoch_incarnation = 7,
                                  .epoch_nonce = 0xfedcba9876543210,
                                  .first_seq = 41,
                                  .wall_ms = 1767225600005,
                                  .messages = list_room,
                                  .sig = sig_of(0x99)};
    struct hsy_writer out = hsy_writer(list_room, sizeof(list_room));
    const struct hsy_message first = {.topic = (const uint8_t *)"news",
                                      .topic_len = 4,
                                      .payload = (const uint8_t *)"hello",
                                      .payload_len = 5};
    const struct hsy_message second = {.topic = NULL, .payload = NULL};
    hsy_messages_add(&out, bundle, &first);
    hsy_messages_add(&out, bundle, &second);
}

static struct hsy_spans two_spans(void)
{
    struct hsy_spans spans = {.bytes = list_room};
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    const struct hsy_epoch of = {
        .origin = id_of(0xa1), .incarnation = 7, .nonce = 0xfedcba9876543210};
    const struct hsy_span some = {.of = of, .from = 41, .to = 0x1122334455};
    const struct hsy_span none = {.of = of, .from = 1, .to = 0};
    hsy_spans_add(&list, &spans, &some);
    hsy_spans_add(&list, &spans, &none);
    return spans;
}

static void make_extra_bundle(struct hsy_frame *f)
{
    make_bundle(f);
    f->flags = HSY_FLAG_EXTRA;
}

static void make_ihave(struct hsy_frame *f)
{
    memset(list_room, 0x1d, 32);
    f->ihave = (struct hsy_bundle_ids){.bytes = list_room, .count = 2};
}

static void make_graft(struct hsy_frame *f)
{
    f->graft.last_parent = true;
    memset(list_room, 0x1d, 32);
    f->graft.ids = (struct hsy_bundle_ids){.bytes = list_room, .count = 2};
}

static void make_prune(struct hsy_frame *f)
{
    f->prune.why = HSY_PRUNE_FULL;
    f->prune.alternatives = alice_and_bob();
}

static void make_root(struct hsy_frame *f)
{
    f->root = (struct hsy_root){.rank = 3,
                                .id = id_of(0xa1),
                                .round = 0x01020304,
                                .distance_us = 0x0a0b0c0d,
                                .parent = true};
}

/* Bucket b has the sum 01020300 + b. */
static void make_seed_digest(struct hsy_frame *f)
{
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    for (uint32_t i = 0; i < HSY_SEED_BUCKETS; i++) {
        hsy_put_u64(&list, 0x01020300 + i);
    }
    f->seed_digest.sums = list_room;
}

static void make_seed_pull(struct hsy_frame *f)
{
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    hsy_put_u64(&list, 0x1122334455667788);
    hsy_put_u64(&list, 0x99aabbccddeeff00);
    f->seed_pull = (struct hsy_seed_pull){.buckets = {[1] = 0x02, [31] = 0x80},
                                          .first = 1,
                                          .last = 0xa000000000000000,
                                          .count = 2,
                                          .facts = list_room};
}

static void make_digest_sum(struct hsy_frame *f)
{
    f->digest =
        (struct hsy_digest){.kind = HSY_DIGEST_SUM, .sum = 0x1122334455667788};
}

static void make_digest_hashes(struct hsy_frame *f)
{
    f->digest =
        (struct hsy_digest){.kind = HSY_DIGEST_HASHES, .idle_only = true};
    for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
        f->digest.hashes[i] = 0x01020300 + i;
    }
}

static void make_digest_marks(struct hsy_frame *f)
{
    f->digest = (struct hsy_digest){.kind = HSY_DIGEST_MARKS,
                                    .ask = true,
                                    .buckets = 0x8000000000000001,
                                    .marks = two_spans()};
}

static void make_pull(struct hsy_frame *f)
{
    f->pull.nonce = 0x01020304;
    f->pull.credit = 262144;
    f->pull.spans = two_spans();
}

static void make_gone(struct hsy_frame *f)
{
    f->gone.nonce = 0x01020304;
    f->gone.how = HSY_GONE_MORE;
    f->gone.spans = two_spans();
}

static void make_ack(struct hsy_frame *f)
{
    f->ack = (struct hsy_span){.of = {.origin = id_of(0xa1),
                                      .incarnation = 7,
                                      .nonce = UINT64_C(0x1122334455667788)},
                               .from = 1,
                               .to = 43};
}

static void make_reach(struct hsy_frame *f)
{
    f->flags = HSY_FLAG_IGNORABLE;
    f->reach.incarnation = 7;
    f->reach.reached = false;
    f->reach.addr = v4(1, 7946);
}

static void make_record(struct hsy_frame *f)
{
    f->flags = HSY_FLAG_IGNORABLE;
    f->record = alice();
    f->record.features = HSY_RECORD_UNDIALABLE;
}

static void make_fetch(struct hsy_frame *f)
{
    memset(f->fetch.id.bytes, 0x1d, sizeof(f->fetch.id.bytes));
    f->fetch.first = 0x0102;
    f->fetch.upto = 0x0106;
}

static void make_piece(struct hsy_frame *f)
{
    memset(f->piece.id.bytes, 0x1d, sizeof(f->piece.id.bytes));
    f->piece.index = 0x0102;
    f->piece.how = HSY_PIECE_DATA;
    f->piece.bytes = (const uint8_t *)"hello";
    f->piece.len = 5;
}

static void make_piece_not_here(struct hsy_frame *f)
{
    memset(f->piece.id.bytes, 0x1d, sizeof(f->piece.id.bytes));
    f->piece.how = HSY_PIECE_NOT_HERE;
}

static void make_piece_gone(struct hsy_frame *f)
{
    memset(f->piece.id.bytes, 0x1d, sizeof(f->piece.id.bytes));
    f->piece.how = HSY_PIECE_GONE;
}

/* 70,000 bytes in three pieces. */
static void make_manifest(struct hsy_frame *f)
{
    static uint8_t messages[128];
    uint8_t hashes[3 * HSY_PIECE_HASH_LEN];
    struct hsy_message message = {.topic = (const uint8_t *)"news",
                                  .topic_len = 4,
                                  .payload_len = 70000,
                                  .hashes = hashes};
    make_bundle(f);
    memset(hashes, 0xaa, sizeof(hashes));
    struct hsy_writer out = hsy_writer(messages, sizeof(messages));
    f->bundle.bundle.messages = messages;
    f->bundle.bundle.messages_len = 0;
    f->bundle.bundle.count = 0;
    f->bundle.bundle.encoded = NULL;
    hsy_messages_add(&out, &f->bundle.bundle, &message);
}

static struct hsy_direct make_direct(enum hsy_direct_kind kind)
{
    struct hsy_direct d = {.kind = kind,
                           .incarnation = 7,
                           .nonce = UINT64_C(0x1122334455667788),
                           .wall_ms = UINT64_C(1790000000000)};
    memset(d.origin.bytes, 0xa1, sizeof(d.origin.bytes));
    memset(d.to.bytes, 0xb2, sizeof(d.to.bytes));
    memset(d.sig.bytes, 0x5a, sizeof(d.sig.bytes));
    return d;
}

static void make_message(struct hsy_frame *frame)
{
    struct hsy_direct *d = &frame->direct.direct;
    frame->direct.hops_left = 32;
    *d = make_direct(HSY_DIRECT_MESSAGE);
    d->number = 41;
    d->topic = (const uint8_t *)"news";
    d->topic_len = 4;
    d->payload = (const uint8_t *)"hello";
    d->payload_len = 5;
}

static void make_receipt(struct hsy_frame *frame)
{
    struct hsy_direct *d = &frame->direct.direct;
    frame->direct.hops_left = 30;
    frame->direct.attempt = 2;
    *d = make_direct(HSY_DIRECT_RECEIPT);
    d->about_incarnation = 9;
    d->about_nonce = UINT64_C(0x0102030405060708);
    d->about_number = 41;
}

static void make_answer(struct hsy_frame *frame)
{
    struct hsy_direct *d = &frame->direct.direct;
    make_receipt(frame);
    d->kind = HSY_DIRECT_ANSWER;
    d->number = 3;
    d->payload = (const uint8_t *)"yes";
    d->payload_len = 3;
}

static void make_query(struct hsy_frame *frame)
{
    static uint8_t bytes[64];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle *b = &frame->bundle.bundle;
    struct hsy_message message = {.topic = (const uint8_t *)"news",
                                  .topic_len = 4,
                                  .payload = (const uint8_t *)"any?",
                                  .payload_len = 4,
                                  .query_ms = 5000};
    frame->bundle.hops = 1;
    *b = (struct hsy_bundle){.origin = id_of(0xa1),
                             .epoch_incarnation = 7,
                             .epoch_nonce = UINT64_C(0x1122334455667788),
                             .first_seq = 43,
                             .wall_ms = UINT64_C(1790000000000),
                             .messages = bytes};
    memset(b->sig.bytes, 0x5a, sizeof(b->sig.bytes));
    hsy_messages_add(&out, b, &message);
}

static void make_watch(struct hsy_frame *frame)
{
    frame->flags = HSY_FLAG_IGNORABLE;
    frame->watch = (struct hsy_watch_wish){
        .nonce = 0x01020304, .log = UINT64_C(0x1122334455667788), .upto = 42};
}

/* Bob, who is no peer: the wire does not mind. */
static void make_member(struct hsy_frame *frame)
{
    struct hsy_member_news *news = &frame->member;
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    struct hsy_sync_entry joined = {.kind = HSY_SYNC_RECORD, .record = bob()};
    struct hsy_sync_entry died = {
        .kind = HSY_SYNC_DEATH,
        .certificate = {.record = alice(), .verdicts_count = 1}};
    died.certificate.verdicts[0] = verdict_on_alice(0x51);
    *news = (struct hsy_member_news){.nonce = 0x01020304,
                                     .how = HSY_MEMBER_CHANGES,
                                     .log = UINT64_C(0x1122334455667788),
                                     .upto = 44};
    hsy_sync_add(&list, &news->facts, &joined);
    hsy_sync_add(&list, &news->facts, &died);
}

struct golden {
    const char *name, *content;
    enum hsy_frame_type type;
    void (*make)(struct hsy_frame *f);
    uint8_t version;
};

static const struct golden goldens[] = {
    {"hello", "versions 1-2, network test, trust members, alice's record",
     HSY_HELLO, make_hello, 1},
    {"auth", "a signature of 64 x 5a", HSY_AUTH, make_auth, 1},
    {"error", "NETWORK, \"another network\"", HSY_ERROR, make_error, 1},
    {"leave", "alice leaves, incarnation 7", HSY_LEAVE, make_leave, 1},
    {"ping", "nonce 1122334455667788", HSY_PING, make_ping, 1},
    {"pong", "nonce 1122334455667788", HSY_PONG, make_pong, 1},
    {"register", "alice: an IPv4 and an IPv6 address", HSY_REGISTER,
     make_register, 1},
    {"registered", "STALE, rank 17, lease 600 s, a sample of two",
     HSY_REGISTERED, make_registered, 1},
    {"lookup", "the id of 32 x b2", HSY_LOOKUP, make_lookup, 1},
    {"peers_get", "48 records of page 01020304", HSY_PEERS_GET, make_peers_get,
     1},
    {"peers", "a sample of two, both by degree", HSY_PEERS, make_peers, 1},
    {"links", "alice has three links, version 42", HSY_LINKS, make_links, 1},
    {"dead_report", "bob says that alice is dead", HSY_DEAD_REPORT, make_report,
     1},
    {"dead_notice", "alice is told that bob said so", HSY_DEAD_NOTICE,
     make_report, 1},
    {"seed_sync", "asks; record, links, death by 2 verdicts, departure",
     HSY_SEED_SYNC, make_sync, 1},
    {"verdict", "a seed finds alice dead", HSY_VERDICT, make_verdict, 1},
    {"bridge", "two records, because of a component", HSY_BRIDGE, make_bridge,
     1},
    {"connect", "own degree 8", HSY_CONNECT, make_connect, 1},
    {"accept", "nothing; the ignorable flag is set", HSY_ACCEPT, make_accept,
     1},
    {"refuse", "BACKOFF, two alternatives", HSY_REFUSE, make_refuse, 1},
    {"bundle", "3 hops, seqs 41 and 42: news/hello and an empty message",
     HSY_BUNDLE, make_bundle, 1},
    {"ihave", "two ids of 16 x 1d", HSY_IHAVE, make_ihave, 2},
    {"graft", "last parent, wants 16 x 1d", HSY_GRAFT, make_graft, 2},
    {"prune", "FULL, two alternatives", HSY_PRUNE, make_prune, 2},
    {"digest_sum", "sum 1122334455667788", HSY_DIGEST, make_digest_sum, 2},
    {"digest_hashes", "idle only, 01020300 and up", HSY_DIGEST,
     make_digest_hashes, 2},
    {"digest_marks", "asks, buckets 0 and 63, two spans", HSY_DIGEST,
     make_digest_marks, 2},
    {"pull", "credit 256 KiB, two spans", HSY_PULL, make_pull, 2},
    {"gone", "MORE, two spans", HSY_GONE, make_gone, 2},
    {"root", "alice, rank 3, round 01020304, 0a0b0c0d us away, parent",
     HSY_ROOT, make_root, 2},
    {"ack", "alice's are there up to 43", HSY_ACK, make_ack, 2},
    {"read", "48 ids behind 32 x b2, nonce 01020304", HSY_READ, make_read, 2},
    {"facts", "alice is dead, bob lives, and there are more", HSY_FACTS,
     make_facts, 2},
    {"reach", "nobody at 192.0.2.1:7946, incarnation 7", HSY_REACH, make_reach,
     2},
    {"record", "alice cannot be dialled any more", HSY_RECORD, make_record, 2},
    {"direct", "alice to bob, 32 hops left, number 41: news/hello", HSY_DIRECT,
     make_message, 2},
    {"direct_receipt", "that 41 came, 30 hops left, third attempt", HSY_DIRECT,
     make_receipt, 2},
    {"direct_answer", "yes, to the query 41", HSY_DIRECT, make_answer, 2},
    {"bundle_query", "seq 43 asks news/any? and waits 5000 ms", HSY_BUNDLE,
     make_query, 2},
    {"bundle_extra", "the bundle again, as a copy beside the tree", HSY_BUNDLE,
     make_extra_bundle, 2},
    {"fetch", "of 16 x 1d, pieces 0102 to 0105", HSY_FETCH, make_fetch, 2},
    {"piece", "of 16 x 1d, piece 0102: hello", HSY_PIECE, make_piece, 2},
    {"piece_not_here", "of 16 x 1d", HSY_PIECE, make_piece_not_here, 2},
    {"seed_digest", "01020300 and up", HSY_SEED_DIGEST, make_seed_digest, 2},
    {"seed_pull", "buckets 9 and 255, two facts known", HSY_SEED_PULL,
     make_seed_pull, 2},
    {"piece_gone", "of 16 x 1d", HSY_PIECE, make_piece_gone, 2},
    {"bundle_large", "3 hops, seq 41: news and the hashes of 70,000 bytes",
     HSY_BUNDLE, make_manifest, 2},
    {"watch", "nonce 01020304, knows 42 changes of log 1122334455667788",
     HSY_WATCH, make_watch, 2},
    {"member", "up to change 44: bob joined, alice died by one verdict",
     HSY_MEMBER, make_member, 2},
};
enum { GOLDENS_COUNT = sizeof(goldens) / sizeof(goldens[0]) };

struct bytes {
    uint8_t data[FRAME_LEN_MAX];
    size_t len;
};

static void encode(struct bytes *out, const struct hsy_frame *frame)
{
    struct hsy_writer w = hsy_writer(out->data, sizeof(out->data));
    hsy_frame_encode(&w, frame);
    assert_false(w.bad);
    out->len = w.len;
}

static void build(struct bytes *out, const struct golden *golden)
{
    struct hsy_frame frame;
    memset(&frame, 0, sizeof(frame));
    frame.type = golden->type;
    golden->make(&frame);
    encode(out, &frame);
}

static const char *folder_of(const struct golden *golden)
{
    return golden->version == 2 ? "tests/conform/wire-v2"
                                : "tests/conform/wire-v1";
}

static FILE *open_file(const struct golden *golden, const char *folder,
                       const char *ending, const char *mode)
{
    const char *root = getenv("HEARSAY_SOURCE_ROOT");
    char path[PATH_LEN_MAX];
    snprintf(path, sizeof(path), "%s/%s/%s%s", root == NULL ? "." : root,
             folder, golden->name, ending);
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    return file;
}

static void write_files(const struct golden *golden, const struct bytes *frame)
{
    FILE *hex = open_file(golden, folder_of(golden), ".hex", "w");
    fprintf(hex, "# %s: %s\n", hsy_frame_name(golden->type), golden->content);
    for (size_t i = 0; i < frame->len; i++) {
        bool last = i + 1 == frame->len || (i + 1) % HEX_PER_LINE == 0;
        fprintf(hex, "%02x%s", frame->data[i], last ? "\n" : "");
    }
    assert_int_equal(fclose(hex), 0);
    FILE *corpus = open_file(golden, "fuzz/corpus/frame", "", "wb");
    fwrite(frame->data, 1, frame->len, corpus);
    assert_int_equal(fclose(corpus), 0);
}

static void read_hex(struct bytes *out, const struct golden *golden)
{
    FILE *hex = open_file(golden, folder_of(golden), ".hex", "r");
    char line[256];
    out->len = 0;
    while (fgets(line, sizeof(line), hex) != NULL) {
        unsigned byte = 0;
        for (char *at = line; line[0] != '#' && sscanf(at, "%2x", &byte) == 1;
             at += 2) {
            assert_true(out->len < sizeof(out->data));
            out->data[out->len++] = (uint8_t)byte;
        }
    }
    fclose(hex);
}

static void read_corpus(struct bytes *out, const struct golden *golden)
{
    FILE *corpus = open_file(golden, "fuzz/corpus/frame", "", "rb");
    out->len = fread(out->data, 1, sizeof(out->data), corpus);
    fclose(corpus);
}

static void claim_same(const struct bytes *a, const struct bytes *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static int write_if_asked(void **state)
{
    (void)state;
    for (size_t i = 0; getenv("HEARSAY_GOLDEN_WRITE") && i < GOLDENS_COUNT;
         i++) {
        struct bytes frame;
        build(&frame, &goldens[i]);
        write_files(&goldens[i], &frame);
    }
    return 0;
}

static void every_type_has_a_golden_frame(void **state)
{
    (void)state;
    bool has[HSY_FRAME_TYPE_MAX + 1] = {false};
    for (size_t i = 0; i < GOLDENS_COUNT; i++) {
        has[goldens[i].type] = true;
    }
    for (unsigned type = HSY_HELLO; type <= HSY_FRAME_TYPE_MAX; type++) {
        assert_int_equal(has[type], hsy_frame_known(type));
    }
}

static void what_we_encode_is_the_golden_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS_COUNT; i++) {
        struct bytes ours, golden;
        build(&ours, &goldens[i]);
        read_hex(&golden, &goldens[i]);
        claim_same(&ours, &golden);
    }
}

static void the_golden_frame_decodes_and_encodes_to_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS_COUNT; i++) {
        struct bytes golden, again;
        struct hsy_frame frame;
        read_hex(&golden, &goldens[i]);
        assert_int_equal(
            hsy_frame_decode(&frame, golden.data, golden.len, NULL), 0);
        assert_int_equal(frame.type, goldens[i].type);
        encode(&again, &frame);
        claim_same(&golden, &again);
    }
}

static void the_fuzz_corpus_begins_with_the_golden_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS_COUNT; i++) {
        struct bytes golden, corpus;
        read_hex(&golden, &goldens[i]);
        read_corpus(&corpus, &goldens[i]);
        claim_same(&golden, &corpus);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_golden_frame),
        cmocka_unit_test(what_we_encode_is_the_golden_frame),
        cmocka_unit_test(the_golden_frame_decodes_and_encodes_to_itself),
        cmocka_unit_test(the_fuzz_corpus_begins_with_the_golden_frames),
    };
    return cmocka_run_group_tests(tests, write_if_asked, NULL);
}
