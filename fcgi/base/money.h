/* SPDX-License-Identifier: Apache-2.0 */
/* Money: integer minor units in the exponent of an ISO 4217 currency. Never floating point. */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

/* Minor-unit digits of an ISO 4217 code (JPY 0, USD 2, KWD 3); -1 unless three capital letters. */
int money_exponent(const char *currency);

/*
 * An amount as its source text ("69.8400", "-10.2", "5"; not "1.5e1") in minor units.
 * Decimals beyond the exponent must be zeros. False on anything else or outside +-10^15.
 */
bool money_parse(const char *text, int exponent, int64_t *minor);

/* Sum with overflow check. */
bool money_add(int64_t a, int64_t b, int64_t *sum);

/* "10.00 USD" for logs and tables; returns out. */
#define MONEY_TEXT_SIZE 40
char *money_format(int64_t minor, const char *currency, char out[MONEY_TEXT_SIZE]);

#endif
