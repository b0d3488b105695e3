/* SPDX-License-Identifier: MIT */
/*
 * process.c: the process that handles secrets: descriptors, signals, memory.
 * Must not leave anything behind in a command that is started.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vaultenv.h>

#include "cmd.h"
#include "output.h"
#include "process.h"
#include "session.h"
#include "text.h"

static struct sigaction old_pipe;
static struct rlimit old_core;
static bool has_old_core;

/*
 * A closed standard descriptor would be reused by the next file that is
 * opened, and messages would land in it. Reading ends make writes fail. Closed
 * again by an exec, as it was.
 */
static void
descriptors_fill(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
			(fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC) != fd)
			_exit(EXIT_FAILED);
}

void
process_begin(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	descriptors_fill();
	sigaction(SIGPIPE, &ignore, &old_pipe);
}

int
process_harden(void)
{
	const char *allow = session_variable("VAULT_ALLOW_INSECURE_MEMORY");
	struct vaultenv_error err;

	has_old_core = getrlimit(RLIMIT_CORE, &old_core) == 0;
	if (vaultenv_process_harden(&err) == 0 ||
	    (allow != NULL && line_is(allow, strlen(allow), "1")))
		return EXIT_DONE;
	error_show(&err);
	return EXIT_FAILED;
}

/* PR_SET_DUMPABLE is the kernel's to restore: exec does. */
void
process_restore(void)
{
	if (has_old_core)
		setrlimit(RLIMIT_CORE, &old_core);
	sigaction(SIGPIPE, &old_pipe, NULL);
}
