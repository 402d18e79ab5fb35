/* The log of messages on the disk: what is written when, so that a peer that is
 * killed and started again forgets nothing and delivers nothing twice without
 * saying so (docs/adr/0019). README.md says what is claimed.
 *
 * One origin, two messages: 0 is small, 1 is large, so its bundle comes first
 * and its content, which is never on the disk, later. Neighbours keep both for
 * good: what this peer does not count as claimed comes, and what is fetched
 * comes, at any time. The peer may let either go early (DROPS). Transactions are
 * committed in order and answered in order, at any time; a crash (CRASHES) takes
 * those that are not committed, and all that is in memory. One row of a bundle
 * goes into a transaction; the rest (what is handed over, the mark, rows that go)
 * waits until no bundle does.
 *
 * Defects for the negative controls:
 *   HANDED_AHEAD  what is handed over is written while bundles wait
 *   NO_FLOOR      a content that is fetched again does not hold it back
 *   MARK_AHEAD    a mark counts what is still being fetched
 *   ROW_AHEAD     a row goes before the mark that covers it
 *   NO_AGAIN      what may come twice does not say so
 */
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef DROPS
#define DROPS 1
#endif

#define MESSAGES 2
#define ALL 3
#define LARGE 1
#define NONE 255
#define ROOM 2 /* Transactions under way, and bundles that wait. */
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)

/* The disk. */
byte row[MESSAGES]; /* Ordinals; 0: no row. */
byte mark;          /* A set. */
byte disk_handed;

/* Memory. */
byte claimed, gone, got; /* Sets; got: by the application, in this life. */
byte fetching[MESSAGES]; /* 0; 1: for the first time; 2: again. */
byte ordinal[MESSAGES];  /* Of the row that is, or will be; 0: none. */
bool again[MESSAGES];
bool dirty;
byte last, over, told;

/* Queues: bundles that wait; transactions that are asked for, and not committed;
 * those that are, and not answered. */
typedef batch {
    byte message, ordinal; /* NONE: no bundle. */
    byte handed, marks;    /* NONE: not in it. */
    byte rows              /* That go. */
};
batch waiting[ROOM], asked[ROOM], committed[ROOM];
byte waits, asks, commits;

/* The application, over all lives. */
byte ever;
bool once = true;     /* Nothing comes twice without saying so. */
bool all_have = true; /* At rest nothing is missing. */

byte crashes = CRASHES, drops = DROPS;

inline copy(to, from)
{
    to.message = from.message;
    to.ordinal = from.ordinal;
    to.handed = from.handed;
    to.marks = from.marks;
    to.rows = from.rows
}

inline clear(x)
{
    x.message = 0;
    x.ordinal = 0;
    x.handed = 0;
    x.marks = 0;
    x.rows = 0
}

/* The first one goes; all do. */
#define SHIFT(queue, count) copy(queue[0], queue[1]); clear(queue[1]); count--
#define FORGET(queue, count) clear(queue[0]); clear(queue[1]); count = 0

/* Its message was handed over, or is not to be; and its mark is there. */
#ifdef ROW_AHEAD
#define ROW_GOES(i) (HAS(gone, i) && ordinal[i] > 0 && ordinal[i] <= over)
#else
#define ROW_GOES(i) (HAS(gone, i) && ordinal[i] > 0 && ordinal[i] <= over && !dirty)
#endif
#ifdef NO_FLOOR
#define HANDED over
#else
#define HANDED (fetching[LARGE] == 2 && ordinal[LARGE] <= over -> ordinal[LARGE] - 1 : over)
#endif
#define TO_WRITE (waits > 0 || HANDED != told || (dirty && fetching[LARGE] == 0) || ROW_GOES(0) || ROW_GOES(1))

inline deliver(x, says)
{
    once = once && !HAS(got, x) && (says || !HAS(ever, x));
    assert(once);
    got = got | BIT(x);
    ever = ever | BIT(x)
}

/* Its row is asked for; without a place among what is kept it is delivered at
 * once, and the mark says so. */
inline keep(i)
{
    if
    :: HAS(gone, i) ->
        dirty = true;
        deliver(i, again[i])
    :: else ->
        last++;
        ordinal[i] = last;
        waiting[waits].message = i;
        waiting[waits].ordinal = last;
        waits++;
        dirty = true
    fi
}

