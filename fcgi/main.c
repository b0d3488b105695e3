/* SPDX-License-Identifier: MIT */
/*
 * main.c: start, the accept loop, signals. The only file that knows FCGX.
 *
 * We accept connections ourselves and hand them to libfcgi, because its own
 * accept can be woken only by shutting down the listening socket (which is the
 * supervisor's), by a flag that also ends the reading of requests in hand, or
 * by a signal that breaks a read() just as well. Here the wake-up signal is
 * let through around accept() alone. It also lets us put a deadline on a
 * connection: libfcgi would wait for ever for a peer that stalls.
 */
#include "config.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/routes.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"
#include "deadline.h"
#include "harden.h"
#include "housekeep.h"
#include "listen.h"
#include "options.h"
#include "rekey.h"
#include "start.h"

#define ROLE_RESPONDER 1 /* FastCGI specification 6.2 */
#define WAKE_SIGNAL    SIGUSR2
#define READ_MS        10000 /* a web server has the whole request at hand */
#define WRITE_MS       60000 /* but may hand the reply to a slow client */
#define IDLE_MS        10000 /* a connection that is kept */
#define DRAIN_MAX      (64u << 20) /* of a body that nobody reads */

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct worker {
	pthread_t thread;
	FCGX_Request fcgi;
	struct deadline deadline;
	atomic_bool running;
};

static struct server server;
static struct listener listener;
static struct worker *workers;
static atomic_bool stopping, failed;

/* ---- a request */

static size_t
read_body(void *arg, char *buf, size_t n)
{
	const FCGX_Request *fcgi = arg;

	return (size_t)FCGX_GetStr(buf, (int)n, fcgi->in);
}

static int
body_error(void *arg)
{
	const FCGX_Request *fcgi = arg;

	return FCGX_GetError(fcgi->in);
}

/* A web server still sends when it is refused: let it, so that it reads. */
static void
drain(FCGX_Request *fcgi)
{
	char waste[4096];
	size_t n, sum = 0;

	do {
		n = read_body(fcgi, waste, sizeof(waste));
		sum += n;
	} while (n == sizeof(waste) && sum < DRAIN_MAX);
	mem_wipe(waste, sizeof(waste));
}

static void
serve(struct worker *w)
{
	FCGX_Request *fcgi = &w->fcgi;
	const struct request_source source = {
		.params = fcgi->envp,
		.read = read_body,
		.error = body_error,
		.arg = fcgi,
		.is_responder = fcgi->role == ROLE_RESPONDER,
	};
	struct reply reply;
	char head[1024];
	size_t len;

	/* To libfcgi the end of the connection ends the parameters too. */
	if (body_error(fcgi) != 0)
		return;
	reply_init(&reply);
	routes_run(&server, &source, &reply);
	drain(fcgi);
	deadline_move(&w->deadline, SHUT_RDWR, clock_mono_ms() + WRITE_MS);
	len = reply_head(&reply, head, sizeof(head));
	if (FCGX_PutStr(head, (int)len, fcgi->out) == (int)len &&
	    reply.body.text.len > 0)
		FCGX_PutStr((const char *)reply.body.text.data,
		    (int)reply.body.text.len, fcgi->out);
	reply_reset(&reply);
}

/* ---- connections */

static void
let_wake_signal(bool through)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, WAKE_SIGNAL);
	pthread_sigmask(through ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

/* Blocks in accept() or poll(); a connection, or -1: look at stopping. The
 * kernel wakes one thread a connection. errno is that of the call. */
static int
wait_connection(int listen_fd)
{
	struct pollfd wait = { .fd = listen_fd, .events = POLLIN };
	int fd = -1, saved;

	let_wake_signal(true);
	errno = EINTR;
	if (!stopping)
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	/* Somebody else made the socket non-blocking. */
	if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		(void)poll(&wait, 1, -1);
	saved = errno;
	let_wake_signal(false);
	errno = saved;
	return fd;
}

static void
stop_all(void)
{
	failed = true;
	kill(getpid(), SIGTERM);
}

/* False when it is time to go. */
static bool
next_connection(FCGX_Request *fcgi)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int fd;

	while (!stopping) {
		if ((fd = wait_connection(listener.fd)) >= 0) {
			fcgi->ipcFd = fd;
			return true;
		}
		switch (errno) {
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			log_error("the listening socket is gone: %s",
			    strerror(errno));
			stop_all();
			return false;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			log_error("cannot accept: %s", strerror(errno));
			nanosleep(&pause, NULL);
			break;
		default: /* EINTR, or the peer is gone already */
			break;
		}
	}
	return false;
}

