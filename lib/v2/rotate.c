/* SPDX-License-Identifier: MIT */
/*
 * rotate.c: another VAULT_KEY in place of the one in use. Its secret is on disk
 * before the log has it, and stays there until the caller has put the key where
 * it belongs: whatever dies in between, the next run goes on from there.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v2/rotate.h"

/* VAULT_KEY_NEXT of this client, whatever it was before; read anew. */
static int
next_use(struct vaultenv_client *c, const struct next_secret *next,
    struct vaultenv_error *err)
{
	struct vault_key *key;
	int r;

	if ((key = secmem_alloc(sizeof(*key))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = vault_key_derive(key, c->project_id, next->secret)) != 0) {
		r = err_general(err, r);
		goto out;
	}
	memcpy(key->anchor, c->team->keys->key.anchor, HASH_LEN);
	vault_key_write(c->keys->next_key, key);
	client_forget(c);
	r = team_begin(c, err);
out:
	secmem_free(key, sizeof(*key));
	return r;
}

static int64_t
generation_of_next(const struct team *t)
{
	return t->keys->has_next
		   ? members_generation(&t->log, t->keys->next.join)
		   : -1;
}

/* The next key is the log's newest, and is not VAULT_KEY itself already; or it
 * is, but what comes after was not finished. */
static bool
is_in_force(const struct team *t, const struct next_secret *next)
{
	return t->keys->uses_next &&
	       (next->is_there || memcmp(t->keys->next.join, t->keys->key.join,
				      PUBLIC_KEY_LEN) != 0);
}

/* What is on disk, and what the log says of it. A secret that is neither in
 * force nor to be is of no use: others have rotated. */
static int
look(struct vaultenv_client *c, struct next_secret *next,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	struct standing standing;
	int r;

	if ((r = next_read(c, next, err)) != 0 ||
	    (next->is_there && (r = next_use(c, next, err)) != 0))
		return r;
	if ((r = team_sync(c, &why)) != 0) {
		if (next->is_there && strcmp(why.reason, "key_replaced") == 0 &&
		    next_remove(c, NULL) == 0)
			return team_standing(c, NULL, &standing, err);
		return err_copy(err, &why);
	}
	if ((r = team_admin(c, err)) != 0 || !next->is_there ||
	    c->team->keys->uses_next || generation_of_next(c->team) < 0)
		return r;
	next->is_there = false;
	return next_remove(c, err);
}

static int
secret_make(const struct vaultenv_client *c, struct next_secret *next,
    enum vaultenv_rotation_kind kind)
{
	const struct team *t = c->team;

	next->is_prepared = kind == VAULTENV_ROTATE_PREPARE;
	if (kind == VAULTENV_ROTATE_LEAKED || !t->keys->has_next ||
	    generation_of_next(t) >= 0)
		return random_bytes(next->secret, KEY_LEN);
	memcpy(next->secret, t->keys->next.secret, KEY_LEN);
	next->is_prepared = true;
	return 0;
}

/* What the rotation is to be by, on disk. */
static int
choose(struct vaultenv_client *c, enum vaultenv_rotation_kind kind,
    struct next_secret *next, struct vaultenv_rotation *out,
    struct vaultenv_error *err)
{
	const bool was_there = next->is_there;
	int r;

	out->dropped =
	    was_there && next->is_prepared && kind == VAULTENV_ROTATE_LEAKED;
	if (was_there && !out->dropped &&
	    (next->is_prepared || kind != VAULTENV_ROTATE_PREPARE))
		goto out;
	if (was_there && !out->dropped)
		next->is_prepared = true;
	else if ((r = secret_make(c, next, kind)) != 0)
		return err_general(err, r);
	r = next_write(c, next, err);
	/* Another process was faster. */
	if (r == VAULTENV_ERR_EXISTS && !was_there)
		r = next_read(c, next, err);
	if (r != 0)
		return r;
out:
	out->prepared = next->is_prepared;
	return next_use(c, next, err);
}

/* As it is now, or will be: with this entry of the log as its anchor. */
static int
key_write(const struct team *t, const struct vault_key *key, size_t seq,
    char **text, size_t *len)
{
	struct vault_key *anchored;
	char *copy;

	if ((anchored = secmem_alloc(sizeof(*anchored))) == NULL)
		return VAULTENV_ERR_NOMEM;
	*anchored = *key;
	memcpy(anchored->anchor, t->log.steps[seq].hash, HASH_LEN);
	if ((copy = malloc(VAULT_KEY_V2_LEN + 1)) != NULL) {
		vault_key_write(copy, anchored);
		vaultenv_text_free(text, *len);
		*text = copy;
		*len = VAULT_KEY_V2_LEN;
	}
	secmem_free(anchored, sizeof(*anchored));
	return copy == NULL ? VAULTENV_ERR_NOMEM : 0;
}

/* The entry that brought the newest key. */
static size_t
seq_of_newest_key(const struct members *log)
{
	return (size_t)log->generations[log->n_generations - 1].seq;
}

static int
begin(struct vaultenv_client *c, enum vaultenv_rotation_kind kind,
    struct next_secret *next, struct vaultenv_rotation *out,
    struct vaultenv_error *err)
{
	size_t seq;
	int r;

