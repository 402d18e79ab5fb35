/* Plain text that other programs read: numbers and line ends, nothing else. */
#include "cli/sim_files.h"

#include "cli/cli.h"
#include "sim/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As it is: what a file holds is lost only when there is something better. */
static int open_one(FILE **out, const char *path, const char *flag,
                    struct hsy_usage_error *error)
{
    if (path == NULL) {
        return 0;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (*out != NULL) {
        return 0;
    }
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    return hsy_flag_refuse(error,
                           "--%s: cannot write `%s`: %s; choose another file",
                           flag, path, strerror(why));
}

/* Under whatever names: two outputs in one file would spoil each other. */
static bool same_file(FILE *a, FILE *b)
{
    struct stat one;
    struct stat two;
    return a != NULL && b != NULL && fstat(fileno(a), &one) == 0 &&
           fstat(fileno(b), &two) == 0 && S_ISREG(one.st_mode) &&
           one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

static int check_apart(const struct hsy_sim_files *f,
                       struct hsy_usage_error *error)
{
    if (same_file(f->degrees, f->edges) || same_file(f->degrees, f->report) ||
        same_file(f->edges, f->report)) {
        return hsy_flag_refuse(error, "--report, --dump-degrees, --dump-edges: "
                                      "each needs a file of its own");
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
    if (err == 0) {
        err = check_apart(out, error);
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

/* What an older, longer file had behind what was written now. */
static bool cut_rest(FILE *file)
{
    struct stat is;
    long end = 0;
    if (fstat(fileno(file), &is) != 0 || !S_ISREG(is.st_mode)) {
        return true;
    }
    end = ftell(file);
    return end >= 0 && ftruncate(fileno(file), end) == 0;
}

static bool finish_one(FILE **file, const char *path, bool well)
{
    if (*file == NULL) {
        return true;
    }
    well = well && ferror(*file) == 0;
    well = fflush(*file) == 0 && well;
    well = cut_rest(*file) && well;
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
