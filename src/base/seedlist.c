/* config.txt. Every node must make the same n out of the same file, because
 * n gives the quorum: so a line that is not understood is an error and never
 * skipped, and a seed that is listed twice counts once.
 *
 * Two passes. The first reads line by line and joins equal addresses, where a
 * key may stand on any of them; two different keys for one address contradict
 * each other. The second joins equal keys, keeping the first address: it can
 * only run when all keys are known. */
#include "base/seedlist.h"

#include "base/addr.h"
#include "base/assert.h"

#include <string.h>

enum {
    LINE_LEN_MAX = 512,
    QUOTE_LEN_MAX = 48 /* Leaves 100 bytes of the error for the reason. */
};

struct span {
    const char *at, *end;
};

struct parser {
    struct hsy_seedlist *list;
    struct hsy_parse_error *error;
    uint32_t line;
};

/* ---------------------------------------------------------------- errors */

static void append(struct hsy_parse_error *error, const char *text)
{
    size_t used = strlen(error->text);
    size_t len = strlen(text);
    size_t left = sizeof(error->text) - 1 - used;
    HSY_ASSERT(len <= left); /* All texts here are ours and short. */
    memcpy(error->text + used, text, len + 1);
}

static int fail(const struct parser *p, const char *why)
{
    HSY_ASSERT(why != NULL);
    p->error->line = p->line;
    p->error->text[0] = '\0';
    append(p->error, why);
    return HEARSAY_ERR_MALFORMED;
}

/* The same with the offending @word in front: `"a:70000": the port ...`. It
 * goes to a terminal, so only printable ASCII is repeated. */
static int fail_at(const struct parser *p, struct span word, const char *why)
{
    HSY_ASSERT(word.at <= word.end);

    char quote[QUOTE_LEN_MAX + 1] = "";
    size_t len = (size_t)(word.end - word.at);
    size_t shown = len < QUOTE_LEN_MAX ? len : QUOTE_LEN_MAX;
    for (size_t i = 0; i < shown; i++) {
        char c = word.at[i];
        quote[i] = c > ' ' && c <= '~' ? c : '?';
    }
    (void)fail(p, "\"");
    append(p->error, quote);
    append(p->error, shown < len ? "...\": " : "\": ");
    append(p->error, why);
    return HEARSAY_ERR_MALFORMED;
}

/* ----------------------------------------------------------------- lines */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word of @line; empty when there is none. */
static struct span take_word(struct span *line)
{
    HSY_ASSERT(line->at <= line->end);

    while (line->at < line->end && is_blank(*line->at)) {
        line->at++;
    }
    struct span word = {line->at, line->at};
    while (word.end < line->end && !is_blank(*word.end)) {
        word.end++;
    }
    line->at = word.end;
    return word;
}

static bool is_empty(struct span s)
{
    return s.at == s.end;
}

/* The next line of @text without its end; CR LF ends a line too. */
static struct span take_line(struct span *text)
{
    HSY_ASSERT(text->at < text->end);

    size_t left = (size_t)(text->end - text->at);
    const char *newline = memchr(text->at, '\n', left);
    struct span line = {text->at, newline == NULL ? text->end : newline};
    text->at = newline == NULL ? text->end : newline + 1;
    if (line.end > line.at && line.end[-1] == '\r') {
        line.end--;
    }
    return line;
}

static struct span without_comment(struct span line)
{
    const char *hash = memchr(line.at, '#', (size_t)(line.end - line.at));
    return (struct span){line.at, hash == NULL ? line.end : hash};
}

