/* What serve.c is to others than the files of bulk.h. */
#ifndef HSY_CORE_SERVE_H
#define HSY_CORE_SERVE_H

#include <stddef.h>

/* Bytes of what is remembered for one link, in the table. */
size_t hsy_serves_len(void);

#endif
