/* Asserts for our own bugs. They stay on in release builds. */
#ifndef HSY_BASE_ASSERT_H
#define HSY_BASE_ASSERT_H

/* Prints the claim and its place to stderr, then aborts. */
_Noreturn void hsy_assert_fail(const char *expr, const char *file, int line);

#define HSY_ASSERT(expr) \
    ((expr) ? (void)0 : hsy_assert_fail(#expr, __FILE__, __LINE__))

#endif
