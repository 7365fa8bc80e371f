/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed_payload_jwt and form tokens. The input is tried as it is, as the two parts of a token
 * signed by BigCommerce, and as the claims of one, since nothing is parsed that isn't signed.
 */
#include "fuzz.h"

#include <string.h>

#include "base/text.h"
#include "domain/session.h"

#define SECRET "test_client_secret_0123456789abcdef"
#define NOW    1700000100

static const struct conf conf = {
	.bigcommerce_client_id = "test_client_id",
	.bigcommerce_client_secret = SECRET,
	.bigcommerce_client_secret_previous = "previous",
};

static void
verify(const void *ctx, const char *token)
{
	struct claims claims;
	struct err err;

	if (session_verify_jwt(&conf, ctx, token, NOW, &claims, &err) != RC_OK)
		return;
	ASSERT(text_is_store_hash(claims.store_hash));
	ASSERT(claims.user_id > 0 && claims.owner_id >= 0);
	ASSERT(claims.issued_at <= NOW + 60);
}

static void
verify_signed(const void *ctx, const char *text)
{
	unsigned char mac[CRYPT_MAC_SIZE];

	crypt_hmac_sha256(SECRET, strlen(SECRET), text, strlen(text), mac);
	verify(ctx, mem_printf(ctx, "%s.%s", text, crypt_base64url(ctx, mac, sizeof(mac))));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char header[] = "{\"alg\":\"HS256\"}";
	void *ctx = mem_context("fuzz");
	char *text = mem_bytes(ctx, data, size);
	char *head = crypt_base64url(ctx, header, sizeof(header) - 1);

	verify(ctx, text);
	verify_signed(ctx, text);
	verify_signed(ctx, mem_printf(ctx, "%s.%s", head, crypt_base64url(ctx, data, size)));
	talloc_free(ctx);
	return 0;
}
