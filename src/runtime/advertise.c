/* Where others reach this node: what the operator says, else what is bound.
 * A wildcard is advertised as its port alone; the node completes it with the
 * address that a seed sees it come from. */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/assert.h"
#include "runtime/files.h"
#include "runtime/limits.h"
#include "runtime/listen.h"
#include "runtime/sockaddr.h"

static bool already(const struct hearsay_config *node,
                    const struct hearsay_addr *addr)
{
    for (uint32_t i = 0; i < node->addrs_count; i++) {
        if (hsy_addr_equal(&node->addrs[i], addr)) {
            return true;
        }
    }
    return false;
}

static void add(struct hearsay_config *node, const struct hearsay_addr *addr)
{
    HSY_ASSERT(node->addrs_count < HEARSAY_ADDRS_MAX);
    if (!already(node, addr)) {
        node->addrs[node->addrs_count++] = *addr;
    }
}

/* "host:port", or "host" alone, an IPv6 address with brackets or without. */
static int parse(struct hearsay_seed *out, const char *text, const char **why)
{
    const char *as_given;
    if (hsy_endpoint_parse(out, text, true, &as_given) == 0) {
        return 0;
    }
    uint8_t ip[16];
    size_t len = strlen(text);
    bool bare_v6 =
        strchr(text, ':') != NULL && hsy_ip_parse(ip, text, len) == 0;
    char with_port[HEARSAY_HOST_MAX + 8];
    int n = snprintf(with_port, sizeof(with_port), bare_v6 ? "[%s]:0" : "%s:0",
                     text);
    if (n > 0 && (size_t)n < sizeof(with_port) &&
        hsy_endpoint_parse(out, with_port, true, why) == 0) {
        return 0;
    }
    *why = as_given;
    return HEARSAY_ERR_MALFORMED;
}

static int add_given(struct hearsay_config *node, const char *text,
                     const struct hsy_listen *l, struct hsy_dns *dns,
                     struct hearsay_runtime_error *error)
{
    struct hearsay_seed endpoint;
    const char *why = "";
    if (parse(&endpoint, text, &why) != 0) {
        return hsy_error_set(error, HEARSAY_ERR_INVALID,
                             "cannot advertise \"%s\": %s", text, why);
    }
    if (endpoint.port == 0) {
        endpoint.port = l->listeners[0].bound.port;
    }
    struct hsy_dns_answer answer;
    struct hsy_limits limits = hsy_limits_default();
    hsy_dns_wait(dns, &endpoint, limits.dns_ns, &answer);
    if (answer.count == 0) {
        return hsy_error_set(error, HEARSAY_ERR_INVALID,
                             "cannot advertise %s: cannot resolve %s: %s", text,
                             endpoint.host, answer.why);
    }
    add(node, &answer.addrs[0]);
    return 0;
}

int hsy_advertise(struct hearsay_config *node,
                  const struct hearsay_runtime_config *config,
                  const struct hsy_listen *l, struct hsy_dns *dns,
                  struct hearsay_runtime_error *error)
{
    HSY_ASSERT(l->count >= 1);
    HSY_ASSERT(config->advertise_count <= HEARSAY_ADDRS_MAX);

    node->addrs_count = 0;
    for (uint32_t i = 0; i < config->advertise_count; i++) {
        int rc = add_given(node, config->advertise[i], l, dns, error);
        if (rc != 0) {
            return rc;
        }
    }
    for (uint32_t i = 0; config->advertise_count == 0 && i < l->count; i++) {
        add(node, &l->listeners[i].bound);
    }
    HSY_ASSERT(node->addrs_count >= 1);
    return 0;
}
