/* The Peer List: what was acknowledged is seen by every later read, the dead stay
 * dead, nobody who answers is certified dead, and a seed that has lost its disk
 * promises nothing before it knows again what it promised. README.md says what is
 * claimed.
 *
 * One subject, known by a rank: 2 x incarnation + dead. SEEDS seeds, of which
 * QUORUM acknowledge and are read, and MAJORITY sign a death. A frame may arrive at
 * any time or never, so a seed that is down needs no state of its own. A record
 * arrives late, too, when the subject is gone. Verdicts go to everybody at once,
 * and whoever has enough of them may make the certificate of them at any time.
 *
 *   LIVES=2    incarnations
 *   DEATHS=1   times that the subject dies
 *   CRASHES=1  seeds that are killed, and keep their disk
 *   WIPES=0    seeds that lose it and keep their key; fewer than QUORUM at a time
 *   CUTS=0     times that a seed does not reach the subject, though it lives
 *   ALONE      who is cut off is so from its fellows, too
 *   LIAR       the last seed signs anything; then nobody is read
 *   NO_READS   nobody is read
 *   DROPS      tombstones and floors go in the end
 *   START      nobody has begun; WIPES then take the key, too, if WHOLE_DIR
 *   ALL_MET    disks are lost only after all have heard of all
 *   DOWN       the last seed never comes up
 *
 * Why an acknowledgement of a disk that was lost does not count, one of
 *   NEWS       seeds tell with theirs whose disk was lost; a fact like others
 *   NOTICED    the peer has noticed that its link broke before that seed hears others
 *
 * Defects for the negative controls:
 *   AMNESIA        who has lost its disk goes on as if nothing had been
 *   NO_COMMIT      acknowledged before it is on disk
 *   LIVE_ONLY      a read hears of living records only
 *   WHOLE_EARLY    whole before what was heard is on disk
 *   NOTICED_LATE   the peer notices it only before that seed is whole
 *   HEARS_ONE      whole after one fellow
 *   EARLY_DROP     a tombstone goes while older records are on their way
 *   NO_TRIES       signed because a fellow did
 *   LETS_GO        who signed forgets it when it is answered
 *   FORGETS        who signed forgets it when it is killed
 *   TRUSTS_ITSELF  who lost its disk thinks that it has signed nothing
 *   SIGNS_ALONE    signed without having heard a fellow
 *   SIGNS_AND_RESTS  who signed tries no more
 *   KEY_IS_NEW     a key without a disk is taken for a new one
 *   WAITS_FOR_ALL  nobody begins before all are up
 *   QUORUM=x, MAJORITY=x
 */
#ifndef SEEDS
#define SEEDS 3
#endif
#ifndef QUORUM
#define QUORUM (SEEDS / 2 + 1)
#endif
#define MOST ((SEEDS - 1) / 2 + 1)
#ifndef MAJORITY
#define MAJORITY MOST
#endif
#ifndef LIVES
#define LIVES 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef WIPES
#define WIPES 0
#endif
#ifndef CUTS
#define CUTS 0
#endif
/* Every majority of the acknowledging ones is met, whoever has lost its disk. */
#ifdef HEARS_ONE
#define ENOUGH 1
#else
#define ENOUGH (SEEDS - QUORUM + 1)
#endif
#define LAST (SEEDS - 1)
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define ALL (BIT(SEEDS) - 1)
#define COUNT(set) \
    (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4))
#ifdef LIAR
#define NO_READS
#define LIARS BIT(LAST)
#else
#define LIARS 0
#endif
#ifdef DOWN
#define IS_UP(s) ((s) != LAST)
#else
#define IS_UP(s) true
#endif

mtype = { FRESH, RECOVERING, WHOLE };

/* The subject. */
bool up = true;
byte incarnation = 1;
byte acks, late; /* Of this incarnation; late: of those, by a disk that is lost. */
byte news;       /* Whose disk was lost, as far as it was told. */
#define OWN (2 * incarnation)

