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

#define STORY(function) cmocka_unit_test_setup_teardown(function, setup, test_teardown)

#endif
