/* SPDX-License-Identifier: MIT */
/*
 * edit.c: compare and swap. Pulls, changes one name, pushes with the version
 * that was pulled; if somebody was faster, all over again from what is there
 * then. Must not push anything that was not pulled a moment ago.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "edit.h"
#include "output.h"
#include "secrets.h"
#include "session.h"

#define MAX_TRIES   20
#define MAX_WAIT_MS 1000

struct edit {
	const struct args *args;
	const char *name;
	const char *value; /* NULL: delete */
	size_t value_len;
	struct vaultenv_client *client;
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

/* Random, so that two who collided do not collide again. */
static void
pause_before(int try)
{
	uint32_t random = 0;
	long max_ms = 20L << (try < 6 ? try : 6), ms;
	struct timespec t;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)time(NULL);
	if (max_ms > MAX_WAIT_MS)
		max_ms = MAX_WAIT_MS;
	ms = (long)(random % (uint32_t)max_ms);
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&t, NULL);
}

/* *before is empty, and *version 0, when nothing was pushed yet. */
static int
current_read(
    const struct edit *e, struct vaultenv_list **before, int64_t *version)
{
	struct vaultenv_error err;
	int r;

	*version = 0;
	r = vaultenv_secrets_pull(e->client, 0, before, version, &err);
	if (r == VAULTENV_ERR_NO_SECRETS && e->value != NULL)
		r = vaultenv_list_new(before);
	else if (r == VAULTENV_ERR_DECRYPT)
		error_print("Run: vault-env status",
		    "The current version of %s cannot be read with this device "
		    "secret, and a change would lose it",
		    e->environment);
	else if (r != 0) {
		vaultenv_environments_explain(e->client, &err);
		return session_fail(&err);
	}
	return session_exit_code(r);
}

static int
change(const struct edit *e, struct vaultenv_list *list)
{
	if (e->value != NULL)
		return session_exit_code(
		    vaultenv_list_set(list, e->name, e->value, e->value_len));
	if (vaultenv_list_delete(list, e->name) == 0)
		return EXIT_DONE;
	error_print(
	    "See: vault-env pull", "%s has no %s", e->environment, e->name);
	return EXIT_FAILED;
}

static char
mark_of(const struct edit *e, const struct vaultenv_list *before)
{
	const struct vaultenv_pair *old = vaultenv_list_find(before, e->name);

	if (e->value == NULL)
		return '-';
	if (old == NULL)
		return '+';
	return old->value_len == e->value_len &&
		       memcmp(old->value, e->value, e->value_len) == 0
		   ? '\0'
		   : '~';
}

static void
tell(const struct edit *e, const struct vaultenv_change *done, int64_t version)
{
	const struct push_result result = { e->environment, version,
		done->mark != '\0', done, done->mark != '\0' };

	push_json(e->args, &result);
	if (!result.pushed) {
		say(e->args, "Nothing changed: %s is at version %lld",
		    e->environment, (long long)version);
		return;
	}
	if (!e->args->quiet)
		changes_show(e->args, done, 1);
	say(e->args, "Pushed version %lld to %s", (long long)version,
	    e->environment);
}

/* *again: somebody was faster. */
static int
try_once(const struct edit *e, bool *again)
{
	struct vaultenv_change done = { '\0', e->name };
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;
	int64_t version = 0;
	int code, r = 0;

	*again = false;
	if ((code = current_read(e, &list, &version)) != EXIT_DONE)
		goto out;
	done.mark = mark_of(e, list);
	if (secrets_drop_reserved(list) != 0) {
		error_print(NULL, "Out of memory");
		code = EXIT_FAILED;
		goto out;
	}
	if ((code = change(e, list)) != EXIT_DONE)
		goto out;
	if (done.mark != '\0')
		r = vaultenv_secrets_push(
		    e->client, list, version, &done, 1, &version, &err);
	if (r == 0) {
		wait_end();
		tell(e, &done, version);
	} else if (r == VAULTENV_ERR_CONFLICT && err.current_version > 0) {
		*again = true;
	} else {
		code = session_fail(&err);
	}
out:
	vaultenv_list_free(&list);
	return code;
}

int
edit(const struct args *args, const char *name, const char *value,
    size_t value_len)
{
	struct edit e = { args, name, value, value_len, NULL, NULL };
	bool again = true;
	int code;

	if ((code = session_open(args, &e.client)) != EXIT_DONE)
		goto out;
	e.environment = vaultenv_client_environment(e.client);
	wait_begin(args, "changing the secrets");
	for (int try = 0; again && try < MAX_TRIES; try++) {
		if (try > 0)
			pause_before(try);
		code = try_once(&e, &again);
	}
	wait_end();
	if (again && code == EXIT_DONE) {
		error_print("Try again",
		    "%s was changed by others %d times in a row", e.environment,
		    MAX_TRIES);
		code = EXIT_REFUSED;
	}
out:
	vaultenv_client_free(&e.client);
	return code;
}
