/* Repair: how what the tree lost is found missing and fetched, and when a peer
 * stops looking for it. README.md says what is claimed.
 *
 * One origin, peer 0, publishes MESSAGES numbered messages. What makes the tree
 * is left out: a peer sends what it gets first to all its other links, and a
 * link under back-pressure may drop it together with its id, so that nothing
 * is announced and nobody can ask for it by id.
 *
 *   SHAPE     of the overlay: LINE or TRIANGLE, of three peers
 *   MESSAGES  2 or 3
 *   DROPS     bundles that get lost on links, relayed or pulled
 *   EVICTIONS bundles that peers let go early, to keep within their bounds
 *
 * A peer knows the highest number that it heard of. Below it, what it neither
 * got nor gave up is a gap, and it pulls gaps from its neighbours in turn. The
 * answer is bundles and then one GONE that says which of them will never come
 * from there. A gap is closed as lost when all neighbours said so, or when it is
 * older than anything retained. Marks, the numbers up to which there is no gap,
 * are compared between neighbours (a digest), who tell their highest numbers
 * when they differ. All timers go off at any time.
 *
 * Defects for the negative controls:
 *   NO_REPAIR       the tree alone
 *   NO_DIGEST       only gaps are repaired
 *   NO_CLOSE        gaps are never given up
 *   NO_AGE          they are when all neighbours say gone, not when too old
 *   ABSENT_IS_GONE  a peer says gone of what it does not have yet, too
 *
 * Each variant is run twice: for what holds at rest, and (formula rest) for
 * whether it comes to rest, when whoever can do something does so in the end.
 */
#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef DROPS
#define DROPS 1
#endif
#ifndef EVICTIONS
#define EVICTIONS 0
#endif

#define PEERS 3
#define ALL ((1 << MESSAGES) - 1)

/* Sets of messages are bits; of message n it is bit n - 1. */
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)

#define LINE 1
#define TRIANGLE 2
#if SHAPE == LINE
#define LINKED(i, j) ((i) + 1 == (j) || (j) + 1 == (i))
#else
#define LINKED(i, j) ((i) != (j))
#endif

mtype = {
    BUNDLE, /* Relayed; a set of one message. */
    EXTRA,  /* Pulled, and not relayed further. */
    PULL,   /* Send me these. */
    GONE,   /* End of an answer: these never come from here. */
    ASK,    /* The highest number that I heard of; and yours? */
    TOP     /* The answer to ASK. */
};

#define WIRE(i, j) ((i) * PEERS + (j))
chan wire[PEERS * PEERS] = [6] of {mtype, byte};

/* The claims, beside the formula below. */
bool all_have = true;  /* What one end of a link retains the other has got. */
bool no_gap = true;    /* Nobody looks for anything. */
bool same_marks = true;

bool at_rest; /* Nothing happens any more. */
ltl rest { <> at_rest }

byte published;
byte drops = DROPS;
byte evictions = EVICTIONS;
byte flying; /* Bundles under way. */

byte top[PEERS];     /* Highest number heard of. */
byte seen[PEERS];    /* Delivered. */
byte kept[PEERS];    /* And still retained. */
byte lost[PEERS];    /* Given up. */
byte pulling[PEERS]; /* A PULL is open. */
byte asking[PEERS];  /* An ASK is open. */
byte turn[PEERS];    /* Whom to pull from next. */
byte gone[PEERS * PEERS]; /* gone[WIRE(i, j)]: what i will not get from j. */

#define BELOW(n) (BIT(n) - 1)
#define GAPS(i) (BELOW(top[i]) & ~(seen[i] | lost[i]))
#define DONE(i, n) HAS(seen[i] | lost[i], n)
#define MARK(i) (!DONE(i, 0) -> 0 : (!DONE(i, 1) -> 1 : (!DONE(i, 2) -> 2 : 3)))
#define RAISE(i, n) top[i] = ((n) > top[i] -> (n) : top[i])
#define NUMBER(set) ((set) == 1 -> 1 : ((set) == 2 -> 2 : 3))
#define SAID_GONE(i, j) (LINKED(i, j) -> gone[WIRE(i, j)] : ALL)
#define WANTED(i, j) (GAPS(i) & ~gone[WIRE(i, j)]) /* Of j. */
#define NOBODY_HAS(i) (SAID_GONE(i, 0) & SAID_GONE(i, 1) & SAID_GONE(i, 2))
#define RETAINED (kept[0] | kept[1] | kept[2])

inline send(me, to, kind, what)
{
    assert(nfull(wire[WIRE(me, to)]));
    wire[WIRE(me, to)]!kind, what
}

/* Into a queue that may be too full for it. */
inline send_bundle(me, to, kind, what)
{
    if
    :: drops > 0 -> drops--
    :: flying++; send(me, to, kind, what)
    fi
}

inline relay(me, what, except)
{
    for (k : 0 .. PEERS - 1) {
        if
        :: LINKED(me, k) && k != except -> send_bundle(me, k, BUNDLE, what)
        :: else
        fi
    }
    k = 0
}

