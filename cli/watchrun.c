/* SPDX-License-Identifier: MIT */
/*
 * watchrun.c: the parent of a command that is restarted when a secret changes.
 * One thread runs it all, by a signalfd; the watch's own thread only leaves the
 * new variables. The command and all that it starts are a keeper's (keeper.c).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descendants.h"
#include "keeper.h"
#include "launch.h"
#include "output.h"
#include "session.h"
#include "watchrun.h"

#define DEFAULT_INTERVAL_S 30
#define MAX_INTERVAL_S     86400
#define DEFAULT_GRACE_S    10

/* What the watch's thread shares with ours. */
struct news {
	pthread_mutex_t lock;
	struct vaultenv_list *variables; /* NULL: none that we have not taken */
	int64_t version;
	int event_fd;
	/* Of the watch's thread alone: */
	char last_error[VAULTENV_ERROR_LINE];
};

struct watchrun {
	const struct args *args;
	struct news news;
	struct keeper keeper;
	struct launch next; /* envp NULL: none */
	bool ending;        /* it was told to end: no restart any more */
};

/* ---- in the watch's thread ---- */

static void
news_store(void *arg, const struct vaultenv_update *update)
{
	struct news *news = arg;
	struct vaultenv_list *copy = NULL;
	const uint64_t one = 1;

	news->last_error[0] = '\0';
	if (vaultenv_list_copy(update->secrets, &copy) != 0) {
		error_print(NULL, "Out of memory: a change was missed");
		return;
	}
	pthread_mutex_lock(&news->lock);
	vaultenv_list_free(&news->variables);
	news->variables = copy;
	news->version = update->version;
	pthread_mutex_unlock(&news->lock);
	if (write(news->event_fd, &one, sizeof(one)) < 0)
		error_print(NULL, "A change was missed: %s", strerror(errno));
}

/* Once for an outage, not for every poll of it. */
static void
news_fail(void *arg, const struct vaultenv_error *err)
{
	struct news *news = arg;
	char line[VAULTENV_ERROR_LINE];

	vaultenv_error_line(err, line);
	if (strcmp(news->last_error, line) == 0)
		return;
	strcpy(news->last_error, line);
	warning_print("Cannot look for changes: %s", line);
}

/* ---- the command ---- */

static void
news_take(struct watchrun *w)
{
	struct vaultenv_list *variables;
	struct launch launch;
	struct vaultenv_error err;
	int64_t version;
	uint64_t count;

	if (read(w->news.event_fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&w->news.lock);
	variables = w->news.variables;
	w->news.variables = NULL;
	version = w->news.version;
	pthread_mutex_unlock(&w->news.lock);
	if (variables == NULL || w->ending)
		goto out;
	if (launch_prepare(&launch, variables, w->args, &err) != 0) {
		warning_print("Not restarted for version %lld: %s",
		    (long long)version, err.text);
		goto out;
	}
	launch_free(&w->next);
	w->next = launch;
	if (!w->args->quiet)
		error_print(NULL, "Version %lld: restarting %s",
		    (long long)version, w->args->command[0]);
	keeper_end(&w->keeper);
out:
	vaultenv_list_free(&variables);
}

/*
 * One that the kernel sent comes from the terminal, which has sent it to the
 * command too. The keeper's only makes us go on.
 */
static void
signal_take(struct watchrun *w, const struct signalfd_siginfo *s)
{
	const int sig = (int)s->ssi_signo;

	if (s->ssi_code <= 0 && (pid_t)s->ssi_pid != w->keeper.pid)
		kill(w->keeper.pid, sig);
	switch (sig) {
	case SIGTERM:
	case SIGQUIT:
		w->ending = true;
		break;
	case SIGINT:
	case SIGHUP:
		/* Often no end to the command, but one to a restart. */
		w->ending |= w->keeper.end_fd < 0;
		break;
	}
}

/* True when the command is over, with *code its end. */
static bool
command_is_over(struct watchrun *w, int *code)
{
	int status = 0;
	pid_t pid;

	/* Others, too: we may be process 1. */
	while (
	    (pid = waitpid(-1, &status, WNOHANG)) > 0 && pid != w->keeper.pid)
		continue;
	if (pid <= 0)
		return false;
	keeper_end(&w->keeper);
	if (WIFSIGNALED(status)) {
		descendants_kill();
		*code = 128 + WTERMSIG(status);
		return true;
	}
	*code = WEXITSTATUS(status);
	if (w->next.envp == NULL || w->ending)
		return true;
	*code = keeper_start(&w->keeper, &w->next, w->args->command);
	return *code != EXIT_DONE;
}

static int
loop(struct watchrun *w)
{
	struct pollfd fds[] = { { .fd = w->keeper.signal_fd, .events = POLLIN },
		{ .fd = w->news.event_fd, .events = POLLIN } };
	struct signalfd_siginfo s;
	int code = EXIT_DONE, n;

	for (;;) {
		n = poll(fds, 2, -1);
		while (read(w->keeper.signal_fd, &s, sizeof(s)) == sizeof(s))
			if (s.ssi_signo != SIGCHLD)
				signal_take(w, &s);
		if (command_is_over(w, &code))
			return code;
		if (n > 0 && fds[1].revents != 0)
			news_take(w);
	}
}

/* Everything is blocked, in every thread, and read from signal_fd instead. */
static bool
signals_begin(struct watchrun *w)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigaction(SIGCHLD, &standard, &w->keeper.on_child);
	pthread_sigmask(SIG_SETMASK, &all, &w->keeper.mask);
	w->keeper.signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	w->news.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->keeper.signal_fd >= 0 && w->news.event_fd >= 0;
}

int
watchrun(const struct args *args, const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *loaded)
{
	struct watchrun w = {
		.args = args,
		.news.lock = PTHREAD_MUTEX_INITIALIZER,
		.keeper.grace_ms = 1000 * (args->grace_s > 0 ? args->grace_s
							     : DEFAULT_GRACE_S),
	};
	const int64_t s =
	    args->interval_s > 0 ? args->interval_s : DEFAULT_INTERVAL_S;
	struct vaultenv_watch_options how = {
		.interval_ms =
		    1000 * (int)(s < MAX_INTERVAL_S ? s : MAX_INTERVAL_S),
		.on_change = news_store,
		.on_error = news_fail,
		.arg = &w.news,
	};
	struct vaultenv_watch *watch = NULL;
	struct vaultenv_error err;
	int code;

	if (launch_prepare(&w.next, loaded->variables, args, &err) != 0)
		return session_fail(&err);
	if (!signals_begin(&w)) {
		error_print(
		    NULL, "Cannot watch for signals: %s", strerror(errno));
		return EXIT_FAILED;
	}
	/* The keeper's processes, should it be killed. */
	descendants_adopt();
	if ((code = keeper_start(&w.keeper, &w.next, args->command)) !=
	    EXIT_DONE)
		return code;
	if (vaultenv_watch_start(opts, load, loaded, &how, &watch, &err) != 0)
		warning_print("Cannot look for changes: %s", err.text);
	code = loop(&w);
	/* Not vaultenv_watch_stop(), which may wait a second for a request to
	 * end: whoever waits for the command has waited enough. */
	_exit(code);
}
