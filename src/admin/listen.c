/* The daemon could bind by itself, but says only "no" when it cannot. Here
 * each refusal has a text, and the socket file its mode from the beginning:
 * bind() on Linux gives the file the mode that fchmod() gave the socket, so
 * there is no moment at which others may connect. */
#include "admin/listen.h"

#include "base/addr.h"
#include "runtime/files.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

/* 0: somebody answers; else the errno of the try. */
static int try_connect(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    struct sockaddr_un address = unix_address(path);
    int err = 0;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        err = errno;
    }
    close(fd);
    return err;
}

/* Makes sure that nothing is at @path. */
static int clear_path(const char *path, struct hearsay_runtime_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return 0; /* If it is not for want of a file, bind() will tell. */
    }
    if (!S_ISSOCK(info.st_mode)) {
        return hsy_error_set(error, HEARSAY_ERR_IO,
                             "%s: there is something that is no socket; "
                             "remove it, or choose another --socket",
                             path);
    }
    if (try_connect(path) != ECONNREFUSED) {
        return hsy_error_set(error, HEARSAY_ERR_IO,
                             "%s: another process listens there; stop it, or "
                             "choose another --socket",
                             path);
    }
    if (unlink(path) != 0) {
        return hsy_error_set(error, HEARSAY_ERR_IO,
                             "%s: the stale socket cannot be removed: %s", path,
                             strerror(errno));
    }
    return 0;
}

static int bind_unix(int fd, const char *path, struct hsy_unix_socket *out)
{
    struct sockaddr_un address = unix_address(path);
    struct stat info;
    if (fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return -1;
    }
    if (chmod(path, 0600) != 0 || lstat(path, &info) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int err = errno;
        unlink(path);
        errno = err;
        return -1;
    }
    *out = (struct hsy_unix_socket){fd, info.st_dev, info.st_ino};
    return 0;
}

int hsy_listen_unix(struct hsy_unix_socket *out, const char *path,
                    struct hearsay_runtime_error *error)
{
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return hsy_error_set(error, HEARSAY_ERR_INVALID,
                             "%s: too long for a socket; choose a shorter "
                             "--socket",
                             path);
    }
    int err = clear_path(path, error);
    if (err != 0) {
        return err;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind_unix(fd, path, out) != 0) {
        err = hsy_error_set(error, HEARSAY_ERR_IO,
                            "%s: cannot listen there: %s; choose another "
                            "--socket",
                            path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
    }
    return err;
}

void hsy_unlink_unix(const struct hsy_unix_socket *sock, const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0 && info.st_dev == sock->dev &&
        info.st_ino == sock->ino) {
        unlink(path);
    }
}

/* ------------------------------------------------------------------- TCP */

static socklen_t tcp_address(struct sockaddr_storage *out,
                             const struct hearsay_addr *addr)
{
    memset(out, 0, sizeof(*out));
    if (hsy_addr_is_v4(addr)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(addr->port);
        memcpy(&v4->sin_addr, addr->ip + 12, 4);
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(addr->port);
    memcpy(&v6->sin6_addr, addr->ip, 16);
    return sizeof(*v6);
}

static int bind_tcp(int fd, struct hearsay_addr *bound,
                    const struct hearsay_addr *addr)
{
    static const int on = 1;
    struct sockaddr_storage address;
    socklen_t len = tcp_address(&address, addr);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&address, len) != 0 ||
        listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    *bound = *addr;
    /* Both families keep the port in the same place (RFC 3493, 3.3). */
    bound->port = ntohs(((const struct sockaddr_in *)&address)->sin_port);
    return 0;
}

int hsy_listen_tcp(int *out_fd, struct hearsay_addr *bound,
                   const struct hearsay_addr *addr,
                   struct hearsay_runtime_error *error)
{
    int family = hsy_addr_is_v4(addr) ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind_tcp(fd, bound, addr) == 0) {
        *out_fd = fd;
        return 0;
    }
    char text[HEARSAY_ADDR_TEXT_LEN];
    hearsay_addr_text(text, addr);
    int err = hsy_error_set(error, HEARSAY_ERR_IO,
                            "--http %s: cannot listen there: %s; choose "
                            "another port, or off",
                            text, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return err;
}
