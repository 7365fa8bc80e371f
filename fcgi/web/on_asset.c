/* SPDX-License-Identifier: Apache-2.0 */
/* GET /assets/{slug}: style sheet, scripts and icon, which travel inside the program. */
#include <string.h>

#include "base/asset.h"
#include "base/mem.h"
#include "lib/cgi.h"
#include "lib/crypt.h"
#include "web/route.h"

static const struct {
	const char *suffix, *type;
} types[] = {
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

/* NULL: not for the public (templates, texts). */
static const char *
type_of(const char *name)
{
	const char *suffix = strrchr(name, '.');
	size_t i;

	for (i = 0; suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].suffix, suffix) == 0)
			return types[i].type;
	return NULL;
}

/*
 * Pages ask with ?v= and this version, which a new release changes: such an answer is good for
 * ever.
 */
static const char *
cache_of(const struct request *request)
{
	const char *version = request_query(request, "v");

	if (version != NULL && strcmp(version, VERSION) == 0)
		return "public, max-age=31536000, immutable";
	return "public, max-age=300";
}

static const char *
tag_of(const void *ctx, const struct asset *asset)
{
	unsigned char hash[CRYPT_MAC_SIZE];

	crypt_sha256(asset->bytes, asset_length(asset), hash);
	return mem_printf(ctx, "\"%s\"", crypt_hex(ctx, hash, 8));
}

enum rc
on_asset(struct request *request, struct reply *reply, struct err *err)
{
	const char *type = type_of(request->slug), *tag, *known;
	const struct asset *asset = NULL;

	if (type != NULL)
		asset = asset_find(mem_printf(request->ctx, "fcgi/pages/%s", request->slug));
	if (asset == NULL)
		return err_set(err, RC_MISSING, "no such asset");
	tag = tag_of(request->ctx, asset);
	known = cgi_param(request->cgi, "HTTP_IF_NONE_MATCH");
	buf_printf(reply->headers, "Cache-Control: %s\r\nETag: %s\r\n", cache_of(request), tag);
	if (known != NULL && strstr(known, tag) != NULL) {
		reply->status = 304;
		return RC_OK;
	}
	reply->content_type = type;
	buf_add(reply->body, asset->bytes, asset_length(asset));
	return RC_OK;
}
