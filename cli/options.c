/* SPDX-License-Identifier: MIT */
/*
 * options.c: reads the command line by the rows of cmd.h. Long options only,
 * `--name value` or `--name=value`, in any order, `--` ends them. It knows no
 * command by name.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "output.h"

const struct option_row global_options[] = {
	{ "--url", "URL", OPTION_TEXT, false, ARG(url),
	    "the server (default: $VAULT_URL, or VAULT_URL in .env)" },
	{ "--env", "NAME", OPTION_ENV, false, ARG(env),
	    "the environment (default: $NODE_ENV or $ENVIRONMENT)" },
	{ "--file", "FILE", OPTION_FILE, false, ARG(files),
	    "the .env file (default: .env)" },
	{ "--json", NULL, OPTION_FLAG, false, ARG(json),
	    "print one JSON object" },
	{ "--quiet", NULL, OPTION_FLAG, false, ARG(quiet),
	    "print only what was asked for, and errors" },
	{ "--insecure-http", NULL, OPTION_FLAG, false, ARG(insecure_http),
	    "allow http:// to other hosts than this machine" },
	{ "--help", NULL, OPTION_FLAG, false, ARG(help),
	    "print how to use the command" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

/* After a command, --version is that command's own, or unknown. */
static const struct option_row version_option = { "--version", NULL,
	OPTION_FLAG, false, ARG(show_version), NULL };

static const struct option_row *
row_find(const struct option_row *rows, const char *name, size_t len)
{
	if (rows == NULL)
		return NULL;
	for (; rows->name != NULL; rows++)
		if (strlen(rows->name) == len &&
		    strncmp(rows->name, name, len) == 0)
			return rows;
	return NULL;
}

