/* SPDX-License-Identifier: MIT */
/*
 * revoke-v2.c: shuts devices out of a project of protocol v2: says first what
 * goes with it, then what they could read. After an admin VAULT_KEY is
 * replaced, too, for an admin may have made secrets of machines.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "revoke.h"
#include "session.h"
#include "text.h"

struct revocation {
	const struct args *args;
	struct vaultenv_client *client;
	struct vaultenv_devices *list;
	const char **ids; /* borrowed from args and list */
	size_t n;
	size_t n_done;
	const char *own; /* this device's id, if it is one of them: the last */
	bool has_admin;
	bool had_admin; /* one that an earlier run has removed */
	struct vaultenv_environments *confirmed;
};

static bool
is_chosen(const struct revocation *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->ids[i], id) == 0)
			return true;
	return false;
}

static bool
is_in_force(const struct vaultenv_device *d)
{
	return strcmp(d->status, "approved") == 0;
}

static bool
was_admitted_by(const struct vaultenv_device *d, const char *id)
{
	return is_in_force(d) && d->approved_by != NULL &&
	       strcmp(d->approved_by, id) == 0;
}

static void
choose(struct revocation *r, const struct vaultenv_device *d)
{
	if (is_chosen(r, d->id))
		return;
	r->ids[r->n++] = d->id;
	if (strcmp(d->role, "admin") == 0) {
		r->has_admin |= is_in_force(d);
		r->had_admin |= !is_in_force(d);
	}
}

/* All of them have to be there before the first is shut out. */
static int
ids_choose(struct revocation *r)
{
	const struct args *args = r->args;
	const struct vaultenv_device *d;

	r->ids = calloc(r->list->n + 1, sizeof(*r->ids));
	if (r->ids == NULL) {
		error_print(NULL, "Out of memory");
		return EXIT_FAILED;
	}
	for (const char *const *id = args->ids; *id != NULL; id++) {
		d = device_find(r->list, *id);
		if (d == NULL || d->role == NULL) {
			error_print(
			    "Run: vault-env list-devices", "Device not found");
			return EXIT_FAILED;
		}
		choose(r, d);
	}
	for (size_t i = 0; args->admitted_by != NULL && i < r->list->n; i++)
		if (was_admitted_by(&r->list->at[i], args->admitted_by))
			choose(r, &r->list->at[i]);
	if (r->n > 0)
		return EXIT_DONE;
	error_print("Run: vault-env list-devices",
	    "No device that is left was admitted by %s", args->admitted_by);
	return EXIT_FAILED;
}

/* It can do nothing after that, so it comes last. */
static void
own_last(struct revocation *r, const char *own)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->ids[i], own) != 0)
			continue;
		r->own = r->ids[i];
		r->ids[i] = r->ids[r->n - 1];
		r->ids[r->n - 1] = r->own;
	}
}

static bool
asks(const struct args *args)
{
	return !args->yes && !args->json && can_ask();
}

/* Nothing may be half done because nobody can say yes to the second half. */
static int
rotation_check(const struct revocation *r)
{
	const struct args *args = r->args;

	if (!r->has_admin || r->own != NULL || args->keep_key || args->yes ||
	    asks(args))
		return EXIT_DONE;
	error_print("Use --yes, or --keep-key to keep it",
	    "An admin's device is to be revoked, and VAULT_KEY is replaced "
	    "with that: nobody can be asked");
	return EXIT_USAGE;
}

static bool
device_ask(const struct vaultenv_device *d)
{
	char scope[SCOPE_TEXT_MAX];

	members_scope_text(d, scope);
	return ask("Revoke %s, %s (%s)?", d->name, d->id, scope);
}

static int
all_ask(const struct revocation *r)
{
	if (!asks(r->args))
		return EXIT_DONE;
	for (size_t i = 0; i < r->n; i++) {
		if (device_ask(device_find(r->list, r->ids[i])))
			continue;
		error_print(NULL, "No device was revoked");
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* The line that makes a machine's device anew. */
static void
replacement_say(const struct args *args, const struct vaultenv_device *d)
{
	const char *at = d->environments;
	struct text envs = { 0 };
	size_t len;

	for (; *at != '\0'; at += strspn(at, ", ")) {
		len = strcspn(at, ",");
		text_printf(&envs, " --env '%.*s'", (int)len, at);
		at += len;
	}
	if (!envs.failed && envs.len > 0)
		note_print(args,
		    "A machine that used %s gets a new device by: vault-env "
		    "enroll%s --role %s --name NAME",
		    d->name, envs.bytes, d->role);
	text_wipe(&envs);
}

/* Whoever made a device has seen its secret. */
static void
admitted_by(struct revocation *r, const char *id)
{
	for (size_t i = 0; i < r->list->n; i++) {
		const struct vaultenv_device *d = &r->list->at[i];

		if (!was_admitted_by(d, id) || is_chosen(r, d->id))
			continue;
		if (asks(r->args)) {
			note_print(r->args,
			    "%s was admitted by it, so its secret may be known "
			    "there",
			    d->name);
			if (device_ask(d))
				choose(r, d);
		} else {
			note_print(r->args,
			    "%s was admitted by it, so its secret may be known "
			    "there. To revoke it, too, run: vault-env "
			    "revoke-device --id %s",
			    d->name, d->id);
		}
		replacement_say(r->args, d);
	}
}

static int
revoke(struct revocation *r)
{
	struct vaultenv_error err;
	int status;

	wait_begin(r->args, "revoking, and making new data keys");
	status = vaultenv_devices_revoke(
	    r->client, r->ids, r->n, &r->n_done, &r->confirmed, &err);
	wait_end();
	return status == 0 ? EXIT_DONE : session_fail(&err);
}

/* What was read is out: it is but named, and remembered for status. */
static void
exposed_tell(const struct revocation *r, const struct vaultenv_device *d,
    const struct vaultenv_exposed *exposed)
{
	char when[WHEN_MAX];

	when_ago(d->last_seen_at, when);
	if (r->args->json) {
		putchar('{');
		json_member("device_id", d->id);
		putchar(',');
		json_member("device_name", d->name);
		putchar(',');
		json_member("last_seen_at", d->last_seen_at);
		fputs(",\"exposed\":", stdout);
		if (exposed != NULL)
			exposed_json(exposed);
		else
			json_string(NULL);
		putchar('}');
	}
	say(r->args,
	    "Revoked %s, %s; by the server's word it was last seen: %s",
	    d->name, d->id, when);
	if (r->args->json || r->args->quiet || exposed == NULL ||
	    exposed->n == 0)
		return;
	say(r->args, "It could read, and keeps what it has read: change these "
		     "where they come from");
	exposed_table(exposed);
}

/* True if nobody is left here who could ask. */
static bool
is_out(const struct revocation *r)
{
	return r->own != NULL && r->n_done == r->n;
}

/* An exit code: what could not be found out is not nothing. */
static int
exposed_each(const struct revocation *r)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < r->n_done; i++) {
		const struct vaultenv_device *d =
		    device_find(r->list, r->ids[i]);
		struct vaultenv_exposed *exposed = NULL;
		struct vaultenv_error err;

		if (!is_out(r) &&
		    (vaultenv_device_exposed(
			 r->client, d->id, &exposed, &err) != 0 ||
			vaultenv_exposed_keep(r->client, exposed, &err) != 0))
			code = session_fail(&err);
		if (r->args->json && i > 0)
			putchar(',');
		exposed_tell(r, d, exposed);
		vaultenv_exposed_free(&exposed);
	}
	return code;
}

