/* SPDX-License-Identifier: MIT */
/*
 * call.c: one call to the server, whatever the protocol: a body that is put
 * together, sent as it is, and a reply that is an object. How it proves who
 * sends it is in v1/call.c and v2/call.c; what a refusal means, in refusal.c;
 * what a call is about, in the resource's file.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/client.h"

#define HEADERS_MAX 4
#define URL_MAX     4096

void
call_begin(struct call *call, struct vaultenv_client *client, const char *path)
{
	*call = (struct call){
		.client = client, .path = path, .env = client->environment
	};
	json_writer_init(&call->body, REQUEST_MAX);
	json_put_raw(&call->body, "{");
}

static void
reply_reset(struct call *call)
{
	json_object_reset(&call->reply);
	blob_reset(&call->http.body);
}

void
call_end(struct call *call)
{
	json_writer_reset(&call->body);
	reply_reset(call);
}

int
call_wrong(
    const struct call *call, const char *name, struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_PROTOCOL, "Check the URL (VAULT_URL)",
	    "The answer of %s to %s makes no sense (%s)", call->client->url,
	    call->path, name);
}

int64_t
clock_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
clock_wrong(struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_CLOCK, "Set it",
	    "This machine's clock cannot be right");
}

void
clock_notice(struct vaultenv_client *c, const char *text)
{
	snprintf(c->clock, sizeof(c->clock), "%s", text);
	notice_give(&c->notice, c->clock);
}

static int
send_once(struct call *call, const char *url, const char *const *headers,
    struct vaultenv_error *err)
{
	const struct blob *body = &call->body.text;

	reply_reset(call);
	return transport_perform(call->client->transport, url, headers,
	    (const char *)body->data, body->len, &call->http, err);
}

/*
 * A web server that is reloaded may drop an answer. What is signed is sent once
 * more then, byte for byte: if it was done, it gets the answer of that time,
 * and does nothing again (PROTOCOL, 4.2).
 */
int
call_send(struct call *call, const char *api, const char *auth,
    struct vaultenv_error *err)
{
	const char *headers[HEADERS_MAX] = { "Content-Type: application/json" };
	struct vaultenv_error why;
	struct blob url;
	int n = 1, r;

	blob_init(&url, URL_MAX);
	r = blob_printf(&url, "%s%s%s", call->client->url, api, call->path);
	if (r != 0) {
		err_set(err, r, "Check the URL (VAULT_URL)",
		    "The URL of the server is too long");
		goto out;
	}
	if (auth != NULL)
		headers[n++] = auth;
	headers[n++] = call->header;
	r = send_once(call, (const char *)url.data, headers, &why);
	if (r != 0 && call->http.broke && call->is_signed)
		r = send_once(call, (const char *)url.data, headers, &why);
	if (r != 0)
		err_copy(err, &why);
out:
	blob_reset(&url);
	return r;
}

/* Whatever the status, the reply is an object, or reply stays empty. */
int
call_parse(struct call *call)
{
	return json_object_parse(&call->reply,
	    (const char *)call->http.body.data, call->http.body.len,
	    ANSWER_MEMBERS_MAX);
}

int
call_check(const struct call *call, struct vaultenv_error *err)
{
	int r;

	if (call->is_signed && call->client->project_id[0] == '\0')
		return err_set(err, VAULTENV_ERR_NO_KEY, "Open it with a key",
		    "This call needs a VAULT_KEY, and the client was opened "
		    "without one");
	if ((r = client_check_process(call->client, err)) != 0)
		return r;
	if ((r = call->body.r) == VAULTENV_ERR_INVALID &&
	    call->body_is_bad != NULL)
		return err_set(
		    err, r, "Use another name", "%s", call->body_is_bad);
	return r == 0 ? 0 : err_general(err, r);
}
