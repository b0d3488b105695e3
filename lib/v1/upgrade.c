/* SPDX-License-Identifier: MIT */
/*
 * upgrade.c: what a project of protocol v1 leaves to the one of protocol v2 in
 * which its team goes on: ~/.vault/<v1 id>.upgrade, which says how far that has
 * come, the versions that go along, and the announcement on the server.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk/state.h"
#include "v1/v1.h"

#define UPGRADE_MAX 65536

static int
v1_only(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	if (c->protocol->number == 1 && c->project_id[0] != '\0')
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID, NULL,
	    "This is for projects of protocol v1");
}

static const struct home_file file = { ".upgrade",
	"keep the new VAULT_KEY in" };

static int
path_of(
    const struct vaultenv_client *c, char **path, struct vaultenv_error *err)
{
	int r;

	if ((r = v1_only(c, err)) != 0)
		return r;
	return home_file_path(c->project_id, &file, path, err);
}

/* ---- names and versions ---- */

static int
environment_add(struct vaultenv_environments *list, const char *name,
    size_t len, int64_t version)
{
	struct vaultenv_environment *at;

	for (size_t i = 0; i < list->n; i++)
		if (strlen(list->at[i].name) == len &&
		    memcmp(list->at[i].name, name, len) == 0)
			return 0;
	at = reallocarray(list->at, list->n + 1, sizeof(*at));
	if (at == NULL)
		return VAULTENV_ERR_NOMEM;
	list->at = at;
	at[list->n].version = version;
	if ((at[list->n].name = strndup(name, len)) == NULL)
		return VAULTENV_ERR_NOMEM;
	list->n++;
	return 0;
}

/* Protocol v1 lists none: those that every project begins with, those that this
 * machine has seen, and the client's own. */
