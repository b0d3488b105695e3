/* SPDX-License-Identifier: MIT */
/*
 * cmd-status.c: what is set up here, what is wrong and what to do. Asks
 * the server as pull does, so that what works here works there; changes
 * nothing on it. Shows no secret, and names only of those that a removed device
 * could read and that are still the same.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "members.h"
#include "output.h"
#include "revoke.h"
#include "session.h"

#define MAX_PROBLEMS 8

struct status {
	const struct args *args;
	struct vaultenv_client *client;
	const struct vaultenv_envfile *file;
	char *hides;     /* what the file hides of the secrets; NULL: nothing */
	int pulled;      /* enum vaultenv_status of the pull */
	bool unasked;    /* it may have ended before the server was asked */
	int64_t version; /* there; 0: not known, or none */
	bool has_version;
	char *updated_at;
	bool cached;
	int64_t cache_version;
	int64_t cache_age_s;
	char clock[VAULTENV_ERROR_TEXT];
	struct vaultenv_exposed *exposed; /* NULL: not known */
	/* Of the log that this machine has; NULL: not known. */
	struct vaultenv_device *self;
	struct vaultenv_heads *heads;
	struct vaultenv_error problems[MAX_PROBLEMS];
	size_t n_problems;
	int code;
};

static void
problem_add(struct status *s, int code, const struct vaultenv_error *err)
{
	if (s->code == EXIT_DONE)
		s->code = code;
	for (size_t i = 0; i < s->n_problems; i++)
		if (strcmp(s->problems[i].text, err->text) == 0)
			return;
	if (s->n_problems < MAX_PROBLEMS)
		s->problems[s->n_problems++] = *err;
}

/* A clock that is off is a problem, and told among those. */
static void
notice_take(void *arg, const char *text)
{
	struct status *s = arg;
	const char *clock = vaultenv_client_clock(s->client);
	struct vaultenv_error err;

	if (clock == NULL || strcmp(clock, text) != 0) {
		warning_print("%s", text);
		return;
	}
	snprintf(s->clock, sizeof(s->clock), "%s", text);
	vaultenv_error_set(&err, VAULTENV_ERR_CLOCK, NULL, "%s", text);
	problem_add(s, EXIT_FAILED, &err);
}

/* By what protocol v2 looks at first; it uses files before and after. */
static bool
may_be_unasked(const struct vaultenv_error *err)
{
	return err->code == VAULTENV_ERR_IO ||
	       strcmp(err->reason, "device_missing") == 0 ||
	       strcmp(err->reason, "heads_form") == 0;
}

static void
server_ask(struct status *s)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;

	wait_begin(s->args, "asking for the secrets");
	s->pulled =
	    vaultenv_secrets_pull(s->client, 0, &list, &s->version, &err);
	if (s->pulled == 0)
		s->hides = vaultenv_envfile_hides_text(s->file, list);
	vaultenv_list_free(&list);
	if (s->pulled != 0)
		problem_add(s, session_exit_code(s->pulled), &err);
	s->unasked = s->pulled != 0 && may_be_unasked(&err);
	if (s->pulled == VAULTENV_ERR_CLOCK)
		snprintf(s->clock, sizeof(s->clock), "%s", err.text);
	switch (s->pulled) {
	case VAULTENV_OK:
	case VAULTENV_ERR_NO_SECRETS:
	case VAULTENV_ERR_DECRYPT:
	case VAULTENV_ERR_PENDING:
	case VAULTENV_ERR_DEVICE:
		s->has_version = vaultenv_secrets_current_version(s->client,
				     &s->version, &s->updated_at, NULL) == 0;
	}
	wait_end();
}

/* After the server, by whose answer that may have grown; offline it is what was
 * known before. */
static void
log_ask(struct status *s)
{
	if (vaultenv_client_protocol(s->client) == 1)
		return;
	if (vaultenv_device_self(s->client, &s->self, NULL) != 0)
		return;
	(void)vaultenv_project_heads(s->client, &s->heads, NULL);
	if (strcmp(s->self->status, "approved") != 0)
		vaultenv_device_free(&s->self);
}

