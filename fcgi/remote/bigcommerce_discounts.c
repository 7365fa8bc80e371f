/* SPDX-License-Identifier: Apache-2.0 */
/* BigCommerce's coupons (V2) and promotions (V3), handed on as they are. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "remote/bc_call.h"

enum rc
bc_coupons_read(
    struct bc *bc, const void *ctx, int64_t after_id, const struct json **out, struct err *err)
{
	bool last;

	return bc_page(bc, ctx, mem_printf(ctx, "/v2/coupons?min_id=%" PRId64, after_id + 1), 1,
	    BC_PAGE, out, &last, err);
}

enum rc
bc_promotions_read(
    struct bc *bc, const void *ctx, int page, const struct json **out, bool *last, struct err *err)
{
	return bc_page(bc, ctx, "/v3/promotions", page, BC_PAGE, out, last, err);
}

enum rc
bc_promotion_codes_read(struct bc *bc, const void *ctx, int64_t promotion_id, const char *after,
    const struct json **out, const char **next, struct err *err)
{
	const char *path =
	    mem_printf(ctx, "/v3/promotions/%" PRId64 "/codes?limit=%d%s%s", promotion_id, BC_PAGE,
		after == NULL ? "" : "&after=", after == NULL ? "" : http_escape(ctx, after));
	const struct json *answer;
	const char *cursor;
	int64_t limit;
	enum rc rc = bc_call(bc, ctx, "GET", path, NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	*out = json_get(answer, "data");
	if (answer != NULL && !json_is_array(*out))
		return err_set(err, RC_INVALID, "bigcommerce GET %s: the answer is no list", path);
	cursor = json_get_text(answer, "meta.cursor_pagination.end_cursor", NULL);
	limit = json_get_int(answer, "meta.cursor_pagination.per_page", BC_PAGE);
	/* The last page has a cursor too; a cursor that does not move would never end. */
	if ((int64_t)json_count(*out) < limit ||
	    (cursor != NULL && after != NULL && strcmp(cursor, after) == 0))
		cursor = NULL;
	*next = cursor;
	return RC_OK;
}
