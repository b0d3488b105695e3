/* SPDX-License-Identifier: MIT */
/*
 * The transport over real sockets: a thread answers on loopback with the bytes
 * that a test gives it. What libcurl sends, what it must not follow or take,
 * every reason for no answer, and the retry for a clock that is off.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "client/client.h"
#include "fake.h"
#include "sentence.h"

#define ANSWERS_MAX 4
#define LARGE       (2u << 20)

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
static void
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

static void *
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

static void
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

static void
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

static void
server_is_odd(bool speaks_first, size_t n_filler)
{
	pthread_mutex_lock(&server.lock);
	server.speaks_first = speaks_first;
	server.n_filler = n_filler;
	pthread_mutex_unlock(&server.lock);
}

/* The lock orders what the thread wrote before what the test reads. */
static int
n_requests(void)
{
	int n;

	pthread_mutex_lock(&server.lock);
	n = server.n_requests;
	pthread_mutex_unlock(&server.lock);
	return n;
}

static const char *
request(int i)
{
	return i < n_requests() ? server.requests[i] : "";
}

static struct vaultenv_client *
client(struct fake *f, const char *base)
{
	struct vaultenv_options opts = { .vault_key = KEY,
		.device_secret = SECRET,
		.environment = "production",
		.url = base,
		.timeout_ms = timeout_ms,
		.notice = fake_notice,
		.notice_arg = f };
	struct vaultenv_client *c = NULL;
	struct vaultenv_error err;

	if (vaultenv_client_open(&opts, &c, &err) != 0) {
		printf("Bail out! %s\n", sentence(&err));
		exit(1);
	}
	return c;
}

/* A current-version call to base fails with this code and sentence. */
static void
fails(const char *base, int code, const char *want)
{
	struct vaultenv_client *c = client(NULL, base);
	struct vaultenv_error err = { .code = 0 };
	int64_t version;

	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), code,
	    want);
	is_str(sentence(&err), want, "and says so");
	vaultenv_client_free(&c);
}

