/* The memory of a simulation: counted, and bounded. What would go beyond the
 * bound fails as if there were no memory, so that it ends with an error and
 * not by the kernel's hand. One thread. */
#ifndef HSY_CLI_SIM_MEMORY_H
#define HSY_CLI_SIM_MEMORY_H

#include "hearsay.h"

struct hsy_sim_memory {
    uint64_t max;
    uint64_t used, peak; /* What the C library really gave. */
    bool refused;        /* The bound was reached. */
};

/* An allocator that counts in @memory, which must outlive all it gave. */
struct hearsay_mem hsy_sim_memory_of(struct hsy_sim_memory *memory);

/* 90 % of what the machine has free now. */
uint64_t hsy_sim_memory_free(void);
/* Of this process, from /proc; 0: not known. */
uint64_t hsy_sim_rss_kib(void);

/* What a network of so many peers takes, roughly, rounded up. */
uint64_t hsy_sim_memory_needed(uint32_t peers);

/* On stderr: @what, as in "the simulation", ran out of it, and what to do. */
void hsy_sim_memory_complain(const char *what,
                             const struct hsy_sim_memory *memory);

/* "1.5 GiB", "300 MiB" */
enum { HSY_SIM_BYTES_LEN = 32 };
void hsy_sim_bytes_text(char out[HSY_SIM_BYTES_LEN], uint64_t bytes);

#endif
