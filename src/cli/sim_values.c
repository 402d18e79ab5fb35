/* Readers of small notations. A value is right as a whole or wrong as a
 * whole; nothing is guessed. */
#include "cli/sim_values.h"

#include "base/assert.h"
#include "base/quantity.h"

#include <string.h>

enum { WORD_MAX = 32 };

/* Copies what is before @end; false: empty, or too long to be right. */
static bool cut_word(char out[WORD_MAX], const char *from, const char *end)
{
    size_t len = (size_t)(end - from);
    if (len == 0 || len >= WORD_MAX) {
        return false;
    }
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

/* "12", "12.5" in units of 10^-@decimals; no more decimals than that. */
static bool read_decimal(uint64_t *out, const char *text, unsigned decimals)
{
    char word[WORD_MAX];
    const char *end = text + strlen(text);
    const char *dot = strchr(text, '.');
    const char *whole_end = dot != NULL ? dot : end;
    uint64_t whole = 0;
    uint64_t part = 0;
    if (!cut_word(word, text, whole_end) ||
        hsy_uint_parse(&whole, word, 1000000000) != 0) {
        return false;
    }
    size_t digits = dot != NULL ? (size_t)(end - dot - 1) : 0;
    if (dot != NULL && (digits == 0 || digits > decimals ||
                        hsy_uint_parse(&part, dot + 1, 1000000000) != 0)) {
        return false;
    }
    for (unsigned i = 0; i < decimals; i++) {
        whole *= 10;
        part *= i < digits ? 1 : 10;
    }
    *out = whole + part;
    return true;
}

static bool read_share(uint32_t *out_ppm, const char *from, const char *end)
{
    char word[WORD_MAX];
    uint64_t ppm = 0;
    if (end == from || end[-1] != '%' || !cut_word(word, from, end - 1) ||
        !read_decimal(&ppm, word, 4) || ppm == 0 || ppm > 1000000) {
        return false;
    }
    *out_ppm = (uint32_t)ppm;
    return true;
}

int hsy_sim_share(const struct hsy_flag *flag, const char *value,
                  uint32_t *out_ppm, struct hsy_usage_error *error)
{
    if (read_share(out_ppm, value, value + strlen(value))) {
        return 0;
    }
    return hsy_flag_refuse(error,
                           "--%s: `%s` is no share of the peers; accepted is "
                           "more than 0%% up to 100%%, as in 30%% or 2.5%%",
                           flag->name, value);
}

int hsy_sim_rate(const struct hsy_flag *flag, const char *value,
                 uint32_t *out_milli, struct hsy_usage_error *error)
{
    uint64_t milli = 0;
    if (read_decimal(&milli, value, 3) && milli >= 1 && milli <= 1000000000) {
        *out_milli = (uint32_t)milli;
        return 0;
    }
    return hsy_flag_refuse(error,
                           "--%s: `%s` is no number of messages a second from "
                           "0.001 to 1000000, as in 10 or 0.5",
                           flag->name, value);
}

/* Delays beyond a minute are another fault than latency. */
static bool read_delay(uint64_t *out_ns, const char *from, const char *end)
{
    char word[WORD_MAX];
    uint64_t ns = 0;
    if (!cut_word(word, from, end) || hsy_duration_parse(&ns, word) != 0 ||
        ns > UINT64_C(60000000000)) {
        return false;
    }
    *out_ns = ns;
    return true;
}

int hsy_sim_latency(const struct hsy_flag *flag, const char *value,
                    struct hsy_range *out, struct hsy_usage_error *error)
{
    const char *end = value + strlen(value);
    const char *dots = strstr(value, "..");
    struct hsy_range r = {0, 0};
    bool read = read_delay(&r.min, value, dots != NULL ? dots : end) &&
                read_delay(&r.max, dots != NULL ? dots + 2 : value, end);
    if (read && r.min <= r.max) {
        *out = r;
        return 0;
    }
    return hsy_flag_refuse(error,
                           "--%s: `%s` is no delay from 0 to 1m, nor two of "
                           "them with the smaller one first, as in 100ms or "
                           "1ms..20ms",
                           flag->name, value);
}

int hsy_sim_tail(const struct hsy_flag *flag, const char *value,
                 struct hsy_weather *out, struct hsy_usage_error *error)
{
    const char *comma = strchr(value, ',');
    uint32_t ppm = 0;
    uint64_t ns = 0;
    if (comma != NULL && read_share(&ppm, value, comma) &&
        read_delay(&ns, comma + 1, value + strlen(value)) && ns > 0) {
        out->tail_ppm = ppm;
        out->tail_ns = ns;
        return 0;
    }
    return hsy_flag_refuse(error,
                           "--%s: `%s` is not a share and a time up to 1m "
                           "with a comma between them, as in 1%%,30s",
                           flag->name, value);
}

/* ---------------------------------------------------------------- sizes */

/* As hsy_size_parse(), and GiB. */
static bool read_size(uint64_t *out, const char *value)
{
    char word[WORD_MAX];
    size_t len = strlen(value);
    if (len > 3 && strcmp(value + len - 3, "GiB") == 0) {
        uint64_t gib = 0;
        if (!cut_word(word, value, value + len - 3) ||
            hsy_uint_parse(&gib, word, 1024) != 0) {
            return false;
        }
        *out = gib << 30;
        return true;
    }
    return hsy_size_parse(out, value) == 0;
}

struct bounds {
    struct hsy_range range;
    const char *says;
};

static int take_size(const struct hsy_flag *flag, const char *value,
                     const struct bounds *b, uint64_t *out,
                     struct hsy_usage_error *error)
{
    uint64_t size = 0;
    if (!read_size(&size, value) || size < b->range.min ||
        size > b->range.max) {
        return hsy_flag_refuse(error,
                               "--%s: `%s` is no size that is accepted: %s",
                               flag->name, value, b->says);
    }
    *out = size;
    return 0;
}

int hsy_sim_memory_flag(const struct hsy_flag *flag, const char *value,
                        uint64_t *out, struct hsy_usage_error *error)
{
    static const struct bounds memory = {{UINT64_C(1) << 20, UINT64_MAX},
                                         "1MiB to 1024GiB, as in 2GiB"};
    return take_size(flag, value, &memory, out, error);
}

int hsy_sim_size_flag(struct hsy_sim_options *out, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    static const struct bounds payload = {
        {HSY_STUDY_PAYLOAD_MIN, HEARSAY_PAYLOAD_MAX},
        "8 to 16MiB, as in 100 or 4KiB"};
    static const struct bounds capacity = {{1024, UINT32_MAX},
                                           "1KiB to 4095MiB, as in 128KiB"};
    bool is_payload = strcmp(flag->name, "payload") == 0;
    bool is_capacity = strcmp(flag->name, "capacity") == 0;
    if (!is_payload && !is_capacity) {
        return hsy_sim_memory_flag(flag, value, &out->memory_max, error);
    }
    uint64_t size = 0;
    int err =
        take_size(flag, value, is_payload ? &payload : &capacity, &size, error);
    if (err != 0) {
        return err;
    }
    if (is_payload) {
        out->study.payload_len = (uint32_t)size;
    } else {
        out->study.weather.bytes_per_s = (uint32_t)size;
    }
    return 0;
}

/* -------------------------------------------------------------- compare */

struct compared {
    const char *key;
    const char *(*name)(uint32_t value);
    uint32_t count;
    enum hsy_sim_compared what;
};

static const struct compared compared[] = {
    {"overlay=", hsy_sim_overlay_name, HEARSAY_OVERLAY_UNIFORM + 1,
     HSY_SIM_COMPARE_OVERLAY},
    {"relay=", hsy_sim_relay_name, HEARSAY_RELAY_FLOOD + 1,
     HSY_SIM_COMPARE_RELAY},
};

static int refuse_value(const struct compared *c, const char *value,
                        struct hsy_usage_error *error)
{
    char all[128] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        int more = snprintf(all + len, sizeof(all) - len, "%s%s",
                            i == 0 ? "" : ", ", c->name(i));
        HSY_ASSERT(more > 0 && (size_t)more < sizeof(all) - len);
        len += (size_t)more;
    }
    return hsy_flag_refuse(error,
                           "--compare: `%s` has a value that does not exist, "
                           "or one twice; after `%s` come, with commas: %s",
                           value, c->key, all);
}

