/* What signatures cover: a domain text and the encoding without the
 * signature, so that no signed thing can be passed off as another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/test_wire_samples.h"

static struct samples samples;

struct bytes {
    uint8_t data[SAMPLE_FRAME_MAX];
    struct hsy_writer out;
};
static struct bytes text, plain;

static void begin(void)
{
    text.out = hsy_writer(text.data, sizeof(text.data));
    plain.out = hsy_writer(plain.data, sizeof(plain.data));
}

/* @text is the domain, its NUL, and @plain up to its last 64 bytes. */
static void claim_signed(const char *domain)
{
    size_t domain_len = strlen(domain) + 1;
    assert_false(text.out.bad);
    assert_false(plain.out.bad);
    assert_int_equal(text.out.len, domain_len + plain.out.len - HSY_SIG_LEN);
    assert_memory_equal(text.data, domain, domain_len);
    assert_memory_equal(text.data + domain_len, plain.data,
                        plain.out.len - HSY_SIG_LEN);
}

static void a_record_is_signed_under_its_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = sample_record(&samples);
    hsy_record_signed_bytes(&text.out, &record);
    hsy_put_record(&plain.out, &record);
    claim_signed("hearsay-record-1");
}

static void an_encoded_record_is_signed_as_the_record_is(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = sample_record(&samples);
    hsy_put_record(&plain.out, &record);
    struct hsy_encoded encoded = {.bytes = plain.data, .len = plain.out.len};
    hsy_encoded_signed_bytes(&text.out, &encoded);
    claim_signed("hearsay-record-1");
}

static void a_leave_is_signed_under_its_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_leave leave = sample_leave(&samples);
    hsy_leave_signed_bytes(&text.out, &leave);
    hsy_put_leave(&plain.out, &leave);
    claim_signed("hearsay-leave-1");
}

static void a_report_is_signed_under_its_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_report report = sample_report(&samples);
    hsy_report_signed_bytes(&text.out, &report);
    hsy_put_report(&plain.out, &report);
    claim_signed("hearsay-report-1");
}

static void a_verdict_is_signed_under_its_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = sample_record(&samples);
    struct hsy_verdict verdict = sample_verdict(&samples, &record);
    hsy_verdict_signed_bytes(&text.out, &verdict);
    hsy_put_verdict(&plain.out, &verdict);
    claim_signed("hearsay-verdict-1");
}

static void links_are_signed_under_their_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_links links = sample_links(&samples, 7);
    hsy_links_signed_bytes(&text.out, &links);
    hsy_put_links(&plain.out, &links);
    claim_signed("hearsay-links-1");
}

static void a_bundle_is_signed_under_its_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle bundle = sample_bundle(&samples, 5);
    hsy_bundle_signed_bytes(&text.out, &bundle);
    hsy_put_bundle(&plain.out, &bundle);
    claim_signed("hearsay-bundle-1");
}

static void the_text_of_auth_is_the_drawn_one(void **state)
{
    (void)state;
    struct hsy_auth_text auth = {
        .accepted = true, .network = "net", .network_len = 3};
    memset(auth.signer.bytes, 1, 32);
    memset(auth.other.bytes, 2, 32);
    memset(auth.signer_nonce, 3, 32);
    memset(auth.other_nonce, 4, 32);
    begin();
    hsy_auth_signed_bytes(&text.out, &auth);
    assert_int_equal(text.out.len, 15 + 1 + 4 * 32 + 3);
    assert_memory_equal(text.data, "hearsay-auth-1", 15);
    assert_int_equal(text.data[15], 1);
    for (size_t i = 0; i < 4 * 32; i++) {
        assert_int_equal(text.data[16 + i], 1 + i / 32);
    }
    assert_memory_equal(text.data + 16 + 4 * 32, "net", 3);
}

static void records_are_equal_only_in_every_field(void **state)
{
    (void)state;
    struct hsy_record a = sample_record(&samples);
    a.addrs_count = 2;
    a.addrs[0] = sample_addr(&samples);
    a.addrs[1] = sample_addr(&samples);
    a.name_len = 3;
    memcpy(a.name, "abc", 4);
    struct hsy_record b = a;
    assert_true(hsy_record_equal(&a, &b));
    b.name[3] = 'z'; /* Not part of the name. */
    assert_true(hsy_record_equal(&a, &b));
#define CLAIM_DIFFERS(change)                   \
    do {                                        \
        b = a;                                  \
        change;                                 \
        assert_false(hsy_record_equal(&a, &b)); \
    } while (0)
    CLAIM_DIFFERS(b.id.bytes[31] ^= 1);
    CLAIM_DIFFERS(b.incarnation++);
    CLAIM_DIFFERS(b.boot_nonce++);
    CLAIM_DIFFERS(b.issued_ms++);
    CLAIM_DIFFERS(b.features++);
    CLAIM_DIFFERS(b.role =
                      a.role == HEARSAY_SEED ? HEARSAY_PEER : HEARSAY_SEED);
    CLAIM_DIFFERS(b.addrs_count--);
    CLAIM_DIFFERS(b.addrs[1].port++);
    CLAIM_DIFFERS(b.addrs[0].ip[3]++);
    CLAIM_DIFFERS(b.name_len--);
    CLAIM_DIFFERS(b.name[2] = 'd');
    CLAIM_DIFFERS(b.sig.bytes[63] ^= 1);
}

static int seed_the_samples(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 21);
    return 0;
}

static void a_direct_message_is_signed_under_its_own_domain(void **state)
{
    (void)state;
    begin();
    struct hsy_direct direct = sample_direct(&samples);
    hsy_direct_signed_bytes(&text.out, &direct);
    hsy_put_direct(&plain.out, &direct);
    claim_signed("hearsay-direct-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_signed_under_its_own_domain),
        cmocka_unit_test(a_direct_message_is_signed_under_its_own_domain),
        cmocka_unit_test(an_encoded_record_is_signed_as_the_record_is),
        cmocka_unit_test(a_leave_is_signed_under_its_own_domain),
        cmocka_unit_test(a_report_is_signed_under_its_own_domain),
        cmocka_unit_test(a_verdict_is_signed_under_its_own_domain),
        cmocka_unit_test(links_are_signed_under_their_own_domain),
        cmocka_unit_test(a_bundle_is_signed_under_its_own_domain),
        cmocka_unit_test(the_text_of_auth_is_the_drawn_one),
        cmocka_unit_test(records_are_equal_only_in_every_field),
    };
    return cmocka_run_group_tests(tests, seed_the_samples, NULL);
}
