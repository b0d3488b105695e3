/* SPDX-License-Identifier: MIT */
/*
 * call.h: one request on its way to an answer, as handlers see it; and what
 * all requests of the process share.
 */
#ifndef VAULT_FCGI_API_CALL_H
#define VAULT_FCGI_API_CALL_H

#include "db/db.h"
#include "http/input.h"
#include "http/reply.h"
#include "http/request.h"
#include "key/serverkey.h"
#include "wire/mac.h"

struct auth_key;
struct keycache;
struct replay;
struct route;
struct settings;

struct server {
	const struct settings *settings;
	struct serverkey *key;
	struct db *db;
	struct keycache *keys;
	struct replay *replay;
	uint8_t create_token_hash[HASH_LEN]; /* project_creation = token */
};

struct call {
	struct server *server;
	const struct route *route;
	struct request req;
	struct input in;
	struct reply *reply;
	uint8_t digest[MAC_LEN];    /* of a signature that was verified */
	uint8_t sealed[SEALED_LEN]; /* the auth key that verified it */
	/* v2: the request, the key of its id, and whose that is */
	struct request_auth auth;
	struct auth_key *key;     /* NULL: not known */
	char project[ID_LEN + 1]; /* for the log; empty: not known */
	char device[ID_LEN + 1];
};

/*
 * For the log: the ids that a request names, then those that a function found
 * out, as that of a new project or of the device behind a hash. NULL: not
 * known.
 */
void call_note_ids(struct call *c, const char *project, const char *device);
/* The parameters that signed statements begin with. */
void call_begin_params(const struct call *c, struct db_params *p);
/* The device that calls, or null when it did not say. */
void call_device_param(const struct call *c, struct db_params *p);
/* The bytes that a project may store. */
void call_quota_param(const struct call *c, struct db_params *p);
/* The devices that a project of v2 may have, revoked ones aside: a new data key
 * comes with a wrap for each that can read. */
int call_max_members(const struct call *c);
/* db_exec(); what the database refuses becomes the reply. 0 or -1. */
int call_exec(struct call *c, enum stmt stmt, const struct db_params *p,
    struct db_result *r);

#endif
