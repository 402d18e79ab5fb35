/* The fuzz target without a fuzzer: every file of its corpus, and a fixed
 * number of mutations of them, the same on every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "base/prng.h"
#include "unit/test_wire_fuzz.h"

enum { FILES_MAX = 256, FILE_LEN_MAX = 16 * 1024, MUTATIONS = 300000 };

struct file {
    char name[64];
    size_t len;
    uint8_t data[FILE_LEN_MAX];
};
static struct file files[FILES_MAX];
static size_t files_count;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name,
                  ((const struct file *)b)->name);
}

static void read_file(struct file *file, const char *folder, const char *name)
{
    char path[1024];
    assert_true(strlen(name) < sizeof(file->name));
    memcpy(file->name, name, strlen(name) + 1);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    file->len = fread(file->data, 1, sizeof(file->data), in);
    assert_true(file->len < sizeof(file->data));
    fclose(in);
}

/* Sorted: the order of a folder differs from machine to machine. */
static int read_the_corpus(void **state)
{
    (void)state;
    const char *root = getenv("HEARSAY_SOURCE_ROOT");
    char folder[512];
    snprintf(folder, sizeof(folder), "%s/fuzz/corpus/frame",
             root == NULL ? "." : root);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        if (d->d_name[0] != '.') {
            assert_true(files_count < FILES_MAX);
            read_file(&files[files_count++], folder, d->d_name);
        }
    }
    closedir(dir);
    qsort(files, files_count, sizeof(files[0]), by_name);
    return 0;
}

static void the_corpus_has_every_type_and_malformed_frames_too(void **state)
{
    (void)state;
    bool seen[HSY_DIRECT + 1] = {false};
    size_t refused = 0;
    for (size_t i = 0; i < files_count; i++) {
        struct hsy_frame frame;
        if (hsy_frame_decode(&frame, files[i].data, files[i].len, NULL) == 0) {
            seen[frame.type] = true;
            assert_null(strstr(files[i].name, "bad-"));
        } else {
            refused++;
            assert_non_null(strstr(files[i].name, "bad-"));
        }
    }
    for (unsigned type = HSY_HELLO; type <= HSY_DIRECT; type++) {
        assert_true(seen[type]);
    }
    assert_true(refused >= 5);
}

static void every_file_of_the_corpus_passes_the_fuzz_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < files_count; i++) {
        check_frame(files[i].data, files[i].len);
    }
}

/* What a frame under mutation may grow to. */
struct mutant {
    uint8_t data[FILE_LEN_MAX + 64];
    size_t len;
};

static void remove_or_repeat(struct mutant *m, struct hsy_prng *prng)
{
    size_t at = (size_t)hsy_prng_below(prng, m->len);
    size_t span = 1 + (size_t)hsy_prng_below(prng, 8);
    if (hsy_prng_below(prng, 2) == 0 && at + span <= m->len) {
        memmove(m->data + at, m->data + at + span, m->len - at - span);
        m->len -= span;
    } else if (at + span <= m->len && m->len + span <= sizeof(m->data)) {
        memmove(m->data + at + span, m->data + at, m->len - at);
        m->len += span;
    }
}

/* Counts and lengths sit early: half of all changes aim there. */
static void mutate(struct mutant *m, struct hsy_prng *prng)
{
    static const uint8_t values[] = {0, 1, 2, 3, 8, 9, 64, 65, 0x7f, 0x80, 255};
    size_t reach = hsy_prng_below(prng, 2) == 0 && m->len > 80 ? 80 : m->len;
    size_t at = (size_t)hsy_prng_below(prng, reach);
    switch (hsy_prng_below(prng, 5)) {
    case 0:
        m->data[at] ^= (uint8_t)(1u << hsy_prng_below(prng, 8));
        break;
    case 1:
        m->data[at] = values[hsy_prng_below(prng, sizeof(values))];
        break;
    case 2:
        m->data[at] = (uint8_t)(m->data[at] + 1 - 2 * hsy_prng_below(prng, 2));
        break;
    case 3:
        remove_or_repeat(m, prng);
        break;
    case 4:
        m->data[at] = (uint8_t)hsy_prng_next(prng);
        break;
    }
}

static void no_mutation_of_the_corpus_breaks_the_fuzz_target(void **state)
{
    (void)state;
    static struct mutant mutant;
    struct hsy_prng prng;
    uint32_t taken = 0;
    hsy_prng_init(&prng, 2026);
    for (uint32_t i = 0; i < MUTATIONS; i++) {
        const struct file *file = &files[i % files_count];
        memcpy(mutant.data, file->data, file->len);
        mutant.len = file->len;
        uint64_t changes = 1 + hsy_prng_below(&prng, 3);
        for (; changes > 0 && mutant.len > 0; changes--) {
            mutate(&mutant, &prng);
        }
        taken += check_frame(mutant.data, mutant.len) ? 1 : 0;
    }
    /* Or the mutations are too wild to get past the header. */
    assert_in_range(taken, MUTATIONS / 10, MUTATIONS - MUTATIONS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_has_every_type_and_malformed_frames_too),
        cmocka_unit_test(every_file_of_the_corpus_passes_the_fuzz_target),
        cmocka_unit_test(no_mutation_of_the_corpus_breaks_the_fuzz_target),
    };
    return cmocka_run_group_tests(tests, read_the_corpus, NULL);
}