/* The seeds. */
mtype is[SEEDS];
byte rank[SEEDS], disk[SEEDS];
byte heard[SEEDS]; /* Fellows, since it is RECOVERING or FRESH. */
byte lost[SEEDS];  /* Whose disk was lost, as far as it knows. */
byte met[SEEDS];   /* Whose first key it knows. */
byte steps[SEEDS]; /* Its verdict on this incarnation may be about. */
byte wiped;

/* By incarnation: verdicts that were signed; those whose seed has tried and not
 * been answered, and has not let go of it since. */
byte verdicts[LIVES + 1], stands[LIVES + 1];
byte cut, alone;
bool aged; /* A day later: no record of the first life is on its way. */

/* What was promised, and one read. */
byte acked, buried;
bool reading, was_read;
byte asked, best, want, gone;

bool seen = true;       /* A read sees what was acknowledged before, or more. */
bool stays_dead = true; /* And does not see alive who was dead before. */
bool just = true;       /* A majority of a death lies, or has tried in vain. */
bool in_reach = true;    /* Nobody is dead whom a majority reaches. */
bool works = true;      /* At rest who lives is registered, */
bool certified = true;  /* and who is dead is certified. */

byte crashes = CRASHES, wipes = WIPES, cuts = CUTS, deaths = DEATHS;

#define IS_WHOLE(s) (is[s] == WHOLE && IS_UP(s))
#define IS_HONEST(s) (!HAS(LIARS, s))
#define REACHES(s) (up && !HAS(cut, s))
#define LACKS(s, r) (HAS(wiped, s) && is[s] != WHOLE -> 1 : 0)
#define KEEPS(s, r) (is[s] == WHOLE && disk[s] >= (r) -> 1 : 0)
#if SEEDS == 3
#define EACH(x) x(0) x(1) x(2)
#define OTHERS(x, s) x(s, 0) x(s, 1) x(s, 2)
#define ANY(x) (x(0) || x(1) || x(2))
#define ALL_OF(x) (x(0) && x(1) && x(2))
#define SUM(x, r) (x(0, r) + x(1, r) + x(2, r))
#endif
#if SEEDS == 4
#define EACH(x) x(0) x(1) x(2) x(3)
#define OTHERS(x, s) x(s, 0) x(s, 1) x(s, 2) x(s, 3)
#define ANY(x) (x(0) || x(1) || x(2) || x(3))
#define ALL_OF(x) (x(0) && x(1) && x(2) && x(3))
#define SUM(x, r) (x(0, r) + x(1, r) + x(2, r) + x(3, r))
#endif
#if SEEDS == 5
#define EACH(x) x(0) x(1) x(2) x(3) x(4)
#define OTHERS(x, s) x(s, 0) x(s, 1) x(s, 2) x(s, 3) x(s, 4)
#define ANY(x) (x(0) || x(1) || x(2) || x(3) || x(4))
#define ALL_OF(x) (x(0) && x(1) && x(2) && x(3) && x(4))
#define SUM(x, r) (x(0, r) + x(1, r) + x(2, r) + x(3, r) + x(4, r))
#endif

/* A death is promised when a quorum has it on disk. */
inline committed(s)
{
    if
    :: (rank[s] & 1) && rank[s] > buried && SUM(KEEPS, rank[s]) >= QUORUM -> buried = rank[s]
    :: else
    fi
}

inline take(s, r)
{
    rank[s] = r;
    if
    :: CRASHES == 0 -> /* What comes between makes no difference. */
        disk[s] = r;
        committed(s)
    :: else
    fi
}

/* ------------------------------------------------------ registered and read */

#ifdef NO_COMMIT
#define IS_KEPT(s) (rank[s] == OWN)
#else
#define IS_KEPT(s) (rank[s] == OWN && disk[s] == OWN)
#endif
#ifdef NEWS
#define COUNTS (acks & ~(late & news))
#else
#define COUNTS acks
#endif

/* An acknowledgement of a disk that is there again replaces one that is late. */
inline acknowledge(s)
{
    acks = acks | BIT(s);
    late = late & ~BIT(s);
    news = news | lost[s];
    acked = (COUNT(COUNTS) >= QUORUM -> OWN : acked)
}

/* Above everything that is known of it. */
inline raise(to)
{
    incarnation = to;
    acks = 0;
    late = 0
}

