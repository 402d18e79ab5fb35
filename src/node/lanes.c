/* Lists of shares. An id is computed when a bundle collapses and not before:
 * most never do. In a frame it is the hash of all that follows the hop count,
 * so nothing needs to be decoded. */
#include "node/lanes.h"

#include <string.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"

struct hsy_lane_item {
    struct hsy_lane_item *next;
    struct hearsay_buf *buf; /* A share. */
    uint64_t since_ns;
};

enum {
    TYPE_AT = 4,
    /* Where the list of an IHAVE, and the hops of a BUNDLE, begin. */
    BODY_AT = HSY_FRAME_HEADER_LEN,
    BUNDLE_AT = BODY_AT + 1,
    IHAVE_LEN_MAX =
        BODY_AT + 1 + HSY_IHAVE_IDS_MAX * (int)sizeof(struct hsy_bundle_id)
};

_Static_assert(sizeof(struct hsy_lane_item) + sizeof(struct hearsay_buf) <=
                   HSY_LANE_ITEM_LEN + 16,
               "what a frame counts is about what it takes");

enum hsy_lane hsy_lane_of(const struct hsy_frame *frame,
                          const struct hearsay_id *own)
{
    HSY_ASSERT(own != NULL);
    if (frame->type == HSY_IHAVE) {
        return HSY_LANE_ANNOUNCE;
    }
    if (frame->type == HSY_GONE) {
        return HSY_LANE_FORWARDED; /* Behind the bundles that it ends. */
    }
    if (frame->type == HSY_DIRECT) {
        return hsy_id_equal(&frame->direct.direct.origin, own)
                   ? HSY_LANE_OWN
                   : HSY_LANE_FORWARDED;
    }
    if (frame->type != HSY_BUNDLE) {
        return HSY_LANE_CONTROL;
    }
    return hsy_id_equal(&frame->bundle.bundle.origin, own) ? HSY_LANE_OWN
                                                           : HSY_LANE_FORWARDED;
}

/* ------------------------------------------------------------------- life */

struct hsy_lanes *hsy_lanes_new(const struct hsy_lanes_env *env)
{
    struct hsy_lanes *lanes = hsy_mem_zalloc(env->mem, sizeof(*lanes));

    HSY_ASSERT(env->counters != NULL);
    if (lanes != NULL) {
        lanes->env = *env;
    }
    return lanes;
}

void hsy_lanes_free(struct hsy_lanes *lanes)
{
    if (lanes == NULL) {
        return;
    }
    const struct hearsay_mem *mem = lanes->env.mem;
    for (int lane = 0; lane < HSY_LANES; lane++) {
        struct hearsay_buf *buf;
        while ((buf = hsy_lanes_take_from(lanes, (enum hsy_lane)lane)) !=
               NULL) {
            hearsay_buf_unref(buf);
        }
    }
    HSY_ASSERT(lanes->cost == 0);
    hsy_mem_free(mem, lanes->ids);
    hsy_mem_free(mem, lanes);
}

bool hsy_lanes_empty(const struct hsy_lanes *lanes)
{
    HSY_ASSERT(lanes->ids_count <= HSY_LANE_IDS_MAX);
    return lanes->cost == 0 && lanes->ids_count == 0;
}

uint32_t hsy_lanes_len(const struct hsy_lanes *lanes, enum hsy_lane lane)
{
    HSY_ASSERT((unsigned)lane < HSY_LANES);
    return lanes == NULL ? 0 : lanes->queues[lane].len;
}

/* ------------------------------------------------------------------ queues */

static uint32_t cost_of(const struct hearsay_buf *buf)
{
    HSY_ASSERT(buf->len > 0);
    HSY_ASSERT(buf->len <= UINT32_MAX - HSY_LANE_ITEM_LEN);
    return buf->len + HSY_LANE_ITEM_LEN;
}

static bool append(struct hsy_lanes *lanes, enum hsy_lane lane,
                   struct hearsay_buf *buf, uint64_t now_ns)
{
    struct hsy_lane_queue *q = &lanes->queues[lane];
    struct hsy_lane_item *item = hsy_mem_alloc(lanes->env.mem, sizeof(*item));

    if (item == NULL) {
        return false;
    }
    *item =
        (struct hsy_lane_item){.buf = hearsay_buf_ref(buf), .since_ns = now_ns};
    if (q->last == NULL) {
        q->first = item;
    } else {
        q->last->next = item;
    }
    q->last = item;
    q->len += buf->len;
    lanes->cost += cost_of(buf);
    return true;
}

