/* SPDX-License-Identifier: MIT */
/*
 * versions.c: what was pushed when and by whom. What a version changed is found
 * by comparing it with the one before: who says "the same as before" in a
 * confirm, or names other changes than there are, is not believed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define SHOWN_MAX       50
#define MARKED_NAME_MAX 1024 /* bytes of a name that are kept */

/* What is told, oldest first, while it is gone through. */
struct walk {
	struct vaultenv_client *client;
	struct past past;
	struct vaultenv_list *before; /* NULL: not known */
	size_t since; /* the first confirm without content since then */
	struct vaultenv_versions *out;
};

/* ---- a row ---- */

/* Whoever signed records first to last, each once. */
static char *
authors_of(const struct walk *w, size_t first, size_t last)
{
	const struct members *log = &w->client->team->log;
	const struct record *at = w->past.records.at;
	struct blob names;
	size_t len;
	char *text = NULL;
	int r = 0;

	blob_init(&names, SIZE_MAX);
	for (size_t i = first; r == 0 && i <= last; i++) {
		const struct member *m = members_find(log, at[i].author);
		bool is_named = false;

		for (size_t k = first; k < i; k++)
			is_named |= strcmp(at[k].author, at[i].author) == 0;
		if (!is_named)
			r = blob_printf(&names, "%s%s", i > first ? ", " : "",
			    m == NULL ? at[i].author : m->name);
	}
	if (r == 0)
		text = blob_take(&names, &len);
	blob_reset(&names);
	return text;
}

static int
row_add(struct walk *w, size_t i, struct vaultenv_version **out)
{
	const struct record *r = &w->past.records.at[i];
	struct vaultenv_version *v = &w->out->at[w->out->n];

	*v = (struct vaultenv_version){ .version = r->version,
		.rolled_back_to = r->of };
	w->out->n++;
	v->author = authors_of(w, i, i);
	v->author_id = strdup(r->author);
	v->created_at = time_iso(r->at_ms);
	*out = v;
	return v->author == NULL || v->author_id == NULL ||
		       v->created_at == NULL
		   ? VAULTENV_ERR_NOMEM
		   : 0;
}

static int
row_changed_add(struct vaultenv_version *v, char mark, const char *name)
{
	char **grown, *text;
	struct blob marked;
	int r;

	grown = reallocarray(v->changed, v->n_changed + 1, sizeof(*v->changed));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	v->changed = grown;
	blob_init(&marked, SIZE_MAX);
	r = blob_printf(&marked, "%c%s", mark, name);
	if (r == 0) {
		text =
		    text_printable((const char *)marked.data, MARKED_NAME_MAX);
		if (text == NULL)
			r = VAULTENV_ERR_NOMEM;
		else
			v->changed[v->n_changed++] = text;
	}
	blob_reset(&marked);
	return r;
}

static int
row_note(struct vaultenv_version *v, const char *note)
{
	return (v->note = strdup(note)) == NULL ? VAULTENV_ERR_NOMEM : 0;
}

/* ---- what the author says ---- */

/* Names with their marks as values. */
static int
said_read(const struct opened *o, struct vaultenv_list *said)
{
	const struct json_value *array;
	struct json_object all;
	struct json_value item;
	size_t pos = 0;
	int r;

	r = json_object_parse(
	    &all, (const char *)o->plain.data, o->plain.len, SECRETS_MAX);
	if (r != 0)
		return r;
	array = json_object_find(&all, "changed");
	if (array != NULL && array->type == JSON_ARRAY)
		while (r == 0 && json_array_next(&all, array, &pos, &item) > 0)
			if (item.type == JSON_STRING && item.len > 1 &&
			    strchr("+~-", item.text[0]) != NULL)
				r = vaultenv_list_set(
				    said, item.text + 1, item.text, 1);
	json_object_reset(&all);
	return r == VAULTENV_ERR_INVALID ? 0 : r;
}

static bool
said_all(const struct vaultenv_list *said,
    const struct vaultenv_change *changes, size_t n)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; i < n; i++)
		if ((pair = vaultenv_list_find(said, changes[i].name)) ==
			NULL ||
		    pair->value[0] != changes[i].mark)
			return false;
	return true;
}

/* ---- what there is ---- */

/* Nothing to compare it with: the author's word. */
static int
row_by_word(struct walk *w, size_t i, const struct vaultenv_list *said)
{
	const struct vaultenv_pair *pair;
	struct vaultenv_version *v;
	int r;

	r = row_add(w, i, &v);
	for (size_t k = 0; r == 0 && (pair = vaultenv_list_at(said, k)) != NULL;
	     k++)
		r = row_changed_add(v, pair->value[0], pair->name);
	return r;
}

/* A confirm is passed over only if it changes nothing. Of those between of
 * which no content is left, any may have done what the author does not say. */
