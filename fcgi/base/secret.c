/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets from files. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limit.h"
#include "base/mem.h"

/* As many bytes as fit; below 0 on an error. Pipes (a shell's <(...)) come in pieces. */
static ssize_t
read_all(int fd, char *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, bytes + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

static enum rc
check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(err, RC_INVALID, "cannot read %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, RC_INVALID, "%s is a directory", path);
	if ((st.st_mode & S_IROTH) != 0)
		return err_set(err, RC_INVALID,
		    "%s may be read by everybody on this machine; run: chmod o-rwx %s", path, path);
	return RC_OK;
}

/* What was read, checked and ended by a NUL in place of the newline. */
static enum rc
finish(char *text, size_t n, const char *path, struct err *err)
{
	if (n > LIMIT_SECRET_FILE)
		return err_set(
		    err, RC_INVALID, "%s is longer than %d bytes", path, LIMIT_SECRET_FILE);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	if (n == 0)
		return err_set(err, RC_INVALID, "%s is empty", path);
	if (strlen(text) != n)
		return err_set(err, RC_INVALID, "%s holds a NUL byte: it must be text", path);
	return RC_OK;
}

enum rc
secret_read_fd(const void *ctx, int fd, const char *name, char **out, struct err *err)
{
	char *text = mem_secret(mem_array(ctx, char, LIMIT_SECRET_FILE + 2));
	ssize_t n = read_all(fd, text, LIMIT_SECRET_FILE + 1);
	enum rc rc = n < 0 ? err_set(err, RC_INVALID, "cannot read %s: %s", name, strerror(errno))
			   : finish(text, (size_t)n, name, err);

	if (rc == RC_OK)
		*out = text;
	else
		talloc_free(text);
	return rc;
}

enum rc
secret_read(const void *ctx, const char *path, char **out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return err_set(err, RC_INVALID, "cannot open %s: %s", path, strerror(errno));
	rc = check_mode(fd, path, err);
	if (rc == RC_OK)
		rc = secret_read_fd(ctx, fd, path, out, err);
	close(fd);
	return rc;
}