static int
names_collect(
    const struct vaultenv_client *c, struct vaultenv_environments *out)
{
	const char *name;
	struct state state;
	int r;

	if ((r = state_read(&state, c->state_path)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < state.n_rows; i++)
		if (strcmp(state.rows[i].server, c->url) == 0)
			r = environment_add(out, state.rows[i].environment,
			    strlen(state.rows[i].environment),
			    state.rows[i].version);
	for (size_t i = 0; r == 0 && i < ENVIRONMENTS_OFFERED; i++) {
		name = environments_offered[i];
		r = environment_add(out, name, strlen(name), 0);
	}
	if (r == 0)
		r = environment_add(
		    out, c->environment, strlen(c->environment), 0);
	state_reset(&state);
	return r;
}

int
vaultenv_upgrade_environments(struct vaultenv_client *c,
    struct vaultenv_environments **out, struct vaultenv_error *err)
{
	struct vaultenv_environments *list;
	int r;

	if ((r = v1_only(c, err)) != 0)
		return r;
	if ((list = calloc(1, sizeof(*list))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = names_collect(c, list)) != 0) {
		err_general(err, r);
		vaultenv_environments_free(&list);
		return r;
	}
	*out = list;
	return 0;
}

/* ---- ~/.vault/<v1 id>.upgrade ---- */

/* "NAME VERSION" lines, as vaultenv_upgrade_write() makes them. */
static int
lines_read(struct vaultenv_upgrade *u, const char *at)
{
	const char *end, *space;
	char *rest;
	long long version;
	int r;

	for (; *at != '\0'; at = *end == '\n' ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		space = memchr(at, ' ', (size_t)(end - at));
		if (space == NULL || space == at)
			return VAULTENV_ERR_INVALID;
		version = strtoll(space + 1, &rest, 10);
		if (rest != end || version < 0)
			return VAULTENV_ERR_INVALID;
		r = environment_add(
		    &u->environments, at, (size_t)(space - at), version);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
text_read(struct vaultenv_upgrade *u, const struct blob *text)
{
	const char *at = (const char *)text->data;
	const size_t len = text->len == 0 ? 0 : strcspn(at, "\n");

	if (len == 0 || len > VAULTENV_KEY_MAX)
		return VAULTENV_ERR_INVALID;
	if ((u->key = strndup(at, len)) == NULL)
		return VAULTENV_ERR_NOMEM;
	u->len = len;
	if (protocol_of(u->key)->number != 2)
		return VAULTENV_ERR_INVALID;
	return lines_read(u, at[len] == '\n' ? at + len + 1 : at + len);
}

int
vaultenv_upgrade_read(struct vaultenv_client *c, struct vaultenv_upgrade **out,
    struct vaultenv_error *err)
{
	struct vaultenv_upgrade *u = NULL;
	struct blob text;
	char *path = NULL;
	int r;

	blob_init(&text, UPGRADE_MAX);
	if ((r = path_of(c, &path, err)) != 0 ||
	    (r = store_read_private(path, UPGRADE_MAX, &text, err)) != 0)
		goto out;
	if ((u = calloc(1, sizeof(*u))) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
	} else if ((r = text_read(u, &text)) != 0) {
		err_set(err, r, "Put its copy back",
		    "%s is not what vault-env upgrade has written", path);
	} else {
		*out = u;
		u = NULL;
	}
	vaultenv_upgrade_free(&u);
out:
	blob_reset(&text);
	free(path);
	return r;
}

int
vaultenv_upgrade_write(struct vaultenv_client *c,
    const struct vaultenv_upgrade *u, struct vaultenv_error *err)
{
	const struct vaultenv_environments *e = &u->environments;
	struct blob text;
	char *path = NULL;
	int r;

	blob_init(&text, UPGRADE_MAX);
	if ((r = path_of(c, &path, err)) != 0)
		goto out;
	r = blob_append(&text, u->key, u->len);
	for (size_t i = 0; r == 0 && i < e->n; i++)
		r = blob_printf(
		    &text, "\n%s %" PRId64, e->at[i].name, e->at[i].version);
	if (r == 0)
		r = blob_append_str(&text, "\n");
	if (r != 0)
		err_general(err, r);
	else if (!store_make_folder(path))
		r = err_set(err, VAULTENV_ERR_IO, NULL,
		    "Cannot make the folder of %s", path);
	else
		r = vaultenv_file_write(
		    path, (const char *)text.data, text.len, err);
out:
	blob_reset(&text);
	free(path);
	return r;
}

int
vaultenv_upgrade_set(
    struct vaultenv_upgrade *u, const char *environment, int64_t version)
{
	struct vaultenv_environments *e = &u->environments;

	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->at[i].name, environment) == 0) {
			e->at[i].version = version;
			return 0;
		}
	return environment_add(e, environment, strlen(environment), version);
}

int
vaultenv_upgrade_remove(struct vaultenv_client *c, struct vaultenv_error *err)
{
	int r = v1_only(c, err);

	return r == 0 ? home_file_remove(c->project_id, &file, err) : r;
}

void
vaultenv_upgrade_free(struct vaultenv_upgrade **upgrade)
{
	struct vaultenv_upgrade *u;

	if (upgrade == NULL || (u = *upgrade) == NULL)
		return;
	vaultenv_text_free(&u->key, u->len);
	environments_reset(&u->environments);
	free(u);
	*upgrade = NULL;
}

/* ---- what goes along ---- */

static int
look(struct vaultenv_client *c, struct vaultenv_moving *out,
    struct vaultenv_error *err)
{
	const struct fetch how = { .no_cache = true };
	const struct state_row *row;
	struct version v;
	struct state state;
	int r;

	if ((r = state_read(&state, c->state_path)) != 0)
		return err_general(err, r);
	row = state_find(&state, c->url, c->environment);
	out->seen_version = row == NULL ? 0 : row->version;
	state_reset(&state);
	version_init(&v);
	if ((r = v1_fetch(c, &how, &v, err)) == 0) {
		out->secrets = v.list;
		v.list = NULL;
		r = v1_current_version(
		    c, &(int64_t){ 0 }, &out->updated_at, err);
	}
	out->version = v.number;
	version_reset(&v);
	return r;
}

int
vaultenv_upgrade_look(struct vaultenv_client *c, const char *environment,
    struct vaultenv_moving *out, struct vaultenv_error *err)
{
	char *own = c->environment;
	int r;

	*out = (struct vaultenv_moving){ .secrets = NULL };
	if ((r = v1_only(c, err)) != 0)
		return r;
	if ((c->environment = strdup(environment)) == NULL)
		r = err_general(err, VAULTENV_ERR_NOMEM);
	else
		r = look(c, out, err);
	free(c->environment);
	c->environment = own;
	return r;
}

void
vaultenv_moving_reset(struct vaultenv_moving *moving)
{
	vaultenv_list_free(&moving->secrets);
	free(moving->updated_at);
	*moving = (struct vaultenv_moving){ .secrets = NULL };
}

/* ---- announced ---- */

int
vaultenv_project_move(struct vaultenv_client *c, const char *moved_to,
    int freeze, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("moved_to", take_uuid, 0),
		WANT_END };
	const char *other;
	char *got = NULL;
	struct call call;
	int r;

	if ((r = v1_only(c, err)) != 0)
		return r;
	v1_call_begin_signed(&call, c, "project/freeze");
	call.is_write = true;
	json_put_text(&call.body, "moved_to", moved_to);
	json_put_name(&call.body, "frozen");
	json_put_raw(&call.body, freeze ? "true" : "false");
	r = v1_call_perform(&call, want, &got, err);
	other = json_find_text(&call.reply, "moved_to");
	if (r == VAULTENV_ERR_CONFLICT && other != NULL &&
	    uuid_is_canonical(other, strlen(other)))
		err_set(err, r, "Ask for its VAULT_KEY and put it in place",
		    "Project %s has moved to another one already, %s",
		    c->project_id, other);
	free(got);
	call_end(&call);
	return r;
}
