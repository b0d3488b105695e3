/* SPDX-License-Identifier: MIT */
/*
 * push.c: the next version of an environment: attempts, until one comes in
 * time; and what is settled when no answer came.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/attempt.h"

int
team_may_write(
    struct vaultenv_client *c, const char *env, struct vaultenv_error *err)
{
	struct standing standing;
	int r;

	if ((r = team_standing(c, env, &standing, err)) != 0)
		return r;
	if (grant_writes(standing.grant, env))
		return 0;
	r = err_set(err, VAULTENV_ERR_DEVICE,
	    "Ask an admin for the role of a writer",
	    "This device may only read %s", env);
	if (err != NULL)
		strcpy(err->reason, "role_refused");
	return r;
}

static int
conflict(const char *env, int64_t version, struct vaultenv_error *err)
{
	err_set(err, VAULTENV_ERR_CONFLICT,
	    "Pull it, look at what differs, and push again",
	    "Environment %s has changed: the server has version %lld now", env,
	    (long long)version);
	if (err != NULL) {
		err->current_version = version;
		strcpy(err->reason, "version_conflict");
	}
	return VAULTENV_ERR_CONFLICT;
}

/* The newest version, into team->held. NO_SECRETS: there is none. */
static int
newest_hold(struct vaultenv_client *c, const struct push *push,
    struct vaultenv_error *err)
{
	const struct pull how = { .env = push->env,
		.take_stale = push->take_stale };
	struct vaultenv_error why;
	struct opened o;
	int r;

	r = team_pull(c, &how, &o, &why);
	opened_reset(&o);
	return r == 0 || r == VAULTENV_ERR_NO_SECRETS ? r : err_copy(err, &why);
}

/* The same; there may be none. */
static int
before_read(struct vaultenv_client *c, const struct push *push,
    struct vaultenv_error *err)
{
	int r = VAULTENV_ERR_NO_SECRETS;

	c->team->held.is_there = false;
	/* Who says that there is none has looked; and the server compares. */
	if (push->base != 0)
		r = newest_hold(c, push, err);
	if (r != VAULTENV_ERR_NO_SECRETS)
		return r;
	/* Nothing brings the log of who may read it. */
	if ((r = team_begin(c, err)) != 0 || (r = team_sync(c, err)) != 0)
		return r;
	/* Others may have made it since, and this machine have seen that. */
	return team_nothing_there(c, push->env, NULL) == VAULTENV_ERR_NO_SECRETS
		   ? 0
		   : newest_hold(c, push, err);
}

/* Fills a->before. */
static int
attempt_begin(struct attempt *a, struct head_v2 *head, bool afresh,
    struct vaultenv_error *err)
{
	struct vaultenv_client *c = a->client;
	const struct push *push = a->push;
	const struct held *h;
	int r;

	if ((afresh || c->team == NULL) && (r = team_begin(c, err)) != 0)
		return r;
	h = &c->team->held;
	if (push->replace) {
		c->team->held.is_there = false;
		if ((r = team_sync(c, err)) != 0 ||
		    (r = team_head(
			 c, push->env, head, &c->team->held.lines, err)) != 0)
			return r;
		a->before = &head->record;
		return team_may_write(c, push->env, err);
	}
	if ((afresh || !h->is_there || strcmp(h->record.env, push->env) != 0) &&
	    (r = before_read(c, push, err)) != 0)
		return r;
	a->before = h->is_there ? &h->record : NULL;
	if (push->base >= 0 &&
	    push->base != (a->before == NULL ? 0 : a->before->version))
		return conflict(
		    push->env, a->before == NULL ? 0 : a->before->version, err);
	return team_may_write(c, push->env, err);
}

/* Is the version there, whatever was answered? */
static bool
was_stored(struct attempt *a)
{
	const struct pull how = { .env = a->push->env, .take_stale = true };
	uint8_t hash[HASH_LEN];
	struct blob raw;
	struct opened o;
	bool found = false;

	blob_init(&raw, SMALL_SIZE_MAX);
	if (record_encode(&raw, &a->record) != 0 ||
	    sha256(hash, raw.data, raw.len) != 0) {
		blob_reset(&raw);
		return false;
	}
	blob_reset(&raw);
	if (team_pull(a->client, &how, &o, NULL) == 0)
		for (size_t i = 0; i < o.records.n; i++)
			found |= memcmp(o.records.at[i].raw.hash, hash,
				     HASH_LEN) == 0;
	opened_reset(&o);
	return found;
}

static void
heads_renew(struct vaultenv_client *c)
{
	struct team *t = c->team;
	struct vaultenv_error err;
	bool other;
	int r;

	r = shared_heads_renew(c->env_path, t->project, &t->pins, &other, &err);
	if (r > 0)
		code_error(c, r, NULL, NULL, SHARED_HEADS, &err);
	if (r != 0)
		notice_give_error(&c->notice, &err);
}

