/* SPDX-License-Identifier: MIT */
/*
 * wait.c: a thread that sleeps while a request is on its way, and after one
 * second tells a person at a terminal what is being waited for.
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

static pthread_mutex_t wait_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wait_over = PTHREAD_COND_INITIALIZER;
static pthread_t wait_thread;
static bool wait_running, wait_done;
static char wait_text[256];

static void *
wait_main(void *arg)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	pthread_mutex_lock(&wait_lock);
	while (!wait_done && r == 0)
		r = pthread_cond_timedwait(&wait_over, &wait_lock, &until);
	if (!wait_done)
		fputs(wait_text, stderr);
	pthread_mutex_unlock(&wait_lock);
	return NULL;
}

void
wait_begin(const struct args *args, const char *what)
{
	sigset_t all, old;

	if (args->quiet || wait_running || !isatty(STDERR_FILENO))
		return;
	snprintf(wait_text, sizeof(wait_text),
	    "vault-env: waiting for the server (%s) ...\n", what);
	wait_done = false;
	/* Signals stay with the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	wait_running = pthread_create(&wait_thread, NULL, wait_main, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
wait_end(void)
{
	if (!wait_running)
		return;
	pthread_mutex_lock(&wait_lock);
	wait_done = true;
	pthread_cond_signal(&wait_over);
	pthread_mutex_unlock(&wait_lock);
	pthread_join(wait_thread, NULL);
	wait_running = false;
}
