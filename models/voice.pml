/* Who is believed: a peer whose reports are refuted loses its voice, and a peer that
 * refutes them may have played dead. README.md says what is claimed.
 *
 * Peers 0 to PEERS - 1, all neighbours of each other; those below LIARS lie: they
 * report who lives, and do not answer until a seed asks. So of each refuted report,
 * which is all that a seed sees, at least one end is a liar. Reports are refuted in
 * any order, and liars need not lie.
 *
 *   LIARS=2
 *   ALL_PLAY  liars play dead to everybody, and report nobody
 *
 * Defects for the negative controls:
 *   FEW=2         so many others are enough
 *   NO_PLAYERS    who plays dead is not looked for
 *   TWO_SAY_SO    who is reported by two is taken for one who plays dead
 *   CORROBORATED  what two have reported counts against neither
 */
#ifndef PEERS
#define PEERS 5
#endif
#ifndef LIARS
#define LIARS 2
#endif
#ifndef FEW
#define FEW 3
#endif
#ifdef TWO_SAY_SO
#define OF_MANY 2
#else
#define OF_MANY FEW
#endif
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define COUNT(set) \
    (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4) + HAS(set, 5))
#define LIES(p) ((p) < LIARS)

byte by[PEERS]; /* Whose reports of each were refuted. */
byte players, muted;

bool fair = true;   /* No honest peer is muted, nor said to play dead. */
bool caught = true; /* At rest who has lied about all is silent. */
bool heard = true;  /* At rest no honest peer is, whoever plays dead. */

/* So many others count against p: peers whose reports of it were refuted; peers of
 * whom its own were, unless they play dead. */
#ifdef NO_PLAYERS
#define IS_PLAYER(p) false
#else
#define IS_PLAYER(p) (COUNT(by[p]) >= OF_MANY)
#endif
#ifdef CORROBORATED
#define PROVES(s, n) (by[s] == BIT(n) -> 1 : 0)
#else
#define PROVES(s, n) (HAS(by[s], n) && !HAS(players, s) -> 1 : 0)
#endif
#define AGAINST(n) \
    (PROVES(0, n) + PROVES(1, n) + PROVES(2, n) + PROVES(3, n) + PROVES(4, n) + MORE(n))
#if PEERS == 6
#define MORE(n) PROVES(5, n)
#else
#define MORE(n) 0
#endif
#define HONEST_ONES ((BIT(PEERS) - 1) & ~(BIT(LIARS) - 1))
#ifdef ALL_PLAY
#define MAY_BE_REFUTED(n, s) (!LIES(n) && LIES(s))
#else
#define MAY_BE_REFUTED(n, s) (LIES(n) || LIES(s))
#endif

/* Both ends are judged anew, with all that was seen. */
inline refuted(n, s)
{
    by[s] = by[s] | BIT(n);
    players = 0;
    p = 0;
    do
    :: p < PEERS -> players = players | (IS_PLAYER(p) -> BIT(p) : 0); p++
    :: else -> break
    od;
    muted = 0;
    p = 0;
    do
    :: p < PEERS -> muted = muted | (AGAINST(p) >= FEW -> BIT(p) : 0); p++
    :: else -> break
    od;
    p = 0;
#ifndef ALL_PLAY
    fair = fair && ((muted | players) & HONEST_ONES) == 0;
    assert(fair)
#endif
}

#define REFUTED(n, s) \
    :: d_step { n != s && MAY_BE_REFUTED(n, s) && !HAS(by[s], n) && !HAS(muted, n) -> refuted(n, s) }
#define OF(s) REFUTED(0, s) REFUTED(1, s) REFUTED(2, s) REFUTED(3, s) REFUTED(4, s)

init {
    byte p;

    do
    OF(0)
    OF(1)
    OF(2)
    OF(3)
    OF(4)
#if PEERS == 6
    OF(5)
    REFUTED(5, 0)
    REFUTED(5, 1)
    REFUTED(5, 2)
    REFUTED(5, 3)
    REFUTED(5, 4)
#endif
    :: else -> break
    od;
#ifdef ALL_PLAY
    heard = (muted & HONEST_ONES) == 0;
    assert(heard)
#else
    caught = (muted | HONEST_ONES) == BIT(PEERS) - 1;
    assert(caught)
#endif
}
