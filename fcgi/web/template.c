/* SPDX-License-Identifier: Apache-2.0 */
/* Takes page templates apart, once at start, so that filling them needs no search and cannot fail.
 */
#include "web/template.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

enum { SECTIONS_MAX = 16 };

struct parser {
	struct template *template;
	const char *start, *at, *end;
	size_t open[SECTIONS_MAX]; /* steps of the sections that are open */
	size_t depth;
	const char *fault;
};

static const struct {
	char mark;
	enum step_kind kind;
} marks[] = {
	{ '_', STEP_KEY },
	{ '>', STEP_PARTIAL },
	{ '?', STEP_IF },
	{ '^', STEP_UNLESS },
	{ '#', STEP_EACH },
	{ '/', STEP_END },
};

static void
fail(struct parser *parser, const char *what, const char *name)
{
	size_t line = 1;
	const char *p;

	for (p = parser->start; p < parser->at; p++)
		line += *p == '\n';
	parser->fault = mem_printf(
	    parser->template, "%s, line %zu: %s \"%s\"", parser->template->name, line, what, name);
}

static struct step *
step_add(struct parser *parser, enum step_kind kind, const char *name, size_t length)
{
	struct template *t = parser->template;
	struct step *step;

	t->steps = mem_grow(t, t->steps, t->count, sizeof(*t->steps));
	step = &t->steps[t->count++];
	*step = (struct step){ .kind = kind, .name = name, .length = length };
	return step;
}

static bool
is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.");

	return n > 0 && name[n] == '\0';
}

static void
section_close(struct parser *parser, const char *name)
{
	struct template *t = parser->template;
	size_t begin;

	if (parser->depth == 0) {
		fail(parser, "nothing is open to be closed by", name);
		return;
	}
	begin = parser->open[--parser->depth];
	if (strcmp(t->steps[begin].name, name) != 0)
		fail(parser, "an inner section is still open at the end of", name);
	t->steps[begin].end = t->count - 1;
}

/* One tag; parser->at stands on its leading "@@". */
static void
tag_parse(struct parser *parser)
{
	const char *p = parser->at + 2;
	const char *close = memmem(p, (size_t)(parser->end - p), "@@", 2);
	enum step_kind kind = STEP_VALUE;
	const char *name;
	size_t i;

	if (close == NULL) {
		fail(parser, "this tag has no end:", mem_bytes(parser->template, p, 0));
		return;
	}
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (*p == marks[i].mark)
			kind = marks[i].kind;
	p += kind != STEP_VALUE;
	name = mem_bytes(parser->template, p, (size_t)(close - p));
	if (!is_name(name)) {
		fail(parser, "this is no name:", name);
		return;
	}
	step_add(parser, kind, name, 0);
	if (kind == STEP_END) {
		section_close(parser, name);
	} else if (kind == STEP_IF || kind == STEP_UNLESS || kind == STEP_EACH) {
		if (parser->depth == SECTIONS_MAX)
			fail(parser, "sections are nested too deeply at", name);
		else
			parser->open[parser->depth++] = parser->template->count - 1;
	}
	parser->at = close + 2;
}

struct template *
template_parse(const void *ctx, const char *name, const char *bytes, size_t n, const char **fault)
{
	struct parser parser = { .start = bytes, .at = bytes, .end = bytes + n };
	const char *tag;

	parser.template = mem_new(ctx, struct template);
	parser.template->name = mem_text(parser.template, name);
	while (parser.at < parser.end && parser.fault == NULL) {
		tag = memmem(parser.at, (size_t)(parser.end - parser.at), "@@", 2);
		if (tag == NULL)
			tag = parser.end;
		if (tag > parser.at)
			step_add(&parser, STEP_TEXT, parser.at, (size_t)(tag - parser.at));
		parser.at = tag;
		if (tag < parser.end)
			tag_parse(&parser);
	}
	if (parser.fault == NULL && parser.depth > 0)
		fail(&parser, "this section is never closed:",
		    parser.template->steps[parser.open[parser.depth - 1]].name);
	*fault = parser.fault;
	return parser.fault == NULL ? parser.template : NULL;
}
