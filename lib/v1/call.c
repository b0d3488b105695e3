/* SPDX-License-Identifier: MIT */
/*
 * call.c: one call of protocol v1: the signature over exactly the bytes that
 * are sent, the retry for a clock that is off, and what comes of the reply.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "v1/v1.h"

#define SKEW_MAX_MS    55000                  /* the server allows 60 s ahead */
#define OFFSET_MAX_MS  (15 * 60 * 1000)       /* that is followed */
#define TIME_MS_MIN    INT64_C(1000000000000) /* 13 digits */
#define TIME_MS_MAX    INT64_C(9999999999999)
#define API            "/api/v1/"
#define NONCE_LEN      16
#define SIGNATURE_NAME "X-Vault-Signature: "
#define SIGNATURE_LINE (sizeof(SIGNATURE_NAME) + SIGNATURE_HEADER_LEN)

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
v1_call_begin_signed(
    struct call *call, struct vaultenv_client *client, const char *path)
{
	call_begin(call, client, path);
	call->is_signed = true;
	json_put_text(&call->body, "project_id", client->project_id);
	nonce_put(&call->body);
}

void
v1_call_begin_environment(
    struct call *call, struct vaultenv_client *client, const char *path)
{
	v1_call_begin_signed(call, client, path);
	json_put_text(&call->body, "environment", client->environment);
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
		return clock_wrong(err);
	strcpy(header, SIGNATURE_NAME);
	r = signature_make(header + strlen(SIGNATURE_NAME), c->keys->auth,
	    body->data, body->len, time_ms);
	return r == 0 ? 0 : err_general(err, r);
}

/* One HTTP request, whatever it answers. */
static int
exchange(struct call *call, struct vaultenv_error *err)
{
	char signature[SIGNATURE_LINE];
	int r;

	if (!call->is_signed)
		return call_send(call, API, NULL, err);
	if ((r = sign(call, signature, err)) == 0)
		r = call_send(call, API, signature, err);
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
	v1_call_begin_signed(&call, c, "devices/register");
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
v1_call_perform(struct call *call, const struct wanted *want, void *into,
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
v1_call_perform_version(
    struct call *call, int64_t *out, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("version", take_version, 0),
		WANT_END };
	int64_t version;
	int r;

	if ((r = v1_call_perform(call, want, &version, err)) == 0 &&
	    out != NULL)
		*out = version;
	return r;
}
