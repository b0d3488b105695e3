/* SPDX-License-Identifier: MIT */
/*
 * encoding.c: tells UTF-16 and UTF-32 from the UTF-8 that a .env file has to be
 * in, at its beginning (PowerShell's >) or from somewhere on (its >>). Read as
 * bytes such a file seems empty, or half of it does. Changes nothing: a NUL
 * byte by itself, or a byte that is no UTF-8, is dotenv's to read as it stands.
 */
#include "config.h"

#include <string.h>

#include "env/env.h"

/* Characters in a row that make sure of it: "A=" and the end of a line. */
#define ROW_MIN 3

/* How an ASCII character is written: where its byte stands in the unit. */
struct encoding {
	const char *name;
	const char *bom;
	size_t width;
	size_t at;
};

/* UTF-32 first: its mark begins with that of UTF-16. */
static const struct encoding encodings[] = {
	{ "UTF-32LE", "\xff\xfe\0", 4, 0 },
	{ "UTF-32BE", "\0\0\xfe\xff", 4, 3 },
	{ "UTF-16LE", "\xff\xfe", 2, 0 },
	{ "UTF-16BE", "\xfe\xff", 2, 1 },
};
#define N_ENCODINGS (sizeof(encodings) / sizeof(encodings[0]))

static bool
is_unit(const struct encoding *e, const char *unit)
{
	for (size_t i = 0; i < e->width; i++)
		if ((unit[i] == '\0') == (i == e->at) ||
		    (unsigned char)unit[i] > 0x7f)
			return false;
	return true;
}

static bool
is_row(const struct encoding *e, const char *text, size_t len)
{
	if (len < ROW_MIN * e->width)
		return false;
	for (size_t i = 0; i < ROW_MIN; i++)
		if (!is_unit(e, text + i * e->width))
			return false;
	return true;
}

/* The encoding that begins with the NUL byte at i, or with a byte before it. */
static const struct encoding *
row_find(const char *text, size_t len, size_t i, size_t *start)
{
	for (size_t n = 0; n < N_ENCODINGS; n++) {
		const size_t before = encodings[n].at == 0 ? 1 : 0;

		if (i < before ||
		    !is_row(&encodings[n], text + i - before, len - i + before))
			continue;
		*start = i - before;
		return &encodings[n];
	}
	return NULL;
}

static const struct encoding *
wide_find(const char *text, size_t len, size_t *start)
{
	const struct encoding *e;
	const char *p = text;

	*start = 0;
	for (size_t n = 0; n < N_ENCODINGS; n++) {
		e = &encodings[n];
		if (len >= e->width && memcmp(text, e->bom, e->width) == 0)
			return e;
	}
	while ((p = memchr(p, '\0', len - (size_t)(p - text))) != NULL) {
		e = row_find(text, len, (size_t)(p - text), start);
		if (e != NULL)
			return e;
		p++;
	}
	return NULL;
}

int
encoding_check(
    const char *path, const char *text, size_t len, struct vaultenv_error *err)
{
	const struct encoding *e;
	size_t start;
	bool has_bom;

	if (len == 0 || (e = wide_find(text, len, &start)) == NULL)
		return 0;
	if (start > 0) {
		err_set(err, VAULTENV_ERR_INVALID, NULL,
		    "Cannot use %s: it begins in UTF-8 and goes on in %s from "
		    "byte %zu on",
		    path, e->name, start);
		return err_hint(err,
		    "Run: (umask 077; (head -c %zu %s; tail -c +%zu %s | "
		    "iconv -f %s -t UTF-8) >%s.utf8) && mv %s.utf8 %s",
		    start, path, start + 1, path, e->name, path, path, path);
	}
	has_bom = memcmp(text, e->bom, e->width) == 0;
	err_set(err, VAULTENV_ERR_INVALID, NULL,
	    "Cannot use %s: it is in %s, not in UTF-8", path, e->name);
	/* By the name without an end iconv looks for the mark, and drops it. */
	return err_hint(err,
	    "Run: (umask 077; iconv -f %.*s -t UTF-8 %s >%s.utf8) && mv "
	    "%s.utf8 %s",
	    has_bom ? 6 : 8, e->name, path, path, path, path);
}
