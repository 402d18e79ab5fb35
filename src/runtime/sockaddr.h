/* Our addresses and the system's. */
#ifndef HSY_RUNTIME_SOCKADDR_H
#define HSY_RUNTIME_SOCKADDR_H

#include <sys/socket.h>

#include "hearsay.h"

/* IPv4 becomes ::ffff:a.b.c.d. HEARSAY_ERR_INVALID: neither IPv4 nor IPv6. */
HEARSAY_MUST_USE int hsy_sockaddr_read(struct hearsay_addr *out,
                                       const struct sockaddr *sa);

/* ::ffff:a.b.c.d becomes IPv4. Returns the length. */
socklen_t hsy_sockaddr_write(struct sockaddr_storage *out,
                             const struct hearsay_addr *addr);

/* The two ends of @fd; zeroed when it has none. */
struct hearsay_addr hsy_sockaddr_local(int fd);
struct hearsay_addr hsy_sockaddr_remote(int fd);

/* 0.0.0.0 or [::]. */
bool hsy_addr_is_wildcard(const struct hearsay_addr *addr);

#endif
