/* SPDX-License-Identifier: Apache-2.0 */
/* Looks told as stories: each begins with one order of 50.00, paid and installed, in `s`. */
#ifndef STORY_H
#define STORY_H

#include "scene.h"

static struct scene s;

static int
setup(void **state)
{
	test_setup(state);
	scene_begin(&s, *state);
	return 0;
}

/* The order was cancelled, looks have seen it so, and the time to undo it is over. */
static inline void
cancelled_for_good(void)
{
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, setup, test_teardown)

#endif
