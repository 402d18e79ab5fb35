/* getopt_long does the scanning; the texts are ours, because its own do not
 * say what would have been right. */
#include "cli/flags.h"

#include "base/assert.h"
#include "base/quantity.h"
#include "base/time.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

enum {
    VAL_BASE = 0x200, /* Rows are told apart from getopt's letters. */
    LEN_KIB = 1024,
    LEN_MIB = 1024 * 1024
};

int hsy_flag_refuse(struct hsy_usage_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return HEARSAY_ERR_INVALID;
}

static uint32_t flags_count(const struct hsy_flag *flags)
{
    uint32_t count = 0;
    while (flags[count].name != NULL) {
        count++;
    }
    HSY_ASSERT(count < HSY_FLAGS_MAX);
    return count;
}

static const char *typed(const struct hsy_usage *usage)
{
    return usage->typed != NULL ? usage->typed : usage->command;
}

/* Is @word, as in "--name" or "--name=value", a flag of @usage? */
static bool knows(const struct hsy_usage *usage, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    for (const struct hsy_flag *f = usage->flags; f->name != NULL; f++) {
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0) {
            return true;
        }
    }
    return false;
}

static int refuse_unknown(const struct hsy_usage *usage, const char *word,
                          struct hsy_usage_error *error)
{
    const struct hsy_usage *const *other = usage->others;
    bool is_long = strncmp(word, "--", 2) == 0;
    while (is_long && other != NULL && *other != NULL) {
        if (knows(*other, word)) {
            return hsy_flag_refuse(error,
                                   "%.*s: it is a flag of `hearsay %s`, not "
                                   "of `hearsay %s`; see --help of both",
                                   (int)strcspn(word, "="), word, typed(*other),
                                   typed(usage));
        }
        other++;
    }
    return hsy_flag_refuse(error,
                           "%s: there is no such flag; `hearsay %s --help` "
                           "lists them",
                           word, typed(usage));
}

/* getopt_long names the row it could not take in optopt, or 0 for a name that
 * it does not know, or the letter of a short flag; we have none of those. */
static int refuse(const struct hsy_usage *usage, int answer, const char *word,
                  struct hsy_usage_error *error)
{
    if (optopt >= VAL_BASE && answer == ':') {
        const struct hsy_flag *flag = &usage->flags[optopt - VAL_BASE];
        return hsy_flag_refuse(error, "--%s: a value is missing: --%s %s",
                               flag->name, flag->name, flag->value);
    }
    if (optopt >= VAL_BASE) {
        return hsy_flag_refuse(error, "%s: --%s takes no value", word,
                               usage->flags[optopt - VAL_BASE].name);
    }
    char letter[3] = {'-', (char)optopt, '\0'};
    return refuse_unknown(usage, optopt == 0 ? word : letter, error);
}

/* One answer of getopt_long. */
static int take(const struct hsy_usage *usage, int answer, const char *word,
                struct hsy_flag_taker taker, struct hsy_usage_error *error)
{
    if (answer < VAL_BASE) {
        return refuse(usage, answer, word, error);
    }
    const struct hsy_flag *flag = &usage->flags[answer - VAL_BASE];
    return taker.set(taker.ctx, flag, flag->value == NULL ? NULL : optarg,
                     error);
}

int hsy_flags_scan(const struct hsy_usage *usage, int argc, char **argv,
                   struct hsy_flag_taker taker, int *out_first,
                   struct hsy_usage_error *error)
{
    struct option options[HSY_FLAGS_MAX] = {{0}};
    uint32_t count = flags_count(usage->flags);
    for (uint32_t i = 0; i < count; i++) {
        const struct hsy_flag *flag = &usage->flags[i];
        options[i].name = flag->name;
        options[i].has_arg =
            flag->value == NULL ? no_argument : required_argument;
        options[i].val = VAL_BASE + (int)i;
    }

    opterr = 0;
    optind = 0; /* glibc: start afresh, also when called a second time. */
    for (;;) {
        int answer = getopt_long(argc, argv, ":", options, NULL);
        if (answer == -1) {
            break;
        }
        int err = take(usage, answer, argv[optind - 1], taker, error);
        if (err != 0) {
            return err;
        }
    }
    if (optind < argc && usage->operands[0] == '\0') {
        return hsy_flag_refuse(
            error,
            "`%s` is not expected here; %s takes %s, "
            "see `hearsay %s --help`",
            argv[optind], typed(usage),
            usage->takes != NULL ? usage->takes : "flags only", typed(usage));
    }
    *out_first = optind;
    return 0;
}

void hsy_flags_help(FILE *out, const struct hsy_usage *usage)
{
    fprintf(out, "Usage: hearsay %s [FLAG...]%s%s\n\n%s\n\nFlags:\n",
            usage->command, usage->operands[0] == '\0' ? "" : " ",
            usage->operands, usage->summary);
    for (const struct hsy_flag *f = usage->flags; f->name != NULL; f++) {
        if (f->help == NULL) {
            continue;
        }
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", f->name,
                 f->value == NULL ? "" : " ", f->value == NULL ? "" : f->value);
        fprintf(out, "  %-26s %s\n", left, f->help);
    }
    fprintf(out, "\nExample:\n  %s\n", usage->example);
}

