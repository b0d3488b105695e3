/* SPDX-License-Identifier: MIT */
/*
 * checklog.c: each project's log and records are verified as a client would,
 * and what the tables say is held against what follows from them. Must not
 * change a thing.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "db/array.h"
#include "operator/checklog.h"
#include "operator/operator.h"

#define SNAPSHOT "begin isolation level repeatable read read only"

void
check_wrong(struct check *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(c->out, "Project %s: ", c->members.project);
	va_start(ap, fmt);
	vfprintf(c->out, fmt, ap);
	va_end(ap);
	fputs(".\n", c->out);
	c->n_wrong++;
}

/* 0: the log is good, in full. 1: it is not. */
static int
check_entries(struct check *c)
{
	struct members *m = &c->members;
	struct rows rows = { .session = &c->session, .project = m->project };
	int64_t seq;
	int r, code = 0;

	while ((r = rows_next(&rows, &seq)) > 0) {
		if (seq != (int64_t)m->n_steps)
			code = CODE_LOG_GAP;
		else if ((code = rows_entry(&rows, &c->entry)) == 0)
			code = members_apply(m, &c->entry, true);
		if (code != 0)
			break;
		if (!rows_fit_entry(&rows, &c->entry))
			check_wrong(c,
			    "entry %" PRId64 " of the log is good, what the "
			    "table says beside it is not",
			    seq);
	}
	rows_reset(&rows);
	if (code > 0) {
		check_wrong(c,
		    "entry %zu of the log is refused (%s); what follows from "
		    "the log was not looked at",
		    m->n_steps, code_name(code));
		return 1;
	}
	return code < 0 ? session_fail(&c->session, m->project, "no memory")
			: r;
}

static bool
has_joins(const struct db_result *r, const struct members *m)
{
	struct db_elements e;
	const uint8_t *join;
	size_t len, i;

	db_get_elements(r, 0, "joins", &e);
	for (i = 0; db_element_next(&e, &join, &len); i++)
		if (i == m->n_generations || join == NULL ||
		    len != PUBLIC_KEY_LEN ||
		    memcmp(join, m->generations[i].join, len) != 0)
			return false;
	return i == m->n_generations;
}

static void
check_project_row(struct check *c, const struct db_result *r)
{
	const struct members *m = &c->members;

	if (db_get_int(r, 0, "log_count") != (int64_t)m->n_steps)
		check_wrong(c,
		    "the log has %zu entries, the table says %" PRId64,
		    m->n_steps, db_get_int(r, 0, "log_count"));
	if (m->n_steps == 0 || !rows_has_bytes(r, 0, "log_hash",
				   m->steps[m->n_steps - 1].hash, HASH_LEN))
		check_wrong(
		    c, "log_hash is not the hash of the log's last entry");
	if (!has_joins(r, m))
		check_wrong(c, "joins are not the keys that the log names");
}

/* ---- members ---- */

static bool
has_scope(const struct db_result *r, int row, const struct grant *grant)
{
	struct db_elements e;
	const uint8_t *env;
	size_t len, i;

	db_get_elements(r, row, "environments", &e);
	for (i = 0; db_element_next(&e, &env, &len); i++)
		if (i == grant->n_envs || env == NULL ||
		    len != strlen(grant->envs[i]) ||
		    memcmp(env, grant->envs[i], len) != 0)
			return false;
	return i == grant->n_envs;
}

static const char *
role_name(int64_t role)
{
	static const char *const names[] = { "none", "reader", "writer",
		"admin" };

	return role >= 0 && role <= ROLE_ADMIN ? names[role] : "unknown";
}

static void
check_member(struct check *c, const struct member *member,
    const struct db_result *r, int row)
{
	const struct grant *grant = member_now(member);
	const char *status = grant->revoked ? "revoked" : "approved";
	const char *got = db_get_text(r, row, "status");
	const char *name = db_get_text(r, row, "name");

	if (got == NULL || strcmp(got, status) != 0)
		check_wrong(c,
		    "device %s is %s by the log, in the table it is not",
		    member->id, status);
	if (db_get_int(r, row, "role") != grant->role)
		check_wrong(c, "device %s is %s by the log, the table says %s",
		    member->id, role_name(grant->role),
		    role_name(db_get_int(r, row, "role")));
	if (!has_scope(r, row, grant))
		check_wrong(c,
		    "device %s has other environments than by the log",
		    member->id);
	if (db_get_int(r, row, "expires") != grant->expires_ms)
		check_wrong(c, "device %s ends at another time than by the log",
		    member->id);
	if (name == NULL || strcmp(name, member->name) != 0)
		check_wrong(c, "device %s has another name than by the log",
		    member->id);
	if (!rows_has_bytes(
		r, row, "sign_public", member->sign, PUBLIC_KEY_LEN) ||
	    !rows_has_bytes(r, row, "box_public", member->box, PUBLIC_KEY_LEN))
		check_wrong(
		    c, "device %s has other keys than by the log", member->id);
}

