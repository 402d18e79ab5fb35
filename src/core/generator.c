/* A clock and a counter. A message that finds no room is not skipped: it is
 * tried again a moment later, so numbers have no holes. */
#include "core/generator.h"

#include "base/addr.h"
#include "core/text.h"

#define RETRY_NS (100 * HSY_MS)

void hsy_generator_init(struct hsy_generator *g, struct hsy_env *env,
                        struct hsy_publisher *publisher)
{
    HSY_ASSERT(publisher != NULL);
    *g = (struct hsy_generator){
        .env = env, .publisher = publisher, .next_ns = HEARSAY_NEVER};
}

void hsy_generator_start(struct hsy_generator *g)
{
    HSY_ASSERT(g->made == 0);
    if (g->env->config.gossip_count > 0) {
        g->next_ns = g->env->now.mono_ns;
    }
}

void hsy_generator_stop(struct hsy_generator *g)
{
    HSY_ASSERT(g->env != NULL);
    g->next_ns = HEARSAY_NEVER;
}

size_t hsy_gossip_text(char out[HSY_GOSSIP_TEXT_MAX], uint64_t wall_ms,
                       const struct hearsay_addr *own, uint32_t number)
{
    char ip[HEARSAY_ADDR_TEXT_LEN];
    struct hsy_text t = {.data = out, .max = HSY_GOSSIP_TEXT_MAX};

    HSY_ASSERT(number >= 1);
    hsy_addr_ip_text(ip, own);
    hsy_text_add_u64(&t, wall_ms);
    hsy_text_add(&t, ":");
    hsy_text_add(&t, ip);
    hsy_text_add(&t, ":");
    hsy_text_add_u64(&t, number);
    return t.len;
}

void hsy_generator_tick(struct hsy_generator *g, uint64_t incarnation,
                        const struct hearsay_addr *own)
{
    struct hsy_env *env = g->env;
    const struct hearsay_config *config = &env->config;
    char text[HSY_GOSSIP_TEXT_MAX];

    if (env->now.mono_ns < g->next_ns) {
        return;
    }
    size_t len = hsy_gossip_text(text, env->now.wall_ms, own, g->made + 1);
    struct hsy_message message = {.topic = (const uint8_t *)"",
                                  .payload = (const uint8_t *)text,
                                  .payload_len = (uint32_t)len};
    if (hsy_publish(g->publisher, incarnation, &message, NULL) != 0) {
        g->next_ns = hsy_time_add(env->now.mono_ns, RETRY_NS);
        return;
    }
    g->made++;
    bool more = config->gossip_count == HEARSAY_UNLIMITED ||
                g->made < config->gossip_count;
    g->next_ns =
        more ? hsy_time_add(env->now.mono_ns, config->gossip_interval_ns)
             : HEARSAY_NEVER;
    HSY_ASSERT(g->next_ns > env->now.mono_ns);
}
