/* SPDX-License-Identifier: MIT */
/*
 * routes.c: THE table, and the one way through: path 404, method 405, room on
 * the disk 507, type 415, size 413; the checks of the row's access in their
 * order, for those of protocol v1 JSON 400, inputs 400, project 404, signature
 * 401, path binding 409; then the handler: device 403 and the rest in its SQL
 * function.
 *
 * A route has one noun all the way: its handler, its statement, its function,
 * its tests. In protocol v1 that is the path's. In protocol v2 devices/ is
 * member, secrets/ is record and keys/ is wrap, after the tables that hold
 * them; project, log and audit are what the path says.
 *
 * To add a route (in brackets, what complains if a step was forgotten):
 *  1. a row below [its form: tests/fcgi/api/routes-t.c]; what nobody signs is
 *     called project/..., by which etc/nginx.conf limits it [that];
 *  2. its members, if they are new: http/input.h and input.c, and a value in
 *     full_body() of routes-t.c [that]; what else is taken or not in
 *     tests/fcgi/http/input-t.c [nobody];
 *  3. the handler in <noun>.c and handlers.h, of protocol v2 in v2-<noun>.c and
 *     v2.h; a new file in fcgi/Makefile.inc [the compiler, the linker];
 *  4. its statement in db/stmts.h and stmts.c; stmts.h says what a row decides:
 *     whether it may be repeated, and the way it runs
 *     [tests/fcgi/db/stmts-t.c, tests/sql/statements.t];
 *  5. its function, vault.<noun>_<verb>(): sql/README, "To add a function";
 *  6. a row in lib/PROTOCOL and in %ROUTES of tests/VaultTest/Client.pm, over
 *     which the tests of fcgi/ loop; of protocol v2 in lib/PROTOCOL-v2
 *     [tests/style/routes.t];
 *  7. what it answers: tests/fcgi/endpoints.t [that]; of v2, a call in
 *     tests/fcgi/v2.py [nobody];
 *  8. the client's side: lib/client/client.h.
 */
#include "config.h"

#include <string.h>

#include "api/auth.h"
#include "api/handlers.h"
#include "api/mac.h"
#include "api/replay.h"
#include "api/routes.h"
#include "api/v2.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"
#include "common/space.h"
#include "key/keycache.h"

#define SMALL       131072
#define WRAP_TEXT   256 /* bytes of a wrap in a request, at most */
#define V1          "/api/v1/"
#define V2          "/api/v2/"
#define BIT         FIELD_BIT
#define PROJECT     BIT(FIELD_PROJECT_ID)
#define ENVIRONMENT (PROJECT | BIT(FIELD_ENVIRONMENT))
#define DEVICE      (PROJECT | BIT(FIELD_DEVICE_ID))
#define HASH        BIT(FIELD_DEVICE_HASH)
#define LOG         BIT(FIELD_LOG_HAVE)
#define JOINING     (BIT(FIELD_REGISTRATION) | BIT(FIELD_REQUEST_KEY))

