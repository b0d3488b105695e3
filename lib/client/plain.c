/* SPDX-License-Identifier: MIT */
/*
 * plain.c: a list as it is encrypted: one JSON object of names and values, with
 * nothing in it that another machine could not read. Must not encrypt it.
 */
#include "config.h"

#include <string.h>

#include "client/client.h"
#include "env/env.h"

static int
pair_check(const struct vaultenv_pair *pair, struct vaultenv_error *err)
{
	if (vaultenv_name_is_reserved(pair->name))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Take it out of the list", "%s is never pushed",
		    pair->name);
	if (memchr(pair->value, '\0', pair->value_len) != NULL ||
	    !utf8_is_valid(pair->value, pair->value_len) ||
	    !utf8_is_valid(pair->name, strlen(pair->name)))
		return err_set(err, VAULTENV_ERR_INVALID, "Store it as base64",
		    "%s cannot be pushed: it is not UTF-8 text, or holds a NUL",
		    pair->name);
	return 0;
}

static int
too_large_to_seal(const struct vaultenv_list *list, struct vaultenv_error *err)
{
	struct size size = { .form = "",
		.what = "one version",
		.limit = PLAIN_MAX,
		.code = VAULTENV_ERR_INVALID,
		.hint = PLAIN_SIZE_HINT };
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++)
		size.len += strlen(pair->name) + pair->value_len;
	return size_error(list, &size, err);
}

int
plain_write(struct json_writer *plain, const struct vaultenv_list *list,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	int r;

	json_put_raw(plain, "{");
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		if ((r = pair_check(pair, err)) != 0)
			return r;
		json_put_name(plain, pair->name);
		json_put_string(plain, pair->value, pair->value_len);
	}
	json_put_raw(plain, "}");
	if (plain->r == VAULTENV_ERR_INVALID)
		return too_large_to_seal(list, err);
	return plain->r == 0 ? 0 : err_general(err, plain->r);
}
