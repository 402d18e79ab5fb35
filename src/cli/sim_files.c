/* Plain text that other programs read: numbers and line ends, nothing else. */
#include "cli/sim_files.h"

#include "cli/cli.h"
#include "sim/report.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int open_one(FILE **out, const char *path, const char *flag,
                    struct hsy_usage_error *error)
{
    if (path == NULL) {
        return 0;
    }
    *out = fopen(path, "w");
    if (*out == NULL) {
        return hsy_flag_refuse(error, "--%s: cannot write `%s`: %s", flag, path,
                               strerror(errno));
    }
    return 0;
}

int hsy_sim_files_open(struct hsy_sim_files *out,
                       const struct hsy_sim_options *options,
                       struct hsy_usage_error *error)
{
    *out = (struct hsy_sim_files){0};
    int err =
        open_one(&out->degrees, options->dump_degrees, "dump-degrees", error);
    if (err == 0) {
        err = open_one(&out->edges, options->dump_edges, "dump-edges", error);
    }
    if (err == 0) {
        err = open_one(&out->report, options->report, "report", error);
    }
    if (err != 0) {
        hsy_sim_files_close(out);
    }
    return err;
}

void hsy_sim_files_close(struct hsy_sim_files *files)
{
    FILE *all[] = {files->degrees, files->edges, files->report};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i] != NULL) {
            fclose(all[i]);
        }
    }
    *files = (struct hsy_sim_files){0};
}

/* Of the peers that live; one that has no link has degree 0. */
static void write_degrees(FILE *out, const struct hsy_graph *g)
{
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->present[i]) {
            fprintf(out, "%" PRIu32 "\n", g->degrees[i]);
        }
    }
}

static void write_edges(FILE *out, const struct hsy_graph *g)
{
    for (uint32_t i = 0; i < g->links; i++) {
        uint32_t a;
        uint32_t b;
        hsy_graph_ends(g, i, &a, &b);
        fprintf(out, "%" PRIu32 " %" PRIu32 "\n", a, b);
    }
}

static bool write_report(FILE *out, const struct hsy_sim_run *run,
                         const char *command)
{
    struct hsy_text text;
    struct hsy_report_page report = {.title = "Hearsay simulation",
                                     .command = command,
                                     .figures = &run->figures,
                                     .measure = hsy_study_measure(run->study)};
    hsy_text_init(&text, hearsay_mem_default());
    hsy_report_html(&text, &report);
    bool well = text.err == HEARSAY_OK &&
                fwrite(hsy_text_get(&text), 1, text.len, out) == text.len;
    hsy_text_fini(&text);
    return well;
}

static bool finish_one(FILE **file, const char *path, bool well)
{
    if (*file == NULL) {
        return true;
    }
    well = well && ferror(*file) == 0;
    well = fclose(*file) == 0 && well;
    *file = NULL;
    if (!well) {
        hsy_cli_complain("`%s` was not written completely: %s", path,
                         strerror(errno != 0 ? errno : EIO));
    }
    return well;
}

bool hsy_sim_files_write(struct hsy_sim_files *files,
                         const struct hsy_sim_options *options,
                         const struct hsy_sim_run *run, const char *command)
{
    const struct hsy_graph *g = hsy_study_witness(run->study)->graph;
    bool report = true;
    if (files->degrees != NULL) {
        write_degrees(files->degrees, g);
    }
    if (files->edges != NULL) {
        write_edges(files->edges, g);
    }
    if (files->report != NULL) {
        report = write_report(files->report, run, command);
    }
    bool well = finish_one(&files->degrees, options->dump_degrees, true);
    well = finish_one(&files->edges, options->dump_edges, true) && well;
    return finish_one(&files->report, options->report, report) && well;
}
