/* A number is given when a message is taken, so the open bundle holds the last
 * numbers of all, and is signed before any later one is. */
#include "core/publish.h"

#include "base/mem.h"

enum {
    /* Bundles being signed at the same time. */
    UNSIGNED_MAX = 64,
    /* As many bytes of messages as one bundle carries. */
    OPEN_LEN_MAX = HSY_BUNDLE_LEN_MAX - HSY_BUNDLE_FIXED_LEN,
    /* An own share of the bytes that may wait on a link. */
    WAITING_PARTS = 4
};
/* A bundle that found no job is tried again. */
#define RETRY_NS (1 * HSY_MS)

void hsy_publisher_init(struct hsy_publisher *p, struct hsy_env *env,
                        struct hsy_neighbours *neighbours,
                        struct hsy_bulk *bulk, struct hsy_acks *acks)
{
    HSY_ASSERT(neighbours != NULL);
    *p = (struct hsy_publisher){.env = env,
                                .neighbours = neighbours,
                                .bulk = bulk,
                                .acks = acks,
                                .next_ns = HEARSAY_NEVER,
                                .hash_next_ns = HEARSAY_NEVER};
}

void hsy_publisher_fini(struct hsy_publisher *p)
{
    HSY_ASSERT(p->env != NULL);
    hsy_mem_free(&p->env->mem, p->open);
    p->open = NULL;
}

/* The least that waits on any overlay link: who keeps up sets the pace, and
 * the others have repair. */