static const struct route routes[] = {
	{ "GET", "/health", ACCESS_PUBLIC, READS, SMALL, 0, 0, health },
	{ "POST", V1 "project/create", ACCESS_PUBLIC, STORES, SMALL,
	    BIT(FIELD_PROJECT_NAME), 0, project_create },
	{ "POST", V1 "project/set-key", ACCESS_PUBLIC, STORES, SMALL,
	    PROJECT | BIT(FIELD_AUTH_KEY_HASH), 0, project_set_key },
	{ "POST", V1 "project/freeze", ACCESS_SIGNED, STORES, SMALL,
	    PROJECT | BIT(FIELD_MOVED_TO) | BIT(FIELD_FROZEN), 0,
	    project_freeze },
	{ "POST", V1 "devices/register", ACCESS_SIGNED, STORES, SMALL,
	    PROJECT | BIT(FIELD_DEVICE_NAME) | HASH, 0, device_register },
	{ "POST", V1 "devices/approve", ACCESS_SIGNED, STORES, SMALL, DEVICE, 0,
	    device_approve },
	{ "POST", V1 "devices/list", ACCESS_SIGNED, READS, SMALL, PROJECT, 0,
	    device_list },
	{ "POST", V1 "devices/revoke", ACCESS_SIGNED, STORES, SMALL, DEVICE, 0,
	    device_revoke },
	{ "POST", V1 "secrets/push", ACCESS_DEVICE, STORES, 0,
	    ENVIRONMENT | BIT(FIELD_SECRETS),
	    HASH | BIT(FIELD_KEY_NAMES) | BIT(FIELD_KEY_COUNT) |
		BIT(FIELD_BASE_VERSION),
	    secret_push },
	{ "POST", V1 "secrets/pull", ACCESS_DEVICE, READS, SMALL, ENVIRONMENT,
	    HASH | BIT(FIELD_VERSION), secret_pull },
	{ "POST", V1 "secrets/current-version", ACCESS_SIGNED, READS, SMALL,
	    ENVIRONMENT, 0, secret_current_version },
	{ "POST", V1 "secrets/versions", ACCESS_SIGNED, READS, SMALL,
	    ENVIRONMENT, 0, secret_versions },
	{ "POST", V1 "secrets/rollback", ACCESS_SIGNED, STORES, SMALL,
	    ENVIRONMENT | BIT(FIELD_VERSION), 0, secret_rollback },
	{ "POST", V2 "project/create", ACCESS_JOINING, STORES, SMALL,
	    PROJECT | BIT(FIELD_ROOT) | JOINING, BIT(FIELD_PROJECT_NAME),
	    project_create_v2 },
	{ "POST", V2 "project/delete", ACCESS_MEMBER, STORES, SMALL,
	    PROJECT | BIT(FIELD_DELETION), LOG, project_delete },
	{ "POST", V2 "devices/register", ACCESS_JOINING, STORES, SMALL,
	    PROJECT | JOINING, LOG, member_register },
	{ "POST", V2 "devices/list", ACCESS_MEMBER, READS, SMALL, PROJECT,
	    LOG | BIT(FIELD_AFTER_DEVICE), member_list },
	{ "POST", V2 "log/read", ACCESS_MEMBER, READS, SMALL, PROJECT | LOG, 0,
	    log_read },
	{ "POST", V2 "log/append", ACCESS_MEMBER, STORES, BODY_WRAPS,
	    PROJECT | BIT(FIELD_ENTRY), LOG | JOINING | BIT(FIELD_WRAPS),
	    log_append },
	{ "POST", V2 "secrets/pull", ACCESS_MEMBER, READS, SMALL,
	    ENVIRONMENT | LOG,
	    BIT(FIELD_RECORD_HAVE) | BIT(FIELD_RECORDS_FROM) |
		BIT(FIELD_VERSION),
	    record_pull },
	{ "POST", V2 "secrets/heads", ACCESS_MEMBER, READS, SMALL, PROJECT, LOG,
	    record_heads },
	{ "POST", V2 "secrets/current-version", ACCESS_MEMBER, READS, SMALL,
	    ENVIRONMENT, LOG, record_poll },
	{ "POST", V2 "secrets/records", ACCESS_MEMBER, READS, SMALL,
	    ENVIRONMENT | BIT(FIELD_FROM),
	    LOG | BIT(FIELD_TO) | BIT(FIELD_BLOBS), record_list },
	{ "POST", V2 "secrets/push", ACCESS_MEMBER, STORES, BODY_PUSH,
	    PROJECT | BIT(FIELD_RECORD) | BIT(FIELD_SECRETS),
	    LOG | BIT(FIELD_WRAPS), record_push },
	{ "POST", V2 "keys/read", ACCESS_MEMBER, READS, SMALL, ENVIRONMENT,
	    LOG | BIT(FIELD_ALL) | BIT(FIELD_AFTER_WRAP), wrap_read },
	{ "POST", V2 "keys/add", ACCESS_MEMBER, STORES, BODY_WRAPS,
	    ENVIRONMENT | BIT(FIELD_WRAPS), LOG, wrap_add },
	{ "POST", V2 "audit/list", ACCESS_MEMBER, READS, SMALL, PROJECT,
	    LOG | BIT(FIELD_BEFORE) | BIT(FIELD_LIMIT) | BIT(FIELD_DEVICE_ID) |
		BIT(FIELD_ENVIRONMENT),
	    audit_list },
};

#define N_ROUTES (sizeof(routes) / sizeof(routes[0]))

const struct route *
routes_at(size_t i)
{
	return i < N_ROUTES ? &routes[i] : NULL;
}

uint8_t
route_number(const struct route *route)
{
	return (uint8_t)(route - routes);
}

const char *
route_action(const struct route *route)
{
	return route->path + strlen(V2);
}

