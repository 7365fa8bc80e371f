/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptography by libsodium. */
#include "lib/crypt.h"

#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"

#define KEY_SIZE  crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define KEYS_MAX  16
#define KEY_ID    16
#define NONCE     crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG       crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789"

_Static_assert(CRYPT_MAC_SIZE == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(CRYPT_MAC_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");

struct key {
	char id[KEY_ID + 1];
	unsigned char *bytes; /* of libsodium's locked memory, which core dumps leave out */
};

struct crypt_keys {
	struct key keys[KEYS_MAX]; /* the first one seals */
	size_t count;
};

/* A sanitizer's leak check traces its own process, which a process that can't be dumped refuses. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

void
crypt_init(void)
{
	if (sodium_init() < 0)
		panic("libsodium cannot start");
	/* Tokens pass through ordinary memory too. The first keeps cores from files, the second
	 * from programs such as systemd-coredump. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (!IS_SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

void
crypt_random(void *out, size_t n)
{
	randombytes_buf(out, n);
}

char *
crypt_random_text(const void *ctx, size_t n)
{
	unsigned char *bytes = mem_array(ctx, unsigned char, n);
	char *text;

	crypt_random(bytes, n);
	text = crypt_base64url(ctx, bytes, n);
	sodium_memzero(bytes, n);
	talloc_free(bytes);
	return text;
}

char *
crypt_random_code(const void *ctx, size_t n)
{
	static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
	char *code = mem_array(ctx, char, n + 1);
	uint32_t *words = mem_array(code, uint32_t, n);

	crypt_random(
	    words, n * sizeof(*words)); /* one system call: every request has such a code */
	for (size_t i = 0; i < n;
	     i++) /* the letters differ in likelihood by less than one in 10^8 */
		code[i] = alphabet[(words[i] * (uint64_t)(sizeof(alphabet) - 1)) >> 32];
	sodium_memzero(words, n * sizeof(*words));
	talloc_free(words);
	return code;
}

void
crypt_sha256(const void *bytes, size_t n, unsigned char out[CRYPT_MAC_SIZE])
{
	crypto_hash_sha256(out, bytes, n);
}

void
crypt_hmac_sha256(
    const void *key, size_t key_n, const void *bytes, size_t n, unsigned char out[CRYPT_MAC_SIZE])
{
	crypto_auth_hmacsha256_state state; /* the one-call form takes keys of 32 bytes only */

	crypto_auth_hmacsha256_init(&state, key, key_n);
	crypto_auth_hmacsha256_update(&state, bytes, n);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

bool
crypt_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

static char *
encode(const void *ctx, const void *bytes, size_t n, int variant)
{
	size_t size = sodium_base64_encoded_len(n, variant);
	char *text = mem_array(ctx, char, size);

	sodium_bin2base64(text, size, bytes, n, variant);
	return text;
}

/* libsodium 1.0.18 takes some bytes beyond ASCII for digits. */
static bool
is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] > 0x7f)
			return false;
	}
	return true;
}

static unsigned char *
decode(const void *ctx, const char *text, size_t length, size_t *n, int variant)
{
	size_t size = length / 4 * 3 + 3;
	unsigned char *bytes = mem_array(ctx, unsigned char, size + 1);

	if (is_ascii(text, length) &&
	    sodium_base642bin(bytes, size, text, length, NULL, n, NULL, variant) == 0)
		return bytes;
	talloc_free(bytes);
	return NULL;
}

