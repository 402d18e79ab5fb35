/* The one machine that may raise an incarnation:
 *
 *     COLD -> PERSISTING -> SIGNING -> READY
 *                 ^            |  ^      |
 *                 +------------+--+------+   step above, new address
 */
#include "core/self.h"

#include "base/addr.h"

#include <string.h>

/* No honest seed is that far ahead; a lying one must not use up the numbers. */
#define STEP_MAX (UINT64_C(1) << 20)

static const char ROW_KEY[] = "incarnation";

/* Rows: from. Columns: to. */
static const bool edges[4][4] = {
    [HSY_SELF_COLD] = {[HSY_SELF_PERSISTING] = true},
    [HSY_SELF_PERSISTING] =
        {[HSY_SELF_SIGNING] = true, [HSY_SELF_PERSISTING] = true},
    [HSY_SELF_SIGNING] = {[HSY_SELF_READY] = true,
                          [HSY_SELF_PERSISTING] = true,
                          [HSY_SELF_SIGNING] = true},
    [HSY_SELF_READY] =
        {[HSY_SELF_PERSISTING] = true, [HSY_SELF_SIGNING] = true},
};

static void enter(struct hsy_self *self, enum hsy_self_state to)
{
    HSY_ASSERT(edges[self->state][to]);
    HSY_ASSERT(to != HSY_SELF_READY || self->signed_once);
    self->state = to;
}

void hsy_self_init(struct hsy_self *self, struct hsy_env *env)
{
    HSY_ASSERT(env->config.addrs_count <= HEARSAY_ADDRS_MAX);
    *self = (struct hsy_self){.env = env, .state = HSY_SELF_COLD};
}

int hsy_self_restore(struct hsy_self *self, const struct hearsay_row *row)
{
    HSY_ASSERT(self->state == HSY_SELF_COLD);

    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    uint64_t incarnation = hsy_get_u64(&in);
    if (row->key_len != sizeof(ROW_KEY) - 1 ||
        memcmp(row->key, ROW_KEY, row->key_len) != 0 || !hsy_reader_done(&in) ||
        incarnation == 0 || incarnation >= HSY_INCARNATION_END - 1) {
        return HEARSAY_ERR_MALFORMED;
    }
    self->highest = incarnation;
    return 0;
}

/* Persisted before use: a crash in between costs a number, never a lie. */
static void reserve(struct hsy_self *self, uint64_t incarnation)
{
    uint8_t bytes[8];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_env *env = self->env;

    HSY_ASSERT(incarnation > self->highest);
    HSY_ASSERT(incarnation < HSY_INCARNATION_END);
    hsy_put_u64(&out, incarnation);
    HSY_ASSERT(!out.bad);
    struct hearsay_row row = {.table = HEARSAY_TABLE_SELF,
                              .key = (const uint8_t *)ROW_KEY,
                              .key_len = sizeof(ROW_KEY) - 1,
                              .value = bytes,
                              .value_len = sizeof(bytes)};
    self->highest = incarnation;
    self->token = env->ports.persist(env->ports.ctx, &row, 1);
    enter(self, HSY_SELF_PERSISTING);
}

static void sign_record(struct hsy_self *self)
{
    struct hsy_env *env = self->env;
    const struct hearsay_config *config = &env->config;
    struct hsy_signable what = {.kind = HSY_SIGN_RECORD};
    struct hsy_record *record = &what.record;

    HSY_ASSERT(self->incarnation > 0);
    record->id = env->id;
    record->incarnation = self->incarnation;
    record->boot_nonce = config->boot_nonce;
    /* Of two of one incarnation the later one counts, whatever the clock. */
    record->issued_ms =
        self->signed_once && self->record.incarnation == self->incarnation
            ? hsy_time_max(env->now.wall_ms, self->record.issued_ms + 1)
            : env->now.wall_ms;
    record->features = self->undialable ? HSY_RECORD_UNDIALABLE : 0;
    record->role = config->role;
    for (uint32_t i = 0; i < config->addrs_count; i++) {
        if (hsy_addr_has_ip(&config->addrs[i])) {
            record->addrs[record->addrs_count] = config->addrs[i];
            record->addrs_count++;
        }
    }
    record->name_len = (uint8_t)strlen(config->name);
    memcpy(record->name, config->name, record->name_len);
    self->stale = false;
    self->retry = !env->ports.sign(env->ports.ctx, &what);
    enter(self, HSY_SELF_SIGNING);
}

