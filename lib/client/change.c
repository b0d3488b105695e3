/* SPDX-License-Identifier: MIT */
/*
 * change.c: a change of an environment's secrets: what is there is pulled, the
 * change made of it, compared, and pushed on that base; if somebody was faster,
 * all over again from what is there then. Must not take away what nobody has
 * seen, nor know how versions are pulled and pushed: that is the protocol's.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "client/client.h"

#define TRIES       20
#define WAIT_MAX_MS 1000

/* One try. */
struct change {
	struct vaultenv_client *client;
	const struct vaultenv_change_options *options;
	struct version now; /* the newest, opened; empty: none */
	bool is_unreadable; /* now is, and may be lost */
	bool is_unfounded;  /* it is not known what the list was made from */
	struct vaultenv_changed *changed;
};

void
vaultenv_changed_free(struct vaultenv_changed **changed)
{
	if (changed == NULL || *changed == NULL)
		return;
	free((*changed)->changes);
	vaultenv_list_free(&(*changed)->before);
	vaultenv_list_free(&(*changed)->secrets);
	vaultenv_list_free(&(*changed)->conflicts);
	free(*changed);
	*changed = NULL;
}

/* Whoever can push could otherwise change the key or server of a reader. */
static int
reserved_drop(struct vaultenv_list *list, const struct notice *notice)
{
	char text[VAULTENV_ERROR_TEXT];
	const struct vaultenv_pair *pair;
	size_t i = 0;
	int r;

	while ((pair = vaultenv_list_at(list, i)) != NULL) {
		if (!vaultenv_name_is_reserved(pair->name)) {
			i++;
			continue;
		}
		snprintf(text, sizeof(text),
		    "The secrets hold %s, which was left out: it is never "
		    "taken from the server",
		    pair->name);
		if (notice != NULL)
			notice_give(notice, text);
		if ((r = vaultenv_list_delete(list, pair->name)) != 0)
			return r;
	}
	return 0;
}

/* A version that may not be there, or not be readable, without reserved names.
 */
static int
version_read(const struct change *c, int64_t number, struct version *v,
    const struct notice *notice, struct vaultenv_error *err)
{
	int r;

	r = c->client->protocol->pull(
	    c->client, number, c->options->take_stale, v, err);
	if (r != 0)
		return r;
	r = reserved_drop(v->list, notice);
	return r == 0 ? 0 : err_general(err, r);
}

/* It cannot be used, and the user will have something else in its place. v1 has
 * an option of its own for that, since there it is mostly another device's. */
static bool
may_be_lost(const struct change *c, const struct vaultenv_error *why)
{
	const struct protocol *protocol = c->client->protocol;

	return (protocol->number == 1 ? c->options->force
				      : c->options->replace) != 0 &&
	       protocol->is_unusable(why);
}

static int
now_read(struct change *c, struct vaultenv_error *err)
{
	const struct vaultenv_change_options *o = c->options;
	struct vaultenv_error why;
	int r;

	r = version_read(c, 0, &c->now, &c->client->notice, &why);
	c->is_unreadable = r != 0 && may_be_lost(c, &why);
	if (r == VAULTENV_ERR_DECRYPT && !c->is_unreadable)
		return err_set(err, r,
		    o->edit != NULL ? "Run: vault-env status"
				    : "To replace it all the same, run: "
				      "vault-env push --force",
		    "The current version of %s cannot be read with this "
		    "device secret, and %s",
		    c->client->environment,
		    o->edit != NULL ? "a change would lose it"
				    : "a push would replace it unseen");
	if (c->is_unreadable ||
	    (r == VAULTENV_ERR_NO_SECRETS && !o->needs_secrets)) {
		r = vaultenv_list_new(&c->now.list);
		return r == 0 ? 0 : err_general(err, r);
	}
	return r == 0 ? 0 : err_copy(err, &why);
}

/* What the list was made from; is_unfounded if that cannot be had. */
static int
base_read(struct change *c, struct version *base, struct vaultenv_error *err)
{
	const int64_t number = c->options->base_version;
	struct vaultenv_error why;
	int r = 0;

	c->is_unfounded = number < 0 || number > c->now.number;
	if (c->is_unfounded || number == 0)
		return 0;
	r = version_read(c, number, base, NULL, &why);
	c->is_unfounded = r == VAULTENV_ERR_NOT_FOUND ||
			  r == VAULTENV_ERR_PROTOCOL ||
			  (r != 0 && c->client->protocol->is_unusable(&why));
	return r == 0 || c->is_unfounded ? 0 : err_copy(err, &why);
}

/* The list, and what others have changed since it was made. */
static int
merge(struct change *c, struct vaultenv_error *err)
{
	const struct vaultenv_change_options *o = c->options;
	struct vaultenv_changed *changed = c->changed;
	const enum list_side prefer = o->merge || o->ours ? LIST_MINE
				      : o->theirs         ? LIST_THEIRS
							  : LIST_NEITHER;
	struct version base;
	int r = 0;

	version_init(&base);
	if (!o->merge && (r = base_read(c, &base, err)) != 0)
		goto out;
	r = c->is_unfounded
		? vaultenv_list_copy(o->list, &changed->secrets)
		: list_merge(base.list, o->list, c->now.list, prefer,
		      &changed->secrets, changed->conflicts);
	if (r != 0)
		err_general(err, r);
out:
	version_reset(&base);
	return r;
}

