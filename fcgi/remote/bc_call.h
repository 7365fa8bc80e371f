/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the BigCommerce client: one call, and one list read page by page. */
#ifndef REMOTE_BC_CALL_H
#define REMOTE_BC_CALL_H

#include <stdbool.h>

#include "remote/answer.h"
#include "remote/bigcommerce.h"

#define BC_PAGE        250 /* BigCommerce's usual maximum */
#define BC_PAGE_REFUND 50  /* no maximum is documented for refunds; 50 is the usual default */

/*
 * One call below /stores/{hash}; path begins with /v2 or /v3. *out is NULL for an empty answer;
 * body NULL: none. Fills the fields of bc that speak of the last answer.
 */
MUST_CHECK enum rc bc_call(struct bc *bc, const void *ctx, const char *method, const char *path,
    const char *body, const struct json **out, struct err *err);

/* The same with a whole URL and the token left out: for the login host. */
MUST_CHECK enum rc bc_call_url(struct bc *bc, const void *ctx, const char *method, const char *url,
    const char *body, const struct json **out, struct err *err);

/* GET one page: *rows is its array (NULL: none), *last whether more may follow. The path has its
 * query, without page. */
MUST_CHECK enum rc bc_page(struct bc *bc, const void *ctx, const char *path, int page, int limit,
    const struct json **rows, bool *last, struct err *err);

/* Read one row of a list into user's; RC_OK goes on. */
typedef enum rc bc_row(void *user, const struct json *row, struct err *err);

/* GET every page, from 1, and hand over each row. */
MUST_CHECK enum rc bc_each(struct bc *bc, const void *ctx, const char *path, int limit, bc_row *row,
    void *user, struct err *err);

/* Milliseconds as BigCommerce's filters want them, whole seconds with an offset, escaped for a
 * query. */
const char *bc_time_text(const void *ctx, int64_t time_ms);

/* An id above 0, sent as number or digits. */
bool bc_id(const struct json *row, const char *name, int64_t *out);

/* A time by name; 0 if it is missing or empty, false if it cannot be read. */
bool bc_time_at(const struct json *row, const char *name, int64_t *out);

#endif
