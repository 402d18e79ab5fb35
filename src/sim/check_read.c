/* Reads nodes, through their views, into the facts that checkers are told. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/check.h"
#include "wire/frames.h"

#include <string.h>

enum { ROOM_MIN = 64, TYPE_AT = 4 };

void hsy_fact_reader_init(struct hsy_fact_reader *r,
                          const struct hsy_cluster *cluster,
                          const struct hearsay_mem *mem)
{
    *r = (struct hsy_fact_reader){.mem = *mem, .cluster = cluster};
}

void hsy_fact_reader_fini(struct hsy_fact_reader *r)
{
    hsy_mem_free(&r->mem, r->listed);
    hsy_mem_free(&r->mem, r->links);
    *r = (struct hsy_fact_reader){.mem = r->mem};
}

/* Room for one more of @len bytes at index @count. */
static int reserve(struct hsy_fact_reader *r, void **items, uint32_t *room,
                   uint32_t count, size_t len)
{
    if (count < *room) {
        return HEARSAY_OK;
    }
    uint32_t wider = *room == 0 ? ROOM_MIN : *room * 2;
    void *new_items = hsy_mem_alloc(&r->mem, wider * len);
    if (new_items == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (count > 0) {
        memcpy(new_items, *items, count * len);
    }
    hsy_mem_free(&r->mem, *items);
    *items = new_items;
    *room = wider;
    return HEARSAY_OK;
}

static int read_listed(struct hsy_fact_reader *r, struct hsy_fact *out,
                       const struct hearsay_node *node)
{
    struct hsy_view_rank seen;
    for (uint32_t i = 0; hsy_view_rank(node, i, &seen); i++) {
        struct hsy_listed one = {.state = seen.state,
                                 .incarnation = seen.incarnation};
        if (!hsy_cluster_find(r->cluster, seen.id, &one.subject)) {
            continue; /* Nobody of ours: R3 has no word for it. */
        }
        void *items = r->listed;
        int err =
            reserve(r, &items, &r->listed_room, out->listed_count, sizeof(one));
        r->listed = items;
        if (err != HEARSAY_OK) {
            return err;
        }
        r->listed[out->listed_count] = one;
        out->listed_count++;
    }
    return HEARSAY_OK;
}

static int read_links(struct hsy_fact_reader *r, struct hsy_fact *out,
                      const struct hearsay_node *node)
{
    struct hsy_view_link seen;
    for (uint32_t i = 0; hsy_view_link(node, i, &seen); i++) {
        struct hsy_named one = {.overlay = seen.overlay,
                                .queue_bytes = seen.queue_bytes};
        if (!hsy_cluster_find(r->cluster, &seen.id, &one.to)) {
            continue;
        }
        one.cut = hsy_cluster_blocked(r->cluster, out->node, one.to) ||
                  hsy_cluster_blocked(r->cluster, one.to, out->node);
        void *items = r->links;
        int err =
            reserve(r, &items, &r->links_room, out->links_count, sizeof(one));
        r->links = items;
        if (err != HEARSAY_OK) {
            return err;
        }
        r->links[out->links_count] = one;
        out->links_count++;
    }
    return HEARSAY_OK;
}

/* A write that a disk refused is tried again within 61 s, and the rest of them
 * right after. One that waits for a slow process takes a few of its steps. A
 * frozen one does nothing with its disk either. */
static uint64_t unsaved(const struct hsy_fact_reader *r, uint32_t node,
                        enum hsy_process process)
{
    uint64_t slow_ns = hsy_cluster_slowness(r->cluster, node);
    if (hsy_cluster_disk_mood_of(r->cluster, node) != HSY_DISK_FINE) {
        return 75 * HSY_SECOND;
    }
    return slow_ns > 0 || process == HSY_PROCESS_FROZEN
               ? hsy_time_add(2 * HSY_SECOND, 4 * slow_ns)
               : 0;
}

int hsy_fact_reader_read(struct hsy_fact_reader *r, struct hsy_fact *out,
                         uint32_t node, uint32_t parts)
{
    static const struct hsy_listed nobody[1];
    const struct hearsay_node *n = hsy_cluster_node(r->cluster, node);
    enum hsy_process process = hsy_cluster_process(r->cluster, node);
    *out = (struct hsy_fact){.node = node};
    if (n == NULL) {
        return HEARSAY_OK;
    }
    out->up = true;
    out->has_say = process == HSY_PROCESS_RUNNING &&
                   !hsy_cluster_is_isolated(r->cluster, node);
    out->slow = hsy_cluster_slowness(r->cluster, node) > 0;
    out->unsaved_ns = unsaved(r, node, process);
    out->incarnation = hsy_view_incarnation(n);
    int err = HEARSAY_OK;
    if ((parts & HSY_READ_LISTED) != 0) {
        err = read_listed(r, out, n);
        out->listed = r->listed != NULL ? r->listed : nobody;
    }
    if (err == HEARSAY_OK && (parts & HSY_READ_LINKS) != 0) {
        err = read_links(r, out, n);
        out->links = r->links;
        out->open = hsy_cluster_open(r->cluster, node);
        out->seen = hsy_view_seen(n);
    }
    return err;
}

bool hsy_check_next_frame(struct hsy_frame_seen *out, size_t *at,
                          const uint8_t *bytes, size_t len)
{
    size_t total = 0;
    if (*at + HSY_FRAME_HEADER_LEN > len ||
        hsy_frame_peek(&total, bytes + *at, len - *at, UINT32_MAX) !=
            HEARSAY_OK ||
        total > len - *at) {
        return false;
    }
    *out = (struct hsy_frame_seen){.type = bytes[*at + TYPE_AT],
                                   .bytes = bytes + *at,
                                   .len = (uint32_t)total};
    *at += total;
    return true;
}
