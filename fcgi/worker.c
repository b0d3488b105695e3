/* SPDX-License-Identifier: MIT */
/*
 * worker.c: accept, one request after the other, and FastCGI. The only file
 * that knows FCGX.
 *
 * We accept connections ourselves and hand them to libfcgi, because its own
 * accept can be woken only by shutting down the listening socket (which is the
 * supervisor's), by a flag that also ends the reading of requests in hand, or
 * by a signal that breaks a read() just as well. Here the wake-up signal is
 * let through around accept() alone. It also lets us put a deadline on a
 * connection: libfcgi would wait for ever for a peer that stalls. And we read
 * it ourselves (fastcgi.h): libfcgi makes a request of a head that it gets
 * through a pipe, and writes the reply.
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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/routes.h"
#include "common/clock.h"
#include "common/log.h"
#include "deadline.h"
#include "fastcgi.h"
#include "worker.h"

#define ROLE_RESPONDER 1 /* FastCGI specification 6.2 */
#define WAKE_SIGNAL    SIGUSR2
#define READ_MS        10000 /* a web server has the whole request at hand */
#define WRITE_MS       60000 /* but may hand the reply to a slow client */
#define IDLE_MS        10000 /* a connection that is kept */
#define DRAIN_MAX      (64u << 20) /* of a body that nobody reads */

struct worker {
	struct workers *all;
	pthread_t thread;
	int fd; /* the connection; -1: none */
	struct fastcgi in;
	/* By which libfcgi gets heads; -1: none. It never holds more than one.
	 */
	int pipe[2];
	FCGX_Request fcgi;
	struct deadline deadline;
	atomic_bool running;
};

struct workers {
	struct server *server;
	int listen_fd;
	void (*on_lost)(void);
	atomic_bool stopping;
	int n;
	struct worker each[];
};

/* ---- a request */

static size_t
read_body(void *arg, char *buf, size_t n)
{
	return fastcgi_read_body(arg, buf, n);
}

static int
body_error(void *arg)
{
	const struct fastcgi *in = arg;

	return in->failed;
}

