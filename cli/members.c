/* SPDX-License-Identifier: MIT */
/*
 * members.c: see members.h. Must not decide what a device may: that is asked
 * for, and judged by the library.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "members.h"
#include "session.h"

const struct vaultenv_device *
device_find(const struct vaultenv_devices *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *row = list->at[i].id;

		if (strncmp(row, id, strlen(row)) == 0 &&
		    (strlen(row) == strlen(id) ||
			strcmp(list->at[i].status, "pending") == 0))
			return &list->at[i];
	}
	return NULL;
}

/* What it could read is listed by status from now on. */
static int
expired_revoke(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	struct vaultenv_exposed *exposed = NULL;
	int r;

	if ((r = vaultenv_device_revoke(client, id, err)) == 0 &&
	    (r = vaultenv_device_exposed(client, id, &exposed, err)) == 0)
		r = vaultenv_exposed_keep(client, exposed, err);
	vaultenv_exposed_free(&exposed);
	return r;
}

/* They can do nothing at an honest server, but a hostile one lets them. */
static void
expired_offer(const struct args *args, struct vaultenv_client *client,
    const struct vaultenv_device *d)
{
	struct vaultenv_error err;
	char when[WHEN_MAX];
	int r;

	when_text(d->expires_at, when);
	warning_print("The access of %s ended %s. To make that final, run: "
		      "vault-env revoke-device --id %s",
	    d->name, when, d->id);
	if (args->yes || !can_ask() || !ask("Revoke %s now?", d->name))
		return;
	wait_begin(args, "revoking the device");
	r = expired_revoke(client, d->id, &err);
	wait_end();
	if (r != 0)
		session_fail(&err);
	else
		note_print(args,
		    "Revoked %s, %s: status lists what it could read", d->name,
		    d->id);
}

static void
end_warn(const struct vaultenv_device *d)
{
	warning_print("The access of %s ends on %.10s. To extend it, run: "
		      "vault-env scope-device --id %s --expires 365d",
	    d->name, d->expires_at, d->id);
}

int
members_tend(const struct args *args, struct vaultenv_client *client,
    struct vaultenv_devices **out)
{
	struct vaultenv_devices *list = NULL;
	const struct vaultenv_device *d;
	struct vaultenv_error err;
	int r;

	if (vaultenv_client_require_v2(client, &err) != 0)
		return session_fail(&err);
	wait_begin(args, "reading the devices");
	r = out != NULL ? vaultenv_device_list(client, &list, &err)
			: vaultenv_device_members(client, &list, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	for (size_t i = 0; !list->is_from_log && i < list->n; i++) {
		d = &list->at[i];
		if (d->has_expired)
			expired_offer(args, client, d);
		else if (d->ends_soon)
			end_warn(d);
	}
	if (out != NULL)
		*out = list;
	else
		vaultenv_devices_free(&list);
	return EXIT_DONE;
}

void
members_scope_text(const struct vaultenv_device *d, char out[SCOPE_TEXT_MAX])
{
	const char *envs = strcmp(d->environments, "*") == 0
			       ? "all environments"
			       : d->environments;

	snprintf(out, SCOPE_TEXT_MAX, "%s of %s%s%.10s", d->role, envs,
	    d->expires_at != NULL ? " until " : "",
	    d->expires_at != NULL ? d->expires_at : "");
}

/* "a, b" as ["a","b"]: a name has neither comma nor quote. */
static void
envs_json(const char *envs)
{
	putchar('[');
	for (const char *p = envs; *p != '\0'; p++) {
		if (p == envs)
			putchar('"');
		if (*p == ',' && p[1] == ' ') {
			fputs("\",\"", stdout);
			p++;
		} else {
			putchar(*p);
		}
	}
	fputs(*envs == '\0' ? "]" : "\"]", stdout);
}

void
members_scope_json(const struct vaultenv_device *d)
{
	putchar(',');
	json_member("role", d->role);
	fputs(",\"environments\":", stdout);
	if (d->environments == NULL)
		fputs("null", stdout);
	else
		envs_json(d->environments);
	putchar(',');
	json_member("expires_at", d->expires_at);
}

int
scope_from_args(const struct args *args, struct vaultenv_scope *scope)
{
	struct vaultenv_error err;

	*scope = (struct vaultenv_scope){
		.role = args->role,
		.environments = args->envs[0] != NULL ? args->envs : NULL,
		.expires = args->expires,
		.max_cache = args->max_cache,
		.fresh = args->fresh,
		.no_history = args->no_history,
	};
	if (vaultenv_scope_check(scope, &err) == 0)
		return EXIT_DONE;
	error_show(&err);
	return EXIT_USAGE;
}

/* False: more than there is room for. */
static bool
words_split(struct typed *typed)
{
	static const char between[] = " ,\t";
	char *word = typed->line + strspn(typed->line, between);
	size_t n = 0, len;

	for (; *word != '\0' && n < MAX_LIST; n++) {
		typed->envs[n] = word;
		word += strcspn(word, between);
		len = strspn(word, between);
		if (len > 0)
			*word = '\0';
		word += len;
	}
	typed->envs[n] = NULL;
	return *word == '\0';
}

static int
no_answer(void)
{
	error_print("Use --role and --env",
	    "There was no answer, or one that is too long");
	return EXIT_FAILED;
}

static int
envs_ask(struct vaultenv_scope *scope, struct typed *typed)
{
	if (!ask_line(typed->line, sizeof(typed->line),
		"Environments, or * for all [*]:"))
		return no_answer();
	if (!words_split(typed)) {
		error_print("Write * for all",
		    "More than %d environments are given", MAX_LIST);
		return EXIT_FAILED;
	}
	if (typed->envs[0] != NULL)
		scope->environments = typed->envs;
	return EXIT_DONE;
}

int
scope_ask(const struct args *args, struct vaultenv_scope *scope,
    struct typed *typed, const char *role, bool *was_asked)
{
	struct vaultenv_error err;
	int code;

	*was_asked = false;
	if (args->yes || !can_ask())
		return EXIT_DONE;
	if (scope->role == NULL) {
		*was_asked = true;
		if (!ask_line(typed->role, sizeof(typed->role),
			"Role (reader, writer or admin) [%s]:", role))
			return no_answer();
		if (typed->role[0] != '\0')
			scope->role = typed->role;
	}
	if (scope->environments == NULL &&
	    (scope->role == NULL || strcmp(scope->role, "admin") != 0)) {
		*was_asked = true;
		if ((code = envs_ask(scope, typed)) != EXIT_DONE)
			return code;
	}
	if (vaultenv_scope_check(scope, &err) == 0)
		return EXIT_DONE;
	error_show(&err);
	return EXIT_FAILED;
}
