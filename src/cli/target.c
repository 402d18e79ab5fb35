/* A peer knows its neighbours and its address book, which in a large network
 * are not all: whoever is not among them is named by the whole id. */
#include "cli/target.h"

#include "cli/remote.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ID_DIGITS = HEARSAY_ID_TEXT_LEN - 1 };

static bool is_whole_id(const char *text)
{
    return strlen(text) == ID_DIGITS &&
           strspn(text, "0123456789abcdefABCDEF") == ID_DIGITS;
}

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static void take(struct hsy_target *out, const json_t *node)
{
    snprintf(out->id, sizeof(out->id), "%s", hsy_text_of(node, "id"));
    snprintf(out->name, sizeof(out->name), "%s", hsy_text_of(node, "name"));
}

struct search {
    const char *text;
    bool whole; /* Whole names only. */
    uint32_t found;
    struct hsy_target first, second;
};

static void look_at(struct search *s, const json_t *node)
{
    const char *name = hsy_text_of(node, "name");
    bool hit = s->whole ? strcmp(name, s->text) == 0
                        : begins(name, s->text) ||
                              begins(hsy_text_of(node, "id"), s->text);
    if (!hit || strcmp(hsy_text_of(node, "role"), "seed") == 0 ||
        (s->found > 0 && strcmp(s->first.id, hsy_text_of(node, "id")) == 0)) {
        return; /* Seeds carry no messages. */
    }
    take(s->found == 0 ? &s->first : &s->second, node);
    s->found++;
}

static struct search search(json_t *const *lists, const char *text, bool whole)
{
    struct search s = {.text = text, .whole = whole};
    for (; *lists != NULL; lists++) {
        for (size_t i = 0; i < json_array_size(*lists); i++) {
            look_at(&s, json_array_get(*lists, i));
        }
    }
    return s;
}

static int refuse(struct hsy_client_error *error, const struct search *s)
{
    error->err = HEARSAY_ERR_INVALID;
    if (s->found == 0) {
        snprintf(error->text, sizeof(error->text),
                 "--to: the local node knows no peer whose name or id begins "
                 "with `%.64s`; `hearsay peers` lists those it knows, any "
                 "other is named by its whole id",
                 s->text);
    } else {
        snprintf(error->text, sizeof(error->text),
                 "--to: `%.64s` may be %.8s (%s) or %.8s (%s); write more of "
                 "it",
                 s->text, s->first.id, s->first.name, s->second.id,
                 s->second.name);
    }
    return HEARSAY_ERR_INVALID;
}

int hsy_target_choose(json_t *const *lists, const char *text,
                      struct hsy_target *out, struct hsy_client_error *error)
{
    struct search s = search(lists, text, true);
    if (s.found != 1) {
        s = search(lists, text, false);
    }
    if (s.found == 1) {
        *out = s.first;
        return 0;
    }
    if (is_whole_id(text)) {
        *out = (struct hsy_target){0};
        memcpy(out->id, text, ID_DIGITS);
        return 0;
    }
    return refuse(error, &s);
}

int hsy_target_find(struct hsy_client *client, const char *text,
                    struct hsy_target *out, struct hsy_client_error *error)
{
    json_t *lists[3] = {NULL, NULL, NULL};
    int err = text[0] == '\0' ? HEARSAY_ERR_INVALID : 0;
    if (err != 0) {
        snprintf(error->text, sizeof(error->text), "--to: `` names nobody");
        return err;
    }
    err = hsy_client_get(client, "/v1/links", &lists[0], error);
    if (err == 0) {
        err = hsy_client_get(client, "/v1/peers", &lists[1], error);
    }
    if (err == 0) {
        err = hsy_target_choose(lists, text, out, error);
    }
    json_decref(lists[1]);
    json_decref(lists[0]);
    return err;
}
