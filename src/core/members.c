/* Of each seed that holds our registration: its list, then its changes. All go
 * through the same merge, so a seed that is lost and another one that takes its
 * place leave no gap: the other one's list is merged over what is known. Who is
 * on no list of a quorum any more has been gone for so long that even his
 * tombstone is forgotten. */
#include "core/members.h"

#include <string.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "base/mem.h"
#include "core/kept.h"
#include "core/lines.h"

/* A seed that does not answer, or refuses, is asked again after so long. */
#define ANSWER_WAIT_NS (5 * HSY_SECOND)
#define RETRY_CAP_NS (60 * HSY_SECOND)
/* A part of a list has come, the next one is late. */
#define PART_WAIT_NS (30 * HSY_SECOND)
/* Something found no memory. */
#define NOMEM_WAIT_NS (1 * HSY_SECOND)

enum { TRIES_MAX = 4 };

void hsy_members_init(struct hsy_members *m, struct hsy_env *env,
                      const struct hsy_join *join)
{
    HSY_ASSERT(join != NULL);
    *m = (struct hsy_members){
        .env = env, .join = join, .next_ns = HEARSAY_NEVER};
    hsy_table_init(
        &m->list, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_member),
                                 .items_max = HSY_MEMBERS_MAX},
        env->config.hash_salt);
}

static void drop_record(struct hsy_members *m, struct hsy_member *one)
{
    HSY_ASSERT(one->rank > 0 || one->record == NULL);
    if (one->record != NULL) {
        hsy_keep_no_more(m->env, one->record);
        one->record = NULL;
    }
}

static void forget_all(struct hsy_members *m)
{
    while (m->list.count > 0) {
        struct hsy_member *last = hsy_table_at(&m->list, m->list.count - 1);
        drop_record(m, last);
        hsy_table_remove(&m->list, last);
    }
    hsy_mem_free(&m->env->mem, m->lines);
    m->lines = NULL;
    m->present_count = 0;
    m->known = false;
    m->full = false;
    m->next_ns = HEARSAY_NEVER;
}

void hsy_members_fini(struct hsy_members *m)
{
    HSY_ASSERT(m->env != NULL);
    forget_all(m);
    hsy_table_fini(&m->list);
}

/* ------------------------------------------------------------------ asking */

static void send_watch(struct hsy_members *m, const struct hsy_members_line *l,
                       uint32_t nonce)
{
    struct hsy_frame frame = {.type = HSY_WATCH, .flags = HSY_FLAG_IGNORABLE};

    HSY_ASSERT(l->link != 0);
    frame.watch.nonce = nonce;
    frame.watch.log = nonce == 0 ? 0 : l->log;
    frame.watch.upto = nonce == 0 ? 0 : l->upto;
    hsy_send(m->env, l->link, &frame);
}

static void retry_at(struct hsy_members *m, struct hsy_members_line *l,
                     uint64_t at_ns)
{
    l->retry_ns = at_ns;
    m->next_ns = hsy_time_min(m->next_ns, at_ns);
    HSY_ASSERT(m->next_ns <= at_ns);
}

/* From where we are in its log, if we are anywhere. */
static void ask(struct hsy_members *m, struct hsy_members_line *l,
                const struct hsy_neighbour *n)
{
    uint64_t wait_ns = hsy_neighbour_wait_ns(n, ANSWER_WAIT_NS) << l->tries;

    HSY_ASSERT(l->tries <= TRIES_MAX);
    if (!hsy_id_equal(&l->seed, &n->id)) {
        l->seed = n->id;
        l->log = l->upto = 0;
    }
    m->nonce = m->nonce == UINT32_MAX ? 1 : m->nonce + 1;
    l->nonce = m->nonce;
    l->link = n->link;
    l->listing = l->complete = false;
    l->tries += l->tries < TRIES_MAX ? 1 : 0;
    send_watch(m, l, l->nonce);
    retry_at(
        m, l,
        hsy_time_add(m->env->now.mono_ns, hsy_time_min(wait_ns, RETRY_CAP_NS)));
}

/* Nothing of what it said counts: its list is wanted, from the beginning. */
static void start_over(struct hsy_members *m, struct hsy_members_line *l,
                       uint64_t wait_ns)
{
    l->log = l->upto = 0;
    l->listing = l->complete = false;
    l->nonce = 0; /* What is on its way is not wanted. */
    retry_at(m, l, hsy_time_add(m->env->now.mono_ns, wait_ns));
    HSY_ASSERT(l->link != 0);
}

