/* struct hearsay_addr to and from struct sockaddr. */
#include "runtime/sockaddr.h"

#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "base/assert.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};

int hsy_sockaddr_read(struct hearsay_addr *out, const struct sockaddr *sa)
{
    HSY_ASSERT(out != NULL);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (sa->sa_family == AF_INET) {
        memcpy(&v4, sa, sizeof(v4));
        memcpy(out->ip, v4_prefix, sizeof(v4_prefix));
        memcpy(out->ip + 12, &v4.sin_addr, 4);
        out->port = ntohs(v4.sin_port);
        return 0;
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(&v6, sa, sizeof(v6));
        memcpy(out->ip, &v6.sin6_addr, 16);
        out->port = ntohs(v6.sin6_port);
        return 0;
    }
    return HEARSAY_ERR_INVALID;
}

socklen_t hsy_sockaddr_write(struct sockaddr_storage *out,
                             const struct hearsay_addr *addr)
{
    *out = (struct sockaddr_storage){0};
    if (hsy_addr_is_v4(addr)) {
        struct sockaddr_in v4 = {.sin_family = AF_INET,
                                 .sin_port = htons(addr->port)};
        memcpy(&v4.sin_addr, addr->ip + 12, 4);
        memcpy(out, &v4, sizeof(v4));
        return sizeof(v4);
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(addr->port)};
    memcpy(&v6.sin6_addr, addr->ip, 16);
    memcpy(out, &v6, sizeof(v6));
    return sizeof(v6);
}

static struct hearsay_addr
end_of(int fd, int (*name)(int fd, struct sockaddr *out, socklen_t *len))
{
    struct hearsay_addr addr = {.port = 0};
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    if (name(fd, (struct sockaddr *)&ss, &len) != 0 ||
        hsy_sockaddr_read(&addr, (const struct sockaddr *)&ss) != 0) {
        return (struct hearsay_addr){.port = 0};
    }
    return addr;
}

/* glibc declares these two with a transparent union, which is no plain
 * function type. */
static int local_name(int fd, struct sockaddr *out, socklen_t *len)
{
    return getsockname(fd, out, len);
}

static int remote_name(int fd, struct sockaddr *out, socklen_t *len)
{
    return getpeername(fd, out, len);
}

struct hearsay_addr hsy_sockaddr_local(int fd)
{
    return end_of(fd, local_name);
}

struct hearsay_addr hsy_sockaddr_remote(int fd)
{
    return end_of(fd, remote_name);
}

bool hsy_addr_is_wildcard(const struct hearsay_addr *addr)
{
    return !hsy_addr_has_ip(addr);
}
