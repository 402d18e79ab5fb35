/* hearsay send: each operand is a message; `-` is all of standard input;
 * --lines makes each line of it one. A node that cannot take more just now
 * says when to try again, and this does, until --timeout is over: so a pipe
 * into `send --lines` runs at the speed of the network and loses nothing. With
 * --to each goes to one node only, and ends with what became of it. */
#include "base/mem.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/target.h"
#include "runtime/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    FLAG_TOPIC,
    FLAG_LINES,
    FLAG_FILE,
    FLAG_TIMEOUT,
    FLAG_TO,
    /* 64 bytes of topic, each escaped as %XX, 64 digits of an id. */
    PATH_MAX_LEN = 384,
    PATIENCE_MS = 10 * 1000, /* Beyond what the node waits. */
    INPUT_MAX = HEARSAY_PAYLOAD_MAX + 1
};

/* What the node waits for a receipt at most. */
#define DIRECT_MAX_NS (60 * HSY_SECOND)

static const struct hsy_flag flags[] = {
    {"topic", "TEXT", "what it is about, 64 bytes at most", FLAG_TOPIC},
    {"lines", NULL, "each line of standard input is a message", FLAG_LINES},
    {"file", "PATH", "a whole file is the message, 16 MiB at most", FLAG_FILE},
    {"to", "NODE", "to this node only: its id, or how id or name begin",
     FLAG_TO},
    {"timeout", "DUR",
     "try this long to have one taken (default 30s); with --to: wait this "
     "long for the node's word (default 5s, 60s at most)",
     FLAG_TIMEOUT},
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "send",
    .operands = "[TEXT... | - | --file PATH]",
    .summary = "Publishes messages at the local peer; `-` stands for standard "
               "input.",
    .example = "hearsay send --topic alerts \"disk full on db3\"",
    .flags = flags,
};

struct send_options {
    struct hsy_remote remote;
    const char *topic;
    const char *file; /* NULL: none. */
    const char *to;   /* NULL: to everybody. */
    bool lines;
    uint64_t timeout_ns;
    char **texts;
    int texts_count;
};

struct sending {
    const struct send_options *options;
    struct hsy_client *client;
    struct hsy_target target; /* With --to. */
    char path[PATH_MAX_LEN];
    uint64_t sent;
    long long first_seq, last_seq; /* Without --to. */
    uint64_t shown_ns;             /* When progress was shown. */
    bool terminal;
};

/* --------------------------------------------------------------- options */

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    static const struct hsy_range timeout = {1 * HSY_MS, 60 * HSY_MINUTE};
    struct send_options *o = ctx;
    switch (flag->id) {
    case FLAG_TOPIC:
        return hsy_flag_topic(flag, value, &o->topic, error);
    case FLAG_TO:
        o->to = value;
        return 0;
    case FLAG_LINES:
        o->lines = true;
        return 0;
    case FLAG_FILE:
        o->file = value;
        return 0;
    case FLAG_TIMEOUT:
        return hsy_flag_duration(flag, value, timeout, &o->timeout_ns, error);
    default:
        return hsy_remote_set(&o->remote, flag, value, error);
    }
}

static int parse(struct send_options *out, int argc, char **argv,
                 struct hsy_usage_error *error)
{
    *out = (struct send_options){0};
    int first = 0;
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->remote.help) {
        return err;
    }
    if (out->to != NULL && out->timeout_ns > DIRECT_MAX_NS) {
        return hsy_flag_refuse(error, "--timeout: with --to, 60s at most");
    }
    if (out->timeout_ns == 0) {
        out->timeout_ns = out->to != NULL ? 5 * HSY_SECOND : 30 * HSY_SECOND;
    }
    out->texts = argv + first;
    out->texts_count = argc - first;
    bool dash = out->texts_count == 1 && strcmp(out->texts[0], "-") == 0;
    if (out->lines && out->texts_count > (dash ? 1 : 0)) {
        return hsy_flag_refuse(error,
                               "--lines reads standard input; `%s` is not "
                               "expected",
                               out->texts[0]);
    }
    if (out->file != NULL && (out->lines || out->texts_count > 0)) {
        return hsy_flag_refuse(error,
                               "--file is the message; `%s` is not expected",
                               out->lines ? "--lines" : out->texts[0]);
    }
    if (!out->lines && out->file == NULL && out->texts_count == 0) {
        return hsy_flag_refuse(error,
                               "no message: give it as an argument, or `-` "
                               "for standard input, or --file, or --lines");
    }
    return 0;
}

