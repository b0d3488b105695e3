/* SPDX-License-Identifier: MIT */
/*
 * gitindex.c: whether git tracks a file, from the index alone
 * (gitformat-index(5): versions 2 to 4, SHA-1 and SHA-256). The repository may
 * be somebody else's, and its configuration makes git run programs: must not
 * run git, nor follow anything but the one line of a linked work tree.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <vaultenv.h>

#include "git.h"
#include "text.h"

#define PATH_SIZE      4096
#define STAT_LEN       40 /* of an entry, before its hash */
#define FLAG_EXTENDED  0x4000
#define FLAGS_NAME_LEN 0x0fff
#define HEADER_LEN     12

struct index {
	const uint8_t *at, *end;
	uint32_t version;
	size_t hash_len;
	char name[PATH_SIZE]; /* of the last entry: version 4 builds on it */
	size_t name_len;
};

static uint32_t
number(const uint8_t *p, size_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

/* Version 4: how much of the last name goes, a number in groups of 7 bits. */
static bool
name_strip(struct index *x)
{
	size_t n;

	if (x->at == x->end)
		return false;
	for (n = *x->at & 0x7f; (*x->at++ & 0x80) != 0;) {
		if (x->at == x->end || n > PATH_SIZE)
			return false;
		n = (n + 1) << 7 | (*x->at & 0x7f);
	}
	if (n > x->name_len)
		return false;
	x->name_len -= n;
	return true;
}

/* False: the bytes are no entry, as this version and hash would have it. */
static bool
entry_next(struct index *x)
{
	const uint8_t *start = x->at, *nul;
	size_t fixed = STAT_LEN + x->hash_len + 2, len;
	uint32_t flags;

	if ((size_t)(x->end - x->at) < fixed + 2)
		return false;
	flags = number(x->at + fixed - 2, 2);
	if ((flags & FLAG_EXTENDED) != 0)
		fixed += 2;
	x->at += fixed;
	if (x->version < 4)
		x->name_len = 0;
	else if (!name_strip(x))
		return false;
	if ((nul = memchr(x->at, '\0', (size_t)(x->end - x->at))) == NULL)
		return false;
	len = (size_t)(nul - x->at);
	if (len >= sizeof(x->name) - x->name_len)
		return false;
	memcpy(x->name + x->name_len, x->at, len + 1);
	x->name_len += len;
	if (x->name_len == 0 || (x->name_len < FLAGS_NAME_LEN &&
				    (flags & FLAGS_NAME_LEN) != x->name_len))
		return false;
	/* NULs up to a multiple of eight bytes, one at least. */
	x->at =
	    x->version < 4 ? start + ((fixed + len + 8) & ~(size_t)7) : nul + 1;
	return x->at <= x->end;
}

static enum git_tracked
index_search(const char *bytes, size_t len, size_t hash_len, const char *path)
{
	const uint8_t *p = (const uint8_t *)bytes;
	struct index x = { .hash_len = hash_len };

	if (len < HEADER_LEN + hash_len || memcmp(p, "DIRC", 4) != 0)
		return GIT_NOT_KNOWN;
	x.version = number(p + 4, 4);
	x.at = p + HEADER_LEN;
	x.end = p + len - hash_len;
	if (x.version < 2 || x.version > 4)
		return GIT_NOT_KNOWN;
	for (uint32_t n = number(p + 8, 4); n > 0; n--) {
		if (!entry_next(&x))
			return GIT_NOT_KNOWN;
		if (strcmp(x.name, path) == 0)
			return GIT_TRACKED;
	}
	/* Extensions; "link": other entries are in another file. */
	while (x.end - x.at >= 8) {
		if (memcmp(x.at, "link", 4) == 0 ||
		    number(x.at + 4, 4) > (size_t)(x.end - x.at - 8))
			return GIT_NOT_KNOWN;
		x.at += 8 + number(x.at + 4, 4);
	}
	return GIT_NOT_TRACKED;
}

/* "<root>/.git/index"; .git may be a file that says "gitdir: PATH". */
static bool
index_path(const char *root, char path[PATH_SIZE])
{
	static const char lead[] = "gitdir: ";
	char *text = NULL, *line;
	size_t len = 0;
	struct stat st;
	int n = -1;

	snprintf(path, PATH_SIZE, "%s/.git", root);
	if (stat(path, &st) != 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return snprintf(path, PATH_SIZE, "%s/.git/index", root) <
		       PATH_SIZE;
	if (!S_ISREG(st.st_mode) ||
	    vaultenv_file_read(path, &text, &len, NULL) != 0)
		return false;
	if (strncmp(text, lead, strlen(lead)) == 0) {
		line = text + strlen(lead);
		line[strcspn(line, "\r\n")] = '\0';
		n = snprintf(path, PATH_SIZE, "%s%s%s/index",
		    line[0] == '/' ? "" : root, line[0] == '/' ? "" : "/",
		    line);
	}
	vaultenv_text_free(&text, len);
	return n > 0 && n < PATH_SIZE;
}

enum git_tracked
git_tracked(const char *root, const char *path)
{
	static const size_t hash_lens[] = { 20, 32 };
	enum git_tracked result = GIT_NOT_KNOWN;
	char index[PATH_SIZE], *bytes = NULL;
	struct stat st;
	size_t len = 0;

	if (!index_path(root, index))
		return GIT_NOT_KNOWN;
	/* No index yet: nothing was ever added. */
	if (stat(index, &st) != 0)
		return GIT_NOT_TRACKED;
	if (!S_ISREG(st.st_mode) ||
	    vaultenv_file_read(index, &bytes, &len, NULL) != 0)
		return GIT_NOT_KNOWN;
	for (size_t i = 0; i < 2 && result == GIT_NOT_KNOWN; i++)
		result = index_search(bytes, len, hash_lens[i], path);
	vaultenv_text_free(&bytes, len);
	return result;
}