#ifdef LIVE_ONLY
#define ANSWER(s) ((rank[s] & 1) -> 0 : rank[s])
#else
#define ANSWER(s) rank[s]
#endif

inline read(s)
{
    asked = asked | BIT(s);
    best = (ANSWER(s) > best -> ANSWER(s) : best);
    if
    :: COUNT(asked) == QUORUM ->
        seen = seen && (best >= want || (best == 0 && gone > want && aged));
        assert(seen);
        stays_dead = stays_dead && (best > gone || (best & 1) || best == 0);
        assert(stays_dead);
        reading = false;
        was_read = true;
        asked = 0; best = 0; want = 0; gone = 0
    :: else
    fi
}

#define IS_LATE_RECORD (aged && OWN == 2)
#define REGISTER(s) :: d_step { IS_WHOLE(s) && rank[s] < OWN && !IS_LATE_RECORD -> take(s, OWN) }
#define REPLAY(s) :: d_step { IS_WHOLE(s) && rank[s] == 0 && incarnation > 1 && !aged -> take(s, 2) }
#define COMMIT(s) :: d_step { IS_UP(s) && disk[s] < rank[s] -> disk[s] = rank[s]; committed(s) }
#define ACKNOWLEDGE(s) \
    :: d_step { IS_WHOLE(s) && up && IS_KEPT(s) && !HAS(acks & ~late, s) -> acknowledge(s) }
#define STALE(s) \
    :: d_step { IS_WHOLE(s) && up && rank[s] > OWN && rank[s] / 2 < LIVES -> raise(rank[s] / 2 + 1) }
#define READ(s) :: d_step { reading && IS_WHOLE(s) && !HAS(asked, s) -> read(s) }

/* ------------------------------------------------------- seeds that forget */

#ifdef WHOLE_EARLY
#define IS_SAVED(s) true
#else
#define IS_SAVED(s) (disk[s] == rank[s])
#endif

/* From s, of what both know. */
inline sync(s, t)
{
    lost[t] = lost[t] | lost[s];
    if
    :: rank[s] > rank[t] -> take(t, rank[s])
    :: else
    fi
}

/* Of its old acknowledgements. */
inline notice(s)
{
    acks = acks & ~(late & BIT(s));
    late = late & ~BIT(s)
}

inline hear(s, t)
{
#ifdef NOTICED
    notice(t);
#endif
    heard[t] = heard[t] | BIT(s);
    lost[s] = lost[s] | BIT(t);
    sync(s, t)
}

inline be_whole(s)
{
    is[s] = WHOLE;
    heard[s] = 0;
#ifndef TRUSTS_ITSELF
    steps[s] = incarnation; /* Whatever the subject comes with. */
#endif
#ifdef NOTICED_LATE
    notice(s)
#endif
}

/* Killed; what is in memory goes. */
inline crash(s)
{
    crashes--;
    rank[s] = disk[s];
    heard[s] = (is[s] == FRESH -> heard[s] : 0);
#ifdef FORGETS
    steps[s] = 0
#endif
}

inline wipe(s)
{
    wipes--;
    wiped = wiped | BIT(s);
    late = late | (acks & BIT(s));
    rank[s] = 0; disk[s] = 0; heard[s] = 0; lost[s] = 0; met[s] = 0; steps[s] = 0;
#ifndef AMNESIA
#ifdef WHOLE_DIR
    is[s] = FRESH
#else
#ifdef KEY_IS_NEW
    is[s] = FRESH
#else
    is[s] = RECOVERING
#endif
#endif
#endif
}

/* t comes with a key that it has just made. Who knew another one in its place
 * says so, and t is to hear first what that one knew. */
inline meet(s, t)
{
    if
#ifndef KEY_IS_NEW
    :: HAS(wiped, t) && HAS(met[s], t) -> is[t] = RECOVERING; heard[t] = 0
#endif
    :: else -> heard[t] = heard[t] | BIT(s)
    fi;
    met[t] = met[t] | met[s] | (HAS(wiped, s) -> 0 : BIT(s));
    met[s] = met[s] | met[t] | (HAS(wiped, t) -> 0 : BIT(t))
}

