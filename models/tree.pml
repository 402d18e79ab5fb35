/* The payload tree: who sends a message to whom, who only announces it, and
 * how a peer gets what it was not sent. README.md says what is claimed.
 *
 * Each end of a link calls it eager (bundles go there) or lazy (ids go there).
 * Links are reliable and keep order until they break; a broken one loses what
 * is under way, more or less of it, and its ends notice at different times. A
 * peer's steps are atomic. A timer may go off whenever it is set.
 *
 *   OVERLAY   which links there are: RING, DIAMOND, FULL or TAIL
 *   START     EAGER: every link is eager, as after joining. SAME: each link is
 *             eager or lazy. ANY: each end of each link is. So whatever made
 *             them so need not be modelled
 *   IDS       messages, 1 or 2: peer 0 publishes one, peer 1 another
 *   TOGETHER  the second at any time; else when the first is at rest
 *   CRASH     one peer, any, may end at any moment
 *   CUT       one link, any, may break at any moment
 *   SPARE     parents kept beside the first (1); with 0 the second copy prunes
 *   ROOM      eager links from which on a GRAFT is refused, unless it is the
 *             grafter's last chance of a parent
 *   KEEP_PARENT
 *             nobody prunes the only link that is eager, and who loses that by
 *             a PRUNE grafts another
 *   CONFIRM   a GRAFT that makes its link eager is answered by another, in case
 *             it crossed a PRUNE and the grafter calls the link lazy by now
 *
 * Claims that are not always made:
 *   FED       at rest somebody sends bundles to each peer that has a link
 *   AGREE     at rest both ends call a link the same
 *
 * Defects, for the runs that must fail:
 *   NO_GRAFT      what is announced is never asked for
 *   NO_RETRY      one announcer is asked, and no other
 *   NO_ANSWER     a GRAFT that is refused is not answered with the bundle
 *   REFUSE_ALL    one for a last chance is refused, too
 *   NO_PROMOTION  a lost link is not replaced by a lazy one
 *   WARM          a first copy makes its link eager at the receiver's end only
 *   FORGETFUL     the list of seen messages is too short
 */
#ifndef START
#define START EAGER
#endif
#ifndef IDS
#define IDS 1
#endif
#ifndef SPARE
#define SPARE 1
#endif
#ifndef ROOM
#define ROOM 4
#endif

#define PEERS 4
#define EAGER 1
#define SAME 2
#define ANY 3
#define NO_ID IDS /* Of a GRAFT that only makes a link eager. */
#define NOBODY PEERS

/* Sets of peers or of messages are bits. */
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define ADD(set, i) set = set | BIT(i)
#define DROP(set, i) set = set & ~BIT(i)
#define COUNT(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3))

/*    RING        DIAMOND        FULL         TAIL
 *   0 --- 1      0 --- 1      0 --- 1      0 --- 1
 *   |     |      |  \  |      |  X  |        \   |
 *   3 --- 2      3 --- 2      3 --- 2          \ 2 --- 3
 */
#define RING 1
#define DIAMOND 2
#define FULL 3
#define TAIL 4
#define PAIR(i, j, a, b) ((i) == (a) && (j) == (b) || (i) == (b) && (j) == (a))
#define ROUND(i, j) (PAIR(i, j, 0, 1) || PAIR(i, j, 1, 2) || PAIR(i, j, 2, 3) || PAIR(i, j, 0, 3))
#if OVERLAY == RING
#define LINKED(i, j) ROUND(i, j)
#elif OVERLAY == DIAMOND
#define LINKED(i, j) (ROUND(i, j) || PAIR(i, j, 0, 2))
#elif OVERLAY == FULL
#define LINKED(i, j) ((i) != (j))
#else
#define LINKED(i, j) (PAIR(i, j, 0, 1) || PAIR(i, j, 1, 2) || PAIR(i, j, 0, 2) || PAIR(i, j, 2, 3))
#endif

mtype = {BUNDLE, IHAVE, GRAFT, LAST_GRAFT, PRUNE}; /* LAST_GRAFT: no parent is left. */

/* From i to j is wire[WIRE(i, j)]. */
#define WIRE(i, j) ((i) * PEERS + (j))
chan wire[PEERS * PEERS] = [5] of {mtype, byte};

/* Truth. */
byte alive = 15;
byte broken[PEERS]; /* Links that broke. */

/* The claims. */
bool once = true;       /* Nobody delivers a message twice. */
bool all_have = true;   /* What one has all have that it is connected with. */
bool all_fed = true;    /* See FED. */
bool ends_agree = true; /* See AGREE. */