static void say_anew(struct hsy_self *self)
{
    HSY_ASSERT(self->state != HSY_SELF_COLD);
    if (self->state == HSY_SELF_READY) {
        sign_record(self);
    } else {
        self->stale = true;
    }
}

void hsy_self_start(struct hsy_self *self)
{
    HSY_ASSERT(self->state == HSY_SELF_COLD);
    reserve(self, self->highest + 1);
}

void hsy_self_step_above(struct hsy_self *self, uint64_t rank)
{
    HSY_ASSERT(self->state != HSY_SELF_COLD);

    uint64_t wanted = rank / 2 + 1;
    if (wanted <= self->highest || wanted - self->highest > STEP_MAX ||
        wanted >= HSY_INCARNATION_END) {
        return; /* There already, or nonsense. */
    }
    self->env->counters.refutations++;
    if (self->state == HSY_SELF_PERSISTING) {
        self->wanted = wanted; /* After the write under way. */
        return;
    }
    reserve(self, wanted);
}

bool hsy_self_has_addr(const struct hsy_self *self)
{
    const struct hearsay_config *config = &self->env->config;

    HSY_ASSERT(config->addrs_count >= 1);
    for (uint32_t i = 0; i < config->addrs_count; i++) {
        if (hsy_addr_has_ip(&config->addrs[i])) {
            return true;
        }
    }
    return false;
}

/* 0.0.0.0 takes IPv4 only; :: takes both. */
static bool listens_for(const struct hearsay_addr *any,
                        const struct hearsay_addr *seen)
{
    HSY_ASSERT(!hsy_addr_has_ip(any));
    return !hsy_addr_is_v4(any) || hsy_addr_is_v4(seen);
}

bool hsy_self_observed(struct hsy_self *self, const struct hearsay_addr *seen)
{
    struct hearsay_config *config = &self->env->config;

    if (hsy_self_has_addr(self) || !hsy_addr_has_ip(seen)) {
        return false;
    }
    uint32_t at = 0;
    while (at < config->addrs_count && !listens_for(&config->addrs[at], seen)) {
        at++;
    }
    if (at == config->addrs_count) {
        return false; /* Seen over a family that nobody listens for. */
    }
    memcpy(config->addrs[0].ip, seen->ip, sizeof(seen->ip));
    config->addrs[0].port = config->addrs[at].port;
    config->addrs_count = 1; /* Other wildcards would only repeat it. */
    HSY_ASSERT(hsy_self_has_addr(self));
    say_anew(self);
    return true;
}

void hsy_self_set_undialable(struct hsy_self *self, bool undialable)
{
    HSY_ASSERT(self->state != HSY_SELF_COLD);
    HSY_ASSERT(self->undialable != undialable);
    self->undialable = undialable;
    say_anew(self);
}

bool hsy_self_signed(struct hsy_self *self, const struct hsy_record *record)
{
    if (self->state != HSY_SELF_SIGNING ||
        record->incarnation != self->incarnation) {
        return false; /* Overtaken by a raise. */
    }
    self->record = *record;
    self->signed_once = true;
    if (self->stale) {
        sign_record(self);
        return false;
    }
    enter(self, HSY_SELF_READY);
    return true;
}

void hsy_self_persisted(struct hsy_self *self, uint64_t token, bool ok)
{
    struct hsy_env *env = self->env;

    if (self->state != HSY_SELF_PERSISTING || token != self->token) {
        return;
    }
    if (!ok) {
        env->ports.stop(env->ports.ctx, HEARSAY_STOP_DISK,
                        "the incarnation could not be written: free space in "
                        "or mend the data directory, then start again");
        return;
    }
    self->incarnation = self->highest;
    if (self->wanted > self->highest) {
        reserve(self, self->wanted);
        return;
    }
    sign_record(self);
}

void hsy_self_tick(struct hsy_self *self)
{
    HSY_ASSERT(self->env != NULL);
    if (self->state == HSY_SELF_SIGNING && self->retry) {
        sign_record(self);
    }
}
