/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills templates from views, escaping everything that is printed. All templates are read and
 * checked at start.
 */
#include "web/html.h"

#include <string.h>

#include "base/asset.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "web/catalog.h"
#include "web/locale.h"
#include "web/template.h"
#include "web/view.h"

#define FOLDER "fcgi/pages/"
#define SUFFIX ".html"

enum { DEPTH_MAX = 16 }; /* of partials in partials, of texts in texts */

static struct template **templates; /* ends with NULL; read-only after html_check */

/* One rendering. */
struct pen {
	struct buf *out;
	const char *language;
	const char *page; /* what @@>page@@ of the layout stands for */
	int depth;
};

static struct template *
template_of(const char *name)
{
	struct template **t;

	ASSERT(templates != NULL);
	for (t = templates; *t != NULL; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

/* Printing ----------------------------------------------------------------- */

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void
print_escaped(struct buf *out, const char *s, size_t n)
{
	size_t from = 0, i;

	for (i = 0; i < n; i++) {
		const char *replacement = entity(s[i]);

		if (replacement == NULL)
			continue;
		buf_add(out, s + from, i - from);
		buf_text(out, replacement);
		from = i + 1;
	}
	buf_add(out, s + from, n - from);
}

static void print_key(struct pen *pen, const struct view *view, const char *key);

static void
print_value(struct pen *pen, const struct view *view, const char *name)
{
	const struct value *value = view_find(view, name);

	if (value == NULL)
		return;
	if (value->kind == VALUE_TEXT)
		print_escaped(pen->out, value->text, strlen(value->text));
	else if (value->kind == VALUE_KEY)
		print_key(pen, view, value->text);
}

/* A text with its {name} parts. A brace that begins no name is just a brace. */
static void
print_text(struct pen *pen, const struct view *view, const char *p)
{
	char name[64];
	size_t n;

	while (*p != '\0') {
		n = strcspn(p, "{");
		print_escaped(pen->out, p, n);
		p += n;
		if (*p == '\0')
			return;
		n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
		if (n == 0 || n >= sizeof(name) || p[n + 1] != '}') {
			buf_add(pen->out, p++, 1);
			continue;
		}
		memcpy(name, p + 1, n);
		name[n] = '\0';
		print_value(pen, view, name);
		p += n + 2;
	}
}

static void
print_key(struct pen *pen, const struct view *view, const char *key)
{
	const char *text = catalog_text(pen->language, key);

	if (text == NULL || pen->depth == DEPTH_MAX) {
		log_line(LOG_ERROR, "no text for the key \"%s\"", key);
		print_escaped(pen->out, key, strlen(key));
		return;
	}
	pen->depth++;
	print_text(pen, view, text);
	pen->depth--;
}

/* Rendering ---------------------------------------------------------------- */

static void
render(struct pen *pen, const struct template *t, size_t from, size_t to, const struct view *view);

static void
render_partial(struct pen *pen, const char *name, const struct view *view)
{
	const struct template *t = template_of(strcmp(name, "page") == 0 ? pen->page : name);

	ASSERT(t != NULL && pen->depth < DEPTH_MAX);
	pen->depth++;
	render(pen, t, 0, t->count, view);
	pen->depth--;
}

static void
render_section(struct pen *pen, const struct template *t, size_t at, const struct view *view)
{
	const struct step *step = &t->steps[at];
	const struct value *list = view_find(view, step->name);
	const struct view *item;

	if (step->kind != STEP_EACH) {
		if (view_is_set(view, step->name) == (step->kind == STEP_IF))
			render(pen, t, at + 1, step->end, view);
		return;
	}
	if (list == NULL || list->kind != VALUE_LIST)
		return;
	for (item = list->items; item != NULL; item = view_next(item))
		render(pen, t, at + 1, step->end, item);
}

static void
render(struct pen *pen, const struct template *t, size_t from, size_t to, const struct view *view)
{
	size_t i;

	for (i = from; i < to; i++) {
		const struct step *step = &t->steps[i];

		switch (step->kind) {
		case STEP_TEXT:
			buf_add(pen->out, step->name, step->length);
			break;
		case STEP_VALUE:
			print_value(pen, view, step->name);
			break;
		case STEP_KEY:
			print_key(pen, view, step->name);
			break;
		case STEP_PARTIAL:
			render_partial(pen, step->name, view);
			break;
		case STEP_IF:
		case STEP_UNLESS:
		case STEP_EACH:
			render_section(pen, t, i, view);
			i = step->end;
			break;
		case STEP_END:
			break;
		}
	}
}

void
html_page(struct buf *out, const char *template, const struct view *view, const char *language)
{
	struct pen pen = { .out = out, .language = language, .page = template };

	render_partial(&pen, "layout", view);
}

void
html_render_source(struct buf *out, const char *source, const struct view *view)
{
	struct pen pen = { .out = out, .language = "en", .page = "page" };
	const char *fault;
	struct template *t = template_parse(out, "source", source, strlen(source), &fault);

	if (t == NULL)
		buf_text(out, fault);
	else
		render(&pen, t, 0, t->count, view);
}

/* Start -------------------------------------------------------------------- */

static void
template_load(struct template **out, const struct asset *asset)
{
	size_t prefix = strlen(FOLDER), n = strlen(asset->path) - prefix - strlen(SUFFIX);
	char *name = mem_bytes(templates, asset->path + prefix, n);
	const char *fault;

	*out = template_parse(templates, name, asset->bytes, asset_length(asset), &fault);
	if (*out == NULL)
		panic("pages/%s", fault);
}

static bool
is_template(const char *path)
{
	size_t n = strlen(path), suffix = strlen(SUFFIX);

	return text_has_prefix(path, FOLDER) && n > strlen(FOLDER) + suffix &&
	       strcmp(path + n - suffix, SUFFIX) == 0;
}

static void
template_check(const struct template *t)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		const struct step *step = &t->steps[i];

		if (step->kind == STEP_KEY && catalog_text("en", step->name) == NULL)
			panic("pages/%s.html: no text for \"%s\"", t->name, step->name);
		if (step->kind == STEP_PARTIAL && strcmp(step->name, "page") != 0 &&
		    template_of(step->name) == NULL)
			panic("pages/%s.html: no template \"%s\"", t->name, step->name);
	}
}

void
html_check(void)
{
	const struct asset *asset;
	size_t count = 0, i;

	if (templates != NULL)
		return;
	catalog_load();
	locale_check();
	for (asset = assets; asset->path != NULL; asset++)
		count += is_template(asset->path);
	templates = mem_array(NULL, struct template *, count + 1);
	count = 0;
	for (asset = assets; asset->path != NULL; asset++)
		if (is_template(asset->path))
			template_load(&templates[count++], asset);
	for (i = 0; i < count; i++)
		template_check(templates[i]);
}
