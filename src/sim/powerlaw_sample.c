/* Samples as counts of different values: a million degrees are a few hundred
 * of them. Small values are counted in an array; the rare large ones are kept
 * as they are and sorted at the end. */
#include "sim/powerlaw_inner.h"

#include "base/assert.h"
#include "base/mem.h"
#include "sim/zeta.h"

#include <math.h>
#include <string.h>

enum { DENSE = 1 << 14 };

int hsy_sample_init(struct hsy_sample *s, const struct hearsay_mem *mem,
                    uint32_t room)
{
    HSY_ASSERT(room > 0);
    uint32_t distinct = room; /* There cannot be more. */
    *s = (struct hsy_sample){.mem = *mem, .room = room};
    s->values = hsy_mem_alloc(mem, distinct * sizeof(*s->values));
    s->counts = hsy_mem_alloc(mem, distinct * sizeof(*s->counts));
    s->logs = hsy_mem_alloc(mem, distinct * sizeof(*s->logs));
    s->dense = hsy_mem_zalloc(mem, DENSE * sizeof(*s->dense));
    s->sparse = hsy_mem_alloc(mem, room * sizeof(*s->sparse));
    if (s->values == NULL || s->counts == NULL || s->logs == NULL ||
        s->dense == NULL || s->sparse == NULL) {
        hsy_sample_fini(s);
        return HEARSAY_ERR_NOMEM;
    }
    return HEARSAY_OK;
}

void hsy_sample_fini(struct hsy_sample *s)
{
    hsy_mem_free(&s->mem, s->values);
    hsy_mem_free(&s->mem, s->counts);
    hsy_mem_free(&s->mem, s->logs);
    hsy_mem_free(&s->mem, s->dense);
    hsy_mem_free(&s->mem, s->sparse);
}

void hsy_sample_clear(struct hsy_sample *s)
{
    memset(s->dense, 0, s->dense_end * sizeof(*s->dense));
    s->dense_end = 0;
    s->sparse_count = 0;
    s->distinct = 0;
    s->total = 0;
}

void hsy_sample_add(struct hsy_sample *s, uint32_t value)
{
    if (value == 0) {
        return;
    }
    HSY_ASSERT(s->total < s->room);
    s->total++;
    if (value >= DENSE) {
        s->sparse[s->sparse_count++] = value;
        return;
    }
    s->dense[value]++;
    if (value >= s->dense_end) {
        s->dense_end = value + 1;
    }
}

/* Restores the heap (largest on top) below @at. */
static void sift(uint32_t *values, uint32_t count, uint32_t at)
{
    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && values[child + 1] > values[child]) {
            child++;
        }
        if (values[at] >= values[child]) {
            return;
        }
        uint32_t value = values[at];
        values[at] = values[child];
        values[child] = value;
        at = child;
    }
}

/* Heapsort: no recursion, no bad case. */
static void sort(uint32_t *values, uint32_t count)
{
    for (uint32_t i = count / 2; i > 0; i--) {
        sift(values, count, i - 1);
    }
    for (uint32_t i = count; i > 1; i--) {
        uint32_t largest = values[0];
        values[0] = values[i - 1];
        values[i - 1] = largest;
        sift(values, i - 1, 0);
    }
}

static void append(struct hsy_sample *s, uint32_t value, uint32_t count)
{
    if (s->distinct > 0 && s->values[s->distinct - 1] == value) {
        s->counts[s->distinct - 1] += count;
        return;
    }
    HSY_ASSERT(s->distinct < s->room);
    s->values[s->distinct] = value;
    s->counts[s->distinct] = count;
    s->logs[s->distinct] = log(value);
    s->distinct++;
}

void hsy_sample_finish(struct hsy_sample *s)
{
    sort(s->sparse, s->sparse_count);
    for (uint32_t i = 0; i < s->dense_end; i++) {
        if (s->dense[i] > 0) {
            append(s, i, s->dense[i]);
        }
    }
    for (uint32_t i = 0; i < s->sparse_count; i++) {
        append(s, s->sparse[i], 1);
    }
}

/* ------------------------------------------------------------------ draws */

/* P(X >= x) of the tail. */
static double above(const struct hsy_draw *d, double x)
{
    double xmin = d->tail.xmin;
    return exp(-d->tail.alpha * log(x / xmin)) *
           hsy_zeta_scaled(d->tail.alpha, x) / d->scale;
}

int hsy_draw_init(struct hsy_draw *d, const struct hsy_sample *seen,
                  const struct hsy_tail *tail)
{
    *d = (struct hsy_draw){.seen = seen, .tail = *tail};
    d->below = hsy_mem_alloc(&seen->mem, (tail->first + 1) * sizeof(*d->below));
    d->above = hsy_mem_alloc(&seen->mem, HSY_DRAW_TABLE * sizeof(*d->above));
    if (d->below == NULL || d->above == NULL) {
        hsy_draw_fini(d);
        return HEARSAY_ERR_NOMEM;
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < tail->first; i++) {
        sum += seen->counts[i];
        d->below[i] = sum;
    }
    d->scale = hsy_zeta_scaled(tail->alpha, tail->xmin);
    for (uint32_t i = 0; i < HSY_DRAW_TABLE; i++) {
        d->above[i] = above(d, (double)tail->xmin + i);
    }
    return HEARSAY_OK;
}

void hsy_draw_fini(struct hsy_draw *d)
{
    hsy_mem_free(&d->seen->mem, d->below);
    hsy_mem_free(&d->seen->mem, d->above);
}

/* The first value that more than @rank of those seen do not exceed. */
static uint32_t draw_below(const struct hsy_draw *d, uint32_t rank)
{
    uint32_t low = 0;
    uint32_t high = d->tail.first;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (d->below[middle] > rank) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    HSY_ASSERT(low < d->tail.first);
    return d->seen->values[low];
}

/* The largest x with P(X >= x) >= u, past the table; bounded by 2^31. */
static uint32_t draw_far(const struct hsy_draw *d, double u)
{
    uint32_t low = d->tail.xmin + HSY_DRAW_TABLE - 1;
    uint32_t high = low;
    while (high < UINT32_C(1) << 30 && above(d, high) >= u) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (above(d, middle) >= u) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t draw_above(const struct hsy_draw *d, double u)
{
    if (d->above[HSY_DRAW_TABLE - 1] >= u) {
        return draw_far(d, u);
    }
    uint32_t low = 0; /* Its probability is 1. */
    uint32_t high = HSY_DRAW_TABLE - 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (d->above[middle] >= u) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return d->tail.xmin + low;
}

uint32_t hsy_draw_next(const struct hsy_draw *d, struct hsy_prng *prng)
{
    uint32_t rank = (uint32_t)hsy_prng_below(prng, d->seen->total);
    if (rank >= d->tail.count) {
        return draw_below(d, rank - d->tail.count);
    }
    /* 53 bits, in (0, 1]. */
    double u = (double)((hsy_prng_next(prng) >> 11) + 1) / 9007199254740992.0;
    return draw_above(d, u);
}
