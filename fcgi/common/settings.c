/* SPDX-License-Identifier: MIT */
/*
 * settings.c: reads vault.conf: "name = value" a line, "#" begins a comment
 * line. Whatever it does not understand is refused, so that a misspelt limit
 * is not a missing one. Must not open the files that settings name.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "common/settings.h"

#define FILE_MAX 65536

enum kind { TEXT, NUMBER, OCTAL, CHOICE };

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *initial;    /* the default, as it would be written */
	int min, max;           /* NUMBER, OCTAL; TEXT: max length */
	const char *choices[4]; /* in the order of the enum */
};

#define AT(member) offsetof(struct settings, member)

/* sun_path of a unix socket has room for 107 bytes and a NUL. */
static const struct row rows[] = {
	{ "listen", TEXT, AT(listen), "", 0, 107, { NULL } },
	{ "socket_mode", OCTAL, AT(socket_mode), "0660", 0600, 0777, { NULL } },
	{ "threads", NUMBER, AT(threads), "64", 1, 1024, { NULL } },
	{ "database", TEXT, AT(database), "dbname=vault user=vault_server", 0,
	    1024, { NULL } },
	{ "db_connections", NUMBER, AT(db_connections), "8", 1, 256, { NULL } },
	{ "db_group", NUMBER, AT(db_group), "64", 1, 1024, { NULL } },
	{ "db_timeout_ms", NUMBER, AT(db_timeout_ms), "5000", 100, 25000,
	    { NULL } }, /* housekeep.sql forgets signatures 30 s late */
	{ "db_prepare", CHOICE, AT(db_prepare), "on", 0, 0, { "off", "on" } },
	{ "server_key_file", TEXT, AT(server_key_file), "", 0, 1024, { NULL } },
	{ "url", TEXT, AT(url), "", 0, 1024, { NULL } },
	{ "key_cache", NUMBER, AT(key_cache), "4096", 0, 1000000, { NULL } },
	{ "project_creation", CHOICE, AT(project_creation), "token", 0, 0,
	    { "open", "token", "closed" } },
	{ "project_creation_token_file", TEXT, AT(project_creation_token_file),
	    "", 0, 1024, { NULL } },
	{ "project_daily_limit", NUMBER, AT(project_daily_limit), "100", 0,
	    1000000000, { NULL } },
	{ "unclaimed_minutes", NUMBER, AT(unclaimed_minutes), "15", 1, 525600,
	    { NULL } },
	{ "max_body", NUMBER, AT(max_body), "1048576", 1024, 8388608,
	    { NULL } },
	{ "max_environments", NUMBER, AT(max_environments), "100", 3, 100000,
	    { NULL } },
	{ "max_devices", NUMBER, AT(max_devices), "1000", 1, 1000000,
	    { NULL } },
	{ "max_params", NUMBER, AT(max_params), "128", 16, 4096, { NULL } },
	{ "project_quota_mib", NUMBER, AT(project_quota_mib), "16", 0, 1048576,
	    { NULL } },
	{ "data_folder", TEXT, AT(data_folder), "", 0, 1024, { NULL } },
	{ "min_free_mib", NUMBER, AT(min_free_mib), "512", 1, 1073741824,
	    { NULL } },
	{ "keep_versions", NUMBER, AT(keep_versions), "100", 0, 1000000000,
	    { NULL } },
	{ "audit_months", NUMBER, AT(audit_months), "0", 0, 1200, { NULL } },
	{ "log", CHOICE, AT(log), "stderr", 0, 0, { "stderr", "syslog" } },
	{ "log_level", CHOICE, AT(log_level), "info", 0, 0,
	    { "info", "error" } },
	{ "stop_timeout_s", NUMBER, AT(stop_timeout_s), "10", 1, 600,
	    { NULL } },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static int *
number_at(struct settings *s, const struct row *row)
{
	return (int *)(void *)((char *)s + row->offset);
}

static char **
text_at(struct settings *s, const struct row *row)
{
	return (char **)(void *)((char *)s + row->offset);
}

static int
set_text(struct settings *s, const struct row *row, const char *value,
    char why[WHY_MAX])
{
	char *copy;

	if (strlen(value) > (size_t)row->max) {
		snprintf(why, WHY_MAX, "%s must be at most %d bytes long",
		    row->name, row->max);
		return -1;
	}
	if ((copy = strdup(value)) == NULL) {
		snprintf(why, WHY_MAX, "out of memory");
		return -1;
	}
	free(*text_at(s, row));
	*text_at(s, row) = copy;
	return 0;
}

static int
set_number(struct settings *s, const struct row *row, const char *value,
    char why[WHY_MAX])
{
	int64_t n;

	if (decimal_parse(value, strlen(value), row->max, &n) != 0 ||
	    n < row->min) {
		snprintf(why, WHY_MAX,
		    "%s must be a whole number from %d to %d", row->name,
		    row->min, row->max);
		return -1;
	}
	*number_at(s, row) = (int)n;
	return 0;
}

static int
set_octal(struct settings *s, const struct row *row, const char *value,
    char why[WHY_MAX])
{
	const size_t len = strlen(value);
	long n = strtol(value, NULL, 8);

	if (len < 3 || len > 4 || strspn(value, "01234567") != len ||
	    n < row->min || n > row->max) {
		snprintf(why, WHY_MAX,
		    "%s must be an octal mode from %04o to %04o", row->name,
		    (unsigned)row->min, (unsigned)row->max);
		return -1;
	}
	*number_at(s, row) = (int)n;
	return 0;
}

static int
set_choice(struct settings *s, const struct row *row, const char *value,
    char why[WHY_MAX])
{
	size_t len;

	for (int i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(row->choices[i], value) == 0) {
			*number_at(s, row) = i;
			return 0;
		}
	}
	len = (size_t)snprintf(
	    why, WHY_MAX, "%s must be %s", row->name, row->choices[0]);
	for (int i = 1; row->choices[i] != NULL; i++)
		len += (size_t)snprintf(why + len, WHY_MAX - len, "%s%s",
		    row->choices[i + 1] != NULL ? ", " : " or ",
		    row->choices[i]);
	return -1;
}