/* Both are in the order of ids. */
static int
check_members(struct check *c)
{
	const struct members *m = &c->members;
	struct db_params p = { .n = 0 };
	struct db_result r;
	char id[ID_LEN + 1];
	size_t i = 0;
	int row = 0;

	db_text(&p, m->project);
	if (session_exec(&c->session, MEMBER_DUMP, &p, &r) != 0)
		return -1;
	while (row < db_rows(&r) || i < m->n_members) {
		const struct member *member =
		    i < m->n_members ? &m->members[m->by_id[i]] : NULL;
		int order = -1;

		if (db_get_uuid(&r, row, "id", id))
			order = member == NULL ? 1 : strcmp(member->id, id);
		if (order == 0)
			check_member(c, member, &r, row);
		else if (order < 0)
			check_wrong(c,
			    "device %s of the log is not in the table",
			    member->id);
		else
			check_wrong(
			    c, "device %s is in the table, not in the log", id);
		i += order <= 0;
		row += order >= 0;
	}
	db_result_free(&r);
	return 0;
}

/* ---- environments ---- */

/* 0, or what readers would refuse it for, but for what they also do with a
 * record that was good when it was stored. */
static int
check_record(struct check *c, const struct rows *rows, bool first)
{
	const struct record *r = &c->record;
	int code, refused;

	if ((code = rows_record(rows, &c->record)) != 0 ||
	    (code = record_check_next(&c->members, first ? NULL : &c->before, r,
		 rows->env, &refused)) != 0)
		return code;
	if (!rows_fit_record(rows, r))
		check_wrong(c,
		    "version %" PRId64 " of %s is good, what the table says "
		    "beside it is not",
		    r->version, rows->env);
	if (!db_is_null(&rows->page, rows->row, "blob_hash") &&
	    !rows_has_bytes(
		&rows->page, rows->row, "blob_hash", r->blob, HASH_LEN))
		check_wrong(c, "version %" PRId64 " of %s: %s", r->version,
		    rows->env, "its content is not what was signed");
	return 0;
}

/* What the last record and the log say of the environment. */
static void
check_head(struct check *c, const char *env, const struct db_result *r, int row)
{
	const struct mark *cut = members_cut(&c->members, env);
	const struct record *last = &c->before;

	if (db_get_int(r, row, "version") != last->version ||
	    !rows_has_bytes(r, row, "hash", last->raw.hash, HASH_LEN) ||
	    !rows_has_bytes(r, row, "key_id", last->key_id, HASH_LEN))
		check_wrong(
		    c, "%s ends at another version than the table says", env);
	if (db_get_int(r, row, "cut_seq") != (cut == NULL ? 0 : cut->seq) ||
	    db_get_int(r, row, "cut_version") !=
		(cut == NULL ? 0 : cut->version))
		check_wrong(c, "%s was cut elsewhere than the table says", env);
	if (cut != NULL && last->version < cut->version)
		check_wrong(c,
		    "%s ends at version %" PRId64 ", but version %" PRId64
		    " was there when entry %" PRId64 " was made",
		    env, last->version, cut->version, cut->seq);
}

static int
check_environment(
    struct check *c, const char *env, const struct db_result *heads, int row)
{
	const struct mark *cut = members_cut(&c->members, env);
	struct rows rows = { .session = &c->session,
		.project = c->members.project,
		.env = env };
	int64_t version, n = 0;
	int r, code = 0;

