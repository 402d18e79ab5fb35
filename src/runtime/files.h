/* Whole small files, with a text for people when something is wrong. */
#ifndef HSY_RUNTIME_FILES_H
#define HSY_RUNTIME_FILES_H

#include "base/compiler.h"
#include "hearsay/runtime.h"

struct hsy_file {
    char *data; /* Owned; a NUL follows the last byte. */
    size_t len;
};

/* Reads @path, at most @len_max bytes. Gives @out, to be returned to
 * hsy_file_free(). HEARSAY_ERR_IO: not there, a directory. HEARSAY_ERR_DENIED.
 * HEARSAY_ERR_TOO_BIG. HEARSAY_ERR_NOMEM. *@error says which and why. */
HEARSAY_MUST_USE int hsy_file_read(struct hsy_file *out, const char *path,
                                   size_t len_max,
                                   struct hearsay_runtime_error *error);

/* Takes a zeroed struct too. Wipes what it held. */
void hsy_file_free(struct hsy_file *file);

/* Replaces @path by @data in one step, on disk when it returns: after a crash
 * there is the old file or the new one. @mode as in chmod, e.g. 0600. */
HEARSAY_MUST_USE int hsy_file_write(const char *path, const void *data,
                                    size_t len, uint32_t mode,
                                    struct hearsay_runtime_error *error);

/* Makes @path and its missing parents with @mode; there already: fine. */
HEARSAY_MUST_USE int hsy_dir_make(const char *path, uint32_t mode,
                                  struct hearsay_runtime_error *error);

/* Fills in *@error (which may be NULL) and returns @err. */
int hsy_error_set(struct hearsay_runtime_error *error, int err,
                  const char *format, ...) HSY_PRINTF(3, 4);

#endif
