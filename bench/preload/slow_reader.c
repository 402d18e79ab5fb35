/* Makes a process read a byte a second of each connection with a given host:
 * for LD_PRELOAD, in benches only. SLOW_READER_HOST names the host, and it
 * happens while there is a file SLOW_READER_FILE. libuv asks again as long as
 * there is something to read, so each refusal takes a while. */
#define _GNU_SOURCE 1

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FDS_MAX = 4096, REFUSAL_NS = 2000000, LOOK_MS = 100 };

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_on(void)
{
    static uint64_t looked_ms;
    static bool on;
    const char *path = getenv("SLOW_READER_FILE");

    if (path != NULL && now_ms() - looked_ms >= LOOK_MS) {
        looked_ms = now_ms();
        on = access(path, F_OK) == 0;
    }
    return on;
}

/* Is it a connection with the host? */
static bool is_meant(int fd)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    char text[INET6_ADDRSTRLEN] = "";
    const char *host = getenv("SLOW_READER_HOST");
    const char *ip = text;

    if (fd < 0 || fd >= FDS_MAX || host == NULL ||
        getpeername(fd, (struct sockaddr *)&from, &len) != 0) {
        return false;
    }
    if (from.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&from;
        (void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
    } else if (from.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)&from;
        (void)inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
        ip = text[0] == ':' && text[1] == ':' && text[2] == 'f' ? text + 7
                                                                : text;
    }
    for (size_t i = 0;; i++) {
        if (ip[i] != host[i]) {
            return false;
        }
        if (ip[i] == '\0') {
            return true;
        }
    }
}

ssize_t read(int fd, void *out, size_t len)
{
    static ssize_t (*real)(int, void *, size_t);
    static uint64_t last_ms[FDS_MAX];

    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "read");
    }
    if (!is_on() || !is_meant(fd)) {
        return real(fd, out, len);
    }
    if (now_ms() - last_ms[fd] < 1000) {
        (void)nanosleep(&(struct timespec){.tv_nsec = REFUSAL_NS}, NULL);
        errno = EAGAIN;
        return -1;
    }
    last_ms[fd] = now_ms();
    return real(fd, out, len > 0 ? 1 : 0);
}
