/* SPDX-License-Identifier: MIT */
/*
 * cmd-recovery.c: an admin's device on paper, for the day on which the last
 * admin's machine is lost: made, and typed in again. The paper is of no use
 * without VAULT_KEY.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "key.h"
#include "members.h"
#include "output.h"
#include "recovery.h"
#include "session.h"

#define GROUP       4
#define GROUPS_LINE 4
#define LINE_MAX_IN 1024

/* ---- create ---- */

/* Four lines of four groups. */
static int
digits_print(const char *secret)
{
	char line[2 * GROUP * GROUPS_LINE];
	int code = EXIT_DONE;

	for (size_t at = 0; code == EXIT_DONE && secret[at] != '\0';
	     at += GROUP * GROUPS_LINE) {
		size_t len = 0;

		for (size_t i = 0; i < GROUP * GROUPS_LINE; i++) {
			if (i > 0 && i % GROUP == 0)
				line[len++] = ' ';
			line[len++] = secret[at + i];
		}
		line[len++] = '\n';
		code = out_secret(line, len);
	}
	explicit_bzero(line, sizeof(line));
	return code;
}

static int
paper_print(const struct args *args, const struct vaultenv_enrolled *e)
{
	int code;

	if (!args->json) {
		if ((code = digits_print(e->device_secret)) == EXIT_DONE)
			printf("Device %s\n", e->device.id);
		return code;
	}
	putchar('{');
	json_member("device_id", e->device.id);
	putchar(',');
	code = key_json("vault_device_secret", e->device_secret);
	if (code == EXIT_DONE)
		puts("}");
	return code;
}

static int
create(const struct args *args, struct vaultenv_client *client)
{
	const struct vaultenv_scope scope = { .role = "admin" };
	struct vaultenv_enrolled *e = NULL;
	struct vaultenv_error err;
	int code, r;

	wait_begin(args, "making the recovery device");
	r = vaultenv_device_enroll(client, "recovery", &scope, &e, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	if (e->is_resumed)
		note_print(args, "Going on with the recovery device that was "
				 "begun before");
	if ((code = paper_print(args, e)) == EXIT_DONE &&
	    (code = out_finish(code)) == EXIT_DONE &&
	    vaultenv_enrolled_finish(client, e, &err) != 0)
		code = session_fail(&err);
	if (code == EXIT_DONE)
		note_print(args,
		    "Write this down: it is not shown again. Keep it and "
		    "VAULT_KEY in different places, and after each rotate-key "
		    "the new VAULT_KEY, too: both are needed");
	vaultenv_enrolled_free(&e);
	return code;
}

void
recovery_offer(const struct args *args, struct vaultenv_client *client)
{
	if (args->json || args->quiet || !can_ask())
		return;
	if (ask("Make a recovery paper now, an admin's device to write down?"))
		create(args, client);
	else
		note_print(args,
		    "If this machine is lost, nobody can admit another: you "
		    "would start a new project. To make one later, run: "
		    "vault-env recovery create");
}

/* ---- use ---- */

/* Adds the digits of a line to *n of them. False, error printed: it has
 * something else. */
static bool
digits_add(
    char secret[VAULTENV_DEVICE_SECRET_LEN + 1], size_t *n, const char *line)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	for (; *line != '\0'; line++) {
		if (strchr(" \t\r\n-", *line) != NULL)
			continue;
		if (strchr(hex, *line) == NULL) {
			error_print("Only 0 to 9 and a to f are",
			    "\"%c\" is no digit of a recovery paper", *line);
			return false;
		}
		if (*n < VAULTENV_DEVICE_SECRET_LEN)
			secret[*n] = *line <= '9' ? *line : *line | 0x20;
		++*n;
	}
	return true;
}

