/* The way of the registry's facts to the disk. Nobody but the registry
 * includes this. */
#ifndef HSY_CORE_REGISTRY_SAVES_H
#define HSY_CORE_REGISTRY_SAVES_H

#include "core/registry_rows.h"

void hsy_registry_saves_init(struct hsy_registry *r);
void hsy_registry_saves_fini(struct hsy_registry *r);

/* Asks for @write and follows it. HSY_TOKEN_LOST: it could not be asked for or
 * followed now; the id is written later. */
uint64_t hsy_registry_ask(struct hsy_registry *r, struct hsy_row_write *write);

#endif
