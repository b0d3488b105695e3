/* SPDX-License-Identifier: MIT */
/*
 * verify.c: the whole of a project, every signature of it: the log from its
 * root, each environment from version 1. And the heads of both chains, by which
 * people compare what each of them was shown.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define HEADS_MAX ((size_t)4 << 20)

struct walk {
	struct vaultenv_client *client;
	const struct vaultenv_verify_options *options;
	struct pins theirs; /* of options->against */
	struct pins heads;  /* that were found to be good */
	struct vaultenv_error first;
	bool failed;
};

/* ---- what is told ---- */

/* Of an environment, or of the log against theirs: the rest is looked at all
 * the same. */
static void
tell(struct walk *w, const struct vaultenv_error *err)
{
	if (!w->failed)
		w->first = *err;
	w->failed = true;
	if (w->options->found != NULL)
		w->options->found(w->options->arg, err);
}

static int
head_copy(struct vaultenv_head *head, const char *name, const struct pin *pin)
{
	head->version = pin->version;
	hex_encode(head->hash, pin->hash, HASH_LEN);
	if (name == NULL)
		return 0;
	head->environment = strdup(name);
	return head->environment == NULL ? VAULTENV_ERR_NOMEM : 0;
}

static int
heads_make(
    const char *project, const struct pins *pins, struct vaultenv_heads **out)
{
	struct vaultenv_heads *h;
	struct blob text;
	int r;

	blob_init(&text, HEADS_MAX);
	if ((h = calloc(1, sizeof(*h))) == NULL ||
	    (h->at = calloc(pins->n_envs + 1, sizeof(*h->at))) == NULL) {
		vaultenv_heads_free(&h);
		return VAULTENV_ERR_NOMEM;
	}
	r = head_copy(&h->log, NULL, &pins->log);
	for (; r == 0 && h->n < pins->n_envs; h->n++)
		r = head_copy(
		    &h->at[h->n], pins->envs[h->n].env, &pins->envs[h->n].pin);
	if (r == 0 && (r = pins_write(&text, project, pins)) == 0)
		h->text = blob_take(&text, &h->text_len);
	blob_reset(&text);
	if (r != 0)
		vaultenv_heads_free(&h);
	*out = h;
	return r;
}

void
vaultenv_heads_free(struct vaultenv_heads **heads)
{
	struct vaultenv_heads *h = heads == NULL ? NULL : *heads;

	if (h == NULL)
		return;
	for (size_t i = 0; h->at != NULL && i < h->n; i++)
		free(h->at[i].environment);
	free(h->at);
	free(h->text);
	free(h);
	*heads = NULL;
}

/* ---- the log ---- */

static int
pin_log(struct walk *w)
{
	const struct members *log = &w->client->team->log;
	struct pin pin = { .version = (int64_t)log->n_steps - 1 };

	memcpy(pin.hash, log->steps[pin.version].hash, HASH_LEN);
	return pins_raise_log(&w->heads, &pin);
}

static int
theirs_read(struct walk *w, struct vaultenv_error *err)
{
	const struct vaultenv_verify_options *o = w->options;
	const struct team *t = w->client->team;
	bool other = false;
	int r;

	if (o->against == NULL)
		return 0;
	r = pins_read(
	    &w->theirs, t->project, o->against, o->against_len, true, &other);
	if (r != 0)
		return code_error(
		    w->client, r, NULL, NULL, o->against_name, err);
	if (other)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Ask for: vault-env heads",
		    "%s is of another project than %s", o->against_name,
		    t->project);
	return 0;
}

static void
log_compare(struct walk *w)
{
	const struct members *log = &w->client->team->log;
	struct finding why = { .seq = w->theirs.log.version };
	struct vaultenv_error err;
	int code = pins_check_log(&w->theirs, log);

	if (w->options->against == NULL || code == 0)
		return;
	if (code == CODE_LOG_SHORT)
		why.at_ms = log->steps[log->n_steps - 1].at_ms;
	code_error(w->client, code, &why, NULL, w->options->against_name, &err);
	tell(w, &err);
}

/* What is known is forgotten, for its signatures to be looked at again; the
 * pins stay. */
static int
log_walk(struct walk *w, struct vaultenv_error *err)
{
	struct vaultenv_client *c = w->client;
	struct standing standing;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	members_reset(&c->team->log);
	blob_reset(&c->team->lines);
	if ((r = team_sync(c, err)) != 0 ||
	    (r = team_standing(c, NULL, &standing, err)) != 0 ||
	    (r = theirs_read(w, err)) != 0)
		return r;
	if ((r = pin_log(w)) != 0)
		return code_error(c, r, NULL, NULL, NULL, err);
	log_compare(w);
	return 0;
}

/* ---- an environment ---- */

static int
check_all(struct walk *w, const char *env, const struct records *records,
    struct finding *why)
{
	const struct team *t = w->client->team;
	const struct history_query query = pins_query(&t->pins, env);
	struct history history;
	int refused, r;

