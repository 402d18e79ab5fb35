/* Addresses as text, both ways, without the platform's inet_*: the engine
 * must print and read the same bytes everywhere, and offline.
 *
 * Inside, every IP has 16 bytes; IPv4 is ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)
 * and is shown as the dotted quad that people typed. IPv6 is shown as RFC
 * 5952 demands: lower case, no leading zeros, the first longest run of two or
 * more zero groups as "::". So equal addresses have equal texts. */
#include "base/addr.h"

#include "base/assert.h"
#include "base/quantity.h"

#include <string.h>

enum {
    GROUPS = 8, /* 16-bit groups of an IPv6 address. */
    NO_GAP = GROUPS + 1
};

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* ------------------------------------------------------------- writing */

/* Appends to a text in HEARSAY_ADDR_TEXT_LEN bytes; the longest one is
 * "[" + 8 groups of 4 + 7 colons + "]:65535" = 47 bytes, so none is cut. */
struct text {
    char *out;
    size_t len;
};

static void put_char(struct text *t, char c)
{
    HSY_ASSERT(t->len < HEARSAY_ADDR_TEXT_LEN - 1);
    t->out[t->len] = c;
    t->len++;
    t->out[t->len] = '\0';
}

static void put_number(struct text *t, uint32_t v, uint32_t base)
{
    HSY_ASSERT(v <= UINT16_MAX);
    HSY_ASSERT(base == 10 || base == 16);

    uint32_t place = 1;
    while (v / place >= base) {
        place *= base;
    }
    for (; place > 0; place /= base) {
        put_char(t, "0123456789abcdef"[v / place % base]);
    }
}

static uint32_t group_at(const uint8_t ip[16], uint32_t i)
{
    HSY_ASSERT(i < GROUPS);
    return (uint32_t)ip[2 * i] << 8 | ip[2 * i + 1];
}

struct run {
    uint32_t start, count;
};

/* The first longest run of zero groups; count < 2 means none worth it. */
static struct run longest_zeros(const uint8_t ip[16])
{
    struct run best = {0, 0};
    struct run now = {0, 0};
    for (uint32_t i = 0; i < GROUPS; i++) {
        if (group_at(ip, i) != 0) {
            now = (struct run){i + 1, 0};
            continue;
        }
        now.count++;
        if (now.count > best.count) {
            best = now;
        }
    }
    HSY_ASSERT(best.start + best.count <= GROUPS);
    return best;
}

static void put_v4(struct text *t, const uint8_t ip[16])
{
    for (uint32_t i = 12; i < 16; i++) {
        if (i > 12) {
            put_char(t, '.');
        }
        put_number(t, ip[i], 10);
    }
}

static void put_v6(struct text *t, const uint8_t ip[16])
{
    struct run zeros = longest_zeros(ip);
    if (zeros.count < 2) {
        zeros = (struct run){GROUPS, 0}; /* RFC 5952, 4.2.2. */
    }
    for (uint32_t i = 0; i < GROUPS;) {
        if (i == zeros.start) {
            put_char(t, ':');
            put_char(t, ':');
            i += zeros.count;
            continue;
        }
        if (i > 0 && i != zeros.start + zeros.count) {
            put_char(t, ':');
        }
        put_number(t, group_at(ip, i), 16);
        i++;
    }
}

static void put_ip(struct text *t, const struct hearsay_addr *addr,
                   bool brackets)
{
    if (hsy_addr_is_v4(addr)) {
        put_v4(t, addr->ip);
        return;
    }
    if (brackets) {
        put_char(t, '[');
    }
    put_v6(t, addr->ip);
    if (brackets) {
        put_char(t, ']');
    }
}

void hsy_addr_ip_text(char out[HEARSAY_ADDR_TEXT_LEN],
                      const struct hearsay_addr *addr)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(addr != NULL);
    struct text t = {.out = out};
    put_ip(&t, addr, true);
}

void hsy_addr_host_text(char out[HEARSAY_ADDR_TEXT_LEN],
                        const struct hearsay_addr *addr)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(addr != NULL);
    struct text t = {.out = out};
    put_ip(&t, addr, false);
}

void hearsay_addr_text(char out[HEARSAY_ADDR_TEXT_LEN],
                       const struct hearsay_addr *addr)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(addr != NULL);
    struct text t = {.out = out};
    put_ip(&t, addr, true);
    put_char(&t, ':');
    put_number(&t, addr->port, 10);
}

/* ----------------------------------------------------------- comparing */

