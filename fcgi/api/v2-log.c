/* SPDX-License-Identifier: MIT */
/*
 * v2-log.c: the log of a project, read and continued. Every entry is judged
 * here by lib/trust before it is stored, so that nothing gets in that would
 * stop every client.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/joining.h"
#include "api/routes.h"
#include "trust/members.h"

static int
exec_log_read(struct call *c, int role, int64_t have, struct db_result *r)
{
	struct db_params p;

	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, route_action(c->route));
	db_int(&p, role);
	db_int(&p, have);
	return v2_exec(c, LOG_READ, &p, "", 0, r);
}

void
log_read(struct call *c)
{
	const int64_t have = c->in.number[FIELD_LOG_HAVE];
	struct json_writer *body = &c->reply->body;
	struct db_elements e;
	struct db_result r;
	int64_t count;

	if (exec_log_read(c, ROLE_READER, have, &r) == 0) {
		count = db_get_int(&r, 0, "log_count");
		db_get_elements(&r, 0, "log", &e);
		json_begin(body, '{');
		v2_put_elements(body, "log", &r, "log");
		json_put_int(body, "log_count", count);
		v2_put_true(body, "more", have + e.n < count);
		json_end(body, '}');
	}
	db_result_free(&r);
}

/* A page of the log, whose signatures were checked when it was stored. */
static int
apply_page(struct members *m, struct entry *e, const struct db_result *r)
{
	struct db_elements page;
	const uint8_t *data;
	size_t len;
	int result = 0;

	db_get_elements(r, 0, "log", &page);
	while (result == 0 && db_element_next(&page, &data, &len))
		if ((result = entry_decode(e, data, len)) == 0)
			result = members_apply(m, e, false);
	return result;
}

/* The log as it is. 0, or -1 with the refusal in the reply. */
static int
load_log(struct call *c, struct members *m, struct entry *e)
{
	struct db_result r;
	int64_t count = 1;
	int result;

	while ((int64_t)m->n_steps < count) {
		if (exec_log_read(c, ROLE_ADMIN, (int64_t)m->n_steps, &r) !=
		    0) {
			db_result_free(&r);
			return -1;
		}
		count = db_get_int(&r, 0, "log_count");
		result = apply_page(m, e, &r);
		db_result_free(&r);
		if (result != 0) {
			v2_refuse_new(c, "log", VAULTENV_ERR_CRYPTO);
			return -1;
		}
	}
	return 0;
}

/* What an append sends beside plain parameters. */
struct lists {
	struct db_array envs, cut_envs, cut_versions, cut_hashes, wrap_envs,
	    wrap_keys, wraps;
};

static void
lists_init(struct lists *l)
{
	db_array_init(&l->envs, ARRAY_TEXT);
	db_array_init(&l->cut_envs, ARRAY_TEXT);
	db_array_init(&l->cut_versions, ARRAY_TEXT);
	db_array_init(&l->cut_hashes, ARRAY_BYTES);
	db_array_init(&l->wrap_envs, ARRAY_TEXT);
	db_array_init(&l->wrap_keys, ARRAY_BYTES);
	db_array_init(&l->wraps, ARRAY_BYTES);
}

static void
lists_reset(struct lists *l)
{
	db_array_reset(&l->envs);
	db_array_reset(&l->cut_envs);
	db_array_reset(&l->cut_versions);
	db_array_reset(&l->cut_hashes);
	db_array_reset(&l->wrap_envs);
	db_array_reset(&l->wrap_keys);
	db_array_reset(&l->wraps);
}

static void
list_cuts(struct lists *l, const struct entry *e)
{
	for (size_t i = 0; i < e->cuts.n; i++) {
		db_array_add_text(&l->cut_envs, e->cuts.at[i].env);
		db_array_add_int(&l->cut_versions, e->cuts.at[i].version);
		db_array_add(&l->cut_hashes, e->cuts.at[i].hash, HASH_LEN);
	}
}

/* What an entry of this kind has not is null, or empty. */
static int
put_entry(struct db_params *p, const struct entry *e, struct lists *l)
{
	const bool keys = e->kind == ENTRY_ROOT || e->kind == ENTRY_ADMIT;
	const bool scope = keys || e->kind == ENTRY_CHANGE;
	const bool rotates = e->kind == ENTRY_ROTATE;

	db_int(p, e->seq);
	db_bytes(p, e->prev, HASH_LEN);
	db_text(p, e->author);
	db_int(p, e->kind);
	db_bytes(p, e->raw.bytes, e->raw.len + 2 * SIGNATURE_LEN);
	db_bytes(p, e->raw.hash, HASH_LEN);
	db_text(p, rotates ? NULL : e->device);
	db_text(p, keys ? e->name : NULL);
	db_bytes(p, keys ? e->sign : NULL, PUBLIC_KEY_LEN);
	db_bytes(p, keys ? e->box : NULL, PUBLIC_KEY_LEN);
	db_int(p, scope ? e->scope.role : 0);
	for (size_t i = 0; scope && i < e->scope.envs.n; i++)
		db_array_add_text(&l->envs, e->scope.envs.at[i]);
	if (db_array_param(p, &l->envs) != 0)
		return VAULTENV_ERR_NOMEM;
	db_int(p, scope ? e->scope.expires_ms : 0);
	db_bytes(p, rotates ? e->join : NULL, PUBLIC_KEY_LEN);
	list_cuts(l, e);
	if (db_array_param(p, &l->cut_envs) != 0 ||
	    db_array_param(p, &l->cut_versions) != 0 ||
	    db_array_param(p, &l->cut_hashes) != 0)
		return VAULTENV_ERR_NOMEM;
	return 0;
}

