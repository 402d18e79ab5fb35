/* Each node is this very program again, as `hearsay seed` or `hearsay peer`,
 * in a session of its own: a Ctrl-C in the terminal reaches the demo alone,
 * which then ends its nodes in order. Should the demo itself be killed, the
 * kernel kills them: --parent sees to that. */
#include "cli/demo_nodes.h"

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LAST_LINES = 4, LAST_LEN = 320, WORDS_MAX = 20 };

struct last_line {
    char text[LAST_LEN];
};

struct demo_node {
    struct hsy_demo_nodes *nodes;
    struct hsy_child *child; /* Owned; NULL before the start. */
    enum hsy_process process;
    uint32_t number;
    char name[16];
    struct last_line last[LAST_LINES]; /* A ring. */
    uint32_t lines_count;
};

struct hsy_demo_nodes {
    struct hsy_demo_nodes_config config;
    uint32_t count;
    char socket_path[64];
    struct demo_node node[]; /* `count` of them. */
};

int hsy_demo_nodes_create(struct hsy_demo_nodes **out,
                          const struct hsy_demo_nodes_config *config)
{
    uint32_t seeds = config->options->seeds;
    uint32_t count = seeds + config->options->peers;
    struct hsy_demo_nodes *nodes = hsy_mem_zalloc(
        config->mem, sizeof(*nodes) + count * sizeof(nodes->node[0]));
    if (nodes == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    nodes->config = *config;
    nodes->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct demo_node *n = &nodes->node[i];
        n->nodes = nodes;
        n->number = i;
        snprintf(n->name, sizeof(n->name), "%s%u", i < seeds ? "seed" : "peer",
                 i < seeds ? i + 1 : i - seeds + 1);
    }
    *out = nodes;
    return 0;
}

void hsy_demo_nodes_destroy(struct hsy_demo_nodes *nodes)
{
    if (nodes == NULL) {
        return;
    }
    for (uint32_t i = 0; i < nodes->count; i++) {
        hsy_child_destroy(nodes->node[i].child);
    }
    struct hearsay_mem mem = *nodes->config.mem;
    hsy_mem_free(&mem, nodes);
}

/* ------------------------------------------------------------ starting */

static void on_line(void *ctx, enum hsy_child_stream stream, const char *line,
                    size_t line_len)
{
    (void)stream; /* What a node says is what it says. */
    struct demo_node *n = ctx;
    struct last_line *last = &n->last[n->lines_count++ % LAST_LINES];
    size_t len = line_len < LAST_LEN - 1 ? line_len : LAST_LEN - 1;
    memcpy(last->text, line, len);
    last->text[len] = '\0';
    n->nodes->config.on_line(n->nodes->config.ctx, n->number, line, line_len);
}

static void on_exit(void *ctx, int exit_code, int signum)
{
    struct demo_node *n = ctx;
    n->process = HSY_PROCESS_ENDED;
    n->nodes->config.on_exit(n->nodes->config.ctx, n->number, exit_code,
                             signum);
}

struct words {
    const char *list[WORDS_MAX + HSY_DEMO_PASSED_MAX];
    uint32_t count;
};

static void word_pair(struct words *w, const char *flag, const char *value)
{
    HSY_ASSERT(w->count + 2 < WORDS_MAX);
    w->list[w->count++] = flag;
    w->list[w->count++] = value;
}

static void words_pass(struct words *w, const struct hsy_demo_passed *passed)
{
    for (uint32_t i = 0; i < passed->words_count; i++) {
        w->list[w->count++] = passed->words[i];
    }
    w->list[w->count] = NULL;
}

int hsy_demo_nodes_start(struct hsy_demo_nodes *nodes, uint32_t node,
                         const char *http, struct hearsay_runtime_error *error)
{
    const struct hsy_demo_options *options = nodes->config.options;
    struct demo_node *n = &nodes->node[node];
    bool seed = node < options->seeds;
    char listen[32], data[64], parent[16];
    snprintf(listen, sizeof(listen), "127.0.0.1:%u",
             seed ? nodes->config.place->ports[node] : 0);
    snprintf(data, sizeof(data), HSY_DEMO_DIR "/%s", n->name);
    snprintf(parent, sizeof(parent), "%ld", (long)getpid());

    struct words w = {{0}, 0};
    word_pair(&w, "/proc/self/exe", seed ? "seed" : "peer");
    word_pair(&w, "--listen", listen);
    word_pair(&w, "--seeds", HSY_DEMO_SEEDS_FILE);
    word_pair(&w, "--data", data);
    word_pair(&w, "--name", n->name);
    word_pair(&w, "--log-format", "json");
    word_pair(&w, "--parent", parent);
    if (http != NULL) {
        word_pair(&w, "--http", http);
    }
    words_pass(&w, seed ? &options->for_seeds : &options->for_peers);

    struct hsy_child_config config = {.argv = w.list,
                                      .own_session = true,
                                      .on_line = on_line,
                                      .on_exit = on_exit,
                                      .ctx = n};
    hsy_child_destroy(n->child); /* Of an earlier start that failed. */
    n->child = NULL;
    n->lines_count = 0;
    int err = hsy_child_spawn(&n->child, nodes->config.loop, &config, error);
    n->process = err == 0 ? HSY_PROCESS_RUNNING : HSY_PROCESS_ENDED;
    return err;
}

