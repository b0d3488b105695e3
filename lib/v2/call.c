/* SPDX-License-Identifier: MIT */
/*
 * call.c: one call of protocol v2: the body, its MAC, and a reply that counts
 * only if it carries the server's. What a refusal proves, it proves by the log
 * that comes with it; without one it is but the server's word.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define API           "/api/v2/"
#define HEADER_NAME   "X-Vault-Request: "
#define HEADER_LINE   (sizeof(HEADER_NAME) + REQUEST_HEADER_LEN)
#define PATH_TEXT     64

#define CLOCK_STEP_MS 10000 /* a clock that is followed goes on by itself */

const struct wanted v2_nothing[] = { WANT_END };

void
v2_call_begin(
    struct call *call, struct vaultenv_client *client, const char *path)
{
	call_begin(call, client, path);
	call->is_signed = true;
	json_put_text(&call->body, "project_id", client->project_id);
}

void
v2_call_begin_environment(struct call *call, struct vaultenv_client *client,
    const char *path, const char *env)
{
	v2_call_begin(call, client, path);
	call->env = env;
	json_put_text(&call->body, "environment", env);
}

void
v2_put_log_have(struct call *call)
{
	json_put_int(
	    &call->body, "log_have", (int64_t)call->client->team->log.n_steps);
}

int
v2_call_code(const struct call *call)
{
	const char *name = json_find_text(&call->reply, "code");

	if (!call->is_authentic)
		return 0;
	if (name != NULL && strcmp(name, "bad_statement") == 0)
		name = json_find_text(&call->reply, "reason");
	return name == NULL ? 0 : code_find(name, strlen(name));
}

static bool
is_refusal(const struct call *call, const char *name)
{
	const char *code = json_find_text(&call->reply, "code");

	return code != NULL && strcmp(code, name) == 0;
}

/* Who answers nonsense, or without end, is no server to go by. */
static int
away(struct vaultenv_error *err)
{
	if (err != NULL)
		err->code = VAULTENV_ERR_NETWORK;
	return VAULTENV_ERR_NETWORK;
}

int
v2_call_wrong(
    const struct call *call, const char *name, struct vaultenv_error *err)
{
	(void)call_wrong(call, name, err);
	return away(err);
}

/* auth: with which it went out, for the reply. */
static int
send_signed(
    struct call *call, struct request_auth *auth, struct vaultenv_error *err)
{
	const struct team *t = call->client->team;
	char header[HEADER_LINE] = HEADER_NAME, path[PATH_TEXT];
	const struct request_text text = { "POST", path, call->body.text.data,
		call->body.text.len };
	int r;

	snprintf(path, sizeof(path), API "%s", call->path);
	auth->time_ms = clock_now_ms() + t->clock_offset_ms;
	if ((r = random_bytes(auth->nonce, sizeof(auth->nonce))) == 0)
		r = request_sign(auth, t->keys->request_key, &text);
	if (r == VAULTENV_ERR_INVALID)
		return clock_wrong(err);
	if (r != 0)
		return err_general(err, r);
	request_header_write(header + strlen(HEADER_NAME), auth);
	r = call_send(call, API, header, err);
	return r == VAULTENV_ERR_PROTOCOL ? away(err) : r;
}

/* What is found out on this machine, no server can say. */
static bool
is_own_finding(const char *name)
{
	const int code = code_find(name, strlen(name));

	return code != 0 && code < CODE_OF_SERVER;
}

/* Fills reason where nothing else has: callers and scripts go by it. */
static int
refuse(const struct call *call, const char *device, struct vaultenv_error *err)
{
	const char *code = json_find_text(&call->reply, "code");
	const int r = refusal_error(call, device, err);
	char *shown;

	if (err == NULL || code == NULL || is_own_finding(code) ||
	    (shown = text_printable(code, sizeof(err->reason) - 1)) == NULL)
		return r;
	snprintf(err->reason, sizeof(err->reason), "%s", shown);
	free(shown);
	return r;
}

static int
no_proof(const struct call *call, const char *code, struct vaultenv_error *err)
{
	err_set(err, VAULTENV_ERR_FORBIDDEN,
	    "Nothing was changed; ask a colleague whether it is true",
	    "%s refuses (%s) and shows no proof", call->client->url, code);
	if (err != NULL)
		snprintf(err->reason, sizeof(err->reason), "%s", code);
	return VAULTENV_ERR_FORBIDDEN;
}

/* The log of a refusal, up to the entry that proves it. */
static int
take_log(const struct call *call, bool *more, struct vaultenv_error *err)
{
	struct vaultenv_client *c = call->client;
	const size_t known = c->team->log.n_steps;
	struct json_object reply = call->reply;
	struct bundle b;
	int64_t count;
	int r;

	*more = json_find_true(&reply, "more");
	if (!json_find_int(&reply, "log_count", 1, &count))
		return 0;
	if ((r = bundle_read_reply(&b, &reply)) != 0)
		return code_error(c, r, NULL, NULL, NULL, err);
	if (b.n_log > 0 && (size_t)count >= b.n_log)
		r = team_take_log(
		    c, (size_t)count - b.n_log, b.log, b.n_log, err);
	/* What brings nothing new could go on for ever. */
	*more = *more && c->team->log.n_steps > known;
	bundle_reset(&b);
	return r;
}

