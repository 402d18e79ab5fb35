/* The files that `hearsay sim` was asked to write. They are opened before
 * anything starts, so that a wrong name is told then, and overwritten only
 * when there is something to write. */
#ifndef HSY_CLI_SIM_FILES_H
#define HSY_CLI_SIM_FILES_H

#include "cli/sim_options.h"
#include "cli/sim_run.h"

#include <stdio.h>

struct hsy_sim_file {
    FILE *file; /* NULL: not wanted, or done with. */
    const char *path;
    bool made; /* It was not there before. */
};
struct hsy_sim_files {
    struct hsy_sim_file degrees, edges, report;
};

/* HEARSAY_ERR_INVALID: @error says which cannot be written, and none is open.
 */
HEARSAY_MUST_USE int hsy_sim_files_open(struct hsy_sim_files *out,
                                        const struct hsy_sim_options *options,
                                        struct hsy_usage_error *error);
/* Writes and closes them. False: one did not arrive, as told on stderr.
 * @command goes into the report. */
HEARSAY_MUST_USE bool hsy_sim_files_write(struct hsy_sim_files *files,
                                          const struct hsy_sim_run *run,
                                          const char *command);
/* Closes those that were not written: as they were, or not there again. */
void hsy_sim_files_close(struct hsy_sim_files *files);

#endif
