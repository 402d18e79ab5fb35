/* The few compiler extensions that the project uses, in one place. */
#ifndef HSY_BASE_COMPILER_H
#define HSY_BASE_COMPILER_H

#include <stddef.h>

#if defined(__GNUC__)
#define HSY_PRINTF(format_at, args_at) \
    __attribute__((format(printf, format_at, args_at)))
#else
#define HSY_PRINTF(format_at, args_at)
#endif

/* A large local array that is written before it is read: hardened builds set
 * all others to zero first, which for 16 KiB costs more than the work. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define HSY_UNSET __attribute__((uninitialized))
#endif
#endif
#ifndef HSY_UNSET
#define HSY_UNSET
#endif

/* Has the @len bytes at @ptr (any address, also none) brought to the cache. */
static inline void hsy_prefetch(const void *ptr, size_t len)
{
#if defined(__GNUC__)
    for (size_t at = 0; at < len; at += 64) {
        __builtin_prefetch((const char *)ptr + at);
    }
#else
    (void)ptr;
    (void)len;
#endif
}

#endif
