/* Operations wait in one list, in order, until a sync of their file, or for
 * names of the directory, moves them to what is certain. A cut is a choice
 * among those that wait. */
#include "support/crash_cut.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/prng.h"

const char *crash_tear_name(enum crash_tear tear)
{
    static const char *const names[CRASH_TEARS] = {
        "lost", "kept", "prefix", "torn", "reordered", "junk"};
    HSY_ASSERT(tear < CRASH_TEARS);
    return names[tear];
}

/* ------------------------------------------------------- one operation more */

static bool of_names(const struct crash_op *op)
{
    return op->kind == CRASH_CREATE || op->kind == CRASH_DELETE;
}

static bool of_bytes(const struct crash_op *op)
{
    return op->kind == CRASH_WRITE || op->kind == CRASH_TRUNCATE;
}

static const struct crash_op *op_at(const struct crash_cut *cut, size_t index)
{
    HSY_ASSERT(index < cut->journal->ops_count);
    return &cut->journal->ops[index];
}

/* The bytes [@from, @to) of a write; all of a truncation. */
static void apply(const struct crash_cut *cut, const struct crash_op *op,
                  struct crash_file *file, size_t from, size_t to)
{
    if (op->kind == CRASH_TRUNCATE) {
        crash_file_truncate(file, op->at);
        return;
    }
    HSY_ASSERT(to <= op->len);
    crash_file_write(file, op->at + from,
                     cut->journal->bytes + op->bytes_at + from, to - from);
}

static void apply_name(const struct crash_op *op, struct crash_disk *names)
{
    struct crash_file *file = crash_disk_find(names, op->name);

    if (op->kind == CRASH_DELETE && file != NULL) {
        file->name[0] = '\0';
    }
    if (op->kind == CRASH_CREATE) {
        HSY_ASSERT(file == NULL);
        file = crash_disk_add(names, op->name, op->inode);
        HSY_ASSERT(file != NULL);
    }
}

/* Where the sector that @at lies in ends. */
static size_t sector_end(const struct crash_op *op, size_t from)
{
    size_t end = ((op->at + from) / CRASH_SECTOR + 1) * CRASH_SECTOR - op->at;
    return end < op->len ? end : op->len;
}

/* Each sector with one chance in two, never to be heard of again otherwise. */
static void apply_some(const struct crash_cut *cut, const struct crash_op *op,
                       struct crash_file *file, struct hsy_prng *prng)
{
    if (op->kind == CRASH_TRUNCATE) {
        if (hsy_prng_below(prng, 2) == 0) {
            apply(cut, op, file, 0, 0);
        }
        return;
    }
    for (size_t from = 0; from < op->len; from = sector_end(op, from)) {
        if (hsy_prng_below(prng, 2) == 0) {
            apply(cut, op, file, from, sector_end(op, from));
        }
    }
}

static struct hsy_prng prng_of(uint64_t rng, uint64_t more)
{
    struct hsy_prng prng;
    hsy_prng_init(&prng, rng * UINT64_C(0x9e3779b97f4a7c15) + more);
    return prng;
}

/* Those that wait for this sync wait no more. */
static void settle(struct crash_cut *cut, const struct crash_op *sync)
{
    struct hsy_prng prng = prng_of(cut->rng, cut->at);
    size_t left = 0;

    for (size_t i = 0; i < cut->pending_count; i++) {
        const struct crash_op *op = op_at(cut, cut->pending[i]);
        if (of_names(op) && sync->dir) {
            apply_name(op, &cut->names);
        } else if (of_bytes(op) && op->inode == sync->inode &&
                   sync->kind == CRASH_SYNC_FAILED) {
            apply_some(cut, op, &cut->inodes[op->inode], &prng);
        } else if (of_bytes(op) && op->inode == sync->inode) {
            apply(cut, op, &cut->inodes[op->inode], 0, op->len);
        } else {
            cut->pending[left] = cut->pending[i];
            left++;
        }
    }
    cut->pending_count = left;
}

