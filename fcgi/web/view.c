/* SPDX-License-Identifier: Apache-2.0 */
/* Views: the named values, texts and lists that a template is filled from. */
#include "web/view.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "web/locale.h"

struct view {
	struct view *outer; /* for an item: the view that has the list */
	struct view *next;  /* for an item: the next one */
	struct value *values;
};

struct view *
view_new(const void *ctx)
{
	return mem_new(ctx, struct view);
}

static struct value *
value_here(const struct view *view, const char *name)
{
	struct value *value;

	for (value = view->values; value != NULL; value = value->next)
		if (strcmp(value->name, name) == 0)
			return value;
	return NULL;
}

/* A later value of the same name replaces the earlier one. */
static struct value *
value_put(struct view *view, const char *name, enum value_kind kind)
{
	struct value *value = value_here(view, name);

	if (value == NULL) {
		value = mem_new(view, struct value);
		value->name = mem_text(value, name);
		value->next = view->values;
		view->values = value;
	}
	value->kind = kind;
	return value;
}

void
view_text(struct view *view, const char *name, const char *text)
{
	value_put(view, name, VALUE_TEXT)->text = text == NULL ? "" : mem_text(view, text);
}

void
view_int(struct view *view, const char *name, int64_t number)
{
	value_put(view, name, VALUE_TEXT)->text = mem_printf(view, "%lld", (long long)number);
}

void
view_flag(struct view *view, const char *name, bool flag)
{
	value_put(view, name, VALUE_FLAG)->flag = flag;
}

void
view_key(struct view *view, const char *name, const char *key)
{
	value_put(view, name, VALUE_KEY)->text = mem_text(view, key);
}

void
view_keyf(struct view *view, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	value_put(view, name, VALUE_KEY)->text = mem_vprintf(view, fmt, args);
	va_end(args);
}

struct view *
view_item(struct view *view, const char *list)
{
	struct value *value = value_here(view, list);
	struct view *item = view_new(view);

	if (value == NULL)
		value = value_put(view, list, VALUE_LIST);
	item->outer = view;
	if (value->last == NULL)
		value->items = item;
	else
		value->last->next = item;
	value->last = item;
	return item;
}

void
view_money(
    struct view *view, const char *name, int64_t minor, const char *currency, const char *locale)
{
	value_put(view, name, VALUE_TEXT)->text = locale_money(view, minor, currency, locale);
}

void
view_time(struct view *view, const char *name, int64_t time_ms, const char *locale)
{
	value_put(view, name, VALUE_TEXT)->text = locale_time(view, time_ms, locale);
}

const struct value *
view_find(const struct view *view, const char *name)
{
	const struct value *value = NULL;

	for (; view != NULL && value == NULL; view = view->outer)
		value = value_here(view, name);
	return value;
}

bool
view_is_set(const struct view *view, const char *name)
{
	const struct value *value = view_find(view, name);

	if (value == NULL)
		return false;
	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_KEY:
		return value->text[0] != '\0';
	case VALUE_FLAG:
		return value->flag;
	case VALUE_LIST:
		return value->items != NULL;
	}
	return false;
}

const struct view *
view_next(const struct view *item)
{
	return item->next;
}
