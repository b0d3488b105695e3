/* SPDX-License-Identifier: MIT */
/*
 * One call to the server: the body that is built, the signature over exactly
 * those bytes, the retry for a clock that is off, and the reply's JSON. What a
 * refusal means is in refusal.c; what a reply means, in the resource's file.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"

#define SKEW_MAX_MS 55000                  /* the server allows 60 s ahead */
#define TIME_MS_MIN INT64_C(1000000000000) /* 13 digits */
#define TIME_MS_MAX INT64_C(9999999999999)
#define HEADERS_MAX 4

int
body_begin(struct blob *body, const struct vaultenv_client *c)
{
	blob_init(body, REQUEST_MAX);
	return blob_printf(body, "{\"project_id\":\"%s\"", c->project_id);
}

int
body_add_text(struct blob *body, const char *name, const char *text)
{
	int r;

	if ((r = blob_printf(body, ",\"%s\":", name)) != 0)
		return r;
	return json_append_string(body, text, strlen(text));
}

int
body_add_int(struct blob *body, const char *name, int64_t value)
{
	return blob_printf(body, ",\"%s\":%" PRId64, name, value);
}

int
body_begin_environment(struct blob *body, const struct vaultenv_client *c,
    struct vaultenv_error *err)
{
	int r;

	if ((r = body_begin(body, c)) != 0 ||
	    (r = body_add_text(body, "environment", c->environment)) != 0)
		err_general(err, r);
	return r;
}

void
answer_init(struct answer *r)
{
	memset(r, 0, sizeof(*r));
}

void
answer_reset(struct answer *r)
{
	json_object_reset(&r->json);
	blob_reset(&r->http.body);
}

int
answer_error(const struct vaultenv_client *c, const struct answer *r,
    const char *name, struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_PROTOCOL,
	    "The answer of %s to %s "
	    "makes no sense (%s). Check the URL (VAULT_URL)",
	    c->url, r->path, name);
}

static int64_t
now_ms(void)
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
	    "The server did not accept "
	    "this machine's signature, and the clocks differ: %s here, %s "
	    "there. Set this machine's clock; if it is right, check VAULT_KEY",
	    ours, server);
}

static void
clock_notice(const struct vaultenv_client *c, const struct skew *skew)
{
	char ours[40], server[40], text[VAULTENV_ERROR_TEXT];

	if (c->notice.call == NULL)
		return;
	time_text(ours, sizeof(ours), skew->ours_ms);
	time_text(server, sizeof(server), skew->server_ms);
	snprintf(text, sizeof(text),
	    "This machine's clock is off: %s here, %s "
	    "at the server. Going on with the server's time; set the clock",
	    ours, server);
	notice_give(&c->notice, text);
}

/* One HTTP request, whatever it answers. */
static int
exchange(struct vaultenv_client *c, const struct blob *body, bool is_signed,
    const char *header, struct answer *reply, struct vaultenv_error *err)
{
	char signature[sizeof("X-Vault-Signature: ") + SIGNATURE_HEADER_LEN] =
	    "X-Vault-Signature: ";
	const char *headers[HEADERS_MAX] = { "Content-Type: application/json" };
	int64_t time_ms = now_ms() + c->clock_offset_ms;
	struct blob url;
	int n = 1, r;

	blob_init(&url, 4096);
	if ((r = blob_printf(&url, "%s/api/v1/%s", c->url, reply->path)) != 0) {
		err_set(err, r,
		    "The URL of the server is too long. "
		    "Check the URL (VAULT_URL)");
		goto out;
	}
	if (is_signed) {
		if (time_ms < TIME_MS_MIN || time_ms > TIME_MS_MAX) {
			r = err_set(err, VAULTENV_ERR_CLOCK,
			    "This machine's "
			    "clock cannot be right. Set it");
			goto out;
		}
		r = signature_make(signature + strlen(signature), c->keys->auth,
		    body->data, body->len, time_ms);
		if (r != 0) {
			err_general(err, r);
			goto out;
		}
		headers[n++] = signature;
	}
	if (header != NULL)
		headers[n++] = header;
	headers[n] = NULL;
	answer_reset(reply);
	r = transport_perform(c->transport, (const char *)url.data, headers,
	    (const char *)body->data, body->len, &reply->http, err);
out:
	mem_wipe(signature, sizeof(signature));
	blob_reset(&url);
	return r;
}

