/* SPDX-License-Identifier: MIT */
/*
 * main.c: the process: what the command line asks for, start, signals, stop.
 * Answers nothing; worker.c does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"
#include "harden.h"
#include "housekeep.h"
#include "listen.h"
#include "operator/operator.h"
#include "options.h"
#include "start.h"
#include "worker.h"

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static struct server server;
static struct listener listener;
static atomic_bool failed;

static void
stop_all(void)
{
	failed = true;
	kill(getpid(), SIGTERM);
}

/* Before any thread: they inherit the mask. */
static void
set_signals(sigset_t *waited)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigemptyset(waited);
	sigaddset(waited, SIGTERM);
	sigaddset(waited, SIGINT);
	sigaddset(waited, SIGUSR1); /* FastCGI's own "stop" */
	sigaddset(waited, SIGHUP);
	pthread_sigmask(SIG_BLOCK, waited, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static void
wait_for_signal(const sigset_t *waited, struct workers *workers)
{
	const struct timespec pause = { .tv_sec = 1 };
	int got;

	do {
		got = sigtimedwait(waited, NULL, &pause);
		if (got < 0)
			workers_enforce_deadlines(workers);
		if (got == SIGHUP)
			log_info("SIGHUP: nothing to reload, settings are "
				 "read at start");
	} while (got < 0 || got == SIGHUP);
}

static int
run(const struct settings *settings)
{
	struct workers *workers;
	struct housekeeper keeper;
	sigset_t waited;
	int64_t deadline;
	bool clean = true;

	set_signals(&waited);
	db_on_wrong(server.db, stop_all);
	if (workers_init() != 0 || housekeeper_start(&keeper, &server) != 0) {
		log_error("cannot start");
		return EXIT_FAILED;
	}
	workers =
	    workers_start(&server, listener.fd, settings->threads, stop_all);
	if (workers == NULL) {
		log_error("cannot start %d threads: %s", settings->threads,
		    strerror(errno));
		failed = true;
	} else {
		log_info("vault.fcgi %s answers with %d threads",
		    PACKAGE_VERSION, settings->threads);
		wait_for_signal(&waited, workers);
	}
	log_info("stopping");
	deadline = clock_mono_ms() + settings->stop_timeout_s * 1000;
	clean = workers == NULL || workers_stop(&workers, deadline);
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

/* What the operator asked for beside a server. */
static int
operate(const struct settings *settings, const struct options *o)
{
	char said[WHY_MAX] = "";
	int r = -1;

	switch (o->action) {
	case ACTION_REKEY:
		r = rekey(settings, said);
		break;
	case ACTION_FORGET_KEYS:
		r = forget_keys(settings, said);
		break;
	case ACTION_CHECK_LOG:
		r = check_log(settings, stdout, said);
		break;
	case ACTION_RESTORE:
		r = restore(
		    settings, o->files, o->n_files, o->dry_run, stdout, said);
		break;
	case ACTION_UNFREEZE:
		r = unfreeze(settings, o->project, said);
		break;
	default:
		break;
	}
	if (r != 0)
		return refuse(settings, EXIT_FAILED, said);
	puts(said);
	return EXIT_DONE;
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
	if (o.action == ACTION_SERVE || o.action == ACTION_CHECK)
		code = start(&settings, o.action == ACTION_CHECK);
	else
		code = operate(&settings, &o);
	settings_free(&settings);
	return code;
}
