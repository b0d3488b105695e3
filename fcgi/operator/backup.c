/* SPDX-License-Identifier: MIT */
/*
 * backup.c: see backup.h. Whatever a file holds, it costs a few times its size,
 * and a time that grows with it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "operator/backup.h"

#define PARTS_MAX 10000 /* bundles in all files */

int
part_fail(const struct part *part, char said[WHY_MAX], const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(
	    said, WHY_MAX, "%.500s, line %zu: ", part->file, part->line);
	va_start(ap, fmt);
	vsnprintf(said + n, WHY_MAX - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

static void
part_reset(struct part *part)
{
	bundle_reset(&part->bundle);
	records_reset(&part->records);
	blob_reset(&part->content);
}

void
backup_reset(struct backup *b)
{
	for (size_t i = 0; i < b->n; i++)
		part_reset(&b->parts[i]);
	free(b->parts);
	*b = (struct backup){ .n = 0 };
}

/* Whose it is. A bundle without environment has a log and nothing else. */
static int
read_names(struct part *part)
{
	const struct bundle *b = &part->bundle;

	if (b->n_log > LOG_ENTRIES_MAX || b->project.at == NULL ||
	    !uuid_is_canonical(b->project.at, b->project.len))
		return CODE_BAD_FORM;
	memcpy(part->project, b->project.at, ID_LEN);
	if (b->env.at == NULL)
		return b->n_log > 0 && b->n_records + b->n_wraps == 0 &&
			       b->secrets.at == NULL
			   ? 0
			   : CODE_BAD_FORM;
	if (!env_is_valid(b->env.at, b->env.len))
		return CODE_BAD_FORM;
	memcpy(part->env, b->env.at, b->env.len);
	return 0;
}

/* It is of the newest record, which says its hash. */
static int
read_content(struct part *part)
{
	const struct text base64 = part->bundle.secrets;
	const struct records *records = &part->records;
	uint8_t hash[HASH_LEN];
	int r;

	if (base64.at == NULL)
		return 0;
	r = base64_decode(&part->content, base64.at, base64.len);
	if (r != 0)
		return r == VAULTENV_ERR_INVALID ? CODE_BAD_FORM : r;
	if (records->n == 0 || part->content.len < SEAL_OVERHEAD)
		return CODE_BAD_FORM;
	r = sha256(hash, part->content.data, part->content.len);
	if (r != 0)
		return r;
	return memcmp(hash, records->at[records->n - 1].blob, HASH_LEN) == 0
		   ? 0
		   : CODE_BLOB_HASH;
}

static int
read_part(struct part *part, const char *line, size_t len)
{
	const struct bundle *b = &part->bundle;
	int r;

	blob_init(&part->content, SIZE_MAX);
	if ((r = bundle_read(&part->bundle, line, len)) != 0 ||
	    (r = read_names(part)) != 0 ||
	    (r = records_read(&part->records, b->records, b->n_records)) != 0)
		return r;
	return read_content(part);
}

static int
add_line(struct backup *b, const char *file, size_t number, const char *line,
    size_t len, char said[WHY_MAX])
{
	struct part *part;
	int r;

	if ((b->n & (b->n - 1)) == 0) {
		part = reallocarray(
		    b->parts, b->n == 0 ? 1 : 2 * b->n, sizeof(*part));
		if (part == NULL) {
			snprintf(said, WHY_MAX, "out of memory");
			return -1;
		}
		b->parts = part;
	}
	part = &b->parts[b->n++];
	*part = (struct part){ .file = file, .line = number };
	if (b->n > PARTS_MAX)
		return part_fail(
		    part, said, "more than %d bundles in all", PARTS_MAX);
	if ((r = read_part(part, line, len)) == 0)
		return 0;
	return r > 0 ? part_fail(part, said,
			   "this is no bundle as vault-env writes it (%s)",
			   code_name(r))
		     : part_fail(part, said, "out of memory");
}

static int
read_text(struct blob *text, const char *file, char said[WHY_MAX])
{
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	int r = -1;

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(said, WHY_MAX, "%.500s: %s", file, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)BUNDLES_MAX) {
		snprintf(said, WHY_MAX,
		    "%.500s: not a regular file of at most %zu MiB", file,
		    BUNDLES_MAX >> 20);
		goto out;
	}
	do {
		if (blob_reserve(text, 65536) != 0) {
			snprintf(said, WHY_MAX, "%.500s: too large", file);
			goto out;
		}
		n = read(fd, text->data + text->len, 65536);
		text->len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	r = n == 0 ? 0 : -1;
	if (r != 0)
		snprintf(said, WHY_MAX, "%.500s: %s", file, strerror(errno));
out:
	if (fd >= 0)
		close(fd);
	return r;
}

int
backup_read(struct backup *b, const char *file, char said[WHY_MAX])
{
	const size_t had = b->n;
	struct blob text;
	const char *at, *end, *eol;
	size_t number = 0;
	int r;

	blob_init(&text, BUNDLES_MAX + 65536);
	r = read_text(&text, file, said);
	at = (const char *)text.data;
	end = at + text.len;
	for (; r == 0 && at < end; at = eol + 1) {
		number++;
		eol = memchr(at, '\n', (size_t)(end - at));
		if (eol == NULL)
			eol = end;
		if (eol > at)
			r = add_line(
			    b, file, number, at, (size_t)(eol - at), said);
	}
	if (r == 0 && b->n == had) {
		snprintf(said, WHY_MAX, "%.500s: holds no bundle", file);
		r = -1;
	}
	blob_reset(&text);
	return r;
}
