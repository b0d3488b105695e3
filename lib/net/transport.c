/* SPDX-License-Identifier: MIT */
/*
 * transport.c: one HTTP request, by libcurl (curl.c loads it, certificates.c
 * says whom it trusts, failure.c explains it) or by the caller's callback. It
 * knows nothing of JSON, keys or signatures, and refuses whatever URL, redirect
 * or reply size the rest of the library must not see.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/curl.h"
#include "net/net.h"

#define TIMEOUT_MS         30000
#define CONNECT_TIMEOUT_MS 10000L
#define STALL_BYTES_PER_S  8L
#define STALL_S            20L

struct transport {
	const struct curl_functions *libcurl; /* these two: NULL before the */
	CURL *curl;                           /* first request, or callback */
	struct certificates trusted;
	char words[CURL_ERROR_SIZE]; /* libcurl's, of the last error */
	pid_t pid;                   /* whose connection it is */
	bool insecure;
	atomic_bool aborted;
	long timeout_ms;
	int (*callback)(void *arg, const char *url, const char *const *headers,
	    const char *body, size_t body_len, int *http_status, char **reply,
	    size_t *reply_len, char auth[VAULTENV_AUTH_MAX]);
	void *callback_arg;
};

struct body_sink {
	struct blob *body;
	int error;
	bool has_head; /* whole, with the empty line at its end */
};

/* libcurl asks about once a second, whatever it waits for. */
static int
is_aborted(void *arg, curl_off_t down, curl_off_t down_now, curl_off_t up,
    curl_off_t up_now)
{
	return atomic_load(&((struct transport *)arg)->aborted);
}

void
transport_abort(struct transport *t)
{
	atomic_store(&t->aborted, true);
}

static size_t
body_write(char *data, size_t size, size_t n, void *arg)
{
	struct body_sink *sink = arg;

	sink->error = blob_append(sink->body, data, size * n);
	return sink->error == 0 ? size * n : 0;
}

/* One line of a head, or of a proxy's before it. */
static size_t
head_line(char *line, size_t size, size_t n, void *arg)
{
	struct body_sink *sink = arg;

	if (sink->body->len == 0)
		sink->has_head = line[0] == '\r' || line[0] == '\n';
	return size * n;
}

/*
 * In a function that returns CURLcode and has t and r. What libcurl takes is a
 * long, a curl_off_t or a pointer, and no compiler says so of an int.
 */
#define SET(option, value)                                                     \
	do {                                                                   \
		_Static_assert(_Generic((value), int : 0, default : 1),        \
		    "libcurl takes no int");                                   \
		r = t->libcurl->easy_setopt(t->curl, option, value);           \
		if (r != CURLE_OK)                                             \
			return r;                                              \
	} while (0)

static CURLcode
curl_configure(struct transport *t)
{
	CURLcode r;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, t->words);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, is_aborted);
	SET(CURLOPT_XFERINFODATA, t);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_TIMEOUT_MS, t->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, t->timeout_ms < CONNECT_TIMEOUT_MS
					   ? t->timeout_ms
					   : CONNECT_TIMEOUT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S);
	SET(CURLOPT_LOW_SPEED_TIME, STALL_S);
	SET(CURLOPT_USERAGENT, "vault-env/" PACKAGE_VERSION);
	SET(CURLOPT_WRITEFUNCTION, body_write);
	SET(CURLOPT_HEADERFUNCTION, head_line);
	return certificates_set(&t->trusted, t->libcurl, t->curl);
}

