/* SPDX-License-Identifier: MIT */
/*
 * routes-t: the table's form, row by row, and the way through it as far as it
 * needs no database. Those of the tests that loop over routes loop over the
 * table itself, so that a new row is tested by being there.
 */
#include "config.h"

#include <unistd.h>

#include "http/fake-request.h"
#include "common/clock.h"
#include "api/replay.h"
#include "api/routes.h"
#include "key/keycache.h"
#include "key/serverkey.h"
#include "common/settings.h"
#include "tap.h"

#define UUID "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"

static struct settings settings;
static struct server server;

static void
answers(const char *method, const char *uri, const char *body, int status,
    const char *text)
{
	char params[5][400];
	struct reply reply;
	struct fake f;

	snprintf(params[0], 400, "REQUEST_METHOD=%s", method);
	snprintf(params[1], 400, "REQUEST_URI=%s", uri);
	snprintf(params[2], 400, "CONTENT_LENGTH=%zu", strlen(body));
	snprintf(params[3], 400, "HTTP_X_VAULT_SIGNATURE=nonsense");
	snprintf(params[4], 400, "CONTENT_TYPE=application/json");
	fake_init(&f, body);
	for (int i = 0; i < 5; i++)
		fake_param(&f, params[i]);
	reply_init(&reply);
	routes_run(&server, &f.source, &reply);
	if (!ok(reply.status == status, "%s %s: %d", method, uri, status))
		printf("# %d %s\n", reply.status, (char *)reply.body.text.data);
	if (text != NULL)
		ok(reply.body.text.data != NULL &&
			strstr((char *)reply.body.text.data, text) != NULL,
		    "%s", text);
	reply_reset(&reply);
}

/* A body that has all a route asks for. */
static const char *
full_body(uint64_t fields)
{
	static const char *const values[N_FIELDS] = {
		[FIELD_PROJECT_ID] = "\"" UUID "\"",
		[FIELD_PROJECT_NAME] = "\"x\"",
		[FIELD_AUTH_KEY_HASH] = "\"00112233445566778899aabbccddeeff0011"
					"2233445566778899aabbccddeeff\"",
		[FIELD_DEVICE_ID] = "\"" UUID "\"",
		[FIELD_DEVICE_NAME] = "\"x\"",
		[FIELD_DEVICE_HASH] = "\"00112233445566778899aabbccddeeff001122"
				      "33445566778899aabbccddeeff\"",
		[FIELD_ENVIRONMENT] = "\"x\"",
		[FIELD_SECRETS] =
		    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"",
		[FIELD_VERSION] = "1",
		[FIELD_BASE_VERSION] = "0",
		[FIELD_KEY_NAMES] = "[]",
		[FIELD_KEY_COUNT] = "0",
		[FIELD_ROOT] = "\"AAAA\"",
		[FIELD_ENTRY] = "\"AAAA\"",
		[FIELD_RECORD] = "\"AAAA\"",
		[FIELD_DELETION] = "\"AAAA\"",
		[FIELD_REGISTRATION] = "\"AAAA\"",
		[FIELD_REQUEST_KEY] = "\"00112233445566778899aabbccddeeff0011"
				      "2233445566778899aabbccddeeff\"",
		[FIELD_WRAPS] = "[]",
		[FIELD_LOG_HAVE] = "0",
		[FIELD_RECORD_HAVE] = "\"00112233445566778899aabbccddeeff0011"
				      "2233445566778899aabbccddeeff\"",
		[FIELD_RECORDS_FROM] = "1",
		[FIELD_FROM] = "1",
		[FIELD_TO] = "1",
		[FIELD_BLOBS] = "true",
		[FIELD_ALL] = "false",
		[FIELD_AFTER_DEVICE] = "\"" UUID "\"",
		[FIELD_AFTER_WRAP] =
		    "{\"device_id\":\"" UUID
		    "\",\"key_id\":\"00112233445566778899aabbccddeeff"
		    "00112233445566778899aabbccddeeff\"}",
		[FIELD_BEFORE] = "{\"at\":\"2026-01-31T12:00:00.000000Z\","
				 "\"id\":\"" UUID "\"}",
		[FIELD_LIMIT] = "1",
		[FIELD_MOVED_TO] = "\"" UUID "\"",
		[FIELD_FROZEN] = "false",
	};
	static char text[2000];
	size_t len = (size_t)sprintf(text, "{\"z\":0");

	for (int f = 0; f < N_FIELDS; f++)
		if ((fields & FIELD_BIT(f)) != 0)
			len += (size_t)sprintf(text + len, ",\"%s\":%s",
			    input_field_name(f), values[f]);
	strcpy(text + len, "}");
	return text;
}

static bool
is_v2(const struct route *route)
{
	return route->access == ACCESS_JOINING ||
	       route->access == ACCESS_MEMBER;
}

