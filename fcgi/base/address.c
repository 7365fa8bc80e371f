/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in settings. URLs from outside are read by libcurl's parser (lib/http.h); these may
 * hold placeholders, which it refuses, and are held to a narrower form: no user, no exotic host.
 */
#include "base/address.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static bool
is_host(const char *host)
{
	if (strcmp(host, "[::1]") == 0)
		return true;
	return *host != '\0' &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-{}") == strlen(host);
}

static bool
is_port(const char *port)
{
	int64_t number;

	return *port == '\0' || (*port == ':' && text_int(port + 1, 1, 65535, &number));
}

bool
address_split(const void *ctx, const char *text, struct address *out)
{
	size_t host, port;
	char *name;

	out->is_https = text_has_prefix(text, "https://");
	if (!out->is_https && !text_has_prefix(text, "http://"))
		return false;
	text += out->is_https ? strlen("https://") : strlen("http://");
	host = *text == '[' ? strcspn(text, "]/") : strcspn(text, ":/?#");
	host += text[host] == ']';
	port = strcspn(text + host, "/?#");
	name = mem_bytes(ctx, text, host);
	text_lower(name);
	out->host = name;
	out->port = mem_bytes(ctx, text + host, port);
	out->path = mem_text(ctx, text + host + port);
	if (!is_host(out->host) || !is_port(out->port))
		return false;
	if (strcmp(out->port, out->is_https ? ":443" : ":80") == 0)
		out->port = "";
	return true;
}
