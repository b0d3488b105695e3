/* SPDX-License-Identifier: MIT */
/*
 * restore-wraps.c: the wraps of an environment that is restored. Nobody but a
 * device can say whether one opens, so that none is replaced.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "db/array.h"
#include "operator/restore.h"

/* The old state may have let in others. */
static int
discard(struct restore *t, const char *env)
{
	const struct members *m = &t->members;
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	struct db_array ids;
	int result = -1;

	db_array_init(&ids, ARRAY_TEXT);
	for (size_t i = 0; i < m->n_members; i++)
		if (member_could_read(&m->members[i], env))
			db_array_add_text(&ids, m->members[i].id);
	db_text(&p, m->project);
	db_text(&p, env);
	if (db_array_param(&p, &ids) != 0)
		session_fail(&t->session, env, "out of memory");
	else
		result = session_exec(&t->session, WRAP_DISCARD, &p, &r);
	db_result_free(&r);
	db_array_reset(&ids);
	return result;
}

/* What a bundle's wraps are sent in. */
struct wrap_lists {
	struct db_array keys, devices, generations, wraps;
};

/* True if its device may read the environment. */
static bool
wrap_is_wanted(const struct members *m, const char *env, const struct wrap *w)
{
	const struct member *member = members_find(m, w->device);

	return member != NULL && grant_reads(member_now(member), env) &&
	       w->len == WRAP_LEN && w->generation < (int64_t)m->n_generations;
}

static void
list_wraps(
    struct wrap_lists *l, const struct members *m, const struct part *part)
{
	const struct wrap *w = part->bundle.wraps;

	db_array_init(&l->keys, ARRAY_BYTES);
	db_array_init(&l->devices, ARRAY_TEXT);
	db_array_init(&l->generations, ARRAY_TEXT);
	db_array_init(&l->wraps, ARRAY_BYTES);
	for (size_t i = 0; i < part->bundle.n_wraps; i++) {
		if (!wrap_is_wanted(m, part->env, &w[i]))
			continue;
		db_array_add(&l->keys, w[i].key_id, HASH_LEN);
		db_array_add_text(&l->devices, w[i].device);
		db_array_add_int(&l->generations, w[i].generation);
		db_array_add(&l->wraps, w[i].bytes, WRAP_LEN);
	}
}

static int
send_wraps(struct restore *t, const struct part *part, struct wrap_lists *l,
    int64_t *n_stored)
{
	struct db_params p = { .n = 0 };
	struct db_result r;
	int result;

	if (l->keys.n == 0)
		return 0;
	db_text(&p, t->members.project);
	db_text(&p, part->env);
	if (db_array_param(&p, &l->keys) != 0 ||
	    db_array_param(&p, &l->devices) != 0 ||
	    db_array_param(&p, &l->generations) != 0 ||
	    db_array_param(&p, &l->wraps) != 0)
		return session_fail(&t->session, part->file, "out of memory");
	result = session_exec(&t->session, WRAP_RESTORE, &p, &r);
	if (result == 0)
		*n_stored += db_get_int(&r, 0, "stored");
	db_result_free(&r);
	return result;
}

int
restore_wraps(struct restore *t, const char *env)
{
	const struct part *part;
	struct wrap_lists lists;
	int64_t n_stored = 0;
	int r;

	r = discard(t, env);
	for (size_t i = 0; r == 0 && i < t->backup->n; i++) {
		part = &t->backup->parts[i];
		if (strcmp(part->project, t->members.project) != 0 ||
		    strcmp(part->env, env) != 0)
			continue;
		list_wraps(&lists, &t->members, part);
		r = send_wraps(t, part, &lists, &n_stored);
		db_array_reset(&lists.keys);
		db_array_reset(&lists.devices);
		db_array_reset(&lists.generations);
		db_array_reset(&lists.wraps);
	}
	if (n_stored > 0)
		restore_tell(
		    t, "%" PRId64 " keys of %s came back", n_stored, env);
	return r;
}
