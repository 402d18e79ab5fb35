/* Counts what the C library says a block really holds, its rounding included,
 * so the sum is what the process costs but for the library's own headers. */
#include "cli/sim_memory.h"

#include "cli/cli.h"
#include "runtime/process.h"
#include "sim/study.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Bytes of one peer after joining and ten messages, measured with room to
 * spare (./run bench sim --scale), and of what does not depend on them. */
enum { PEER_LEN = 64 * 1024, LEAN_PEER_LEN = 18 * 1024, FIXED_LEN = 4 << 20 };

/* The library's own header before each block. */
enum { HEADER_LEN = sizeof(size_t) };

static void *counted_alloc(void *ctx, size_t len)
{
    struct hsy_sim_memory *m = ctx;
    if (len > m->max || m->used > m->max - len) {
        m->refused = true;
        return NULL;
    }
    const struct hearsay_mem *mem = hearsay_mem_default();
    void *ptr = mem->alloc(mem->ctx, len);
    if (ptr != NULL) {
        m->used += hsy_process_block_len(ptr) + HEADER_LEN;
        m->peak = m->used > m->peak ? m->used : m->peak;
    }
    return ptr;
}

static void counted_free(void *ctx, void *ptr)
{
    struct hsy_sim_memory *m = ctx;
    if (ptr != NULL) {
        const struct hearsay_mem *mem = hearsay_mem_default();
        m->used -= hsy_process_block_len(ptr) + HEADER_LEN;
        mem->free(mem->ctx, ptr);
    }
}

struct hearsay_mem hsy_sim_memory_of(struct hsy_sim_memory *memory)
{
    return (struct hearsay_mem){
        .alloc = counted_alloc, .free = counted_free, .ctx = memory};
}

/* The number behind @key in a file of lines "Key:  123 kB". */
static uint64_t read_kib(const char *path, const char *key)
{
    char line[256];
    uint64_t kib = 0;
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0 &&
            sscanf(line + strlen(key), "%" SCNu64, &kib) == 1) {
            break;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return kib;
}

uint64_t hsy_sim_memory_free(void)
{
    uint64_t kib = read_kib("/proc/meminfo", "MemAvailable:");
    return kib == 0 ? UINT64_MAX : kib * 1024 / 10 * 9;
}

uint64_t hsy_sim_rss_kib(void)
{
    return read_kib("/proc/self/status", "VmHWM:");
}

uint64_t hsy_sim_memory_needed(uint32_t peers)
{
    uint64_t each = peers >= HSY_STUDY_LEAN ? LEAN_PEER_LEN : PEER_LEN;
    return FIXED_LEN + each * peers;
}

void hsy_sim_memory_complain(const char *what,
                             const struct hsy_sim_memory *memory)
{
    char max[HSY_SIM_BYTES_LEN];
    if (memory->refused) {
        hsy_sim_bytes_text(max, memory->max);
        hsy_cli_complain("%s needs more than the %s that it may use; fewer "
                         "peers, or more with --memory-max",
                         what, max);
    } else {
        hsy_cli_complain("%s is out of memory: the machine, or a limit of this "
                         "process, gives no more; fewer peers, or raise it",
                         what);
    }
}

void hsy_sim_bytes_text(char out[HSY_SIM_BYTES_LEN], uint64_t bytes)
{
    const char *unit = bytes >> 30 != 0 ? "GiB" : "MiB";
    uint64_t tenths = (bytes >> (bytes >> 30 != 0 ? 20 : 10)) * 10 / 1024;
    snprintf(out, HSY_SIM_BYTES_LEN, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
             tenths % 10, unit);
}
