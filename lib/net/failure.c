/* SPDX-License-Identifier: MIT */
/*
 * failure.c: why libcurl has failed, in the words of a person who has to do
 * something. Must not make a request.
 */
#include "config.h"

#include <string.h>

#include "net/curl.h"

static const struct {
	CURLcode curl;
	int code;
	const char *reason; /* NULL: the system's own (connect) */
	const char *hint;   /* NULL: "Check <ca_file>" */
	bool broke;         /* on its way; it may have been served */
} reasons[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, VAULTENV_ERR_NETWORK,
	    "its name does not resolve", URL_HINT, false },
	{ CURLE_COULDNT_RESOLVE_PROXY, VAULTENV_ERR_NETWORK,
	    "the proxy's name does not resolve", "Check https_proxy", false },
	{ CURLE_COULDNT_CONNECT, VAULTENV_ERR_NETWORK, NULL, URL_HINT, false },
	{ CURLE_OPERATION_TIMEDOUT, VAULTENV_ERR_NETWORK, "no answer in time",
	    "Try again, or check the URL (VAULT_URL)", false },
	{ CURLE_GOT_NOTHING, VAULTENV_ERR_NETWORK,
	    "it closed the connection without an answer", URL_HINT, true },
	{ CURLE_RECV_ERROR, VAULTENV_ERR_NETWORK, "the connection broke",
	    "Try again", true },
	{ CURLE_SEND_ERROR, VAULTENV_ERR_NETWORK, "the connection broke",
	    "Try again", true },
	{ CURLE_PARTIAL_FILE, VAULTENV_ERR_NETWORK,
	    "the connection broke within the answer", "Try again", true },
	{ CURLE_HTTP2_STREAM, VAULTENV_ERR_NETWORK,
	    "the connection broke within the answer", "Try again", true },
	{ CURLE_HTTP2, VAULTENV_ERR_NETWORK, "the connection broke",
	    "Try again", true },
	{ CURLE_PEER_FAILED_VERIFICATION, VAULTENV_ERR_NETWORK,
	    "its certificate is not trusted",
	    "Check the URL (VAULT_URL), or name your own CA in VAULT_CA_FILE",
	    false },
	{ CURLE_SSL_CACERT_BADFILE, VAULTENV_ERR_NETWORK,
	    "the trusted certificates cannot be read", NULL, false },
	{ CURLE_SSL_CONNECT_ERROR, VAULTENV_ERR_NETWORK,
	    "no TLS connection can be made (1.2 or newer is needed)", URL_HINT,
	    false },
	{ CURLE_WEIRD_SERVER_REPLY, VAULTENV_ERR_PROTOCOL,
	    "its answer is not HTTP", URL_HINT, false },
	{ CURLE_UNSUPPORTED_PROTOCOL, VAULTENV_ERR_PROTOCOL,
	    "its answer is not HTTP", URL_HINT, false },
	{ CURLE_OUT_OF_MEMORY, VAULTENV_ERR_NOMEM, "out of memory",
	    "Free some memory", false },
};

bool
curl_broke(CURLcode code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].curl == code)
			return reasons[i].broke;
	return false;
}

/*
 * The proxy that libcurl could not connect to, as "HOST port N", out of its own
 * words, the only place where it says so: "Failed to connect to HOST port N
 * [via PROXY] after ...". NULL: it was the server.
 */
static const char *
proxy_failed(const struct curl_failure *f, const char *url, size_t *len)
{
	static const char failed[] = "Failed to connect to ";
	const char *host = strstr(url, "://") + strlen("://");
	const char *to = f->words, *end = strstr(to, " after "), *via;
	size_t host_len;

	if (strncmp(to, failed, strlen(failed)) != 0 || end == NULL)
		return NULL;
	to += strlen(failed);
	host += *host == '[';
	host_len = strcspn(host, host[-1] == '[' ? "]" : ":/");
	if ((via = strstr(to, " via ")) != NULL && via < end)
		to = via + strlen(" via ");
	else if (strncmp(to, host, host_len) == 0 && to[host_len] == ' ')
		return NULL;
	*len = (size_t)(end - to);
	return to;
}

/* The proxy's fault, not the server's: NETWORK. 0: it is not. */
static int
proxy_error(const struct curl_failure *f, const char *url, size_t url_len,
    struct vaultenv_error *err)
{
	static const char hint[] =
	    "Check https_proxy, or name the server in no_proxy";
	const char *proxy = NULL;
	long status = 0, port = 0;
	size_t len;

	f->libcurl->easy_getinfo(f->curl, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status != 0 && status / 100 != 2) {
		f->libcurl->easy_getinfo(f->curl, CURLINFO_PRIMARY_IP, &proxy);
		f->libcurl->easy_getinfo(f->curl, CURLINFO_PRIMARY_PORT, &port);
		return err_set(err, VAULTENV_ERR_NETWORK, hint,
		    "Cannot reach %.*s: the proxy, %s port %ld, refused it "
		    "(HTTP %ld)",
		    (int)url_len, url, proxy != NULL ? proxy : "", port,
		    status);
	}
	if ((proxy = proxy_failed(f, url, &len)) == NULL)
		return 0;
	return err_set(err, VAULTENV_ERR_NETWORK, hint,
	    "Cannot reach %.*s: no connection to the proxy, %.*s", (int)url_len,
	    url, (int)len, proxy);
}

int
curl_error(const struct curl_failure *f, const char *url, size_t url_len,
    struct vaultenv_error *err)
{
	const char *reason = f->libcurl->easy_strerror(f->code),
		   *hint = URL_HINT;
	int code = VAULTENV_ERR_NETWORK;
	long os_error = 0;
	size_t i;
	int r;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].curl != f->code)
			continue;
		code = reasons[i].code;
		hint = reasons[i].hint;
		reason = reasons[i].reason;
		if (reason != NULL)
			break;
		f->libcurl->easy_getinfo(f->curl, CURLINFO_OS_ERRNO, &os_error);
		reason = os_error == 0 ? NULL : strerrordesc_np((int)os_error);
		if (reason == NULL)
			reason = "no connection";
		break;
	}
	if ((r = proxy_error(f, url, url_len, err)) != 0)
		return r;
	err_set(err, code, hint, "Cannot reach %.*s: %s", (int)url_len, url,
	    reason);
	return hint == NULL && f->ca_file != NULL
		   ? err_hint(err, "Check %s", f->ca_file)
		   : code;
}