static int
row_by_comparison(struct walk *w, size_t i, const struct vaultenv_list *now,
    const struct vaultenv_list *said)
{
	struct vaultenv_change *changes;
	struct vaultenv_version *v;
	size_t n;
	int r;

	if ((r = vaultenv_list_diff(w->before, now, &changes, &n)) != 0)
		return r;
	if (n == 0 && w->past.records.at[i].op == OP_CONFIRM)
		goto out;
	r = row_add(w, i, &v);
	for (size_t k = 0; r == 0 && k < n; k++)
		r = row_changed_add(v, changes[k].mark, changes[k].name);
	if (r == 0 && w->since < i && !said_all(said, changes, n)) {
		free(v->author);
		v->author = authors_of(w, w->since, i);
		r = v->author == NULL ? VAULTENV_ERR_NOMEM : 0;
	}
out:
	free(changes);
	return r;
}

static int
opened_tell(struct walk *w, size_t i, const struct opened *o)
{
	struct vaultenv_list *now = NULL, *said = NULL;
	int r;

	if ((r = opened_list(o, &now, NULL)) != 0 ||
	    (r = vaultenv_list_new(&said)) != 0 ||
	    (r = said_read(o, said)) != 0)
		goto out;
	r = w->before == NULL ? row_by_word(w, i, said)
			      : row_by_comparison(w, i, now, said);
	vaultenv_list_free(&w->before);
	w->before = now;
	now = NULL;
	w->since = i + 1;
out:
	vaultenv_list_free(&now);
	vaultenv_list_free(&said);
	return r;
}

/* What comes behind it has nothing to be compared with. */
static int
closed_tell(struct walk *w, size_t i, const char *note)
{
	struct vaultenv_version *v;
	int r;

	vaultenv_list_free(&w->before);
	w->since = i + 1;
	r = row_add(w, i, &v);
	return r == 0 ? row_note(v, note) : r;
}

/* An everyday cause, or a key by which a writer locks others out, hides the
 * version and not those around it. */
static bool
hides_only(int code)
{
	return code > 0 &&
	       (code_kind(code) != CODE_TAMPERED || code == CODE_WRAP_OPEN ||
		   code == CODE_LOW_ORDER || code == CODE_KEY_COMMITMENT);
}

static int
version_tell(struct walk *w, size_t i, struct finding *why)
{
	const struct record *record = &w->past.records.at[i];
	struct opened o;
	int refused, r;

	*why = (struct finding){ .version = record->version,
		.at_ms = record->at_ms };
	memcpy(why->device, record->author, sizeof(why->device));
	r = record_check_past(
	    &w->client->team->log, record, w->past.env, &refused);
	if (r != 0)
		return r;
	if (refused != 0)
		return closed_tell(w, i, "by a device that was removed");
	if (w->past.contents[i].len == 0)
		return record->op == OP_CONFIRM
			   ? 0
			   : closed_tell(w, i, "no longer kept");
	r = past_open(w->client, &w->past, i, &o);
	if (r == 0)
		r = opened_tell(w, i, &o);
	else if (hides_only(r))
		r = closed_tell(w, i, code_name(r));
	opened_reset(&o);
	return r;
}

/* ---- all of them ---- */

static void
newest_first(struct vaultenv_versions *list)
{
	struct vaultenv_version v;

	for (size_t i = 0; i < list->n / 2; i++) {
		v = list->at[i];
		list->at[i] = list->at[list->n - 1 - i];
		list->at[list->n - 1 - i] = v;
	}
	while (list->n > SHOWN_MAX)
		version_entry_reset(&list->at[--list->n]);
}

static int
walk(struct walk *w, struct vaultenv_error *err)
{
	struct finding why;
	int r = 0;

	w->out->at = calloc(w->past.records.n, sizeof(*w->out->at));
	if (w->out->at == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	for (size_t i = 0; r == 0 && i < w->past.records.n; i++)
		r = version_tell(w, i, &why);
	if (r != 0)
		return code_error(w->client, r, &why, w->past.env, NULL, err);
	newest_first(w->out);
	return 0;
}

int
v2_versions(struct vaultenv_client *c, struct vaultenv_versions **out,
    struct vaultenv_error *err)
{
	struct walk w = { .client = c };
	struct standing standing;
	int r;

	if ((r = team_begin(c, err)) != 0 || (r = team_sync(c, err)) != 0 ||
	    (r = team_standing(c, c->environment, &standing, err)) != 0)
		return r;
	if ((w.out = calloc(1, sizeof(*w.out))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	/* One more, to compare the last one with. */
	r = team_past(c, c->environment, SHOWN_MAX + 1, &w.past, err);
	if (r == 0)
		r = walk(&w, err);
	if (r == VAULTENV_ERR_NO_SECRETS &&
	    environment_is_offered(c->environment))
		r = 0;
	if (r == 0) {
		*out = w.out;
		w.out = NULL;
	}
	vaultenv_list_free(&w.before);
	past_reset(&w.past);
	vaultenv_versions_free(&w.out);
	return r;
}
