/* SPDX-License-Identifier: MIT */
/*
 * rekey.c: the server key replaced, crash-safe. The new key is on disk before
 * the database knows of it, and takes the old one's place after the database
 * has committed; between the two, FILE.new and the fingerprint in the database
 * say how far an interrupted run got. So FILE.new is never removed, whatever
 * failed: the database may be sealed under it. The next run takes it up.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/settings.h"
#include "key/keyfile.h"
#include "key/serverkey.h"
#include "operator/operator.h"
#include "operator/session.h"

struct change {
	struct session session;
	struct serverkey *old, *new;
	char path[1100], new_path[1100], old_path[1100];
	int n_keys;
};

static int
fail(struct change *ch, const char *what, const char *why)
{
	return session_fail(&ch->session, what, why);
}

/* The statements that list and replace the keys of one kind; their ids, if they
 * have such. */
struct kind {
	enum stmt list, replace;
	const char *key, *id;
};

static const struct kind kinds[] = {
	{ AUTH_KEY_LIST, AUTH_KEY_REPLACE, "auth_key", NULL },
	{ MEMBER_KEY_LIST, MEMBER_KEY_REPLACE, "sealed", "key_id" },
};

static int
reseal(struct change *ch, const struct kind *kind, const struct db_result *keys,
    int row)
{
	uint8_t key[KEY_LEN], sealed[SEALED_LEN];
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	char project[ID_LEN + 1], device[ID_LEN + 1];
	struct key_owner owner = { .project = project };
	const uint8_t *was;
	size_t len, id_len = 0;
	int result = -1;

	was = db_get_bytes(keys, row, kind->key, &len);
	if (kind->id != NULL) {
		owner.request_id = db_get_bytes(keys, row, kind->id, &id_len);
		db_get_uuid(keys, row, "member_id", device);
		owner.device = device;
	}
	if (!db_get_uuid(keys, row, "project_id", project) || was == NULL ||
	    serverkey_open(ch->old, key, was, len, &owner) != 0) {
		fail(ch, "a key does not open under the old key", project);
		goto out;
	}
	if (serverkey_seal(ch->new, sealed, key, &owner) != 0) {
		fail(ch, "a key cannot be sealed", project);
		goto out;
	}
	db_text(&p, project);
	if (kind->id != NULL)
		db_bytes(&p, owner.request_id, id_len);
	db_bytes(&p, sealed, SEALED_LEN);
	result = session_exec(&ch->session, kind->replace, &p, &r);
	db_result_free(&r);
out:
	mem_wipe(key, sizeof(key));
	return result;
}

static int
reseal_all(struct change *ch, const struct kind *kind)
{
	struct db_result r;
	int result = -1;

	if (session_exec(&ch->session, kind->list, NULL, &r) != 0)
		return -1;
	for (int row = 0; row < db_rows(&r); row++)
		if (reseal(ch, kind, &r, row) != 0)
			goto out;
	ch->n_keys += db_rows(&r);
	result = 0;
out:
	db_result_free(&r);
	return result;
}

static bool
is_id(const struct db_result *r, const struct serverkey *k)
{
	size_t len;
	const uint8_t *id;

	if (db_rows(r) != 1)
		return false;
	id = db_get_bytes(r, 0, "key_id", &len);
	return id != NULL && len == SERVERKEY_ID_LEN &&
	       memcmp(id, k->id, SERVERKEY_ID_LEN) == 0;
}

/* One transaction, begun by the caller. 1: an earlier run did it already. */
static int
change_database(struct change *ch)
{
	struct db_result r;
	struct db_params p = { .n = 0 };
	int result = -1;

	if (session_exec(&ch->session, SERVER_KEY_LOCK, NULL, &r) != 0)
		return -1;
	if (is_id(&r, ch->new)) {
		result = 1;
		goto out;
	}
	if (!is_id(&r, ch->old)) {
		fail(ch, ch->path,
		    db_rows(&r) == 0
			? "the database has no server key yet, start "
			  "vault.fcgi "
			  "once before changing it"
			: "the database was sealed under another key");
		goto out;
	}
	db_result_free(&r);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (reseal_all(ch, &kinds[i]) != 0)
			return -1;
	db_bytes(&p, ch->old->id, SERVERKEY_ID_LEN);
	db_bytes(&p, ch->new->id, SERVERKEY_ID_LEN);
	if (session_exec(&ch->session, SERVER_KEY_REPLACE, &p, &r) != 0)
		return -1;
	if (!db_get_bool(&r, 0, "replaced")) {
		fail(ch, ch->path, "another change of key came between");
		goto out;
	}
	result = 0;
out:
	db_result_free(&r);
	return result;
}

