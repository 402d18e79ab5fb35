/* The seed list, changed while the network runs: one list after the other, and
 * between two of them a time in which both count. README.md says what is claimed.
 *
 * Seeds 0 to POOL - 1, and lists of them: FROM, TO, and with CHANGES=2 also THEN.
 * Whoever knows a list has a view of it: 2 x list, or 2 x list + 1 when the next one
 * counts as well. Nobody hears of a new view in time, or at all; a seed that is
 * asked says which one it has. One registration is written, and then read, by two
 * peers who begin with the first list, as config.txt has it. Everything may be late.
 *
 *   RIVALS   two are proposed at once, TO and OR; the first proposer may fall silent
 *            (and how the change is made then is left out)
 *   DOWN=set these seeds never come up
 *
 * Defects for the negative controls:
 *   NO_JOINT      a list counts as soon as it is signed
 *   ONE_SIDE      while both count, a majority of the next one is enough
 *   NOT_CARRIED   nobody fetches what the others have
 *   FROM_ANYBODY  it is fetched from those, too, who do not know of the change
 *   DEAF          who is told of a newer view goes on with his own
 *   KEEPS_ANSWERS and counts answers that he had before
 *   TOO_SOON      the next change begins while one is under way
 *   OWN_LIST      a proposer does not heed what others have signed
 *   NO_PROMISE    a seed signs after it has promised a later proposer
 *   ONE_VOTE      a seed signs once, for good
 */
#ifndef POOL
#define POOL 4
#endif
#ifndef CHANGES
#define CHANGES 1
#endif
#ifndef FROM
#define FROM 7 /* 0 1 2 */
#endif
#ifndef TO
#define TO 14 /* 1 2 3 */
#endif
#ifndef OR
#define OR 11 /* 0 1 3 */
#endif
#ifndef THEN
#define THEN 28 /* 2 3 4 */
#endif
#ifndef DOWN
#define DOWN 0
#endif
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define COUNT(set) \
    (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4))
#define IS_UP(s) (!HAS(DOWN, s))

/* A majority of a list; of a view. */
#define IS_MOST(set, l) (COUNT((set) & list[l]) > COUNT(list[l]) / 2)
#ifdef ONE_SIDE
#define IS_QUORUM(set, v) IS_MOST(set, ((v) + 1) / 2)
#else
#define IS_QUORUM(set, v) (IS_MOST(set, (v) / 2) && IS_MOST(set, ((v) + 1) / 2))
#endif
#define IS_IN(s, v) HAS(list[(v) / 2] | list[((v) + 1) / 2], s)

byte list[CHANGES + 1];
byte chosen, finished; /* Lists after the first one that are signed; that alone count. */

/* The seeds. */
byte view[POOL];
byte fetched[POOL]; /* From whom, in this change. */
byte ready;         /* Who has said that it has enough. */
byte data;          /* Who has the registration. */

/* The two peers. */
byte acks, asked, my_view;
bool written, is_over, found;

/* The proposers 1 and 2, who take their numbers for ballots and their lists for
 * values; what the seeds have promised and signed last; all signatures. */
byte promises[3], latest[3], heeds[3], votes[3], signatures[3];
byte promised[POOL], signed_for[POOL], signed_list[POOL];
bool is_mute;
byte picked;

bool seen = true;     /* A read sees what was written before it began. */
bool one_list = true; /* No two lists follow the same one. */
bool moves = true;    /* At rest the change is made. */

#define NOW (2 * chosen - 1) /* The view in which the change is made. */

#if POOL == 3
#define EACH(x) x(0) x(1) x(2)
#define OTHERS(x, s) x(s, 0) x(s, 1) x(s, 2)
#endif
#if POOL == 4
#define EACH(x) x(0) x(1) x(2) x(3)
#define OTHERS(x, s) x(s, 0) x(s, 1) x(s, 2) x(s, 3)
#endif
#if POOL == 5
#define EACH(x) x(0) x(1) x(2) x(3) x(4)
#define OTHERS(x, s) x(s, 0) x(s, 1) x(s, 2) x(s, 3) x(s, 4)
#endif

/* ------------------------------------------------------- which list is next */

inline choose(l)
{
    one_list = one_list && (picked == 0 || picked == l);
    assert(one_list);
    picked = l;
    chosen = 1;
    list[1] = (l == 1 -> TO : OR)
}

inline promise(p, s)
{
    promised[s] = p;
    promises[p] = promises[p] | BIT(s);
#ifndef OWN_LIST
    if
    :: signed_for[s] > latest[p] ->
        latest[p] = signed_for[s];
        heeds[p] = signed_list[s]
    :: else
    fi
#endif
}

inline sign(p, s)
{
    votes[p] = (votes[p] != 0 -> votes[p] : (heeds[p] != 0 -> heeds[p] : p));
    promised[s] = (promised[s] > p -> promised[s] : p);
    signed_for[s] = p;
    signed_list[s] = votes[p];
    signatures[p] = signatures[p] | BIT(s);
    if
    :: IS_MOST(signatures[p], 0) -> choose(votes[p])
    :: else
    fi
}