static void lost(struct hsy_members_line *l)
{
    l->link = 0;
    l->nonce = 0;
    l->tries = 0;
    l->listing = l->complete = false;
    l->retry_ns = HEARSAY_NEVER;
    HSY_ASSERT(l->upto == 0 || l->log != 0);
}

int hsy_members_watch(struct hsy_members *m, bool on)
{
    uint32_t count = hsy_lines_count(m->env);

    if (on == (m->lines != NULL)) {
        return 0;
    }
    if (!on) {
        for (uint32_t i = 0; i < count; i++) {
            if (m->lines[i].link != 0) {
                send_watch(m, &m->lines[i], 0);
            }
        }
        forget_all(m);
        return 0;
    }
    m->lines = hsy_mem_zalloc(&m->env->mem, count * sizeof(*m->lines));
    if (m->lines == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        lost(&m->lines[i]);
    }
    return 0;
}

void hsy_members_tick(struct hsy_members *m)
{
    uint64_t now_ns = m->env->now.mono_ns;

    if (m->lines == NULL) { /* Nobody listens. */
        return;
    }
    m->next_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < hsy_lines_count(m->env); i++) {
        struct hsy_members_line *l = &m->lines[i];
        const struct hsy_neighbour *n = hsy_join_holder(m->join, i);
        if (n == NULL || !hsy_neighbour_has(n, HSY_WATCH)) {
            lost(l);
            continue;
        }
        if (n->link != l->link || l->retry_ns <= now_ns) {
            ask(m, l, n);
        }
        m->next_ns = hsy_time_min(m->next_ns, l->retry_ns);
    }
    HSY_ASSERT(m->next_ns > now_ns);
}

/* ----------------------------------------------------------------- telling */

/* What is about to be told. */
struct news {
    uint32_t line; /* Of the seed that brought it. */
    uint64_t wall_ms;
    const struct hsy_record *record; /* Of the member. */
    uint64_t lines;                  /* At whose word. */
};

static uint32_t seeds_of(const struct hsy_members *m, uint64_t lines,
                         struct hearsay_id out[HEARSAY_SEEDS_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < hsy_lines_count(m->env); i++) {
        bool named = (lines >> i & 1) != 0;
        count += named && hsy_join_seed_at(m->join, i, &out[count]) ? 1 : 0;
    }
    HSY_ASSERT(count <= HEARSAY_SEEDS_MAX);
    return count;
}

/* False: no memory; nothing was told. */
static bool tell(struct hsy_members *m, enum hearsay_change change,
                 const struct news *news)
{
    const struct hsy_record *record = news->record;
    struct hearsay_id by[HEARSAY_SEEDS_MAX];
    char name[HEARSAY_NAME_MAX + 1] = "";
    struct hearsay_member member = {.change = change,
                                    .name = name,
                                    .wall_ms = news->wall_ms,
                                    .by = by,
                                    .count = m->present_count};
    struct hearsay_effect effect = {.kind = HEARSAY_FX_MEMBER,
                                    .member = &member};

    HSY_ASSERT((record == NULL) == (change == HEARSAY_MEMBERS_LISTED));
    if (record != NULL) {
        member.id = record->id;
        member.incarnation = record->incarnation;
        member.addr = record->addrs[0];
        memcpy(name, record->name, record->name_len);
        name[record->name_len] = '\0';
    }
    member.by_count = seeds_of(m, news->lines, by);
    if (!m->env->ports.tell(m->env->ports.ctx, &effect)) {
        return false;
    }
    m->env->counters.members_told++;
    return true;
}

/* ----------------------------------------------------------------- merging */

/* The dead are only remembered so that they do not come back unnoticed. */
static void make_room(struct hsy_members *m)
{
    for (uint32_t left = m->list.count; left > 0; left--) {
        struct hsy_member *one = hsy_table_at(&m->list, left - 1);
        if (!one->present) {
            hsy_table_remove(&m->list, one);
        }
    }
    HSY_ASSERT(m->list.count == m->present_count);
}

static void note_full(struct hsy_members *m)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "members-full");

    HSY_ASSERT(m->list.count == HSY_MEMBERS_MAX);
    if (!m->full) {
        m->full = true;
        hsy_note_u64(&note, "members", m->present_count);
        hsy_note_text(&note, "text",
                      "more peers than are watched at once: who comes now is "
                      "not told; see docs/architecture.md, Limits");
        hsy_tell(m->env, &note);
    }
}

/* 0: *@out; FULL: there is no room for it; NOMEM. */
static int find_or_add(struct hsy_members *m, struct hsy_member **out,
                       const struct hearsay_id *id)
{
    void *item = NULL;
    int err = hsy_table_put(&m->list, &item, id);

    if (err == HEARSAY_ERR_FULL && m->present_count < m->list.count) {
        make_room(m);
        err = hsy_table_put(&m->list, &item, id);
    }
    if (err == HEARSAY_ERR_FULL) {
        note_full(m);
    }
    *out = item;
    return err;
}

