/* Claims: a test's last part says what is true now. Include this instead of
 * cmocka.h. Every argument is evaluated once. */
#ifndef HSY_TESTS_SUPPORT_CLAIM_H
#define HSY_TESTS_SUPPORT_CLAIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not assert_true(): it would print @expr with its macros expanded. */
#define CLAIM(expr) _assert_true((expr) ? 1 : 0, #expr, __FILE__, __LINE__)

/* These print both values. */
#define CLAIM_INT(actual, expected) assert_int_equal(actual, expected)
#define CLAIM_TEXT(actual, expected) assert_string_equal(actual, expected)
#define CLAIM_BYTES(actual, expected, len) \
    assert_memory_equal(actual, expected, len)

/* @statement breaks a claim of ours: HSY_ASSERT ends the process, here a
 * child that says nothing and leaves no core. */
#define CLAIM_DIES(statement)                                         \
    do {                                                              \
        pid_t claim_child = fork();                                   \
        if (claim_child == 0) {                                       \
            struct rlimit claim_no_core = {0, 0};                     \
            (void)setrlimit(RLIMIT_CORE, &claim_no_core);             \
            (void)signal(SIGABRT, SIG_DFL);                           \
            (void)close(STDERR_FILENO);                               \
            statement;                                                \
            _exit(0);                                                 \
        }                                                             \
        int claim_status = 0;                                         \
        CLAIM(claim_child > 0);                                       \
        CLAIM(waitpid(claim_child, &claim_status, 0) == claim_child); \
        _assert_true(WIFSIGNALED(claim_status) &&                     \
                         WTERMSIG(claim_status) == SIGABRT,           \
                     "dies: " #statement, __FILE__, __LINE__);        \
    } while (0)

#endif
