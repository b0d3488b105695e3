/* SPDX-License-Identifier: MIT */
/*
 * cmd-accept-loss.c: says that the newest versions of an environment are lost.
 * What a hostile server would like to be told, too: so the number is typed, by
 * somebody who has looked.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "session.h"

#define TYPED_MAX 64

static void
head_say(const char *who, const struct vaultenv_head *head)
{
	if (head->version == 0)
		fprintf(stderr, "vault-env: %s: no version\n", who);
	else
		fprintf(stderr, "vault-env: %s: version %lld, %s\n", who,
		    (long long)head->version, head->hash);
}

static int
confirm(
    const struct args *args, const char *env, const struct vaultenv_loss *loss)
{
	const char *given = args->confirm;
	char typed[TYPED_MAX], want[32];

	snprintf(want, sizeof(want), "%lld", (long long)loss->there.version);
	head_say("seen on this machine", &loss->seen);
	head_say("the server", &loss->there);
	if (loss->n_lines > 0)
		fprintf(stderr,
		    "vault-env: .vault-heads: what it says does not fit the "
		    "server's version (lines: %zu)\n",
		    loss->n_lines);
	if (given == NULL && !can_ask()) {
		error_print("See: vault-env accept-loss --help",
		    "Nobody can be asked here: accept-loss needs --confirm "
		    "with the number of the server's version");
		return EXIT_USAGE;
	}
	if (given == NULL &&
	    ask_line(typed, sizeof(typed),
		"If nobody has a newer version of %s any more, type the number "
		"of the server's version (0: none):",
		env))
		given = typed;
	if (given != NULL && strcmp(given, want) == 0)
		return EXIT_DONE;
	error_print("Compare with a colleague: vault-env verify",
	    "That is not the number of the server's version: nothing was "
	    "accepted");
	return EXIT_REFUSED;
}

static void
tell(const struct args *args, const char *env, const struct vaultenv_loss *loss,
    bool accepted)
{
	const long long version = (long long)loss->there.version;

	if (args->json) {
		putchar('{');
		json_member("environment", env);
		printf(",\"version\":%lld,\"seen_version\":%lld,\"accepted\":"
		       "%s}\n",
		    version, (long long)loss->seen.version,
		    accepted ? "true" : "false");
	}
	if (accepted)
		say(args,
		    "Version %lld of %s is the newest for this machine from "
		    "now on",
		    version, env);
	else
		say(args,
		    "Nothing is lost: what was seen of %s is on the server, "
		    "whose version is %lld",
		    env, version);
}

static int
accept_loss_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_loss loss;
	struct vaultenv_error err;
	const char *env;
	int code, r;

	if (args->env == NULL) {
		error_print("See: vault-env accept-loss --help",
		    "The environment must be said: --env is missing");
		return EXIT_USAGE;
	}
	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	env = vaultenv_client_environment(client);
	wait_begin(args, "reading the versions");
	r = vaultenv_loss_look(client, &loss, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (loss.is_lost && (code = confirm(args, env, &loss)) != EXIT_DONE)
		goto out;
	if (loss.is_lost && vaultenv_loss_accept(client, &loss, &err) != 0)
		code = session_fail(&err);
	else
		tell(args, env, &loss, loss.is_lost != 0);
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row accept_loss_options[] = {
	{ "--confirm", "VERSION", OPTION_TEXT, false, ARG(confirm),
	    "the server's version, instead of typing it on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_accept_loss = {
	.name = "accept-loss",
	.summary = "Accept that the newest versions of --env are lost",
	.about =
	    "After the server was restored from a backup, and only if nobody "
	    "has what came\nafter it: first try vault-env bundle --all on "
	    "every machine. This machine then\ntakes the server's version as "
	    "the newest, though it has seen a newer one.",
	.options = accept_loss_options,
	.v2 = true,
	.run = accept_loss_run,
};
