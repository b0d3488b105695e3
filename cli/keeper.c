/* SPDX-License-Identifier: MIT */
/*
 * keeper.c: the process that is the command's parent, and the start of both. It
 * outlives a vault-env that is killed, by a moment. The command stays in our
 * process group, so that the terminal reaches it as if we were not there. Must
 * call only what is safe in the child of a fork() with threads.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "descendants.h"
#include "keeper.h"
#include "output.h"

/* Of the keeper alone. */
struct kept {
	pid_t parent;
	pid_t command; /* 0: it has ended, by code */
	int code;
	int64_t grace_ms;
	int64_t kill_at_ms; /* 0: nothing is being ended */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
ending_begin(struct kept *k)
{
	if (k->kill_at_ms == 0)
		k->kill_at_ms = now_ms() + k->grace_ms;
}

/*
 * vault-env stops when the command has stopped, which may have something to do
 * before it does, and goes on when that does: whoever waits for it, a shell
 * above all, then sees what it would see of the command. By SIGSTOP, as it has
 * blocked all others, of which one that comes too late would stay.
 */
static void
parent_follow(const struct kept *k, int status)
{
	if (getppid() == k->parent)
		kill(k->parent, WIFSTOPPED(status) ? SIGSTOP : SIGCONT);
}

/* False when no process is left. */
static bool
children_reap(struct kept *k)
{
	const int flags = WNOHANG | WUNTRACED | WCONTINUED;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, flags)) > 0) {
		if (pid != k->command)
			continue;
		if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
			parent_follow(k, status);
			continue;
		}
		k->command = 0;
		k->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					      : WEXITSTATUS(status);
		ending_begin(k);
		descendants_signal(SIGTERM);
	}
	return pid == 0;
}

/* The terminal's signals, and those for the group, the command has itself. */
static void
signals_pass_on(const struct kept *k, int signal_fd)
{
	struct signalfd_siginfo s;

	while (read(signal_fd, &s, sizeof(s)) == sizeof(s))
		if (s.ssi_code <= 0 && (pid_t)s.ssi_pid == k->parent &&
		    k->command > 0)
			kill(k->command, (int)s.ssi_signo);
}

static int
wait_ms(const struct kept *k)
{
	const int64_t left = k->kill_at_ms - now_ms(), hour = 3600000;

	if (k->kill_at_ms == 0)
		return -1;
	return left < 0 ? 0 : (int)(left < hour ? left : hour);
}

static int
keep(struct kept *k, int signal_fd, int end_fd)
{
	struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN },
		{ .fd = end_fd, .events = POLLIN } };

	while (children_reap(k)) {
		if (k->kill_at_ms != 0 && now_ms() >= k->kill_at_ms) {
			if (k->command > 0)
				k->code = 128 + SIGKILL;
			descendants_kill();
			break;
		}
		if (poll(fds, 2, wait_ms(k)) <= 0)
			continue;
		signals_pass_on(k, signal_fd);
		if (fds[1].revents != 0) {
			fds[1].fd = -1;
			ending_begin(k);
			if (k->command > 0) {
				kill(k->command, SIGTERM);
				kill(k->command, SIGCONT);
			}
		}
	}
	return k->code;
}

static void
command_become(const struct keeper *k, const struct launch *launch,
    char **command, pid_t parent, int report_fd)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	sigaction(SIGCHLD, &k->on_child, NULL);
	sigprocmask(SIG_SETMASK, &k->mask, NULL);
	error = launch_exec(launch, command);
	if (write(report_fd, &error, sizeof(error)) < 0)
		_exit(EXIT_NOT_FOUND);
	_exit(EXIT_NOT_EXECUTABLE);
}

static void
keeper_become(const struct keeper *k, struct launch *launch, char **command,
    pid_t parent, int report_fd, int end_fd)
{
	const pid_t self = getpid();
	struct kept kept = { .parent = parent, .grace_ms = k->grace_ms };
	int error;

	/* Of another name than ours: pkill -9 vault-env leaves us to clean up.
	 */
	prctl(PR_SET_NAME, "vaultenv-keeper");
	descendants_adopt();
	if ((kept.command = fork()) == 0)
		command_become(k, launch, command, self, report_fd);
	explicit_bzero(launch->bytes, launch->len);
	if (kept.command < 0) {
		error = errno;
		_exit(write(report_fd, &error, sizeof(error)) < 0);
	}
	close(report_fd);
	_exit(keep(&kept, k->signal_fd, end_fd));
}

int
keeper_start(struct keeper *k, struct launch *launch, char **command)
{
	const pid_t parent = getpid();
	int report[2], end[2], error = 0, code = EXIT_DONE;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) != 0 || pipe2(end, O_CLOEXEC) != 0 ||
	    (k->pid = fork()) < 0) {
		error_print(
		    NULL, "Cannot start a process: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (k->pid == 0) {
		close(report[0]);
		close(end[1]);
		keeper_become(k, launch, command, parent, report[1], end[0]);
	}
	close(report[1]);
	close(end[0]);
	k->end_fd = end[1];
	/* The exec closes it without a word. */
	while (
	    (n = read(report[0], &error, sizeof(error))) < 0 && errno == EINTR)
		continue;
	close(report[0]);
	if (n == (ssize_t)sizeof(error)) {
		waitpid(k->pid, NULL, 0);
		code = launch_explain(launch, command[0], error);
	}
	launch_free(launch);
	return code;
}

void
keeper_end(struct keeper *k)
{
	if (k->end_fd >= 0)
		close(k->end_fd);
	k->end_fd = -1;
}
