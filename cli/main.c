/* SPDX-License-Identifier: MIT */
/*
 * main.c: the process itself, then the command that was named. Knows no
 * command.
 */
#include "config.h"

#include <locale.h>
#include <stdio.h>

#include "cmd.h"
#include "output.h"
#include "process.h"

int
main(int argc, char **argv)
{
	const struct command *command = NULL;
	struct args args;
	int code;

	process_begin();
	setlocale(LC_CTYPE, "");
	if ((code = options_parse(argc, argv, &args, &command)) != EXIT_DONE)
		return code;
	if (args.json)
		errors_as_json();
	if (args.show_version)
		printf("vault-env %s\n", PACKAGE_VERSION);
	else if (args.help && command == NULL)
		help_overview();
	else if (args.help)
		help_command(command);
	else if (command->plain || (code = process_harden()) == EXIT_DONE)
		code = command->run(&args);
	return out_finish(code);
}
