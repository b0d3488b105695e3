/* SPDX-License-Identifier: MIT */
/*
 * net/: URLs that are accepted, and one HTTP request. Knows nothing of keys,
 * signatures or what is in a body.
 */
#ifndef VAULTENV_NET_H
#define VAULTENV_NET_H

#include "base/base.h"

/* ---- url.c: the base URLs that are accepted ---- */

struct url {
	bool https;
	bool loopback;
	size_t origin_len; /* of "https://host:port" */
};

/* INVALID for whatever is not plainly http(s)://host[:port][/path]. */
int url_parse(const char *text, struct url *out);
/* May it be used? Not http to another machine, unless insecure. */
bool url_is_allowed(const struct url *url, bool insecure);
/* Appends an accepted URL as it is told to a server: scheme and host in lower
 * case, no default port, no slash at the end. */
int url_canonical(struct blob *out, const char *text);

/* ---- transport.c: one HTTP request ---- */

#define REPLY_MAX (8u << 20) /* bytes of a reply's body */

struct http_reply {
	int status;
	struct blob body;
	int64_t date_ms;              /* the Date header as Unix ms; 0: none */
	char auth[VAULTENV_AUTH_MAX]; /* X-Vault-Reply; "": none, or longer */
	bool broke; /* no reply: the connection broke, maybe after it was served
		     */
};

struct transport; /* a libcurl easy handle, or the caller's callback */

int transport_new(struct transport **out, const struct vaultenv_options *opts);
void transport_free(struct transport **t);
/* From any thread: a request in hand, and each to come, fails within a second
 * or so. One by a callback ends by itself. */
void transport_abort(struct transport *t);
/* headers: NULL-terminated. body NULL: GET. NETWORK, PROTOCOL (over
 * REPLY_MAX). */
int transport_perform(struct transport *t, const char *url,
    const char *const *headers, const char *body, size_t len,
    struct http_reply *reply, struct vaultenv_error *err);

#endif /* VAULTENV_NET_H */