/* Fills in changed->secrets. */
static int
make(struct change *c, struct vaultenv_error *err)
{
	const struct vaultenv_change_options *o = c->options;
	struct vaultenv_list **secrets = &c->changed->secrets;
	int r;

	if (o->edit != NULL) {
		if ((r = vaultenv_list_copy(c->now.list, secrets)) != 0)
			return err_general(err, r);
		return o->edit(o->arg, *secrets, err);
	}
	if (!o->replace && !c->is_unreadable &&
	    (o->merge || o->base_version != c->now.number))
		r = merge(c, err);
	else if ((r = vaultenv_list_copy(o->list, secrets)) != 0)
		err_general(err, r);
	if (r != 0)
		return r;
	r = reserved_drop(*secrets, NULL);
	return r == 0 ? 0 : err_general(err, r);
}

/* ---- may it be pushed? ---- */

static bool
takes_away(const struct vaultenv_changed *changed)
{
	for (size_t i = 0; i < changed->n_changes; i++)
		if (changed->changes[i].mark != '+')
			return true;
	return false;
}

static int
may_push(const struct change *c, struct vaultenv_error *err)
{
	const struct vaultenv_change_options *o = c->options;
	struct vaultenv_changed *changed = c->changed;
	char names[NAMES_TEXT];

	if (vaultenv_list_len(changed->conflicts) > 0) {
		names_join(changed->conflicts, names);
		return err_set(err, VAULTENV_ERR_CONFLICT,
		    "Take yours or theirs",
		    "Others have changed %s in %s since version %" PRId64
		    ", and so have you: nothing was pushed",
		    names, c->client->environment, o->base_version);
	}
	if (o->dry_run || !c->is_unfounded || !takes_away(changed))
		return 0;
	if (o->confirm != NULL)
		return o->confirm(o->arg, changed, err);
	changed->unfounded = 1;
	return err_set(err, VAULTENV_ERR_CONFLICT,
	    "Replace what is there, or merge into it",
	    "It is not known from which version of %s this was made, and it "
	    "would change or remove secrets of version %" PRId64
	    ": nothing was pushed",
	    c->client->environment, c->now.number);
}

/* ---- one try, and another ---- */

static int
push(struct change *c, struct vaultenv_error *err)
{
	const struct vaultenv_client *client = c->client;
	struct vaultenv_changed *changed = c->changed;
	const struct next_version next = { .list = changed->secrets,
		.base_version = c->now.number,
		.changes = changed->changes,
		.n_changes = changed->n_changes,
		.take_stale = c->options->take_stale != 0,
		.replace = c->is_unreadable };
	int r;

	r = client->protocol->push(c->client, &next, &changed->version, err);
	changed->pushed = r == 0;
	changed->new_environment = r == 0 && client->protocol->number == 2 &&
				   changed->base_version == 0 &&
				   !c->is_unreadable &&
				   !environment_is_offered(client->environment);
	return r;
}

static int
try_once(struct change *c, struct vaultenv_error *err)
{
	struct vaultenv_changed *changed = c->changed;
	int r;

	if ((r = now_read(c, err)) != 0)
		return r;
	changed->version = changed->base_version = c->now.number;
	if ((r = make(c, err)) != 0)
		return r;
	r = vaultenv_list_diff(c->now.list, changed->secrets, &changed->changes,
	    &changed->n_changes);
	if (r != 0)
		return err_general(err, r);
	/* Names of removed ones are borrowed from it. */
	changed->before = c->now.list;
	c->now.list = NULL;
	if (changed->n_changes == 0 || (r = may_push(c, err)) != 0 ||
	    c->options->dry_run)
		return r;
	return push(c, err);
}

/* Random, so that two who collided do not collide again. */
static void
pause_before(int try)
{
	uint32_t random = 0;
	long max_ms = 20L << (try < 6 ? try : 6), ms;
	struct timespec t;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)time(NULL);
	if (max_ms > WAIT_MAX_MS)
		max_ms = WAIT_MAX_MS;
	ms = (long)(random % (uint32_t)max_ms);
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&t, NULL);
}

static bool
holds_secrets(const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++)
		if (!vaultenv_name_is_reserved(pair->name))
			return true;
	return false;
}

static int
changed_new(struct vaultenv_changed **out, struct vaultenv_error *err)
{
	vaultenv_changed_free(out);
	if ((*out = calloc(1, sizeof(**out))) == NULL ||
	    vaultenv_list_new(&(*out)->conflicts) != 0)
		return err_general(err, VAULTENV_ERR_NOMEM);
	return 0;
}

int
vaultenv_secrets_change(struct vaultenv_client *client,
    const struct vaultenv_change_options *options,
    struct vaultenv_changed **out, struct vaultenv_error *err)
{
	const int tries = options->replace     ? 1
			  : options->tries > 0 ? options->tries
					       : TRIES;
	struct vaultenv_changed *changed = NULL;
	struct vaultenv_error why = { 0 };
	int r, try = 0;

	if (options->edit == NULL && !holds_secrets(options->list))
		return err_set(err, VAULTENV_ERR_INVALID, NULL,
		    "Nothing to push: there is no variable to share");
	do {
		struct change c = { .client = client, .options = options };

		if (try > 0)
			pause_before(try);
		version_init(&c.now);
		if ((r = changed_new(&changed, &why)) == 0) {
			c.changed = changed;
			r = try_once(&c, &why);
		}
		version_reset(&c.now);
	} while (r == VAULTENV_ERR_CONFLICT && why.current_version > 0 &&
		 ++try < tries);
	if (r != 0)
		err_copy(err, &why);
	if (try > 1 && try == tries)
		err_set(err, r, "Try again",
		    "%s was changed by others %d times in a row",
		    client->environment, try);
	if (r == 0 || r == VAULTENV_ERR_CONFLICT) {
		*out = changed;
		changed = NULL;
	}
	vaultenv_changed_free(&changed);
	return r;
}