static void
test_request(void)
{
	struct vaultenv_client *c = client(NULL, url);
	struct vaultenv_error err;
	int64_t version = 0;
	static const char body_end[] = "\",\"environment\":\"production\"}";
	const char *sent;

	/* A proxy has no business with loopback. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	server_answer("HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT"
		      "\r\nConnection: close\r\n\r\n"
		      "{\"version\":4,\"updated_at\":\"t\"}",
	    "");
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "an answer without length");
	is_int(version, 4, "is read to its end");
	sent = request(0);
	ok(strstr(sent, "POST /api/v1/secrets/current-version HTTP/1.1\r\n") ==
		sent,
	    "a POST to the path");
	ok(strstr(sent, "\r\nContent-Type: application/json\r\n") != NULL,
	    "of JSON");
	ok(strstr(sent, "\r\nUser-Agent: vault-env/") != NULL,
	    "that says who sends it");
	ok(strstr(sent, "\r\nX-Vault-Signature: v=") != NULL, "signed");
	ok(strstr(sent, "\r\n\r\n{\"project_id\":\"" PROJECT
			"\",\"nonce\":\"") != NULL &&
		strcmp(sent + strlen(sent) - strlen(body_end), body_end) == 0,
	    "and the body's bytes");
	unsetenv("http_proxy");
	vaultenv_client_free(&c);
}

static void
test_failures(void)
{
	char want[256], base[64];
	int fd;

	server_answer("HTTP/1.1 302 Found\r\nLocation: /other\r\n"
		      "Content-Length: 0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\r\n{\"version\":1,\"updated_at\":null}");
	snprintf(want, sizeof(want),
	    "%s answers with a redirect (HTTP 302), which is not followed. "
	    "Check the URL (VAULT_URL)",
	    url);
	fails(url, VAULTENV_ERR_PROTOCOL, want);
	is_int(n_requests(), 1, "and is not followed");

	server_answer("HTTP/1.1 200 OK\r\n\r\n{", "");
	server_is_odd(false, REPLY_MAX + 1);
	snprintf(want, sizeof(want),
	    "The answer of %s is larger than 8 MiB. Check the URL (VAULT_URL)",
	    url);
	fails(url, VAULTENV_ERR_PROTOCOL, want);

	server_answer("", "");
	snprintf(want, sizeof(want),
	    "Cannot reach %s: it closed the connection without an answer. "
	    "Check the URL (VAULT_URL)",
	    url);
	fails(url, VAULTENV_ERR_NETWORK, want);

	server_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "");
	snprintf(want, sizeof(want),
	    "Cannot reach %s: the connection broke within the answer. Try "
	    "again",
	    url);
	fails(url, VAULTENV_ERR_NETWORK, want);

	server_answer("hello\r\n", "");
	snprintf(want, sizeof(want),
	    "Cannot reach %s: its answer is not HTTP. Check the URL (VAULT_URL)",
	    url);
	fails(url, VAULTENV_ERR_PROTOCOL, want);

	timeout_ms = 300;
	server_answer(NULL, "");
	snprintf(want, sizeof(want),
	    "Cannot reach %s: no answer in time. Try again, or check the URL ("
	    "VAULT_URL)",
	    url);
	fails(url, VAULTENV_ERR_NETWORK, want);
	timeout_ms = 20000;
	/* Only now is the server free again. */
	server_answer("hello\r\n", "hello\r\n");
	server_is_odd(true, 0);
	snprintf(base, sizeof(base), "https://127.0.0.1:%d", server.port);
	snprintf(want, sizeof(want),
	    "Cannot reach %s: no TLS connection can be made (1.2 or newer is "
	    "needed). Check the URL (VAULT_URL)",
	    base);
	sleep(1);
	fails(base, VAULTENV_ERR_NETWORK, want);

	/* A port that is bound but does not listen. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&addr, &len) == 0) {
		snprintf(base, sizeof(base), "http://127.0.0.1:%d",
		    ntohs(addr.sin_port));
		snprintf(want, sizeof(want),
		    "Cannot reach %s: Connection refused. Check the URL ("
		    "VAULT_URL)",
		    base);
		fails(base, VAULTENV_ERR_NETWORK, want);
	}
	close(fd);
}

static void
test_refused_urls(void)
{
	static const char *const urls[] = { "http://192.0.2.1/", "file:///etc",
		"ftp://127.0.0.1/", "http://127.0.0.1@192.0.2.1/" };
	struct vaultenv_options opts = { .timeout_ms = 20000 };
	struct transport *t = NULL;
	struct http_reply reply;
	struct vaultenv_error err;
	const char *none[] = { NULL };
	char *large;

	is_int(transport_new(&t, &opts), 0, "a transport by itself");
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		is_int(
		    transport_perform(t, urls[i], none, NULL, 0, &reply, &err),
		    VAULTENV_ERR_INVALID, urls[i]);
		is_str(sentence(&err),
		    "Will not send to this address: it is not an https URL. "
		    "Check the URL (VAULT_URL)",
		    "is not sent to");
		blob_reset(&reply.body);
	}
	server_answer("HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT"
		      "\r\n\r\nx",
	    "");
	is_int(
	    transport_perform(t, url, none, NULL, 0, &reply, &err), 0, "a GET");
	ok(strncmp(request(0), "GET / HTTP/1.1\r\n", 16) == 0, "is a GET");
	is_int(reply.date_ms, INT64_C(1704067200000), "the Date header");
	is_str((const char *)reply.body.data, "x", "the body");
	blob_reset(&reply.body);

	/* Above 1 MiB libcurl would ask first, and wait for an answer. */
	if ((large = calloc(1, LARGE)) == NULL)
		return;
	server_answer("HTTP/1.1 200 OK\r\n\r\n", "");
	is_int(transport_perform(t, url, none, large, LARGE, &reply, &err), 0,
	    "a large POST");
	ok(strcasestr(request(0), "\r\nExpect:") == NULL, "does not ask first");
	blob_reset(&reply.body);
	free(large);
	transport_free(&t);
}

static void
answer_at(
    char *out, size_t size, time_t when, const char *status, const char *body)
{
	char date[64];

	strftime(
	    date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&when));
	snprintf(
	    out, size, "HTTP/1.1 %s\r\nDate: %s\r\n\r\n%s", status, date, body);
}

static int64_t
signed_time(int n)
{
	const char *v = strstr(request(n), "X-Vault-Signature: v=");

	return v == NULL ? 0 : strtoll(v + 21, NULL, 10) / 1000;
}

