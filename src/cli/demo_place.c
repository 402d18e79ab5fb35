/* The lock is an flock on a file in the directory itself, so that it ends
 * with its process, however that ends. Only what a demo makes is removed:
 * seedN, peerN and config.txt; a directory of that name that somebody else
 * keeps things in loses nothing else. */
#include "cli/demo_place.h"

#include "base/assert.h"
#include "runtime/clock.h"
#include "runtime/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, PORT_FIRST = 10000, PORTS = 22000, PORT_TRIES = 100 };

/* ------------------------------------------------------------ emptying */

/* An open directory below @parent_fd; NULL: there is none. */
static DIR *dir_open(int parent_fd, const char *name)
{
    int fd = openat(parent_fd, name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
    }
    return dir;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes @name below @parent_fd with all it holds; never follows a link. */
static int tree_remove(int parent_fd, const char *name, int depth)
{
    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    DIR *dir = depth > 0 ? dir_open(parent_fd, name) : NULL;
    if (dir == NULL) {
        return HEARSAY_ERR_IO;
    }
    int err = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (!is_dots(e->d_name) &&
            tree_remove(dirfd(dir), e->d_name, depth - 1) != 0) {
            err = HEARSAY_ERR_IO;
        }
    }
    closedir(dir);
    return err == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) == 0
               ? 0
               : HEARSAY_ERR_IO;
}

static bool is_ours(const char *name)
{
    if (strcmp(name, "config.txt") == 0) {
        return true;
    }
    if (strncmp(name, "seed", 4) != 0 && strncmp(name, "peer", 4) != 0) {
        return false;
    }
    return name[4] != '\0' &&
           strspn(name + 4, "0123456789") == strlen(name + 4);
}

int hsy_demo_place_clean(struct hearsay_runtime_error *error)
{
    DIR *dir = dir_open(AT_FDCWD, HSY_DEMO_DIR);
    if (dir == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_IO, "%s: %s", HSY_DEMO_DIR,
                             strerror(errno));
    }
    int err = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (is_ours(e->d_name) &&
            tree_remove(dirfd(dir), e->d_name, DEPTH_MAX) != 0) {
            err = hsy_error_set(error, HEARSAY_ERR_IO,
                                "%s/%s: cannot remove what an earlier demo "
                                "left: %s",
                                HSY_DEMO_DIR, e->d_name, strerror(errno));
        }
    }
    closedir(dir);
    return err;
}

/* ------------------------------------------------------------- locking */

static int lock_take(int *out_fd, struct hearsay_runtime_error *error)
{
    int fd = open(HSY_DEMO_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return hsy_error_set(error, HEARSAY_ERR_IO, "%s/lock: %s", HSY_DEMO_DIR,
                             strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return hsy_error_set(error, HEARSAY_ERR_LOCKED,
                             "another demo runs in ./%s; end it, or start "
                             "this one in another directory",
                             HSY_DEMO_DIR);
    }
    *out_fd = fd;
    return 0;
}

int hsy_demo_place_open(struct hsy_demo_place *out,
                        struct hearsay_runtime_error *error)
{
    int fd = -1;
    int err = hsy_dir_make(HSY_DEMO_DIR, 0700, error);
    if (err == 0) {
        err = lock_take(&fd, error);
    }
    if (err != 0) {
        return err;
    }
    err = hsy_demo_place_clean(error);
    if (err != 0) {
        close(fd);
        return err;
    }
    *out = (struct hsy_demo_place){.lock_fd = fd};
    return 0;
}

void hsy_demo_place_close(struct hsy_demo_place *place)
{
    close(place->lock_fd);
    place->lock_fd = -1;
}

/* --------------------------------------------------------------- ports */

/* Not bound: -1. */
static int bind_port(uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Below the range that outgoing connections take their ports from, so that
 * no node's dial takes the port of a seed that is not up yet. */
static int bind_any(uint16_t *out_port)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t random = 0;
        if (hsy_random(&random, sizeof(random)) != 0) {
            break;
        }
        uint16_t port = (uint16_t)(PORT_FIRST + random % PORTS);
        int fd = bind_port(port);
        if (fd >= 0) {
            *out_port = port;
            return fd;
        }
    }
    return -1;
}

/* All are held at once, so that all differ. */
static int ports_choose(uint16_t *ports, uint32_t count)
{
    int fds[HEARSAY_SEEDS_MAX];
    uint32_t held = 0;
    while (held < count && (fds[held] = bind_any(&ports[held])) >= 0) {
        held++;
    }
    int err = held == count ? 0 : HEARSAY_ERR_IO;
    while (held > 0) {
        close(fds[--held]);
    }
    return err;
}

int hsy_demo_place_choose(struct hsy_demo_place *place, uint32_t seeds,
                          struct hearsay_runtime_error *error)
{
    HSY_ASSERT(seeds >= 1);
    HSY_ASSERT(seeds <= HEARSAY_SEEDS_MAX);
    if (ports_choose(place->ports, seeds) != 0) {
        return hsy_error_set(error, HEARSAY_ERR_IO,
                             "no free port on 127.0.0.1: %s", strerror(errno));
    }
    char text[64 + HEARSAY_SEEDS_MAX * 24];
    int len = snprintf(text, sizeof(text), "# The seeds of this demo.\n");
    for (uint32_t i = 0; i < seeds; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len,
                        "127.0.0.1:%u\n", place->ports[i]);
    }
    HSY_ASSERT((size_t)len < sizeof(text));
    return hsy_file_write(HSY_DEMO_SEEDS_FILE, text, (size_t)len, 0600, error);
}

static bool is_v4(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

bool hsy_demo_port_taken(const struct hearsay_addr *addr)
{
    bool v4 = is_v4(addr->ip);
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    in4.sin_port = in6.sin6_port = htons(addr->port);
    memcpy(&in4.sin_addr, addr->ip + 12, 4);
    memcpy(&in6.sin6_addr, addr->ip, 16);
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0) {
        return true;
    }
    /* As a server would: what lingers in TIME_WAIT is no obstacle. */
    int set = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int bound = v4 ? bind(fd, (struct sockaddr *)&in4, sizeof(in4))
                   : bind(fd, (struct sockaddr *)&in6, sizeof(in6));
    bool taken = set != 0 || bound != 0 || listen(fd, 1) != 0;
    close(fd);
    return taken;
}
