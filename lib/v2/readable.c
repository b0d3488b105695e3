/* SPDX-License-Identifier: MIT */
/*
 * readable.c: every name that a device could read, and in which versions: by
 * the log, and by all versions that are kept and can be opened. What it has
 * read in fact nobody can prove.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v2/exposed.h"

/* One environment. */
struct reach {
	struct vaultenv_client *client;
	const char *env;
	int64_t last;                 /* version that the device could read */
	struct vaultenv_list *places; /* name to its number in out, as text */
	struct vaultenv_exposed *out;
};

/* The version at which the entry of the log took the environment away; 0: it
 * had none. */
static int64_t
cut_by(const struct members *log, const char *env, int64_t seq)
{
	const struct marks *marks = members_marks(log, env);

	for (size_t i = 0; marks != NULL && i < marks->n; i++)
		if (marks->at[i].seq == seq)
			return marks->at[i].version;
	return 0;
}

/* Up to which version the device could read, at any time; 0: none. */
static int64_t
last_readable(
    const struct members *log, const struct member *m, const char *env)
{
	for (size_t i = m->n_grants; i-- > 0;) {
		if (!grant_reads(&m->grants[i], env))
			continue;
		return i + 1 == m->n_grants
			   ? JSON_INT_MAX
			   : cut_by(log, env, m->grants[i + 1].seq);
	}
	return 0;
}

static int
place_find(
    struct reach *reach, const char *name, struct vaultenv_exposed_name **out)
{
	const struct vaultenv_pair *known =
	    vaultenv_list_find(reach->places, name);
	struct vaultenv_exposed_name *e;
	char number[24];
	int len;

	if (known != NULL) {
		*out = &reach->out->at[strtoul(known->value, NULL, 10)];
		return 0;
	}
	len = snprintf(number, sizeof(number), "%zu", reach->out->n);
	if ((e = exposed_add(reach->out)) == NULL ||
	    (e->environment = strdup(reach->env)) == NULL ||
	    (e->name = strdup(name)) == NULL)
		return VAULTENV_ERR_NOMEM;
	*out = e;
	return vaultenv_list_set(reach->places, name, number, (size_t)len);
}

/* is_last: of the versions that can be opened. */
static int
names_take(struct reach *reach, const struct vaultenv_list *list,
    int64_t version, bool is_last)
{
	struct vaultenv_exposed_name *e;
	const struct vaultenv_pair *pair;
	int r = 0;

	for (size_t i = 0; r == 0 && (pair = vaultenv_list_at(list, i)) != NULL;
	     i++) {
		if ((r = place_find(reach, pair->name, &e)) != 0)
			break;
		if (e->first == 0)
			e->first = version;
		e->last = version;
		if (is_last)
			r = exposed_mark(
			    reach->client, reach->env, pair, e->mark);
	}
	return r;
}

/* What cannot be opened is not told, and not a failure: an old key, a blob that
 * is gone. */
static int
version_take(struct reach *reach, const struct past *past, size_t i,
    bool is_last, bool *was_opened)
{
	struct vaultenv_list *list = NULL;
	struct opened o;
	int r = 0;

	*was_opened = false;
	if (past->contents[i].len == 0)
		return 0;
	if (past_open(reach->client, past, i, &o) == 0 &&
	    opened_list(&o, &list, NULL) == 0) {
		*was_opened = true;
		r = names_take(
		    reach, list, past->records.at[i].version, is_last);
	}
	vaultenv_list_free(&list);
	opened_reset(&o);
	return r;
}

/* From the last one back, so that the first that opens is the last. */
static int
versions_take(struct reach *reach, const struct past *past)
{
	bool is_last = true, was_opened;
	struct vaultenv_exposed_name *e;
	const size_t first = reach->out->n;
	int64_t version;
	int r = 0;

	for (size_t i = past->records.n; r == 0 && i-- > 0;) {
		if (past->records.at[i].version > reach->last)
			continue;
		r = version_take(reach, past, i, is_last, &was_opened);
		is_last = is_last && !was_opened;
	}
	/* Gone through backwards: what was seen first is the last. */
	for (size_t i = first; i < reach->out->n; i++) {
		e = &reach->out->at[i];
		version = e->first;
		e->first = e->last;
		e->last = version;
	}
	return r;
}

static int
reach_fill(struct vaultenv_client *c, const char *id, const char *env,
    struct vaultenv_exposed *out, struct vaultenv_error *err)
{
	const struct members *log = &c->team->log;
	struct reach reach = { .client = c, .env = env, .out = out };
	struct past past;
	int r;

	reach.last = last_readable(log, members_find(log, id), env);
	if (reach.last == 0)
		return 0;
	if ((r = team_past_all(c, env, &past, err)) == 0 &&
	    ((r = vaultenv_list_new(&reach.places)) != 0 ||
		(r = versions_take(&reach, &past)) != 0))
		err_general(err, r);
	vaultenv_list_free(&reach.places);
	past_reset(&past);
	return r;
}

static int
name_compare(const void *a, const void *b)
{
	const struct vaultenv_exposed_name *x = a, *y = b;
	const int envs = strcmp(x->environment, y->environment);

	return envs != 0 ? envs : strcmp(x->name, y->name);
}

int
vaultenv_device_exposed(struct vaultenv_client *c, const char *id,
    struct vaultenv_exposed **out, struct vaultenv_error *err)
{
	struct vaultenv_exposed *exposed = NULL;
	const struct vaultenv_pair *name;
	struct vaultenv_list *names = NULL;
	int r;

	if ((r = device_id_check(id, err)) != 0 ||
	    (r = team_begin(c, err)) != 0)
		return r;
	if ((exposed = calloc(1, sizeof(*exposed))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = team_environments(c, &names, err)) != 0)
		goto out;
	if (members_find(&c->team->log, id) == NULL) {
		r = err_set(err, VAULTENV_ERR_NOT_FOUND,
		    "Run: vault-env list-devices", "Device not found");
		goto out;
	}
	for (size_t i = 0;
	     r == 0 && (name = vaultenv_list_at(names, i)) != NULL; i++)
		r = reach_fill(c, id, name->name, exposed, err);
	if (r == 0) {
		if (exposed->n > 1)
			qsort(exposed->at, exposed->n, sizeof(*exposed->at),
			    name_compare);
		*out = exposed;
		exposed = NULL;
	}
out:
	vaultenv_list_free(&names);
	vaultenv_exposed_free(&exposed);
	return r;
}