/* A connection that the web server keeps: until its next request. One that
 * stays idle is closed: others wait for the thread. False: it is time to go. */
static bool
next_request(FCGX_Request *fcgi)
{
	struct pollfd wait = { .fd = fcgi->ipcFd, .events = POLLIN };
	int n;

	do {
		let_wake_signal(true);
		n = stopping ? 0 : poll(&wait, 1, IDLE_MS);
		let_wake_signal(false);
	} while (n < 0 && !stopping);
	if (n == 0)
		FCGX_Free(fcgi, 1);
	return !stopping;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	FCGX_Request *fcgi = &w->fcgi;

	/* No listening socket for libfcgi: instead of accepting it fails. */
	FCGX_InitRequest(fcgi, -1, 0);
	for (;;) {
		if (fcgi->ipcFd < 0 ? !next_connection(fcgi)
				    : !next_request(fcgi))
			break;
		if (fcgi->ipcFd < 0)
			continue;
		/* Reading alone ends: a reply may still be on its way. */
		(void)deadline_set(&w->deadline, fcgi->ipcFd, SHUT_RD,
		    clock_mono_ms() + READ_MS);
		/* Or it would close what it takes for the last request's. */
		fcgi->keepConnection = 1;
		if (FCGX_Accept_r(fcgi) == 0) {
			serve(w);
			FCGX_Finish_r(fcgi);
		}
		deadline_clear(&w->deadline);
	}
	FCGX_Free(fcgi, 1);
	w->running = false;
	return NULL;
}

/* ---- the process */

static void
on_wake(int signal)
{
	(void)signal;
}

