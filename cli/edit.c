/* SPDX-License-Identifier: MIT */
/*
 * edit.c: one name of what is on the server, set or deleted, whoever changes
 * the others meanwhile. Must not push anything that was not pulled a moment
 * ago: the library's change does both.
 */
#include "config.h"

#include <string.h>

#include "edit.h"
#include "output.h"
#include "secrets.h"
#include "session.h"

struct edit {
	const char *name;
	const char *value; /* NULL: delete */
	size_t value_len;
	const char *environment;
};

bool
edit_name_check(const char *name)
{
	if (vaultenv_name_is_reserved(name)) {
		error_print(NULL, "%s is never stored on the server", name);
		return false;
	}
	if (name[0] == '\0' ||
	    name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			      "uvwxyz0123456789_.-")] != '\0') {
		error_print("Use letters, digits, '_', '.' and '-'",
		    "\"%s\" cannot be the name of a variable", name);
		return false;
	}
	return true;
}

static int
list_edit(void *arg, struct vaultenv_list *list, struct vaultenv_error *err)
{
	const struct edit *e = arg;
	int r;

	if (e->value != NULL)
		r = vaultenv_list_set(list, e->name, e->value, e->value_len);
	else
		r = vaultenv_list_delete(list, e->name);
	if (r == VAULTENV_ERR_NOT_FOUND)
		return secrets_lack(e->environment, e->name, err);
	if (r != 0)
		vaultenv_error_set(err, r, NULL, "%s", vaultenv_strerror(r));
	return r;
}

int
edit(const struct args *args, const char *name, const char *value,
    size_t value_len)
{
	struct edit e = { name, value, value_len, NULL };
	const struct vaultenv_change_options options = {
		.edit = list_edit, .arg = &e, .needs_secrets = value == NULL
	};
	struct vaultenv_changed *changed = NULL;
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	int code, r;

	if ((code = session_open_to_write(args, &client)) != EXIT_DONE)
		goto out;
	e.environment = vaultenv_client_environment(client);
	wait_begin(args, "changing the secrets");
	r = vaultenv_secrets_change(client, &options, &changed, &err);
	wait_end();
	if (r == 0) {
		changed_tell(args, e.environment, changed);
	} else {
		vaultenv_environments_explain(client, &err);
		code = session_fail(&err);
	}
out:
	vaultenv_changed_free(&changed);
	vaultenv_client_free(&client);
	return code;
}
