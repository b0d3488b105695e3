/* SPDX-License-Identifier: MIT */
/*
 * completion.c: the completion script for bash, from the rows of the commands.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"

static void
options_names(const struct option_row *row)
{
	for (; row != NULL && row->name != NULL; row++)
		printf(" %s", row->name);
}

/* Options whose value completes as a file, by what their rows call it. */
static void
file_options(const struct option_row *row)
{
	for (; row != NULL && row->name != NULL; row++)
		if (row->value != NULL && strcmp(row->value, "FILE") == 0)
			printf("|%s", row->name);
}

static bool
names_command(const struct command *command)
{
	return command->operand != NULL &&
	       strcmp(command->operand, "[COMMAND]") == 0;
}

/* A value that is a file, or the name of an environment. */
static void
values_print(void)
{
	puts("\tcase $prev in\n"
	     "\t--env)\n"
	     "\t\tCOMPREPLY=($(compgen -W "
	     "'development staging production' -- \"$cur\"))\n"
	     "\t\treturn ;;");
	printf("\t''");
	file_options(global_options);
	for (size_t i = 0; commands[i] != NULL; i++)
		file_options(commands[i]->options);
	puts(")\n"
	     "\t\tcompopt -o filenames 2>/dev/null\n"
	     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	     "\t\treturn ;;\n"
	     "\tesac");
}

/* Which command it is, and whether the word is another one's, behind "--". */
static void
command_print(void)
{
	puts("\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	     "\t\tcase $word in");
	printf("\t\t");
	for (size_t i = 0; commands[i] != NULL; i++)
		printf("%s%s", i > 0 ? "|" : "", commands[i]->name);
	puts(")\n"
	     "\t\t\tcommand=${command:-$word} ;;\n"
	     "\t\t--)\n"
	     "\t\t\tbehind=yes\n"
	     "\t\t\tbreak ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tif test -n \"$behind\"; then\n"
	     "\t\tcompopt -o filenames 2>/dev/null\n"
	     "\t\tCOMPREPLY=($(compgen -c -f -- \"$cur\"))\n"
	     "\t\treturn\n"
	     "\tfi");
}

/* A value that nobody but the user knows. */
static void
free_values_print(void)
{
	puts("\tcase $command:$prev in");
	printf("\t''");
	for (const struct option_row *row = global_options; row->name != NULL;
	     row++)
		if (row->value != NULL && strcmp(row->value, "FILE") != 0 &&
		    strcmp(row->name, "--env") != 0)
			printf("|*:%s", row->name);
	for (size_t i = 0; commands[i] != NULL; i++)
		for (const struct option_row *row = commands[i]->options;
		     row != NULL && row->name != NULL; row++)
			if (row->value != NULL &&
			    strcmp(row->value, "FILE") != 0)
				printf("|%s:%s", commands[i]->name, row->name);
	puts(")\n"
	     "\t\treturn ;;\n"
	     "\tesac");
}

static void
words_print(void)
{
	puts("\tcase $command in");
	printf("\t'')\n\t\toptions='--version");
	options_names(global_options);
	for (size_t i = 0; commands[i] != NULL; i++)
		printf(" %s", commands[i]->name);
	puts("' ;;");
	for (size_t i = 0; commands[i] != NULL; i++) {
		printf("\t%s)\n\t\toptions='", commands[i]->name);
		for (size_t k = 0;
		     names_command(commands[i]) && commands[k] != NULL; k++)
			printf("%s%s", k > 0 ? " " : "", commands[k]->name);
		options_names(commands[i]->options);
		options_names(global_options);
		puts("' ;;");
	}
	puts("\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))");
}

void
completion_print(void)
{
	puts("# bash completion for vault-env, made by "
	     "`vault-env help --completion`.\n"
	     "_vault_env()\n"
	     "{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	     "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal word command= options= behind=\n"
	     "\tCOMPREPLY=()");
	values_print();
	command_print();
	free_values_print();
	words_print();
	puts("}\n"
	     "complete -F _vault_env vault-env");
}
