/* hearsay status: one page about one node. */
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/text_table.h"

#include <string.h>

static const struct hsy_flag flags[] = {
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "status",
    .operands = "",
    .summary = "Tells how the node is doing.",
    .example = "hearsay status --data ./alice --json",
    .flags = flags,
};

static void print_uptime(const json_t *status)
{
    long long s = hsy_number_of(status, "uptime_s");
    printf("%-12s %lldh %02lldm %02llds", "uptime", s / 3600, s / 60 % 60,
           s % 60);
    char join[HSY_CELL_MAX] = "";
    hsy_cell_text(json_object_get(status, "join_s"), join);
    if (join[0] != '\0') {
        printf(", joined after %s s", join);
    }
    putchar('\n');
}

static void print_addresses(const json_t *status)
{
    const json_t *list = json_object_get(status, "listen");
    printf("%-12s", "listens on");
    for (size_t i = 0; i < json_array_size(list); i++) {
        printf(" %s", json_string_value(json_array_get(list, i)));
    }
    putchar('\n');
}

/* Those that are not zero, a few on a line. */
static void print_counters(const json_t *counters)
{
    enum { LINE_MAX_LEN = 78, HEAD_LEN = 12 };
    int at = printf("%-12s", "counters");
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)counters, name, value)
    {
        char text[96];
        int len = snprintf(text, sizeof(text), " %s %lld,", name,
                           (long long)json_integer_value(value));
        if (json_integer_value(value) == 0) {
            continue;
        }
        if (at + len > LINE_MAX_LEN) {
            at = printf("\n%-12s", "") - 1;
        }
        at += printf("%s", text);
    }
    putchar('\n');
}

static void print_status(const json_t *status)
{
    const json_t *memory = json_object_get(status, "memory");
    printf("%-12s %.8s %s\n", "node", hsy_text_of(status, "id"),
           hsy_text_of(status, "name"));
    printf("%-12s %s, %s, in network %s\n", "role", hsy_text_of(status, "role"),
           hsy_text_of(status, "state"), hsy_text_of(status, "network"));
    if (strcmp(hsy_text_of(status, "role"), "peer") == 0) {
        printf("%-12s %lld/%lld, of %lld seeds\n", "registered",
               hsy_number_of(status, "registered"),
               hsy_number_of(status, "quorum"), hsy_number_of(status, "seeds"));
        printf("%-12s %s\n", "relay", hsy_text_of(status, "relay"));
        printf("%-12s %s\n", "dialable",
               json_is_true(json_object_get(status, "dialable"))
                   ? "yes"
                   : "no: seeds cannot dial it back; see --advertise");
    }
    printf("%-12s %lld alive, %lld dead\n", "peers",
           hsy_number_of(status, "peers"), hsy_number_of(status, "dead"));
    if (strcmp(hsy_text_of(status, "role"), "seed") == 0) {
        printf("%-12s in %lld part(s), %lld peer(s) hold one together\n",
               "overlay", hsy_number_of(status, "components"),
               hsy_number_of(status, "cut_peers"));
    }
    printf("%-12s %lld, incarnation %lld\n", "degree",
           hsy_number_of(status, "degree"),
           hsy_number_of(status, "incarnation"));
    print_addresses(status);
    print_uptime(status);
    printf("%-12s %lld KiB its own, %lld KiB in all\n", "memory",
           hsy_number_of(memory, "private_bytes") / 1024,
           hsy_number_of(memory, "rss_bytes") / 1024);
    print_counters(json_object_get(status, "counters"));
}

int hsy_cmd_status(int argc, char **argv)
{
    struct hsy_remote remote;
    int code = HSY_EXIT_DONE;
    if (!hsy_remote_begin(&usage, argc, argv, &remote, &code)) {
        return code;
    }
    json_t *status = NULL;
    code = hsy_remote_get(&usage, &remote, "/v1/status", &status);
    if (code == HSY_EXIT_DONE && remote.json) {
        hsy_print_json(status);
    } else if (code == HSY_EXIT_DONE) {
        print_status(status);
    }
    json_decref(status);
    return hsy_cli_finish(code);
}
