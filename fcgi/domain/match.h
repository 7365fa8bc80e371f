/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: which Violet refund answers which of our rows. One answers at most one, and the other
 * way round. Pure. Amounts that are equal are worth the same, so when several rows and refunds of
 * one amount stand against each other it matters only that none is counted twice.
 */
#ifndef DOMAIN_MATCH_H
#define DOMAIN_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/violet.h"

/* In the order of their strength. */
enum match_by {
	MATCH_NONE,
	MATCH_STORED,   /* the Violet refund id that we stored */
	MATCH_MARKER,   /* our marker and the same amount */
	MATCH_EXTERNAL, /* external_id is BigCommerce's refund id, and the same amount */
	MATCH_NEW,      /* the only unmarked one of that amount that our attempt can have made */
	MATCH_PUSHED    /* unmarked, that amount, and BigCommerce's refund came through the API */
};

struct match_row {
	int64_t violet_refund_id; /* stored; 0: none */
	const char *marker;
	int64_t amounts[2];  /* that count as the same; 0: none */
	int64_t external_id; /* BigCommerce's refund id; 0: none */
	bool is_attempted;   /* sent, outcome not known: MATCH_NEW applies */
	bool is_pushed;      /* MATCH_PUSHED applies */
	bool takes_dead;     /* a failed or cancelled one is an answer too (MATCH_STORED: always) */
	const int64_t *seen_ids; /* noted before the attempt */
	size_t seen_count;
	/* It can have made a refund only between these; Violet's list may show an older one late.
	 */
	int64_t from_ms, until_ms;
	const int64_t *tried_ids; /* what earlier attempts came to: no answer again */
	size_t tried_count;
	/* found */
	enum match_by by;
	size_t answer; /* index of the refund, if by is not MATCH_NONE or is_contradicted */
	size_t rivals; /* unmarked new ones of the amount, whenever made, if is_attempted and by is
			  MATCH_NONE: perhaps ours */
	bool is_contradicted; /* is_attempted: our marker on a new refund of another amount */
};

/* Fill what is "found" in the rows; the rest of them is given. */
void match(const void *ctx, struct match_row *rows, size_t row_count,
    const struct violet_refund *refunds, size_t refund_count);

/* False for FAILED and CANCELED: everything else counts as money on its way. */
bool match_is_live(const struct violet_refund *refund);

/* True if the reason begins with this marker, whole. */
bool match_has_marker(const char *reason, const char *marker);
/* True if the reason begins with any marker of ours, whole. */
bool match_is_marked(const char *reason);

#endif