/* --------------------------------------------------------------- sending */

static void show_progress(struct sending *s)
{
    uint64_t now_ns = hsy_clock_mono_ns();
    if (s->terminal && now_ns - s->shown_ns > 100 * HSY_MS) {
        fprintf(stderr, "\r%llu messages sent", (unsigned long long)s->sent);
        s->shown_ns = now_ns;
    }
}

/* The name is its owner's own word. */
static void print_delivered(const struct sending *s)
{
    printf("delivered to %.8s", s->target.id);
    if (s->target.name[0] != '\0') {
        putchar(' ');
        hsy_print_defused(stdout, s->target.name);
    }
    putchar('\n');
}

static void note_outcome(const struct sending *s)
{
    if (s->options->remote.json) {
        printf("{\"to\": \"%s\", \"outcome\": \"delivered\"}\n", s->target.id);
    } else if (!s->options->lines) {
        print_delivered(s);
    }
}

static void note_sent(struct sending *s, const json_t *answer)
{
    if (s->options->to != NULL) { /* Numbered, but for its target alone. */
        s->sent++;
        note_outcome(s);
        if (s->options->lines) {
            show_progress(s);
        }
        return;
    }
    s->last_seq = hsy_number_of(answer, "seq");
    s->first_seq = s->sent == 0 ? s->last_seq : s->first_seq;
    s->sent++;
    if (s->options->remote.json) {
        printf("{\"seq\": %lld}\n", s->last_seq);
    } else if (!s->options->lines) {
        printf("sent #%lld\n", s->last_seq);
    }
    show_progress(s);
}

/* One message, tried again while the node asks for patience. */
static int send_one(struct sending *s, struct hsy_client_body body)
{
    uint64_t end_ns = hsy_time_add(hsy_clock_mono_ns(), s->options->timeout_ns);
    for (;;) {
        json_t *answer = NULL;
        struct hsy_client_error error;
        int err = hsy_client_post(s->client, s->path, body, &answer, &error);
        if (err == 0) {
            note_sent(s, answer);
            json_decref(answer);
            return HSY_EXIT_DONE;
        }
        uint64_t wait_ns = error.retry_ms * HSY_MS;
        bool late = hsy_time_add(hsy_clock_mono_ns(), wait_ns) > end_ns;
        if (err != HEARSAY_ERR_AGAIN || late) {
            hsy_cli_complain("send: %s", error.text);
            return HSY_EXIT_FAILED;
        }
        hsy_cli_sleep_ms(error.retry_ms);
    }
}

/* All of @from, which is called @name. */
static int send_stream(struct sending *s, FILE *from, const char *name)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    char *text = hsy_mem_alloc(mem, INPUT_MAX);
    if (text == NULL) {
        hsy_cli_complain("send: no memory");
        return HSY_EXIT_FAILED;
    }
    size_t len = fread(text, 1, INPUT_MAX, from);
    int code = HSY_EXIT_FAILED;
    if (ferror(from) != 0) {
        hsy_cli_complain("send: %s: %s", name, strerror(errno));
    } else if (len > HEARSAY_PAYLOAD_MAX) {
        hsy_cli_complain("send: %s is longer than a message may be (%d bytes); "
                         "split it%s",
                         name, HEARSAY_PAYLOAD_MAX,
                         from == stdin ? ", or use --lines" : "");
    } else {
        code = send_one(s, (struct hsy_client_body){text, len});
    }
    hsy_mem_free(mem, text);
    return code;
}

static int send_file(struct sending *s)
{
    const char *path = s->options->file;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        hsy_cli_complain("send: --file: %s: %s", path, strerror(errno));
        return HSY_EXIT_USAGE;
    }
    int code = send_stream(s, file, path);
    fclose(file);
    return code;
}

static void end_lines(struct sending *s)
{
    if (s->terminal && s->shown_ns > 0) {
        fputs("\r\033[K", stderr);
    }
    if (s->options->remote.json || s->sent == 0) {
        return;
    }
    if (s->options->to != NULL) {
        printf("%llu messages ", (unsigned long long)s->sent);
        print_delivered(s);
    } else {
        printf("%llu messages sent, #%lld to #%lld\n",
               (unsigned long long)s->sent, s->first_seq, s->last_seq);
    }
}