bool hsy_addr_equal(const struct hearsay_addr *a, const struct hearsay_addr *b)
{
    HSY_ASSERT(a != NULL);
    HSY_ASSERT(b != NULL);
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool hsy_addr_has_ip(const struct hearsay_addr *addr)
{
    static const uint8_t any_v6[16] = {0};
    static const uint8_t any_v4[16] = {[10] = 255, [11] = 255};
    HSY_ASSERT(addr != NULL);
    return memcmp(addr->ip, any_v6, sizeof(any_v6)) != 0 &&
           memcmp(addr->ip, any_v4, sizeof(any_v4)) != 0;
}

bool hsy_addr_is_v4(const struct hearsay_addr *addr)
{
    HSY_ASSERT(addr != NULL);
    return memcmp(addr->ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

/* RFC 1122, 1918, 3927, 6598: this network, private, loopback, link-local,
 * behind a carrier's NAT. */
static bool is_inner_v4(const uint8_t ip[4])
{
    return ip[0] == 0 || ip[0] == 10 || ip[0] == 127 ||
           (ip[0] == 100 && (ip[1] & 0xc0) == 64) ||
           (ip[0] == 169 && ip[1] == 254) ||
           (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
           (ip[0] == 192 && ip[1] == 168);
}

/* RFC 4193, 4291: unique local, link-local, loopback and unspecified, which
 * are the only ones of use in ::/32. */
static bool is_inner_v6(const uint8_t ip[16])
{
    return (ip[0] & 0xfe) == 0xfc ||
           (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||
           (group_at(ip, 0) == 0 && group_at(ip, 1) == 0);
}

uint64_t hsy_addr_group(const struct hearsay_addr *addr)
{
    HSY_ASSERT(addr != NULL);
    if (hsy_addr_is_v4(addr)) {
        return is_inner_v4(addr->ip + 12)
                   ? 0
                   : group_at(addr->ip, 6) << 8 | addr->ip[14];
    }
    if (is_inner_v6(addr->ip)) {
        return 0;
    }
    uint64_t group = (uint64_t)group_at(addr->ip, 0) << 32 |
                     group_at(addr->ip, 1) << 16 | group_at(addr->ip, 2);
    HSY_ASSERT(group != 0);
    return group << 16; /* Apart from all of IPv4. */
}

/* ----------------------------------------------------------- reading IPs */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of a hex digit, or -1. */
static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

struct scan {
    const char *at, *end;
};

/* 0..255 in decimal. "010" is refused: some read it as octal. */
static bool scan_byte(struct scan *in, uint8_t *out)
{
    uint32_t v = 0;
    const char *start = in->at;
    while (in->at < in->end && in->at - start < 3 && is_digit(*in->at)) {
        v = v * 10 + (uint32_t)(*in->at - '0');
        in->at++;
    }
    if (in->at == start || v > 255 || (*start == '0' && in->at - start > 1)) {
        return false;
    }
    *out = (uint8_t)v;
    return true;
}

/* Four bytes that reach to the end. */
static bool parse_v4(uint8_t out[4], struct scan in)
{
    HSY_ASSERT(in.at <= in.end);

    for (uint32_t i = 0; i < 4; i++) {
        if (i > 0) {
            if (in.at == in.end || *in.at != '.') {
                return false;
            }
            in.at++;
        }
        if (!scan_byte(&in, &out[i])) {
            return false;
        }
    }
    return in.at == in.end;
}

struct v6 {
    struct scan in;
    uint8_t bytes[16];
    uint32_t count; /* Groups read. */
    uint32_t gap;   /* Groups before "::"; NO_GAP. */
};

/* One group, or a dotted quad as the last two. */
static bool scan_group(struct v6 *v)
{
    if (v->count >= GROUPS) {
        return false;
    }
    if (v->count <= GROUPS - 2 && parse_v4(&v->bytes[2 * v->count], v->in)) {
        v->count += 2;
        v->in.at = v->in.end;
        return true;
    }
    uint32_t group = 0;
    const char *start = v->in.at;
    while (v->in.at < v->in.end && v->in.at - start < 4 &&
           hex_value(*v->in.at) >= 0) {
        group = group << 4 | (uint32_t)hex_value(*v->in.at);
        v->in.at++;
    }
    v->bytes[2 * v->count] = (uint8_t)(group >> 8);
    v->bytes[2 * v->count + 1] = (uint8_t)(group & 0xff);
    v->count++;
    return v->in.at != start;
}

/* ":" with something behind it, or the one "::". */
static bool scan_colons(struct v6 *v)
{
    HSY_ASSERT(v->in.at < v->in.end);

    if (*v->in.at != ':') {
        return false;
    }
    v->in.at++;
    if (v->in.at == v->in.end) {
        return false;
    }
    if (*v->in.at == ':') {
        if (v->gap != NO_GAP) {
            return false;
        }
        v->gap = v->count;
        v->in.at++;
    }
    return true;
}

/* Moves the groups behind "::" to the end. False: too few or too many. */
static bool close_gap(struct v6 *v)
{
    HSY_ASSERT(v->count <= GROUPS);

    if (v->gap == NO_GAP) {
        return v->count == GROUPS;
    }
    if (v->count == GROUPS) {
        return false; /* "::" stands for at least one group. */
    }
    uint8_t *tail = &v->bytes[2 * v->gap];
    size_t tail_len = 2 * (size_t)(v->count - v->gap);
    size_t gap_len = 2 * (size_t)(GROUPS - v->count);
    memmove(tail + gap_len, tail, tail_len);
    memset(tail, 0, gap_len);
    return true;
}

static bool parse_v6(uint8_t out[16], struct scan in)
{
    struct v6 v = {.in = in, .gap = NO_GAP};
    if (in.end - in.at >= 2 && in.at[0] == ':' && in.at[1] == ':') {
        v.gap = 0;
        v.in.at += 2;
    }
    while (v.in.at < v.in.end) {
        if (!scan_group(&v)) {
            return false;
        }
        if (v.in.at < v.in.end && !scan_colons(&v)) {
            return false;
        }
    }
    if (!close_gap(&v)) {
        return false;
    }
    memcpy(out, v.bytes, sizeof(v.bytes));
    return true;
}

int hsy_ip_parse(uint8_t out[16], const char *text, size_t text_len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    struct scan in = {.at = text, .end = text + text_len};
    uint8_t quad[4];
    if (parse_v4(quad, in)) {
        memcpy(out, v4_prefix, sizeof(v4_prefix));
        memcpy(out + sizeof(v4_prefix), quad, sizeof(quad));
        return HEARSAY_OK;
    }
    return parse_v6(out, in) ? HEARSAY_OK : HEARSAY_ERR_MALFORMED;
}

/* ----------------------------------------------------- reading endpoints */

/* "host:port" taken apart; borrows the text. */
struct parts {
    const char *host;
    size_t host_len;
    const char *port; /* Ends with the text. */
    bool brackets;
};

/* NULL, or what is wrong. */
static const char *split_brackets(struct parts *out, const char *text)
{
    HSY_ASSERT(text[0] == '[');

    const char *close = strchr(text, ']');
    if (close == NULL) {
        return "the bracket is not closed: write [IPv6]:port, as in "
               "[::1]:7946";
    }
    if (close[1] != ':') {
        return "no port after the bracket: write [IPv6]:port, as in "
               "[::1]:7946";
    }
    *out = (struct parts){.host = text + 1,
                          .host_len = (size_t)(close - text) - 1,
                          .port = close + 2,
                          .brackets = true};
    return NULL;
}

/* NULL, or what is wrong. */
static const char *split(struct parts *out, const char *text)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    if (text[0] == '[') {
        return split_brackets(out, text);
    }
    const char *colon = strchr(text, ':');
    if (colon == NULL) {
        return "no port: write host:port, as in 10.0.0.7:7946";
    }
    if (strchr(colon + 1, ':') != NULL) {
        return "more than one colon: write an IPv6 address in brackets, as "
               "in [::1]:7946";
    }
    *out = (struct parts){
        .host = text, .host_len = (size_t)(colon - text), .port = colon + 1};
    return NULL;
}

/* NULL, or what is wrong. */
static const char *parse_port(uint16_t *out, const char *text, bool zero_ok)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    uint64_t port;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
        return "the port is not a number: use host:port with a port from 1 "
               "to 65535";
    }
    if (hsy_uint_parse(&port, text, UINT16_MAX) != HEARSAY_OK) {
        return "the port is over 65535: use host:port with a port from 1 to "
               "65535";
    }
    if (port == 0 && !zero_ok) {
        return "nobody can be reached at port 0: use host:port with a port "
               "from 1 to 65535";
    }
    *out = (uint16_t)port;
    return NULL;
}

static bool is_host_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '-' || c == '.' || c == '_';
}

/* NULL, or what is wrong with a host that is not an IP address. */
static const char *check_name(const char *host, size_t host_len)
{
    HSY_ASSERT(host_len >= 1);

    bool numeric = true;
    for (size_t i = 0; i < host_len; i++) {
        if (!is_host_char(host[i])) {
            return "a host name has only letters, digits, '-', '.' and '_': "
                   "write host:port";
        }
        numeric = numeric && (is_digit(host[i]) || host[i] == '.');
    }
    if (host_len > HEARSAY_HOST_MAX) {
        return "the host name is over 253 bytes: use a shorter name or its "
               "IP address";
    }
    if (numeric) {
        /* Resolvers read "10.1" as 10.0.0.1: surely not what was meant. */
        return "not an IPv4 address: use four numbers from 0 to 255, as in "
               "10.0.0.7:7946";
    }
    return NULL;
}

/* Writes @out->host; IP addresses in their one canonical form, so that two
 * ways to write an address compare equal. NULL, or what is wrong. */
static const char *parse_host(struct hearsay_seed *out,
                              const struct parts *parts)
{
    if (parts->host_len == 0) {
        return "no host before the port: write host:port, as in "
               "10.0.0.7:7946";
    }
    struct hearsay_addr addr = {.port = 0};
    bool is_ip =
        hsy_ip_parse(addr.ip, parts->host, parts->host_len) == HEARSAY_OK;
    bool has_colon = memchr(parts->host, ':', parts->host_len) != NULL;
    if (parts->brackets && !(is_ip && has_colon)) {
        return "not an IPv6 address in the brackets: write [IPv6]:port, as "
               "in [::1]:7946";
    }
    if (is_ip) {
        char text[HEARSAY_ADDR_TEXT_LEN];
        hsy_addr_host_text(text, &addr);
        memcpy(out->host, text, strlen(text) + 1);
        return NULL;
    }
    const char *why = check_name(parts->host, parts->host_len);
    if (why == NULL) {
        memcpy(out->host, parts->host, parts->host_len);
        out->host[parts->host_len] = '\0';
    }
    return why;
}

int hsy_endpoint_parse(struct hearsay_seed *out, const char *text,
                       bool port_zero_ok, const char **why)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);
    HSY_ASSERT(why != NULL);

    struct parts parts = {.host_len = 0};
    struct hearsay_seed seed = {.pinned = false};
    const char *wrong = split(&parts, text);
    if (wrong == NULL) {
        wrong = parse_host(&seed, &parts);
    }
    if (wrong == NULL) {
        wrong = parse_port(&seed.port, parts.port, port_zero_ok);
    }
    if (wrong != NULL) {
        *why = wrong;
        return HEARSAY_ERR_MALFORMED;
    }
    HSY_ASSERT(seed.host[0] != '\0');
    *out = seed;
    return HEARSAY_OK;
}