static void rise(struct hsy_member *one, uint64_t rank, uint64_t boot_nonce)
{
    HSY_ASSERT(rank >= one->rank);
    one->rank = rank;
    one->boot_nonce = boot_nonce;
}

static void set_present(struct hsy_members *m, struct hsy_member *one,
                        bool present)
{
    HSY_ASSERT(present || !one->present || m->present_count > 0);
    m->present_count += present && !one->present ? 1 : 0;
    m->present_count -= !present && one->present ? 1 : 0;
    m->full = m->full && present;
    one->present = present;
    one->told = one->told || present;
}

/* What a record of a higher rank, or of one who was gone, means. The same boot
 * under a higher incarnation is a process that answered what was said of it. */
static enum hearsay_change change_of(const struct hsy_members *m,
                                     const struct hsy_member *one,
                                     const struct hsy_record *record)
{
    HSY_ASSERT(!one->present || one->told);
    if (!one->told) {
        return m->known ? HEARSAY_MEMBER_JOINED : HEARSAY_MEMBER_KNOWN;
    }
    return one->boot_nonce == record->boot_nonce &&
                   hsy_rank_alive(record->incarnation) > one->rank
               ? HEARSAY_MEMBER_REFUTED
               : HEARSAY_MEMBER_JOINED;
}

/* These three: false, no memory, and it must come again. */
static bool merge_record(struct hsy_members *m, struct hsy_member *one,
                         const struct hsy_record *record, struct news *news)
{
    uint64_t rank = hsy_rank_alive(record->incarnation);

    HSY_ASSERT(hsy_id_equal(&one->id, &record->id));
    bool newer =
        rank > one->rank || !one->present ||
        record->issued_ms > hsy_kept_record_brief(one->record).issued_ms;
    if (rank < one->rank || !newer) {
        return true;
    }
    struct hsy_blob *kept = hsy_keep_record(m->env, record);
    if (kept == NULL) {
        return false;
    }
    news->record = record;
    news->wall_ms = record->issued_ms;
    if ((rank > one->rank || !one->present) &&
        !tell(m, change_of(m, one, record), news)) {
        hsy_keep_no_more(m->env, kept);
        return false;
    }
    drop_record(m, one);
    one->record = kept;
    rise(one, rank, record->boot_nonce);
    set_present(m, one, true);
    return true;
}

/* It is gone, by @change. */
static bool merge_end(struct hsy_members *m, struct hsy_member *one,
                      enum hearsay_change change, const struct news *news)
{
    uint64_t rank = hsy_rank_dead(news->record->incarnation);

    HSY_ASSERT(rank > one->rank);
    if (one->present && !tell(m, change, news)) {
        return false;
    }
    drop_record(m, one);
    rise(one, rank, news->record->boot_nonce);
    set_present(m, one, false);
    return true;
}

/* Lines of the seeds that vouch for @proof, which came from that of @line. */
static uint64_t vouching(const struct hsy_members *m, uint32_t line,
                         const struct hsy_certificate *proof)
{
    uint64_t lines = UINT64_C(1) << line;
    struct hearsay_id seed;

    HSY_ASSERT(proof->verdicts_count >= 1);
    for (uint32_t i = 0; i < hsy_lines_count(m->env); i++) {
        for (uint8_t k = 0;
             hsy_join_seed_at(m->join, i, &seed) && k < proof->verdicts_count;
             k++) {
            bool signs = hsy_id_equal(&seed, &proof->verdicts[k].seed);
            lines |= signs ? UINT64_C(1) << i : 0;
        }
    }
    return lines;
}

/* The votes of @lines, as far as they are known for seeds of their own. */
static struct hsy_votes votes_of(const struct hsy_members *m, uint64_t lines)
{
    struct hsy_votes votes = hsy_join_votes(m->join);
    struct hearsay_id seed;

    for (uint32_t i = 0; i < hsy_lines_count(m->env); i++) {
        if ((lines >> i & 1) != 0 && hsy_join_seed_at(m->join, i, &seed)) {
            hsy_votes_add(&votes, i);
        }
    }
    HSY_ASSERT(votes.count <= votes.seeds);
    return votes;
}

