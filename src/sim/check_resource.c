/* S1 to S4: bounds of memory, queues and tables; what a stop leaves behind;
 * and that calm is calm, from what came up and was sent in each of the last
 * 60 seconds. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/check.h"
#include "wire/frames.h"

#include <string.h>

/* What a node may do in a minute of calm. Of links and registrations: a
 * feeler and a rejoin, several times over. Where pings are missed in spite of
 * it, both ends of a link that ends so have another instead, told by its two
 * ends: two for each end's word that it ended. Of bytes, without payloads and
 * their announcements: snapshots of links, registry digests, a round of the
 * root every 13 s, in 64 KiB; for each end of a link and ping interval a PING,
 * a PONG and a digest; and handshakes, hashes and marks of a new link. Where
 * little is kept, what one has and another has given up differs until both have
 * forgotten it, and is compared: twice as much; and where a disk may have
 * refused it nobody calls it gone, so it is asked for: three times. */
enum {
    JOINS_MAX = 10,
    JOINS_OF_SILENCE = 2,
    BYTES_MAX = 64 * 1024,
    BYTES_OF_PING = 14 + 14 + 15,
    BYTES_OF_SILENCE = 4096
};

void hsy_check_resource_init(struct hsy_check_resource *s,
                             struct hsy_findings *f,
                             const struct hsy_promises *promises)
{
    memset(s, 0, sizeof(*s));
    s->f = f;
    s->promises = promises;
}

/* ---------------------------------------------------------------- S1 to S3 */

void hsy_check_resource_look(struct hsy_check_resource *s)
{
    if (s->live_bytes == NULL) {
        return;
    }
    hsy_findings_looked(s->f, HSY_S1);
    if (*s->live_bytes > s->ceiling) {
        struct hsy_words words = {.text = "all nodes together hold",
                                  .about = HSY_NODE_NONE,
                                  .a_text = "bytes",
                                  .a = *s->live_bytes,
                                  .b_text = "above the ceiling",
                                  .b = s->ceiling};
        hsy_findings_broken(s->f, HSY_S1, 0, &words);
    }
}

static void judge_bound(struct hsy_check_resource *s, uint32_t node,
                        const char *what, uint64_t value, uint64_t bound)
{
    if (value > bound) {
        struct hsy_words words = {.text = "is over a bound,",
                                  .about = HSY_NODE_NONE,
                                  .a_text = what,
                                  .a = value,
                                  .b_text = "of at most",
                                  .b = bound};
        hsy_findings_broken(s->f, HSY_S2, node, &words);
    }
}

void hsy_check_resource_fact(struct hsy_check_resource *s,
                             const struct hsy_fact *fact)
{
    if (!fact->up) {
        return;
    }
    int role = fact->node < s->f->seeds ? 0 : 1;
    hsy_findings_looked(s->f, HSY_S2);
    judge_bound(s, fact->node, "links", fact->links_count,
                s->promises->links_max[role]);
    judge_bound(s, fact->node, "links, half-open ones too", fact->open.links,
                s->promises->links_max[role]);
    judge_bound(s, fact->node, "jobs", fact->open.jobs,
                s->promises->jobs_max[role]);
    judge_bound(s, fact->node, "messages seen", fact->seen,
                s->promises->seen_max[role]);
    judge_bound(s, fact->node, role == 0 ? "listed" : "in the book",
                fact->listed_count, s->promises->list_max[role]);
    for (uint32_t i = 0; i < fact->links_count; i++) {
        judge_bound(s, fact->node, "queued", fact->links[i].queue_bytes,
                    s->promises->queue_max[role]);
    }
}

void hsy_check_resource_ended(struct hsy_check_resource *s, uint32_t node,
                              const struct hsy_leftovers *left)
{
    if (!left->by_itself) {
        return; /* Who is killed may leave anything. */
    }
    hsy_findings_looked(s->f, HSY_S3);
    if (left->jobs > 0 || left->links > 0) {
        struct hsy_words words = {.text = "stopped and left",
                                  .about = HSY_NODE_NONE,
                                  .a_text = "jobs",
                                  .a = left->jobs,
                                  .b_text = "links",
                                  .b = left->links};
        hsy_findings_broken(s->f, HSY_S3, node, &words);
    }
}

/* ---------------------------------------------------------------------- S4 */

/* The slot of this second; those of seconds without anything are emptied. */
static uint32_t slot_now(struct hsy_check_resource *s)
{
    uint64_t second = s->f->now_ns / HSY_SECOND;
    HSY_ASSERT(second >= s->second);
    uint64_t gap = second - s->second;
    gap = gap > HSY_CALM_SECONDS ? HSY_CALM_SECONDS : gap;
    for (uint64_t i = 0; i < gap; i++) {
        uint64_t slot = (second - i) % HSY_CALM_SECONDS;
        s->joins[slot] = 0;
        s->silent[slot] = 0;
        s->bytes[slot] = 0;
    }
    s->second = second;
    return (uint32_t)(second % HSY_CALM_SECONDS);
}

void hsy_check_resource_joined(struct hsy_check_resource *s)
{
    s->joins[slot_now(s)]++;
}

void hsy_check_resource_silent(struct hsy_check_resource *s)
{
    s->silent[slot_now(s)]++;
}

void hsy_check_resource_frame(struct hsy_check_resource *s,
                              const struct hsy_frame_seen *frame)
{
    if (frame->type != HSY_BUNDLE && frame->type != HSY_IHAVE &&
        frame->type != HSY_PIECE) {
        s->bytes[slot_now(s)] += frame->len;
    }
}

static void judge_calm(struct hsy_check_resource *s, const char *what,
                       uint64_t value, uint64_t bound)
{
    if (value > bound) {
        struct hsy_words words = {.text = "calm is not calm; in a minute,",
                                  .about = HSY_NODE_NONE,
                                  .a_text = what,
                                  .a = value,
                                  .b_text = "of at most",
                                  .b = bound};
        hsy_findings_broken(s->f, HSY_S4, s->f->seeds, &words);
    }
}

void hsy_check_resource_calm(struct hsy_check_resource *s, uint32_t up,
                             uint32_t ends)
{
    uint64_t joins = 0;
    uint64_t silent = 0;
    uint64_t bytes = 0;
    (void)slot_now(s);
    for (uint32_t i = 0; i < HSY_CALM_SECONDS; i++) {
        joins += s->joins[i];
        silent += s->silent[i];
        bytes += s->bytes[i];
    }
    if (up == 0) {
        return;
    }
    uint64_t interval_ns = s->promises->ping_interval_ns;
    uint64_t pings =
        interval_ns == 0 ? 0 : HSY_CALM_SECONDS * HSY_SECOND / interval_ns + 1;
    hsy_findings_looked(s->f, HSY_S4);
    judge_calm(s, "links and registrations", joins,
               (uint64_t)up * JOINS_MAX + silent * JOINS_OF_SILENCE);
    uint64_t bound = (uint64_t)up * BYTES_MAX + ends * pings * BYTES_OF_PING +
                     silent * BYTES_OF_SILENCE;
    uint64_t times = s->promises->keeps_all ? 1 : 2;
    times += s->promises->on_disk && times > 1 ? 1 : 0;
    judge_calm(s, "bytes without payloads", bytes, times * bound);
}
