/* SPDX-License-Identifier: MIT */
/*
 * call.c: one call to the server, whatever it is about: the body, the signature
 * over exactly those bytes, the retry for a clock that is off, and the reply.
 * What a refusal means is in refusal.c; what a call is about, in the resource's
 * file.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/client.h"

#define SKEW_MAX_MS    55000                  /* the server allows 60 s ahead */
#define OFFSET_MAX_MS  (15 * 60 * 1000)       /* that is followed */
#define TIME_MS_MIN    INT64_C(1000000000000) /* 13 digits */
#define TIME_MS_MAX    INT64_C(9999999999999)
#define NONCE_LEN      16
#define HEADERS_MAX    4
#define URL_MAX        4096
#define SIGNATURE_NAME "X-Vault-Signature: "
#define SIGNATURE_LINE (sizeof(SIGNATURE_NAME) + SIGNATURE_HEADER_LEN)

void
call_begin(struct call *call, struct vaultenv_client *client, const char *path)
{
	*call = (struct call){
		.client = client, .path = path, .env = client->environment
	};
	json_writer_init(&call->body, REQUEST_MAX);
	json_put_raw(&call->body, "{");
}

/*
 * What makes two calls of one millisecond two: the server takes no signature a
 * second time, and the bodies of a pull and a poll may be the same otherwise.
 */
static void
nonce_put(struct json_writer *body)
{
	uint8_t nonce[NONCE_LEN];
	char text[2 * NONCE_LEN + 1];
	int r = random_bytes(nonce, sizeof(nonce));

	if (r != 0) {
		body->r = r;
		return;
	}
	hex_encode(text, nonce, sizeof(nonce));
	json_put_text(body, "nonce", text);
}

void
call_begin_signed(
    struct call *call, struct vaultenv_client *client, const char *path)
{
	call_begin(call, client, path);
	call->is_signed = true;
	json_put_text(&call->body, "project_id", client->project_id);
	nonce_put(&call->body);
}

void
call_begin_environment(
    struct call *call, struct vaultenv_client *client, const char *path)
{
	call_begin_signed(call, client, path);
	json_put_text(&call->body, "environment", client->environment);
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

/* How far the server's clock is ahead of the time that was signed. */
struct skew {
	int64_t ours_ms;
	int64_t server_ms;
};

static void
time_text(char *out, size_t size, int64_t time_ms)
{
	const time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		*out = '\0';
}

static int
clock_error(const struct skew *skew, struct vaultenv_error *err)
{
	char ours[40], server[40];

	time_text(ours, sizeof(ours), skew->ours_ms);
	time_text(server, sizeof(server), skew->server_ms);
	return err_set(err, VAULTENV_ERR_CLOCK,
	    "Set this machine's clock; if it is right, check VAULT_KEY",
	    "The server did not accept this machine's signature, and the "
	    "clocks differ: %s here, %s there",
	    ours, server);
}

void
clock_notice(struct vaultenv_client *c, const char *text)
{
	snprintf(c->clock, sizeof(c->clock), "%s", text);
	notice_give(&c->notice, c->clock);
}

static void
skew_tell(struct vaultenv_client *c, const struct skew *skew)
{
	char ours[40], server[40], text[VAULTENV_ERROR_TEXT];

	time_text(ours, sizeof(ours), skew->ours_ms);
	time_text(server, sizeof(server), skew->server_ms);
	snprintf(text, sizeof(text),
	    "This machine's clock is off: %s here, %s "
	    "at the server. Going on with the server's time; set the clock",
	    ours, server);
	clock_notice(c, text);
}

/* "X-Vault-Signature: …" over the body as it is sent, with the time of now. */
static int
sign(const struct call *call, char header[SIGNATURE_LINE],
    struct vaultenv_error *err)
{
	const struct vaultenv_client *c = call->client;
	const struct blob *body = &call->body.text;
	/* A write is never signed for a time that somebody else has named. */
	const int64_t time_ms =
	    clock_now_ms() + (call->is_write ? 0 : c->clock_offset_ms);
	int r;