static int
set(struct settings *s, const struct row *row, const char *value,
    char why[WHY_MAX])
{
	switch (row->kind) {
	case TEXT:
		return set_text(s, row, value, why);
	case NUMBER:
		return set_number(s, row, value, why);
	case OCTAL:
		return set_octal(s, row, value, why);
	case CHOICE:
		break;
	}
	return set_choice(s, row, value, why);
}

static int
set_defaults(struct settings *s, char why[WHY_MAX])
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < N_ROWS; i++)
		if (set(s, &rows[i], rows[i].initial, why) != 0)
			return -1;
	return 0;
}

/* A secret file that no line names: where systemd puts it, or beside the
 * default vault.conf. */
static int
default_path(char **path, const char *name, char why[WHY_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *made;
	int n;

	if ((*path)[0] != '\0')
		return 0;
	if (folder != NULL && folder[0] != '\0')
		n = asprintf(&made, "%s/%s", folder, name);
	else
		n = asprintf(&made, "%s/vault-env/%s", SYSCONFDIR, name);
	if (n < 0) {
		snprintf(why, WHY_MAX, "out of memory");
		return -1;
	}
	free(*path);
	*path = made;
	return 0;
}

/* The defaults that depend on the site. */
static int
finish(struct settings *s, char why[WHY_MAX])
{
	if (default_path(&s->server_key_file, "server.key", why) != 0)
		return -1;
	return default_path(
	    &s->project_creation_token_file, "create.token", why);
}

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static const struct row *
find(const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int
parse_line(struct settings *s, char *line, int seen[N_ROWS], int number,
    char why[WHY_MAX])
{
	const struct row *row;
	char *equals;

	line = trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return 0;
	if ((equals = strchr(line, '=')) == NULL) {
		snprintf(why, WHY_MAX,
		    "a line must be \"name = value\" or a # comment");
		return -1;
	}
	*equals = '\0';
	line = trim(line);
	if ((row = find(line)) == NULL) {
		snprintf(why, WHY_MAX,
		    "there is no setting named "
		    "\"%.64s\"; vault.fcgi(8) lists them",
		    line);
		return -1;
	}
	if (seen[row - rows] != 0) {
		snprintf(why, WHY_MAX, "%s is already set in line %d",
		    row->name, seen[row - rows]);
		return -1;
	}
	seen[row - rows] = number;
	return set(s, row, trim(equals + 1), why);
}

static int
parse(struct settings *s, const char *text, size_t len, int *number,
    char why[WHY_MAX])
{
	int seen[N_ROWS] = { 0 };
	char *copy, *line, *next;
	int r = -1;

	if ((copy = strndup(text, len)) == NULL) {
		snprintf(why, WHY_MAX, "out of memory");
		return -1;
	}
	if (strlen(copy) != len) {
		snprintf(why, WHY_MAX, "the file holds a NUL byte");
		goto out;
	}
	for (line = copy; line != NULL; line = next) {
		++*number;
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (parse_line(s, line, seen, *number, why) != 0)
			goto out;
	}
	*number = 0;
	r = 0;
out:
	free(copy);
	return r;
}

int
settings_parse(struct settings *s, const char *name, const char *text,
    size_t len, char why[WHY_MAX])
{
	char reason[WHY_MAX];
	int number = 0;

	if (set_defaults(s, reason) == 0 &&
	    parse(s, text, len, &number, reason) == 0 && finish(s, reason) == 0)
		return 0;
	settings_free(s);
	if (number > 0)
		snprintf(
		    why, WHY_MAX, "%.200s:%d: %.280s", name, number, reason);
	else
		snprintf(why, WHY_MAX, "%.200s: %.280s", name, reason);
	return -1;
}

int
settings_load(struct settings *s, const char *path, char why[WHY_MAX])
{
	const char *name =
	    path != NULL ? path : SYSCONFDIR "/vault-env/vault.conf";
	char *text = NULL;
	FILE *file = NULL;
	size_t len = 0;
	int r = -1;

	memset(s, 0, sizeof(*s));
	if ((file = fopen(name, "re")) == NULL) {
		if (path == NULL && errno == ENOENT)
			return settings_parse(s, name, "", 0, why);
		snprintf(why, WHY_MAX, "cannot read %.200s: %s", name,
		    strerror(errno));
		return -1;
	}
	if ((text = malloc(FILE_MAX + 1)) == NULL) {
		snprintf(why, WHY_MAX, "out of memory");
		goto out;
	}
	errno = 0;
	len = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file) || len > FILE_MAX) {
		snprintf(why, WHY_MAX, "cannot read %.200s: %s", name,
		    len > FILE_MAX ? "it is larger than 64 KiB"
				   : strerror(errno));
		goto out;
	}
	r = settings_parse(s, name, text, len, why);
out:
	free(text);
	fclose(file);
	return r;
}

void
settings_free(struct settings *s)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].kind == TEXT) {
			free(*text_at(s, &rows[i]));
			*text_at(s, &rows[i]) = NULL;
		}
	}
}

void
settings_list(FILE *out)
{
	for (size_t i = 0; i < N_ROWS; i++)
		fprintf(out, "%s =%s%s\n", rows[i].name,
		    rows[i].initial[0] != '\0' ? " " : "", rows[i].initial);
}
