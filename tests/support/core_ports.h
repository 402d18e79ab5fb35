/* The world around the core, for tests of its machines: everything that goes
 * out through struct hsy_ports is recorded, and answered when the test says
 * so. Below it a seed on such ports, in virtual time. */
#ifndef HSY_TESTS_SUPPORT_CORE_PORTS_H
#define HSY_TESTS_SUPPORT_CORE_PORTS_H

#include "core/seed.h"

enum {
    CORE_DIALS_MAX = 256,
    CORE_HANG_UPS_MAX = 64,
    CORE_SIGNABLES_MAX = 64,
    CORE_NOTES_MAX = 512,
    CORE_DELIVERIES_MAX = 1024,
    CORE_TOLD_MAX = 256,
    CORE_TEXT_MAX = 256
};

/* A frame on one link, as encoded. */
struct core_sent {
    hearsay_link link;
    uint8_t *bytes; /* Owned. */
    uint32_t len;
};

struct core_dial {
    hearsay_link link;
    uint64_t at_ns;
    char host[HEARSAY_ADDR_TEXT_LEN];
    uint16_t port;
    bool open; /* Neither failed nor up yet. */
    struct hearsay_id expect;
};

/* One row of a write. */
struct core_row {
    uint64_t token;
    enum hearsay_table table;
    uint8_t key[32];
    uint32_t key_len;
    uint8_t *value; /* Owned; NULL: deleted. */
    size_t value_len;
};

struct core_note {
    const char *event;
    struct hearsay_id id; /* Of the first field that is one. */
    char text[CORE_TEXT_MAX];
    uint64_t from, to; /* Fields of these names. */
};

/* What was told to the application alone. */
struct core_told {
    enum hearsay_effect_kind kind;
    uint64_t number; /* Of the message, the query or the answer's query. */
    struct hearsay_id who; /* Origin, target, or who answered. */
    enum hearsay_outcome outcome;
    struct hearsay_summary summary; /* Its @missing is in @missing. */
    struct hearsay_member member;   /* Its @by is in @missing; no name. */
    struct hearsay_id missing[8];
};

/* A message for the application. */
struct core_delivery {
    struct hearsay_id origin;
    uint64_t epoch, seq, missing;
    bool again;
    uint64_t len, sum; /* Of the payload: bytes, and core_sum() of them. */
};

struct core_ports {
    const struct hsy_env *env; /* For the time of a dial. */
    struct hearsay_pool pool;
    bool no_room; /* Dials and signatures are refused. */
    bool stopped;
    hearsay_link next_link; /* Even ones. */
    uint64_t token;         /* The last one given out. */
    uint64_t committed;     /* The last one answered. */

    struct core_sent *sent;
    uint32_t sent_count, sent_room;
    struct core_row *rows;
    uint32_t rows_count, rows_room;
    struct core_dial dials[CORE_DIALS_MAX];
    uint32_t dials_count;
    struct core_dial feels[CORE_DIALS_MAX]; /* Feelers, apart. */
    uint32_t feels_count;
    hearsay_link hang_ups[CORE_HANG_UPS_MAX];
    uint32_t hang_ups_count;
    struct hsy_signable signables[CORE_SIGNABLES_MAX];
    uint32_t signables_count;
    struct hsy_blob *signed_messages[CORE_SIGNABLES_MAX]; /* Of bundles. */
    uint32_t waiting;      /* Bytes of own bundles, on every link ... */
    hearsay_link waits_on; /* ... or on this one only; 0: on all. */
    struct core_delivery deliveries[CORE_DELIVERIES_MAX]; /* The first ones. */
    uint32_t deliveries_count;
    bool tells_nothing; /* As if there were no memory for it. */
    struct core_told told[CORE_TOLD_MAX]; /* The first ones. */
    uint32_t told_count;
    struct core_note notes[CORE_NOTES_MAX]; /* The first ones. */
    uint32_t notes_count;
    hearsay_link served; /* The last link to have something to be served. */
    uint32_t serves_count;
};

