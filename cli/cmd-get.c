/* SPDX-License-Identifier: MIT */
/*
 * cmd-get.c: one value on stdout, as printenv(1) prints it.
 */
#include "config.h"

#include "output.h"
#include "secrets.h"
#include "session.h"

static int
value_out(const struct vaultenv_pair *pair)
{
	struct text text = { 0 };
	int code = EXIT_FAILED;

	text_add(&text, pair->value, pair->value_len);
	text_puts(&text, "\n");
	if (text.failed)
		error_print(NULL, "Out of memory");
	else
		code = out_secret(text.bytes, text.len);
	text_wipe(&text);
	return code;
}

static int
json_out(
    const char *environment, int64_t version, const struct vaultenv_pair *pair)
{
	struct vaultenv_list *one = NULL;
	int code = EXIT_FAILED;

	if (vaultenv_list_new(&one) != 0 ||
	    vaultenv_list_set(one, pair->name, pair->value, pair->value_len) !=
		0)
		error_print(NULL, "Out of memory");
	else
		code = secrets_json(environment, version, one);
	vaultenv_list_free(&one);
	return code;
}

static int
get_run(const struct args *args)
{
	struct fetched got = { 0 };
	const struct vaultenv_pair *pair;
	struct vaultenv_error err;
	int code;

	if ((code = secrets_fetch(args, 0, &got)) != EXIT_DONE)
		goto out;
	pair = vaultenv_list_find(got.list, args->operand);
	if (pair == NULL || vaultenv_name_is_reserved(args->operand)) {
		secrets_lack(got.environment, args->operand, &err);
		code = session_fail(&err);
	} else if (args->json) {
		code = json_out(got.environment, got.version, pair);
	} else {
		code = value_out(pair);
	}
out:
	fetched_free(&got);
	return code;
}

const struct command command_get = {
	.name = "get",
	.summary = "Print the value of one secret",
	.operand = "NAME",
	.about = "Prints the value and a newline.",
	.run = get_run,
};