static uint32_t least_waiting(const struct hsy_publisher *p)
{
    const struct hsy_ports *ports = &p->env->ports;
    uint32_t least = UINT32_MAX;

    for (uint32_t i = 0; i < hsy_neighbours_count(p->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(p->neighbours, i);
        if (n->overlay) {
            uint32_t waiting = ports->waiting(ports->ctx, n->link);
            least = waiting < least ? waiting : least;
        }
    }
    HSY_ASSERT(p->neighbours->degree > 0 || least == UINT32_MAX);
    return least == UINT32_MAX ? 0 : least;
}

/* False: no job was to be had; the bundle stays open. */
static bool sign(struct hsy_publisher *p, const uint8_t *messages, uint32_t len,
                 uint16_t count)
{
    struct hsy_env *env = p->env;
    struct hsy_signable what = {.kind = HSY_SIGN_BUNDLE};

    HSY_ASSERT(count >= 1);
    what.bundle.origin = env->id;
    what.bundle.epoch_incarnation = p->epoch_incarnation;
    what.bundle.epoch_nonce = env->config.boot_nonce;
    what.bundle.first_seq = p->last_seq - count + 1;
    what.bundle.count = count;
    what.bundle.wall_ms = p->open != NULL ? p->open_wall_ms : env->now.wall_ms;
    what.bundle.messages = messages;
    what.bundle.messages_len = len;
    if (p->unsigned_count >= UNSIGNED_MAX ||
        !env->ports.sign(env->ports.ctx, &what)) {
        return false;
    }
    p->unsigned_count++;
    return true;
}

/* ------------------------------------------------------------------- large */

/* The manifest of @own, whose hashes are made. False: no job for it. */
static bool sign_large(struct hsy_publisher *p, struct hsy_bulk_own *own)
{
    struct hsy_env *env = p->env;
    struct hsy_signable what = {.kind = HSY_SIGN_BUNDLE};
    uint8_t bytes[OPEN_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_message message = {.topic = own->topic,
                                  .topic_len = own->topic_len,
                                  .payload_len = own->content->len,
                                  .hashes = own->room};

    what.bundle.origin = env->id;
    what.bundle.epoch_incarnation = p->epoch_incarnation;
    what.bundle.epoch_nonce = env->config.boot_nonce;
    what.bundle.first_seq = own->seq;
    what.bundle.wall_ms = own->wall_ms;
    what.bundle.messages = bytes;
    hsy_messages_add(&out, &what.bundle, &message);
    HSY_ASSERT(!out.bad);
    own->signing = env->ports.sign(env->ports.ctx, &what);
    return own->signing;
}

/* Goes on with the large ones that were taken; all the way with @now. */
static void prepare_large(struct hsy_publisher *p, bool now)
{
    struct hsy_bulk_own *own;

    while ((own = hsy_bulk_own_hash(p->bulk, now)) != NULL &&
           sign_large(p, own) && now) {
        /* The next one. */
    }
    p->hash_next_ns = hsy_bulk_own_waits(p->bulk)
                          ? hsy_time_add(p->env->now.mono_ns, RETRY_NS)
                          : HEARSAY_NEVER;
    HSY_ASSERT(p->hash_next_ns > p->env->now.mono_ns);
}

bool hsy_publisher_done(const struct hsy_publisher *p)
{
    HSY_ASSERT(p->bulk != NULL);
    return p->unsigned_count == 0 && !hsy_bulk_own_any(p->bulk);
}

/* False: it is still open. */
static bool close_open(struct hsy_publisher *p)
{
    HSY_ASSERT(p->open != NULL);
    if (!sign(p, p->open, p->open_len, p->open_count)) {
        p->next_ns = hsy_time_add(p->env->now.mono_ns, RETRY_NS);
        return false;
    }
    hsy_mem_free(&p->env->mem, p->open);
    p->open = NULL;
    p->open_len = 0;
    p->open_count = 0;
    p->next_ns = HEARSAY_NEVER;
    return true;
}

static struct hsy_bundle gathered(const struct hsy_publisher *p)
{
    HSY_ASSERT(p->open_len <= OPEN_LEN_MAX);
    return (struct hsy_bundle){.messages = p->open,
                               .messages_len = p->open_len,
                               .count = p->open_count};
}

static uint32_t message_len(const struct hsy_message *message)
{
    struct hsy_writer count = hsy_writer_count();
    struct hsy_bundle bundle = {.count = 0};

    hsy_messages_add(&count, &bundle, message);
    HSY_ASSERT(count.len <= OPEN_LEN_MAX);
    return (uint32_t)count.len;
}

/* HEARSAY_ERR_AGAIN: the open bundle is full and cannot be closed. */
static int make_room(struct hsy_publisher *p, uint32_t len)
{
    bool full = p->open_count == HSY_BUNDLE_MESSAGES_MAX ||
                p->open_len + len > OPEN_LEN_MAX;

    if (p->open != NULL && full && !close_open(p)) {
        return HEARSAY_ERR_AGAIN;
    }
    if (p->open != NULL) {
        return 0;
    }
    p->open = hsy_mem_alloc(&p->env->mem, OPEN_LEN_MAX);
    if (p->open == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    HSY_ASSERT(p->open_count == 0);
    p->open_wall_ms = p->env->now.wall_ms;
    p->next_ns = hsy_time_add(p->env->now.mono_ns, HSY_GATHER_NS);
    return 0;
}

/* May it wait for company? Only behind another one. */
static bool is_busy(const struct hsy_publisher *p)
{
    return p->open != NULL || p->unsigned_count > 0 || least_waiting(p) > 0;
}

static int gather(struct hsy_publisher *p, const struct hsy_message *message)
{
    int err = make_room(p, message_len(message));

    if (err != 0) {
        return err;
    }
    struct hsy_bundle bundle = gathered(p);
    struct hsy_writer out = hsy_writer(p->open, OPEN_LEN_MAX);
    out.len = p->open_len;
    hsy_messages_add(&out, &bundle, message);
    HSY_ASSERT(!out.bad);
    p->open_len = bundle.messages_len;
    p->open_count = bundle.count;
    p->last_seq++;
    if (p->open_count == HSY_BUNDLE_MESSAGES_MAX) {
        (void)close_open(p); /* Else at the next try. */
    }
    return 0;
}

static int send_alone(struct hsy_publisher *p,
                      const struct hsy_message *message)
{
    uint8_t bytes[OPEN_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle bundle = {.messages = bytes};

    hsy_messages_add(&out, &bundle, message);
    HSY_ASSERT(!out.bad);
    p->last_seq++;
    if (!sign(p, bytes, bundle.messages_len, 1)) {
        p->last_seq--;
        return HEARSAY_ERR_AGAIN;
    }
    return 0;
}

/* It gets its number at once, and its hashes by and by: what is published
 * after it does not wait for it. What gathers has lower numbers and goes. */
static int take_large(struct hsy_publisher *p,
                      const struct hsy_message *message)
{
    if (p->open != NULL && !close_open(p)) {
        return HEARSAY_ERR_AGAIN;
    }
    int err = hsy_bulk_own_take(p->bulk, message, p->last_seq + 1);
    if (err == 0) {
        p->last_seq++;
        p->hash_next_ns = p->env->now.mono_ns;
    }
    HSY_ASSERT(p->open == NULL);
    return err;
}

static int take(struct hsy_publisher *p, const struct hsy_message *message)
{
    if (least_waiting(p) > p->env->config.queue_max / WAITING_PARTS) {
        return HEARSAY_ERR_AGAIN;
    }
    if (hsy_message_large(message)) {
        return take_large(p, message);
    }
    HSY_ASSERT(message->payload_len <= HSY_INLINE_MAX);
    return is_busy(p) ? gather(p, message) : send_alone(p, message);
}

/* Of its bytes, what a bundle keeps; of a large one that is its hashes. */
static size_t kept_len(const struct hsy_message *message)
{
    HSY_ASSERT(message->payload_len <= HEARSAY_PAYLOAD_MAX);
    return hsy_message_large(message)
               ? (size_t)hsy_pieces_of(message->payload_len) *
                     HSY_PIECE_HASH_LEN
               : message->payload_len;
}

int hsy_publish(struct hsy_publisher *p, uint64_t incarnation,
                const struct hsy_message *message, uint64_t *out_seq)
{
    struct hsy_env *env = p->env;

    HSY_ASSERT(incarnation > 0);
    if (message->payload_len > env->config.payload_max ||
        message->topic_len > HSY_TOPIC_MAX) {
        return HEARSAY_ERR_TOO_BIG;
    }
    if (p->epoch_incarnation == 0) {
        p->epoch_incarnation = incarnation; /* Fixed for the process's life. */
    }
    struct hsy_epoch own = {.origin = env->id,
                            .incarnation = p->epoch_incarnation,
                            .nonce = env->config.boot_nonce};
    int err = hsy_acks_may_publish(p->acks, &own, p->last_seq)
                  ? take(p, message)
                  : HEARSAY_ERR_AGAIN;
    if (err != 0) {
        env->counters.publish_refused++;
        return err;
    }
    env->counters.published++;
    hsy_acks_published(p->acks, kept_len(message));
    if (out_seq != NULL) {
        *out_seq = p->last_seq;
    }
    return 0;
}

void hsy_publisher_signed(struct hsy_publisher *p,
                          const struct hsy_bundle *bundle)
{
    if (hsy_bundle_large(bundle)) {
        return;
    }
    HSY_ASSERT(p->unsigned_count > 0);
    p->unsigned_count--;
    if (p->open != NULL && p->unsigned_count == 0 && least_waiting(p) == 0) {
        (void)close_open(p);
    }
}

void hsy_publisher_tick(struct hsy_publisher *p)
{
    HSY_ASSERT((p->open == NULL) == (p->next_ns == HEARSAY_NEVER));
    if (p->env->now.mono_ns >= p->next_ns) {
        (void)close_open(p);
    }
    if (p->env->now.mono_ns >= p->hash_next_ns) {
        prepare_large(p, false);
    }
}

void hsy_publisher_flush(struct hsy_publisher *p)
{
    HSY_ASSERT(p->env != NULL);
    if (p->open != NULL) {
        (void)close_open(p);
    }
    prepare_large(p, true);
}