struct hearsay_buf *hsy_lanes_take_from(struct hsy_lanes *lanes,
                                        enum hsy_lane lane)
{
    struct hsy_lane_queue *q = &lanes->queues[lane];
    struct hsy_lane_item *item = q->first;

    if (item == NULL) {
        return NULL;
    }
    struct hearsay_buf *buf = item->buf;
    q->first = item->next;
    q->last = q->first == NULL ? NULL : q->last;
    HSY_ASSERT(q->len >= buf->len);
    q->len -= buf->len;
    lanes->cost -= cost_of(buf);
    hsy_mem_free(lanes->env.mem, item);
    return buf;
}

/* --------------------------------------------------------------- collapses */

static void remember_id(struct hsy_lanes *lanes, const struct hsy_bundle_id *id)
{
    if (lanes->ids == NULL) {
        lanes->ids = hsy_mem_alloc(lanes->env.mem,
                                   HSY_LANE_IDS_MAX * sizeof(*lanes->ids));
    }
    if (lanes->ids == NULL || lanes->ids_count == HSY_LANE_IDS_MAX) {
        lanes->env.counters->announcements_dropped++;
        return;
    }
    uint32_t at = (lanes->ids_first + lanes->ids_count) % HSY_LANE_IDS_MAX;
    lanes->ids[at] = *id;
    lanes->ids_count++;
}

/* All that is left of a bundle is its name. */
static bool is_bundle(const struct hearsay_buf *buf)
{
    HSY_ASSERT(buf->len >= HSY_FRAME_HEADER_LEN);
    return buf->data[TYPE_AT] == HSY_BUNDLE;
}

static bool is_direct(const struct hearsay_buf *buf)
{
    HSY_ASSERT(buf->len >= HSY_FRAME_HEADER_LEN);
    return buf->data[TYPE_AT] == HSY_DIRECT;
}

/* A GONE among the bundles just goes: the PULL that it ends runs out. So does
 * a DIRECT: its sender tries again. */
static void collapse(struct hsy_lanes *lanes, const struct hearsay_buf *buf)
{
    struct hsy_bundle_id id;

    HSY_ASSERT(lanes->collapses);
    lanes->env.counters->directs_dropped += is_direct(buf) ? 1 : 0;
    if (!is_bundle(buf)) {
        return;
    }
    HSY_ASSERT(buf->len > BUNDLE_AT);
    lanes->env.crypto->hash(id.bytes, buf->data + BUNDLE_AT,
                            buf->len - BUNDLE_AT);
    lanes->env.counters->bundles_collapsed++;
    remember_id(lanes, &id);
}

static void drop_announcement(struct hsy_lanes *lanes,
                              const struct hearsay_buf *buf)
{
    HSY_ASSERT(buf->len > BODY_AT);
    lanes->env.counters->announcements_dropped += buf->data[BODY_AT];
}

static void expire_lane(struct hsy_lanes *lanes, enum hsy_lane lane,
                        uint64_t before_ns)
{
    const struct hsy_lane_queue *q = &lanes->queues[lane];

    while (q->first != NULL && q->first->since_ns <= before_ns &&
           (is_bundle(q->first->buf) || is_direct(q->first->buf))) {
        struct hearsay_buf *buf = hsy_lanes_take_from(lanes, lane);
        collapse(lanes, buf);
        hearsay_buf_unref(buf);
    }
}

/* Each lane is in order of age, so only its head is looked at. */
static void expire(struct hsy_lanes *lanes, uint64_t now_ns)
{
    if (!lanes->collapses) {
        return;
    }
    if (now_ns >= HSY_LANE_FORWARDED_NS) {
        expire_lane(lanes, HSY_LANE_FORWARDED, now_ns - HSY_LANE_FORWARDED_NS);
    }
    if (now_ns >= HSY_LANE_OWN_NS) {
        expire_lane(lanes, HSY_LANE_OWN, now_ns - HSY_LANE_OWN_NS);
    }
}

/* ------------------------------------------------------------------ coming */

static bool fits(const struct hsy_lanes *lanes, const struct hearsay_buf *buf,
                 uint32_t max)
{
    uint32_t cost = cost_of(buf);

    return cost <= max && lanes->cost <= max - cost;
}

/* One frame less of the least important lane. False: none is left that a
 * control frame may push out. */
