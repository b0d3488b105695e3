/* SPDX-License-Identifier: MIT */
/*
 * move.c: takes the secrets out of a .env file once they are in the vault. Must
 * not remove a value that was not pulled again a moment ago, nor do it in more
 * than one step.
 */
#include "config.h"

#include <string.h>

#include "envfile.h"
#include "move.h"
#include "output.h"
#include "session.h"

/* The first name whose value is not in the vault; NULL: all are. */
static const char *
missing(const struct vaultenv_list *file, const struct vaultenv_list *vault)
{
	const struct vaultenv_pair *pair, *kept;

	for (size_t i = 0; (pair = vaultenv_list_at(file, i)) != NULL; i++) {
		if (vaultenv_name_is_reserved(pair->name))
			continue;
		kept = vaultenv_list_find(vault, pair->name);
		if (kept == NULL || kept->value_len != pair->value_len ||
		    memcmp(kept->value, pair->value, pair->value_len) != 0)
			return pair->name;
	}
	return NULL;
}

static int
keys_write(const struct vaultenv_envfile *file, struct vaultenv_error *err)
{
	struct text text = { 0 };
	int r;

	if ((r = envfile_keep(file, &text, err)) == 0)
		r = envfile_store(vaultenv_envfile_path(file),
		    text.bytes != NULL ? text.bytes : "", text.len, err);
	text_wipe(&text);
	return r;
}

int
move_out(const struct args *args, struct vaultenv_client *client,
    const char *path, int64_t version)
{
	struct vaultenv_envfile *file = NULL;
	struct vaultenv_list *vault = NULL;
	struct vaultenv_error err;
	const char *name;
	int code = EXIT_DONE, r;

	wait_begin(args, "pulling what was pushed");
	r = vaultenv_secrets_pull(client, version, &vault, NULL, &err);
	wait_end();
	if (r != 0 || (r = vaultenv_envfile_read(path, &file, &err)) != 0) {
		code = session_fail(&err);
		goto out;
	}
	name = missing(vaultenv_envfile_list(file), vault);
	if (name != NULL) {
		error_print("Push it, then try again",
		    "Nothing was removed from %s: version %lld does not have "
		    "its value of %s",
		    path, (long long)version, name);
		code = EXIT_FAILED;
	} else if (keys_write(file, &err) != 0) {
		code = session_fail(&err);
	} else {
		say(args, "Left only the keys in %s", path);
	}
out:
	vaultenv_envfile_free(&file);
	vaultenv_list_free(&vault);
	return code;
}