static int usage_error(const struct command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* command NULL: it is not known yet. */
static int
usage_error(const struct command *command, const char *fmt, ...)
{
	char text[VAULTENV_ERROR_TEXT], hint[VAULTENV_ERROR_HINT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(hint, sizeof(hint), "See: vault-env %s%s--help",
	    command == NULL ? "" : command->name, command == NULL ? "" : " ");
	error_print(hint, "%s", text);
	return EXIT_USAGE;
}

static bool
number_parse(const char *text, int64_t max, int64_t *out)
{
	char *end = NULL;
	long long n;

	if (text[0] < '1' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || n > max)
		return false;
	*out = n;
	return true;
}

static bool
is_given(const struct option_row *row, const struct args *args)
{
	const void *field = (const char *)args + row->at;

	if (row->type == OPTION_FLAG)
		return *(const bool *)field;
	if (row->type == OPTION_VERSION || row->type == OPTION_SECONDS)
		return *(const int64_t *)field != 0;
	return *(const char *const *)field != NULL;
}

bool
name_is_valid(const char *name)
{
	uint32_t code;
	int is_hidden = 0;
	size_t len;

	if (*name == '\0' || strlen(name) > NAME_LEN_MAX)
		return false;
	for (; (len = vaultenv_character(name, &code, &is_hidden)) > 0;
	     name += len)
		if (is_hidden || (len == 1 && code >= 0x80))
			return false;
	return true;
}

static int
option_store(const struct command *command, const struct option_row *row,
    const char *value, struct args *args)
{
	void *field = (char *)args + row->at;
	size_t n;

	/* Which one is meant? A slip, like a value that a script adds. */
	if (row->type != OPTION_FLAG && row->type != OPTION_LIST &&
	    row->type != OPTION_ENV && row->type != OPTION_FILE &&
	    is_given(row, args))
		return usage_error(command, "%s is given twice", row->name);
	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		break;
	case OPTION_TEXT:
		*(const char **)field = value;
		break;
	case OPTION_NAME:
		if (!name_is_valid(value))
			return usage_error(command,
			    "%s must be 1 to %d bytes of visible text",
			    row->name, NAME_LEN_MAX);
		*(const char **)field = value;
		break;
	case OPTION_FILE:
		if (args->file == NULL)
			args->file = value;
		/* fall through */
	case OPTION_LIST:
		for (n = 0; ((const char **)field)[n] != NULL; n++)
			continue;
		if (n == MAX_LIST)
			return usage_error(
			    command, "Too many times %s", row->name);
		((const char **)field)[n] = value;
		break;
	case OPTION_ENV:
		args->first_env = args->env;
		args->env = value;
		args->n_env++;
		break;
	case OPTION_SECONDS:
		if (!number_parse(value, MAX_SECONDS, field))
			return usage_error(command,
			    "%s must be a whole number of seconds from 1 to "
			    "31536000",
			    row->name);
		break;
	case OPTION_VERSION:
		if (!number_parse(value, MAX_VERSION, field))
			return usage_error(command,
			    "%s must be a whole number from 1 to "
			    "9007199254740991",
			    row->name);
		break;
	}
	return EXIT_DONE;
}

static int
option_read(int argc, char **argv, int *i, const struct command *command,
    struct args *args)
{
	const char *word = argv[*i];
	const char *value = strchr(word, '=');
	size_t len = value != NULL ? (size_t)(value - word) : strlen(word);
	const struct option_row *row = NULL;

	if (command != NULL)
		row = row_find(command->options, word, len);
	else if (strcmp(word, version_option.name) == 0)
		row = &version_option;
	if (row == NULL)
		row = row_find(global_options, word, len);
	if (row == NULL) {
		char name[64];

		/* The value may be a secret that was meant for elsewhere. */
		if (len >= sizeof(name))
			len = sizeof(name) - 1;
		memcpy(name, word, len);
		name[len] = '\0';
		return usage_error(command, "Unknown option %s", name);
	}
	if (row->type == OPTION_FLAG) {
		if (value != NULL)
			return usage_error(
			    command, "Option %s takes no value", row->name);
		return option_store(command, row, NULL, args);
	}
	if (value != NULL)
		value++;
	else if (*i + 1 < argc)
		value = argv[++*i];
	if (value == NULL || value[0] == '\0')
		return usage_error(
		    command, "Option %s needs a value", row->name);
	return option_store(command, row, value, args);
}

static int
required_check(const struct command *command, const struct args *args)
{
	const struct option_row *row = command->options;
	char text[64];

	for (; row != NULL && row->name != NULL; row++) {
		if (!row->required || is_given(row, args))
			continue;
		snprintf(text, sizeof(text), "%s %s", row->name, row->value);
		return usage_error(command, "%s needs %s", command->name, text);
	}
	if (command->operand != NULL && command->operand[0] != '[' &&
	    args->operand == NULL && args->command == NULL)
		return usage_error(
		    command, "%s needs %s", command->name, command->operand);
	return EXIT_DONE;
}

static bool
env_is_valid(const char *env)
{
	const char *ok = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789._-";

	return env == NULL ||
	       (strlen(env) <= 64 && strspn(env, ok) == strlen(env) &&
		   strchr("._-", env[0]) == NULL);
}

static bool
envs_are_valid(const struct args *args)
{
	bool good = env_is_valid(args->env) && env_is_valid(args->first_env);

	for (size_t i = 0; good && args->envs[i] != NULL; i++)
		good = strcmp(args->envs[i], "*") == 0 ||
		       env_is_valid(args->envs[i]);
	return good;
}

/* The server would refuse others too; this one says so before any key is read.
 */
static int
env_check(const struct command *command, struct args *args)
{
	if (!envs_are_valid(args))
		return usage_error(command,
		    "--env must be 1 to 64 letters, digits, "
		    "'.', '_' or '-', the first a letter or digit");
	if (args->files[0] != NULL && args->files[1] != NULL &&
	    !command->takes_layers)
		return usage_error(command, "--file is given twice");
	if (args->n_env > 1 && !command->two_environments)
		return usage_error(command, "--env is given twice");
	if (args->n_env > 2)
		return usage_error(
		    command, "--env may be given twice, not more often");
	return EXIT_DONE;
}

static int
operand_take(const struct command *command, const char *word, struct args *args)
{
	if (command->takes_command)
		return usage_error(command,
		    "Unexpected argument %s (the command stands behind --)",
		    word);
	if (command->operand == NULL || args->operand != NULL)
		return usage_error(command, "Unexpected argument %s", word);
	args->operand = word;
	return EXIT_DONE;
}

int
options_parse(
    int argc, char **argv, struct args *args, const struct command **command)
{
	bool options_end = false;
	int r = EXIT_DONE;

	*command = NULL;
	memset(args, 0, sizeof(*args));
	for (int i = 1; i < argc && r == EXIT_DONE; i++) {
		const char *word = argv[i];

		if (!options_end && strcmp(word, "--") == 0) {
			options_end = true;
			if (*command == NULL || !(*command)->takes_command)
				continue;
			if (i + 1 < argc)
				args->command = &argv[i + 1];
			break;
		} else if (!options_end && word[0] == '-' && word[1] != '\0') {
			r = option_read(argc, argv, &i, *command, args);
		} else if (*command == NULL) {
			if ((*command = command_find(word)) == NULL)
				r = usage_error(
				    NULL, "Unknown command %s", word);
		} else {
			r = operand_take(*command, word, args);
		}
	}
	if (r != EXIT_DONE || args->help || args->show_version)
		return r;
	if (*command == NULL)
		return usage_error(NULL, "A command is needed");
	if ((r = required_check(*command, args)) != EXIT_DONE)
		return r;
	return env_check(*command, args);
}
