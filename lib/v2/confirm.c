/* SPDX-License-Identifier: MIT */
/*
 * confirm.c: the newest version once more, under today's date: what is there is
 * still current, and under a new data key where one is due. Must not change a
 * secret.
 */
#include "config.h"

#include "v2/v2.h"

#define DAY_MS INT64_C(86400000)

/* A confirm of this day, by whomever, that asks for no new data key: a cron job
 * may run on two machines. */
static bool
is_done(const struct team *t, const struct confirm *how)
{
	const struct record *newest = &t->held.record;

	return !how->new_key && newest->op == OP_CONFIRM &&
	       newest->at_ms / DAY_MS == clock_now_ms() / DAY_MS &&
	       policy_keeps_key(&t->log, newest);
}

static int
push_again(struct vaultenv_client *c, const struct confirm *how,
    const struct opened *o, int64_t *version, struct vaultenv_error *err)
{
	struct vaultenv_list *list = NULL;
	struct push push = { .env = how->env,
		.op = OP_CONFIRM,
		.base = o->history.newest->version,
		.new_key = how->new_key,
		.take_stale = how->take_stale };
	int r;

	if ((r = opened_list(o, &list, err)) == 0) {
		push.list = list;
		r = team_push(c, &push, version, err);
	}
	vaultenv_list_free(&list);
	return r;
}

/* *again: another version came between. */
static int
confirm_once(struct vaultenv_client *c, const struct confirm *how, bool *again,
    int64_t *version, bool *pushed, struct vaultenv_error *err)
{
	const struct pull newest = { .env = how->env,
		.take_stale = how->take_stale };
	struct opened o;
	int r;

	*again = false;
	if ((r = team_pull(c, &newest, &o, err)) != 0)
		goto out;
	*version = o.history.newest->version;
	*pushed = !is_done(c->team, how);
	if (*pushed) {
		r = push_again(c, how, &o, version, err);
		*again = r == VAULTENV_ERR_CONFLICT;
	}
out:
	opened_reset(&o);
	return r;
}

int
team_confirm(struct vaultenv_client *c, const struct confirm *how,
    int64_t *out_version, bool *out_pushed, struct vaultenv_error *err)
{
	int64_t version = 0;
	bool again, pushed = false;
	int r, tries = 0;

	do {
		r = confirm_once(c, how, &again, &version, &pushed, err);
	} while (again && ++tries < TRIES_MAX);
	if (r == 0) {
		*out_version = version;
		*out_pushed = pushed;
	}
	return r;
}

int
vaultenv_secrets_confirm(struct vaultenv_client *client,
    const struct vaultenv_confirm_options *options, int64_t *out_version,
    int *out_pushed, struct vaultenv_error *err)
{
	const struct confirm how = { .env = client->environment,
		.new_key = options != NULL && options->new_key,
		.take_stale = options != NULL && options->take_stale };
	int64_t version;
	bool pushed;
	int r;

	r = team_confirm(client, &how, &version, &pushed, err);
	if (r == 0 && out_version != NULL)
		*out_version = version;
	if (r == 0 && out_pushed != NULL)
		*out_pushed = pushed;
	return r;
}