static int
take_all_log(const struct call *call, struct vaultenv_error *err)
{
	struct call next;
	bool more;
	int r;

	if ((r = take_log(call, &more, err)) != 0)
		return r;
	while (r == 0 && more) {
		struct request_auth auth;

		v2_call_begin(&next, call->client, "log/read");
		v2_put_log_have(&next);
		json_put_raw(&next.body, "}");
		more = false;
		if ((r = call_check(&next, err)) == 0 &&
		    (r = send_signed(&next, &auth, err)) == 0 &&
		    call_parse(&next) == 0)
			r = take_log(&next, &more, err);
		call_end(&next);
	}
	return r;
}

/* By whatever the log proves: a new key, of which we have the next one, is no
 * refusal. */
static int
replaced(const struct call *call, bool *again, struct vaultenv_error *err)
{
	struct vaultenv_client *c = call->client;
	const struct vault_key *key = team_key(c->team);
	struct standing standing;
	int r;

	if ((r = take_all_log(call, err)) != 0)
		return r;
	/* Wraps would be stored as if they were under the new one. */
	if (team_key(c->team) != key && call->is_of_key)
		return err_set(err, VAULTENV_ERR_CONFLICT, "Run it again",
		    "VAULT_KEY was replaced meanwhile");
	*again = team_key(c->team) != key && !call->no_registration;
	if (*again)
		return 0;
	if (c->team->log.n_steps > 0 &&
	    (r = team_standing(c, NULL, &standing, err)) != 0)
		return r;
	return no_proof(call, json_find_text(&call->reply, "code"), err);
}

/* The server's clock counts for two fields, and for nothing else. False: it is
 * what we went by. */
static bool
follow_clock(const struct call *call)
{
	struct vaultenv_client *c = call->client;
	char off[AGE_TEXT], text[VAULTENV_ERROR_TEXT];
	int64_t now_ms, offset_ms;

	if (!json_find_int(&call->reply, "now", 1, &now_ms))
		return false;
	offset_ms = now_ms - clock_now_ms();
	if (llabs(offset_ms - c->team->clock_offset_ms) < CLOCK_STEP_MS)
		return false;
	c->team->clock_offset_ms = offset_ms;
	age_text(off, llabs(offset_ms) / 1000, false);
	snprintf(text, sizeof(text),
	    "This machine's clock is %s %s the server's. Going on; set the "
	    "clock: what is pushed bears its time",
	    off, offset_ms > 0 ? "behind" : "ahead of");
	clock_notice(c, text);
	return true;
}

/* By a clock that was followed. */
static int
too_late(const struct call *call, struct vaultenv_error *err)
{
	err_set(err, VAULTENV_ERR_CLOCK,
	    "Try again; if it stays, its clock jumps, or somebody holds "
	    "requests back",
	    "%s says that the request did not come in time, although its clock "
	    "was followed",
	    call->client->url);
	if (err != NULL)
		strcpy(err->reason, "request_time");
	return VAULTENV_ERR_CLOCK;
}

/* The server says that VAULT_KEY is none of the project's. If it is one by the
 * log that this machine has, the server's ends before that. */
static int
unknown_key(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	const struct members *log = &c->team->log;
	struct finding why = { .seq = 0 };

	if (members_generation(log, team_key(c->team)->join) < 0)
		return code_error(c, CODE_KEY_UNKNOWN, NULL, NULL, NULL, err);
	why.at_ms = log->steps[log->n_steps - 1].at_ms;
	return code_error(c, CODE_LOG_SHORT, &why, NULL, NULL, err);
}

/* A code about our own statement is no sign of tampering: the server, or a
 * race, has refused what we said. */
static int
bad_statement(const struct call *call, struct vaultenv_error *err)
{
	const int code = v2_call_code(call);

	if (code == 0)
		return refuse(call, NULL, err);
	if (code == CODE_REGISTER_TIME) {
		(void)follow_clock(call);
		return code_error(call->client, code, NULL, NULL, NULL, err);
	}
	if (code == CODE_REGISTER_JOIN)
		return unknown_key(call->client, err);
	err_set(err, VAULTENV_ERR_FORBIDDEN,
	    "Run it again; if it stays, update vault-env",
	    "%s does not accept what this device signed (%s)",
	    call->client->url, code_name(code));
	if (err != NULL)
		snprintf(
		    err->reason, sizeof(err->reason), "%s", code_name(code));
	return VAULTENV_ERR_FORBIDDEN;
}