/* @env gets a small configuration, virtual time, and these ports. */
void core_ports_init(struct core_ports *cp, struct hsy_env *env);
/* Right after init: all memory from @mem. */
void core_ports_use_mem(struct core_ports *cp, struct hsy_env *env,
                        const struct hearsay_mem *mem);
void core_ports_fini(struct core_ports *cp);
/* How many frames of @type went to @link; 0: to any. */
uint32_t core_ports_sent(const struct core_ports *cp, hearsay_link link,
                         enum hsy_frame_type type);
/* The last one of them. False: none. Lent by @cp. */
bool core_ports_last(const struct core_ports *cp, hearsay_link link,
                     enum hsy_frame_type type, struct hsy_frame *out);
void core_ports_forget_sent(struct core_ports *cp);
/* How many of @kind were told; the last of them, or NULL. */
uint32_t core_ports_told(const struct core_ports *cp,
                         enum hearsay_effect_kind kind);
const struct core_told *core_ports_told_last(const struct core_ports *cp,
                                             enum hearsay_effect_kind kind);
/* All that waits for a signature is as good as signed: forgotten. */
void core_ports_forget_signables(struct core_ports *cp);
uint32_t core_ports_noted(const struct core_ports *cp, const char *event);
/* The last of them; NULL. */
const struct core_note *core_ports_note(const struct core_ports *cp,
                                        const char *event);

uint64_t core_sum(const uint8_t *bytes, size_t len);

/* Ids are made of a letter and a number; so ids of one letter sort by it. */
struct hearsay_id core_id(char letter, uint32_t number);
/* A peer's, at 10.0.x.y:7000; its signature is made up. */
struct hsy_record core_record(char letter, uint32_t number,
                              uint64_t incarnation);

/* ------------------------------------------------------------------ seeds */

/* The seed s<number> of config.txt with s0..s<count - 1>, all pinned. */
struct core_rig {
    struct hsy_env env;
    struct core_ports ports;
    struct hsy_neighbours neighbours;
    struct hsy_probes probes;
    struct hsy_seed seed;
    struct hearsay_seed lines[HEARSAY_SEEDS_MAX];
};

void core_rig_init(struct core_rig *rig, uint32_t number, uint32_t count);
/* After changes of @lines, before the start. */
void core_rig_relist(struct core_rig *rig);
/* Lets it start: dials its fellows. */
void core_rig_start(struct core_rig *rig);
void core_rig_fini(struct core_rig *rig);
/* Time goes on to @ms, with a tick whenever one is due. */
void core_rig_run(struct core_rig *rig, uint64_t ms);
/* An authenticated link from (odd) or to (even) the owner of @record. */
struct hsy_neighbour *core_rig_link(struct core_rig *rig, hearsay_link link,
                                    const struct hsy_record *record);
void core_rig_unlink(struct core_rig *rig, const struct hearsay_id *id);
/* @frame comes in from the neighbour @id. */
bool core_rig_frame(struct core_rig *rig, const struct hearsay_id *id,
                    const struct hsy_frame *frame);
void core_rig_register(struct core_rig *rig, const struct hsy_record *record);
/* Sends @from's LINKS, naming @count neighbours in ascending order. */
void core_rig_links(struct core_rig *rig, const struct hearsay_id *from,
                    uint64_t version, const struct hearsay_id *to,
                    uint32_t count);
/* All writes so far are on disk. */
void core_rig_commit(struct core_rig *rig);
/* All that waits for a signature gets one. */
void core_rig_sign(struct core_rig *rig);
/* Every open dial fails. */
void core_rig_fail_dials(struct core_rig *rig, enum hearsay_down why);
/* Nothing answers @ms long: dials are refused, signatures made, writes done. */
void core_rig_silence(struct core_rig *rig, uint64_t ms);

#endif
