/* The smallest pieces of the wire format: ids, addresses, signatures, texts
 * and checked numbers. Everything above is made of these, so a rule such as
 * "a text holds no NUL" has one place. */
#include "wire/codec.h"

#include <string.h>

#include "base/assert.h"

void hsy_wire_put_id(struct hsy_writer *out, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    hsy_put_bytes(out, id->bytes, sizeof(id->bytes));
}

void hsy_wire_get_id(struct hsy_reader *in, struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    hsy_get_bytes(in, id->bytes, sizeof(id->bytes));
}

void hsy_wire_put_sig(struct hsy_writer *out, const struct hsy_sig *sig)
{
    HSY_ASSERT(sig != NULL);
    hsy_put_bytes(out, sig->bytes, sizeof(sig->bytes));
}

void hsy_wire_get_sig(struct hsy_reader *in, struct hsy_sig *sig)
{
    HSY_ASSERT(sig != NULL);
    hsy_get_bytes(in, sig->bytes, sizeof(sig->bytes));
}

/* Address:  ip 16 | port u16          IPv4 as ::ffff:a.b.c.d; all 0: unknown
 */
void hsy_wire_put_addr(struct hsy_writer *out, const struct hearsay_addr *addr)
{
    HSY_ASSERT(addr != NULL);
    hsy_put_bytes(out, addr->ip, sizeof(addr->ip));
    hsy_put_u16(out, addr->port);
}

void hsy_wire_get_addr(struct hsy_reader *in, struct hearsay_addr *addr)
{
    HSY_ASSERT(addr != NULL);
    hsy_get_bytes(in, addr->ip, sizeof(addr->ip));
    addr->port = hsy_get_u16(in);
}

void hsy_wire_put_incarnation(struct hsy_writer *out, uint64_t incarnation)
{
    HSY_ASSERT(hsy_incarnation_valid(incarnation));
    hsy_put_u64(out, incarnation);
}

uint64_t hsy_wire_get_incarnation(struct hsy_reader *in)
{
    uint64_t incarnation = hsy_get_u64(in);
    hsy_wire_require(in, hsy_incarnation_valid(incarnation));
    return incarnation;
}

void hsy_wire_put_bool(struct hsy_writer *out, bool value)
{
    hsy_put_u8(out, value ? 1 : 0);
}

bool hsy_wire_get_bool(struct hsy_reader *in)
{
    return hsy_wire_get_choice(in, 0, 1) == 1;
}

uint8_t hsy_wire_get_choice(struct hsy_reader *in, uint8_t first, uint8_t last)
{
    HSY_ASSERT(first <= last);
    uint8_t value = hsy_get_u8(in);
    hsy_wire_require(in, value >= first && value <= last);
    return in->bad ? first : value;
}

/* Text:  len u8 | bytes               no NUL inside, none after
 */
void hsy_wire_put_text(struct hsy_writer *out, const char *text, uint8_t len)
{
    HSY_ASSERT(text != NULL);
    HSY_ASSERT(memchr(text, 0, len) == NULL);
    hsy_put_u8(out, len);
    hsy_put_bytes(out, text, len);
}

uint8_t hsy_wire_get_text(struct hsy_reader *in, char *out, uint8_t max)
{
    HSY_ASSERT(out != NULL);
    uint8_t len = hsy_get_u8(in);
    hsy_wire_require(in, len <= max);
    if (in->bad) {
        return 0;
    }
    hsy_get_bytes(in, out, len);
    hsy_wire_require(in, memchr(out, 0, len) == NULL);
    return in->bad ? 0 : len;
}

void hsy_wire_put_domain(struct hsy_writer *out, const char *domain)
{
    HSY_ASSERT(domain != NULL);
    hsy_put_bytes(out, domain, strlen(domain) + 1);
}