static void
test_row(const struct route *route, size_t i)
{
	const uint64_t project = FIELD_BIT(FIELD_PROJECT_ID);
	const uint64_t hash = FIELD_BIT(FIELD_DEVICE_HASH);
	const bool post = strcmp(route->method, "POST") == 0;

	ok(route->handler != NULL && route_number(route) == i,
	    "%s has a handler and a number", route->path);
	ok(strlen(route->path) < REQUEST_PATH_MAX, "a path that fits");
	ok(post == (strncmp(route->path, "/api/v", 6) == 0),
	    "POST is for what is below /api/");
	ok(is_v2(route) == (strncmp(route->path, "/api/v2/", 8) == 0),
	    "a MAC is for what is below /api/v2/");
	ok(!post || route->access != ACCESS_PUBLIC ||
		strstr(route->path, "/project/") != NULL,
	    "what anybody may call is where web servers limit it");
	ok((route->required & route->optional) == 0, "no field twice");
	ok(route->access == ACCESS_PUBLIC || (route->required & project) != 0,
	    "signed by a project");
	ok(route->access != ACCESS_DEVICE || (route->optional & hash) != 0,
	    "a device shows its hash");
	ok(post || route->access == ACCESS_PUBLIC, "only bodies are signed");
	for (size_t k = 0; k < i; k++)
		ok(strcmp(routes_at(k)->path, route->path) != 0,
		    "differs from %s", routes_at(k)->path);
}

static void
test_way(const struct route *route)
{
	char uri[300];

	answers("OPTIONS", route->path, "", 204, NULL);
	answers("PUT", route->path, "x", 405, "Method not allowed");
	snprintf(uri, sizeof(uri), "%s/", route->path);
	answers(route->method, uri, "", 404, "Not found");
	snprintf(uri, sizeof(uri), "%s?x=/y", route->path);
	if (strcmp(route->method, "POST") != 0)
		return;
	answers("GET", route->path, "", 405, "method_not_allowed");
	answers("POST", uri, "x", 400, "Invalid JSON");
	answers("POST", uri, "{}", 400, " required");
	/* Everything in order, and then there is no MAC, or no database. */
	if (is_v2(route))
		answers("POST", uri,
		    full_body(route->required | route->optional), 401,
		    "request_form");
	else
		answers("POST", uri,
		    full_body(route->required | route->optional), 503,
		    "Database unavailable");
}

int
main(void)
{
	const char text[] = "database = host=/nonexistent\n"
			    "db_connections = 1\nproject_creation = open";
	char why[WHY_MAX], key_text[2 * KEY_LEN + 2], *big;
	const struct route *route;
	size_t n = 0;

	if (settings_parse(&settings, "x", text, strlen(text), why) != 0 ||
	    dup2(1, 2) < 0 || freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	server.settings = &settings;
	server.key = serverkey_generate(key_text);
	server.db = db_new(&settings, server.key->id, true);
	server.keys = keycache_new(settings.key_cache);
	server.replay = replay_new(1000);
	for (; (route = routes_at(n)) != NULL; n++) {
		test_row(route, n);
		test_way(route);
	}
	ok(n > 12, "%zu routes", n);
	answers("GET", "/health", "", 503, "\"status\":\"unavailable\"");
	answers("GET", "/nope", "", 404, "not_found");
	answers("OPTIONS", "/nope", "", 204, NULL);
	answers("", "", "", 404, NULL);
	big = malloc(1048578);
	memset(big, ' ', 1048577);
	big[1048577] = '\0';
	answers(
	    "POST", "/api/v1/secrets/push", big, 413, "Request body too large");
	answers("POST", "/nope", big, 404, NULL);
	answers("PUT", "/api/v1/secrets/push", big, 405, NULL);
	big[1048576] = '\0';
	answers("POST", "/api/v1/secrets/push", big, 400, "Invalid JSON");
	answers("POST", "/api/v1/devices/list", big, 413, "too large");
	settings.project_creation = CREATION_CLOSED;
	answers("POST", "/api/v1/project/create", "{\"project_name\":\"x\"}",
	    403, "Project creation is closed");
	settings.project_creation = CREATION_TOKEN;
	answers("POST", "/api/v1/project/create", "{\"project_name\":\"x\"}",
	    403, "Project creation needs a valid token");
	free(big);
	/* A push of v2 may bring a wrap for each device, 5,000 at most. */
	settings.max_devices = 1000000;
	big = malloc(1048576 + 5000 * 256 + 2);
	memset(big, ' ', 1048576 + 5000 * 256 + 1);
	big[1048576 + 5000 * 256 + 1] = '\0';
	answers("POST", "/api/v2/secrets/push", big, 413, "too large");
	big[1048576 + 5000 * 256] = '\0';
	answers("POST", "/api/v2/secrets/push", big, 400, "Invalid JSON");
	settings.max_devices = 1;
	big[1048576 + 257] = '\0';
	answers("POST", "/api/v2/secrets/push", big, 413, "too large");
	free(big);
	db_free(&server.db);
	replay_free(&server.replay);
	keycache_free(&server.keys);
	serverkey_free(&server.key);
	settings_free(&settings);
	return tap_done();
}