/* ------------------------------------------------------------ signals */

const char *hsy_demo_node_name(const struct hsy_demo_nodes *nodes,
                               uint32_t node)
{
    HSY_ASSERT(node < nodes->count);
    return nodes->node[node].name;
}

enum hsy_process hsy_demo_node_process(const struct hsy_demo_nodes *nodes,
                                       uint32_t node)
{
    HSY_ASSERT(node < nodes->count);
    return nodes->node[node].process;
}

void hsy_demo_node_kill(struct hsy_demo_nodes *nodes, uint32_t node)
{
    HSY_ASSERT(nodes->node[node].process == HSY_PROCESS_RUNNING);
    hsy_child_kill(nodes->node[node].child, SIGKILL);
}

void hsy_demo_node_freeze(struct hsy_demo_nodes *nodes, uint32_t node)
{
    HSY_ASSERT(nodes->node[node].process == HSY_PROCESS_RUNNING);
    nodes->node[node].process = HSY_PROCESS_FROZEN;
    hsy_child_kill(nodes->node[node].child, SIGSTOP);
}

void hsy_demo_node_thaw(struct hsy_demo_nodes *nodes, uint32_t node)
{
    HSY_ASSERT(nodes->node[node].process == HSY_PROCESS_FROZEN);
    nodes->node[node].process = HSY_PROCESS_RUNNING;
    hsy_child_kill(nodes->node[node].child, SIGCONT);
}

static bool is_alive(const struct demo_node *n)
{
    return n->process == HSY_PROCESS_RUNNING ||
           n->process == HSY_PROCESS_FROZEN;
}

uint32_t hsy_demo_nodes_alive(const struct hsy_demo_nodes *nodes)
{
    uint32_t alive = 0;
    for (uint32_t i = 0; i < nodes->count; i++) {
        alive += is_alive(&nodes->node[i]);
    }
    return alive;
}

void hsy_demo_nodes_signal(struct hsy_demo_nodes *nodes, int signum)
{
    for (uint32_t i = 0; i < nodes->count; i++) {
        struct demo_node *n = &nodes->node[i];
        if (n->process == HSY_PROCESS_FROZEN) {
            hsy_demo_node_thaw(nodes, i);
        }
        if (is_alive(n)) {
            hsy_child_kill(n->child, signum);
        }
    }
}

/* ------------------------------------------------------------ measuring */

static bool kib_line(const char *line, const char *key, uint64_t *out)
{
    size_t key_len = strlen(key);
    unsigned long long kib = 0;
    if (strncmp(line, key, key_len) != 0 ||
        sscanf(line + key_len, "%llu kB", &kib) != 1) {
        return false;
    }
    *out = kib;
    return true;
}

bool hsy_demo_node_memory(const struct hsy_demo_nodes *nodes, uint32_t node,
                          struct hsy_demo_memory *out)
{
    if (!is_alive(&nodes->node[node])) {
        return false;
    }
    char path[64], line[256];
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
             hsy_child_pid(nodes->node[node].child));
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    struct hsy_demo_memory found = {0};
    int parts = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        parts += kib_line(line, "Rss:", &found.rss_kib);
        parts += kib_line(line, "Anonymous:", &found.private_kib);
    }
    fclose(file);
    if (parts == 2) {
        *out = found;
    }
    return parts == 2;
}

uint64_t hsy_demo_cpu_ms(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_CHILDREN, &usage) != 0) {
        return 0;
    }
    uint64_t seconds =
        (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    uint64_t us = (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return seconds * 1000 + us / 1000;
}

const char *hsy_demo_node_socket(struct hsy_demo_nodes *nodes, uint32_t node)
{
    snprintf(nodes->socket_path, sizeof(nodes->socket_path),
             HSY_DEMO_DIR "/%s/control.sock", nodes->node[node].name);
    return nodes->socket_path;
}

bool hsy_demo_node_last(const struct hsy_demo_nodes *nodes, uint32_t node,
                        uint32_t index, const char **out)
{
    const struct demo_node *n = &nodes->node[node];
    uint32_t kept = n->lines_count < LAST_LINES ? n->lines_count : LAST_LINES;
    if (index >= kept) {
        return false;
    }
    *out = n->last[(n->lines_count - kept + index) % LAST_LINES].text;
    return true;
}

bool hsy_demo_node_said(const struct hsy_demo_nodes *nodes, uint32_t node,
                        const char *text)
{
    const char *line = NULL;
    for (uint32_t i = 0; hsy_demo_node_last(nodes, node, i, &line); i++) {
        if (strstr(line, text) != NULL) {
            return true;
        }
    }
    return false;
}