#ifdef ONE_VOTE
#define IS_HEARD(p) true
#define MAY_SIGN(p, s) (signed_for[s] == 0)
#else
#define IS_HEARD(p) IS_MOST(promises[p], 0)
#ifdef NO_PROMISE
#define MAY_SIGN(p, s) true
#else
#define MAY_SIGN(p, s) (promised[s] <= p)
#endif
#endif
#define IS_VOTER(p, s) (HAS(FROM, s) && IS_UP(s) && !(p == 1 && is_mute))
#define PROMISE(p, s) \
    :: d_step { IS_VOTER(p, s) && votes[p] == 0 && promised[s] < p -> promise(p, s) }
#define SIGN(p, s) \
    :: d_step { IS_VOTER(p, s) && IS_HEARD(p) && MAY_SIGN(p, s) && !HAS(signatures[p], s) -> sign(p, s) }

/* ------------------------------------------------------------- it is made */

#ifdef FROM_ANYBODY
#define IS_SOURCE(s) HAS(list[chosen - 1], s)
#else
#define IS_SOURCE(s) (HAS(list[chosen - 1], s) && view[s] >= NOW)
#endif
#ifdef NOT_CARRIED
#define HAS_ENOUGH(s) true
#else
#define HAS_ENOUGH(s) IS_MOST(fetched[s] | BIT(s), chosen - 1) /* It has its own. */
#endif
#define IS_CHANGING(s) (chosen > finished && IS_UP(s) && HAS(list[chosen], s) && view[s] == NOW)

inline fetch(s, t)
{
    fetched[t] = fetched[t] | BIT(s);
    data = data | (HAS(data, s) -> BIT(t) : 0)
}

#define FORGET(s) fetched[s] = 0;
inline forget_change()
{
    EACH(FORGET)
    ready = 0
}

inline say_ready(s)
{
    ready = ready | BIT(s);
    fetched[s] = 0;
    if
    :: IS_MOST(ready, chosen) ->
        finished = chosen;
        forget_change()
    :: else
    fi
}

#ifdef TOO_SOON
#define MAY_CHANGE true
#else
#define MAY_CHANGE (finished == chosen)
#endif
inline begin_change()
{
    forget_change();
    chosen++;
#ifdef NO_JOINT
    finished = chosen
#endif
}

#define LEARN(s) \
    :: d_step { IS_UP(s) && chosen > finished && view[s] < NOW -> view[s] = NOW } \
    :: d_step { IS_UP(s) && view[s] < 2 * finished -> view[s] = 2 * finished }
#define FETCH(s, t) \
    :: d_step { s != t && IS_CHANGING(t) && IS_UP(s) && IS_SOURCE(s) && !HAS(fetched[t], s) && !HAS(ready, t) -> \
        fetch(s, t) }
#define READY(s) :: d_step { IS_CHANGING(s) && HAS_ENOUGH(s) && !HAS(ready, s) -> say_ready(s) }

/* ------------------------------------------------------- written and read */

#ifdef KEEPS_ANSWERS
#define BEFORE asked
#else
#define BEFORE 0
#endif

/* Who answers names its view; the newer one counts. What was on disk under the
 * older one is there, but what was not may have come since. */
inline heed(s)
{
    if
    :: view[s] > my_view ->
        my_view = view[s];
        asked = BEFORE
    :: else
    fi
}

#ifdef DEAF
#define HEED_ANSWER(s) skip
#else
#define HEED_ANSWER(s) heed(s)
#endif

inline write(s)
{
    data = data | BIT(s);
    acks = acks | BIT(s);
    HEED_ANSWER(s);
    if
    :: IS_QUORUM(acks, my_view) -> written = true; acks = 0; my_view = 0
    :: else
    fi
}

inline read(s)
{
    found = found || HAS(data, s);
    HEED_ANSWER(s);
    asked = asked | BIT(s);
    if
    :: IS_QUORUM(asked, my_view) ->
        seen = seen && found;
        assert(seen);
        is_over = true; asked = 0; my_view = 0; found = false
    :: else
    fi
}

#define WRITE(s) \
    :: d_step { !written && IS_UP(s) && IS_IN(s, my_view) && !HAS(acks, s) -> write(s) }
#define READ(s) \
    :: d_step { written && !is_over && IS_UP(s) && IS_IN(s, my_view) && !HAS(asked, s) -> read(s) }
#define HEED(s) \
    :: d_step { !is_over && IS_UP(s) && view[s] > my_view -> heed(s) }

#define FETCH_FROM(s) OTHERS(FETCH, s)

init {
    byte s;

    d_step {
        list[0] = FROM;
        list[1] = TO;
        list[CHANGES] = (CHANGES == 1 -> TO : THEN)
    }
    do
#ifdef RIVALS
    OTHERS(PROMISE, 1)
    OTHERS(PROMISE, 2)
    OTHERS(SIGN, 1)
    OTHERS(SIGN, 2)
    :: d_step { !is_mute -> is_mute = true }
#else
    :: d_step { chosen < CHANGES && MAY_CHANGE -> begin_change() }
    EACH(LEARN)
    EACH(FETCH_FROM)
    EACH(READY)
    EACH(WRITE)
    EACH(READ)
    EACH(HEED)
#endif
    :: else -> break
    od;
#ifdef RIVALS
    moves = (chosen == CHANGES);
#else
    moves = (finished == CHANGES);
#endif
    assert(moves)
}
