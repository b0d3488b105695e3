/* SPDX-License-Identifier: MIT */
/*
 * fallback.h: tests/vectors/fallback.json as a world to load in: a server that
 * answers by path, a cache, a state file and a .env file, each set by name.
 */
#ifndef FALLBACK_H
#define FALLBACK_H

#include <json-c/json.h>
#include <sys/time.h>
#include <time.h>

#include "fake.h"

#define STATE  ".vault/" PROJECT ".state"
#define FOLDER "app"
#define CACHE  FOLDER "/.vault-cache"

static char home[64];
static struct json_object *table;

/* ---- a server that answers by path, as the table has it ---- */

static struct json_object *server; /* NULL: away */
static int n_calls, n_notices;
static char notices[2 * VAULTENV_ERROR_TEXT]; /* a line each */
/* The one that every load gives, as the file has another LOCAL than the vault:
 * kept apart, and not counted. */
static char hides[VAULTENV_ERROR_TEXT];

static inline int
answer(void *arg, const char *url, const char *const *headers, const char *body,
    size_t len, int *status, char **reply, size_t *reply_len,
    char auth[VAULTENV_AUTH_MAX])
{
	struct json_object *row;
	const char *text;

	n_calls++;
	if (server == NULL)
		return VAULTENV_ERR_NETWORK;
	row = json_object_object_get(
	    server, strstr(url, "/api/v1/") + strlen("/api/v1/"));
	if (row == NULL)
		return VAULTENV_ERR_PROTOCOL;
	*status = json_object_get_int(json_object_object_get(row, "status"));
	text =
	    json_object_to_json_string_ext(json_object_object_get(row, "body"),
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	*reply = strdup(text);
	*reply_len = strlen(text);
	return 0;
}

static inline void
note(void *arg, const char *text)
{
	const size_t used = strlen(notices);

	if (strstr(text, " hides other values of the vault: ") != NULL) {
		snprintf(hides, sizeof(hides), "%s", text);
		return;
	}
	n_notices++;
	snprintf(notices + used, sizeof(notices) - used, "%s%s",
	    used > 0 ? "\n" : "", text);
}

static inline struct json_object *
get(struct json_object *o, const char *name)
{
	return json_object_object_get(o, name);
}

static inline const char *
text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static const struct vaultenv_options options = { .path = FOLDER "/.env",
	.url = FAKE_URL,
	.transport = answer,
	.notice = note };

static inline int
load(const struct vaultenv_load_options *how, struct vaultenv_loaded **out,
    struct vaultenv_error *err)
{
	n_calls = n_notices = 0;
	notices[0] = hides[0] = '\0';
	*out = NULL;
	memset(err, 0, sizeof(*err));
	return vaultenv_load(&options, how, out, err);
}

static inline void
server_is(const char *name)
{
	server = get(get(table, "servers"), name);
}

static inline void
age_file(const char *path, time_t age_s)
{
	const struct timeval times[2] = { { time(NULL) - age_s, 0 },
		{ time(NULL) - age_s, 0 } };

	if (utimes(path, times) != 0)
		printf("Bail out! no %s\n", path);
}

/* Each {url} in it is the server's. */
static inline void
state_is(const char *text)
{
	char filled[4096] = "";
	const char *at;

	while ((at = strstr(text, "{url}")) != NULL) {
		snprintf(filled + strlen(filled),
		    sizeof(filled) - strlen(filled), "%.*s" FAKE_URL,
		    (int)(at - text), text);
		text = at + strlen("{url}");
	}
	snprintf(filled + strlen(filled), sizeof(filled) - strlen(filled), "%s",
	    text);
	fake_write(STATE, filled, 0600);
}

static inline void
cache_is(const char *name)
{
	struct json_object *row = get(get(table, "caches"), name);
	struct json_object *state = get(row, "state");

	unlink(CACHE);
	unlink(STATE);
	if (json_object_object_length(state) > 0)
		state_is(json_object_to_json_string_ext(state,
		    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	if (text_of(row, "text") == NULL)
		return;
	fake_write(CACHE, text_of(row, "text"), 0600);
	age_file(CACHE, json_object_get_int(get(row, "age_s")));
}

static inline void
env_is(const char *key)
{
	fake_write(FOLDER "/.env", text_of(get(table, "env_files"), key), 0644);
}

static inline char *
file_text(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	return f == NULL ? NULL : text;
}

static inline void
table_open(void)
{
	const char *dir = getenv("TOP_SRCDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/vectors/fallback.json",
	    dir != NULL ? dir : ".");
	if ((table = json_object_from_file(path)) == NULL) {
		printf("Bail out! %s: %s\n", path, json_util_get_last_err());
		exit(1);
	}
	fake_home(home);
	mkdir(".vault", 0700);
	mkdir(FOLDER, 0700);
	unsetenv("VAULT_CACHE_MAX_AGE");
	setenv("ENVIRONMENT", "production", 1);
	setenv("VAULT_DEVICE_SECRET", text_of(table, "device_secret"), 1);
}

static inline void
table_close(void)
{
	fake_home_remove(home);
	json_object_put(table);
}

#endif
