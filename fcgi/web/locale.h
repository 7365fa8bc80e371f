/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Amounts and dates as the reader's locale ("en-US", "de") writes them: the files of texts say how
 * (format.*). An unknown one, or NULL, is written as English.
 */
#ifndef WEB_LOCALE_H
#define WEB_LOCALE_H

#include <stdint.h>

/* "$10.00", "1.234,50 €"; a currency without a sign of its own is named by its code. Under ctx. */
char *locale_money(const void *ctx, int64_t minor, const char *currency, const char *locale);

/* "1234.50", "1234,50": as the value of a field for an amount. Under ctx. */
char *locale_amount(const void *ctx, int64_t minor, const char *currency, const char *locale);

/* "Nov 22, 2026, 2:03 PM UTC", "22. Nov. 2026, 14:03 UTC". Under ctx. */
char *locale_time(const void *ctx, int64_t time_ms, const char *locale);

/* Panics if a file writes a form in a way that cannot be read. Once at start, after catalog_load.
 */
void locale_check(void);

#endif
