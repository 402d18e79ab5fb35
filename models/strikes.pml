/* Three strikes, and what comes after them: a peer that pings its neighbours and
 * reports those that do not answer, and seeds that try for themselves before they
 * sign. README.md says what is claimed.
 *
 * One honest peer and three neighbours, of which 0 is tried by the seeds as well:
 * three seeds, two of them a majority, and the last one may lie. Time is rounds: in
 * each one every neighbour is pinged once, and an answer comes in time, or late, or
 * never. Who lives misses no more than BURST in a row, at anybody who pings it. What
 * is late may come in any later round; then that one is skipped, for bytes came.
 *
 *   DEATHS=1  neighbours that die
 *   BURST=2   answers in a row that are lost or late
 *   LATE=1    answers of each that are late
 *   CUTS=0    times that the peer's own line is cut, and mended at any time
 *   BREAKS=0  links that break though both ends live, or since one is dead
 *   LIAR      the last seed signs at once, and liars report, instead of the peer
 *
 * Defects for the negative controls:
 *   ANY_ANSWER  an answer to an older ping clears strikes
 *   TRIES=2     a seed signs after two; 0: for a report
 *   ONE_WORD    one verdict is a death
 *   NO_DOUBT    the peer does not doubt itself
 *   TAKES_WORD  it has its voice back, and reports without a new try
 *   BLIND       tries count in which it has heard nobody
 *   FOR_EVER    it doubts itself as long as many are silent
 */
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef BURST
#define BURST 2
#endif
#ifndef LATE
#define LATE 1
#endif
#ifndef CUTS
#define CUTS 0
#endif
#ifndef BREAKS
#define BREAKS 0
#endif
#define NEIGHBOURS 3
#define MANY 2 /* On strike: a third of four to six. */
#define STRIKES 3
#define IN_TIME (STRIKES + LATE) /* Rounds. */
#define SEEDS 2 /* That are honest. */
#ifndef TRIES
#define TRIES 3
#endif
#ifdef ONE_WORD
#define MAJORITY 1
#else
#define MAJORITY 2
#endif
#ifdef LIAR
#define LIES 1
#else
#define LIES 0
#endif
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define COUNT(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2))

/* The world. */
byte dead;
bool cut;

/* The peer. */
byte next;               /* To be pinged in this round, one after the other. */
bool over = LIES;        /* It pings no more; what is left comes to rest. */
byte strikes[NEIGHBOURS];
byte missed[NEIGHBOURS]; /* Answers in a row. */
byte late[NEIGHBOURS];   /* Answers that are on their way, */
byte sent[NEIGHBOURS];   /* and were. */
byte age[NEIGHBOURS];    /* Rounds since it died, if the line was not cut. */
byte held, reported;     /* Who has struck out: in doubt; for good. */

/* The honest seeds, who try neighbour 0. */
byte trials, verdicts;
byte tries[SEEDS];
bool certified;

bool alive_stays = true; /* Who answers is not certified dead. */
bool true_word = true;   /* An honest peer reports the dead only, */
bool in_time = true;     /* and those soon. */
bool all_told = true;    /* At rest who was reported is certified. */

byte deaths = DEATHS, cuts = CUTS, breaks = BREAKS;

#define IS_DEAD(n) HAS(dead, n)
#define IS_LINKED(n) (!HAS(held | reported, n))
#define IS_STRUCK(n) (HAS(held, n) || (IS_LINKED(n) && strikes[n] > 0) -> 1 : 0)
#define STRUCK (IS_STRUCK(0) + IS_STRUCK(1) + IS_STRUCK(2))
#define IS_LATE(n) (IS_DEAD(n) && age[n] > IN_TIME && !HAS(reported, n))

/* -------------------------------------------------------------- the peer */

inline report(n)
{
    held = held & ~BIT(n);
    reported = reported | BIT(n);
    strikes[n] = 0; missed[n] = 0; late[n] = 0; sent[n] = 0; age[n] = 0; /* It is over. */
    true_word = true_word && IS_DEAD(n);
    assert(true_word)
}

/* Whoever finds many silent may be alone himself. */
inline suspect(n)
{
    strikes[n] = STRIKES;
    if
#ifndef NO_DOUBT
    :: STRUCK >= MANY -> held = held | BIT(n)
#endif
    :: else -> report(n)
    fi
}

inline strike(n)
{
    strikes[n]++;
    if
    :: strikes[n] == STRIKES -> suspect(n)
    :: else
    fi
}

inline begin(n)
{
    next++;
    age[n] = (IS_DEAD(n) && !cut && !HAS(reported, n) -> age[n] + 1 : age[n])
}

inline answer(n)
{
    strikes[n] = 0;
    missed[n] = 0
}