/* What is left has to be done where somebody still may. */
static void
rest_tell(const struct revocation *r)
{
	struct text line = { 0 };

	for (size_t i = 0; i < r->n; i++)
		text_printf(&line, " --id %s", r->ids[i]);
	note_print(r->args,
	    "This machine was one of them and can do nothing more here. What "
	    "could be read and new data keys are left to another admin: "
	    "vault-env revoke-device%s%s",
	    line.failed ? "" : line.bytes,
	    r->args->keep_key
		? ""
		: ". So is another VAULT_KEY: vault-env rotate-key --leaked");
	text_wipe(&line);
}

static int
done_tell(const struct revocation *r)
{
	const struct vaultenv_environments *c = r->confirmed;
	int code;

	if (r->args->json)
		fputs("{\"revoked\":[", stdout);
	code = exposed_each(r);
	if (r->args->json)
		fputs("],\"confirmed\":[", stdout);
	for (size_t i = 0; c != NULL && i < c->n; i++) {
		say(r->args, "Confirmed %s under a new key, now version %lld",
		    c->at[i].name, (long long)c->at[i].version);
		if (!r->args->json)
			continue;
		printf("%s{", i > 0 ? "," : "");
		json_member("environment", c->at[i].name);
		printf(",\"version\":%lld}", (long long)c->at[i].version);
	}
	if (r->args->json)
		puts("]}");
	return code;
}

static int
key_rotate(const struct revocation *r)
{
	struct args args = *r->args;

	if (is_out(r)) {
		rest_tell(r);
		return EXIT_DONE;
	}
	if (!r->has_admin) {
		if (r->had_admin && !args.keep_key)
			note_print(&args,
			    "If VAULT_KEY was not replaced when that admin's "
			    "device was revoked, run: vault-env rotate-key "
			    "--leaked");
		return EXIT_DONE;
	}
	/* Some are left: that comes first. */
	if (args.keep_key || r->n_done < r->n) {
		note_print(&args, "VAULT_KEY is kept. To replace it, run: "
				  "vault-env rotate-key --leaked");
		return EXIT_DONE;
	}
	note_print(&args, "An admin's device was revoked, so VAULT_KEY is "
			  "replaced, too");
	args.leaked = true;
	return command_rotate_key.run(&args);
}

int
revoke_v2(const struct args *args, struct vaultenv_client *client)
{
	struct revocation r = { .args = args, .client = client };
	struct vaultenv_device *self = NULL;
	struct vaultenv_error err;
	int code, told, rotated;
	size_t n;

	if ((code = members_tend(args, client, &r.list)) != EXIT_DONE ||
	    (code = ids_choose(&r)) != EXIT_DONE)
		goto out;
	if (vaultenv_device_self(client, &self, &err) != 0) {
		code = session_fail(&err);
		goto out;
	}
	own_last(&r, self->id);
	if ((code = rotation_check(&r)) != EXIT_DONE ||
	    (code = all_ask(&r)) != EXIT_DONE)
		goto out;
	n = r.n;
	for (size_t i = 0; r.has_admin && i < n; i++)
		admitted_by(&r, r.ids[i]);
	own_last(&r, self->id);
	code = revoke(&r);
	if (r.n_done > 0) {
		told = done_tell(&r);
		/* Whatever failed: a removed admin still has VAULT_KEY. */
		rotated = key_rotate(&r);
		code = code != EXIT_DONE      ? code
		       : rotated != EXIT_DONE ? rotated
					      : told;
	}
out:
	free(r.ids);
	vaultenv_device_free(&self);
	vaultenv_environments_free(&r.confirmed);
	vaultenv_devices_free(&r.list);
	return code;
}