/* Of a server that has lost its keys; it may still have this one in memory. */
static bool
is_unknown_key(const struct call *call)
{
	return call->http.status == 401 && !call->no_registration &&
	       is_refusal(call, "request_key_unknown");
}

/* Once a call. */
static int
key_bring(struct call *call, bool *again, struct vaultenv_error *err)
{
	int r;

	call->no_registration = true;
	r = v2_register(call->client, NULL, NULL, err);
	*again = r == 0;
	return r;
}

/* The refusal names no date; the log does, where it is here. */
static int
expired(struct vaultenv_client *c, struct vaultenv_error *err)
{
	const struct member *m =
	    members_find(&c->team->log, c->team->keys->device.id);
	const struct finding why = {
		.at_ms = m == NULL ? 0 : member_now(m)->expires_ms
	};

	return code_error(c, CODE_DEVICE_EXPIRED, &why, NULL, NULL, err);
}

static int
refused(struct call *call, bool *again, struct vaultenv_error *err)
{
	struct vaultenv_client *c = call->client;
	int r;

	if (is_refusal(call, "vault_key_replaced") ||
	    is_refusal(call, "device_removed"))
		return replaced(call, again, err);
	if (is_unknown_key(call))
		return key_bring(call, again, err);
	if (is_refusal(call, "request_time")) {
		*again = follow_clock(call);
		return too_late(call, err);
	}
	if (is_refusal(call, "log_changed") &&
	    (r = take_all_log(call, err)) != 0)
		return r;
	if (is_refusal(call, "device_expired"))
		return expired(c, err);
	if (is_refusal(call, "scope_refused"))
		return code_error(
		    c, CODE_DEVICE_SCOPE, NULL, call->env, NULL, err);
	if (is_refusal(call, "bad_statement"))
		return bad_statement(call, err);
	r = refuse(call, c->team->keys->device.id, err);
	return r == VAULTENV_ERR_NO_SECRETS
		   ? team_nothing_there(c, call->env, err)
		   : r;
}

/* Not authenticated: it counts for nothing, but that a server which has lost
 * the request key, or never had it, is given it. */
static int
stranger(struct call *call, bool *again, struct vaultenv_error *err)
{
	const int status = call->http.status;

	if (is_unknown_key(call))
		return key_bring(call, again, err);
	/* Refused before anybody looked at who it is from. */
	if (status / 100 == 5 || status == 429 || status == 413)
		return refuse(call, NULL, err);
	return code_error(call->client, CODE_REPLY_MAC, NULL, NULL, NULL, err);
}

/* *again: it may be sent once more. */
static int
once(struct call *call, bool *again, struct vaultenv_error *err)
{
	const struct team *t = call->client->team;
	const struct blob *body = &call->http.body;
	struct request_auth auth;
	int r;

	*again = false;
	if ((r = send_signed(call, &auth, err)) != 0)
		return r;
	if (call_parse(call) == VAULTENV_ERR_NOMEM)
		return err_general(err, VAULTENV_ERR_NOMEM);
	call->is_authentic =
	    reply_verify(call->http.auth, strlen(call->http.auth),
		t->keys->request_key, auth.mac, call->http.status, body->data,
		body->len) == 0;
	if (!call->is_authentic)
		return stranger(call, again, err);
	if (call->http.status / 100 == 2)
		return 0;
	return refused(call, again, err);
}

/* A list of devices never gets shorter than what this machine holds. */
static int
log_count_check(const struct call *call, struct vaultenv_error *err)
{
	const struct team *t = call->client->team;
	struct finding why = { .seq = 0 };
	int64_t count;

	if (!json_find_int(&call->reply, "log_count", 0, &count) ||
	    count >= (int64_t)t->log.n_steps)
		return 0;
	why.at_ms = t->log.steps[t->log.n_steps - 1].at_ms;
	return code_error(
	    call->client, CODE_LOG_SHORT, &why, NULL, pin_file(t, NULL), err);
}

int
v2_call_perform(struct call *call, const struct wanted *want, void *into,
    struct vaultenv_error *err)
{
	const char *bad = "no JSON object";
	bool again = true;
	int r;

	json_put_raw(&call->body, "}");
	if ((r = call_check(call, err)) != 0)
		return r;
	/* A key that is brought, a clock, a key that takes over. */
	for (int i = 0; again && i < 4; i++)
		r = once(call, &again, err);
	if (r != 0)
		return r;
	if (again || call->reply.members == NULL)
		return v2_call_wrong(call, bad, err);
	if ((r = members_take(&call->reply, want, into, &bad)) ==
	    VAULTENV_ERR_NOMEM)
		return err_general(err, r);
	if (r != 0)
		return v2_call_wrong(call, bad, err);
	if ((r = log_count_check(call, err)) != 0)
		return r;
	server_remember(call->client);
	return 0;
}
