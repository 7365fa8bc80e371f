/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in settings: scheme://host[:port][/path], which are ours, and so may be plain. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>

struct address {
	bool is_https;
	const char *host; /* small letters; may hold braces, for a {placeholder} */
	const char *port; /* with its colon; "" if it is the scheme's own */
	const char *path; /* and query and fragment; may be "" */
};

/* Take text apart under ctx. False unless it is http or https, with a host and a proper port. */
bool address_split(const void *ctx, const char *text, struct address *out);

#endif
