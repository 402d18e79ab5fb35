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
static int open_one(struct hsy_sim_file *out, const char *path,
                    const char *flag, struct hsy_usage_error *error)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_CLOEXEC, MODE = 0666 };
    if (path == NULL) {
        return 0;
    }
    int fd = open(path, FLAGS | O_EXCL, MODE);
    out->made = fd >= 0;
    if (fd < 0 && errno == EEXIST) {
        fd = open(path, FLAGS, MODE);
    }
    out->path = path;
    out->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out->file != NULL) {
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
    if (same_file(f->degrees.file, f->edges.file) ||
        same_file(f->degrees.file, f->report.file) ||
        same_file(f->edges.file, f->report.file)) {
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

/* What was not written is not left behind either. */
static void close_one(struct hsy_sim_file *f)
{
    if (f->file != NULL) {
        fclose(f->file);
        if (f->made) {
            (void)unlink(f->path);
        }
    }
    *f = (struct hsy_sim_file){0};
}

void hsy_sim_files_close(struct hsy_sim_files *files)
{
    close_one(&files->degrees);
    close_one(&files->edges);
    close_one(&files->report);
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

static bool finish_one(struct hsy_sim_file *f, bool well)
{
    if (f->file == NULL) {
        return true;
    }
    well = well && ferror(f->file) == 0;
    well = fflush(f->file) == 0 && well;
    well = cut_rest(f->file) && well;
    well = fclose(f->file) == 0 && well;
    f->file = NULL;
    if (!well) {
        hsy_cli_complain("`%s` was not written completely: %s", f->path,
                         strerror(errno != 0 ? errno : EIO));
    }
    return well;
}

bool hsy_sim_files_write(struct hsy_sim_files *files,
                         const struct hsy_sim_run *run, const char *command)
{
    const struct hsy_graph *g = hsy_study_witness(run->study)->graph;
    bool report = true;
    if (files->degrees.file != NULL) {
        write_degrees(files->degrees.file, g);
    }
    if (files->edges.file != NULL) {
        write_edges(files->edges.file, g);
    }
    if (files->report.file != NULL) {
        report = write_report(files->report.file, run, command);
    }
    bool well = finish_one(&files->degrees, true);
    well = finish_one(&files->edges, true) && well;
    return finish_one(&files->report, report) && well;
}