#define IS_MISSED(s) ((met[s] | BIT(s)) != ALL)
#ifdef ALL_MET
#define MAY_WIPE (!(ANY(IS_MISSED)) || wiped != 0)
#else
#define MAY_WIPE true
#endif
#ifdef WAITS_FOR_ALL
#define FRESH_ONES SEEDS
#else
#define FRESH_ONES QUORUM
#endif
#ifdef KEY_IS_NEW
#define MEETS(s) (is[s] == FRESH)
#else
#define MEETS(s) true
#endif

#define SYNC(s, t) \
    :: d_step { s != t && IS_WHOLE(s) && IS_WHOLE(t) && (rank[s] > rank[t] || (lost[s] & ~lost[t])) -> \
        sync(s, t) }
#define HEAR(s, t) \
    :: d_step { s != t && is[t] == RECOVERING && IS_UP(t) && IS_WHOLE(s) && !HAS(heard[t], s) -> hear(s, t) }
#define MEET(s, t) \
    :: d_step { s != t && is[t] == FRESH && IS_UP(s) && IS_UP(t) && MEETS(s) && !HAS(heard[t], s) -> \
        meet(s, t) }
#define BEGIN(s) \
    :: d_step { is[s] == FRESH && IS_UP(s) && COUNT(heard[s]) + 1 >= FRESH_ONES -> \
        is[s] = WHOLE; heard[s] = 0 }
#define BE_WHOLE(s) \
    :: d_step { is[s] == RECOVERING && COUNT(heard[s]) >= ENOUGH && IS_SAVED(s) -> be_whole(s) }
#define CRASH(s) :: d_step { crashes > 0 && IS_UP(s) && IS_VOLATILE(s) -> crash(s) }
#define WIPE(s) \
    :: d_step { wipes > 0 && is[s] == WHOLE && !HAS(wiped, s) && MAY_WIPE && \
        SUM(LACKS, 0) + 1 < QUORUM -> wipe(s) }
#define SYNC_FROM(s) OTHERS(SYNC, s)
#define HEAR_FROM(s) OTHERS(HEAR, s)
#define MEET_FROM(s) OTHERS(MEET, s)
#ifdef FORGETS
#define IS_VOLATILE(s) (rank[s] != disk[s] || steps[s] != 0)
#else
#define IS_VOLATILE(s) (rank[s] != disk[s])
#endif

/* ------------------------------------------------------------------ deaths */

#define LIFE(s) (rank[s] / 2)
#define IS_LISTED(s) (IS_WHOLE(s) && IS_HONEST(s) && rank[s] != 0 && !(rank[s] & 1))
#ifdef SIGNS_ALONE
#define IS_HEEDED(s) true
#else
#define IS_HEEDED(s) (MAJORITY == 1 || !HAS(alone, s))
#endif
/* Who has signed tries on, and does so faster than anybody convicts. */
#define IS_ANSWERED(s) (REACHES(s) && HAS(stands[incarnation], s))
#ifdef SIGNS_AND_RESTS
#define NOBODY_IS_ANSWERED true
#else
#define NOBODY_IS_ANSWERED (!(ANY(IS_ANSWERED)))
#endif

inline sign(s)
{
    verdicts[LIFE(s)] = verdicts[LIFE(s)] | BIT(s);
    steps[s] = (LIFE(s) > steps[s] -> LIFE(s) : steps[s])
}

/* The subject is told to step above what s may have signed, and only that ends it. */
#ifdef LETS_GO
#define IS_TOLD(s) false
#else
#define IS_TOLD(s) (steps[s] >= incarnation)
#endif
inline answered(s)
{
    if
    :: IS_TOLD(s) -> raise(incarnation + 1)
    :: else -> stands[incarnation] = stands[incarnation] & ~BIT(s)
    fi
}

inline certify(s)
{
    if
    :: up && LIFE(s) == incarnation ->
        just = just && COUNT(verdicts[incarnation] & (LIARS | stands[incarnation])) >= MOST;
        assert(just);
        in_reach = in_reach && (LIARS != 0 || COUNT(cut & ~alone) >= MOST);
        assert(in_reach)
    :: else
    fi;
    take(s, rank[s] + 1)
}

