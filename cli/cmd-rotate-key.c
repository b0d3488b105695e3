/* SPDX-License-Identifier: MIT */
/*
 * cmd-rotate-key.c: another VAULT_KEY for the project. The library knows how
 * far an earlier run came; here are the question, the file and the words.
 */
#include "config.h"

#include "key.h"
#include "output.h"
#include "session.h"

struct rotate {
	const struct args *args;
	struct session_files files;
	struct vaultenv_client *client;
	struct vaultenv_rotation *rotation;
	struct vaultenv_environments *confirmed;
};

static int
options_check(const struct args *args)
{
	if (args->prepare && args->leaked)
		error_print("See: vault-env rotate-key --help",
		    "--prepare and --leaked do not go together");
	else if (!args->prepare && !args->yes && (args->json || !can_ask()))
		error_print("See: vault-env rotate-key --help",
		    "Nobody can be asked whether the next VAULT_KEY is kept "
		    "elsewhere too: rotate-key needs --yes here");
	else
		return EXIT_DONE;
	return EXIT_USAGE;
}

static int
begin(struct rotate *r, enum vaultenv_rotation_kind kind)
{
	struct vaultenv_error err;
	int code;

	vaultenv_rotation_free(&r->rotation);
	wait_begin(r->args, "reading the list of devices");
	code = vaultenv_rotation_begin(r->client, kind, &r->rotation, &err);
	wait_end();
	return code == 0 ? EXIT_DONE : session_fail(&err);
}

static int
prepared_show(const struct rotate *r)
{
	const struct args *args = r->args;
	int code;

	if (args->json) {
		putchar('{');
		json_member(
		    "project_id", vaultenv_client_project_id(r->client));
		putchar(',');
		code = key_json("vault_key_next", r->rotation->key);
		if (code == EXIT_DONE)
			puts("}");
		return code;
	}
	code = key_line("VAULT_KEY_NEXT", r->rotation->key);
	note_print(args,
	    "Machines that have this beside VAULT_KEY go on when vault-env "
	    "rotate-key is run");
	return code;
}

/* Until it is in its place, this machine has the only copy. */
static int
confirm(const struct rotate *r)
{
	const char *id = vaultenv_client_project_id(r->client);
	const struct args *args = r->args;
	int code;

	if (r->rotation->dropped)
		note_print(args,
		    "The VAULT_KEY_NEXT that was handed out is not used: hand "
		    "out the new key. Until then machines live on their "
		    "caches");
	if (args->json)
		return EXIT_DONE;
	say(args,
	    "The next VAULT_KEY, which is in ~/.vault/%s.next alone until it "
	    "is in place:",
	    id);
	if ((code = key_line("", r->rotation->key)) != EXIT_DONE)
		return code;
	fflush(stdout);
	if (args->yes || ask("Is it kept elsewhere, too? Go on?"))
		return EXIT_DONE;
	error_print("Run again: vault-env rotate-key", "Nothing was replaced");
	return EXIT_FAILED;
}

static int
append(const struct rotate *r)
{
	struct vaultenv_error err;
	int code;

	wait_begin(r->args, "replacing the key");
	code = vaultenv_rotation_append(r->client, r->rotation, &err);
	wait_end();
	return code == 0 ? EXIT_DONE : session_fail(&err);
}

/* The file with the secret goes last: run again, all of this is done again. */
static int
finish(struct rotate *r)
{
	struct vaultenv_error err;
	int code, status;

	code = key_replace(r->args, &r->files, r->rotation->key);
	if (code != EXIT_DONE)
		return code;
	vaultenv_environments_free(&r->confirmed);
	wait_begin(r->args, "confirming the secrets");
	status = vaultenv_rotation_confirm(r->client, &r->confirmed, &err);
	wait_end();
	if (status == 0)
		status = vaultenv_rotation_finish(r->client, &err);
	return status == 0 ? EXIT_DONE : session_fail(&err);
}

/* One that was handed out is no cure for a leak: then once more, with another.
 */