/* The next line without its newline. False: there is none. *@out_len is
 * HEARSAY_PAYLOAD_MAX + 1 when it is longer than a message; its rest is not
 * read then. */
static bool read_line(char *line, size_t *out_len)
{
    size_t len = 0;
    int c = EOF;
    while (len <= HEARSAY_PAYLOAD_MAX) {
        c = getc(stdin);
        if (c == EOF || c == '\n') {
            break;
        }
        line[len++] = (char)c;
    }
    *out_len = len;
    return len > 0 || c == '\n';
}

static int send_each_line(struct sending *s, char *line)
{
    int code = HSY_EXIT_DONE;
    size_t len = 0;
    while (code == HSY_EXIT_DONE && read_line(line, &len)) {
        if (len > HEARSAY_PAYLOAD_MAX) {
            hsy_cli_complain("send: line %llu is longer than a message may be "
                             "(%d bytes)",
                             (unsigned long long)s->sent + 1,
                             HEARSAY_PAYLOAD_MAX);
            return HSY_EXIT_FAILED;
        }
        code = send_one(s, (struct hsy_client_body){line, len});
        if (ferror(stdout) != 0) {
            code = HSY_EXIT_FAILED;
        }
    }
    if (code == HSY_EXIT_DONE && ferror(stdin) != 0) {
        hsy_cli_complain("send: standard input: %s", strerror(errno));
        code = HSY_EXIT_FAILED;
    }
    return code;
}

static int send_lines(struct sending *s)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    char *line = hsy_mem_alloc(mem, HEARSAY_PAYLOAD_MAX + 1);
    if (line == NULL) {
        hsy_cli_complain("send: no memory");
        return HSY_EXIT_FAILED;
    }
    int code = send_each_line(s, line);
    hsy_mem_free(mem, line);
    end_lines(s);
    return code;
}

static int send_texts(struct sending *s)
{
    const struct send_options *o = s->options;
    int code = HSY_EXIT_DONE;
    for (int i = 0; i < o->texts_count && code == HSY_EXIT_DONE; i++) {
        const char *text = o->texts[i];
        code = send_one(s, (struct hsy_client_body){text, strlen(text)});
    }
    return code;
}

/* Finds the target of --to, and the path of the requests. The exit code. */
static int aim(struct sending *s)
{
    const struct send_options *o = s->options;
    struct hsy_client_ask ask = {.route = "/v1/messages", .topic = o->topic};
    if (o->to != NULL) {
        struct hsy_client_error error;
        if (hsy_target_find(s->client, o->to, &s->target, &error) != 0) {
            hsy_cli_complain("send: %s", error.text);
            return HSY_EXIT_FAILED;
        }
        ask.to = s->target.id;
        ask.timeout_ms = o->timeout_ns / HSY_MS;
        hsy_client_be_patient(s->client, ask.timeout_ms + PATIENCE_MS);
    }
    if (hsy_client_ask_path(s->client, &ask, s->path, sizeof(s->path)) != 0) {
        hsy_cli_complain("send: no memory");
        return HSY_EXIT_FAILED;
    }
    return HSY_EXIT_DONE;
}

static int run(const struct send_options *o)
{
    struct sending s = {.options = o, .terminal = isatty(STDERR_FILENO) == 1};
    int code = hsy_remote_open(&usage, &o->remote, &s.client);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    code = aim(&s);
    if (code != HSY_EXIT_DONE) {
        hsy_client_destroy(s.client);
        return code;
    }
    if (o->lines) {
        code = send_lines(&s);
    } else if (o->file != NULL) {
        code = send_file(&s);
    } else if (o->texts_count == 1 && strcmp(o->texts[0], "-") == 0) {
        code = send_stream(&s, stdin, "standard input");
    } else {
        code = send_texts(&s);
    }
    hsy_client_destroy(s.client);
    return code;
}

int hsy_cmd_send(int argc, char **argv)
{
    struct send_options o;
    struct hsy_usage_error error;
    if (parse(&o, argc, argv, &error) != 0) {
        hsy_cli_complain("send: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (o.remote.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    return hsy_cli_finish(run(&o));
}