static bool merge_death(struct hsy_members *m, struct hsy_member *one,
                        const struct hsy_certificate *proof, struct news *news)
{
    uint64_t rank = hsy_rank_dead(proof->record.incarnation);

    if (rank <= one->rank || rank < one->doubted) {
        return true;
    }
    if (rank > one->doubted) {
        one->doubted = rank;
        one->vouched = 0;
    }
    one->vouched |= vouching(m, news->line, proof);
    struct hsy_votes votes = votes_of(m, one->vouched);
    if (!hsy_votes_meet_majorities(&votes)) {
        m->env->counters.members_doubted++;
        return true;
    }
    for (uint8_t i = 0; i < proof->verdicts_count; i++) {
        news->wall_ms = hsy_time_max(news->wall_ms, proof->verdicts[i].wall_ms);
    }
    news->record = &proof->record;
    news->lines = one->vouched;
    return merge_end(m, one, HEARSAY_MEMBER_DIED, news);
}

static bool merge_leave(struct hsy_members *m, struct hsy_member *one,
                        const struct hsy_sync_entry *fact, struct news *news)
{
    struct hsy_record record = fact->left.record;

    HSY_ASSERT(fact->kind == HSY_SYNC_LEFT);
    if (hsy_rank_dead(fact->left.leave.incarnation) <= one->rank) {
        return true;
    }
    record.incarnation = fact->left.leave.incarnation;
    news->record = &record;
    news->wall_ms = fact->left.leave.issued_ms;
    return merge_end(m, one, HEARSAY_MEMBER_LEFT, news);
}

static const struct hsy_record *record_of(const struct hsy_sync_entry *fact)
{
    HSY_ASSERT(fact->kind != HSY_SYNC_LINKS);
    return fact->kind == HSY_SYNC_RECORD  ? &fact->record
           : fact->kind == HSY_SYNC_DEATH ? &fact->certificate.record
                                          : &fact->left.record;
}

static bool merge(struct hsy_members *m, uint32_t line,
                  const struct hsy_sync_entry *fact)
{
    const struct hsy_record *record = record_of(fact);
    struct news news = {.line = line, .lines = UINT64_C(1) << line};
    struct hsy_member *one = NULL;

    if (hsy_id_equal(&record->id, &m->env->id) ||
        record->role != HEARSAY_PEER || record->addrs_count == 0) {
        return true; /* We know of ourselves; and seeds list peers only. */
    }
    int err = find_or_add(m, &one, &record->id);
    if (err != 0) {
        return err == HEARSAY_ERR_FULL; /* That is known by now. */
    }
    HSY_ASSERT(one != NULL);
    one->listed |= UINT64_C(1) << line;
    switch (fact->kind) {
    case HSY_SYNC_RECORD:
        return merge_record(m, one, record, &news);
    case HSY_SYNC_DEATH:
        return merge_death(m, one, &fact->certificate, &news);
    case HSY_SYNC_LEFT:
        return merge_leave(m, one, fact, &news);
    case HSY_SYNC_LINKS:
        break;
    }
    return true;
}

/* ------------------------------------------------------------------- lists */

/* @line's list begins: what it had on an earlier one, it has to say again. */
static void list_begins(struct hsy_members *m, uint32_t line)
{
    uint64_t bit = UINT64_C(1) << line;

    for (uint32_t i = 0; i < m->list.count; i++) {
        struct hsy_member *one = hsy_table_at(&m->list, i);
        one->listed &= ~bit;
    }
    m->lines[line].listing = true;
    m->lines[line].complete = false;
    HSY_ASSERT(m->lines[line].log == 0);
}

/* Of those present, who is on none of the lists of @lines? */
static bool tell_unlisted(struct hsy_members *m, uint64_t lines)
{
    struct news news = {.lines = lines, .wall_ms = m->env->now.wall_ms};

    HSY_ASSERT(lines != 0);
    for (uint32_t i = 0; i < m->list.count; i++) {
        struct hsy_member *one = hsy_table_at(&m->list, i);
        if (!one->present || (one->listed & lines) != 0) {
            continue;
        }
        struct hsy_record record = hsy_kept_record(one->record);
        news.record = &record;
        if (!tell(m, HEARSAY_MEMBER_UNLISTED, &news)) {
            return false;
        }
        drop_record(m, one);
        set_present(m, one, false);
    }
    return true;
}

/* @line's list is complete: are those of a quorum? False: no memory. */
static bool list_ends(struct hsy_members *m, uint32_t line)
{
    struct news news = {.wall_ms = m->env->now.wall_ms};

    HSY_ASSERT(m->lines[line].listing);
    for (uint32_t i = 0; i < hsy_lines_count(m->env); i++) {
        bool complete = i == line || m->lines[i].complete;
        news.lines |= complete ? UINT64_C(1) << i : 0;
    }
    struct hsy_votes votes = votes_of(m, news.lines);
    if (hsy_votes_missing(&votes) > 0) {
        return true;
    }
    if (!tell_unlisted(m, news.lines) ||
        (!m->known && !tell(m, HEARSAY_MEMBERS_LISTED, &news))) {
        return false;
    }
    m->known = true;
    return true;
}