/* No answer, or one that a lying server gives although it took the version. */
static bool
is_doubtful(int r, int code)
{
	return r == VAULTENV_ERR_NETWORK || r == VAULTENV_ERR_SERVER ||
	       code == CODE_VERSION_CONFLICT;
}

/* Somebody was faster, or has changed who may: judged anew. */
static bool
is_race(int code)
{
	static const int codes[] = { CODE_LOG_CHANGED, CODE_READERS_CHANGED,
		CODE_RECORD_LOG, CODE_RECORD_CUT, CODE_RECORD_AUTHOR,
		CODE_RECORD_KEY };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* *again: it came too late. */
static int
attempt_once(struct vaultenv_client *c, const struct push *push, bool *again,
    int64_t *out_version, struct vaultenv_error *err)
{
	struct attempt a = { .client = c, .push = push };
	const bool afresh = *again;
	struct head_v2 *head = NULL;
	int code = 0, r;

	*again = false;
	if ((head = calloc(1, sizeof(*head))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = attempt_begin(&a, head, afresh, err)) != 0 ||
	    (r = attempt_build(&a, err)) != 0)
		goto out;
	r = attempt_send(&a, &code, err);
	if (r == 0)
		attempt_keep(&a);
	else if (is_doubtful(r, code) && was_stored(&a))
		r = 0;
	if (r == 0)
		heads_renew(c);
	*again = r != 0 && (is_race(code) || (code == CODE_VERSION_CONFLICT &&
						 push->base < 0));
	if (r == 0 && out_version != NULL)
		*out_version = a.record.version;
out:
	attempt_reset(&a);
	free(head);
	return r;
}

int
team_push(struct vaultenv_client *c, const struct push *push,
    int64_t *out_version, struct vaultenv_error *err)
{
	bool again = false;
	int r, tries = 0;

	do {
		r = attempt_once(c, push, &again, out_version, err);
	} while (again && ++tries < TRIES_MAX);
	if (again)
		return err_set(err, VAULTENV_ERR_CONFLICT, "Try again",
		    "%s, or who may read it, was changed by others %d times "
		    "in a row",
		    push->env, tries);
	return r;
}

bool
v2_is_unusable(const struct vaultenv_error *why)
{
	static const char *const reasons[] = { "record_author", "record_key",
		"blob_hash", "blob_open", "blob_json", "wrap_missing",
		"wrap_open", "low_order", "key_commitment", "version_gone" };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(why->reason, reasons[i]) == 0)
			return true;
	return false;
}

int
v2_push(struct vaultenv_client *c, const struct next_version *next,
    int64_t *out_version, struct vaultenv_error *err)
{
	const struct push push = { .env = c->environment,
		.list = next->list,
		.changes = next->changes,
		.n_changes = next->n_changes,
		.base = next->base_version,
		.take_stale = next->take_stale,
		.replace = next->replace };

	return team_push(c, &push, out_version, err);
}

/* ---- going back ---- */

static int
rollback_to(struct vaultenv_client *c, struct push *push,
    const struct opened *now, const struct opened *old, int64_t *out_version,
    struct vaultenv_error *err)
{
	struct vaultenv_list *before = NULL, *after = NULL;
	struct vaultenv_change *changes = NULL;
	int r;

	if ((r = opened_list(now, &before, err)) != 0 ||
	    (r = opened_list(old, &after, err)) != 0)
		goto out;
	r = vaultenv_list_diff(before, after, &changes, &push->n_changes);
	if (r != 0) {
		err_general(err, r);
		goto out;
	}
	push->list = after;
	push->changes = changes;
	r = team_push(c, push, out_version, err);
out:
	free(changes);
	vaultenv_list_free(&before);
	vaultenv_list_free(&after);
	return r;
}

int
v2_rollback(struct vaultenv_client *c, int64_t version, int64_t *out_version,
    struct vaultenv_error *err)
{
	const struct pull newest = { .env = c->environment };
	const struct pull wanted = { .env = c->environment, .number = version };
	struct push push = {
		.env = c->environment, .op = OP_ROLLBACK, .of = version
	};
	struct opened now, old;
	int r;

	r = team_pull(c, &newest, &now, err);
	if (r != 0) {
		opened_reset(&now);
		return r;
	}
	push.base = now.history.newest->version;
	r = team_pull(c, &wanted, &old, err);
	if (r == 0)
		r = rollback_to(c, &push, &now, &old, out_version, err);
	opened_reset(&now);
	opened_reset(&old);
	return r;
}