static bool take_value(struct hsy_sim_options *out, const struct compared *c,
                       const char *word)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (strcmp(c->name(i), word) != 0) {
            continue;
        }
        for (uint32_t k = 0; k < out->values_count; k++) {
            if (out->values[k] == i) {
                return false;
            }
        }
        HSY_ASSERT(out->values_count < HSY_SIM_VALUES_MAX);
        out->values[out->values_count] = i;
        out->values_count++;
        return true;
    }
    return false;
}

static int read_values(struct hsy_sim_options *out, const struct compared *c,
                       const char *value, struct hsy_usage_error *error)
{
    const char *at = value + strlen(c->key);
    bool more = true;
    while (more) {
        char word[WORD_MAX];
        const char *comma = strchr(at, ',');
        const char *end = comma != NULL ? comma : at + strlen(at);
        if (!cut_word(word, at, end) || !take_value(out, c, word)) {
            return refuse_value(c, value, error);
        }
        more = comma != NULL;
        at = end + 1;
    }
    out->compared = c->what;
    return 0;
}

int hsy_sim_compare(struct hsy_sim_options *out, const char *value,
                    struct hsy_usage_error *error)
{
    out->values_count = 0;
    for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
        if (strncmp(value, compared[i].key, strlen(compared[i].key)) == 0) {
            return read_values(out, &compared[i], value, error);
        }
    }
    return hsy_flag_refuse(error,
                           "--compare: `%s` is neither overlay=RULE,RULE... "
                           "nor relay=HOW,HOW...",
                           value);
}