	if ((r = look(c, next, err)) != 0)
		return r;
	out->in_force = is_in_force(c->team, next);
	if (out->in_force && kind == VAULTENV_ROTATE_PREPARE)
		return err_set(err, VAULTENV_ERR_EXISTS,
		    "Run first: vault-env rotate-key",
		    "The next VAULT_KEY of project %s is in force already, but "
		    "not in its place here",
		    c->project_id);
	if (out->in_force)
		out->prepared = !next->is_there || next->is_prepared;
	else if ((r = choose(c, kind, next, out, err)) != 0)
		return r;
	seq = out->in_force ? seq_of_newest_key(&c->team->log)
			    : c->team->log.n_steps - 1;
	r = key_write(c->team, &c->team->keys->next, seq, &out->key, &out->len);
	return r == 0 ? 0 : err_general(err, r);
}

int
vaultenv_rotation_begin(struct vaultenv_client *c,
    enum vaultenv_rotation_kind kind, struct vaultenv_rotation **out,
    struct vaultenv_error *err)
{
	struct vaultenv_rotation *rotation = NULL;
	struct next_secret *next;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	if ((next = secmem_alloc(sizeof(*next))) == NULL ||
	    (rotation = calloc(1, sizeof(*rotation))) == NULL)
		r = err_general(err, VAULTENV_ERR_NOMEM);
	else if ((r = begin(c, kind, next, rotation, err)) == 0) {
		*out = rotation;
		rotation = NULL;
	}
	vaultenv_rotation_free(&rotation);
	secmem_free(next, sizeof(*next));
	return r;
}

void
vaultenv_rotation_free(struct vaultenv_rotation **rotation)
{
	if (rotation == NULL || *rotation == NULL)
		return;
	vaultenv_text_free(&(*rotation)->key, (*rotation)->len);
	free(*rotation);
	*rotation = NULL;
}

/* By the log as it is now: another process of this machine may have appended
 * the very same key. */
static int
fill(struct vaultenv_client *c, void *arg, struct entry *e,
    struct vaultenv_error *err)
{
	const struct team_keys *keys = c->team->keys;
	struct vaultenv_rotation *rotation = arg;
	int r;

	rotation->in_force = keys->uses_next;
	if (rotation->in_force)
		return err_general(err, VAULTENV_ERR_EXISTS);
	memcpy(e->join, keys->next.join, PUBLIC_KEY_LEN);
	r = chain_seal(e->old_psk, &keys->next, team_key(c->team));
	return r == 0 ? 0 : err_general(err, r);
}

int
vaultenv_rotation_append(struct vaultenv_client *c,
    struct vaultenv_rotation *rotation, struct vaultenv_error *err)
{
	const struct act act = {
		.kind = ENTRY_ROTATE, .fill = fill, .arg = rotation
	};
	int r;

	if (!rotation->in_force && (r = team_append(c, &act, err)) != 0 &&
	    !rotation->in_force)
		return r;
	rotation->in_force = 1;
	r = key_write(c->team, team_key(c->team),
	    seq_of_newest_key(&c->team->log), &rotation->key, &rotation->len);
	return r == 0 ? 0 : err_general(err, r);
}

/* Those whose newest version has a data key of before the newest cut. What
 * cannot be confirmed does not stop the others. */
static int
confirm_all(struct vaultenv_client *c, const struct heads_v2 *heads,
    struct vaultenv_environments *out)
{
	struct vaultenv_error why;
	struct confirm how = { .env = NULL };
	char text[VAULTENV_ERROR_LINE + ENV_LEN_MAX], line[VAULTENV_ERROR_LINE];
	int64_t version;
	bool pushed;

	for (size_t i = 0; i < heads->n; i++) {
		if (policy_keeps_key(&c->team->log, &heads->at[i].record))
			continue;
		how.env = heads->at[i].head.env;
		if (team_confirm(c, &how, &version, &pushed, &why) != 0) {
			vaultenv_error_line(&why, line);
			snprintf(text, sizeof(text),
			    "%s has no new data key yet: %s", how.env, line);
			notice_give(&c->notice, text);
			continue;
		}
		out->at[out->n].version = version;
		if ((out->at[out->n].name = strdup(how.env)) == NULL)
			return VAULTENV_ERR_NOMEM;
		out->n++;
	}
	return 0;
}

int
vaultenv_rotation_confirm(struct vaultenv_client *c,
    struct vaultenv_environments **out, struct vaultenv_error *err)
{
	struct vaultenv_environments *done = NULL;
	struct vaultenv_list *names = NULL;
	struct heads_v2 *heads;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	if ((heads = calloc(1, sizeof(*heads))) == NULL ||
	    (done = calloc(1, sizeof(*done))) == NULL ||
	    (done->at = calloc(LIST_MAX, sizeof(*done->at))) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	if ((r = team_environments(c, &names, err)) != 0 ||
	    (r = team_heads(c, names, heads, err)) != 0)
		goto out;
	if ((r = confirm_all(c, heads, done)) != 0) {
		err_general(err, r);
		goto out;
	}
	*out = done;
	done = NULL;
out:
	vaultenv_environments_free(&done);
	vaultenv_list_free(&names);
	free(heads);
	return r;
}

int
vaultenv_rotation_finish(struct vaultenv_client *c, struct vaultenv_error *err)
{
	return next_remove(c, err);
}

int
vaultenv_key_newest(struct vaultenv_client *c, char **key, size_t *len,
    struct vaultenv_error *err)
{
	struct standing standing;
	char *text = NULL;
	int r;

	if ((r = team_begin(c, err)) != 0 || (r = team_sync(c, err)) != 0 ||
	    (r = team_standing(c, NULL, &standing, err)) != 0)
		return r;
	r = key_write(c->team, team_key(c->team), c->team->log.n_steps - 1,
	    &text, &(size_t){ 0 });
	if (r != 0)
		return err_general(err, r);
	*key = text;
	*len = VAULT_KEY_V2_LEN;
	return 0;
}