	if (time_ms < TIME_MS_MIN || time_ms > TIME_MS_MAX)
		return err_set(err, VAULTENV_ERR_CLOCK, "Set it",
		    "This machine's clock cannot be right");
	strcpy(header, SIGNATURE_NAME);
	r = signature_make(header + strlen(SIGNATURE_NAME), c->keys->auth,
	    body->data, body->len, time_ms);
	return r == 0 ? 0 : err_general(err, r);
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
	r = send_once(call, (const char *)url.data, headers, err);
	if (r != 0 && call->http.broke && call->is_signed)
		r = send_once(call, (const char *)url.data, headers, err);
out:
	blob_reset(&url);
	return r;
}

/* One HTTP request, whatever it answers. */
static int
exchange(struct call *call, struct vaultenv_error *err)
{
	char signature[SIGNATURE_LINE];
	int r;

	if (!call->is_signed)
		return call_send(call, "/api/v1/", NULL, err);
	if ((r = sign(call, signature, err)) == 0)
		r = call_send(call, "/api/v1/", signature, err);
	mem_wipe(signature, sizeof(signature));
	return r;
}

/*
 * A 401 may mean a wrong key or a wrong clock; the Date header tells. Following
 * it over a line that anybody can write to would let him collect signatures
 * for times to come, so there the user has to set the clock; and so he has
 * everywhere for a write, or if more than minutes are missing.
 */
static int
exchange_in_time(struct call *call, struct vaultenv_error *err)
{
	struct vaultenv_client *c = call->client;
	struct skew skew;
	int64_t ahead_ms;
	int r;

	if ((r = exchange(call, err)) != 0 || !call->is_signed)
		return r;
	if (call->http.status != 401 || call->http.date_ms == 0)
		return 0;
	skew.ours_ms = clock_now_ms();
	skew.server_ms = call->http.date_ms;
	ahead_ms = skew.server_ms - skew.ours_ms;
	if (llabs(ahead_ms - (call->is_write ? 0 : c->clock_offset_ms)) <=
	    SKEW_MAX_MS)
		return 0;
	if (!c->date_is_trusted || call->is_write ||
	    llabs(ahead_ms) > OFFSET_MAX_MS)
		return clock_error(&skew, err);
	c->clock_offset_ms = ahead_ms;
	skew_tell(c, &skew);
	if ((r = exchange(call, err)) != 0)
		return r;
	return call->http.status == 401 ? clock_error(&skew, err) : 0;
}

/* Whatever the status, the reply is an object, or reply stays empty. */
int
call_parse(struct call *call)
{
	return json_object_parse(&call->reply,
	    (const char *)call->http.body.data, call->http.body.len,
	    ANSWER_MEMBERS_MAX);
}

/*
 * Which id should the owner approve? Registering the same hash again changes
 * nothing and answers with it. NULL if that fails.
 */
static char *
pending_device_id(struct vaultenv_client *c)
{
	static const struct wanted want[] = { WANT("device_id", take_uuid, 0),
		WANT_END };
	char host[NAME_MAX_LEN + 1], *id = NULL;
	const char *bad;
	struct call call;

	device_host_name(host);
	call_begin_signed(&call, c, "devices/register");
	call.is_write = true;
	json_put_text(&call.body, "device_name", host);
	json_put_text(&call.body, "device_hash", c->device_hash);
	json_put_raw(&call.body, "}");
	if (c->device_hash[0] != '\0' && call.body.r == 0 &&
	    exchange(&call, NULL) == 0 && call.http.status == 200 &&
	    call_parse(&call) == 0)
		(void)members_take(&call.reply, want, &id, &bad);
	call_end(&call);
	return id;
}

static int
refused(const struct call *call, struct vaultenv_error *err)
{
	char *device_id = NULL;
	int r;

	if (call->is_signed && refusal_is_pending(call))
		device_id = pending_device_id(call->client);
	r = refusal_error(call, device_id, err);
	free(device_id);
	return r;
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

int
call_perform(struct call *call, const struct wanted *want, void *into,
    struct vaultenv_error *err)
{
	const char *bad = "no JSON object";
	int r;

	json_put_raw(&call->body, "}");
	if ((r = call_check(call, err)) != 0 ||
	    (r = exchange_in_time(call, err)) != 0)
		return r;
	if ((r = call_parse(call)) == VAULTENV_ERR_NOMEM)
		return err_general(err, r);
	if (call->http.status != 200 && call->http.status != 201)
		return refused(call, err);
	if (r == 0)
		r = members_take(&call->reply, want, into, &bad);
	if (r == VAULTENV_ERR_NOMEM)
		return err_general(err, r);
	if (r != 0)
		return call_wrong(call, bad, err);
	if (call->is_signed)
		server_remember(call->client);
	return 0;
}

int
call_perform_version(
    struct call *call, int64_t *out, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("version", take_version, 0),
		WANT_END };
	int64_t version;
	int r;

	if ((r = call_perform(call, want, &version, err)) == 0 && out != NULL)
		*out = version;
	return r;
}