/* One handle for all requests, so that they share a connection. */
static int
curl_begin(struct transport *t, struct vaultenv_error *err)
{
	int r;

	if (t->curl != NULL)
		return 0;
	if ((r = curl_load(&t->libcurl, err)) != 0)
		return r;
	if ((t->curl = t->libcurl->easy_init()) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (curl_configure(t) == CURLE_OK)
		return 0;
	t->libcurl->easy_cleanup(t->curl);
	t->curl = NULL;
	return err_general(err, VAULTENV_ERR_NOMEM);
}

int
transport_new(struct transport **out, const struct vaultenv_options *opts)
{
	struct transport *t;
	int r = VAULTENV_ERR_NOMEM;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return r;
	t->pid = getpid();
	t->insecure = opts->insecure_http != 0;
	t->timeout_ms = opts->timeout_ms > 0 ? opts->timeout_ms : TIMEOUT_MS;
	t->callback = opts->transport;
	t->callback_arg = opts->transport_arg;
	if (!certificates_find(&t->trusted, opts))
		goto out;
	*out = t;
	t = NULL;
	r = 0;
out:
	transport_free(&t);
	return r;
}

void
transport_free(struct transport **t)
{
	if (*t == NULL)
		return;
	/* After fork() this would end the parent's TLS session: left alone. */
	if ((*t)->curl != NULL && (*t)->pid == getpid())
		(*t)->libcurl->easy_cleanup((*t)->curl);
	certificates_reset(&(*t)->trusted);
	free(*t);
	*t = NULL;
}

static int
too_large(const char *url, size_t url_len, struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_PROTOCOL, URL_HINT,
	    "The answer of %.*s is larger than %u MiB", (int)url_len, url,
	    REPLY_MAX >> 20);
}

/*
 * With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us, and TLS writes by plain
 * write(2). Blocking it for this thread needs no handler, which a library must
 * not install; one that came meanwhile is taken away again.
 */
static CURLcode
perform_without_sigpipe(const struct transport *t)
{
	const struct timespec no_wait = { 0, 0 };
	sigset_t pipe_set, old_set, pending;
	bool was_pending;
	CURLcode r;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old_set);
	r = t->libcurl->easy_perform(t->curl);
	if (!was_pending) {
		while (sigtimedwait(&pipe_set, NULL, &no_wait) == -1 &&
		       errno == EINTR)
			continue;
	}
	pthread_sigmask(SIG_SETMASK, &old_set, NULL);
	return r;
}

static CURLcode
curl_request(struct transport *t, const char *url, const struct url *parsed,
    struct curl_slist *headers, const char *body, size_t len,
    struct body_sink *sink)
{
	CURLcode r;

	t->words[0] = '\0';
	SET(CURLOPT_PROTOCOLS_STR, parsed->https ? "https" : "http");
	SET(CURLOPT_NOPROXY, parsed->loopback ? "*" : NULL);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_WRITEDATA, sink);
	SET(CURLOPT_HEADERDATA, sink);
	if (body == NULL) {
		SET(CURLOPT_HTTPGET, 1L);
	} else {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	}
	return perform_without_sigpipe(t);
}

/* Until the server has proved who it is, nothing was sent. */
static CURLcode
curl_request_trusting(struct transport *t, const char *url,
    const struct url *parsed, struct curl_slist *headers, const char *body,
    size_t len, struct body_sink *sink)
{
	CURLcode r = curl_request(t, url, parsed, headers, body, len, sink);

	if (r != CURLE_PEER_FAILED_VERIFICATION ||
	    !certificates_set_all(&t->trusted, t->libcurl, t->curl))
		return r;
	return curl_request(t, url, parsed, headers, body, len, sink);
}

/* An empty Expect: a round trip less, and no 417 from old proxies. */
static int
list_make(const struct curl_functions *libcurl, const char *const *headers,
    struct curl_slist **list)
{
	struct curl_slist *next;
	size_t i = 0;

	next = libcurl->slist_append(NULL, "Expect:");
	while (next != NULL && headers[i] != NULL) {
		*list = next;
		next = libcurl->slist_append(*list, headers[i++]);
	}
	if (next != NULL)
		*list = next;
	return next != NULL ? 0 : VAULTENV_ERR_NOMEM;
}

/* What became of a request that gave no reply. */
static int
exchange_error(const struct transport *t, CURLcode curl, int sink_error,
    const char *url, const struct url *parsed, struct vaultenv_error *err)
{
	const struct curl_failure failure = { t->libcurl, t->curl, curl,
		t->words, t->trusted.file };

	if (sink_error == VAULTENV_ERR_INVALID)
		return too_large(url, parsed->origin_len, err);
	if (sink_error != 0)
		return err_general(err, sink_error);
	return curl_error(&failure, url, parsed->origin_len, err);
}

