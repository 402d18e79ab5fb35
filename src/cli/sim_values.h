/* The values of `hearsay sim`'s flags that have a notation of their own. Each
 * names the flag, the value and what is accepted in @error. */
#ifndef HSY_CLI_SIM_VALUES_H
#define HSY_CLI_SIM_VALUES_H

#include "cli/sim_options.h"

/* "30%", "2.5%": in millionths. */
HEARSAY_MUST_USE int hsy_sim_share(const struct hsy_flag *flag,
                                   const char *value, uint32_t *out_ppm,
                                   struct hsy_usage_error *error);
/* "10", "0.5": in thousandths. */
HEARSAY_MUST_USE int hsy_sim_rate(const struct hsy_flag *flag,
                                  const char *value, uint32_t *out_milli,
                                  struct hsy_usage_error *error);
/* "1ms..20ms", "100ms" */
HEARSAY_MUST_USE int hsy_sim_latency(const struct hsy_flag *flag,
                                     const char *value, struct hsy_range *out,
                                     struct hsy_usage_error *error);
/* "1%,30s" */
HEARSAY_MUST_USE int hsy_sim_tail(const struct hsy_flag *flag,
                                  const char *value, struct hsy_weather *out,
                                  struct hsy_usage_error *error);
/* "overlay=preferential,uniform" */
HEARSAY_MUST_USE int hsy_sim_compare(struct hsy_sim_options *out,
                                     const char *value,
                                     struct hsy_usage_error *error);
/* --payload, --capacity, --memory-max: "100", "64KiB", "2GiB". */
HEARSAY_MUST_USE int hsy_sim_size_flag(struct hsy_sim_options *out,
                                       const struct hsy_flag *flag,
                                       const char *value,
                                       struct hsy_usage_error *error);
/* --memory-max alone, for the uses that have no other options. */
HEARSAY_MUST_USE int hsy_sim_memory_flag(const struct hsy_flag *flag,
                                         const char *value, uint64_t *out,
                                         struct hsy_usage_error *error);

#endif