/* What peers know. */
byte up[PEERS];    /* Links; a broken one until it is noticed. */
byte eager[PEERS]; /* Of them; others are lazy. */
byte seen[PEERS];  /* Messages. */
#define OF(i, id) ((i) * IDS + (id))
byte copies[PEERS * IDS];    /* That came. */
byte delivered[PEERS * IDS]; /* Times. */
byte announcers[PEERS * IDS]; /* Who has what we miss, and was not asked yet. */

inline send(me, to, kind, id)
{
    if
    :: HAS(broken[me], to)
    :: else ->
        assert(nfull(wire[WIRE(me, to)]));
        wire[WIRE(me, to)]!kind, id
    fi
}

/* Own or first seen: to all but the one that it came from. */
inline spread(me, id, except)
{
    delivered[OF(me, id)]++;
    once = delivered[OF(me, id)] == 1;
    assert(once);
    ADD(seen[me], id);
    announcers[OF(me, id)] = 0;
    for (k : 0 .. PEERS - 1) {
        if
        :: k == except || !HAS(up[me], k)
        :: else ->
            if
            :: HAS(eager[me], k) -> send(me, k, BUNDLE, id)
            :: else -> send(me, k, IHAVE, id)
            fi
        fi
    }
    k = 0
}

/* Make a link eager at both ends, and get a message if one is named. */
inline graft(me, to, id)
{
    if
    :: (eager[me] & up[me]) == 0 -> send(me, to, LAST_GRAFT, id)
    :: else -> send(me, to, GRAFT, id)
    fi;
    ADD(eager[me], to)
}

inline take_bundle(me, from, id)
{
    if
    :: !HAS(seen[me], id) ->
        copies[OF(me, id)] = 1;
        spread(me, id, from);
#ifdef WARM
        ADD(eager[me], from)
#endif
    :: else ->
        if
        :: copies[OF(me, id)] <= SPARE -> copies[OF(me, id)]++
#ifdef KEEP_PARENT
        :: copies[OF(me, id)] > SPARE && (eager[me] & up[me] & ~BIT(from)) == 0
#endif
        :: else ->
            DROP(eager[me], from);
            send(me, from, PRUNE, NO_ID)
        fi
    fi
}

/* The bundle goes before the PRUNE: what comes over a lazy link is a favour. */
inline take_graft(me, from, id, last)
{
    if
#ifdef REFUSE_ALL
    :: !HAS(eager[me], from) && COUNT(eager[me] & up[me]) >= ROOM ->
#else
    :: !last && !HAS(eager[me], from) && COUNT(eager[me] & up[me]) >= ROOM ->
#endif
#ifndef NO_ANSWER
        answer(me, from, id);
#endif
        send(me, from, PRUNE, NO_ID)
    :: else ->
#ifdef CONFIRM
        if
        :: !HAS(eager[me], from) -> send(me, from, LAST_GRAFT, NO_ID)
        :: else
        fi;
#endif
        ADD(eager[me], from);
        answer(me, from, id)
    fi
}

inline answer(me, to, id)
{
    if
    :: id != NO_ID -> send(me, to, BUNDLE, id)
    :: else
    fi
}

#define LAZY(me, i) (HAS(up[me], i) && !HAS(eager[me], i))

/* The best lazy link becomes eager; which one that is depends on times, so it
 * may be any. */
inline promote(me)
{
    if
    :: LAZY(me, 0) -> k = 0
    :: LAZY(me, 1) -> k = 1
    :: LAZY(me, 2) -> k = 2
    :: LAZY(me, 3) -> k = 3
    :: else -> k = NOBODY
    fi;
    if
    :: k != NOBODY -> graft(me, k, NO_ID)
    :: else
    fi;
    k = 0
}

inline notice(me, from)
{
    do
    :: wire[WIRE(from, me)]?_, _
    :: empty(wire[WIRE(from, me)]) -> break
    od;
    DROP(up[me], from);
    DROP(eager[me], from);
    for (id : 0 .. IDS - 1) {
        DROP(announcers[OF(me, id)], from)
    }
#ifndef NO_PROMOTION
    promote(me);
#endif
    id = 0
}

inline take_prune(me, from)
{
    DROP(eager[me], from);
#ifdef KEEP_PARENT
    if
    :: (eager[me] & up[me]) == 0 -> promote(me)
    :: else
    fi
#endif
}