static int
digits_read(
    const struct args *args, char secret[VAULTENV_DEVICE_SECRET_LEN + 1])
{
	char line[LINE_MAX_IN];
	bool good = true;
	size_t n = 0;
	ssize_t len;

	if (can_ask())
		note_print(args, "Type the 16 groups of the paper, in as many "
				 "lines as you like:");
	/* Not by stdio, whose buffer nobody wipes. */
	while (good && n < VAULTENV_DEVICE_SECRET_LEN &&
	       (len = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
		line[len] = '\0';
		good = digits_add(secret, &n, line);
	}
	explicit_bzero(line, sizeof(line));
	if (!good)
		return EXIT_FAILED;
	if (n == VAULTENV_DEVICE_SECRET_LEN)
		return EXIT_DONE;
	error_print("Compare them with the paper",
	    "These are %zu digits, and a recovery paper has %d", n,
	    VAULTENV_DEVICE_SECRET_LEN);
	return EXIT_FAILED;
}

/* The client of that device, and its id. */
static int
digits_open(const struct args *args, const char *secret,
    struct vaultenv_client **client, char id[VAULTENV_PROJECT_ID_LEN + 1])
{
	struct session_files files = { .file = NULL };
	struct vaultenv_options opts;
	struct vaultenv_error err;
	int code;

	if ((code = session_prepare(args, &files, &opts)) != EXIT_DONE)
		goto out;
	opts.device_secret = secret;
	if (vaultenv_client_open(&opts, client, &err) != 0 ||
	    vaultenv_device_id(*client, id, &err) != 0)
		code = session_fail(&err);
out:
	session_files_free(&files);
	return code;
}

/* Another id than the paper's is a typing error, whatever the log says. */
static int
digits_check(
    const struct args *args, struct vaultenv_client *client, const char *id)
{
	struct vaultenv_error err;
	int r;

	say(args, "These digits are those of device %s", id);
	if (can_ask() && !args->yes && !ask("Does the paper say so, too?")) {
		error_print(
		    "Compare the digits, one is wrong", "Nothing was changed");
		return EXIT_FAILED;
	}
	wait_begin(args, "looking the device up");
	r = vaultenv_client_check(client, &err);
	wait_end();
	if (r == 0)
		return EXIT_DONE;
	if (r != VAULTENV_ERR_PENDING)
		return session_fail(&err);
	error_print("Compare id and digits with the paper: one is wrong, or "
		    "it is another project's",
	    "Project %s has no device %s", vaultenv_client_project_id(client),
	    id);
	return EXIT_REFUSED;
}

static int
adopt(const struct args *args, struct vaultenv_client *client, const char *id)
{
	struct vaultenv_error err;
	char *backup = NULL;
	int r;

	r = vaultenv_device_adopt(client, args->force, &backup, &err);
	if (r == VAULTENV_ERR_EXISTS) {
		error_print("Use that one, or run: vault-env recovery use "
			    "--force (it is kept as a dated copy)",
		    "%s", err.text);
		return EXIT_FAILED;
	}
	if (r != 0)
		return session_fail(&err);
	if (backup != NULL)
		say(args, "The old device secret is kept as %s", backup);
	say(args, "This machine is device %s now, an admin's", id);
	if (args->json) {
		putchar('{');
		json_member("device_id", id);
		puts("}");
	}
	note_print(args, "The paper stays good for whoever finds it: admit "
			 "other machines, make a new one with vault-env "
			 "recovery create, and revoke this device then");
	free(backup);
	return EXIT_DONE;
}

static int
use(const struct args *args)
{
	char secret[VAULTENV_DEVICE_SECRET_LEN + 1] = "";
	char id[VAULTENV_PROJECT_ID_LEN + 1] = "";
	struct vaultenv_client *client = NULL;
	int code;

	if (session_variable("VAULT_DEVICE_SECRET") != NULL) {
		error_print("Unset it first",
		    "VAULT_DEVICE_SECRET is set, and would be used instead of "
		    "what is typed");
		return EXIT_FAILED;
	}
	if ((code = digits_read(args, secret)) == EXIT_DONE &&
	    (code = digits_open(args, secret, &client, id)) == EXIT_DONE &&
	    (code = digits_check(args, client, id)) == EXIT_DONE)
		code = adopt(args, client, id);
	explicit_bzero(secret, sizeof(secret));
	vaultenv_client_free(&client);
	return code;
}

static int
recovery_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	int code;

	if (strcmp(args->operand, "use") == 0)
		return use(args);
	if (strcmp(args->operand, "create") != 0) {
		error_print("See: vault-env recovery --help",
		    "The action must be create or use");
		return EXIT_USAGE;
	}
	if ((code = session_open(args, &client)) == EXIT_DONE &&
	    (code = members_tend(args, client, NULL)) == EXIT_DONE)
		code = create(args, client);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row recovery_options[] = {
	{ "--force", NULL, OPTION_FLAG, false, ARG(force),
	    "use: also where there is a device secret; it is kept" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_recovery = {
	.name = "recovery",
	.summary = "Make an admin's device to write down, or use one",
	.operand = "ACTION",
	.about = "create prints 16 groups of digits, and the device's id under "
		 "them. use reads\nthem from the terminal or from standard "
		 "input, and makes this machine that\ndevice, for the day on "
		 "which no admin's machine is left.",
	.options = recovery_options,
	.v2 = true,
	.run = recovery_run,
};