char *
crypt_base64url(const void *ctx, const void *bytes, size_t n)
{
	return encode(ctx, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

char *
crypt_base64(const void *ctx, const void *bytes, size_t n)
{
	return encode(ctx, bytes, n, sodium_base64_VARIANT_ORIGINAL);
}

unsigned char *
crypt_unbase64url(const void *ctx, const char *text, size_t length, size_t *n)
{
	return decode(ctx, text, length, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

unsigned char *
crypt_unbase64(const void *ctx, const char *text, size_t length, size_t *n)
{
	return decode(ctx, text, length, n, sodium_base64_VARIANT_ORIGINAL);
}

char *
crypt_hex(const void *ctx, const void *bytes, size_t n)
{
	char *text = mem_array(ctx, char, 2 * n + 1);

	sodium_bin2hex(text, 2 * n + 1, bytes, n);
	return text;
}

static int
free_keys(struct crypt_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		sodium_free(keys->keys[i].bytes); /* wipes */
	return 0;
}

static const struct key *
find_key(const struct crypt_keys *keys, const char *id, size_t length)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (strlen(keys->keys[i].id) == length && memcmp(keys->keys[i].id, id, length) == 0)
			return &keys->keys[i];
	}
	return NULL;
}

/* "keyid base64", n bytes. */
static enum rc
add_key(struct crypt_keys *keys, const char *line, size_t n, struct err *err)
{
	size_t id = strspn(line, KEY_CHARS), length;
	struct key *key = &keys->keys[keys->count];
	unsigned char *bytes;

	if (keys->count == KEYS_MAX)
		return err_set(err, RC_INVALID, "more than %d keys", KEYS_MAX);
	if (id == 0 || id > KEY_ID || line[id] != ' ')
		return err_set(err, RC_INVALID,
		    "wanted is a key id of 1 to %d letters a-z and digits, and a blank", KEY_ID);
	if (find_key(keys, line, id) != NULL)
		return err_set(err, RC_INVALID, "key id \"%.*s\" is there twice", (int)id, line);
	bytes = crypt_unbase64(keys, line + id + 1, n - id - 1, &length);
	if (bytes == NULL || length != KEY_SIZE) {
		talloc_free(bytes);
		return err_set(
		    err, RC_INVALID, "wanted are %u bytes in base64 after the key id", KEY_SIZE);
	}
	memcpy(key->id, line, id);
	key->bytes = sodium_malloc(KEY_SIZE);
	if (key->bytes == NULL)
		panic("out of memory");
	memcpy(key->bytes, bytes, KEY_SIZE);
	sodium_mprotect_readonly(key->bytes);
	sodium_memzero(bytes, length);
	talloc_free(bytes);
	keys->count++;
	return RC_OK;
}

/* Add all lines; on a fault say in which one it is, and nothing of what is in it. */
static enum rc
add_lines(struct crypt_keys *keys, const char *text, struct err *err)
{
	enum rc rc = RC_OK;

	for (int number = 1; rc == RC_OK && *text != '\0'; number++) {
		size_t n = strcspn(text, "\n");

		if (n > 0 && *text != '#')
			rc = add_key(keys, text, n, err);
		if (rc != RC_OK)
			return err_prefix(err, "line %d: ", number);
		text += n + (text[n] == '\n');
	}
	if (keys->count == 0)
		return err_set(err, RC_INVALID, "holds no key");
	return RC_OK;
}

enum rc
crypt_keys_read(const void *ctx, const char *path, struct crypt_keys **out, struct err *err)
{
	struct crypt_keys *keys;
	char *text;
	enum rc rc = secret_read(ctx, path, &text, err);

	if (rc != RC_OK)
		return rc;
	keys = mem_new(ctx, struct crypt_keys);
	talloc_set_destructor(keys, free_keys);
	rc = add_lines(keys, text, err);
	talloc_free(text);
	if (rc != RC_OK) {
		talloc_free(keys);
		return err_prefix(err, "%s: ", path);
	}
	*out = keys;
	return RC_OK;
}

const char *
crypt_keys_current(const struct crypt_keys *keys)
{
	return keys->keys[0].id;
}

char *
crypt_keys_new_line(const void *ctx)
{
	unsigned char bytes[KEY_SIZE];
	char *encoded, *line;
	char id[9] = "k"; /* told apart from others by chance, not by order */

	crypt_random(bytes, 4);
	sodium_bin2hex(id + 1, sizeof(id) - 1, bytes, 3);
	crypt_random(bytes, sizeof(bytes));
	encoded = mem_secret(crypt_base64(ctx, bytes, sizeof(bytes)));
	line = mem_secret(mem_printf(ctx, "%s %s", id, encoded));
	sodium_memzero(bytes, sizeof(bytes));
	talloc_free(encoded);
	return line;
}

/* A key of its own for each purpose, so that what is made for one proves nothing for another. */
static void
derive(const struct key *key, const char *purpose, unsigned char out[KEY_SIZE])
{
	crypto_generichash_state state;
	static const unsigned char domain[] = "violet-bigcommerce v1 ";

	crypto_generichash_init(&state, key->bytes, KEY_SIZE, KEY_SIZE);
	crypto_generichash_update(&state, domain, sizeof(domain) - 1);
	crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose));
	crypto_generichash_final(&state, out, KEY_SIZE);
	sodium_memzero(&state, sizeof(state));
}

