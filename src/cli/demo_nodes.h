/* The demo's processes: starting, signalling, measuring and ending them.
 * Which and when is the caller's business. Nodes are numbered seeds first,
 * then peers. */
#ifndef HSY_CLI_DEMO_NODES_H
#define HSY_CLI_DEMO_NODES_H

#include "cli/demo_options.h"
#include "cli/demo_place.h"
#include "hearsay/runtime.h"

struct uv_loop_s;
struct hsy_demo_nodes;

enum hsy_process {
    HSY_PROCESS_NONE, /* Not started yet. */
    HSY_PROCESS_RUNNING,
    HSY_PROCESS_FROZEN,
    HSY_PROCESS_ENDED
};

struct hsy_demo_nodes_config {
    struct uv_loop_s *loop; /* Borrowed, like all here. */
    const struct hsy_demo_options *options;
    const struct hsy_demo_place *place;
    const struct hearsay_mem *mem;
    /* A line without newline that @node wrote; lent. */
    void (*on_line)(void *ctx, uint32_t node, const char *line,
                    size_t line_len);
    /* @node ended by itself or by a signal; @signum is 0 or that signal. */
    void (*on_exit)(void *ctx, uint32_t node, int exit_code, int signum);
    void *ctx;
};

/* Starts none. Gives *@out, to be returned to hsy_demo_nodes_destroy(), which
 * kills what still runs. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int
hsy_demo_nodes_create(struct hsy_demo_nodes **out,
                      const struct hsy_demo_nodes_config *config);
void hsy_demo_nodes_destroy(struct hsy_demo_nodes *nodes);

/* Without @http the API of seed1 stays off TCP. */
HEARSAY_MUST_USE int hsy_demo_nodes_start(struct hsy_demo_nodes *nodes,
                                          uint32_t node, const char *http,
                                          struct hearsay_runtime_error *error);

/* "seed1", "peer12"; lent. */
const char *hsy_demo_node_name(const struct hsy_demo_nodes *nodes,
                               uint32_t node);
enum hsy_process hsy_demo_node_process(const struct hsy_demo_nodes *nodes,
                                       uint32_t node);

/* Each asserts that @node runs, or is frozen for the thaw. */
void hsy_demo_node_kill(struct hsy_demo_nodes *nodes, uint32_t node);
void hsy_demo_node_freeze(struct hsy_demo_nodes *nodes, uint32_t node);
void hsy_demo_node_thaw(struct hsy_demo_nodes *nodes, uint32_t node);

/* How many have been started and not ended. */
uint32_t hsy_demo_nodes_alive(const struct hsy_demo_nodes *nodes);
/* Thaws the frozen, and sends @signum (SIGTERM, SIGKILL) to all alive. */
void hsy_demo_nodes_signal(struct hsy_demo_nodes *nodes, int signum);

struct hsy_demo_memory {
    uint64_t rss_kib, private_kib;
};

/* Of a process alive; false: it cannot be read. */
bool hsy_demo_node_memory(const struct hsy_demo_nodes *nodes, uint32_t node,
                          struct hsy_demo_memory *out);
/* Processor time of all the children that have ended. */
uint64_t hsy_demo_cpu_ms(void);

/* The path of the control socket; lent until the next call. */
const char *hsy_demo_node_socket(struct hsy_demo_nodes *nodes, uint32_t node);

/* The last lines that @node wrote, oldest first; false: no such index. */
bool hsy_demo_node_last(const struct hsy_demo_nodes *nodes, uint32_t node,
                        uint32_t index, const char **out);
/* True when one of them contains @text. */
bool hsy_demo_node_said(const struct hsy_demo_nodes *nodes, uint32_t node,
                        const char *text);

#endif