/* None is no problem; one that cannot be used is. */
static void
cache_ask(struct status *s, const struct vaultenv_options *opts)
{
	struct vaultenv_loaded *loaded = NULL;
	struct vaultenv_options own = *opts;
	struct vaultenv_error err;
	int r;

	own.notice = NULL;
	r = vaultenv_load_cached(&own, NULL, &loaded, &err);
	if (r == 0 && loaded->source == VAULTENV_SOURCE_CACHE) {
		s->cached = true;
		s->cache_version = loaded->version;
		s->cache_age_s = loaded->cache_age_s;
	} else if ((r == VAULTENV_ERR_DECRYPT || r == VAULTENV_ERR_NETWORK ||
		       r == s->pulled) &&
		   session_exit_code(s->pulled) == EXIT_REFUSED) {
		/* No wonder: with that key or device, that was to be expected.
		 */
		return;
	} else if (r != 0 && r != VAULTENV_ERR_NOT_FOUND &&
		   r != VAULTENV_ERR_NO_SECRETS) {
		problem_add(s, session_exit_code(r), &err);
	}
	vaultenv_loaded_free(&loaded);
}

/* What was changed since is remembered no longer. */
static void
exposed_ask(struct status *s)
{
	struct vaultenv_error err;

	if (s->pulled != VAULTENV_OK && s->pulled != VAULTENV_ERR_NO_SECRETS)
		return;
	wait_begin(s->args, "looking at what removed devices could read");
	if (vaultenv_exposed_left(s->client, &s->exposed, &err) != 0)
		problem_add(s, EXIT_FAILED, &err);
	wait_end();
}

static void
exposed_print(const struct status *s)
{
	if (s->exposed == NULL || s->exposed->n == 0)
		return;
	puts("\nA removed device could read these, and they were not changed "
	     "since:");
	exposed_table(s->exposed);
}

static const char *
device_state(const struct status *s)
{
	switch (s->pulled) {
	case VAULTENV_OK:
	case VAULTENV_ERR_NO_SECRETS:
	case VAULTENV_ERR_DECRYPT:
		return vaultenv_client_device_hash(s->client) != NULL
			   ? "approved"
			   : "none";
	case VAULTENV_ERR_PENDING:
		return "pending";
	case VAULTENV_ERR_DEVICE:
		return "refused";
	/* The log that was verified says it, whatever came after. */
	case VAULTENV_ERR_VERIFY:
	case VAULTENV_ERR_FORBIDDEN:
		return s->self != NULL ? "approved" : "unknown";
	}
	return "unknown";
}

static const char *
server_state(const struct status *s)
{
	if (s->unasked)
		return "not known";
	switch (s->pulled) {
	case VAULTENV_ERR_NETWORK:
		return "away";
	case VAULTENV_ERR_SERVER:
		return "in trouble";
	case VAULTENV_ERR_UNAUTHORIZED:
	case VAULTENV_ERR_CLOCK:
		return "refuses the key";
	case VAULTENV_ERR_VERIFY:
		return "fails verification";
	case VAULTENV_ERR_FORBIDDEN:
		/* Of v2, what this machine cannot use or may not take. */
		if (vaultenv_client_protocol(s->client) == 2)
			break;
		/* fallthrough */
	case VAULTENV_ERR_PROTOCOL:
	case VAULTENV_ERR_NOT_FOUND:
		return "answers otherwise";
	}
	return "answers";
}

static void
row_add(struct table *table, const char *name, const char *value,
    enum colour colour)
{
	table_add(table, name, COLOUR_DIM);
	table_add(table, value, colour);
}

static void
version_text(const struct status *s, char *out, size_t size)
{
	char when[WHEN_MAX];

	when_text(s->updated_at, when);
	if (!s->has_version)
		snprintf(out, size, "not known");
	else if (s->version == 0)
		snprintf(out, size, "none yet");
	else
		snprintf(
		    out, size, "%lld, pushed %s", (long long)s->version, when);
}

static void
cache_text(const struct status *s, char *out, size_t size)
{
	char version[48] = "version not known";
	long long age = (long long)s->cache_age_s;

	if (s->cache_version > 0)
		snprintf(version, sizeof(version), "version %lld",
		    (long long)s->cache_version);
	if (!s->cached)
		snprintf(out, size, "none that can be used");
	else if (age < 120)
		snprintf(out, size, "%s, %llds old", version, age);
	else if (age < 7200)
		snprintf(out, size, "%s, %lldm old", version, age / 60);
	else if (age < 172800)
		snprintf(out, size, "%s, %lldh old", version, age / 3600);
	else
		snprintf(out, size, "%s, %lldd old", version, age / 86400);
}

static void
log_rows(struct table *table, const struct status *s)
{
	char text[SCOPE_TEXT_MAX];

	if (s->self != NULL) {
		members_scope_text(s->self, text);
		row_add(table, "Role", text, COLOUR_NONE);
	}
	if (s->heads != NULL) {
		snprintf(text, sizeof(text), "entry %lld, %.16s...",
		    (long long)s->heads->log.version, s->heads->log.hash);
		row_add(table, "Log", text, COLOUR_NONE);
	}
}

