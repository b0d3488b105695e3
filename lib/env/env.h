/* SPDX-License-Identifier: MIT */
/*
 * env/: names and values, .env text and ${NAME}: text in, text out. Opens no
 * file, knows no key and no server.
 */
#ifndef VAULTENV_ENV_H
#define VAULTENV_ENV_H

#include "base/base.h"

/* ---- list.c: see vaultenv.h ---- */

/* vaultenv_list_set() for a name that is not NUL-terminated. */
int list_set(struct vaultenv_list *list, const char *name, size_t name_len,
    const char *value, size_t value_len);
/* Room in advance; only speed depends on it. bytes: of names and values, with
 * a NUL for each. NOMEM. */
int list_reserve(struct vaultenv_list *list, size_t n_names, size_t bytes);
/* This name will be set soon; only speed depends on it. Returns its hash. */
uint32_t list_expect(
    const struct vaultenv_list *list, const char *name, size_t name_len);
/* list_set() with that hash, for a name that can hold no '=' and no NUL. */
int list_set_expected(struct vaultenv_list *list, const char *name,
    size_t name_len, uint32_t hash, const char *value, size_t value_len);

/* ---- list-diff.c: see vaultenv.h ---- */

bool
pair_value_equal(const struct vaultenv_pair *a, const struct vaultenv_pair *b);

/* ---- list-merge.c ---- */

enum list_side { LIST_NEITHER, LIST_MINE, LIST_THEIRS };

/*
 * What mine and theirs make together, both made from base (NULL: from nothing).
 * A name that both have changed differently is taken as prefer has it; with
 * LIST_NEITHER it is mine, and its name is added to conflicts. NOMEM, INVALID.
 */
int
list_merge(const struct vaultenv_list *base, const struct vaultenv_list *mine,
    const struct vaultenv_list *theirs, enum list_side prefer,
    struct vaultenv_list **out, struct vaultenv_list *conflicts);

/* ---- names.c ---- */

#define NAMES_TEXT 240

/* "A, B and C", or "A, B and 7 more" if they are too long. */
void names_join(const struct vaultenv_list *list, char out[NAMES_TEXT]);

/* ---- dotenv.c: reading .env text; dotenv-parse.c: to a list ---- */

/* One assignment, as offsets into the text. */
struct dotenv_assignment {
	size_t name;
	size_t name_len;
	size_t value; /* as it stands there: quotes included, trimmed */
	size_t value_end;
	bool open;     /* what follows may take part in the value: it
			* begins with a quote that nothing surely closes */
	uint32_t hash; /* the reader's own: of list_expect() */
};

struct dotenv_scan {
	const char *text; /* borrowed */
	size_t len;
	size_t pos;
	bool plain; /* LF is the only line terminator in text */
};

void dotenv_scan_init(struct dotenv_scan *s, const char *text, size_t len);
/* False at the end of the text. */
bool dotenv_next(struct dotenv_scan *s, struct dotenv_assignment *a);
/* The value without quotes and escapes: borrowed from the text or, where that
 * has other bytes, from scratch, which is overwritten. NOMEM. */
int dotenv_value(const struct dotenv_scan *s, const struct dotenv_assignment *a,
    struct blob *scratch, const char **value, size_t *value_len);
/* The first line terminator at or after pos, or the end of the text. */
size_t dotenv_line_end(const struct dotenv_scan *s, size_t pos);

/* ---- encoding.c ---- */

/* INVALID, with the command that converts the file: not UTF-8 but UTF-16 or
 * UTF-32, from some byte on. path: for the sentence. */
int encoding_check(
    const char *path, const char *text, size_t len, struct vaultenv_error *err);

/* ---- dotenv-write.c: making .env text ---- */

/* One line without its line break. UNWRITABLE. */
int dotenv_append_pair(struct blob *out, const struct vaultenv_pair *pair,
    struct vaultenv_error *err);

/* ---- names.c ---- */

/* Whoever has these has the secrets: a program that gets the secrets does not
 * need them. */
bool name_is_secret_key(const char *name);

/* vaultenv_name_runs_code(), less what .env files hold for other reasons. */
bool name_runs_code_in_file(const char *name);

/* ---- expand.c: ${NAME} in values ---- */

struct expand_scope {
	const struct vaultenv_list *names;
	const struct vaultenv_list *environment; /* NULL: the process's own */
	bool override;                           /* names first */
};

/* Appends text with its ${NAME} and ${NAME:-default} replaced. */
int expand_value(struct blob *out, const char *text, size_t len,
    const struct expand_scope *scope);

#endif /* VAULTENV_ENV_H */
