/* What a demo found, for people and for programs. */
#ifndef HSY_CLI_DEMO_REPORT_H
#define HSY_CLI_DEMO_REPORT_H

#include <stdio.h>

#include "cli/demo_ledger.h"

struct hsy_demo_kib {
    uint64_t peer_p50, peer_max, seed_max;
};

struct hsy_demo_figures {
    uint32_t seeds, peers;
    struct hsy_demo_ledger_report ledger;
    uint64_t relay_copies;
    struct hsy_demo_kib rss, anonymous; /* The latter is private memory. */
    uint64_t cpu_ms;
    uint32_t killed, frozen;
    uint32_t ended;          /* Processes that ended by themselves. */
    uint32_t status_missing; /* Nodes that did not answer at the end. */
};

/* One line, one object. Keys only grow. */
void hsy_demo_report_json(FILE *out, const struct hsy_demo_figures *f);
void hsy_demo_report_text(FILE *out, const struct hsy_demo_figures *f);

/* Complains about each thing that is not as it should be. The exit code. */
int hsy_demo_verdict(const struct hsy_demo_figures *f);

#endif
