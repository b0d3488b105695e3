/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of a project, changed by several processes at once: none
 * takes away what another one has learnt.
 */
#include "config.h"

#include <sys/wait.h>

#include "disk/state.h"
#include "files.h"

#define PROCESSES 8
#define CHANGES   20

static const char sha256_text[] =
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
static const char path[] = "home/.vault/p.state";

static int
row_add(struct state *state, void *env)
{
	return state_set(state, "https://vault.example", env, 1, sha256_text);
}

/* Exits with the number of changes that failed. */
static void
rows_add(int process)
{
	char env[32];
	int failed = 0;

	for (int i = 0; i < CHANGES; i++) {
		snprintf(env, sizeof(env), "e%d-%d", process, i);
		failed += state_change(path, row_add, env, NULL) != 0;
	}
	_exit(failed);
}

int
main(void)
{
	char template[] = "/tmp/state-t.XXXXXX";
	struct state state;
	int status, bad = 0;

	if (mkdtemp(template) == NULL || chdir(template) != 0 ||
	    mkdir("home", 0700) != 0)
		return 1;
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			rows_add(i);
	while (wait(&status) > 0)
		bad += status != 0;
	is_int(bad, 0, "many processes at once");
	is_int(state_read(&state, path), 0, "it reads");
	is_int((int)state.n_rows, PROCESSES * CHANGES, "every row is there");
	state_reset(&state);
	is_int(state_change(NULL, row_add, "e", NULL), 0,
	    "no home: nothing to be changed");
	unlink(path);
	unlink("home/.vault/p.lock");
	rmdir("home/.vault");
	rmdir("home");
	if (chdir("/") != 0 || rmdir(template) != 0)
		return 1;
	return tap_done();
}