static const struct route *
find(const char *path)
{
	for (size_t i = 0; i < N_ROUTES; i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

static bool
is_post(const struct route *route)
{
	return strcmp(route->method, "POST") == 0;
}

static size_t
body_cap(const struct call *c)
{
	const size_t max = (size_t)c->server->settings->max_body;
	const size_t cap = c->route->body_cap;

	switch (cap) {
	case BODY_MAX_BODY:
		return max;
	case BODY_PUSH:
		return max + WRAP_TEXT * (size_t)call_max_members(c);
	case BODY_WRAPS:
		return max > WRAP_TEXT * WRAPS_MAX ? max
						   : WRAP_TEXT * WRAPS_MAX;
	default:
		return cap > max ? max : cap;
	}
}

/* The members that the row declares. */
static int
parse(struct call *c)
{
	if (!is_post(c->route))
		return 0;
	if (input_parse(&c->in, c->route->required, c->route->optional,
		&c->req.body, c->reply) != 0)
		return -1;
	call_note_ids(
	    c, c->in.text[FIELD_PROJECT_ID], c->in.text[FIELD_DEVICE_ID]);
	return 0;
}

/* A signature is one path's, though v1 does not sign the path. */
static int
bind_path(struct call *c)
{
	if (replay_bind(c->server->replay, c->digest, route_number(c->route),
		clock_mono_ms()))
		return 0;
	reply_refuse(c->reply, REFUSAL_SIGNATURE_REUSED);
	return -1;
}

/*
 * What stands between a body and its handler, by the row's access and in this
 * order; each 0, or -1 with the refusal in the reply. The device is looked at
 * in SQL, in the transaction that it guards.
 */
static int (*const checks[][4])(struct call *c) = {
	[ACCESS_PUBLIC] = { parse },
	[ACCESS_SIGNED] = { parse, auth_check, bind_path },
	[ACCESS_DEVICE] = { parse, auth_check, bind_path },
	[ACCESS_JOINING] = { parse, mac_check_new },
	[ACCESS_MEMBER] = { parse, mac_check },
};

/* Path, then method. 0, or -1 with the refusal in the reply. */
static int
check_route(struct call *c)
{
	if (c->route == NULL) {
		reply_refuse(c->reply, REFUSAL_PATH);
		return -1;
	}
	if (strcmp(c->route->method, c->req.method) == 0)
		return 0;
	reply_refuse(c->reply, REFUSAL_METHOD);
	c->reply->allow = is_post(c->route) ? "POST, OPTIONS" : "GET, OPTIONS";
	return -1;
}

/* Nothing is begun that may not find room for its end. */
static int
check_space(struct call *c)
{
	if (c->route->effect == READS || !space_is_low(c->server->settings))
		return 0;
	reply_refuse(c->reply, REFUSAL_OUT_OF_SPACE);
	return -1;
}

/*
 * The handler; and once more if its SQL function found that the auth key that
 * we had in memory is not the project's any more, but the signature is of the
 * one that is.
 */
static void
handle(struct call *c)
{
	c->route->handler(c);
	if (c->reply->refusal == REFUSAL_AUTH_KEY_REPLACED &&
	    auth_renew(c) == 0) {
		reply_reset(c->reply);
		reply_init(c->reply);
		c->route->handler(c);
	}
	if (c->reply->refusal == REFUSAL_PROJECT_NOT_FOUND)
		keycache_drop(c->server->keys, c->in.text[FIELD_PROJECT_ID]);
}

static void
walk(struct call *c)
{
	if (request_check(&c->req, c->server->settings->max_params, c->reply) !=
	    0)
		return;
	c->route = find(c->req.path);
	/* What nobody signs is for no page of another origin. */
	if (c->route != NULL && c->route->access == ACCESS_PUBLIC &&
	    is_post(c->route))
		c->reply->any_origin = false;
	if (strcmp(c->req.method, "OPTIONS") == 0) {
		c->reply->status = 204;
		return;
	}
	if (check_route(c) != 0 || check_space(c) != 0 ||
	    (is_post(c->route) && request_check_type(&c->req, c->reply) != 0) ||
	    request_read_body(&c->req, body_cap(c), c->reply) != 0)
		return;
	for (int i = 0; checks[c->route->access][i] != NULL; i++)
		if (checks[c->route->access][i](c) != 0)
			return;
	handle(c);
}

void
routes_run(struct server *server, const struct request_source *source,
    struct reply *reply)
{
	const int64_t start = clock_mono_us();
	struct call c = { .server = server, .reply = reply };

	request_init(&c.req, source);
	input_init(&c.in);
	walk(&c);
	reply_settle(reply);
	/* The reply stays as it is from here on. */
	mac_reply(&c);
	log_request(&(struct log_request){
	    .method = c.req.method,
	    .path = c.req.path,
	    .project = c.project,
	    .device = c.device,
	    .guard = refusals[reply->refusal].guard,
	    .status = reply->status,
	    .us = clock_mono_us() - start,
	});
	input_reset(&c.in);
	request_reset(&c.req);
	mac_reset(&c);
	mem_wipe(c.digest, sizeof(c.digest));
}