/* His seeds and those neighbours that are not silent have answered him just now.
 * What he has tried before proves nothing, so he tries again. */
inline ask(n)
{
    if
#ifndef TAKES_WORD
    :: !IS_DEAD(n) -> held = held & ~BIT(n); answer(n)
#endif
    :: else -> report(n)
    fi
}

/* Redialled at once: refused, or answered, or nobody is heard. */
inline break_off(n)
{
    breaks--;
    if
    :: !IS_DEAD(n) && !cut -> answer(n)
    :: IS_DEAD(n) && !cut -> suspect(n)
#ifdef BLIND
    :: cut -> suspect(n)
#else
    :: cut -> strikes[n] = STRIKES; held = held | BIT(n)
#endif
    fi
}

#ifdef FOR_EVER
#define IS_HEARD(n) (HAS(held, n) && !cut && STRUCK < MANY)
#define IS_ASKING false
#else
#define IS_HEARD(n) (HAS(held, n) && !cut)
#define IS_ASKING (held != 0 && !cut) /* It takes less than a round. */
#endif
#define IS_DUE(n) (!over && next == n && IS_LINKED(n) && !IS_ASKING)
#define MAY_MISS(n) (IS_DUE(n) && !IS_DEAD(n) && !cut && missed[n] < BURST)
#ifdef ANY_ANSWER
#define CLEARS(n) strikes[n] = 0
#else
#define CLEARS(n) skip /* The round is skipped. */
#endif
#define PING(n) \
    :: d_step { IS_DUE(n) && !IS_DEAD(n) && !cut -> begin(n); answer(n) } \
    :: d_step { IS_DUE(n) && (IS_DEAD(n) || cut) -> begin(n); strike(n) } \
    :: d_step { MAY_MISS(n) -> begin(n); missed[n]++; strike(n) } \
    :: d_step { MAY_MISS(n) && sent[n] < LATE -> \
        begin(n); missed[n]++; sent[n]++; late[n]++; strike(n) } \
    :: d_step { IS_DUE(n) && late[n] > 0 && !cut -> begin(n); late[n]--; CLEARS(n) }
#define ASK(n) :: d_step { IS_HEARD(n) -> ask(n) }
#define BREAK(n) :: d_step { breaks > 0 && !over && IS_LINKED(n) && !IS_ASKING -> break_off(n) }
#define DIE(n) :: d_step { deaths > 0 && (!over || LIES == 1) && !IS_DEAD(n) -> deaths--; dead = dead | BIT(n) }
#define SKIP(n) :: d_step { !over && next == n && !IS_LINKED(n) && !IS_ASKING -> begin(n) }

/* ------------------------------------------------------------- the seeds */

/* One answer ends the trial. */
inline veto(s)
{
    trials = trials & ~BIT(s);
    tries[s] = 0
}

inline sign(s)
{
    verdicts = verdicts | BIT(s);
    trials = trials & ~BIT(s);
    tries[s] = 0
}

inline certify()
{
    certified = true;
    alive_stays = alive_stays && IS_DEAD(0);
    assert(alive_stays)
}

#define IS_TRIED(s) HAS(trials, s)
#define TRY(s) \
    :: d_step { !certified && over && !HAS(trials | verdicts, s) && (LIES == 1 || HAS(reported, 0)) -> \
        trials = trials | BIT(s) } \
    :: d_step { IS_TRIED(s) && !IS_DEAD(0) -> veto(s) } \
    :: d_step { IS_TRIED(s) && tries[s] < TRIES && (IS_DEAD(0) || tries[s] < BURST) -> tries[s]++ } \
    :: d_step { IS_TRIED(s) && tries[s] == TRIES -> sign(s) }

init {
    do
    PING(0)
    PING(1)
    PING(2)
    SKIP(0)
    SKIP(1)
    SKIP(2)
    :: d_step { next == NEIGHBOURS && !IS_ASKING ->
        next = 0;
        in_time = in_time && !IS_LATE(0) && !IS_LATE(1) && !IS_LATE(2);
        assert(in_time) }
    ASK(0)
    ASK(1)
    ASK(2)
    BREAK(0)
    BREAK(1)
    BREAK(2)
    DIE(0)
    DIE(1)
    DIE(2)
    :: d_step { !over -> over = true }
    :: d_step { cuts > 0 && !over && !cut -> cuts--; cut = true }
    :: d_step { cut -> cut = false }
    TRY(0)
    TRY(1)
    :: d_step { !certified && COUNT(verdicts) + LIES >= MAJORITY -> certify() }
    :: else -> break
    od;
    all_told = !HAS(reported, 0) || certified;
    assert(all_told)
}
