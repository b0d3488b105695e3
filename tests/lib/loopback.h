/* SPDX-License-Identifier: MIT */
/*
 * loopback.h: a thread that answers on a real socket with the bytes that a test
 * gives it, and keeps what it was sent.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "client/client.h"
#include "fake.h"
#include "sentence.h"

#define ANSWERS_MAX 4

static struct {
	int fd;
	int port;
	const char *answers[ANSWERS_MAX]; /* NULL: says nothing, for a second */
	size_t n_filler;                  /* bytes of spaces after the answer */
	bool speaks_first; /* no HTTP: does not wait for a request */
	char requests[ANSWERS_MAX][8192];
	int n_requests;
	pthread_mutex_t lock; /* all but fd and port */
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char url[64];
static int timeout_ms = 20000;

/* What does not fit in out is read all the same. */
static inline void
request_read(int fd, char *out, size_t size)
{
	static char rest[65536];
	size_t used = 0, total = 0, body = 0;
	const char *end = NULL, *length;
	ssize_t n;

	for (;;) {
		if (used < size - 1)
			n = read(fd, out + used, size - 1 - used);
		else
			n = read(fd, rest, sizeof(rest));
		if (n <= 0)
			return;
		total += (size_t)n;
		if (used < size - 1)
			used += (size_t)n;
		out[used] = '\0';
		if (end == NULL && (end = strstr(out, "\r\n\r\n")) != NULL &&
		    (length = strstr(out, "Content-Length: ")) != NULL)
			body = strtoul(length + 16, NULL, 10);
		if (end != NULL && total >= (size_t)(end + 4 - out) + body)
			return;
	}
}

static inline void *
server_run(void *arg)
{
	static char filler[65536], request[8192];
	bool speaks_first;
	const char *answer;
	size_t left;
	ssize_t n;
	int fd, i;

	(void)arg;
	memset(filler, ' ', sizeof(filler));
	while ((fd = accept(server.fd, NULL, NULL)) != -1) {
		pthread_mutex_lock(&server.lock);
		speaks_first = server.speaks_first;
		pthread_mutex_unlock(&server.lock);
		request[0] = '\0';
		if (!speaks_first)
			request_read(fd, request, sizeof(request));
		pthread_mutex_lock(&server.lock);
		i = server.n_requests < ANSWERS_MAX ? server.n_requests
						    : ANSWERS_MAX - 1;
		memcpy(server.requests[i], request, sizeof(request));
		server.n_requests++;
		answer = server.answers[i];
		left = server.n_filler;
		pthread_mutex_unlock(&server.lock);
		if (answer == NULL) {
			sleep(1);
			answer = "";
		}
		send(fd, answer, strlen(answer), MSG_NOSIGNAL);
		for (; left > 0; left -= (size_t)n) {
			n = send(fd, filler,
			    left < sizeof(filler) ? left : sizeof(filler),
			    MSG_NOSIGNAL);
			if (n <= 0)
				break;
		}
		close(fd);
	}
	return NULL;
}

static inline void
server_start(pthread_t *thread)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(server.fd, 16) != 0 ||
	    getsockname(server.fd, (struct sockaddr *)&addr, &len) != 0 ||
	    pthread_create(thread, NULL, server_run, NULL) != 0) {
		printf("Bail out! no server\n");
		exit(1);
	}
	server.port = ntohs(addr.sin_port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", server.port);
}

static inline void
server_answer(const char *answer, const char *then)
{
	pthread_mutex_lock(&server.lock);
	memset(server.requests, 0, sizeof(server.requests));
	server.n_requests = 0;
	server.n_filler = 0;
	server.speaks_first = false;
	server.answers[0] = answer;
	for (int i = 1; i < ANSWERS_MAX; i++)
		server.answers[i] = then;
	pthread_mutex_unlock(&server.lock);
}

static inline void
server_is_odd(bool speaks_first, size_t n_filler)
{
	pthread_mutex_lock(&server.lock);
	server.speaks_first = speaks_first;
	server.n_filler = n_filler;
	pthread_mutex_unlock(&server.lock);
}

/* The lock orders what the thread wrote before what the test reads. */
static inline int
n_requests(void)
{
	int n;

	pthread_mutex_lock(&server.lock);
	n = server.n_requests;
	pthread_mutex_unlock(&server.lock);
	return n;
}

static inline const char *
request(int i)
{
	return i < n_requests() ? server.requests[i] : "";
}

static inline struct vaultenv_client *
client(struct fake *f, const char *base)
{
	struct vaultenv_options opts = { .vault_key = KEY,
		.device_secret = SECRET,
		.environment = "production",
		.url = base,
		.timeout_ms = timeout_ms,
		.notice = fake_notice,
		.notice_arg = f };

	return client_opened(&opts);
}

static inline void
server_stop(pthread_t thread)
{
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(server.fd);
}

#endif