int hsy_flag_once(const struct hsy_flag *flag, uint64_t *given,
                  struct hsy_usage_error *error)
{
    HSY_ASSERT(flag->id >= 0);
    HSY_ASSERT(flag->id < 64);
    uint64_t bit = UINT64_C(1) << flag->id;
    if (flag->value != NULL && (*given & bit) != 0) {
        return hsy_flag_refuse(error, "--%s: given twice; leave one out",
                               flag->name);
    }
    *given |= bit;
    return 0;
}

/* A duration as people write it: the largest unit that divides it. */
static void duration_text(char *out, size_t out_max, uint64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *unit;
    } units[] = {{60 * HSY_MINUTE, "h"}, {HSY_MINUTE, "m"}, {HSY_SECOND, "s"}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ns >= units[i].ns && ns % units[i].ns == 0) {
            snprintf(out, out_max, "%llu%s",
                     (unsigned long long)(ns / units[i].ns), units[i].unit);
            return;
        }
    }
    snprintf(out, out_max, "%llums", (unsigned long long)(ns / HSY_MS));
}

int hsy_flag_duration(const struct hsy_flag *flag, const char *value,
                      struct hsy_range range, uint64_t *out,
                      struct hsy_usage_error *error)
{
    uint64_t ns = 0;
    /* "0" needs no unit. */
    int err = strcmp(value, "0") == 0 ? 0 : hsy_duration_parse(&ns, value);
    if (err == 0 && ns >= range.min && ns <= range.max) {
        *out = ns;
        return 0;
    }
    char min[32], max[32];
    duration_text(min, sizeof(min), range.min);
    duration_text(max, sizeof(max), range.max);
    return hsy_flag_refuse(error,
                           "--%s: `%s` is no duration from %s to %s; write "
                           "a whole number and ms, s, m or h, as in 500ms "
                           "or 13s",
                           flag->name, value, min, max);
}

/* The same for a size; the parser knows no unit above MiB. */
static void size_text(char *out, size_t out_max, uint64_t len)
{
    bool mib = len >= LEN_MIB && len % LEN_MIB == 0;
    bool kib = !mib && len >= LEN_KIB && len % LEN_KIB == 0;
    snprintf(out, out_max, "%llu%s",
             (unsigned long long)(len / (mib   ? LEN_MIB
                                         : kib ? LEN_KIB
                                               : 1)),
             mib   ? "MiB"
             : kib ? "KiB"
                   : "");
}

int hsy_flag_size(const struct hsy_flag *flag, const char *value,
                  struct hsy_range range, uint64_t *out,
                  struct hsy_usage_error *error)
{
    uint64_t len = 0;
    if (hsy_size_parse(&len, value) == 0 && len >= range.min &&
        len <= range.max) {
        *out = len;
        return 0;
    }
    char min[32], max[32];
    size_text(min, sizeof(min), range.min);
    size_text(max, sizeof(max), range.max);
    return hsy_flag_refuse(error,
                           "--%s: `%s` is no size from %s to %s; write a whole "
                           "number of bytes, or one and KiB or MiB, as in "
                           "64MiB",
                           flag->name, value, min, max);
}

int hsy_flag_uint(const struct hsy_flag *flag, const char *value,
                  struct hsy_range range, uint64_t *out,
                  struct hsy_usage_error *error)
{
    uint64_t number = 0;
    int err = hsy_uint_parse(&number, value, range.max);
    if (err == 0 && number >= range.min) {
        *out = number;
        return 0;
    }
    return hsy_flag_refuse(
        error, "--%s: `%s` is no whole number from %llu to %llu", flag->name,
        value, (unsigned long long)range.min, (unsigned long long)range.max);
}

int hsy_flag_choice(const struct hsy_flag *flag, const char *value,
                    const char *const *names, uint32_t *out,
                    struct hsy_usage_error *error)
{
    char all[160] = "";
    size_t len = 0;
    for (uint32_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], value) == 0) {
            *out = i;
            return 0;
        }
        int more = snprintf(all + len, sizeof(all) - len, "%s%s",
                            i == 0 ? "" : ", ", names[i]);
        HSY_ASSERT(more > 0 && (size_t)more < sizeof(all) - len);
        len += (size_t)more;
    }
    return hsy_flag_refuse(error, "--%s: `%s` is not one of: %s", flag->name,
                           value, all);
}

int hsy_flag_topic(const struct hsy_flag *flag, const char *value,
                   const char **out, struct hsy_usage_error *error)
{
    if (strlen(value) > HEARSAY_NAME_MAX) {
        return hsy_flag_refuse(error,
                               "--%s: `%.80s` has %zu bytes; accepted are up "
                               "to %d",
                               flag->name, value, strlen(value),
                               HEARSAY_NAME_MAX);
    }
    *out = value;
    return 0;
}
