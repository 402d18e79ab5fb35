/* A peer that finds many silent may be alone itself (docs/protocol.md,
 * Liveness; models/strikes.pml, from which the rules are). Before it reports it
 * asks its seeds and the neighbours that are not silent; when a majority
 * answers it tries the subject once more, for what it has tried before may have
 * failed because of its own line. Whose machine refuses connections is reported
 * at once. */
#ifndef HSY_CORE_DOUBT_H
#define HSY_CORE_DOUBT_H

#include "core/join.h"
#include "core/neighbours.h"
#include "core/probe.h"

/* A third of all is many; one alone only to whom his seeds are silent, too. */
enum { HSY_DOUBT_SHARE = 3, HSY_DOUBT_LEAST = 2 };

struct hsy_suspect {
    struct hearsay_id id; /* Key. */
    uint64_t incarnation;
    struct hearsay_addr addr;
    uint64_t wait_ns; /* It is dialled so much after this peer was answered. */
    bool held;        /* This peer was not answered since. */
    uint64_t due_ns;  /* When it is dialled; NEVER: held, or it is. */
};

struct hsy_doubt {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_probes *probes;
    const struct hsy_join *join;
    struct hsy_table suspects; /* struct hsy_suspect */
    uint32_t held;             /* Of the suspects. */
    /* A round of PINGs: */
    uint64_t nonce;
    uint32_t asked, answered;
    uint64_t round_ns; /* Its end; NEVER: none is under way. */
    uint64_t next_ns;  /* The earliest of this and due_ns. */
};

void hsy_doubt_init(struct hsy_doubt *d, struct hsy_env *env,
                    struct hsy_neighbours *neighbours,
                    struct hsy_probes *probes, const struct hsy_join *join);
void hsy_doubt_fini(struct hsy_doubt *d);
/* The neighbour @s->id (it is none any more) has three strikes. True: report
 * it. False: held back. */
bool hsy_doubt_struck_out(struct hsy_doubt *d, const struct hsy_suspect *s);
/* The probe @p (it is over) ended in silence. True: report its subject. */
bool hsy_doubt_not_found(struct hsy_doubt *d, const struct hsy_probe *p);
/* @id was heard, and is no suspect. */
void hsy_doubt_answered(struct hsy_doubt *d, const struct hearsay_id *id);
/* A PONG of @n: true when it is one of these. */
bool hsy_doubt_pong(struct hsy_doubt *d, struct hsy_neighbour *n,
                    uint64_t nonce);
/* Before hsy_probes_tick(). */
void hsy_doubt_tick(struct hsy_doubt *d);

#endif
