/* SPDX-License-Identifier: MIT */
/*
 * cmd-enroll.c: a device for CI or a server: one line to paste there as a
 * secret. Must not let the secret through stdio, nor forget it before it was
 * printed.
 */
#include "config.h"

#include <string.h>

#include "key.h"
#include "members.h"
#include "output.h"

#define DEFAULT_NAME    "machine"
#define DEFAULT_EXPIRES "365d"

static int
options_check(const struct args *args, struct vaultenv_scope *scope)
{
	const bool is_admin =
	    args->role != NULL && strcmp(args->role, "admin") == 0;
	int code;

	if (args->format != NULL && strcmp(args->format, "github") != 0) {
		error_print(
		    "See: vault-env enroll --help", "--format must be github");
		return EXIT_USAGE;
	}
	if (args->envs[0] == NULL && !is_admin) {
		error_print("See: vault-env enroll --help",
		    "The option --env ENV is needed");
		return EXIT_USAGE;
	}
	if ((code = scope_from_args(args, scope)) != EXIT_DONE)
		return code;
	if (scope->role == NULL)
		scope->role = "reader";
	if (scope->expires == NULL && !is_admin)
		scope->expires = DEFAULT_EXPIRES;
	return EXIT_DONE;
}

static int
lines_print(
    const struct args *args, const char *url, const struct vaultenv_enrolled *e)
{
	const bool all = args->format != NULL;
	int code = EXIT_DONE;

	if (all)
		code = key_line("VAULT_KEY", e->vault_key);
	if (code == EXIT_DONE)
		code = key_line("VAULT_DEVICE_SECRET", e->device_secret);
	if (code == EXIT_DONE && all)
		printf("VAULT_URL=%s\n", url);
	return code;
}

static int
json_print(const char *url, const struct vaultenv_enrolled *e)
{
	int code;

	putchar('{');
	json_member("device_id", e->device.id);
	putchar(',');
	json_member("device_name", e->device.name);
	members_scope_json(&e->device);
	putchar(',');
	json_member("vault_url", url);
	putchar(',');
	if ((code = key_json("vault_key", e->vault_key)) != EXIT_DONE)
		return code;
	putchar(',');
	code = key_json("vault_device_secret", e->device_secret);
	if (code == EXIT_DONE)
		puts("}");
	return code;
}

static void
told(const struct args *args, const struct vaultenv_enrolled *e)
{
	char scope[SCOPE_TEXT_MAX];

	members_scope_text(&e->device, scope);
	if (e->is_resumed)
		note_print(args,
		    "Going on with the device %s that was begun before",
		    e->device.name);
	note_print(args,
	    "Enrolled %s, %s: %s. What was printed is not shown again: store "
	    "it as a secret of that machine, which needs VAULT_KEY, too",
	    e->device.name, e->device.id, scope);
}

/* The file with the secret goes when the print is out, and not before. */
static int
hand_over(const struct args *args, struct vaultenv_client *client,
    struct vaultenv_enrolled *e)
{
	const char *url = vaultenv_client_url(client);
	struct vaultenv_error err;
	int code;

	code = args->json ? json_print(url, e) : lines_print(args, url, e);
	if (code != EXIT_DONE || (code = out_finish(code)) != EXIT_DONE)
		return code;
	if (vaultenv_enrolled_finish(client, e, &err) != 0)
		return session_fail(&err);
	told(args, e);
	return EXIT_DONE;
}

static int
enroll_run(const struct args *args)
{
	const char *name = args->name != NULL ? args->name : DEFAULT_NAME;
	struct vaultenv_enrolled *enrolled = NULL;
	struct vaultenv_client *client = NULL;
	struct vaultenv_scope scope;
	struct vaultenv_error err;
	int code, r;

	if ((code = options_check(args, &scope)) != EXIT_DONE ||
	    (code = session_open(args, &client)) != EXIT_DONE ||
	    (code = members_tend(args, client, NULL)) != EXIT_DONE)
		goto out;
	wait_begin(args, "enrolling the device");
	r = vaultenv_device_enroll(client, name, &scope, &enrolled, &err);
	wait_end();
	code = r == 0 ? hand_over(args, client, enrolled) : session_fail(&err);
out:
	vaultenv_enrolled_free(&enrolled);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row enroll_options[] = {
	SCOPE_OPTIONS("reader (default), writer or admin",
	    "how long it may (default: 365d), or never"),
	{ "--name", "NAME", OPTION_NAME, false, ARG(name),
	    "what list-devices calls it (default: machine)" },
	{ "--format", "FORMAT", OPTION_TEXT, false, ARG(format),
	    "github: the lines for VAULT_KEY and VAULT_URL, too" },
	{ "--no-history", NULL, OPTION_FLAG, false, ARG(no_history),
	    "without the keys of older versions" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_enroll = {
	.name = "enroll",
	.summary = "Make a device for CI or a server, and print its secret",
	.about =
	    "It is admitted at once, with an identity of its own. The line "
	    "is printed once:\npaste it as a secret of that machine. Who ran "
	    "it has seen the secret. If it is\ninterrupted, run it again: "
	    "it goes on with the same device.",
	.options = enroll_options,
	.v2 = true,
	.run = enroll_run,
};
