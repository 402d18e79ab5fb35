/* Seeds may lie, or sit behind a firewall of their own: so no single one is
 * believed where there are others, and a peer that did get through outweighs
 * them all. */
#include "core/dialable.h"

void hsy_dialable_init(struct hsy_dialable *d, struct hsy_env *env,
                       struct hsy_join *join, struct hsy_self *self)
{
    HSY_ASSERT(join->self == self);
    *d = (struct hsy_dialable){.env = env, .join = join, .self = self};
}

static void note_change(struct hsy_dialable *d, const struct hearsay_addr *addr)
{
    bool undialable = d->self->undialable;
    struct hsy_note note = hsy_note(undialable ? HEARSAY_WARN : HEARSAY_INFO,
                                    undialable ? "undialable" : "dialable");

    HSY_ASSERT(d->env->config.addrs_count >= 1);
    hsy_note_addr(&note, "addr", addr);
    if (undialable) {
        hsy_note_text(&note, "text",
                      "seeds cannot dial this peer back: it takes part through "
                      "the links that it opens itself. Open its port, or say "
                      "with --advertise where others reach it");
    }
    hsy_tell(d->env, &note);
}

static void settle(struct hsy_dialable *d, const struct hearsay_addr *addr)
{
    bool undialable = !d->dialled && hsy_join_is_unreached(d->join);

    HSY_ASSERT(addr != NULL);
    if (undialable != d->self->undialable) {
        hsy_self_set_undialable(d->self, undialable);
        note_change(d, addr);
    }
}

void hsy_dialable_told(struct hsy_dialable *d, const struct hsy_neighbour *n,
                       const struct hsy_reach *reach)
{
    HSY_ASSERT(n->link != 0);
    if (reach->incarnation == d->self->record.incarnation &&
        hsy_join_reach(d->join, &n->id, reach->reached)) {
        settle(d, &reach->addr);
    }
}

void hsy_dialable_dialled(struct hsy_dialable *d)
{
    HSY_ASSERT(d->self != NULL);
    if (!d->dialled) {
        d->dialled = true;
        settle(d, &d->self->record.addrs[0]);
    }
}