static void
reply_fill(const struct transport *t, struct http_reply *reply)
{
	struct curl_header *date, *auth;
	long status = 0;
	time_t when;

	t->libcurl->easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	reply->status = (int)status;
	if (t->libcurl->easy_header(
		t->curl, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK &&
	    (when = t->libcurl->getdate(date->value, NULL)) > 0)
		reply->date_ms = (int64_t)when * 1000;
	if (t->libcurl->easy_header(t->curl, "X-Vault-Reply", 0, CURLH_HEADER,
		-1, &auth) == CURLHE_OK &&
	    strlen(auth->value) < VAULTENV_AUTH_MAX)
		strcpy(reply->auth, auth->value);
}

static int
curl_exchange(struct transport *t, const char *url, const struct url *parsed,
    const char *const *headers, const char *body, size_t len,
    struct http_reply *reply, struct vaultenv_error *err)
{
	struct body_sink sink = { .body = &reply->body };
	struct curl_slist *list = NULL;
	CURLcode curl;
	int r;

	if ((r = curl_begin(t, err)) != 0)
		return r;
	if ((r = list_make(t->libcurl, headers, &list)) != 0) {
		err_general(err, r);
		goto out;
	}
	curl = curl_request_trusting(t, url, parsed, list, body, len, &sink);
	/* To libcurl a head that ends in the middle is the whole answer. */
	if (curl == CURLE_OK && !sink.has_head)
		curl = CURLE_PARTIAL_FILE;
	if (curl == CURLE_OK) {
		reply_fill(t, reply);
	} else {
		reply->broke = curl_broke(curl);
		r = exchange_error(t, curl, sink.error, url, parsed, err);
	}
out:
	/* These point at what is about to go. */
	t->libcurl->easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
	t->libcurl->easy_setopt(t->curl, CURLOPT_POSTFIELDS, NULL);
	t->libcurl->easy_setopt(t->curl, CURLOPT_WRITEDATA, NULL);
	t->libcurl->easy_setopt(t->curl, CURLOPT_HEADERDATA, NULL);
	t->libcurl->slist_free_all(list);
	return r;
}

static int
callback_exchange(struct transport *t, const char *url, size_t origin_len,
    const char *const *headers, const char *body, size_t len,
    struct http_reply *reply, struct vaultenv_error *err)
{
	char *data = NULL;
	size_t data_len = 0;
	int r;

	r = t->callback(t->callback_arg, url, headers, body, len,
	    &reply->status, &data, &data_len, reply->auth);
	reply->auth[VAULTENV_AUTH_MAX - 1] = '\0';
	if (r != 0) {
		r = err_set(err, r < 0 ? r : VAULTENV_ERR_NETWORK, URL_HINT,
		    "Cannot reach %.*s", (int)origin_len, url);
	} else if (data != NULL) {
		r = blob_append(&reply->body, data, data_len);
		if (r == VAULTENV_ERR_INVALID)
			r = too_large(url, origin_len, err);
		else if (r != 0)
			err_general(err, r);
	}
	mem_wipe_free(data, data == NULL ? 0 : data_len);
	return r;
}

int
transport_perform(struct transport *t, const char *url,
    const char *const *headers, const char *body, size_t len,
    struct http_reply *reply, struct vaultenv_error *err)
{
	struct url parsed;

	memset(reply, 0, sizeof(*reply));
	blob_init(&reply->body, REPLY_MAX);
	if (url_parse(url, &parsed) != 0 ||
	    !url_is_allowed(&parsed, t->insecure))
		return err_set(err, VAULTENV_ERR_INVALID, URL_HINT,
		    "Will not send to this address: it is not an https URL");
	if (t->callback != NULL)
		return callback_exchange(
		    t, url, parsed.origin_len, headers, body, len, reply, err);
	return curl_exchange(t, url, &parsed, headers, body, len, reply, err);
}