	while ((r = rows_next(&rows, &version)) > 0) {
		if ((code = check_record(c, &rows, n == 0)) != 0)
			break;
		if (n++ == 0 && version > 1 &&
		    (cut == NULL || version > cut->version))
			check_wrong(
			    c, "%s begins at version %" PRId64, env, version);
		c->before = c->record;
	}
	rows_reset(&rows);
	if (r < 0 || code < 0)
		return code < 0 ? session_fail(&c->session, env, "no memory")
				: r;
	if (code > 0)
		check_wrong(c, "version %" PRId64 " of %s is refused (%s)",
		    version, env, code_name(code));
	else if (n == 0)
		check_wrong(c, "%s has no version", env);
	if (code != 0 || n == 0)
		return 0;
	check_head(c, env, heads, row);
	if (check_counts(c, env) != 0)
		return -1;
	return check_wraps(c, env, &c->before);
}

/* One that was cut has had a version. */
static void
check_marks(struct check *c, const struct db_result *r)
{
	const struct marks *marks = c->members.marks;
	int row;

	for (size_t i = 0; i < c->members.n_marks; i++) {
		for (row = 0; row < db_rows(r); row++)
			if (strcmp(db_get_text(r, row, "environment"),
				marks[i].env) == 0)
				break;
		if (row == db_rows(r))
			check_wrong(c,
			    "%s has no version, but entry %" PRId64
			    " of the log names one",
			    marks[i].env, marks[i].at[marks[i].n - 1].seq);
	}
}

static int
check_environments(struct check *c)
{
	struct db_params p = { .n = 0 };
	struct db_result r;
	const char *env;
	int result = 0;

	db_text(&p, c->members.project);
	if (session_exec(&c->session, HEAD_DUMP, &p, &r) != 0)
		return -1;
	for (int row = 0; result == 0 && row < db_rows(&r); row++) {
		env = db_get_text(&r, row, "environment");
		if (!env_is_valid(env, strlen(env)))
			check_wrong(c, "an environment has a malformed name");
		else
			result = check_environment(c, env, &r, row);
	}
	if (result == 0)
		check_marks(c, &r);
	db_result_free(&r);
	return result;
}

/* ---- all projects ---- */

/* By what one moment shows of it. */
static int
check_project(struct check *c, const char *id)
{
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	int result = -1;

	members_init(&c->members, id);
	db_text(&p, id);
	if (session_begin(&c->session, SNAPSHOT) != 0 ||
	    session_exec(&c->session, PROJECT_DUMP, &p, &r) != 0)
		goto out;
	result = 0;
	if (db_rows(&r) == 1) { /* else it was deleted meanwhile */
		c->n_projects++;
		if ((result = check_entries(c)) == 0) {
			check_project_row(c, &r);
			result = check_members(c);
		}
		if (result == 0)
			result = check_request_keys(c);
		if (result == 0)
			result = check_environments(c);
	}
	if (result >= 0)
		result = session_commit(&c->session);
out:
	db_result_free(&r);
	members_reset(&c->members);
	return result;
}

static int
check_projects(struct check *c)
{
	struct db_params p = { .n = 0 };
	struct db_result r;
	char id[ID_LEN + 1];
	int result = 0;

	db_text(&p, NULL);
	if (session_exec(&c->session, PROJECT_DUMP, &p, &r) != 0)
		return -1;
	for (int row = 0; result == 0 && row < db_rows(&r); row++)
		if (db_get_uuid(&r, row, "id", id))
			result = check_project(c, id);
	db_result_free(&r);
	return result;
}

int
check_log(const struct settings *settings, FILE *out, char said[WHY_MAX])
{
	struct check *c = calloc(1, sizeof(*c));
	int r = -1;

	if (c == NULL || crypto_init() != 0) {
		snprintf(said, WHY_MAX, "out of memory, or no libgcrypt");
		goto out;
	}
	c->session.said = said;
	c->out = out;
	if (session_open(&c->session, settings) == 0)
		r = check_projects(c);
	session_close(&c->session);
	if (r != 0)
		goto out;
	if (c->n_wrong == 0) {
		snprintf(said, WHY_MAX,
		    "%d projects of protocol v2 were checked. Their tables say "
		    "what their logs and records say.",
		    c->n_projects);
	} else {
		snprintf(said, WHY_MAX,
		    "%d differences were found in %d projects: somebody "
		    "changed the database beside vault.fcgi, or a part of it "
		    "was lost. With a file of vault-env bundle --all, "
		    "vault.fcgi --restore puts right what follows from a log",
		    c->n_wrong, c->n_projects);
		r = -1;
	}
out:
	free(c);
	return r;
}