static void
rows_print(const struct status *s)
{
	const char *device = device_state(s), *server = server_state(s);
	bool answers = strcmp(server, "answers") == 0;
	char text[VAULTENV_ERROR_TEXT];
	struct table table;

	table_init(&table, 2);
	row_add(&table, "Project", vaultenv_client_project_id(s->client),
	    COLOUR_NONE);
	row_add(&table, "Environment", vaultenv_client_environment(s->client),
	    COLOUR_NONE);
	snprintf(text, sizeof(text), "%s, %s", vaultenv_client_url(s->client),
	    server);
	row_add(&table, "Server", text, answers ? COLOUR_NONE : COLOUR_RED);
	row_add(&table, "Device", device, device_colour(device));
	log_rows(&table, s);
	version_text(s, text, sizeof(text));
	row_add(&table, "Version", text, COLOUR_NONE);
	cache_text(s, text, sizeof(text));
	row_add(&table, "Cache", text, COLOUR_NONE);
	row_add(&table, "Clock",
	    s->clock[0] != '\0'                               ? "off"
	    : s->pulled == VAULTENV_ERR_NETWORK || s->unasked ? "not known"
							      : "in step",
	    COLOUR_NONE);
	table_print(&table);
	table_free(&table);
}

static void
json_number(const char *name, int64_t n, bool known)
{
	if (known)
		printf(",\"%s\":%lld", name, (long long)n);
	else
		printf(",\"%s\":null", name);
}

static void
json_print(const struct status *s)
{
	printf("{\"ok\":%s,", s->n_problems == 0 ? "true" : "false");
	json_member("project_id", vaultenv_client_project_id(s->client));
	putchar(',');
	json_member("environment", vaultenv_client_environment(s->client));
	putchar(',');
	json_member("url", vaultenv_client_url(s->client));
	putchar(',');
	json_member("server", server_state(s));
	putchar(',');
	json_member("device", device_state(s));
	json_number("version", s->version, s->has_version);
	putchar(',');
	json_member("updated_at", s->updated_at);
	json_number("cache_version", s->cache_version,
	    s->cached && s->cache_version > 0);
	json_number("cache_age_s", s->cache_age_s, s->cached);
	putchar(',');
	json_member("clock", s->clock[0] != '\0' ? s->clock : NULL);
	if (s->self != NULL)
		members_scope_json(s->self);
	if (vaultenv_client_protocol(s->client) == 2) {
		json_number("log", s->heads != NULL ? s->heads->log.version : 0,
		    s->heads != NULL);
		fputs(",\"exposed\":", stdout);
		if (s->exposed != NULL)
			exposed_json(s->exposed);
		else
			fputs("null", stdout);
	}
	printf(",\"problems\":[");
	for (size_t i = 0; i < s->n_problems; i++) {
		if (i > 0)
			putchar(',');
		error_json(stdout, &s->problems[i]);
	}
	puts("]}");
}

static int
status_run(const struct args *args)
{
	struct status s = { .args = args };
	struct session_files files = { .file = NULL };
	struct vaultenv_options opts;
	struct vaultenv_error err;

	if ((s.code = session_prepare(args, &files, &opts)) != EXIT_DONE)
		goto out;
	opts.notice = notice_take;
	opts.notice_arg = &s;
	if (vaultenv_client_open(&opts, &s.client, &err) != 0) {
		s.code = session_fail(&err);
		goto out;
	}
	s.file = files.file;
	server_ask(&s);
	cache_ask(&s, &opts);
	exposed_ask(&s);
	log_ask(&s);
	if (args->json) {
		json_print(&s);
	} else if (!args->quiet) {
		rows_print(&s);
		exposed_print(&s);
	}
	for (size_t i = 0; i < s.n_problems; i++)
		error_show(&s.problems[i]);
	if (s.hides != NULL)
		warning_print("%s", s.hides);
out:
	vaultenv_device_free(&s.self);
	vaultenv_heads_free(&s.heads);
	free(s.hides);
	free(s.updated_at);
	vaultenv_exposed_free(&s.exposed);
	vaultenv_client_free(&s.client);
	session_files_free(&files);
	return s.code;
}

const struct command command_status = {
	.name = "status",
	.summary = "Show what is set up here, what is wrong and what to do",
	.about =
	    "This is the first command to run when something does not work. "
	    "It asks the\nserver as pull does, and changes nothing. It also "
	    "lists what removed devices\ncould read and was not changed "
	    "since. The exit code is 0 if all is well,\notherwise that of the "
	    "first problem.",
	.run = status_run,
};
