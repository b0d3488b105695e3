/* SPDX-License-Identifier: MIT */
/*
 * restore.c: projects of protocol v2 brought up to date after an old backup was
 * put in place, out of what clients have. Nobody's word is taken, and a project
 * is changed whole or not at all. Here what follows from its log.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "db/array.h"
#include "operator/operator.h"
#include "operator/restore.h"

#define ID_SHOWN 8 /* digits of a device's id */

void
restore_tell(struct restore *t, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (t->r == 0)
		t->r = blob_printf(&t->report, "  %s.\n", line);
}

void
restore_who(
    const struct restore *t, char out[WHO_SIZE], const char *id, int64_t at_ms)
{
	const struct member *m = members_find(&t->members, id);
	const time_t at = (time_t)(at_ms / 1000);
	struct tm tm;
	char date[32] = "at an unknown time";

	if (gmtime_r(&at, &tm) != NULL && tm.tm_year < 8100)
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
	snprintf(out, WHO_SIZE, "%s (%.*s), %s", m != NULL ? m->name : "device",
	    ID_SHOWN, id, date);
}

/* ---- what follows from the log ---- */

static int
write_member(struct restore *t, const struct member *member)
{
	const struct grant *grant = member_now(member);
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	struct db_array envs;
	int result = -1;

	db_array_init(&envs, ARRAY_TEXT);
	db_text(&p, t->members.project);
	db_text(&p, member->id);
	db_text(&p, member->name);
	db_bytes(&p, member->sign, PUBLIC_KEY_LEN);
	db_bytes(&p, member->box, PUBLIC_KEY_LEN);
	db_text(&p, grant->revoked ? "revoked" : "approved");
	db_int(&p, grant->role);
	for (size_t i = 0; i < grant->n_envs; i++)
		db_array_add_text(&envs, grant->envs[i]);
	if (db_array_param(&p, &envs) != 0) {
		session_fail(&t->session, member->id, "out of memory");
		goto out;
	}
	db_int(&p, grant->expires_ms);
	result = session_exec(&t->session, MEMBER_RESTORE, &p, &r);
out:
	db_result_free(&r);
	db_array_reset(&envs);
	return result;
}

static int
write_project(struct restore *t, int kept)
{
	const struct members *m = &t->members;
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	struct db_array joins, ids;
	int result = -1;

	db_array_init(&joins, ARRAY_BYTES);
	db_array_init(&ids, ARRAY_TEXT);
	for (size_t i = 0; i < m->n_generations; i++)
		db_array_add(&joins, m->generations[i].join, PUBLIC_KEY_LEN);
	for (size_t i = 0; i < m->n_members; i++)
		db_array_add_text(&ids, m->members[i].id);
	db_text(&p, m->project);
	db_int(&p, (int64_t)m->n_steps);
	db_bytes(&p, m->steps[m->n_steps - 1].hash, HASH_LEN);
	if (db_array_param(&p, &joins) != 0) {
		session_fail(&t->session, m->project, "out of memory");
		goto out;
	}
	db_int(&p, kept);
	if (db_array_param(&p, &ids) != 0) {
		session_fail(&t->session, m->project, "out of memory");
		goto out;
	}
	result = session_exec(&t->session, PROJECT_RESTORE, &p, &r);
out:
	db_result_free(&r);
	db_array_reset(&joins);
	db_array_reset(&ids);
	return result;
}

/* ---- environments ---- */

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Those that are stored, in files, or cut; in names, which has room. */
static size_t
list_names(
    const struct restore *t, const struct db_result *heads, const char **names)
{
	const struct members *m = &t->members;
	const struct backup *b = t->backup;
	size_t n = 0, n_different = 0;
	const char *env;

	for (int row = 0; row < db_rows(heads); row++) {
		env = db_get_text(heads, row, "environment");
		if (env_is_valid(env, strlen(env)))
			names[n++] = env;
	}
	for (size_t i = 0; i < b->n; i++)
		if (b->parts[i].env[0] != '\0' &&
		    strcmp(b->parts[i].project, m->project) == 0)
			names[n++] = b->parts[i].env;
	for (size_t i = 0; i < m->n_marks; i++)
		names[n++] = m->marks[i].env;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			names[n_different++] = names[i];
	return n_different;
}

