/* The pieces that several codecs of this layer share; nobody else includes
 * this. Getters refuse what is not canonical through the sticky error of the
 * reader, so that a decoder reads straight through and checks once. */
#ifndef HSY_WIRE_CODEC_H
#define HSY_WIRE_CODEC_H

#include "wire/frames.h"

enum { HSY_ADDR_LEN = 18 };

static inline void hsy_wire_require(struct hsy_reader *in, bool holds)
{
    if (!holds) {
        in->bad = true;
    }
}

static inline bool hsy_incarnation_valid(uint64_t incarnation)
{
    return incarnation >= 1 && incarnation < HSY_INCARNATION_END;
}

void hsy_wire_put_id(struct hsy_writer *out, const struct hearsay_id *id);
void hsy_wire_get_id(struct hsy_reader *in, struct hearsay_id *id);
void hsy_wire_put_sig(struct hsy_writer *out, const struct hsy_sig *sig);
void hsy_wire_get_sig(struct hsy_reader *in, struct hsy_sig *sig);
/* Any address, also the unknown one. */
void hsy_wire_put_addr(struct hsy_writer *out, const struct hearsay_addr *addr);
void hsy_wire_get_addr(struct hsy_reader *in, struct hearsay_addr *addr);
void hsy_wire_put_incarnation(struct hsy_writer *out, uint64_t incarnation);
uint64_t hsy_wire_get_incarnation(struct hsy_reader *in);
void hsy_wire_put_bool(struct hsy_writer *out, bool value);
bool hsy_wire_get_bool(struct hsy_reader *in);
/* One byte in [first, last]; @first after an error, so that an enum made of
 * it is one of its values in any case. */
uint8_t hsy_wire_get_choice(struct hsy_reader *in, uint8_t first, uint8_t last);
/* A u8 length, then so many bytes without a NUL. @out has room for @max. */
void hsy_wire_put_text(struct hsy_writer *out, const char *text, uint8_t len);
uint8_t hsy_wire_get_text(struct hsy_reader *in, char *out, uint8_t max);
/* What a signature is for: the text and its NUL. */
void hsy_wire_put_domain(struct hsy_writer *out, const char *domain);

/* A list of records: a u16 count, then the items. */
void hsy_wire_put_records(struct hsy_writer *out,
                          const struct hsy_records *records);
void hsy_wire_get_records(struct hsy_reader *in, struct hsy_records *records,
                          uint16_t count_max);

/* Frame bodies that are more than one record or one number. */
void hsy_wire_put_hello(struct hsy_writer *out, const struct hsy_hello *hello);
void hsy_wire_get_hello(struct hsy_reader *in, struct hsy_hello *hello);
void hsy_wire_put_error(struct hsy_writer *out, const struct hsy_error *error);
void hsy_wire_get_error(struct hsy_reader *in, struct hsy_error *error);
void hsy_wire_put_registered(struct hsy_writer *out,
                             const struct hsy_registered *registered);
void hsy_wire_get_registered(struct hsy_reader *in,
                             struct hsy_registered *registered);
void hsy_wire_put_peers_get(struct hsy_writer *out,
                            const struct hsy_peers_get *get);
void hsy_wire_get_peers_get(struct hsy_reader *in, struct hsy_peers_get *get);
void hsy_wire_put_peers(struct hsy_writer *out, const struct hsy_peers *peers);
void hsy_wire_get_peers(struct hsy_reader *in, struct hsy_peers *peers);
void hsy_wire_put_sync(struct hsy_writer *out, const struct hsy_sync *sync);
void hsy_wire_get_sync(struct hsy_reader *in, struct hsy_sync *sync);
void hsy_wire_put_seed_digest(struct hsy_writer *out,
                              const struct hsy_seed_digest *digest);
void hsy_wire_get_seed_digest(struct hsy_reader *in,
                              struct hsy_seed_digest *digest);
void hsy_wire_put_seed_pull(struct hsy_writer *out,
                            const struct hsy_seed_pull *pull);
void hsy_wire_get_seed_pull(struct hsy_reader *in, struct hsy_seed_pull *pull);
/* The list in it: a u16 count, then the items. */
void hsy_wire_put_entries(struct hsy_writer *out, const struct hsy_sync *sync);
void hsy_wire_get_entries(struct hsy_reader *in, struct hsy_sync *sync);
void hsy_wire_put_watch(struct hsy_writer *out,
                        const struct hsy_watch_wish *watch);
void hsy_wire_get_watch(struct hsy_reader *in, struct hsy_watch_wish *watch);
void hsy_wire_put_member(struct hsy_writer *out,
                         const struct hsy_member_news *news);
void hsy_wire_get_member(struct hsy_reader *in, struct hsy_member_news *news);
void hsy_wire_put_verdict_frame(struct hsy_writer *out,
                                const struct hsy_frame *frame);
void hsy_wire_get_verdict_frame(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_bridge(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_bridge(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_refuse(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_refuse(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_ihave(struct hsy_writer *out,
                        const struct hsy_bundle_ids *ids);
void hsy_wire_get_ihave(struct hsy_reader *in, struct hsy_bundle_ids *ids);
void hsy_wire_put_graft(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_graft(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_prune(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_prune(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_root(struct hsy_writer *out, const struct hsy_root *root);
void hsy_wire_get_root(struct hsy_reader *in, struct hsy_root *root);
void hsy_wire_put_digest(struct hsy_writer *out,
                         const struct hsy_digest *digest);
void hsy_wire_get_digest(struct hsy_reader *in, struct hsy_digest *digest);
void hsy_wire_put_pull(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_pull(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_gone(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_gone(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_ack(struct hsy_writer *out, const struct hsy_span *ack);
void hsy_wire_get_ack(struct hsy_reader *in, struct hsy_span *ack);
void hsy_wire_put_fetch(struct hsy_writer *out, const struct hsy_fetch *fetch);
void hsy_wire_get_fetch(struct hsy_reader *in, struct hsy_fetch *fetch);
void hsy_wire_put_piece(struct hsy_writer *out, const struct hsy_piece *piece);
void hsy_wire_get_piece(struct hsy_reader *in, struct hsy_piece *piece);
void hsy_wire_put_direct(struct hsy_writer *out, const struct hsy_frame *frame);
void hsy_wire_get_direct(struct hsy_reader *in, struct hsy_frame *frame);
void hsy_wire_put_read(struct hsy_writer *out, const struct hsy_read_ask *read);
void hsy_wire_get_read(struct hsy_reader *in, struct hsy_read_ask *read);
void hsy_wire_put_facts(struct hsy_writer *out, const struct hsy_facts *facts);
void hsy_wire_get_facts(struct hsy_reader *in, struct hsy_facts *facts);
void hsy_wire_put_reach(struct hsy_writer *out, const struct hsy_reach *reach);
void hsy_wire_get_reach(struct hsy_reader *in, struct hsy_reach *reach);

#endif
