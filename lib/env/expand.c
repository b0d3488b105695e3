/* SPDX-License-Identifier: MIT */
/*
 * expand.c: where values meet the process's environment: ${NAME} in values, and
 * setenv(3). Reads no file. Only what has setenv in its name changes anything
 * outside.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "env/env.h"

#define EXPANDED_MAX ((size_t)16 << 20) /* of a list */

/* One ${NAME} or ${NAME:-default}, as offsets into the text. */
struct reference {
	size_t name;
	size_t name_len;
	size_t fallback; /* 0: none */
	size_t fallback_len;
	size_t end;
};

/*
 * Whether one begins at pos. As python-dotenv: a name ends at the first ':' or
 * '}' and may be anything else, a default ends at the first '}'.
 */
static bool
reference_at(const char *text, size_t len, size_t pos, struct reference *ref)
{
	size_t i = pos + 2;

	if (len - pos < 3 || text[pos] != '$' || text[pos + 1] != '{')
		return false;
	for (ref->name = i; i < len && text[i] != '}' && text[i] != ':'; i++)
		continue;
	ref->name_len = i - ref->name;
	ref->fallback = ref->fallback_len = 0;
	if (i < len && text[i] == ':') {
		if (len - i < 3 || text[i + 1] != '-')
			return false;
		for (ref->fallback = i += 2; i < len && text[i] != '}'; i++)
			continue;
		ref->fallback_len = i - ref->fallback;
	}
	ref->end = i + 1;
	return i < len;
}

/* NULL: not set. Borrowed. */
static const char *
environment_find(
    const struct expand_scope *scope, const char *name, size_t *len)
{
	const struct vaultenv_pair *pair;
	const char *value;

	if (scope->environment == NULL) {
		value = getenv(name);
		*len = value == NULL ? 0 : strlen(value);
		return value;
	}
	if ((pair = vaultenv_list_find(scope->environment, name)) == NULL)
		return NULL;
	*len = pair->value_len;
	return pair->value;
}

static const char *
scope_find(const struct expand_scope *scope, const char *name, size_t *len)
{
	const struct vaultenv_pair *pair =
	    vaultenv_list_find(scope->names, name);
	const char *value = NULL;

	if (!scope->override || pair == NULL)
		value = environment_find(scope, name, len);
	if (value == NULL && pair != NULL) {
		value = pair->value;
		*len = pair->value_len;
	}
	return value;
}

static int
append_reference(struct blob *out, const char *text,
    const struct reference *ref, const struct expand_scope *scope)
{
	const char *value = NULL;
	size_t len = 0;
	char *name;
	int r;

	/* getenv("A=B") would find A=B=C. */
	if (ref->name_len > 0 &&
	    memchr(text + ref->name, '=', ref->name_len) == NULL &&
	    memchr(text + ref->name, '\0', ref->name_len) == NULL) {
		name = strndup(text + ref->name, ref->name_len);
		if (name == NULL)
			return VAULTENV_ERR_NOMEM;
		value = scope_find(scope, name, &len);
		r = value == NULL ? 0 : blob_append(out, value, len);
		free(name);
		if (value != NULL)
			return r;
	}
	return ref->fallback == 0
		   ? 0
		   : blob_append(out, text + ref->fallback, ref->fallback_len);
}

int
expand_value(struct blob *out, const char *text, size_t len,
    const struct expand_scope *scope)
{
	struct reference ref;
	size_t done = 0, i = 0;
	int r;

	while (i < len) {
		if (!reference_at(text, len, i, &ref)) {
			i++;
			continue;
		}
		if ((r = blob_append(out, text + done, i - done)) != 0 ||
		    (r = append_reference(out, text, &ref, scope)) != 0)
			return r;
		done = i = ref.end;
	}
	return blob_append(out, text + done, len - done);
}

int
vaultenv_list_expand(
    struct vaultenv_list *list, int override, struct vaultenv_error *err)
{
	struct vaultenv_list *before = NULL;
	struct expand_scope scope = { NULL, NULL, override != 0 };
	const struct vaultenv_pair *pair;
	struct blob value;
	size_t i;
	int r;

	blob_init(&value, EXPANDED_MAX);
	if ((r = vaultenv_list_new(&before)) != 0)
		goto out;
	scope.names = before;
	for (i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		blob_reset(&value);
		if ((r = expand_value(
			 &value, pair->value, pair->value_len, &scope)) != 0 ||
		    (r = vaultenv_list_set(before, pair->name,
			 (const char *)value.data, value.len)) != 0)
			goto out;
	}
	for (i = 0; (pair = vaultenv_list_at(before, i)) != NULL; i++) {
		r = vaultenv_list_set(
		    list, pair->name, pair->value, pair->value_len);
		if (r != 0)
			goto out;
	}
out:
	if (r == VAULTENV_ERR_INVALID)
		err_set(err, r, "Use fewer of them",
		    "The values would be larger than 16 MiB with their ${...} "
		    "replaced");
	else if (r != 0)
		err_general(err, r);
	vaultenv_list_free(&before);
	blob_reset(&value);
	return r;
}

int
vaultenv_list_setenv(
    const struct vaultenv_list *list, int override, struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	size_t i;

	for (i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		if (strlen(pair->value) != pair->value_len)
			return err_set(err, VAULTENV_ERR_INVALID,
			    "Store it as base64",
			    "%s cannot be an environment variable: its value "
			    "holds a NUL",
			    pair->name);
	}
	for (i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		if (setenv(pair->name, pair->value, override != 0) != 0)
			return err_general(err, VAULTENV_ERR_NOMEM);
	}
	return 0;
}
