/* Bound, listening, non-blocking sockets for the API. */
#ifndef HSY_ADMIN_LISTEN_H
#define HSY_ADMIN_LISTEN_H

#include "hearsay/runtime.h"

#include <sys/types.h>

struct hsy_unix_socket {
    int fd;
    dev_t dev; /* Which file it is, to remove no other one. */
    ino_t ino;
};

/* Mode 0600. A socket file that nobody answers on is replaced; anything else
 * in its place is left alone and is an error. */
HEARSAY_MUST_USE int hsy_listen_unix(struct hsy_unix_socket *out,
                                     const char *path,
                                     struct hearsay_runtime_error *error);
/* Removes @path if it is still the file that was made. */
void hsy_unlink_unix(const struct hsy_unix_socket *sock, const char *path);

/* *@bound: with the port that the system chose. */
HEARSAY_MUST_USE int hsy_listen_tcp(int *out_fd, struct hearsay_addr *bound,
                                    const struct hearsay_addr *addr,
                                    struct hearsay_runtime_error *error);

#endif
