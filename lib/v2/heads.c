/* SPDX-License-Identifier: MIT */
/*
 * heads.c: where each environment stands, for whoever takes something away: a
 * cut names version and hash, and is for ever. So no head is taken on the
 * server's word: each is linked to what was seen, to the last cut, or to
 * version 1.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

/* The version from which on the records of env are wanted: a link, and what
 * .vault-heads names. */
static int64_t
first_wanted(const struct team *t, const char *env)
{
	const struct pin *own = pins_own(&t->pins, env);
	const struct pin *pin = pins_find(&t->pins, env);
	const struct mark *cut = members_cut(&t->log, env);
	const int64_t link = cut != NULL ? cut->version : 1;

	if (own != NULL)
		return own->version;
	return pin != NULL && pin->version < link ? pin->version : link;
}

static int
judge(struct vaultenv_client *c, const char *env, const struct pages *p,
    struct head_v2 *out, struct vaultenv_error *err)
{
	const struct team *t = c->team;
	const struct history_query query = pins_query(&t->pins, env);
	struct finding why = { .seq = 0 };
	struct records records;
	struct head head;
	int r;

	if ((r = pages_read(p, &records)) != 0)
		goto out;
	r = history_head(&t->log, &records, &query, &head, &why);
	if (r != 0)
		goto out;
	memcpy(out->head.env, head.record->env, sizeof(out->head.env));
	out->head.version = head.record->version;
	memcpy(out->head.hash, head.record->raw.hash, HASH_LEN);
	memcpy(out->head.key_id, head.record->key_id, HASH_LEN);
	out->refused = head.refused;
	out->record = *head.record;
	out->record.raw.bytes = out->record.raw.signatures = NULL;
out:
	records_reset(&records);
	return r == 0 ? 0 : code_error(c, r, &why, env, NULL, err);
}

static int
head_once(struct vaultenv_client *c, const char *env, struct head_v2 *out,
    struct blob *lines, struct vaultenv_error *err)
{
	struct pages p;
	int r;

	pages_init(&p, c);
	if ((r = pages_records(c, env, first_wanted(c->team, env), &p, err)) ==
	    0)
		r = judge(c, env, &p, out, err);
	if (r == 0 && lines != NULL) {
		blob_reset(lines);
		r = blob_append(lines, p.records.data, p.records.len);
		if (r != 0)
			err_general(err, r);
	}
	pages_reset(&p);
	return r;
}

int
team_head(struct vaultenv_client *c, const char *env, struct head_v2 *out,
    struct blob *lines, struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r, tries = 0;

	do {
		r = head_once(c, env, out, lines, &why);
	} while (r != 0 && team_log_grew(c, &why, &tries));
	return r == 0 ? 0 : err_copy(err, &why);
}

static int
head_compare(const void *a, const void *b)
{
	return strcmp(((const struct head_v2 *)a)->head.env,
	    ((const struct head_v2 *)b)->head.env);
}

static int
names_add(struct vaultenv_list *names, const struct bundle *b)
{
	struct records newest;
	int r = b->n_records > LIST_MAX ? CODE_BAD_FORM : 0;

	for (size_t i = 0; r == 0 && i < b->n_records; i++) {
		if ((r = records_read(&newest, b->records + i, 1)) != 0)
			break;
		r = vaultenv_list_set(names, newest.at[0].env, "", 0);
		records_reset(&newest);
	}
	return r;
}

int
team_environments(struct vaultenv_client *c, struct vaultenv_list **names,
    struct vaultenv_error *err)
{
	int64_t log_count = -1;
	struct call call;
	struct bundle b;
	int r;

	if ((r = vaultenv_list_new(names)) != 0)
		return err_general(err, r);
	v2_call_begin(&call, c, "secrets/heads");
	v2_put_log_have(&call);
	if ((r = v2_call_perform(&call, v2_nothing, NULL, err)) != 0)
		goto out;
	(void)json_find_int(&call.reply, "log_count", 0, &log_count);
	if ((r = bundle_read_reply(&b, &call.reply)) == 0) {
		r = names_add(*names, &b);
		bundle_reset(&b);
	}
	if (r != 0)
		r = code_error(c, r, NULL, NULL, NULL, err);
out:
	call_end(&call);
	return r == 0 ? team_follow(c, log_count, err) : r;
}

/* The names are the server's: one that it hides is not cut, and its author not
 * believed any more. */
int
team_heads(struct vaultenv_client *c, const struct vaultenv_list *names,
    struct heads_v2 *out, struct vaultenv_error *err)
{
	const struct vaultenv_pair *name;
	int r = 0;

	out->n = 0;
	while (r == 0 && (name = vaultenv_list_at(names, out->n)) != NULL) {
		r = team_head(c, name->name, &out->at[out->n], NULL, err);
		out->n += r == 0;
	}
	qsort(out->at, out->n, sizeof(out->at[0]), head_compare);
	return r;
}
