/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page template taken apart: a flat list of steps, where the start of a section knows its end.
 * The syntax is in web/html.h.
 */
#ifndef WEB_TEMPLATE_H
#define WEB_TEMPLATE_H

#include <stddef.h>

enum step_kind {
	STEP_TEXT,    /* bytes as they are */
	STEP_VALUE,   /* @@name@@ */
	STEP_KEY,     /* @@_key@@ */
	STEP_PARTIAL, /* @@>name@@ */
	STEP_IF,      /* @@?name@@ */
	STEP_UNLESS,  /* @@^name@@ */
	STEP_EACH,    /* @@#name@@ */
	STEP_END      /* @@/name@@ */
};

struct step {
	enum step_kind kind;
	const char *name; /* for STEP_TEXT: where the bytes begin */
	size_t length;    /* for STEP_TEXT */
	size_t end;       /* for sections: the index of their STEP_END */
};

struct template
{
	const char *name;
	struct step *steps;
	size_t count;
};

/*
 * Take `bytes` (which must outlive the template) apart, under ctx. NULL with *fault, a sentence
 * with the line's number, if it does not parse.
 */
struct template *
template_parse(const void *ctx, const char *name, const char *bytes, size_t n, const char **fault);

#endif