static int
restore_environments(struct restore *t)
{
	struct db_params p = { .n = 0 };
	struct db_result heads;
	const char **names = NULL;
	size_t n;
	int r = -1;

	db_text(&p, t->members.project);
	if (session_exec(&t->session, HEAD_DUMP, &p, &heads) != 0)
		return -1;
	names = calloc(
	    (size_t)db_rows(&heads) + t->backup->n + t->members.n_marks + 1,
	    sizeof(*names));
	if (names == NULL) {
		session_fail(&t->session, t->members.project, "out of memory");
		goto out;
	}
	n = list_names(t, &heads, names);
	if (n > LIST_MAX) {
		snprintf(t->session.said, WHY_MAX,
		    "Project %s would have %zu environments, and no device "
		    "could be removed from more than %d",
		    t->members.project, n, LIST_MAX);
		goto out;
	}
	r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = restore_environment(t, names[i]);
out:
	free(names);
	db_result_free(&heads);
	return r;
}

/* ---- one project, and all of them ---- */

/* Until the transaction ends nobody else changes it. */
static int
hold(struct restore *t, bool *is_new)
{
	const char *project = t->members.project;
	struct db_params p = { .n = 0 };
	struct db_result r;
	int result = -1;

	db_text(&p, project);
	if (session_exec(&t->session, PROJECT_HOLD, &p, &r) != 0)
		return -1;
	*is_new = db_is_null(&r, 0, "protocol");
	if (!*is_new && db_get_int(&r, 0, "protocol") != 2)
		session_fail(
		    &t->session, project, "it is a project of protocol v1");
	else if (db_get_bool(&r, 0, "deleted"))
		session_fail(&t->session, project,
		    "an admin has deleted this project; it is not restored");
	else
		result = 0;
	db_result_free(&r);
	return result;
}

static int
restore_project(struct restore *t)
{
	bool is_new;
	int kept;

	if (session_begin(&t->session, "begin") != 0 || hold(t, &is_new) != 0 ||
	    restore_log(t, is_new, &kept) != 0 || write_project(t, kept) != 0)
		return -1;
	for (size_t i = 0; i < t->members.n_members; i++)
		if (write_member(t, &t->members.members[i]) != 0)
			return -1;
	if (restore_environments(t) != 0)
		return -1;
	if (t->report.len == 0)
		restore_tell(t, "Nothing of it was missing");
	if (t->r != 0)
		return session_fail(
		    &t->session, t->members.project, "out of memory");
	return t->dry_run ? session_rollback(&t->session)
			  : session_commit(&t->session);
}

static int
with_project(struct restore *t, const char *project,
    int (*step)(struct restore *t), FILE *out)
{
	int r;

	members_init(&t->members, project);
	t->log = NULL;
	t->r = 0;
	blob_init(&t->report, SIZE_MAX);
	r = restore_find_log(t);
	if (r == 0 && step != NULL && (r = step(t)) == 0)
		fprintf(out, "Project %s:\n%s", project,
		    (const char *)t->report.data);
	blob_reset(&t->report);
	members_reset(&t->members);
	return r;
}

/* The logs of all are looked at before any project is changed. */
static int
for_each_project(struct restore *t, int (*step)(struct restore *t), FILE *out)
{
	const struct part *parts = t->backup->parts;
	size_t j;

	for (size_t i = 0; i < t->backup->n; i++) {
		for (j = 0; strcmp(parts[j].project, parts[i].project) != 0;)
			j++;
		if (j == i && with_project(t, parts[i].project, step, out) != 0)
			return -1;
	}
	return 0;
}

int
restore(const struct settings *settings, char *const *files, int n_files,
    bool dry_run, FILE *out, char said[WHY_MAX])
{
	struct restore *t = calloc(1, sizeof(*t));
	struct backup backup = { .n = 0 };
	int r = -1;

	if (t == NULL || crypto_init() != 0) {
		snprintf(said, WHY_MAX, "out of memory, or no libgcrypt");
		goto out;
	}
	t->session.said = said;
	t->backup = &backup;
	t->dry_run = dry_run;
	for (int i = 0; i < n_files; i++)
		if (backup_read(&backup, files[i], said) != 0)
			goto out;
	if (for_each_project(t, NULL, out) != 0 ||
	    session_open(&t->session, settings) != 0)
		goto out;
	r = for_each_project(t, restore_project, out);
	if (r == 0)
		snprintf(said, WHY_MAX,
		    "All of it was verified by what devices signed, and %s.",
		    dry_run ? "nothing was changed: without --dry-run it is "
			      "stored"
			    : "is stored");
out:
	if (t != NULL)
		session_close(&t->session);
	backup_reset(&backup);
	free(t);
	return r;
}
