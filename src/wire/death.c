/* The ways out of the network, from a word to a proof: a LEAVE is signed by
 * the one who goes, a report is a neighbour's suspicion, a verdict is one
 * seed's own finding, and a certificate gathers verdicts of many seeds. */
#include "wire/codec.h"

#include "base/addr.h"
#include "base/assert.h"

/* Leave:  id 32 | incarnation u64 | issued at u64, ms | signature 64, by id
 */
static void put_leave_body(struct hsy_writer *out,
                           const struct hsy_leave *leave)
{
    HSY_ASSERT(leave != NULL);
    hsy_wire_put_id(out, &leave->id);
    hsy_wire_put_incarnation(out, leave->incarnation);
    hsy_put_u64(out, leave->issued_ms);
}

void hsy_put_leave(struct hsy_writer *out, const struct hsy_leave *leave)
{
    put_leave_body(out, leave);
    hsy_wire_put_sig(out, &leave->sig);
}

void hsy_get_leave(struct hsy_reader *in, struct hsy_leave *leave)
{
    HSY_ASSERT(leave != NULL);
    hsy_wire_get_id(in, &leave->id);
    leave->incarnation = hsy_wire_get_incarnation(in);
    leave->issued_ms = hsy_get_u64(in);
    hsy_wire_get_sig(in, &leave->sig);
}

void hsy_leave_signed_bytes(struct hsy_writer *out,
                            const struct hsy_leave *leave)
{
    hsy_wire_put_domain(out, "hearsay-leave-1");
    put_leave_body(out, leave);
}

/* Report:
 *
 *     subject 32 | incarnation u64 | subject's address 18 | wall time u64, ms
 *     notifier 32 | notifier's address 18 | signature 64, by notifier
 */
static void put_report_body(struct hsy_writer *out,
                            const struct hsy_report *report)
{
    HSY_ASSERT(report != NULL);
    hsy_wire_put_id(out, &report->subject);
    hsy_wire_put_incarnation(out, report->incarnation);
    hsy_wire_put_addr(out, &report->subject_addr);
    hsy_put_u64(out, report->wall_ms);
    hsy_wire_put_id(out, &report->notifier);
    hsy_wire_put_addr(out, &report->notifier_addr);
}

void hsy_put_report(struct hsy_writer *out, const struct hsy_report *report)
{
    put_report_body(out, report);
    hsy_wire_put_sig(out, &report->sig);
}

void hsy_get_report(struct hsy_reader *in, struct hsy_report *report)
{
    HSY_ASSERT(report != NULL);
    hsy_wire_get_id(in, &report->subject);
    report->incarnation = hsy_wire_get_incarnation(in);
    hsy_wire_get_addr(in, &report->subject_addr);
    report->wall_ms = hsy_get_u64(in);
    hsy_wire_get_id(in, &report->notifier);
    hsy_wire_get_addr(in, &report->notifier_addr);
    hsy_wire_get_sig(in, &report->sig);
}

void hsy_report_signed_bytes(struct hsy_writer *out,
                             const struct hsy_report *report)
{
    hsy_wire_put_domain(out, "hearsay-report-1");
    put_report_body(out, report);
}

/* Verdict:
 *
 *     subject 32 | incarnation u64 | wall time u64, ms | seed 32
 *     signature 64, by seed
 */
static void put_verdict_body(struct hsy_writer *out,
                             const struct hsy_verdict *verdict)
{
    HSY_ASSERT(verdict != NULL);
    hsy_wire_put_id(out, &verdict->subject);
    hsy_wire_put_incarnation(out, verdict->incarnation);
    hsy_put_u64(out, verdict->wall_ms);
    hsy_wire_put_id(out, &verdict->seed);
}

void hsy_put_verdict(struct hsy_writer *out, const struct hsy_verdict *verdict)
{
    put_verdict_body(out, verdict);
    hsy_wire_put_sig(out, &verdict->sig);
}

void hsy_get_verdict(struct hsy_reader *in, struct hsy_verdict *verdict)
{
    HSY_ASSERT(verdict != NULL);
    hsy_wire_get_id(in, &verdict->subject);
    verdict->incarnation = hsy_wire_get_incarnation(in);
    verdict->wall_ms = hsy_get_u64(in);
    hsy_wire_get_id(in, &verdict->seed);
    hsy_wire_get_sig(in, &verdict->sig);
}

void hsy_verdict_signed_bytes(struct hsy_writer *out,
                              const struct hsy_verdict *verdict)
{
    hsy_wire_put_domain(out, "hearsay-verdict-1");
    put_verdict_body(out, verdict);
}

/* The verdict at @index is on the record, and its seed comes after the one
 * before: one order, and no seed counts twice. */
static bool verdict_fits(const struct hsy_certificate *certificate,
                         uint8_t index)
{
    const struct hsy_verdict *verdict = &certificate->verdicts[index];
    const struct hsy_record *record = &certificate->record;
    if (!hsy_id_equal(&verdict->subject, &record->id) ||
        verdict->incarnation != record->incarnation) {
        return false;
    }
    return index == 0 || hsy_id_compare(&certificate->verdicts[index - 1].seed,
                                        &verdict->seed) < 0;
}

/* Certificate:  record | count u8 | count x verdict 144
 *
 * 1 to 17 verdicts, all on the record's id and incarnation, their seeds in
 * strictly ascending order. Whether they are a majority is for the reader.
 */
void hsy_put_certificate(struct hsy_writer *out,
                         const struct hsy_certificate *certificate)
{
    HSY_ASSERT(certificate != NULL);
    HSY_ASSERT(certificate->verdicts_count >= 1);
    HSY_ASSERT(certificate->verdicts_count <= HSY_VERDICTS_MAX);
    hsy_put_record(out, &certificate->record);
    hsy_put_u8(out, certificate->verdicts_count);
    for (uint8_t i = 0; i < certificate->verdicts_count; i++) {
        HSY_ASSERT(verdict_fits(certificate, i));
        hsy_put_verdict(out, &certificate->verdicts[i]);
    }
}

void hsy_get_certificate(struct hsy_reader *in,
                         struct hsy_certificate *certificate)
{
    HSY_ASSERT(certificate != NULL);
    hsy_get_record(in, &certificate->record);
    certificate->verdicts_count = hsy_wire_get_choice(in, 1, HSY_VERDICTS_MAX);
    for (uint8_t i = 0; i < certificate->verdicts_count && !in->bad; i++) {
        hsy_get_verdict(in, &certificate->verdicts[i]);
        hsy_wire_require(in, verdict_fits(certificate, i));
    }
}