	if ((r = history_check(&t->log, records, &query, &history, why)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < records->n; i++) {
		const struct record *at = &records->at[i];

		why->version = at->version;
		memcpy(why->device, at->author, sizeof(why->device));
		r = record_check_past(&t->log, at, env, &refused);
	}
	if (r == 0 && records->at[0].version != 1) {
		why->other_version = records->at[0].version - 1;
		why->version = 1;
		r = CODE_RECORD_LINK;
	}
	return r;
}

/* Against what somebody else was shown of it. */
static int
check_theirs(const struct walk *w, const char *env,
    const struct records *records, struct finding *why)
{
	const struct pin *pin = pins_find(&w->theirs, env);
	const struct record *newest = &records->at[records->n - 1];

	if (pin == NULL)
		return 0;
	why->version = pin->version;
	if (pin->version > newest->version) {
		why->version = newest->version;
		why->other_version = pin->version;
		return CODE_RECORD_ROLLBACK;
	}
	return memcmp(records->at[pin->version - 1].raw.hash, pin->hash,
		   HASH_LEN) == 0
		   ? 0
		   : CODE_RECORD_FORK;
}

/* Good so far: what the next walk begins with, and what is told. */
static int
head_keep(struct walk *w, const char *env, const struct records *records)
{
	const struct record *newest = &records->at[records->n - 1];
	struct pin pin = { .version = newest->version };

	memcpy(pin.hash, newest->raw.hash, HASH_LEN);
	return pins_raise(&w->heads, env, &pin);
}

/* A pin that another process raised meanwhile stays, and binds the next walk.
 */
static int
records_judge(struct walk *w, const char *env, const struct pages *p,
    struct vaultenv_error *err)
{
	struct vaultenv_client *c = w->client;
	struct finding why = { .seq = 0 };
	const char *file = NULL;
	struct records records;
	bool start_over;
	int r;

	if ((r = pages_read(p, &records)) == 0 &&
	    (r = check_all(w, env, &records, &why)) == 0) {
		file = w->options->against_name;
		if ((r = check_theirs(w, env, &records, &why)) == 0)
			r = head_keep(w, env, &records);
	}
	r = r != 0 ? code_error(c, r, &why, env, file, err)
		   : team_take_records(c, env, &records, &start_over, err);
	records_reset(&records);
	return r;
}

static int
walk_once(struct walk *w, const char *env, struct vaultenv_error *err)
{
	struct vaultenv_client *c = w->client;
	struct finding missing = { .version = 1 };
	const struct pin *theirs = pins_find(&w->theirs, env);
	struct vaultenv_error why;
	struct pages p;
	int r;

	pages_init(&p, c);
	r = pages_records(c, env, 1, &p, &why);
	if (r == 0) {
		r = records_judge(w, env, &p, err);
	} else if (r != VAULTENV_ERR_NO_SECRETS || theirs == NULL) {
		err_copy(err, &why);
	} else {
		missing.other_version = theirs->version;
		r = code_error(c, CODE_RECORD_MISSING, &missing, env,
		    w->options->against_name, err);
	}
	pages_reset(&p);
	return r;
}

static int
env_walk(struct walk *w, const char *env, struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r, tries = 0;

	do {
		r = walk_once(w, env, &why);
	} while (r != 0 && team_log_grew(w->client, &why, &tries));
	return r == 0 ? 0 : err_copy(err, &why);
}

/* ---- all of them ---- */

static int
name_add(const struct walk *w, struct vaultenv_list *names, const char *env)
{
	const struct team *t = w->client->team;
	const struct member *m = members_find(&t->log, t->keys->device.id);

	return grant_reads(member_now(m), env)
		   ? vaultenv_list_set(names, env, "", 0)
		   : 0;
}

/* A server can leave out a name; not one that was seen, or cut. */
static int
names_find(
    struct walk *w, struct vaultenv_list **names, struct vaultenv_error *err)
{
	const struct team *t = w->client->team;
	int r;

	if ((r = team_environments(w->client, names, err)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < t->pins.n_envs; i++)
		r = name_add(w, *names, t->pins.envs[i].env);
	for (size_t i = 0; r == 0 && i < t->log.n_marks; i++)
		r = name_add(w, *names, t->log.marks[i].env);
	for (size_t i = 0; r == 0 && i < w->theirs.n_envs; i++)
		r = name_add(w, *names, w->theirs.envs[i].env);
	return r == 0 ? 0 : err_general(err, r);
}

static int
envs_walk(struct walk *w, struct vaultenv_error *err)
{
	const struct vaultenv_pair *name;
	struct vaultenv_list *names = NULL;
	struct vaultenv_error why;
	int r;

	r = names_find(w, &names, err);
	for (size_t i = 0;
	     r == 0 && (name = vaultenv_list_at(names, i)) != NULL; i++) {
		r = env_walk(w, name->name, &why);
		if (r == VAULTENV_ERR_VERIFY) {
			tell(w, &why);
			r = 0;
		} else if (r != 0) {
			err_copy(err, &why);
		}
	}
	vaultenv_list_free(&names);
	return r;
}

int
vaultenv_project_verify(struct vaultenv_client *client,
    const struct vaultenv_verify_options *options, struct vaultenv_heads **out,
    struct vaultenv_error *err)
{
	static const struct vaultenv_verify_options nothing;
	struct walk w = { .client = client,
		.options = options == NULL ? &nothing : options };
	int r;

	if ((r = log_walk(&w, err)) != 0 || (r = envs_walk(&w, err)) != 0)
		goto out;
	if ((r = heads_make(client->project_id, &w.heads, out)) != 0)
		err_general(err, r);
	else if (w.failed)
		r = err_copy(err, &w.first);
out:
	pins_reset(&w.theirs);
	pins_reset(&w.heads);
	return r;
}

int
vaultenv_project_heads(struct vaultenv_client *client,
    struct vaultenv_heads **out, struct vaultenv_error *err)
{
	struct pins pins = { .n_envs = 0 };
	int r;

	if ((r = team_own_pins(client, &pins, err)) != 0)
		return r;
	if (!pins.has_log)
		r = err_set(err, VAULTENV_ERR_NOT_FOUND,
		    "Run: vault-env verify",
		    "This machine has seen nothing of project %s yet",
		    client->project_id);
	else if ((r = heads_make(client->project_id, &pins, out)) != 0)
		err_general(err, r);
	pins_reset(&pins);
	return r;
}
