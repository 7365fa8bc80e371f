/* SPDX-License-Identifier: Apache-2.0 */
/* Wall time for rows and pages; boot time, which goes on in a sleeping machine, for deadlines. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, UTC. */
int64_t clock_now_ms(void);

/* Milliseconds of CLOCK_BOOTTIME. */
int64_t clock_boot_ms(void);

/* Tests: move both clocks by so many milliseconds. */
void clock_shift_ms(int64_t shift);

#endif