static bool is_true(const struct crash_cut *cut)
{
    struct hsy_prng prng = prng_of(cut->rng, cut->at);

    return cut->honesty == CRASH_HONEST || cut->honesty == CRASH_RETRIES ||
           (cut->honesty == CRASH_LIES_OFTEN && hsy_prng_below(&prng, 2) == 0);
}

static void wait_for_sync(struct crash_cut *cut)
{
    if (cut->pending_count == cut->pending_room) {
        cut->pending_room = cut->pending_room == 0 ? 64 : cut->pending_room * 2;
        cut->pending =
            realloc(cut->pending, cut->pending_room * sizeof(*cut->pending));
        HSY_ASSERT(cut->pending != NULL);
    }
    cut->pending[cut->pending_count] = cut->at;
    cut->pending_count++;
}

bool crash_cut_step(struct crash_cut *cut)
{
    if (cut->at == cut->journal->ops_count) {
        return false;
    }
    const struct crash_op *op = op_at(cut, cut->at);
    if (of_bytes(op) || of_names(op)) {
        wait_for_sync(cut);
    }
    if (!of_bytes(op) && (!of_names(op) || op->dir) &&
        (op->kind == CRASH_SYNC_FAILED ? cut->honesty != CRASH_RETRIES
                                       : is_true(cut))) {
        settle(cut, op);
    }
    cut->at++;
    return true;
}

void crash_cut_init(struct crash_cut *cut, const struct crash_journal *journal,
                    enum crash_honesty honesty, uint64_t rng)
{
    size_t inodes = journal->base.inodes;

    for (size_t i = 0; i < journal->ops_count; i++) {
        inodes += journal->ops[i].kind == CRASH_CREATE ? 1 : 0;
    }
    *cut = (struct crash_cut){.journal = journal,
                              .honesty = honesty,
                              .rng = rng,
                              .inodes_count = inodes + 1};
    cut->inodes = calloc(cut->inodes_count, sizeof(*cut->inodes));
    HSY_ASSERT(cut->inodes != NULL);
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        const struct crash_file *file = &journal->base.files[i];
        if (file->name[0] == '\0') {
            continue;
        }
        struct crash_file *kept = &cut->inodes[file->inode];
        crash_file_write(kept, 0, file->bytes, file->len);
        kept = crash_disk_add(&cut->names, file->name, file->inode);
        HSY_ASSERT(kept != NULL);
    }
}

void crash_cut_fini(struct crash_cut *cut)
{
    for (size_t i = 0; i < cut->inodes_count; i++) {
        free(cut->inodes[i].bytes);
    }
    free(cut->inodes);
    free(cut->pending);
    *cut = (struct crash_cut){.at = 0};
}

/* ----------------------------------------------------------------- the cut */

static void take_names(const struct crash_cut *cut, struct crash_disk *out,
                       size_t pending)
{
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        out->files[i].len = 0;
        memcpy(out->files[i].name, cut->names.files[i].name, CRASH_NAME_MAX);
        out->files[i].inode = cut->names.files[i].inode;
    }
    for (size_t i = 0; i < pending; i++) {
        const struct crash_op *op = op_at(cut, cut->pending[i]);
        if (of_names(op)) {
            apply_name(op, out);
        }
    }
    out->inodes = 0;
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        struct crash_file *file = &out->files[i];
        if (file->name[0] != '\0') {
            const struct crash_file *kept = &cut->inodes[file->inode];
            crash_file_write(file, 0, kept->bytes, kept->len);
            out->inodes = file->inode > out->inodes ? file->inode : out->inodes;
        }
    }
}

/* The file of a name that is there; NULL: its inode has none. */
static struct crash_file *by_inode(struct crash_disk *disk, uint32_t inode)
{
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        if (disk->files[i].name[0] != '\0' && disk->files[i].inode == inode) {
            return &disk->files[i];
        }
    }
    return NULL;
}

