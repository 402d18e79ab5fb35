/* CRC-32C (Castagnoli), as in RFC 3720: finds every error of up to 3 bits in
 * any record of ours, every burst of up to 32 bits, and of other accidents all
 * but one in 2^32. Against accidents only. */
#ifndef HSY_BASE_CRC_H
#define HSY_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of @data behind what @sum is of; 0: behind nothing. */
uint32_t hsy_crc32c(uint32_t sum, const void *data, size_t len);

#endif
