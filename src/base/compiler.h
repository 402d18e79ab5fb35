/* The few compiler extensions that the project uses, in one place. */
#ifndef HSY_BASE_COMPILER_H
#define HSY_BASE_COMPILER_H

#if defined(__GNUC__)
#define HSY_PRINTF(format_at, args_at) \
    __attribute__((format(printf, format_at, args_at)))
#else
#define HSY_PRINTF(format_at, args_at)
#endif

#endif
