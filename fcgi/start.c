/* SPDX-License-Identifier: MIT */
/*
 * start.c: what all requests share, made once. Does not touch the network:
 * the database may come later than we do.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/replay.h"
#include "common/settings.h"
#include "common/space.h"
#include "key/keycache.h"
#include "key/keyfile.h"
#include "key/serverkey.h"
#include "start.h"

/* 70 MB at most in each of two generations; see replay.h. */
#define REPLAY_MAX 1500000
#define TOKEN_MIN  8
#define TOKEN_MAX  256

_Static_assert(DB_KEY_ID_LEN == SERVERKEY_ID_LEN, "of one fingerprint");

static int
load_token(struct server *s, char why[WHY_MAX])
{
	const char *path = s->settings->project_creation_token_file;
	char token[TOKEN_MAX + 2];
	int len, r = -1;

	if (s->settings->project_creation != CREATION_TOKEN)
		return 0;
	len = keyfile_read(
	    token, sizeof(token), path, "project_creation_token_file", why);
	if (len < 0)
		return -1;
	if (len < TOKEN_MIN)
		snprintf(why, WHY_MAX,
		    "project_creation_token_file: "
		    "%.200s must hold %d to %d characters",
		    path, TOKEN_MIN, TOKEN_MAX);
	else if (sha256(s->create_token_hash, token, (size_t)len) != 0)
		snprintf(why, WHY_MAX, "libgcrypt does not work");
	else
		r = 0;
	mem_wipe(token, sizeof(token));
	return r;
}

int
server_open(struct server *s, const struct settings *settings, bool read_only,
    char why[WHY_MAX])
{
	*s = (struct server){ .settings = settings };
	if (crypto_init() != 0) {
		snprintf(why, WHY_MAX,
		    "libgcrypt cannot be used: it "
		    "is older than 1.10 or in FIPS mode");
		return -1;
	}
	if (load_token(s, why) != 0 || space_check(settings, why) != 0)
		return -1;
	s->key = serverkey_load(settings->server_key_file, why);
	if (s->key == NULL)
		return -1;
	s->replay = replay_new(REPLAY_MAX);
	s->keys = keycache_new(settings->key_cache);
	s->db = db_new(settings, s->key->id, read_only);
	if (s->keys == NULL || s->replay == NULL || s->db == NULL) {
		snprintf(why, WHY_MAX, "out of memory");
		server_close(s);
		return -1;
	}
	return 0;
}

void
server_close(struct server *s)
{
	db_free(&s->db);
	replay_free(&s->replay);
	keycache_free(&s->keys);
	serverkey_free(&s->key);
	mem_wipe(s->create_token_hash, sizeof(s->create_token_hash));
}
