/* A direct message: its origin sends it until the target acknowledges it or the
 * deadline passes, and tells exactly one outcome; the target takes it once.
 * README.md says what is claimed.
 *
 * Between the two is a network that loses, repeats, delays and replays: what was
 * ever sent may arrive at any time, or never. So retries, ways, spreading and
 * circles need no states of their own. The origin may be started again (LIVES),
 * and numbers from the beginning; so may the target (STARTS), and forgets.
 *
 * Time is what makes a message too old: it does so once its outcome is told, for
 * deadlines are much shorter. The target forgets an origin only when it has been
 * silent for longer than that.
 *
 * Defects for the negative controls:
 *   NO_ONCE       the target remembers nothing
 *   BEHIND        it takes what is too far behind to be remembered
 *   FORGETS       it makes room while what it forgets is not too old
 *   ACK_FIRST     it acknowledges, and has no memory to take it
 *   NO_LIFE       a receipt does not name the life of the origin
 *   STAYS_OPEN    the deadline tells, and leaves the number open
 */
#ifndef LIVES
#define LIVES 1
#endif
#ifndef STARTS
#define STARTS 1
#endif
#ifndef NUMBERS
#define NUMBERS 3
#endif
#define SPAN 2 /* So many numbers the target tells apart; and are open. */
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)

/* The origin. By life: which numbers were sent, are too old, and were told. */
byte life, next;
byte open; /* Of this life. */
byte sent[LIVES], old[LIVES], told[LIVES];

/* The network: receipts that were sent. */
byte receipts[LIVES];

/* The target. By life of the origin: one above the highest number that came, and
 * which came of those that are remembered; what the application got, from this
 * process and from any. */
byte top[LIVES], came[LIVES], got[LIVES], ever[LIVES];
byte starts = STARTS;

bool once = true;    /* No process of the target hands anything over twice. */
bool one_end = true; /* No number has two outcomes. */
bool true_end = true; /* What is told to be delivered was handed over. */
bool all_told = true; /* At rest each number of a life that goes on has one. */

inline tell(n, delivered)
{
    one_end = one_end && !HAS(told[life], n);
    assert(one_end);
    told[life] = told[life] | BIT(n);
    true_end = true_end && (!delivered || HAS(ever[life], n));
    assert(true_end)
}

inline take(l, n)
{
    once = once && !HAS(got[l], n);
    assert(once);
    got[l] = got[l] | BIT(n);
    ever[l] = ever[l] | BIT(n);
#ifndef NO_ONCE
    came[l] = came[l] | BIT(n);
    top[l] = (n + 1 > top[l] -> n + 1 : top[l]);
#endif
    receipts[l] = receipts[l] | BIT(n)
}

#define IS_BEHIND(l, n) ((n) + SPAN < top[l])
#define IS_KNOWN(l, n) (HAS(came[l], n) && !IS_BEHIND(l, n))
#define ARRIVES(l, n) (HAS(sent[l], n) && !HAS(old[l], n))
/* The lowest that is open is within what the target tells apart. */
#define MAY_SEND (next < NUMBERS && (next < SPAN || (open & (BIT(next - SPAN + 1) - 1)) == 0))

#ifdef BEHIND
#define TAKES(l, n) (!HAS(came[l], n) || IS_BEHIND(l, n))
#else
#define TAKES(l, n) (!HAS(came[l], n) && !IS_BEHIND(l, n))
#endif
/* Silent for long: all that was sent of it is too old. */
#ifdef FORGETS
#define MAY_FORGET(l) (came[l] != 0)
#else
#define MAY_FORGET(l) (came[l] != 0 && (came[l] & ~old[l]) == 0)
#endif

init {
    byte l, n;

    do
    :: l = 0; n = 0;
       do
       :: l + 1 < LIVES -> l++
       :: n + 1 < NUMBERS -> n++
       :: break
       od;
       if
       :: atomic { l == life && n == next && MAY_SEND ->
           sent[l] = sent[l] | BIT(n);
           open = open | BIT(n);
           next++ }
       :: atomic { ARRIVES(l, n) && TAKES(l, n) -> take(l, n) }
#ifdef ACK_FIRST
       :: atomic { ARRIVES(l, n) && TAKES(l, n) -> receipts[l] = receipts[l] | BIT(n) }
#endif
       :: atomic { ARRIVES(l, n) && IS_KNOWN(l, n) -> receipts[l] = receipts[l] | BIT(n) }
#ifdef NO_LIFE
       :: atomic { HAS(receipts[l], n) && HAS(open, n) ->
#else
       :: atomic { l == life && HAS(receipts[l], n) && HAS(open, n) ->
#endif
           open = open & ~BIT(n);
           tell(n, true) }
       :: atomic { l == life && HAS(open, n) -> /* The deadline. */
#ifndef STAYS_OPEN
           open = open & ~BIT(n);
#endif
           tell(n, false) }
       :: atomic { HAS(sent[l], n) && !HAS(old[l], n) && (l < life || !HAS(open, n)) ->
           old[l] = old[l] | BIT(n) }
       :: atomic { MAY_FORGET(l) -> came[l] = 0; top[l] = 0 }
       :: atomic { life + 1 < LIVES -> life++; next = 0; open = 0 }
       :: atomic { starts > 1 ->
           starts--;
           l = 0;
           do
           :: l < LIVES -> came[l] = 0; top[l] = 0; got[l] = 0; l++
           :: else -> break
           od }
       :: next == NUMBERS && open == 0 && life + 1 == LIVES -> break
       :: else -> skip
       fi
    od;
    all_told = (told[life] == BIT(NUMBERS) - 1);
    assert(all_told)
}
