/* What a node counts. Names are the keys of `counters` in status; they only
 * grow. */
#ifndef HSY_CORE_COUNTERS_H
#define HSY_CORE_COUNTERS_H

#include <stdint.h>

#define HSY_COUNTERS(X)                                                   \
    X(dials)             /* links this node tried to open */              \
    X(dials_before_join) /* of these, before it had joined */             \
    X(dials_failed)      /* that never became a link */                   \
    X(links_accepted)    /* accepted from the listener */                 \
    X(links_up)          /* authenticated */                              \
    X(links_lost)        /* authenticated, then lost */                   \
    X(frames_in)                                                          \
    X(frames_out)                                                         \
    X(bytes_in)                                                           \
    X(bytes_out)                                                          \
    X(malformed)         /* bytes that violate the format */              \
    X(frames_unexpected) /* a frame that has no business there */         \
    X(handshake_late)    /* no HELLO or AUTH in time */                   \
    X(frames_late)       /* begun, not finished in time */                \
    X(handshake_refused) /* wrong network, version, identity... */        \
    X(half_open_refused) /* too many links not yet authenticated */       \
    X(signatures_bad)                                                     \
    X(slow_closed) /* links that took nothing for too long */             \
    X(published)                                                          \
    X(bundles_collapsed) /* to ids: too old, or no room */                \
    X(links_crowded)     /* bundles found no room */                      \
    X(reads_paused)      /* too much of it to check */                    \
    X(delivered)                                                          \
    X(filtered)   /* not delivered: of a topic that is not wanted */      \
    X(late)       /* not delivered: behind others, in ordered mode */     \
    X(again)      /* of those delivered: maybe before a restart, too */   \
    X(restored)   /* bundles of an earlier life, kept again */            \
    X(unsaved)    /* bundles delivered without being on the disk */       \
    X(hurried)    /* not waited for any longer: no room */                \
    X(bundles_in) /* bundle receptions, copies included */                \
    X(bundles_duplicate)                                                  \
    X(bundles_relayed)      /* copies sent on */                          \
    X(bundles_expired)      /* older than the window; not delivered */    \
    X(bundles_dropped)      /* no room to check them */                   \
    X(bundles_pushed_extra) /* of those relayed, beside the tree */       \
    X(announced)            /* ids sent in IHAVE */                       \
    X(announcements_in)                                                   \
    X(announcements_dropped) /* no room to tell or to remember */         \
    X(grafts_sent)                                                        \
    X(grafts_in)                                                          \
    X(grafts_refused) /* at the bound on eager links, or too many */      \
    X(grafted)        /* bundles that came after a GRAFT for them */      \
    X(parents_changed)                                                    \
    X(roots_lost) /* no round of the root for too long */                 \
    X(prunes_sent)                                                        \
    X(prunes_in)                                                          \
    X(links_demoted) /* to lazy, for too much waited */                   \
    X(acks_sent)     /* so much came, here and behind */                  \
    X(acks_in)                                                            \
    X(digests_sent)                                                       \
    X(pulls_sent)                                                         \
    X(pulls_in)                                                           \
    X(bundles_pulled)   /* sent in answer to PULL */                      \
    X(repaired)         /* bundles that came by a PULL, and were new */   \
    X(history)          /* of these, from before this node joined */      \
    X(lost)             /* messages given up */                           \
    X(bundles_withheld) /* newer than the version of a link: not sent */  \
    X(fetches_sent)                                                       \
    X(fetches_in)                                                         \
    X(fetches_moved) /* to another neighbour: no answer, or not here */   \
    X(pieces_out)                                                         \
    X(pieces_in)                                                          \
    X(pieces_unexpected)  /* late, mostly */                              \
    X(pieces_bad)         /* not what the origin signed */                \
    X(contents_evicted)   /* of large messages, for want of room */       \
    X(contents_refused)   /* larger than payload_max */                   \
    X(directs_sent)       /* direct messages and answers of our own */    \
    X(directs_delivered)  /* of these, acknowledged */                    \
    X(directs_unanswered) /* of these, without a word in time */          \
    X(directs_retried)    /* sent once more, over other links */          \
    X(directs_in)         /* receptions, copies and receipts too */       \
    X(directs_duplicate)                                                  \
    X(directs_taken)     /* for this node, and new */                     \
    X(directs_again)     /* for this node, and taken before */            \
    X(directs_forwarded) /* copies passed on for others */                \
    X(directs_spread)    /* of all sent, those without a way */           \
    X(directs_expired)   /* of a time too far from ours */                \
    X(directs_stray)     /* no hop left, or nowhere to go */              \
    X(directs_dropped)   /* over a bound: quota, jobs, memory */          \
    X(queries)           /* asked here */                                 \
    X(queries_in)        /* asked by others */                            \
    X(answers_in)        /* to own queries */                             \
    X(answers_late)      /* to a query that is over, or not ours */       \
    X(answers_dropped)   /* none could be made: a bound, memory */        \
    X(equivocations)     /* origins that contradicted themselves */       \
    X(bundles_muted)     /* of such an origin */                          \
    X(publish_refused)   /* told to try again */                          \
    X(pings)                                                              \
    X(pongs)                                                              \
    X(strikes)                                                            \
    X(probes_refused) /* no room to look after a lost peer */             \
    X(reports_sent)                                                       \
    X(reports_held) /* for many were silent: perhaps it was this node */  \
    X(reports_in)                                                         \
    X(reports_muted)  /* not believed: others of theirs were refuted */   \
    X(reports_vetoed) /* the subject answered */                          \
    X(verdicts)       /* signed by this seed */                           \
    X(deaths)         /* certificates completed or learnt */              \
    X(refutations)    /* own incarnation raised */                        \
    X(registrations)                                                      \
    X(departures) /* graceful ones seen */                                \
    X(connects_refused)                                                   \
    X(bridges)                                                            \
    X(feelers)          /* entries of the book tried, to know of them */  \
    X(feelers_answered) /* of these */                                    \
    X(reads)            /* quorum reads begun */                          \
    X(reads_short)      /* of these, without a quorum in time */          \
    X(facts_unproven)   /* deaths that too few known seeds have signed */ \
    X(dialbacks)        /* dials back to peers that registered here */    \
    X(links_evicted)    /* for newcomers from elsewhere */                \
    X(jobs_refused)     /* the bound on jobs was reached */               \
    X(persist_failed)                                                     \
    X(rows_refused) /* of the disk, at start: damaged, or no room */

struct hsy_counters {
#define X(name) uint64_t name;
    HSY_COUNTERS(X)
#undef X
};

#endif
