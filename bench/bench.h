/* What the programs of the benches with real peers share. */
#ifndef HSY_BENCH_BENCH_H
#define HSY_BENCH_BENCH_H

#include <hearsay.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What @key stands for in @path of /proc, in KiB; 0: the kernel does not say.
 */
static inline uint64_t bench_kib(const char *path, const char *key)
{
    char line[256];
    uint64_t kib = 0;
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            (void)sscanf(line + strlen(key), ": %" SCNu64, &kib);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

/* @count arguments, each HOST:PORT, into @out, which has room for
 * HEARSAY_SEEDS_MAX. False: one is not, or they are too many. */
static inline bool bench_seeds(struct hearsay_seed *out, int count,
                               char *const *arguments)
{
    for (int i = 0; i < count; i++) {
        unsigned port = 0;
        if (i == HEARSAY_SEEDS_MAX) {
            return false;
        }
        out[i] = (struct hearsay_seed){.port = 0};
        if (sscanf(arguments[i], "%253[^:]:%u", out[i].host, &port) != 2 ||
            port > UINT16_MAX) {
            return false;
        }
        out[i].port = (uint16_t)port;
    }
    return true;
}

#endif