static bool push_out(struct hsy_lanes *lanes)
{
    struct hearsay_buf *buf = hsy_lanes_take_from(lanes, HSY_LANE_ANNOUNCE);

    if (buf != NULL) {
        drop_announcement(lanes, buf);
        hearsay_buf_unref(buf);
        return true;
    }
    if (!lanes->collapses) {
        return false;
    }
    buf = hsy_lanes_take_from(lanes, HSY_LANE_FORWARDED);
    if (buf == NULL) {
        buf = hsy_lanes_take_from(lanes, HSY_LANE_OWN);
    }
    if (buf == NULL) {
        return false;
    }
    collapse(lanes, buf);
    lanes->crowded = true;
    hearsay_buf_unref(buf);
    return true;
}

/* No room for @buf: what becomes of it is a question of its lane. */
static enum hsy_lanes_rc overflow(struct hsy_lanes *lanes, enum hsy_lane lane,
                                  const struct hearsay_buf *buf)
{
    switch (lane) {
    case HSY_LANE_CONTROL:
        return HSY_LANES_FULL;
    case HSY_LANE_OWN:
    case HSY_LANE_FORWARDED:
        if (!lanes->collapses) {
            return HSY_LANES_FULL;
        }
        collapse(lanes, buf);
        lanes->crowded = true;
        return HSY_LANES_OK;
    case HSY_LANE_ANNOUNCE:
        drop_announcement(lanes, buf);
        return HSY_LANES_OK;
    }
    return HSY_LANES_FULL;
}

enum hsy_lanes_rc hsy_lanes_put(struct hsy_lanes *lanes, enum hsy_lane lane,
                                struct hearsay_buf *buf, uint64_t now_ns,
                                uint32_t max)
{
    if (!fits(lanes, buf, max)) {
        expire(lanes, now_ns);
    }
    while (lane == HSY_LANE_CONTROL && !fits(lanes, buf, max) &&
           push_out(lanes)) {
        /* Until it fits, or nothing else is left. */
    }
    if (!fits(lanes, buf, max)) {
        return overflow(lanes, lane, buf);
    }
    return append(lanes, lane, buf, now_ns) ? HSY_LANES_OK : HSY_LANES_NOMEM;
}

/* ------------------------------------------------------------------- going */

/* The next ids as a frame; NULL: no memory, and these are lost. */
static struct hearsay_buf *announcement(struct hsy_lanes *lanes)
{
    uint8_t ids[HSY_IHAVE_IDS_MAX * sizeof(*lanes->ids)];
    struct hsy_frame frame = {.type = HSY_IHAVE, .ihave = {.bytes = ids}};
    struct hsy_writer count = hsy_writer_count();

    HSY_ASSERT(lanes->ids_count > 0);
    while (lanes->ids_count > 0 && frame.ihave.count < HSY_IHAVE_IDS_MAX) {
        memcpy(ids + frame.ihave.count * sizeof(*lanes->ids),
               &lanes->ids[lanes->ids_first], sizeof(*lanes->ids));
        frame.ihave.count++;
        lanes->ids_first = (lanes->ids_first + 1) % HSY_LANE_IDS_MAX;
        lanes->ids_count--;
    }
    hsy_frame_encode(&count, &frame);
    HSY_ASSERT(count.len <= IHAVE_LEN_MAX);
    struct hearsay_buf *buf = hsy_buf_new(lanes->env.mem, (uint32_t)count.len);
    if (buf == NULL) {
        lanes->env.counters->announcements_dropped += frame.ihave.count;
        return NULL;
    }
    struct hsy_writer out = hsy_writer(buf->data, buf->len);
    hsy_frame_encode(&out, &frame);
    HSY_ASSERT(!out.bad);
    return buf;
}

struct hearsay_buf *hsy_lanes_take(struct hsy_lanes *lanes, uint64_t now_ns,
                                   uint32_t room)
{
    expire(lanes, now_ns);
    for (int i = 0; i < HSY_LANES; i++) {
        enum hsy_lane lane = (enum hsy_lane)i;
        const struct hsy_lane_item *item = lanes->queues[lane].first;
        if (lane == HSY_LANE_ANNOUNCE && lanes->ids_count > 0) {
            struct hearsay_buf *buf =
                room < IHAVE_LEN_MAX ? NULL : announcement(lanes);
            return buf;
        }
        if (item != NULL) { /* A shorter one behind it must not overtake. */
            return item->buf->len > room ? NULL
                                         : hsy_lanes_take_from(lanes, lane);
        }
    }
    return NULL;
}
