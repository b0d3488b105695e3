/* SPDX-License-Identifier: MIT */
/*
 * main.c: the process itself (descriptors, signals, memory), then the command
 * that was named. Knows no command.
 */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vaultenv.h>

#include "cmd.h"
#include "output.h"

/*
 * A closed standard descriptor would be reused by the next file that is
 * opened, and messages would land in it. Reading ends make writes fail.
 */
static void
descriptors_fill(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_FAILED);
}

static int
harden(void)
{
	const char *allow = getenv("VAULT_ALLOW_INSECURE_MEMORY");
	struct vaultenv_error err;

	if (vaultenv_process_harden(&err) == 0 ||
	    (allow != NULL && strcmp(allow, "1") == 0))
		return EXIT_DONE;
	error_print("%s", err.text);
	return EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	const struct command *command = NULL;
	struct args args;
	int code;

	descriptors_fill();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if ((code = options_parse(argc, argv, &args, &command)) != EXIT_DONE)
		return code;
	if (args.show_version)
		printf("vault-env %s\n", PACKAGE_VERSION);
	else if (args.help && command == NULL)
		help_overview();
	else if (args.help)
		help_command(command);
	else if (command->plain || (code = harden()) == EXIT_DONE)
		code = command->run(&args);
	return out_finish(code);
}