static void
test_clock(void)
{
	static const char unauthorized[] = "{\"error\":\"Unauthorized\"}";
	char refuse[256], accept_it[256], today[16];
	char refuse_now[256], refuse_far[256];
	struct fake f = { .n_calls = 0 };
	struct vaultenv_client *c = client(&f, url);
	struct vaultenv_error err;
	time_t now = time(NULL);
	int64_t version = 0;

	strftime(today, sizeof(today), "%Y-%m-%d", gmtime(&now));
	answer_at(refuse, sizeof(refuse), now + 600, "401 Unauthorized",
	    unauthorized);
	answer_at(accept_it, sizeof(accept_it), now + 600, "200 OK",
	    "{\"version\":4,\"updated_at\":null}");
	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "a clock that is ten minutes slow");
	is_int(n_requests(), 2, "takes a second request");
	ok(llabs(signed_time(1) - (int64_t)now - 600) <= 3,
	    "signed with the server's time");
	ok(strncmp(f.notice, "This machine's clock is off: 20", 31) == 0 &&
		strstr(f.notice, today) != NULL &&
		strstr(f.notice, " UTC at the server. Going on with the "
				 "server's time; set the clock") != NULL,
	    "and a notice: %s", f.notice);
	f.notice[0] = '\0';
	server_answer(accept_it, refuse);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "the next call");
	is_int(n_requests(), 1, "knows it");
	is_str(f.notice, "", "and says no more");
	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_UNAUTHORIZED, "a 401 now");
	is_int(n_requests(), 1, "has nothing to do with the clock");
	vaultenv_client_free(&c);

	c = client(&f, url);
	server_answer(refuse, refuse);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_CLOCK, "no with the server's time too");
	is_int(n_requests(), 2, "is not asked a third time");
	ok(strncmp(sentence(&err),
	       "The server did not accept this machine's "
	       "signature, and the clocks differ: 20",
	       77) == 0 &&
		strstr(sentence(&err), "there. Set this machine's clock; if it is "
				 "right, check VAULT_KEY") != NULL,
	    "and says so: %s", sentence(&err));
	vaultenv_client_free(&c);

	c = client(&f, url);
	answer_at(refuse_now, sizeof(refuse_now), now, "401 Unauthorized",
	    unauthorized);
	server_answer(refuse_now, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_UNAUTHORIZED, "with a good clock it is the key");
	is_int(n_requests(), 1, "and there is no second try");
	vaultenv_client_free(&c);

	/* As with --insecure-http: anybody may have written that date. */
	c = client(&f, url);
	c->date_is_trusted = false;
	f.notice[0] = '\0';
	answer_at(refuse_far, sizeof(refuse_far), now + 86400 * 365,
	    "401 Unauthorized", unauthorized);
	server_answer(refuse_far, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_CLOCK, "a date that nobody vouches for");
	is_int(n_requests(), 1, "is not signed with");
	is_str(f.notice, "", "nor called a fact");
	vaultenv_client_free(&c);
}

/* A signature for a time to come is a write that waits for its day. */
static void
test_clock_of_others(void)
{
	static const char unauthorized[] = "{\"error\":\"Unauthorized\"}";
	char refuse[256], accept_it[256], refuse_far[256];
	struct fake f = { .n_calls = 0 };
	struct vaultenv_client *c = client(&f, url);
	struct vaultenv_error err;
	time_t now = time(NULL);
	int64_t version = 0;

	answer_at(refuse_far, sizeof(refuse_far), now + 3600,
	    "401 Unauthorized", unauthorized);
	answer_at(refuse, sizeof(refuse), now + 600, "401 Unauthorized",
	    unauthorized);
	answer_at(accept_it, sizeof(accept_it), now + 600, "200 OK",
	    "{\"version\":4,\"updated_at\":null}");
	server_answer(refuse_far, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_CLOCK, "an hour is more than a clock that goes wrong");
	is_int(n_requests(), 1, "and is not followed");
	is_str(f.notice, "", "nor said to be the time");

	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "minutes are, for a read");
	server_answer(refuse, accept_it);
	is_int(vaultenv_secrets_rollback(c, 1, &version, &err),
	    VAULTENV_ERR_CLOCK, "but a write");
	is_int(n_requests(), 1, "is sent once");
	ok(llabs(signed_time(0) - (int64_t)now) <= 3, "with our own time");
	server_answer(refuse, accept_it);
	is_int(vaultenv_device_revoke(c, DEVICE_ID, &err), VAULTENV_ERR_CLOCK,
	    "revoking a device is one, too");
	is_int(n_requests(), 1, "and is sent once");
	vaultenv_client_free(&c);
}

int
main(void)
{
	pthread_t thread;
	char home[64];

	fake_home(home);
	server_start(&thread);
	test_request();
	test_failures();
	test_refused_urls();
	test_clock();
	test_clock_of_others();
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(server.fd);
	fake_home_remove(home);
	return tap_done();
}
