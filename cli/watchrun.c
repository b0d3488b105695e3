/* SPDX-License-Identifier: MIT */
/*
 * watchrun.c: the parent of a command that is restarted when a secret changes.
 * One thread runs it all, by a signalfd; the watch's own thread only leaves the
 * new variables. The command stays in our process group, so that the terminal
 * reaches it as if we were not there.
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
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
	char last_error[VAULTENV_ERROR_TEXT];
};

struct watchrun {
	const struct args *args;
	struct news news;
	sigset_t old_mask;
	struct sigaction old_child;
	struct launch next; /* envp NULL: none */
	int signal_fd;
	pid_t child;
	int64_t kill_at_ms; /* 0: it is not being stopped */
	bool ending;        /* it was told to end: no restart any more */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- in the watch's thread ---- */

static void
news_bring(void *arg, const struct vaultenv_update *update)
{
	struct news *news = arg;
	struct vaultenv_list *copy = NULL;
	const uint64_t one = 1;

	news->last_error[0] = '\0';
	if (vaultenv_list_copy(update->secrets, &copy) != 0) {
		error_print("out of memory: a change was missed");
		return;
	}
	pthread_mutex_lock(&news->lock);
	vaultenv_list_free(&news->variables);
	news->variables = copy;
	news->version = update->version;
	pthread_mutex_unlock(&news->lock);
	if (write(news->event_fd, &one, sizeof(one)) < 0)
		error_print("a change was missed: %s", strerror(errno));
}

/* Once for an outage, not for every poll of it. */
static void
news_fail(void *arg, const struct vaultenv_error *err)
{
	struct news *news = arg;

	if (strcmp(news->last_error, err->text) == 0)
		return;
	strcpy(news->last_error, err->text);
	warning_print("cannot look for changes: %s", err->text);
}

/* ---- the command ---- */

static void
child_become(const struct watchrun *w, pid_t parent, int report_fd)
{
	int error;

	/* Ends with us, even when we are killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	sigaction(SIGCHLD, &w->old_child, NULL);
	sigprocmask(SIG_SETMASK, &w->old_mask, NULL);
	error = launch_exec(&w->next, w->args->command);
	if (write(report_fd, &error, sizeof(error)) < 0)
		_exit(EXIT_NOT_FOUND);
	_exit(EXIT_NOT_EXECUTABLE);
}

/* Takes w->next. An exit code, error printed. */
static int
child_start(struct watchrun *w)
{
	const pid_t parent = getpid();
	int fds[2], error = 0;
	ssize_t n;

	w->kill_at_ms = 0;
	if (pipe2(fds, O_CLOEXEC) != 0 || (w->child = fork()) < 0) {
		error_print("cannot start a process: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (w->child == 0)
		child_become(w, parent, fds[1]);
	close(fds[1]);
	/* The exec closes it without a word. */
	while ((n = read(fds[0], &error, sizeof(error))) < 0 && errno == EINTR)
		continue;
	close(fds[0]);
	launch_free(&w->next);
	if (n != (ssize_t)sizeof(error))
		return EXIT_DONE;
	waitpid(w->child, NULL, 0);
	return launch_explain(w->args->command[0], error);
}

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
	if (launch_prepare(&launch, variables, w->args->override, &err) != 0) {
		warning_print("not restarted for version %lld: %s",
		    (long long)version, err.text);
		goto out;
	}
	launch_free(&w->next);
	w->next = launch;
	if (!w->args->quiet)
		error_print("version %lld: restarting %s", (long long)version,
		    w->args->command[0]);
	if (w->kill_at_ms == 0) {
		kill(w->child, SIGTERM);
		w->kill_at_ms =
		    now_ms() + 1000 * (w->args->grace_s > 0 ? w->args->grace_s
							    : DEFAULT_GRACE_S);
	}
out:
	vaultenv_list_free(&variables);
}

/* As if the signal were not blocked; the kernel knows when not to stop us. */
static void
stop_self(int sig)
{
	sigset_t one, old;

	sigemptyset(&one);
	sigaddset(&one, sig);
	raise(sig);
	pthread_sigmask(SIG_UNBLOCK, &one, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/*
 * One that the kernel sent comes from the terminal, which has sent it to the
 * command too.
 */
static void
signal_take(struct watchrun *w, const struct signalfd_siginfo *s)
{
	const int sig = (int)s->ssi_signo;

	if (s->ssi_code <= 0)
		kill(w->child, sig);
	switch (sig) {
	case SIGTERM:
	case SIGQUIT:
		w->ending = true;
		break;
	case SIGINT:
	case SIGHUP:
		/* Often no end to the command, but one to a restart. */
		w->ending |= w->kill_at_ms != 0;
		break;
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		stop_self(sig);
		break;
	}
}

/* True when the command is over, with *code its end. */
static bool
child_reap(struct watchrun *w, int *code)
{
	int status;

	if (waitpid(w->child, &status, WNOHANG) != w->child)
		return false;
	if (w->next.envp != NULL && !w->ending) {
		*code = child_start(w);
		return *code != EXIT_DONE;
	}
	*code =
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

static int
wait_ms(const struct watchrun *w)
{
	const int64_t left = w->kill_at_ms - now_ms(), hour = 3600000;

	if (w->kill_at_ms == 0)
		return -1;
	return left < 0 ? 0 : (int)(left < hour ? left : hour);
}

static int
loop(struct watchrun *w)
{
	struct pollfd fds[] = { { .fd = w->signal_fd, .events = POLLIN },
		{ .fd = w->news.event_fd, .events = POLLIN } };
	struct signalfd_siginfo s;
	int code = EXIT_DONE, n;

	for (;;) {
		n = poll(fds, 2, wait_ms(w));
		if (w->kill_at_ms != 0 && now_ms() >= w->kill_at_ms) {
			kill(w->child, SIGKILL);
			w->kill_at_ms = now_ms() + 1000;
		}
		while (read(w->signal_fd, &s, sizeof(s)) == sizeof(s))
			if (s.ssi_signo != SIGCHLD)
				signal_take(w, &s);
		if (child_reap(w, &code))
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
	sigaction(SIGCHLD, &standard, &w->old_child);
	pthread_sigmask(SIG_SETMASK, &all, &w->old_mask);
	w->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	w->news.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->signal_fd >= 0 && w->news.event_fd >= 0;
}

int
watchrun(const struct args *args, const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *loaded)
{
	struct watchrun w = { .args = args,
		.news.lock = PTHREAD_MUTEX_INITIALIZER };
	const int64_t s =
	    args->interval_s > 0 ? args->interval_s : DEFAULT_INTERVAL_S;
	struct vaultenv_watch_options how = {
		.interval_ms =
		    1000 * (int)(s < MAX_INTERVAL_S ? s : MAX_INTERVAL_S),
		.on_change = news_bring,
		.on_error = news_fail,
		.arg = &w.news,
	};
	struct vaultenv_watch *watch = NULL;
	struct vaultenv_error err;
	int code;

	if (launch_prepare(&w.next, loaded->variables, args->override, &err) !=
	    0)
		return session_fail(&err);
	if (!signals_begin(&w)) {
		error_print("cannot watch for signals: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if ((code = child_start(&w)) != EXIT_DONE)
		return code;
	if (vaultenv_watch_start(opts, load, loaded, &how, &watch, &err) != 0)
		warning_print("cannot look for changes: %s", err.text);
	code = loop(&w);
	/* Not vaultenv_watch_stop(), which may wait a second for a request to
	 * end: whoever waits for the command has waited enough. */
	_exit(code);
}
