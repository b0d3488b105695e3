/* SPDX-License-Identifier: MIT */
/*
 * cmd-help.c: usage, the table of commands as JSON, and the bash completion,
 * all made from the rows. Must not know a command or an option by name, save
 * what kind of value the completion offers.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "output.h"

static void
options_print(const char *heading, const struct option_row *row)
{
	char left[64];

	if (row == NULL || row->name == NULL)
		return;
	printf("\n%s:\n", heading);
	for (; row->name != NULL; row++) {
		snprintf(left, sizeof(left), "%s%s%s", row->name,
		    row->value != NULL ? " " : "",
		    row->value != NULL ? row->value : "");
		printf("  %-18s  %s%s\n", left, row->help,
		    row->required ? " (required)" : "");
	}
}

void
help_overview(void)
{
	puts("Usage: vault-env [OPTION]... COMMAND [OPTION]...\n"
	     "\n"
	     "Keeps the secrets of .env files on a server, encrypted on this "
	     "machine.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; commands[i] != NULL; i++)
		printf(
		    "  %-16s  %s\n", commands[i]->name, commands[i]->summary);
	options_print("Options of every command", global_options);
	puts("\nvault-env COMMAND --help prints more on a command, "
	     "vault-env --version the\nversion.");
}

/* One word of the usage, on a new line if it would pass column 80. */
static void
usage_word(size_t *column, const char *word)
{
	size_t len = strlen(word) + 1;

	if (*column + len > 80) {
		printf("\n       ");
		*column = 7;
	}
	printf(" %s", word);
	*column += len;
}

static void
usage_print(const struct command *command)
{
	const struct option_row *row = command->options;
	size_t column = 0;
	char word[80];

	printf("Usage:");
	column = strlen("Usage:");
	usage_word(&column, "vault-env");
	usage_word(&column, command->name);
	for (; row != NULL && row->name != NULL; row++) {
		snprintf(word, sizeof(word), "%s%s%s%s%s",
		    row->required ? "" : "[", row->name,
		    row->value != NULL ? " " : "",
		    row->value != NULL ? row->value : "",
		    row->required ? "" : "]");
		usage_word(&column, word);
	}
	if (command->operand != NULL)
		usage_word(&column, command->operand);
	putchar('\n');
}

void
help_command(const struct command *command)
{
	usage_print(command);
	printf("\n%s.\n", command->summary);
	if (command->about != NULL)
		printf("\n%s\n", command->about);
	if (command->v2)
		printf("\nOnly for projects of protocol 2.\n");
	options_print("Options", command->options);
	options_print("Options of every command", global_options);
}

static void
options_json(const struct option_row *row)
{
	const char *comma = "";

	putchar('[');
	for (; row != NULL && row->name != NULL; row++, comma = ",") {
		printf("%s{", comma);
		json_member("name", row->name);
		putchar(',');
		json_member("value", row->value);
		printf(",\"required\":%s,", row->required ? "true" : "false");
		json_member("help", row->help);
		putchar('}');
	}
	putchar(']');
}

static void
commands_json(void)
{
	printf("{\"commands\":[");
	for (size_t i = 0; commands[i] != NULL; i++) {
		printf("%s{", i > 0 ? "," : "");
		json_member("name", commands[i]->name);
		putchar(',');
		json_member("summary", commands[i]->summary);
		putchar(',');
		json_member("operand", commands[i]->operand);
		printf(",\"v2\":%s,\"options\":",
		    commands[i]->v2 ? "true" : "false");
		options_json(commands[i]->options);
		putchar('}');
	}
	printf("],\"options\":");
	options_json(global_options);
	puts("}");
}

static int
help_run(const struct args *args)
{
	const struct command *command = NULL;

	if (args->operand != NULL &&
	    (command = command_find(args->operand)) == NULL) {
		error_print("See: vault-env --help", "Unknown command %s",
		    args->operand);
		return EXIT_USAGE;
	}
	if (args->completion)
		completion_print();
	else if (args->json)
		commands_json();
	else if (command != NULL)
		help_command(command);
	else
		help_overview();
	return EXIT_DONE;
}

static const struct option_row help_options[] = {
	{ "--completion", NULL, OPTION_FLAG, false, ARG(completion),
	    "print the completion script for bash" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_help = {
	.name = "help",
	.summary = "Print the list of commands, or how to use one",
	.operand = "[COMMAND]",
	.about = "With --json it prints the table of commands and their "
		 "options.",
	.options = help_options,
	.plain = true,
	.run = help_run,
};