static void take_prefix(const struct crash_cut *cut, struct crash_disk *out,
                        size_t count, struct hsy_prng *prng)
{
    for (size_t i = 0; i <= count && i < cut->pending_count; i++) {
        const struct crash_op *op = op_at(cut, cut->pending[i]);
        struct crash_file *file = by_inode(out, op->inode);
        if (!of_bytes(op) || file == NULL) {
            continue;
        }
        size_t to = op->len;
        if (i == count) { /* The one at which it went dark. */
            size_t sectors = op->len / CRASH_SECTOR + 1;
            to = (size_t)hsy_prng_below(prng, sectors) * CRASH_SECTOR;
            if (to == 0) {
                return;
            }
        }
        apply(cut, op, file, 0, to);
    }
}

static void junk(const struct crash_op *op, struct crash_file *file,
                 size_t from, struct hsy_prng *prng)
{
    uint8_t noise[CRASH_SECTOR];
    size_t to = sector_end(op, from);

    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (uint8_t)(hsy_prng_next(prng) >> 56);
    }
    crash_file_write(file, op->at + from, noise, to - from);
}

static void take_junk(const struct crash_cut *cut, const struct crash_op *op,
                      struct crash_file *file, struct hsy_prng *prng)
{
    if (op->kind == CRASH_TRUNCATE) {
        apply_some(cut, op, file, prng);
        return;
    }
    for (size_t from = 0; from < op->len; from = sector_end(op, from)) {
        uint64_t what = hsy_prng_below(prng, 4);
        if (what == 0) {
            junk(op, file, from, prng);
        } else if (what < 3) {
            apply(cut, op, file, from, sector_end(op, from));
        }
    }
}

static void take_one(const struct crash_cut *cut, const struct crash_op *op,
                     struct crash_file *file, enum crash_tear tear,
                     struct hsy_prng *prng)
{
    if (tear == CRASH_KEPT ||
        (tear == CRASH_REORDERED && hsy_prng_below(prng, 2) == 0)) {
        apply(cut, op, file, 0, op->len);
    } else if (tear == CRASH_TORN ||
               (tear == CRASH_REORDERED && hsy_prng_below(prng, 2) == 0)) {
        apply_some(cut, op, file, prng);
    } else if (tear == CRASH_JUNK) {
        take_junk(cut, op, file, prng);
    }
}

static void shuffle(size_t *items, size_t count, struct hsy_prng *prng)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)hsy_prng_below(prng, i);
        size_t item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

/* Operations on names stay in order: file systems journal them. */
static void take_any(const struct crash_cut *cut, struct crash_disk *out,
                     enum crash_tear tear, struct hsy_prng *prng)
{
    size_t len = cut->pending_count * sizeof(size_t);
    size_t *order = malloc(len + 1);

    HSY_ASSERT(order != NULL);
    if (len > 0) {
        memcpy(order, cut->pending, len);
    }
    if (tear == CRASH_REORDERED) {
        shuffle(order, cut->pending_count, prng);
    }
    for (size_t i = 0; i < cut->pending_count; i++) {
        const struct crash_op *op = op_at(cut, order[i]);
        struct crash_file *file = by_inode(out, op->inode);
        if (of_bytes(op) && file != NULL) {
            take_one(cut, op, file, tear, prng);
        }
    }
    free(order);
}

void crash_cut_take(const struct crash_cut *cut, struct crash_disk *out,
                    enum crash_tear tear, uint64_t rng)
{
    struct hsy_prng prng = prng_of(rng, cut->at * CRASH_TEARS + tear);
    size_t count = (size_t)hsy_prng_below(&prng, cut->pending_count + 1);

    if (tear == CRASH_LOST) {
        take_names(cut, out, 0);
    } else if (tear == CRASH_PREFIX) {
        take_names(cut, out, count);
        take_prefix(cut, out, count, &prng);
    } else {
        take_names(cut, out, tear == CRASH_KEPT ? cut->pending_count : count);
        take_any(cut, out, tear, &prng);
    }
}
