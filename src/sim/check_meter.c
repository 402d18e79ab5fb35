/* An allocator that counts: each allocation carries its length in front. */
#include "base/assert.h"
#include "base/mem.h"
#include "sim/check.h"

#include <stdalign.h>

struct weighed {
    alignas(max_align_t) size_t len;
};

static void *meter_alloc(void *ctx, size_t len)
{
    struct hsy_meter *meter = ctx;
    if (len > SIZE_MAX - sizeof(struct weighed)) {
        return NULL;
    }
    struct weighed *w = hsy_mem_alloc(&meter->real, sizeof(*w) + len);
    if (w == NULL) {
        return NULL;
    }
    w->len = len;
    meter->live_bytes += len;
    return w + 1;
}

static void meter_free(void *ctx, void *ptr)
{
    struct hsy_meter *meter = ctx;
    if (ptr == NULL) {
        return;
    }
    struct weighed *w = (struct weighed *)ptr - 1;
    HSY_ASSERT(meter->live_bytes >= w->len);
    meter->live_bytes -= w->len;
    hsy_mem_free(&meter->real, w);
}

void hsy_meter_init(struct hsy_meter *meter, const struct hearsay_mem *real)
{
    *meter = (struct hsy_meter){.real = *real};
}

struct hearsay_mem hsy_meter_mem(struct hsy_meter *meter)
{
    return (struct hearsay_mem){
        .alloc = meter_alloc, .free = meter_free, .ctx = meter};
}

/* What `hearsay seed --print-limits` adds up, without the host's part; the
 * bytes of one are those of src/cli/limits.c; a link's ids are in its own. */
static uint64_t ceiling_of(const struct hearsay_config *n)
{
    enum { LINK_LEN = 8192, RECORD_LEN = 1536, SEEN_LEN = 64, JOB_LEN = 17408 };
    uint64_t records =
        n->role == HEARSAY_SEED ? n->peers_max : (uint64_t)n->book_max;
    return n->links_max * ((uint64_t)LINK_LEN + n->queue_max + n->frame_max) +
           records * RECORD_LEN + (uint64_t)n->seen_max * SEEN_LEN +
           (uint64_t)n->jobs_max * JOB_LEN +
           (n->role == HEARSAY_SEED ? 0 : n->bulk_bytes);
}

uint64_t hsy_meter_ceiling(const struct hsy_cluster_config *config)
{
    return config->seeds * ceiling_of(config->seed_config) +
           config->peers * ceiling_of(config->peer_config);
}