/* -------------------------------------------------------------------- news */

/* The line whose seed has that to say, as it was asked to; NULL. */
static struct hsy_members_line *line_of(const struct hsy_members *m,
                                        hearsay_link link,
                                        const struct hsy_member_news *news)
{
    HSY_ASSERT(news->nonce != 0);
    for (uint32_t i = 0; m->lines != NULL && i < hsy_lines_count(m->env); i++) {
        struct hsy_members_line *l = &m->lines[i];
        if (l->link == link && l->nonce == news->nonce) {
            return l;
        }
    }
    return NULL;
}

bool hsy_members_wants(const struct hsy_members *m, hearsay_link link,
                       const struct hsy_member_news *news)
{
    HSY_ASSERT(link != 0);
    return line_of(m, link, news) != NULL;
}

/* Does it fit what came before? */
static bool fits(const struct hsy_members_line *l, enum hsy_member_how how)
{
    bool of_list = how == HSY_MEMBER_MORE || how == HSY_MEMBER_END;

    HSY_ASSERT(how != HSY_MEMBER_REFUSED);
    return how == HSY_MEMBER_LIST ||
           (of_list ? l->listing : !l->listing && l->log != 0);
}

static void note_refused(struct hsy_members *m,
                         const struct hsy_members_line *l)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "watch-refused");

    HSY_ASSERT(l->nonce != 0);
    hsy_note_id(&note, "seed", &l->seed);
    hsy_note_text(&note, "text",
                  "this seed has no room for another watcher; it is asked "
                  "again");
    hsy_tell(m->env, &note);
}

/* False: no memory for all of it. */
static bool take(struct hsy_members *m, uint32_t line,
                 const struct hsy_member_news *news)
{
    struct hsy_members_line *l = &m->lines[line];
    struct hsy_reader at =
        hsy_reader(news->facts.entries, news->facts.entries_len);
    HSY_UNSET struct hsy_sync_entry fact;

    if (news->how == HSY_MEMBER_LIST) {
        l->log = l->upto = 0;
        list_begins(m, line);
    }
    while (hsy_sync_next(&at, &fact)) {
        if (!merge(m, line, &fact)) {
            return false;
        }
    }
    if (news->how == HSY_MEMBER_END && !list_ends(m, line)) {
        return false;
    }
    if (news->how == HSY_MEMBER_END || news->how == HSY_MEMBER_CHANGES) {
        l->log = news->log;
        l->upto = news->upto;
        l->listing = false;
        l->complete = true;
    }
    HSY_ASSERT(l->listing != l->complete);
    return true;
}

void hsy_members_news(struct hsy_members *m, hearsay_link link,
                      const struct hsy_member_news *news)
{
    struct hsy_members_line *l = line_of(m, link, news);

    if (l == NULL) {
        return; /* It was wanted when it was sent. */
    }
    if (news->how == HSY_MEMBER_REFUSED) {
        note_refused(m, l);
        start_over(m, l, RETRY_CAP_NS);
        return;
    }
    if (!fits(l, news->how)) {
        m->env->counters.frames_unexpected++;
        start_over(m, l, RETRY_CAP_NS);
        return;
    }
    if (!take(m, (uint32_t)(l - m->lines), news)) {
        start_over(m, l, NOMEM_WAIT_NS);
        return;
    }
    l->tries = 0;
    l->retry_ns = HEARSAY_NEVER;
    if (l->listing) {
        retry_at(m, l, hsy_time_add(m->env->now.mono_ns, PART_WAIT_NS));
    }
    send_watch(m, l, l->nonce);
}

void hsy_members_refused(struct hsy_members *m, hearsay_link link,
                         const struct hsy_member_news *news)
{
    struct hsy_members_line *l = line_of(m, link, news);

    if (l != NULL) { /* From where we were. */
        l->listing = l->complete = false;
        l->nonce = 0;
        retry_at(m, l, hsy_time_add(m->env->now.mono_ns, NOMEM_WAIT_NS));
    }
}

bool hsy_members_know(const struct hsy_members *m,
                      const struct hsy_encoded *record)
{
    const struct hsy_member *one = hsy_table_find(&m->list, record->bytes);

    HSY_ASSERT(record->len >= HEARSAY_ID_LEN);
    return one != NULL && one->record != NULL &&
           hsy_kept_is(one->record, record);
}
