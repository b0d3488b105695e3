/* SPDX-License-Identifier: MIT */
/*
 * url.c: which base URLs are accepted. The grammar is narrower than RFC 3986
 * (no user, no query, no escapes in a host), so that this file and libcurl can
 * never disagree on the host that a URL names. Nothing here resolves a name.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "net/net.h"

#define HOST_MAX 253
#define PORT_MAX 65535

#define HOST_CHARS                                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define PATH_CHARS HOST_CHARS "~/%"

static bool
host_is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 &&
	       ntohl(v4.s_addr) >> 24 == 127;
}

/* *len: of "host" or "[v6]" at p. */
static int
host_parse(const char *p, size_t *len, bool *loopback)
{
	char host[HOST_MAX + 1];
	struct in6_addr v6;
	const char *end;
	size_t n;

	if (*p == '[') {
		if ((end = strchr(p, ']')) == NULL ||
		    (n = (size_t)(end - p - 1)) > HOST_MAX)
			return VAULTENV_ERR_INVALID;
		memcpy(host, p + 1, n);
		host[n] = '\0';
		if (inet_pton(AF_INET6, host, &v6) != 1)
			return VAULTENV_ERR_INVALID;
		*loopback = IN6_IS_ADDR_LOOPBACK(&v6);
		*len = n + 2;
		return 0;
	}
	n = strspn(p, HOST_CHARS);
	if (n == 0 || n > HOST_MAX)
		return VAULTENV_ERR_INVALID;
	memcpy(host, p, n);
	host[n] = '\0';
	*loopback = host_is_loopback(host);
	*len = n;
	return 0;
}

int
url_parse(const char *text, struct url *out)
{
	const char *p;
	int64_t port;
	size_t n;
	int r;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, "https://", 8) == 0) {
		out->https = true;
		p = text + 8;
	} else if (strncmp(text, "http://", 7) == 0) {
		p = text + 7;
	} else {
		return VAULTENV_ERR_INVALID;
	}
	if ((r = host_parse(p, &n, &out->loopback)) != 0)
		return r;
	p += n;
	if (*p == ':') {
		n = strspn(++p, "0123456789");
		if ((r = decimal_parse(p, n, PORT_MAX, &port)) != 0)
			return r;
		if (port == 0)
			return VAULTENV_ERR_INVALID;
		p += n;
	}
	out->origin_len = (size_t)(p - text);
	if (*p == '\0')
		return 0;
	if (*p != '/' || p[strspn(p, PATH_CHARS)] != '\0')
		return VAULTENV_ERR_INVALID;
	return 0;
}

bool
url_is_allowed(const struct url *url, bool insecure)
{
	return url->https || url->loopback || insecure;
}

int
url_canonical(struct blob *out, const char *text)
{
	const size_t start = out->len;
	struct url url;
	const char *port;
	size_t len;
	int r;

	if ((r = url_parse(text, &url)) != 0)
		return r;
	port = url.https ? ":443" : ":80";
	len = url.origin_len;
	if (len > strlen(port) &&
	    memcmp(text + len - strlen(port), port, strlen(port)) == 0)
		len -= strlen(port);
	if ((r = blob_append(out, text, len)) != 0 ||
	    (r = blob_append_str(out, text + url.origin_len)) != 0)
		return r;
	for (size_t i = 0; i < len; i++)
		if (out->data[start + i] >= 'A' && out->data[start + i] <= 'Z')
			out->data[start + i] |= 0x20;
	while (out->len > start && out->data[out->len - 1] == '/')
		out->data[--out->len] = '\0';
	return 0;
}
