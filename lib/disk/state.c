/* SPDX-License-Identifier: MIT */
/*
 * state.c: ~/.vault/<project id>.state: which server is the project's, and of
 * each environment there the newest version that was seen. Kept by server, so
 * that no other one can spoil what is known of the right one. A state that
 * cannot be read, or makes no sense, knows nothing. Knows no key.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "disk/state-v2.h"
#include "disk/state.h"

#define STATE_MAX       (1u << 20)
#define ROWS_MAX        1000
#define ROW_MEMBERS_MAX 16

void
state_reset(struct state *s)
{
	for (size_t i = 0; i < s->n_rows; i++) {
		free(s->rows[i].server);
		free(s->rows[i].environment);
	}
	free(s->rows);
	free(s->server);
	memset(s, 0, sizeof(*s));
}

/* A place for one row more; NULL when out of memory. */
static struct state_row *
row_add(struct state *s)
{
	struct state_row *grown;

	grown = reallocarray(s->rows, s->n_rows + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	s->rows = grown;
	memset(&grown[s->n_rows], 0, sizeof(*grown));
	return &grown[s->n_rows++];
}

static int
row_set(struct state_row *row, const char *server, const char *environment,
    int64_t version, const char *sha256)
{
	if (row == NULL ||
	    (row->server == NULL && (row->server = strdup(server)) == NULL) ||
	    (row->environment == NULL &&
		(row->environment = strdup(environment)) == NULL))
		return VAULTENV_ERR_NOMEM;
	row->version = version;
	strcpy(row->sha256, sha256);
	return 0;
}

static int
row_read(struct state *s, const struct json_value *item)
{
	const char *server, *environment, *sha256;
	struct json_object o;
	int64_t version;
	int r = 0;

	if (item->type != JSON_OBJECT || s->n_rows == ROWS_MAX ||
	    json_object_parse(&o, item->text, item->len, ROW_MEMBERS_MAX) != 0)
		return 0;
	server = json_find_text(&o, "server");
	environment = json_find_text(&o, "environment");
	sha256 = json_find_text(&o, "sha256");
	if (server != NULL && environment != NULL && sha256 != NULL &&
	    strlen(sha256) == 2 * HASH_LEN &&
	    json_find_int(&o, "version", 1, &version))
		r = row_set(row_add(s), server, environment, version, sha256);
	json_object_reset(&o);
	return r;
}

static int
document_read(struct state *s, struct json_object *o)
{
	const char *server = json_find_text(o, "server");
	const struct json_value *versions = json_object_find(o, "versions");
	struct json_value item;
	size_t pos = 0;
	int r = 0;

	if (server != NULL && (s->server = strdup(server)) == NULL)
		return VAULTENV_ERR_NOMEM;
	while (r == 0 && versions != NULL && versions->type == JSON_ARRAY &&
	       json_array_next(o, versions, &pos, &item) == 1)
		r = row_read(s, &item);
	return r;
}

int
state_read(struct state *s, const char *path)
{
	struct json_object o;
	struct blob text;
	int r = 0;

	memset(s, 0, sizeof(*s));
	if (path == NULL)
		return 0;
	blob_init(&text, STATE_MAX);
	if (store_read_private(path, STATE_MAX, &text, NULL) == 0 &&
	    json_object_parse(
		&o, (const char *)text.data, text.len, ROW_MEMBERS_MAX) == 0) {
		r = document_read(s, &o);
		json_object_reset(&o);
	}
	blob_reset(&text);
	if (r != 0)
		state_reset(s);
	return r;
}

struct state_row *
state_find(const struct state *s, const char *server, const char *environment)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (strcmp(s->rows[i].server, server) == 0 &&
		    strcmp(s->rows[i].environment, environment) == 0)
			return &s->rows[i];
	return NULL;
}

int
state_set(struct state *s, const char *server, const char *environment,
    int64_t version, const char *sha256)
{
	struct state_row *row = state_find(s, server, environment);

	return row_set(row != NULL ? row : row_add(s), server, environment,
	    version, sha256);
}

void
state_forget(struct state *s, const char *server)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_rows; i++) {
		if (strcmp(s->rows[i].server, server) != 0) {
			s->rows[kept++] = s->rows[i];
			continue;
		}
		free(s->rows[i].server);
		free(s->rows[i].environment);
	}
	s->n_rows = kept;
}

int
state_set_server(struct state *s, const char *server)
{
	char *copy = strdup(server);

	if (copy == NULL)
		return VAULTENV_ERR_NOMEM;
	free(s->server);
	s->server = copy;
	return 0;
}

/* The first rows are left out if there are too many. */
static void
document_write(const struct state *s, struct json_writer *w)
{
	const struct state_row *row = s->rows;
	size_t i = s->n_rows <= ROWS_MAX ? 0 : s->n_rows - ROWS_MAX;

	json_begin(w, '{');
	json_put_text(w, "server", s->server);
	json_put_name(w, "versions");
	json_begin(w, '[');
	for (; i < s->n_rows; i++) {
		json_begin(w, '{');
		json_put_text(w, "server", row[i].server);
		json_put_text(w, "environment", row[i].environment);
		json_put_int(w, "version", row[i].version);
		json_put_text(w, "sha256", row[i].sha256);
		json_end(w, '}');
	}
	json_end(w, ']');
	json_end(w, '}');
	json_put_raw(w, "\n");
}

static int
state_write(const struct state *s, const char *path, struct vaultenv_error *err)
{
	struct json_writer w;
	int r;

	/* Services often have no home to write to: then there is no state. */
	if (path == NULL || !store_make_folder(path))
		return 0;
	json_writer_init(&w, STATE_MAX);
	document_write(s, &w);
	if ((r = w.r) != 0)
		err_general(err, r);
	else
		r = vaultenv_file_write(
		    path, (const char *)w.text.data, w.text.len, err);
	json_writer_reset(&w);
	return r;
}

int
state_change(const char *path, int (*edit)(struct state *s, void *arg),
    void *arg, struct vaultenv_error *err)
{
	struct state state;
	int fd, r;

	if ((r = state_lock(path, &fd, err)) != 0)
		return r;
	if ((r = state_read(&state, path)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = edit(&state, arg)) != 0)
		err_general(err, r);
	else
		r = state_write(&state, path, err);
	state_reset(&state);
out:
	project_unlock(&fd);
	return r;
}
