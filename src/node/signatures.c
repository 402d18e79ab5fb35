/* Which signatures a frame carries, by whom, over which bytes. Run twice: to
 * count, then to fill. A record that is known already, byte for byte, was
 * verified when it came first. */
#include "base/compiler.h"
#include "node/inner.h"

static void claim(struct hsy_claims *c, const struct hearsay_id *signer,
                  const struct hsy_sig *sig, size_t offset)
{
    HSY_ASSERT(c->bytes.len >= offset);
    if (c->claims != NULL) {
        c->claims[c->count] =
            (struct hsy_claim){.signer = *signer,
                               .sig = *sig,
                               .offset = (uint32_t)offset,
                               .len = (uint32_t)(c->bytes.len - offset)};
    }
    c->count++;
}

/* It begins with its signer's id and ends with the signature. */
static void of_encoded(struct hsy_claims *c, const struct hsy_encoded *record)
{
    const void *id = record->bytes;
    const void *sig = record->bytes + record->len - HSY_SIG_LEN;
    size_t at = c->bytes.len;

    HSY_ASSERT(!c->bytes.bad);
    if (!hsy_core_knows(&c->node->core, record)) {
        hsy_encoded_signed_bytes(&c->bytes, record);
        claim(c, id, sig, at);
    }
}

void hsy_claims_of_record(struct hsy_claims *c, const struct hsy_record *record)
{
    HSY_UNSET uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    hsy_put_record(&out, record);
    HSY_ASSERT(!out.bad);
    struct hsy_encoded encoded = {.bytes = bytes, .len = out.len};
    of_encoded(c, &encoded);
}

static void of_records(struct hsy_claims *c, const struct hsy_records *records)
{
    struct hsy_reader at = hsy_reader(records->bytes, records->len);
    struct hsy_encoded encoded;

    while (hsy_records_next_encoded(&at, &encoded)) {
        of_encoded(c, &encoded);
    }
}

static void of_leave(struct hsy_claims *c, const struct hsy_leave *leave)
{
    size_t at = c->bytes.len;

    hsy_leave_signed_bytes(&c->bytes, leave);
    claim(c, &leave->id, &leave->sig, at);
}

static void of_report(struct hsy_claims *c, const struct hsy_report *report)
{
    size_t at = c->bytes.len;

    hsy_report_signed_bytes(&c->bytes, report);
    claim(c, &report->notifier, &report->sig, at);
}

static void of_verdict(struct hsy_claims *c, const struct hsy_verdict *verdict)
{
    size_t at = c->bytes.len;

    hsy_verdict_signed_bytes(&c->bytes, verdict);
    claim(c, &verdict->seed, &verdict->sig, at);
}

static void of_links(struct hsy_claims *c, const struct hsy_links *links)
{
    size_t at = c->bytes.len;

    hsy_links_signed_bytes(&c->bytes, links);
    claim(c, &links->id, &links->sig, at);
}

static void of_bundle(struct hsy_claims *c, const struct hsy_bundle *bundle)
{
    size_t at = c->bytes.len;

    hsy_bundle_signed_bytes(&c->bytes, bundle);
    claim(c, &bundle->origin, &bundle->sig, at);
}

static void of_direct(struct hsy_claims *c, const struct hsy_direct *direct)
{
    size_t at = c->bytes.len;

    hsy_direct_signed_bytes(&c->bytes, direct);
    claim(c, &direct->origin, &direct->sig, at);
}

static void of_certificate(struct hsy_claims *c,
                           const struct hsy_certificate *certificate)
{
    HSY_ASSERT(certificate->verdicts_count <= HSY_VERDICTS_MAX);
    hsy_claims_of_record(c, &certificate->record);
    for (uint32_t i = 0; i < certificate->verdicts_count; i++) {
        of_verdict(c, &certificate->verdicts[i]);
    }
}

static void of_entry(struct hsy_claims *c, const struct hsy_sync_entry *entry)
{
    switch (entry->kind) {
    case HSY_SYNC_RECORD:
        hsy_claims_of_record(c, &entry->record);
        return;
    case HSY_SYNC_LINKS:
        of_links(c, &entry->links);
        return;
    case HSY_SYNC_DEATH:
        of_certificate(c, &entry->certificate);
        return;
    case HSY_SYNC_LEFT:
        hsy_claims_of_record(c, &entry->left.record);
        of_leave(c, &entry->left.leave);
        return;
    }
}

static void of_entries(struct hsy_claims *c, const uint8_t *entries,
                       uint32_t len)
{
    struct hsy_reader at = hsy_reader(entries, len);
    HSY_UNSET struct hsy_sync_entry entry;

    while (hsy_sync_next(&at, &entry)) {
        of_entry(c, &entry);
    }
}

void hsy_claims_of_frame(struct hsy_claims *c, const struct hsy_frame *frame)
{
    HSY_ASSERT(c->count == 0);
    /* tidy: dispatch */
    switch (frame->type) {
    case HSY_LEAVE:
        of_leave(c, &frame->leave);
        return;
    case HSY_REGISTER:
        hsy_claims_of_record(c, &frame->reg);
        return;
    case HSY_RECORD:
        hsy_claims_of_record(c, &frame->record);
        return;
    case HSY_REGISTERED:
        of_records(c, &frame->registered.sample);
        return;
    case HSY_PEERS:
        of_records(c, &frame->peers.records);
        return;
    case HSY_LINKS:
        of_links(c, &frame->links);
        return;
    case HSY_DEAD_REPORT:
    case HSY_DEAD_NOTICE:
        of_report(c, &frame->report);
        return;
    case HSY_SEED_SYNC:
        of_entries(c, frame->sync.entries, frame->sync.entries_len);
        return;
    case HSY_FACTS:
        of_entries(c, frame->facts.entries, frame->facts.entries_len);
        return;
    case HSY_MEMBER:
        of_entries(c, frame->member.facts.entries,
                   frame->member.facts.entries_len);
        return;
    case HSY_VERDICT:
        of_verdict(c, &frame->verdict.verdict);
        hsy_claims_of_record(c, &frame->verdict.record);
        return;
    case HSY_BRIDGE:
        of_records(c, &frame->bridge.records);
        return;
    case HSY_REFUSE:
        of_records(c, &frame->refuse.alternatives);
        return;
    case HSY_BUNDLE:
        of_bundle(c, &frame->bundle.bundle);
        return;
    case HSY_PRUNE:
        of_records(c, &frame->prune.alternatives);
        return;
    case HSY_DIRECT:
        of_direct(c, &frame->direct.direct);
        return;
    case HSY_HELLO: /* Its record is verified together with AUTH. */
    case HSY_AUTH:
    case HSY_ERROR:
    case HSY_PING:
    case HSY_PONG:
    case HSY_LOOKUP:
    case HSY_PEERS_GET:
    case HSY_CONNECT:
    case HSY_ACCEPT:
    case HSY_IHAVE:
    case HSY_GRAFT:
    case HSY_DIGEST:
    case HSY_PULL:
    case HSY_GONE:
    case HSY_ROOT:
    case HSY_ACK:
    case HSY_FETCH:
    case HSY_PIECE:
    case HSY_REACH:
    case HSY_READ:
    case HSY_SEED_DIGEST:
    case HSY_SEED_PULL:
    case HSY_WATCH:
        return;
    }
}
