/* SPDX-License-Identifier: MIT */
/*
 * The transport over real sockets: a thread answers on loopback with the bytes
 * that a test gives it. What libcurl sends, what it must not follow or take,
 * and every reason for no answer.
 */
#include "config.h"

#include "loopback.h"

#define LARGE      (2u << 20)
#define SHORT_BODY "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"
#define SHORT_HEAD "HTTP/1.1 200 OK\r\nContent-Ty"
#define NO_BODY    "HTTP/1.1 404 Not Found\r\n\r\n"
#define NO_END     "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"

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

/* What is signed is sent once more if the connection breaks; nothing else is.
 */
static void
test_again(void)
{
	static const char *const broken[] = { "", SHORT_HEAD, SHORT_BODY,
		NO_END };
	struct vaultenv_client *c = client(NULL, url);
	struct vaultenv_error err;
	int64_t version;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		server_answer(broken[i],
		    "HTTP/1.1 200 OK\r\n\r\n{\"version\":5,"
		    "\"updated_at\":\"t\"}");
		version = 0;
		is_int(
		    vaultenv_secrets_current_version(c, &version, NULL, &err),
		    0, "a connection that breaks once");
		is_int(version, 5, "gives the second answer");
		is_int(n_requests(), 2, "to a second request");
		is_str(request(1), request(0), "of the same bytes");
	}
	server_answer("", "");
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_NETWORK, "one that breaks twice");
	is_int(n_requests(), 2, "is not tried a third time");
	server_answer(NO_BODY, "");
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err),
	    VAULTENV_ERR_PROTOCOL, "an answer without a body");
	is_int(n_requests(), 1, "is one");
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

	snprintf(want, sizeof(want),
	    "Cannot reach %s: the connection broke within the answer. Try "
	    "again",
	    url);
	server_answer(SHORT_BODY, SHORT_BODY);
	fails(url, VAULTENV_ERR_NETWORK, want);
	server_answer(SHORT_HEAD, SHORT_HEAD);
	fails(url, VAULTENV_ERR_NETWORK, want);

	server_answer("hello\r\n", "");
	snprintf(want, sizeof(want),
	    "Cannot reach %s: its answer is not HTTP. Check the URL "
	    "(VAULT_URL)",
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
	server_answer("HTTP/1.1 200 OK\r\n\r\n{}", "");
	is_int(transport_perform(t, url, none, large, LARGE, &reply, &err), 0,
	    "a large POST");
	ok(strcasestr(request(0), "\r\nExpect:") == NULL, "does not ask first");
	blob_reset(&reply.body);
	free(large);
	transport_free(&t);
}

int
main(void)
{
	pthread_t thread;
	char home[64];

	fake_home(home);
	server_start(&thread);
	test_request();
	test_again();
	test_failures();
	test_refused_urls();
	server_stop(thread);
	fake_home_remove(home);
	return tap_done();
}
