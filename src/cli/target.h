/* Which node a person means. */
#ifndef HSY_CLI_TARGET_H
#define HSY_CLI_TARGET_H

#include "client/client.h"

struct hsy_target {
    char id[HEARSAY_ID_TEXT_LEN];
    char name[HEARSAY_NAME_MAX + 1]; /* "": not known. */
};

/* @text is a whole id, or how the id or the name of one node begins that the
 * local node knows; a whole name wins over one that only begins so.
 * HEARSAY_ERR_INVALID: none, or several; *@error says which. Others as of
 * hsy_client_get(). */
HEARSAY_MUST_USE int hsy_target_find(struct hsy_client *client,
                                     const char *text, struct hsy_target *out,
                                     struct hsy_client_error *error);

/* The choice alone, among @lists (NULL at the end) of nodes as /v1/peers and
 * /v1/links have them. */
HEARSAY_MUST_USE int hsy_target_choose(json_t *const *lists, const char *text,
                                       struct hsy_target *out,
                                       struct hsy_client_error *error);

#endif