#define CONVICT(s) \
    :: d_step { IS_LISTED(s) && !HAS(verdicts[LIFE(s)], s) && !REACHES(s) && IS_HEEDED(s) && NOBODY_IS_ANSWERED -> \
        stands[LIFE(s)] = stands[LIFE(s)] | (HAS(alone, s) -> 0 : BIT(s)); \
        sign(s) }
#define FOLLOW(s) \
    :: d_step { IS_LISTED(s) && !HAS(verdicts[LIFE(s)], s) && (verdicts[LIFE(s)] & ~LIARS) -> sign(s) }
#define ANSWERED(s) \
    :: d_step { IS_ANSWERED(s) && IS_WHOLE(s) && (!IS_TOLD(s) || incarnation < LIVES) -> answered(s) }
#define CERTIFY(s) :: d_step { IS_LISTED(s) && COUNT(verdicts[LIFE(s)]) >= MAJORITY -> certify(s) }
#define CUT(s) :: d_step { cuts > 0 && !HAS(cut, s) && IS_HONEST(s) && CAN_BE_CUT -> cuts--; cut = cut | BIT(s); CUT_OFF(s) }
#define MEND(s) :: d_step { HAS(cut, s) -> cut = cut & ~BIT(s); alone = alone & ~BIT(s) }
#ifdef ALONE
#define CUT_OFF(s) alone = alone | BIT(s)
#else
#define CUT_OFF(s) skip
#endif
/* A majority reaches the subject at any moment. */
#ifdef LIAR
#define CAN_BE_CUT true
#else
#define CAN_BE_CUT (COUNT(cut) + 1 < MOST)
#endif

/* A day later nobody has an older record, nor is one on its way. */
#define IS_OLDER(s) (rank[s] < 3)
#define DROP(s) :: d_step { IS_WHOLE(s) && MAY_DROP && rank[s] == 3 && disk[s] == 3 -> rank[s] = 0; disk[s] = 0 }
#ifdef EARLY_DROP
#define MAY_DROP true
#else
#define MAY_DROP aged
#endif

#define OUTRANKED(s) (rank[s] > OWN)
#define IS_BURIED(s) (!IS_WHOLE(s) || !IS_HONEST(s) || rank[s] > OWN || (aged && rank[s] == 0))

init {
#ifndef START
#define IS_WHOLE_NOW(s) is[s] = WHOLE; met[s] = ALL;
#else
#define IS_WHOLE_NOW(s) is[s] = FRESH;
#endif
    d_step { EACH(IS_WHOLE_NOW) verdicts[1] = LIARS; verdicts[LIVES] = LIARS } /* LIVES <= 2. */
    do
    EACH(REGISTER)
    EACH(COMMIT)
    EACH(ACKNOWLEDGE)
    EACH(SYNC_FROM)
#ifdef START
    EACH(MEET_FROM)
    EACH(BEGIN)
#else
    EACH(REPLAY)
    EACH(STALE)
    EACH(CONVICT)
    EACH(CERTIFY)
    EACH(ANSWERED)
    :: d_step { deaths > 0 && up -> deaths--; up = false }
    :: d_step { deaths > 0 -> deaths-- } /* It does not come to that. */
    :: d_step { !up && incarnation < LIVES -> up = true; raise(incarnation + 1) }
#endif
#if CUTS
    EACH(CUT)
    EACH(MEND)
#endif
#ifdef NO_TRIES
    EACH(FOLLOW)
#endif
#ifdef DROPS
    EACH(DROP)
    :: d_step { !aged && !reading && !(ANY(IS_OLDER)) -> aged = true }
#endif
#if CRASHES
    EACH(CRASH)
#endif
#if WIPES
    EACH(WIPE)
    EACH(HEAR_FROM)
    EACH(BE_WHOLE)
#endif
#ifndef NO_READS
    :: d_step { !reading && !was_read -> reading = true; want = acked; gone = buried }
    EACH(READ)
#endif
    :: else -> break
    od;
    works = !up || acked == OWN || ANY(OUTRANKED) || (!IS_UP(LAST) && wiped);
    assert(works);
    certified = up || ALL_OF(IS_BURIED);
    assert(certified)
}