int hearsay_addr_parse(struct hearsay_addr *out, const char *text)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    struct parts parts;
    struct hearsay_addr addr = {.port = 0};
    if (split(&parts, text) != NULL ||
        hsy_ip_parse(addr.ip, parts.host, parts.host_len) != HEARSAY_OK ||
        parse_port(&addr.port, parts.port, true) != NULL) {
        return HEARSAY_ERR_MALFORMED;
    }
    bool has_colon = memchr(parts.host, ':', parts.host_len) != NULL;
    if (has_colon != parts.brackets) {
        return HEARSAY_ERR_MALFORMED; /* "[1.2.3.4]:5" is nobody's text. */
    }
    *out = addr;
    return HEARSAY_OK;
}

/* ------------------------------------------------------------------- ids */

bool hsy_id_equal(const struct hearsay_id *a, const struct hearsay_id *b)
{
    return hsy_id_compare(a, b) == 0;
}

int hsy_id_compare(const struct hearsay_id *a, const struct hearsay_id *b)
{
    HSY_ASSERT(a != NULL);
    HSY_ASSERT(b != NULL);
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int hsy_id_parse(struct hearsay_id *out, const char *text, size_t text_len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    if (text_len != 2 * HEARSAY_ID_LEN) {
        return HEARSAY_ERR_MALFORMED;
    }
    struct hearsay_id id;
    for (size_t i = 0; i < HEARSAY_ID_LEN; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return HEARSAY_ERR_MALFORMED;
        }
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = id;
    return HEARSAY_OK;
}

void hearsay_id_text(char out[HEARSAY_ID_TEXT_LEN], const struct hearsay_id *id)
{
    static const char digits[] = "0123456789abcdef";
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(id != NULL);

    for (size_t i = 0; i < HEARSAY_ID_LEN; i++) {
        out[2 * i] = digits[id->bytes[i] >> 4];
        out[2 * i + 1] = digits[id->bytes[i] & 0x0f];
    }
    out[HEARSAY_ID_TEXT_LEN - 1] = '\0';
}
