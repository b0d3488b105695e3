/* SPDX-License-Identifier: MIT */
/*
 * request.c: capped parameters and body. libfcgi hands over whatever comes on
 * the socket: any number of parameters, a body longer or shorter than
 * CONTENT_LENGTH, a CONTENT_LENGTH that is no number, an early end that looks
 * like the end. Must not look into the body.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/reply.h"
#include "http/request.h"

/* The value of "NAME=value" if that is the name, else NULL. */
static const char *
value_of(const char *param, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(param, name, len) == 0 && param[len] == '='
		   ? param + len + 1
		   : NULL;
}

/* The first one counts, as everywhere in CGI. */
static void
take(const char **out, const char *param, const char *name)
{
	const char *value = value_of(param, name);

	if (value != NULL && *out == NULL)
		*out = value;
}

/* Of a header that grants something, two are none. */
static void
take_only(const char **out, bool *seen, const char *param, const char *name)
{
	const char *value = value_of(param, name);

	if (value == NULL)
		return;
	*out = *seen ? NULL : value;
	*seen = true;
}

/* It ends up in the audit log, and any writer of the socket can set it. */
static void
set_remote(struct request *req, const char *remote)
{
	const size_t len = remote == NULL ? 0 : strlen(remote);

	if (len == 0 || len > REMOTE_MAX ||
	    strspn(remote, "0123456789abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ.:%-") != len)
		remote = "unknown";
	snprintf(req->remote, sizeof(req->remote), "%s", remote);
}

void
request_init(struct request *req, const struct request_source *source)
{
	const char *uri = NULL, *remote = NULL;
	bool signature_seen = false, auth_seen = false, token_seen = false;
	size_t len;

	*req = (struct request){ .source = source };
	blob_init(&req->body, 0);
	for (; source->params[req->n_params] != NULL; req->n_params++) {
		const char *p = source->params[req->n_params];

		take(&req->method, p, "REQUEST_METHOD");
		take(&uri, p, "REQUEST_URI");
		take(&remote, p, "REMOTE_ADDR");
		take(&req->content_type, p, "CONTENT_TYPE");
		take(&req->content_length, p, "CONTENT_LENGTH");
		take_only(&req->signature, &signature_seen, p,
		    "HTTP_X_VAULT_SIGNATURE");
		take_only(&req->auth, &auth_seen, p, "HTTP_X_VAULT_REQUEST");
		take_only(&req->create_token, &token_seen, p,
		    "HTTP_X_VAULT_CREATE_TOKEN");
	}
	if (req->method == NULL)
		req->method = "";
	if (uri != NULL) {
		/* lighttpd has no DOCUMENT_URI and splits SCRIPT_NAME. */
		len = strcspn(uri, "?");
		if (len > REQUEST_PATH_MAX)
			len = REQUEST_PATH_MAX;
		memcpy(req->path, uri, len);
	}
	set_remote(req, remote);
}

void
request_reset(struct request *req)
{
	blob_reset(&req->body);
}

int
request_check(const struct request *req, int max_params, struct reply *reply)
{
	if (!req->source->is_responder) {
		reply_refuse(reply, REFUSAL_ROLE);
		return -1;
	}
	if (req->n_params > (size_t)max_params) {
		reply_refuse(reply, REFUSAL_PARAMS);
		return -1;
	}
	return 0;
}

/* A page of another origin may send a form or a text without asking. */
int
request_check_type(const struct request *req, struct reply *reply)
{
	static const char json[] = "application/json";
	const char *type = req->content_type;

	if (type != NULL && strncasecmp(type, json, strlen(json)) == 0 &&
	    strchr("; \t", type[strlen(json)]) != NULL)
		return 0;
	reply_refuse(reply, REFUSAL_CONTENT_TYPE);
	return -1;
}

int
request_read_body(struct request *req, size_t cap, struct reply *reply)
{
	const char *text = req->content_length;
	int64_t len = 0;
	size_t n;

	if (text != NULL && text[0] != '\0' &&
	    decimal_parse(text, strlen(text), INT64_MAX, &len) != 0) {
		/* A number all the same, but of more than 19 digits? */
		if (strspn(text, "0123456789") == strlen(text) &&
		    text[0] != '0')
			len = INT64_MAX;
		else
			len = -1;
	}
	if (len < 0) {
		reply_refuse(reply, REFUSAL_CONTENT_LENGTH);
		return -1;
	}
	if ((uint64_t)len > cap) {
		reply_refuse_int(reply, REFUSAL_BODY_SIZE, (int64_t)cap);
		return -1;
	}
	/* One more than announced, to see what should not be there. */
	req->body.max = (size_t)len + 1;
	if (blob_reserve(&req->body, (size_t)len + 1) != 0) {
		reply_refuse(reply, REFUSAL_MEMORY);
		return -1;
	}
	n = req->source->read(
	    req->source->arg, (char *)req->body.data, (size_t)len + 1);
	req->body.len = n;
	if (req->source->error(req->source->arg) != 0) {
		reply_refuse(reply, REFUSAL_BODY_BROKEN);
		return -1;
	}
	if (n != (size_t)len) {
		reply_refuse(reply, REFUSAL_BODY_LENGTH);
		return -1;
	}
	return 0;
}
