/* Frames that set a link up and tell why it ends. */
#include "wire/codec.h"

#include "base/assert.h"

/* HELLO:
 *
 *     version_min u16 | version_max u16 | network_len u8 | network | trust u8
 *     features u64 | nonce 32 | observed address 18 | record
 *
 * version_min <= version_max; the network's name is not empty; the observed
 * address may be unknown.
 */
void hsy_wire_put_hello(struct hsy_writer *out, const struct hsy_hello *hello)
{
    HSY_ASSERT(hello->version_min <= hello->version_max);
    HSY_ASSERT(hello->network_len >= 1);
    HSY_ASSERT(hello->network_len <= HEARSAY_NAME_MAX);
    HSY_ASSERT(hello->trust == HSY_TRUST_ORIGIN ||
               hello->trust == HSY_TRUST_MEMBERS);
    hsy_put_u16(out, hello->version_min);
    hsy_put_u16(out, hello->version_max);
    hsy_wire_put_text(out, hello->network, hello->network_len);
    hsy_put_u8(out, (uint8_t)hello->trust);
    hsy_put_u64(out, hello->features);
    hsy_put_bytes(out, hello->nonce, sizeof(hello->nonce));
    hsy_wire_put_addr(out, &hello->observed);
    hsy_put_record(out, &hello->record);
}

void hsy_wire_get_hello(struct hsy_reader *in, struct hsy_hello *hello)
{
    HSY_ASSERT(hello != NULL);
    hello->version_min = hsy_get_u16(in);
    hello->version_max = hsy_get_u16(in);
    hsy_wire_require(in, hello->version_min <= hello->version_max);
    hello->network_len =
        hsy_wire_get_text(in, hello->network, HEARSAY_NAME_MAX);
    hsy_wire_require(in, hello->network_len >= 1);
    hello->trust = (enum hsy_trust)hsy_wire_get_choice(in, HSY_TRUST_ORIGIN,
                                                       HSY_TRUST_MEMBERS);
    hello->features = hsy_get_u64(in);
    hsy_get_bytes(in, hello->nonce, sizeof(hello->nonce));
    hsy_wire_get_addr(in, &hello->observed);
    hsy_get_record(in, &hello->record);
}

/* ERROR:  code u8 | text_len u8 | text, at most 200 bytes
 */
void hsy_wire_put_error(struct hsy_writer *out, const struct hsy_error *error)
{
    HSY_ASSERT(error->code >= HSY_ERROR_VERSION);
    HSY_ASSERT(error->code <= HSY_ERROR_REDUNDANT);
    HSY_ASSERT(error->text_len <= HSY_ERROR_TEXT_MAX);
    hsy_put_u8(out, (uint8_t)error->code);
    hsy_wire_put_text(out, error->text, error->text_len);
}

void hsy_wire_get_error(struct hsy_reader *in, struct hsy_error *error)
{
    HSY_ASSERT(error != NULL);
    error->code = (enum hsy_error_code)hsy_wire_get_choice(
        in, HSY_ERROR_VERSION, HSY_ERROR_REDUNDANT);
    error->text_len = hsy_wire_get_text(in, error->text, HSY_ERROR_TEXT_MAX);
}

/* What AUTH signs; it never travels itself:
 *
 *     "hearsay-auth-1" NUL | role u8 | signer 32 | other 32
 *     signer's nonce 32 | other's nonce 32 | network
 *
 * All but the last have a fixed length: no two meanings share their bytes.
 */
void hsy_auth_signed_bytes(struct hsy_writer *out,
                           const struct hsy_auth_text *auth)
{
    HSY_ASSERT(auth != NULL);
    HSY_ASSERT(auth->network != NULL);
    HSY_ASSERT(auth->network_len >= 1);
    HSY_ASSERT(auth->network_len <= HEARSAY_NAME_MAX);
    hsy_wire_put_domain(out, "hearsay-auth-1");
    hsy_wire_put_bool(out, auth->accepted);
    hsy_wire_put_id(out, &auth->signer);
    hsy_wire_put_id(out, &auth->other);
    hsy_put_bytes(out, auth->signer_nonce, sizeof(auth->signer_nonce));
    hsy_put_bytes(out, auth->other_nonce, sizeof(auth->other_nonce));
    hsy_put_bytes(out, auth->network, auth->network_len);
}
