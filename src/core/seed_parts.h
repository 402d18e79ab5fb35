/* What the files of the seed role need of each other: registrations and
 * answers (seed_register.c), facts and what follows from them (seed_facts.c).
 * See also trial.h and fellows.h. */
#ifndef HSY_CORE_SEED_PARTS_H
#define HSY_CORE_SEED_PARTS_H

#include "core/seed.h"

/* A frame that its sender had no business to send: counted, dropped. */
static inline void hsy_seed_misuse(struct hsy_seed *s)
{
    s->env->counters.frames_unexpected++;
}

/* -------------------------------------------------------- seed_register.c */

/* Another boot of @n ranks higher: it must step above, or vanish from the list
 * while it lives. */
void hsy_seed_overtaken(struct hsy_seed *s, const struct hsy_neighbour *n);
/* This seed has called the present incarnation of @n dead, and hears @n: its
 * verdict is out, so @n must step above it. Nothing if it has not. */
void hsy_seed_acquit(struct hsy_seed *s, const struct hsy_neighbour *n);
void hsy_seed_register(struct hsy_seed *s, const struct hsy_neighbour *n,
                       const struct hsy_record *record);
/* The disk has answered the write @token. */
void hsy_seed_acknowledge(struct hsy_seed *s, uint64_t token, bool ok);
/* Registrations that have waited for the disk for too long are refused. */
void hsy_seed_acks_tick(struct hsy_seed *s);
/* When the next one has; NEVER. */
uint64_t hsy_seed_acks_due(const struct hsy_seed *s);
void hsy_seed_peers_get(struct hsy_seed *s, const struct hsy_neighbour *n,
                        const struct hsy_peers_get *get);
void hsy_seed_lookup(struct hsy_seed *s, const struct hsy_neighbour *n,
                     const struct hearsay_id *id);
/* READ: answered with FACTS. */
void hsy_seed_read(struct hsy_seed *s, const struct hsy_neighbour *n,
                   const struct hsy_read_ask *read);

/* ----------------------------------------------------------- seed_facts.c */

/* Merges, and ends the trials of earlier lives. */
enum hsy_merged hsy_seed_merge_record(struct hsy_seed *s,
                                      const struct hsy_record *record,
                                      bool *out_back, uint64_t *out_token);
/* Merges what is proved; @tell: it was found here, the fellows do not know. */
void hsy_seed_bury(struct hsy_seed *s, const struct hsy_certificate *proof,
                   bool tell);
void hsy_seed_depart(struct hsy_seed *s, const struct hsy_record *record,
                     const struct hsy_leave *leave, bool tell);
/* LEAVE, LINKS and DEAD_REPORT of peers. */
void hsy_seed_leave(struct hsy_seed *s, const struct hsy_leave *leave);
void hsy_seed_links(struct hsy_seed *s, const struct hsy_neighbour *n,
                    const struct hsy_links *links);
void hsy_seed_report(struct hsy_seed *s, const struct hsy_neighbour *n,
                     const struct hsy_report *report);
/* @subject answered in a trial that reports of @count @notifiers started. */
void hsy_seed_refuted(struct hsy_seed *s, const struct hearsay_id *subject,
                      const struct hearsay_id *notifiers, uint32_t count);
/* Refuted reports are forgotten after an hour. */
void hsy_seed_voice_tick(struct hsy_seed *s);

#endif
