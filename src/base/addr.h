/* Addresses and endpoints as text. */
#ifndef HSY_BASE_ADDR_H
#define HSY_BASE_ADDR_H

#include "hearsay.h"

/* "127.0.0.1" or "[::1]": the IP alone, as the mission's texts want it.
 * @out has HEARSAY_ADDR_TEXT_LEN bytes. */
void hsy_addr_ip_text(char out[HEARSAY_ADDR_TEXT_LEN],
                      const struct hearsay_addr *addr);
/* "127.0.0.1" or "::1": as a resolver wants it. */
void hsy_addr_host_text(char out[HEARSAY_ADDR_TEXT_LEN],
                        const struct hearsay_addr *addr);

bool hsy_addr_equal(const struct hearsay_addr *a, const struct hearsay_addr *b);
/* All-zero IP: not known. */
/* Neither :: nor 0.0.0.0. */
bool hsy_addr_has_ip(const struct hearsay_addr *addr);
bool hsy_addr_is_v4(const struct hearsay_addr *addr);
/* The part of the internet that an address is of, the least that has an owner
 * of its own: its IPv4 /24 or IPv6 /48. Never 0 but for addresses that are in
 * no public network (private, shared, loopback, link-local, unique local, not
 * known): those are exempt from all rules about groups. */
uint64_t hsy_addr_group(const struct hearsay_addr *addr);

/* An IP without port: "1.2.3.4", "::1", "2001:db8::1"; no brackets, no zone.
 * HEARSAY_ERR_MALFORMED leaves @out untouched. */
HEARSAY_MUST_USE int hsy_ip_parse(uint8_t out[16], const char *text,
                                  size_t text_len);

/* "host:port", "1.2.3.4:5", "[::1]:5" into host (no brackets) and port.
 * *@why, on HEARSAY_ERR_MALFORMED, is a static text that says what is wrong
 * and what to write (under 100 bytes); @out is untouched then. An IP is kept
 * in its canonical text, a name as it was written; @out is not pinned.
 * Port 0 is allowed when @port_zero_ok. */
HEARSAY_MUST_USE int hsy_endpoint_parse(struct hearsay_seed *out,
                                        const char *text, bool port_zero_ok,
                                        const char **why);

bool hsy_id_equal(const struct hearsay_id *a, const struct hearsay_id *b);
int hsy_id_compare(const struct hearsay_id *a, const struct hearsay_id *b);
/* 64 hex digits, either case. HEARSAY_ERR_MALFORMED. */
HEARSAY_MUST_USE int hsy_id_parse(struct hearsay_id *out, const char *text,
                                  size_t text_len);

#endif