/* A web server still sends when it is refused: let it, so that it reads. */
static void
drain(struct fastcgi *in)
{
	char waste[4096];
	size_t n, sum = 0;

	do {
		n = fastcgi_read_body(in, waste, sizeof(waste));
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
		.arg = &w->in,
		.is_responder = fcgi->role == ROLE_RESPONDER,
	};
	struct reply reply;
	char head[1024];
	size_t len;

	reply_init(&reply);
	routes_run(w->all->server, &source, &reply);
	drain(&w->in);
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
wait_connection(const struct workers *all)
{
	struct pollfd wait = { .fd = all->listen_fd, .events = POLLIN };
	int fd = -1, saved;

	let_wake_signal(true);
	errno = EINTR;
	if (!all->stopping)
		fd = accept4(all->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	/* Somebody else made the socket non-blocking. */
	if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		(void)poll(&wait, 1, -1);
	saved = errno;
	let_wake_signal(false);
	errno = saved;
	return fd;
}

/* False when it is time to go. */
static bool
next_connection(struct worker *w)
{
	const struct timespec pause = { .tv_nsec = 50000000 };

	while (!w->all->stopping) {
		if ((w->fd = wait_connection(w->all)) >= 0) {
			fastcgi_init(&w->in, w->fd);
			return true;
		}
		switch (errno) {
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			log_error("the listening socket is gone: %s",
			    strerror(errno));
			w->all->on_lost();
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

static void
close_connection(struct worker *w)
{
	close(w->fd);
	w->fd = -1;
	fastcgi_init(&w->in, -1);
}

/* A connection that the web server keeps: until its next request. One that
 * stays idle is closed: others wait for the thread. False: it is time to go. */
static bool
next_request(struct worker *w)
{
	struct pollfd wait = { .fd = w->fd, .events = POLLIN };
	int n;

	if (fastcgi_next(&w->in))
		return !w->all->stopping;
	do {
		let_wake_signal(true);
		n = w->all->stopping ? 0 : poll(&wait, 1, IDLE_MS);
		let_wake_signal(false);
	} while (n < 0 && !w->all->stopping);
	if (n == 0)
		close_connection(w);
	return !w->all->stopping;
}

static void
close_pipe(struct worker *w)
{
	for (int i = 0; i < 2; i++) {
		if (w->pipe[i] >= 0)
			close(w->pipe[i]);
		w->pipe[i] = -1;
	}
}

/* A head that was checked, by way of the pipe: libfcgi makes a request of it.
 * False, with the connection open, when there is none. */
static bool
take_request(struct worker *w)
{
	FCGX_Request *fcgi = &w->fcgi;

	if (fastcgi_read_head(&w->in) != 0)
		return false;
	if (w->pipe[0] < 0 && pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		log_error("cannot make a pipe: %s", strerror(errno));
		return false;
	}
	if (write(w->pipe[1], w->in.buf, w->in.head_len) !=
	    (ssize_t)w->in.head_len) {
		close_pipe(w);
		return false;
	}
	fcgi->ipcFd = w->pipe[0];
	/* Or it would close what it takes for the last request's. */
	fcgi->keepConnection = 1;
	if (FCGX_Accept_r(fcgi) != 0) {
		/* It has closed its end. */
		w->pipe[0] = -1;
		close_pipe(w);
		return false;
	}
	fcgi->ipcFd = w->fd;
	return true;
}

/*
 * Sends what is left of the reply. Not FCGX_Finish_r(), which closes the
 * connection only when the web server has closed its end: nothing is to come,
 * and the thread would sleep once more with each request. True: the connection
 * is to be kept, and can be.
 */
static bool
finish_request(struct worker *w)
{
	FCGX_Request *fcgi = &w->fcgi;
	bool keep = fcgi->keepConnection && fastcgi_body_ended(&w->in);

	/* The last one that is closed ends the request. */
	(void)FCGX_FClose(fcgi->err);
	if (FCGX_FClose(fcgi->out) != 0)
		keep = false;
	FCGX_Free(fcgi, 0);
	fcgi->ipcFd = -1;
	return keep;
}

/* One request. None without a deadline: its peer could hold us for ever. */
static void
answer(struct worker *w)
{
	bool keep = false;

	/* Reading alone ends: a reply may still be on its way. */
	deadline_set(&w->deadline, w->fd, SHUT_RD, clock_mono_ms() + READ_MS);
	if (take_request(w)) {
		serve(w);
		keep = finish_request(w);
	}
	deadline_clear(&w->deadline);
	if (!keep)
		close_connection(w);
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	/* No listening socket for libfcgi: instead of accepting it fails. */
	FCGX_InitRequest(&w->fcgi, -1, 0);
	while (w->fd < 0 ? next_connection(w) : next_request(w))
		if (w->fd >= 0)
			answer(w);
	if (w->fd >= 0)
		close_connection(w);
	close_pipe(w);
	w->running = false;
	return NULL;
}

/* ---- all of them */

static void
on_wake(int signal)
{
	(void)signal;
}

int
workers_init(void)
{
	struct sigaction wake = { .sa_handler = on_wake }; /* no restart */

	let_wake_signal(false);
	sigaction(WAKE_SIGNAL, &wake, NULL);
	return FCGX_Init() == 0 ? 0 : -1;
}

struct workers *
workers_start(
    struct server *server, int listen_fd, int n, void (*on_lost)(void))
{
	struct workers *w =
	    calloc(1, sizeof(*w) + (size_t)n * sizeof(w->each[0]));
	int saved;

	if (w == NULL)
		return NULL;
	w->server = server;
	w->listen_fd = listen_fd;
	w->on_lost = on_lost;
	for (; w->n < n; w->n++) {
		struct worker *each = &w->each[w->n];

		each->all = w;
		each->running = true;
		each->fd = each->pipe[0] = each->pipe[1] = -1;
		deadline_init(&each->deadline);
		errno = pthread_create(&each->thread, NULL, work, each);
		if (errno != 0)
			goto fail;
	}
	return w;
fail:
	saved = errno;
	(void)workers_stop(&w, INT64_MAX);
	errno = saved;
	return NULL;
}

void
workers_enforce_deadlines(struct workers *w)
{
	for (int i = 0; i < w->n; i++)
		if (w->each[i].running)
			deadline_enforce(&w->each[i].deadline, clock_mono_ms());
}

/* A wake-up that comes just before a thread blocks is lost, hence again and
 * again. */
bool
workers_stop(struct workers **w, int64_t deadline_ms)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int left;

	(*w)->stopping = true;
	do {
		left = 0;
		for (int i = 0; i < (*w)->n; i++) {
			if (!(*w)->each[i].running)
				continue;
			left++;
			pthread_kill((*w)->each[i].thread, WAKE_SIGNAL);
		}
		workers_enforce_deadlines(*w);
		if (left > 0)
			nanosleep(&pause, NULL);
	} while (left > 0 && clock_mono_ms() < deadline_ms);
	if (left > 0) {
		log_error("%d requests were not finished in time", left);
		return false;
	}
	for (int i = 0; i < (*w)->n; i++)
		pthread_join((*w)->each[i].thread, NULL);
	free(*w);
	*w = NULL;
	return true;
}