inline take(me, what)
{
    seen[me] = seen[me] | what;
    kept[me] = kept[me] | what;
    lost[me] = lost[me] & ~what;
    RAISE(me, NUMBER(what))
}

/* All that is there goes out, one bundle after the other. What is a gap here,
 * too, or was never heard of, may come yet, so it is not said to be gone. */
inline take_pull(me, from, what)
{
    for (k : 0 .. MESSAGES - 1) {
        if
        :: HAS(what & kept[me], k) -> send_bundle(me, from, EXTRA, BIT(k))
        :: else
        fi
    }
    k = 0;
#ifdef ABSENT_IS_GONE
    send(me, from, GONE, what & ~kept[me])
#else
    send(me, from, GONE, what & (seen[me] | lost[me]) & ~kept[me])
#endif
}

proctype Link(byte me; byte from)
{
    mtype kind;
    byte what, k;

end:
    do
    :: atomic {
        wire[WIRE(from, me)]?kind, what;
        if
        :: kind == BUNDLE ->
            flying--;
            if
            :: (seen[me] & what) == 0 ->
                take(me, what);
                relay(me, what, from)
            :: else
            fi
        :: kind == EXTRA ->
            flying--;
            take(me, what)
        :: kind == PULL -> take_pull(me, from, what)
        :: kind == GONE ->
            gone[WIRE(me, from)] = gone[WIRE(me, from)] | what;
            pulling[me] = false
        :: kind == ASK ->
            RAISE(me, what);
            send(me, from, TOP, top[me])
        :: kind == TOP ->
            RAISE(me, what);
            asking[me] = false
        fi;
        kind = 0;
        what = 0
    }
    od
}

/* Pulls gaps, from whoever has not said that all of them are gone. */
proctype Gaps(byte me)
{
#ifdef NO_REPAIR
    skip
#else
end:
    do
    :: atomic {
        !pulling[me] && (GAPS(me) & ~NOBODY_HAS(me)) != 0 ->
        do
        :: LINKED(me, turn[me]) && WANTED(me, turn[me]) != 0 -> break
        :: else -> turn[me] = (turn[me] + 1) % PEERS
        od;
        send(me, turn[me], PULL, WANTED(me, turn[me]));
        pulling[me] = true;
        turn[me] = (turn[me] + 1) % PEERS
    }
    od
#endif
}

/* Gives gaps up. What is under way is younger than what is too old. */
proctype Closing(byte me)
{
#if defined(NO_REPAIR) || defined(NO_CLOSE)
    skip
#else
end:
    do
    :: atomic {
        (GAPS(me) & NOBODY_HAS(me)) != 0 ->
        lost[me] = lost[me] | GAPS(me) & NOBODY_HAS(me)
    }
#ifndef NO_AGE
    :: atomic {
        flying == 0 && (GAPS(me) & ~RETAINED) != 0 ->
        lost[me] = lost[me] | GAPS(me) & ~RETAINED
    }
#endif
    od
#endif
}

/* Either end may begin; it tells both the same. A comparison of equal marks
 * changes nothing, so it is left out. */
proctype Digest(byte me; byte other)
{
#if defined(NO_REPAIR) || defined(NO_DIGEST)
    skip
#else
end:
    do
    :: atomic {
        !asking[me] && MARK(me) != MARK(other) ->
        asking[me] = true;
        send(me, other, ASK, top[me])
    }
    od
#endif
}

/* Under pressure, the oldest goes first. */
inline evict(me)
{
    kept[me] = kept[me] & (kept[me] - 1);
    evictions--
}

proctype Bounds()
{
end:
    do
    :: atomic { evictions > 0 && kept[0] != 0 -> evict(0) }
    :: atomic { evictions > 0 && kept[1] != 0 -> evict(1) }
    :: atomic { evictions > 0 && kept[2] != 0 -> evict(2) }
    od
}

inline judge()
{
    for (i : 0 .. PEERS - 1) {
        for (j : 0 .. PEERS - 1) {
            all_have = all_have && (!LINKED(i, j) || (kept[i] & ~seen[j]) == 0)
        }
        no_gap = no_gap && GAPS(i) == 0;
        same_marks = same_marks && MARK(i) == MESSAGES
    }
    assert(all_have);
    assert(no_gap);
    assert(same_marks);
    i = 0;
    j = 0
}

init
{
    byte i, j, k;

    atomic {
        for (i : 0 .. PEERS - 1) {
            run Gaps(i);
            run Closing(i);
            for (j : 0 .. PEERS - 1) {
                if
                :: LINKED(i, j) ->
                    run Link(i, j);
                    if
                    :: i < j -> run Digest(i, j)
                    :: else
                    fi
                :: else
                fi
            }
        }
        run Bounds();
        i = 0;
        j = 0
    }
    do
    :: atomic {
        published < MESSAGES ->
        take(0, BIT(published));
        relay(0, BIT(published), PEERS);
        published++
    }
    :: published == MESSAGES -> break
    od;
    atomic { timeout -> judge(); at_rest = true }
}
