/* A query: who is there is read from the lists of seeds while answers come; it is
 * over when all that are listed have answered or are gone, or at its deadline.
 * README.md says what is claimed.
 *
 * Three seeds, of which two are a quorum. Each peer is registered at two of them,
 * any two; the asker at the first two, whose lists it reads. Peers die, at any
 * time, and some time later no seed lists them any more. Answers may come late,
 * several times, or never. A seed may be mute, for good.
 *
 * Defects for the negative controls:
 *   ONE_LIST    one list is enough if the other one does not come
 *   OTHER_SEED  who has not answered is looked up at any seed
 *   EARLY       it is over when all have answered that are listed so far
 *   REPEATS     each copy of an answer counts
 */
#ifndef PEERS
#define PEERS 3
#endif
#define SEEDS 3
#define OURS 2 /* Seeds that hold the asker: a quorum. */
#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)

byte at[SEEDS]; /* The peers that are registered there. */
byte dead, certified;
byte said; /* Answers that were sent. */

/* The asker. */
byte read;                   /* Lists. */
byte listed, answered, gone; /* Peers. */
byte lister[PEERS];          /* Who listed it first. */
byte counted;

bool all_heard = true; /* Nobody missing: all have answered, or are dead. */
bool missing_there = true; /* Who is named was there, and was not heard. */
bool each_once = true; /* As many answers count as peers have answered. */

#define OWED (listed & ~answered & ~gone)
#ifdef EARLY
#define IS_LISTED (read != 0)
#else
#ifdef ONE_LIST
#define IS_LISTED (read != 0 && at_rest)
#else
#define IS_LISTED (read == BIT(OURS) - 1)
#endif
#endif

inline take(p)
{
#ifdef REPEATS
    counted++;
#else
    counted = (HAS(answered, p) -> counted : counted + 1);
#endif
    answered = answered | BIT(p);
    each_once = each_once && counted == HAS(answered, 0) + HAS(answered, 1) + HAS(answered, 2);
    assert(each_once)
}

/* With the names of those that it waits for, if lists are a quorum. */
inline end()
{
    all_heard = !IS_LISTED || OWED != 0 || (there & ~answered & ~certified) == 0;
    assert(all_heard);
    missing_there = !IS_LISTED || (OWED & (~there | answered)) == 0;
    assert(missing_there)
}

init {
    byte p, s, there;
    bool at_rest; /* Mute seeds are waited for no more. */

    p = 0;
    do
    :: p < PEERS ->
        if
        :: at[0] = at[0] | BIT(p); at[1] = at[1] | BIT(p)
        :: at[0] = at[0] | BIT(p); at[2] = at[2] | BIT(p)
        :: at[1] = at[1] | BIT(p); at[2] = at[2] | BIT(p)
        fi;
        there = there | BIT(p);
        p++
    :: else -> break
    od;
    do
    :: p = 0; s = 0;
       do
       :: p + 1 < PEERS -> p++
       :: s + 1 < SEEDS -> s++
       :: break
       od;
       if
       :: atomic { s < OURS && !HAS(read, s) && !at_rest ->
           read = read | BIT(s);
           p = 0;
           do
           :: p < PEERS ->
               lister[p] = (HAS(at[s] & ~certified & ~listed, p) -> s : lister[p]);
               p++
           :: else -> break
           od;
           listed = listed | (at[s] & ~certified) }
       :: atomic { !at_rest -> at_rest = true }
       :: atomic { !HAS(dead, p) -> said = said | BIT(p) }
       :: atomic { HAS(said, p) && (counted < PEERS + 1) -> take(p) }
       :: atomic { !HAS(dead, p) -> dead = dead | BIT(p) }
       :: atomic { HAS(dead, p) -> certified = certified | BIT(p) }
       :: atomic { IS_LISTED && HAS(OWED, p) &&
#ifdef OTHER_SEED
           !HAS(at[s] & ~certified, p) ->
#else
           !HAS(at[lister[p]] & ~certified, p) ->
#endif
           gone = gone | BIT(p) }
       :: atomic { IS_LISTED && OWED == 0 -> end(); break }
       :: atomic { true -> end(); break } /* The deadline. */
       :: else -> skip
       fi
    od
}