/* What a sealed text is bound to. A key id has no dot, so no two (id, where) read alike. */
static char *
associate(const void *ctx, const struct key *key, const char *where)
{
	return mem_printf(ctx, "v1.%s.%s", key->id, where);
}

char *
crypt_seal(const void *ctx, const struct crypt_keys *keys, const char *where, const char *plain)
{
	void *tmp = mem_context("seal");
	const struct key *key = &keys->keys[0];
	const char *associated = associate(tmp, key, where);
	size_t length = strlen(plain);
	unsigned char *sealed = mem_array(tmp, unsigned char, NONCE + length + TAG);
	unsigned char derived[KEY_SIZE];
	char *text;

	crypt_random(sealed, NONCE);
	derive(key, "seal", derived);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL,
	    (const unsigned char *)plain, length, (const unsigned char *)associated,
	    strlen(associated), NULL, sealed, derived);
	sodium_memzero(derived, sizeof(derived));
	text = mem_printf(
	    ctx, "v1.%s.%s", key->id, crypt_base64url(tmp, sealed, NONCE + length + TAG));
	talloc_free(tmp);
	return text;
}

/* The key id in "v1.{key id}.{rest}"; NULL if the text isn't of that form. */
static const char *
find_id(const char *sealed, size_t *length)
{
	if (strncmp(sealed, "v1.", 3) != 0)
		return NULL;
	*length = strcspn(sealed + 3, ".");
	return sealed[3 + *length] == '.' ? sealed + 3 : NULL;
}

/* Decrypt nonce and ciphertext, n bytes, into out, which holds n bytes. */
static bool
decrypt(
    const struct key *key, const char *associated, const unsigned char *sealed, size_t n, char *out)
{
	unsigned char derived[KEY_SIZE];
	int failed;

	if (n < NONCE + TAG)
		return false;
	derive(key, "seal", derived);
	failed = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)out, NULL, NULL,
	    sealed + NONCE, n - NONCE, (const unsigned char *)associated, strlen(associated),
	    sealed, derived);
	sodium_memzero(derived, sizeof(derived));
	return failed == 0;
}

enum rc
crypt_open(const void *ctx, const struct crypt_keys *keys, const char *where, const char *sealed,
    char **plain, struct err *err)
{
	size_t length, n = 0;
	const char *id = find_id(sealed, &length);
	const struct key *key = id == NULL ? NULL : find_key(keys, id, length);
	unsigned char *bytes;
	char *text;
	bool is_open;

	if (id == NULL)
		return err_set(err, RC_DENIED, "%s: not a sealed text", where);
	if (key == NULL)
		return err_set(err, RC_DENIED,
		    "%s: sealed with key \"%.*s\", which is not in the key file", where,
		    length > KEY_ID ? KEY_ID : (int)length, id);
	bytes = crypt_unbase64url(ctx, id + length + 1, strlen(id + length + 1), &n);
	text = mem_secret(mem_array(ctx, char, n + 1));
	is_open = bytes != NULL && decrypt(key, associate(bytes, key, where), bytes, n, text);
	talloc_free(bytes);
	if (!is_open) {
		talloc_free(text);
		return err_set(err, RC_DENIED,
		    "%s: sealed text was changed, or sealed for another place", where);
	}
	*plain = text;
	return RC_OK;
}

bool
crypt_is_current(const struct crypt_keys *keys, const char *sealed)
{
	size_t length;
	const char *id = find_id(sealed, &length);

	return id != NULL && find_key(keys, id, length) == &keys->keys[0];
}

bool
crypt_mac(const struct crypt_keys *keys, const char *key_id, const char *purpose, const void *bytes,
    size_t n, unsigned char out[CRYPT_MAC_SIZE])
{
	const struct key *key =
	    key_id == NULL ? &keys->keys[0] : find_key(keys, key_id, strlen(key_id));
	unsigned char derived[KEY_SIZE];
	char *label;

	if (key == NULL)
		return false;
	label = mem_printf(NULL, "mac %s", purpose);
	derive(key, label, derived);
	talloc_free(label);
	crypt_hmac_sha256(derived, sizeof(derived), bytes, n, out);
	sodium_memzero(derived, sizeof(derived));
	return true;
}