/*
 * A 401 may mean a wrong key or a wrong clock; the Date header tells. Following
 * it over a line that anybody can write to would let him collect signatures
 * for times to come, so there the user has to set the clock.
 */
static int
exchange_signed(struct vaultenv_client *c, const struct blob *body,
    struct answer *reply, struct vaultenv_error *err)
{
	struct skew skew;
	int64_t ahead_ms;
	int r;

	if ((r = exchange(c, body, true, NULL, reply, err)) != 0)
		return r;
	if (reply->http.status != 401 || reply->http.date_ms == 0)
		return 0;
	skew.ours_ms = now_ms();
	skew.server_ms = reply->http.date_ms;
	ahead_ms = skew.server_ms - skew.ours_ms;
	if (llabs(ahead_ms - c->clock_offset_ms) <= SKEW_MAX_MS)
		return 0;
	if (!c->date_is_trusted)
		return clock_error(&skew, err);
	c->clock_offset_ms = ahead_ms;
	clock_notice(c, &skew);
	if ((r = exchange(c, body, true, NULL, reply, err)) != 0)
		return r;
	return reply->http.status == 401 ? clock_error(&skew, err) : 0;
}

/*
 * Which id should the owner approve? Registering the same hash again changes
 * nothing and answers with it. NULL if that fails.
 */
static char *
pending_device_id(struct vaultenv_client *c)
{
	char host[NAME_MAX_LEN + 1] = "";
	struct answer reply;
	struct blob body;
	const char *id;
	char *copy = NULL;

	blob_init(&body, 0);
	answer_init(&reply);
	reply.path = "devices/register";
	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
		strcpy(host, "device");
	if (c->device_hash[0] != '\0' && body_begin(&body, c) == 0 &&
	    body_add_text(&body, "device_name", host) == 0 &&
	    body_add_text(&body, "device_hash", c->device_hash) == 0 &&
	    blob_append_str(&body, "}") == 0 &&
	    exchange(c, &body, true, NULL, &reply, NULL) == 0 &&
	    reply.http.status == 200 &&
	    json_object_parse(&reply.json, (const char *)reply.http.body.data,
		reply.http.body.len, ANSWER_MEMBERS_MAX) == 0 &&
	    (id = json_find_text(&reply.json, "device_id")) != NULL &&
	    uuid_is_canonical(id, strlen(id)))
		copy = strdup(id);
	blob_reset(&body);
	answer_reset(&reply);
	return copy;
}

static int
call(struct vaultenv_client *c, const char *path, struct blob *body,
    bool is_signed, const char *header, struct answer *reply,
    struct vaultenv_error *err)
{
	char *device_id = NULL;
	int r;

	reply->path = path;
	if ((r = client_check_process(c, err)) != 0)
		return r;
	if ((r = blob_append_str(body, "}")) != 0)
		return err_general(err, r);
	r = is_signed ? exchange_signed(c, body, reply, err)
		      : exchange(c, body, false, header, reply, err);
	if (r != 0)
		return r;
	/* Whatever the status, the reply is an object, or json stays empty. */
	r = json_object_parse(&reply->json, (const char *)reply->http.body.data,
	    reply->http.body.len, ANSWER_MEMBERS_MAX);
	if (r == VAULTENV_ERR_NOMEM)
		return err_general(err, r);
	if (reply->http.status == 200 || reply->http.status == 201)
		return r == 0 ? 0
			      : answer_error(c, reply, "no JSON object", err);
	if (is_signed && refusal_is_pending(reply))
		device_id = pending_device_id(c);
	r = refusal_error(c, reply, device_id, err);
	free(device_id);
	return r;
}

int
client_call(struct vaultenv_client *c, const char *path, struct blob *body,
    struct answer *reply, struct vaultenv_error *err)
{
	if (c->project_id[0] == '\0')
		return err_set(err, VAULTENV_ERR_NO_KEY,
		    "This call needs a "
		    "VAULT_KEY, and the client was opened without one. Open it "
		    "with a key");
	return call(c, path, body, true, NULL, reply, err);
}

int
client_call_unsigned(struct vaultenv_client *c, const char *path,
    struct blob *body, const char *header, struct answer *reply,
    struct vaultenv_error *err)
{
	return call(c, path, body, false, header, reply, err);
}
