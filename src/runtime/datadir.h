/* The data directory: one process at a time, the key, the database's path. */
#ifndef HSY_RUNTIME_DATADIR_H
#define HSY_RUNTIME_DATADIR_H

#include "hearsay/runtime.h"

/* Makes @path (0700) when missing and locks it. Gives the lock as a
 * descriptor: closing it unlocks. HEARSAY_ERR_LOCKED, HEARSAY_ERR_IO,
 * HEARSAY_ERR_DENIED; *@error says what to do. */
HEARSAY_MUST_USE int hsy_datadir_lock(int *out_fd, const char *path,
                                      struct hearsay_runtime_error *error);

/* Reads PATH/node.key, or makes it (0600, synced) when missing.
 * HEARSAY_ERR_DENIED: others may read it. HEARSAY_ERR_MALFORMED.
 * HEARSAY_ERR_IO. *@error says what to do. */
HEARSAY_MUST_USE int hsy_datadir_key(uint8_t out[HEARSAY_SECRET_LEN],
                                     const char *path,
                                     struct hearsay_runtime_error *error);

#endif
