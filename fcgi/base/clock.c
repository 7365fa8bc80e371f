/* SPDX-License-Identifier: Apache-2.0 */
/* Time, replaceable in tests by a shift. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/log.h"

static _Atomic int64_t shift_ms;

static int64_t
read_ms(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now) != 0)
		panic("the kernel has no clock %d", (int)id);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + atomic_load(&shift_ms);
}

int64_t
clock_now_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

void
clock_shift_ms(int64_t shift)
{
	atomic_store(&shift_ms, shift);
}
