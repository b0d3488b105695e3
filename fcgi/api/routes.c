/* SPDX-License-Identifier: MIT */
/*
 * routes.c: THE table, and the one way through: path 404, method 405, size
 * 413, JSON 400, inputs 400, project 404, signature 401, path binding 409,
 * then the handler: device 403 and the rest in its SQL function.
 *
 * To add a route:
 *  1. a row below (tests/fcgi/api/routes-t.c checks its form);
 *  2. its members in http/input.h and input.c (tests/fcgi/http/input-t.c);
 *  3. the handler in <noun>.c and handlers.h;
 *  4. its statement in db/stmts.h and stmts.c, repeatable or not;
 *  5. its function in sql/functions, and its line in sql/install.sql and
 *     sql/grants.sql (the tests of sql/);
 *  6. a row in lib/PROTOCOL and in the list of tests/VaultTest/Client.pm,
 *     over which the integration tests loop.
 */
#include "config.h"

#include <string.h>

#include "api/auth.h"
#include "api/handlers.h"
#include "api/routes.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"

#define SMALL       131072
#define V1          "/api/v1/"
#define BIT         FIELD_BIT
#define PROJECT     BIT(FIELD_PROJECT_ID)
#define ENVIRONMENT (PROJECT | BIT(FIELD_ENVIRONMENT))
#define DEVICE      (PROJECT | BIT(FIELD_DEVICE_ID))
#define HASH        BIT(FIELD_DEVICE_HASH)

static const struct route routes[] = {
	{ "GET", "/health", ACCESS_PUBLIC, SMALL, 0, 0, health },
	{ "POST", V1 "project/create", ACCESS_PUBLIC, SMALL,
	    BIT(FIELD_PROJECT_NAME), 0, project_create },
	{ "POST", V1 "project/set-key", ACCESS_PUBLIC, SMALL,
	    PROJECT | BIT(FIELD_AUTH_KEY_HASH), 0, project_set_key },
	{ "POST", V1 "devices/register", ACCESS_SIGNED, SMALL,
	    PROJECT | BIT(FIELD_DEVICE_NAME) | HASH, 0, device_register },
	{ "POST", V1 "devices/approve", ACCESS_SIGNED, SMALL, DEVICE, 0,
	    device_approve },
	{ "POST", V1 "devices/list", ACCESS_SIGNED, SMALL, PROJECT, 0,
	    device_list },
	{ "POST", V1 "devices/revoke", ACCESS_SIGNED, SMALL, DEVICE, 0,
	    device_revoke },
	{ "POST", V1 "secrets/push", ACCESS_DEVICE, 0,
	    ENVIRONMENT | BIT(FIELD_SECRETS),
	    HASH | BIT(FIELD_KEY_NAMES) | BIT(FIELD_KEY_COUNT) |
		BIT(FIELD_BASE_VERSION),
	    secret_push },
	{ "POST", V1 "secrets/pull", ACCESS_DEVICE, SMALL, ENVIRONMENT,
	    HASH | BIT(FIELD_VERSION), secret_pull },
	{ "POST", V1 "secrets/current-version", ACCESS_SIGNED, SMALL,
	    ENVIRONMENT, 0, secret_current_version },
	{ "POST", V1 "secrets/versions", ACCESS_SIGNED, SMALL, ENVIRONMENT, 0,
	    secret_versions },
	{ "POST", V1 "secrets/rollback", ACCESS_SIGNED, SMALL,
	    ENVIRONMENT | BIT(FIELD_VERSION), 0, secret_rollback },
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

static const struct route *
find(const char *path)
{
	for (size_t i = 0; i < N_ROUTES; i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

static size_t
body_cap(const struct call *c)
{
	const size_t max = (size_t)c->server->settings->max_body;
	const size_t cap = c->route->body_cap;

	return cap == 0 || cap > max ? max : cap;
}

/* A UUID that input has checked, or NULL. */
static void
note_id(char out[37], const char *id)
{
	if (id != NULL)
		memcpy(out, id, 37);
}

static void
walk(struct call *c)
{
	const struct route *route;

	if (request_check(&c->req, c->server->settings->max_params, c->reply) !=
	    0)
		return;
	if (strcmp(c->req.method, "OPTIONS") == 0) {
		c->reply->status = 204;
		return;
	}
	if ((route = find(c->req.path)) == NULL) {
		reply_refuse(c->reply, REFUSAL_PATH);
		return;
	}
	if (strcmp(route->method, c->req.method) != 0) {
		reply_refuse(c->reply, REFUSAL_METHOD);
		c->reply->allow = strcmp(route->method, "GET") == 0
				      ? "GET, OPTIONS"
				      : "POST, OPTIONS";
		return;
	}
	c->route = route;
	if (request_read_body(&c->req, body_cap(c), c->reply) != 0)
		return;
	if (strcmp(route->method, "POST") == 0) {
		if (input_parse(&c->in, route->required, route->optional,
			&c->req.body, c->reply) != 0)
			return;
		note_id(c->project, c->in.text[FIELD_PROJECT_ID]);
		note_id(c->device, c->in.text[FIELD_DEVICE_ID]);
	}
	if (route->access != ACCESS_PUBLIC && auth_check(c) != 0)
		return;
	route->handler(c);
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
	mem_wipe(c.digest, sizeof(c.digest));
}