/* What comes to @me from @from. */
proctype Link(byte me; byte from)
{
    mtype kind;
    byte id, k;

end:
    do
    :: atomic {
        HAS(alive, me) && HAS(up[me], from) && nempty(wire[WIRE(from, me)]) ->
        wire[WIRE(from, me)]?kind, id;
        if
        :: kind == BUNDLE -> take_bundle(me, from, id)
        :: kind == IHAVE ->
            if
            :: !HAS(seen[me], id) -> ADD(announcers[OF(me, id)], from)
            :: else
            fi
        :: kind == GRAFT -> take_graft(me, from, id, false)
        :: kind == LAST_GRAFT -> take_graft(me, from, id, true)
        :: kind == PRUNE -> take_prune(me, from)
        fi;
        kind = 0;
        id = 0
    }
    :: atomic {
        HAS(alive, me) && HAS(up[me], from) && HAS(broken[me], from) ->
        notice(me, from)
    }
    od
}

/* Waits for what was announced, then asks one announcer after the other. */
proctype Timer(byte me; byte id)
{
#ifdef NO_GRAFT
    skip
#else
    byte k;

end:
    do
    :: atomic {
        HAS(alive, me) && announcers[OF(me, id)] != 0 ->
        if
        :: HAS(announcers[OF(me, id)], 0) -> k = 0
        :: HAS(announcers[OF(me, id)], 1) -> k = 1
        :: HAS(announcers[OF(me, id)], 2) -> k = 2
        :: HAS(announcers[OF(me, id)], 3) -> k = 3
        fi;
        DROP(announcers[OF(me, id)], k);
        graft(me, k, id);
        k = 0;
#ifdef NO_RETRY
        break
#endif
    }
    od
#endif
}

#ifdef FORGETFUL
proctype Forget(byte me)
{
    HAS(seen[me], 0) -> DROP(seen[me], 0)
}
#endif

inline break_link(i, j)
{
    if
    :: LINKED(i, j) -> ADD(broken[i], j); ADD(broken[j], i)
    :: else
    fi
}

inline select_peer(i)
{
    if
    :: i = 0
    :: i = 1
    :: i = 2
    :: i = 3
    fi
}

/* At most one of what may happen, or nothing. */
proctype Fate()
{
    byte i, j;

    if
#ifdef CRASH
    :: atomic {
        select_peer(i);
        DROP(alive, i);
        for (j : 0 .. PEERS - 1) {
            break_link(i, j);
            do
            :: wire[WIRE(j, i)]?_, _
            :: empty(wire[WIRE(j, i)]) -> break
            od
        }
    }
#endif
#ifdef CUT
    :: atomic {
        select_peer(i);
        select_peer(j);
        break_link(i, j)
    }
#endif
    :: skip
    fi;
    i = 0;
    j = 0
}

inline set_up()
{
    for (i : 0 .. PEERS - 1) {
        for (j : 0 .. PEERS - 1) {
            if
            :: LINKED(i, j) ->
                ADD(up[i], j);
                if
                :: START == EAGER -> ADD(eager[i], j)
                :: START == SAME && i < j -> ADD(eager[i], j); ADD(eager[j], i)
                :: START == ANY -> ADD(eager[i], j)
                :: START != EAGER
                fi;
                run Link(i, j)
            :: else
            fi
        }
        for (id : 0 .. IDS - 1) {
            run Timer(i, id)
        }
#ifdef FORGETFUL
        run Forget(i);
#endif
    }
    i = 0;
    j = 0;
    id = 0
}

inline publish(me, id)
{
    if
    :: HAS(alive, me) -> spread(me, id, NOBODY)
    :: else
    fi
}

#define WORKS(i, j) (LINKED(i, j) && HAS(alive, i) && HAS(alive, j) && !HAS(broken[i], j))
#define FEEDS(i, j) (WORKS(i, j) && HAS(eager[i], j))

/* Both ends of every link that works have the same, so all of a component do;
 * and an origin that runs has its own. */
inline judge()
{
    for (i : 0 .. PEERS - 1) {
        for (j : 0 .. PEERS - 1) {
            if
            :: WORKS(i, j) ->
                all_have = all_have && seen[i] == seen[j];
                ends_agree = ends_agree && HAS(eager[i], j) == HAS(eager[j], i)
            :: else
            fi
        }
        all_fed = all_fed && (!HAS(alive, i) || up[i] == 0 ||
            FEEDS(0, i) || FEEDS(1, i) || FEEDS(2, i) || FEEDS(3, i))
    }
    assert(all_have);
#ifdef FED
    assert(all_fed);
#endif
#ifdef AGREE
    assert(ends_agree);
#endif
    i = 0;
    j = 0
}

init
{
    byte i, j, k, id;

    atomic {
        set_up();
        run Fate();
        publish(0, 0)
    }
#if IDS == 2
#ifdef TOGETHER
    atomic { publish(1, 1) }
#else
    atomic { timeout -> judge(); publish(1, 1) }
#endif
#endif
    atomic { timeout -> judge() }
}