static int
again(struct rotate *r)
{
	struct vaultenv_error err;

	if (vaultenv_client_set_key(r->client, r->rotation->key, &err) != 0)
		return session_fail(&err);
	return begin(r, VAULTENV_ROTATE_LEAKED);
}

static int
rotate(struct rotate *r)
{
	const bool leaked = r->args->leaked;
	int code;

	code = begin(r, leaked ? VAULTENV_ROTATE_LEAKED : VAULTENV_ROTATE);
	if (code != EXIT_DONE)
		return code;
	if (r->rotation->in_force) {
		note_print(r->args, "Going on with a rotation that was begun "
				    "before");
		if ((code = append(r)) != EXIT_DONE ||
		    (code = finish(r)) != EXIT_DONE || !leaked ||
		    !r->rotation->prepared)
			return code;
		if ((code = again(r)) != EXIT_DONE)
			return code;
	}
	if ((code = confirm(r)) != EXIT_DONE || (code = append(r)) != EXIT_DONE)
		return code;
	return finish(r);
}

static int
done_tell(const struct rotate *r)
{
	const char *id = vaultenv_client_project_id(r->client);
	const char *path = key_path(&r->files);
	const struct vaultenv_environments *done = r->confirmed;
	int code;

	say(r->args, "VAULT_KEY of project %s is replaced", id);
	for (size_t i = 0; i < done->n; i++)
		say(r->args, "Confirmed %s, now version %lld", done->at[i].name,
		    (long long)done->at[i].version);
	note_print(r->args,
	    "Every machine needs the new VAULT_KEY, and goes on without "
	    "approval; until then it lives on its cache. If there is a "
	    "recovery paper, keep the new VAULT_KEY beside it");
	if (!r->args->json)
		return EXIT_DONE;
	putchar('{');
	json_member("project_id", id);
	putchar(',');
	json_member("file", path);
	printf(",\"environments\":[");
	for (size_t i = 0; i < done->n; i++) {
		printf("%s{", i > 0 ? "," : "");
		json_member("environment", done->at[i].name);
		printf(",\"version\":%lld}", (long long)done->at[i].version);
	}
	printf("],");
	if ((code = key_json("vault_key", r->rotation->key)) == EXIT_DONE)
		puts("}");
	return code;
}

static int
rotate_run(const struct args *args)
{
	struct rotate r = { .args = args };
	struct vaultenv_options opts;
	struct vaultenv_error err;
	int code;

	if ((code = options_check(args)) != EXIT_DONE ||
	    (code = session_prepare(args, &r.files, &opts)) != EXIT_DONE)
		goto out;
	if (vaultenv_client_open(&opts, &r.client, &err) != 0)
		code = session_fail(&err);
	else if (args->prepare)
		code = begin(&r, VAULTENV_ROTATE_PREPARE);
	else if ((code = key_path_check(&r.files)) == EXIT_DONE)
		code = rotate(&r);
	if (code == EXIT_DONE)
		code = args->prepare ? prepared_show(&r) : done_tell(&r);
out:
	vaultenv_rotation_free(&r.rotation);
	vaultenv_environments_free(&r.confirmed);
	vaultenv_client_free(&r.client);
	session_files_free(&r.files);
	return code;
}

static const struct option_row rotate_options[] = {
	{ "--prepare", NULL, OPTION_FLAG, false, ARG(prepare),
	    "make and print the next key only, for VAULT_KEY_NEXT" },
	{ "--leaked", NULL, OPTION_FLAG, false, ARG(leaked),
	    "never use a next key that was handed out before" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask whether the next key is kept elsewhere, too" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_rotate_key = {
	.name = "rotate-key",
	.summary = "Replace the project's VAULT_KEY by another one",
	.about = "For an admin's device. The new key is written where the old "
		 "one is, or printed\nif that is the environment. Machines "
		 "that have it as VAULT_KEY_NEXT go on;\nothers live on their "
		 "caches until they get it. If it is interrupted, run "
		 "it\nagain: it goes on where it was.",
	.options = rotate_options,
	.v2 = true,
	.run = rotate_run,
};