/* ----------------------------------------------------------------- seeds */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* DNS names do not tell upper from lower case. */
static bool same_host(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static struct hearsay_seed *find_address(struct hsy_seedlist *list,
                                         const struct hearsay_seed *seed)
{
    HSY_ASSERT(list->count <= HEARSAY_SEEDS_MAX);

    for (uint32_t i = 0; i < list->count; i++) {
        struct hearsay_seed *known = &list->seeds[i];
        if (known->port == seed->port && same_host(known->host, seed->host)) {
            return known;
        }
    }
    return NULL;
}

static int add_seed(const struct parser *p, const struct hearsay_seed *seed)
{
    HSY_ASSERT(seed->port != 0);

    struct hearsay_seed *known = find_address(p->list, seed);
    if (known == NULL) {
        if (p->list->count == HEARSAY_SEEDS_MAX) {
            return fail(p, "more than 32 seeds: remove this line or others");
        }
        p->list->seeds[p->list->count] = *seed;
        p->list->count++;
        return HEARSAY_OK;
    }
    if (!seed->pinned) {
        return HEARSAY_OK;
    }
    if (known->pinned && !hsy_id_equal(&known->id, &seed->id)) {
        return fail(p, "a line above gives this address another key: remove "
                       "the line that is wrong");
    }
    known->pinned = true;
    known->id = seed->id;
    return HEARSAY_OK;
}

static int parse_key(const struct parser *p, struct hearsay_seed *seed,
                     struct span word)
{
    size_t len = (size_t)(word.end - word.at);
    if (hsy_id_parse(&seed->id, word.at, len) != HEARSAY_OK) {
        return fail_at(p, word,
                       "not a key: a key is 64 hex digits, as the seed prints "
                       "them");
    }
    seed->pinned = true;
    return HEARSAY_OK;
}

static int parse_address(const struct parser *p, struct hearsay_seed *seed,
                         struct span word)
{
    char text[LINE_LEN_MAX + 1];
    size_t len = (size_t)(word.end - word.at);
    HSY_ASSERT(len <= LINE_LEN_MAX);
    memcpy(text, word.at, len);
    text[len] = '\0';

    const char *why = NULL;
    if (hsy_endpoint_parse(seed, text, false, &why) != HEARSAY_OK) {
        return fail_at(p, word, why);
    }
    return HEARSAY_OK;
}

/* `host:port [KEY]`, @line being free of its end and its comment. */
static int parse_seed(const struct parser *p, struct span line)
{
    struct span address = take_word(&line);
    struct span key = take_word(&line);
    struct span rest = take_word(&line);
    if (is_empty(address)) {
        return HEARSAY_OK;
    }
    struct hearsay_seed seed;
    int err = parse_address(p, &seed, address);
    if (err == HEARSAY_OK && !is_empty(key)) {
        err = parse_key(p, &seed, key);
    }
    if (err == HEARSAY_OK && !is_empty(rest)) {
        err = fail_at(p, rest,
                      "too much on one line: write one host:port [KEY] a "
                      "line");
    }
    return err == HEARSAY_OK ? add_seed(p, &seed) : err;
}

static int parse_line(const struct parser *p, struct span line)
{
    HSY_ASSERT(line.at <= line.end);

    size_t len = (size_t)(line.end - line.at);
    if (memchr(line.at, '\0', len) != NULL) {
        return fail(p, "a NUL byte: save the file as plain text (UTF-8)");
    }
    if (len > LINE_LEN_MAX) {
        return fail(p, "the line is over 512 bytes: write one host:port [KEY] "
                       "a line");
    }
    return parse_seed(p, without_comment(line));
}

/* One id counts once; its first address stays. */
static void join_keys(struct hsy_seedlist *list)
{
    HSY_ASSERT(list->count <= HEARSAY_SEEDS_MAX);

    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        bool repeated = false;
        for (uint32_t j = 0; j < kept && list->seeds[i].pinned; j++) {
            repeated = repeated ||
                       (list->seeds[j].pinned &&
                        hsy_id_equal(&list->seeds[j].id, &list->seeds[i].id));
        }
        if (!repeated) {
            list->seeds[kept] = list->seeds[i];
            kept++;
        }
    }
    list->count = kept;
}

int hsy_seedlist_parse(struct hsy_seedlist *out, const char *text,
                       size_t text_len, struct hsy_parse_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL || text_len == 0);
    HSY_ASSERT(error != NULL);
    _Static_assert(HEARSAY_SEEDS_MAX == 32, "add_seed() says 32");

    out->count = 0;
    struct parser p = {.list = out, .error = error};
    struct span left = {text, text_len == 0 ? text : text + text_len};
    while (left.at != left.end) {
        p.line++;
        int err = parse_line(&p, take_line(&left));
        if (err != HEARSAY_OK) {
            return err;
        }
    }
    if (out->count == 0) {
        p.line = 0;
        return fail(&p, "no seed in the file: write at least one line "
                        "host:port");
    }
    join_keys(out);
    HSY_ASSERT(out->count >= 1);
    return HEARSAY_OK;
}