/* For the entry's device. BAD_FORM: one says not of what. */
static int
put_wraps(const struct call *c, struct db_params *p, struct lists *l)
{
	const struct wrap_input *w;

	for (size_t i = 0; i < c->in.n_wraps; i++) {
		w = &c->in.wraps[i];
		if (w->environment[0] == '\0' || !w->has_key_id)
			return CODE_BAD_FORM;
		db_array_add_text(&l->wrap_envs, w->environment);
		db_array_add(&l->wrap_keys, w->key_id, HASH_LEN);
		db_array_add(&l->wraps, w->wrap, WRAP_LEN);
	}
	if (db_array_param(p, &l->wrap_envs) != 0 ||
	    db_array_param(p, &l->wrap_keys) != 0 ||
	    db_array_param(p, &l->wraps) != 0)
		return VAULTENV_ERR_NOMEM;
	return 0;
}

/* All that is needed to append one entry. */
struct append {
	struct members members;
	struct entry entry;
	struct registration registration;
	bool has_registration;
	uint8_t sealed[SEALED_LEN];
	const char *flaw; /* the rule of the log that it breaks, or NULL */
	struct lists lists;
};

static int
append(struct call *c, struct append *a)
{
	const struct registration *g =
	    a->has_registration ? &a->registration : NULL;
	struct db_result r = { .pg = NULL };
	struct db_params p;
	int code;

	v2_begin_change(c, &p);
	db_text(&p, a->flaw);
	if ((code = put_entry(&p, &a->entry, &a->lists)) != 0 ||
	    (code = put_wraps(c, &p, &a->lists)) != 0)
		return code;
	db_bytes(&p, g != NULL ? g->raw.bytes : NULL,
	    g != NULL ? g->raw.len + 2 * SIGNATURE_LEN : 0);
	db_bytes(&p, g != NULL ? g->request_id : NULL, REQUEST_ID_LEN);
	db_bytes(&p, g != NULL ? a->sealed : NULL, SEALED_LEN);
	db_bytes(&p, c->server->key->id, SERVERKEY_ID_LEN);
	db_int(&p, call_max_members(c));
	if (v2_exec(c, LOG_APPEND, &p, "entry", a->entry.seq, &r) == 0) {
		json_begin(&c->reply->body, '{');
		json_put_int(&c->reply->body, "log_count",
		    db_get_int(&r, 0, "log_count"));
		json_end(&c->reply->body, '}');
	}
	db_result_free(&r);
	return 0;
}

/* An entry for another log than this one is told so by the database. */
static int
judge(struct append *a)
{
	int code;

	if ((size_t)a->entry.seq != a->members.n_steps)
		return 0;
	if ((code = members_apply(&a->members, &a->entry, true)) > 0) {
		a->flaw = code_name(code);
		code = 0;
	}
	return code;
}

/* Of a device that is admitted with its request key. */
static int
read_registration(struct call *c, struct append *a, struct blob *bytes)
{
	const uint8_t *join =
	    a->members.generations[a->members.n_generations - 1].join;
	size_t generation;
	int code;

	if (c->in.text[FIELD_REGISTRATION] == NULL)
		return 0;
	code = registration_read(
	    &a->registration, bytes, v2_statement(c, FIELD_REGISTRATION));
	if (code == 0 && a->entry.kind != ENTRY_ADMIT)
		code = CODE_BAD_FORM;
	if (code == 0)
		code = joining_check(c, &a->registration,
		    (const uint8_t(*)[PUBLIC_KEY_LEN])join, 1, &generation);
	if (code == 0 && strcmp(a->registration.device, a->entry.device) != 0)
		code = CODE_REGISTER_DEVICE_ID;
	if (code == 0)
		code = joining_seal(c, &a->registration, a->sealed);
	a->has_registration = code == 0;
	return code;
}

static void
append_entry(struct call *c, struct append *a, struct blob *bytes)
{
	int code = entry_read(&a->entry, bytes, v2_statement(c, FIELD_ENTRY));
	struct entry *stored = malloc(sizeof(*stored));

	if (stored == NULL)
		code = VAULTENV_ERR_NOMEM;
	if (code != 0) {
		v2_refuse_statement(c, "entry", code);
		goto out;
	}
	if (load_log(c, &a->members, stored) != 0)
		goto out;
	if ((code = read_registration(c, a, bytes)) != 0) {
		joining_refuse(c, code);
		goto out;
	}
	if ((code = judge(a)) == 0)
		code = append(c, a);
	if (code != 0)
		v2_refuse_statement(c, code > 0 ? "wraps" : "entry", code);
out:
	free(stored);
}

void
log_append(struct call *c)
{
	struct append *a = calloc(1, sizeof(*a));
	struct blob bytes;

	blob_init(&bytes, ENTRY_SIZE_MAX + SMALL_SIZE_MAX);
	if (a == NULL || blob_reserve(&bytes, bytes.max) != 0) {
		reply_refuse(c->reply, REFUSAL_MEMORY);
		goto out;
	}
	members_init(&a->members, c->in.text[FIELD_PROJECT_ID]);
	lists_init(&a->lists);
	append_entry(c, a, &bytes);
	lists_reset(&a->lists);
	members_reset(&a->members);
out:
	blob_reset(&bytes);
	free(a);
}