/* Before any thread: they inherit the mask. */
static void
set_signals(sigset_t *waited)
{
	struct sigaction wake = { .sa_handler = on_wake }; /* no restart */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t blocked;

	sigemptyset(waited);
	sigaddset(waited, SIGTERM);
	sigaddset(waited, SIGINT);
	sigaddset(waited, SIGUSR1); /* FastCGI's own "stop" */
	sigaddset(waited, SIGHUP);
	blocked = *waited;
	sigaddset(&blocked, WAKE_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	sigaction(WAKE_SIGNAL, &wake, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static int
start_workers(int n)
{
	int i, r = 0;

	if ((workers = calloc((size_t)n, sizeof(*workers))) == NULL)
		return ENOMEM;
	for (i = 0; i < n && r == 0; i++) {
		workers[i].running = true;
		deadline_init(&workers[i].deadline);
		r = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		if (r != 0)
			workers[i].running = false;
	}
	return r;
}

static void
enforce_deadlines(int n)
{
	for (int i = 0; i < n; i++)
		if (workers[i].running)
			deadline_enforce(&workers[i].deadline, clock_mono_ms());
}

static void
wait_for_signal(const sigset_t *waited, int n)
{
	const struct timespec pause = { .tv_sec = 1 };
	int got;

	do {
		got = sigtimedwait(waited, NULL, &pause);
		if (got < 0)
			enforce_deadlines(n);
		if (got == SIGHUP)
			log_info("SIGHUP: nothing to reload, settings are "
				 "read at start");
	} while (got < 0 || got == SIGHUP);
}

/* False when threads are left over at the deadline. A wake-up that comes just
 * before a thread blocks is lost, hence again and again. */
static bool
stop_workers(int n, int64_t deadline_ms)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int left;

	stopping = true;
	do {
		left = 0;
		for (int i = 0; i < n; i++) {
			if (!workers[i].running)
				continue;
			left++;
			pthread_kill(workers[i].thread, WAKE_SIGNAL);
		}
		enforce_deadlines(n);
		if (left > 0)
			nanosleep(&pause, NULL);
	} while (left > 0 && clock_mono_ms() < deadline_ms);
	if (left > 0) {
		log_error("%d requests were not finished in time", left);
		return false;
	}
	for (int i = 0; i < n; i++)
		if (workers[i].thread != 0)
			pthread_join(workers[i].thread, NULL);
	free(workers);
	return true;
}

static int
run(const struct settings *settings)
{
	struct housekeeper keeper;
	sigset_t waited;
	int64_t deadline;
	bool clean = true;
	int r;

	set_signals(&waited);
	db_on_wrong(server.db, stop_all);
	if (FCGX_Init() != 0 ||
	    (r = housekeeper_start(&keeper, &server)) != 0) {
		log_error("cannot start");
		return EXIT_FAILED;
	}
	if ((r = start_workers(settings->threads)) != 0) {
		log_error("cannot start %d threads: %s", settings->threads,
		    strerror(r));
		stop_all();
	} else {
		log_info("vault.fcgi %s answers with %d threads",
		    PACKAGE_VERSION, settings->threads);
	}
	wait_for_signal(&waited, settings->threads);
	log_info("stopping");
	deadline = clock_mono_ms() + settings->stop_timeout_s * 1000;
	clean = stop_workers(settings->threads, deadline);
	clean = housekeeper_stop(
		    &keeper, clean ? (int)(deadline - clock_mono_ms()) : 0) &&
		clean;
	listener_close(&listener);
	log_info("stopped");
	/* What still runs uses what we would free. */
	if (!clean)
		_exit(EXIT_FAILED);
	return failed ? EXIT_FAILED : EXIT_DONE;
}

static int
refuse(const struct settings *settings, enum exit_code code, const char *why)
{
	fprintf(stderr, "vault.fcgi: %s\n", why);
	if (settings != NULL && settings->log == LOG_TO_SYSLOG)
		log_error("%s", why);
	return code;
}

static int
start(const struct settings *settings, bool check_only)
{
	char why[WHY_MAX] = "";
	int r, code = EXIT_FAILED;

	if (server_open(&server, settings, check_only, why) != 0)
		return refuse(settings, EXIT_FAILED, why);
	r = db_check(server.db, why);
	if (r < 0 || (r > 0 && check_only)) {
		char text[WHY_MAX + 64];

		snprintf(text, sizeof(text), "%s%s",
		    r > 0 ? "Database unavailable: " : "", why);
		refuse(settings, EXIT_FAILED, text);
		goto out;
	}
	if (check_only) {
		puts("ok");
		code = EXIT_DONE;
		goto out;
	}
	if (listener_open(&listener, settings->listen,
		(mode_t)settings->socket_mode, why) != 0) {
		code = refuse(settings, EXIT_USAGE, why);
		goto out;
	}
	code = run(settings);
out:
	server_close(&server);
	return code;
}

/* A socket must not end up where something prints. */
static void
open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char *argv[])
{
	char why[WHY_MAX] = "";
	struct settings settings;
	struct options o;
	int code;

	open_standard_files();
	if (!options_parse(&o, argc, argv))
		return EXIT_USAGE;
	if (options_print(&o))
		return EXIT_DONE;
	if (harden(why) != 0)
		return refuse(NULL, EXIT_FAILED, why);
	raise_file_limit();
	if (settings_load(&settings, o.config, why) != 0)
		return refuse(NULL, EXIT_USAGE, why);
	if (o.listen != NULL) {
		free(settings.listen);
		if ((settings.listen = strdup(o.listen)) == NULL)
			return refuse(NULL, EXIT_FAILED, "out of memory");
	}
	log_open(settings.log == LOG_TO_SYSLOG,
	    settings.log_level == LOG_LEVEL_ERROR);
	if (o.action == ACTION_REKEY) {
		code = rekey(&settings, why) == 0 ? EXIT_DONE : EXIT_FAILED;
		if (code == EXIT_DONE)
			puts(why);
		else
			refuse(&settings, code, why);
	} else {
		code = start(&settings, o.action == ACTION_CHECK);
	}
	settings_free(&settings);
	return code;
}
