/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets from files: systemd credentials, or files that nobody else may read. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"

/*
 * The content of a file of at most LIMIT_SECRET_FILE bytes, without one newline at the end, under
 * ctx and wiped when it is freed. RC_INVALID if it can't be read, is empty or too long, holds a
 * NUL, or may be read by others.
 */
MUST_CHECK enum rc secret_read(const void *ctx, const char *path, char **out, struct err *err);

/* The same from a descriptor, whoever else may read it; name is for the message. */
MUST_CHECK enum rc
secret_read_fd(const void *ctx, int fd, const char *name, char **out, struct err *err);

#endif
