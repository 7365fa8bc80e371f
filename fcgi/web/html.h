/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page templates (pages/NAME.html) filled from a tree of views. Everything printed is escaped for
 * text and double-quoted attributes; there is no way to print raw text from a view.
 *
 *   @@name@@                  value of the view, escaped ("" if absent); in a loop the outer views
 *                             are searched too
 *   @@?name@@ ... @@/name@@   only if name is there and not empty or false (a number is there even
 *                             if it is 0)
 *   @@^name@@ ... @@/name@@   only if not
 *   @@#name@@ ... @@/name@@   once for each item of the list
 *   @@_key@@                  text of the page's language (pages/text.TAG), whose {name}
 *                             parts are filled from the view, escaped
 *   @@>name@@                 another template: pages/name.html; in layout.html, @@>page@@ is the
 *                             page inside it
 *
 * A template that does not parse, an unknown text key or partial is a panic at start (html_check),
 * never at run time.
 */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct view;

/* An empty view under ctx, and its values: names and texts are copied, a later value replaces an
 * earlier one. */
struct view *view_new(const void *ctx);
void view_text(struct view *view, const char *name, const char *value); /* NULL: absent */
void view_int(struct view *view, const char *name, int64_t value);
void view_flag(struct view *view, const char *name, bool value);
/*
 * A text of the catalogue by key, resolved when printed (with this view's values): for states,
 * reasons.
 */
void view_key(struct view *view, const char *name, const char *key);
void view_keyf(struct view *view, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct view *view_item(struct view *view, const char *list); /* a new last item of the list */

/*
 * Amount and date as the locale writes them ("10,00 $", "22. Nov. 2026, 14:03"); locale as in
 * user.locale.
 */
void view_money(
    struct view *view, const char *name, int64_t minor, const char *currency, const char *locale);
void view_time(struct view *view, const char *name, int64_t time_ms, const char *locale);

/* Render pages/{template}.html in `language`, inside pages/layout.html, into buf. */
void
html_page(struct buf *out, const char *template, const struct view *view, const char *language);

/* For tests: a template given as text, in English; prints the fault if it does not parse. */
void html_render_source(struct buf *out, const char *source, const struct view *view);

/* Parse all templates and catalogues; panics with the place of the first fault. Once at start. */
void html_check(void);

#endif
