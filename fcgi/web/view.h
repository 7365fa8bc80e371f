/* SPDX-License-Identifier: Apache-2.0 */
/* What a view holds, for the renderer; pages fill views by web/html.h. */
#ifndef WEB_VIEW_H
#define WEB_VIEW_H

#include <stdbool.h>

#include "web/html.h"

struct value {
	enum value_kind { VALUE_TEXT, VALUE_KEY, VALUE_FLAG, VALUE_LIST } kind;
	const char *name;
	const char *text; /* VALUE_TEXT; VALUE_KEY: the key */
	bool flag;
	struct view *items; /* VALUE_LIST */
	struct view *last;
	struct value *next;
};

/* The value by name, here or in the views around; NULL if there is none. */
const struct value *view_find(const struct view *view, const char *name);

/* There, and not empty or false. Numbers are there even if they are 0. */
bool view_is_set(const struct view *view, const char *name);

/* The next item of the same list; NULL behind the last. */
const struct view *view_next(const struct view *item);

#endif
