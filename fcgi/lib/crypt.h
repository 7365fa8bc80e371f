/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptography: the few libsodium calls that the program needs, and the seal keys. */
#ifndef LIB_CRYPT_H
#define LIB_CRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CRYPT_MAC_SIZE 32

/* Call once at start; panics if libsodium cannot start. Also forbids core dumps of the process. */
void crypt_init(void);

/* n random bytes. */
void crypt_random(void *out, size_t n);
/* n random bytes as unpadded base64url, under ctx. */
char *crypt_random_text(const void *ctx, size_t n);
/* A random code of n characters without look-alikes (23456789ABCDEFGHJKMNPQRSTVWXYZ). */
char *crypt_random_code(const void *ctx, size_t n);

/* Over n bytes; keys may be of any length. */
void crypt_sha256(const void *bytes, size_t n, unsigned char out[CRYPT_MAC_SIZE]);
void crypt_hmac_sha256(
    const void *key, size_t key_n, const void *bytes, size_t n, unsigned char out[CRYPT_MAC_SIZE]);
bool crypt_equal(const void *a, const void *b, size_t n); /* constant time */

/* Strict base64: wrong alphabet, padding, or non-canonical ending is refused (NULL). */
char *crypt_base64url(const void *ctx, const void *bytes, size_t n);
char *crypt_base64(const void *ctx, const void *bytes, size_t n); /* standard, padded */
unsigned char *crypt_unbase64url(const void *ctx, const char *text, size_t length, size_t *n);
unsigned char *crypt_unbase64(const void *ctx, const char *text, size_t length, size_t *n);
char *crypt_hex(const void *ctx, const void *bytes, size_t n);

/*
 * Seal keys: a file with lines "keyid base64(32 bytes)" ('#' comments). The first line's key seals;
 * every key opens. Key ids are [a-z0-9]{1,16}. Kept in locked memory.
 */
struct crypt_keys;
MUST_CHECK enum rc
crypt_keys_read(const void *ctx, const char *path, struct crypt_keys **out, struct err *err);
const char *crypt_keys_current(const struct crypt_keys *keys);
/* A fresh line for such a file, for `key new`. */
char *crypt_keys_new_line(const void *ctx);

/*
 * XChaCha20-Poly1305: text "v1.{key id}.{base64url(nonce and ciphertext)}". `where` is the
 * associated data: table, column and full key ("store.sealed_token/abc123"); the key id is bound as
 * well. Opening elsewhere, or with an unknown key, is RC_DENIED.
 */
char *
crypt_seal(const void *ctx, const struct crypt_keys *keys, const char *where, const char *plain);
MUST_CHECK enum rc crypt_open(const void *ctx, const struct crypt_keys *keys, const char *where,
    const char *sealed, char **plain, struct err *err);
/* True if the text was sealed with the current key. */
bool crypt_is_current(const struct crypt_keys *keys, const char *sealed);

/*
 * MAC with a key derived from a seal key for one purpose ("webhook", "form", "code"); key_id NULL:
 * the current one. False if there is no such key.
 */
bool crypt_mac(const struct crypt_keys *keys, const char *key_id, const char *purpose,
    const void *bytes, size_t n, unsigned char out[CRYPT_MAC_SIZE]);

#endif
