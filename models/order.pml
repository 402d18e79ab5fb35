/* Delivery in order: what comes behind a gap waits until the gap closes, or its
 * time is over, or there is no room for it. README.md says what is claimed.
 *
 * One receiver, and the messages of one origin, which come in any order. Some
 * are large: claimed when they come, and handed over when their content has, or
 * never, if it is given up. Repair gives up what it cannot find, if something
 * behind it has come. A wait may be over at any time; where WAITS is 0 none is.
 *
 * Defects for the negative controls:
 *   LEAP       what need not wait leaves those behind that do
 *   ALONE      whose time is over goes without those in front of it
 *   HEEDLESS   a content that is on its way is not waited for
 *   DEAF       nobody looks again when repair gives up a gap
 *   LATE_LAST  nor when the last content that was on its way comes too late
 *   LATE_GOES  what comes too late is handed over all the same
 */
#ifndef MESSAGES
#define MESSAGES 4
#endif
#ifndef ROOM
#define ROOM 2 /* For so many that wait. */
#endif
#ifndef WAITS
#define WAITS 1 /* So many of their waits may be over too early. */
#endif
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define ALL (BIT(MESSAGES + 1) - 2) /* Numbers are from 1. */

/* What repair knows of the origin. */
short came, given; /* Numbers that are claimed, or given up. */
short fetched;     /* Claimed, but the content is on its way. */
byte done;         /* All up to it came or were given up. */

/* The order. */
byte next = 1;
short held;
byte age[ROOM]; /* Which of them is the oldest, and so on. */
byte count;

/* The application. */
byte last;
short had, late, unfetched;
bool hurried; /* Something was not waited for. */

bool rising = true;     /* Numbers rise. */
bool none_waits = true; /* When nothing is missing, nothing waits. */
bool told = true;       /* What came was handed over, or called late. */
bool all_had = true;    /* If nothing was lost or hurried, that is everything. */

byte at, i, k;

#ifdef HEEDLESS
#define IS_NEXT(m) (m <= next || m <= done + 1)
#else
#define IS_NEXT(m) (m <= next || (fetched == 0 && m <= done + 1))
#endif

inline hand_over(m)
{
    rising = m > last;
    assert(rising);
    last = m;
    had = had | BIT(m);
    next = m + 1
}

inline release(m)
{
    held = held & ~BIT(m);
    k = 0;
    do
    :: age[k] != m -> k++
    :: else -> break
    od;
    count--;
    do
    :: k < count -> age[k] = age[k + 1]; k++
    :: else -> break
    od;
    age[count] = 0;
    hand_over(m)
}

/* All that wait and are not above m. */
inline release_to(m)
{
    i = 1;
    do
    :: i <= m && HAS(held, i) -> release(i)
    :: i < m && !HAS(held, i) -> i++
    :: else -> break
    od
}

inline look()
{
    i = 1;
    do
    :: i <= MESSAGES && HAS(held, i) && IS_NEXT(i) -> release(i)
    :: i < MESSAGES && !HAS(held, i) -> i++
    :: else -> break
    od
}

inline give_up_oldest()
{
    at = age[0];
#ifdef ALONE
    release(at);
#else
    release_to(at);
#endif
    look()
}

inline go(m)
{
#ifndef LEAP
    release_to(m);
#endif
    hand_over(m);
    look()
}

inline take(m)
{
#ifdef LATE_GOES
    if
    :: m < next -> hand_over(m)
    :: else -> skip
    fi;
#endif
    if
    :: HAS(had, m) -> skip
    :: !HAS(had, m) && m < next ->
        late = late | BIT(m);
#ifndef LATE_LAST
        look()
#endif
    :: !HAS(had, m) && m >= next ->
        do
        :: !IS_NEXT(m) && count == ROOM && age[0] < m ->
            hurried = true;
            give_up_oldest()
        :: else -> break
        od;
        if
        :: !IS_NEXT(m) && count < ROOM ->
            held = held | BIT(m);
            age[count] = m;
            count++
        :: else ->
            hurried = hurried || !IS_NEXT(m);
            go(m)
        fi
    fi
}

inline settle()
{
    do
    :: done < MESSAGES && HAS(came | given, done + 1) -> done++
    :: else -> break
    od
}

init {
    byte m;
    byte early;

    do
    :: atomic { (came | given) != ALL || fetched != 0 ->
        m = 1;
        do
        :: m < MESSAGES -> m++
        :: break
        od;
        if
        :: !HAS(came | given, m) -> /* A small one. */
            came = came | BIT(m);
            settle();
            take(m)
        :: !HAS(came | given, m) -> /* A large one. */
            came = came | BIT(m);
            fetched = fetched | BIT(m);
            settle()
        :: HAS(fetched, m) ->
            fetched = fetched & ~BIT(m);
            take(m)
        :: HAS(fetched, m) ->
            fetched = fetched & ~BIT(m);
            unfetched = unfetched | BIT(m);
            look()
        :: m == done + 1 && came >= BIT(m) ->
            given = given | BIT(m);
            settle();
#ifndef DEAF
            look()
#endif
        :: count > 0 && early < WAITS ->
            early++;
            hurried = true;
            give_up_oldest()
        :: else -> skip
        fi;
        m = 0; at = 0; i = 0; k = 0 }
    :: atomic { (came | given) == ALL && fetched == 0 -> break }
    od;
    none_waits = held == 0;
    assert(none_waits);
    told = (came & ~unfetched) == (had | late);
    assert(told);
    all_had = hurried || given != 0 || unfetched != 0 || had == ALL;
    assert(all_had)
}