/* Takes up the key that an interrupted run left, or makes one. */
static int
prepare_new_key(struct change *ch)
{
	char text[2 * KEY_LEN + 2];
	int r = -1;

	if (access(ch->new_path, F_OK) == 0) {
		ch->new = serverkey_load(ch->new_path, ch->session.said);
		return ch->new != NULL ? 0 : -1;
	}
	if ((ch->new = serverkey_generate(text)) == NULL) {
		fail(ch, "a new key", "libgcrypt does not work");
		goto out;
	}
	if (keyfile_create(ch->new_path, text, 2 * KEY_LEN + 1) != 0) {
		fail(ch, ch->new_path, strerror(errno));
		goto out;
	}
	r = 0;
out:
	mem_wipe(text, sizeof(text));
	return r;
}

/* A key that is lost after this is lost for good: is it on disk? */
static int
check_new_key(struct change *ch)
{
	struct serverkey *k = serverkey_load(ch->new_path, ch->session.said);
	int r = 0;

	if (k == NULL)
		return -1;
	if (!mem_equal(k->key, ch->new->key, KEY_LEN))
		r = fail(ch, ch->new_path,
		    "it was changed meanwhile; nothing was done, run "
		    "vault.fcgi --rekey again");
	serverkey_free(&k);
	return r;
}

static int
change_files(struct change *ch)
{
	if (link(ch->path, ch->old_path) != 0 && errno != EEXIST)
		return fail(ch, ch->old_path, strerror(errno));
	if (rename(ch->new_path, ch->path) != 0)
		return fail(ch, ch->path, strerror(errno));
	if (keyfile_sync_folder(ch->path) != 0)
		return fail(ch, ch->path, strerror(errno));
	return 0;
}

static void
set_paths(struct change *ch, const char *path)
{
	char id[2 * 4 + 1];

	hex_encode(id, ch->old->id, 4);
	snprintf(ch->path, sizeof(ch->path), "%s", path);
	snprintf(ch->new_path, sizeof(ch->new_path), "%s.new", path);
	snprintf(ch->old_path, sizeof(ch->old_path), "%s.old-%s", path, id);
}

static int
run(struct change *ch, const struct settings *settings)
{
	char *const said = ch->session.said;
	int done;

	if (session_open(&ch->session, settings) != 0)
		return -1;
	if (prepare_new_key(ch) != 0)
		return -1;
	if (session_begin(&ch->session, "begin") != 0)
		return -1;
	if ((done = change_database(ch)) < 0)
		return -1; /* closing the connection rolls back */
	if (check_new_key(ch) != 0 || session_commit(&ch->session) != 0)
		return -1;
	if (change_files(ch) != 0)
		return -1;
	if (done == 1)
		snprintf(said, WHY_MAX,
		    "The key change that was "
		    "interrupted is finished. ");
	else
		snprintf(said, WHY_MAX,
		    "%d keys are sealed "
		    "under the new server key. ",
		    ch->n_keys);
	snprintf(said + strlen(said), WHY_MAX - strlen(said),
	    "It is in %.300s. Now restart every vault.fcgi."
	    " The old key, %.300s, opens backups of the database made before; "
	    "delete it when there are none.",
	    ch->path, ch->old_path);
	return 0;
}

int
rekey(const struct settings *settings, char said[WHY_MAX])
{
	struct change *ch = calloc(1, sizeof(*ch));
	int lock, r = -1;

	if (ch == NULL) {
		snprintf(said, WHY_MAX, "out of memory");
		return -1;
	}
	ch->session.said = said;
	if ((lock = keyfile_lock_folder(settings->server_key_file)) < 0) {
		fail(ch, settings->server_key_file,
		    errno == EWOULDBLOCK
			? "another vault.fcgi --rekey is at work on it; wait "
			  "until that has ended"
			: strerror(errno));
		goto out;
	}
	ch->old = serverkey_load(settings->server_key_file, said);
	if (ch->old != NULL) {
		set_paths(ch, settings->server_key_file);
		r = run(ch, settings);
	}
	session_close(&ch->session);
	serverkey_free(&ch->old);
	serverkey_free(&ch->new);
	close(lock); /* last: until here nobody else may begin */
out:
	free(ch);
	return r;
}