inline begin()
{
    claimed = mark;
    got = 0;
    gone = 0;
    dirty = false;
    last = disk_handed;
    told = disk_handed;
    m = 0;
    do
    :: m < MESSAGES ->
        fetching[m] = 0;
        again[m] = false;
        ordinal[m] = row[m];
        last = (row[m] > last -> row[m] : last);
        claimed = (row[m] > 0 -> claimed | BIT(m) : claimed);
        m++
    :: else -> break
    od;
    over = last;
    m = 0;
    do
    :: m < MESSAGES && row[m] > disk_handed ->
#ifndef NO_AGAIN
        again[m] = true;
#endif
        if
        :: m == LARGE -> fetching[m] = 2
        :: else -> deliver(m, again[m])
        fi;
        m++
    :: m < MESSAGES && row[m] <= disk_handed -> m++
    :: else -> break
    od;
    m = 0
}

inline crash()
{
    crashes--;
    FORGET(waiting, waits);
    FORGET(asked, asks);
    FORGET(committed, commits);
    begin()
}

inline write()
{
    asked[asks].message = NONE;
    asked[asks].handed = NONE;
    asked[asks].marks = NONE;
    if
    :: waits > 0 ->
        asked[asks].message = waiting[0].message;
        asked[asks].ordinal = waiting[0].ordinal;
        SHIFT(waiting, waits)
    :: else
    fi;
    f = HANDED;
    if
#ifdef HANDED_AHEAD
    :: f != told ->
#else
    :: waits == 0 && f != told ->
#endif
        asked[asks].handed = f;
        told = f
    :: else
    fi;
    if
#ifdef MARK_AHEAD
    :: waits == 0 && dirty ->
#else
    :: waits == 0 && dirty && fetching[LARGE] == 0 ->
#endif
        asked[asks].marks = claimed;
        dirty = false
    :: else
    fi;
    m = 0;
    do
    :: m < MESSAGES ->
        if
        :: waits == 0 && ROW_GOES(m) ->
            asked[asks].rows = asked[asks].rows | BIT(m);
            ordinal[m] = 0
        :: else
        fi;
        m++
    :: else -> break
    od;
    m = 0;
    asks++
}

active proctype peer()
{
    byte m, f;

    begin();
    do
    :: atomic { !HAS(claimed, 0) && waits < ROOM -> claimed = claimed | BIT(0); keep(0) }
    :: atomic { !HAS(claimed, LARGE) -> claimed = claimed | BIT(LARGE); fetching[LARGE] = 1 }
    :: atomic { fetching[LARGE] != 0 && waits < ROOM -> fetching[LARGE] = 0; keep(LARGE) }
    :: atomic { asks < ROOM && TO_WRITE -> write() }
    :: atomic { commits < ROOM && asks > 0 ->
        if
        :: asked[0].message != NONE -> row[asked[0].message] = asked[0].ordinal
        :: else
        fi;
        mark = (asked[0].marks != NONE -> asked[0].marks : mark);
        disk_handed = (asked[0].handed != NONE -> asked[0].handed : disk_handed);
        row[0] = (HAS(asked[0].rows, 0) -> 0 : row[0]);
        row[1] = (HAS(asked[0].rows, 1) -> 0 : row[1]);
        copy(committed[commits], asked[0]);
        commits++;
        SHIFT(asked, asks) }
    :: atomic { commits > 0 ->
        if
        :: committed[0].message != NONE ->
            over = committed[0].ordinal;
            deliver(committed[0].message, again[committed[0].message])
        :: else
        fi;
        SHIFT(committed, commits) }
    :: atomic { drops > 0 && ordinal[0] > 0 && !HAS(gone, 0) -> drops--; gone = gone | BIT(0); dirty = true }
    :: atomic { drops > 0 && ordinal[LARGE] > 0 && !HAS(gone, LARGE) ->
        drops--;
        gone = gone | BIT(LARGE);
        dirty = true }
    :: atomic { crashes > 0 -> crash() }
    :: atomic { crashes > 0 -> crashes-- } /* It does not come to that. */
    :: atomic { drops > 0 -> drops-- }
    :: else ->
        all_have = (ever == ALL);
        assert(all_have);
        break
    od
}
