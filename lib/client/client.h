/* SPDX-License-Identifier: MIT */
/*
 * client/: the handle on a project, and each call to its server: what is sent,
 * what a reply and a refusal mean.
 */
#ifndef VAULTENV_CLIENT_H
#define VAULTENV_CLIENT_H

#include <sys/types.h>

#include "base/json.h"
#include "net/net.h"
#include "vault/vault.h"

#define ANSWER_MEMBERS_MAX 64
#define REQUEST_MAX        (2 * REPLY_MAX) /* a blob and its key_names */
#define NAME_MAX_LEN       128 /* of projects, devices, environments */

/* One secmem page: nothing in it is ever copied elsewhere. */
struct client_keys {
	char vault_key[VAULTENV_KEY_MAX + 1]; /* "": none */
	/* "": none; given: from the options or the environment */
	char given_secret[VAULTENV_DEVICE_SECRET_LEN + 1];
	char device_secret[VAULTENV_DEVICE_SECRET_LEN + 1];
	uint8_t auth[KEY_LEN];
	uint8_t encryption[KEY_LEN];
};

struct vaultenv_client {
	struct transport *transport;
	pid_t pid; /* who opened it: a forked child finds the keys wiped */
	char *url; /* no slash at the end */
	char *environment;
	/* These change together, with the vault key. */
	struct client_keys *keys;
	char project_id[VAULTENV_PROJECT_ID_LEN + 1]; /* "": none */
	char device_hash[2 * HASH_LEN + 1];           /* "": none */
	char *device_path; /* NULL: no project, or no home folder */

	bool date_is_trusted; /* nobody on the way can change a Date header */
	int64_t clock_offset_ms; /* the server's clock minus ours */
	struct notice notice;
};

/* ---- client.c ---- */

/* INVALID in a forked child, whose copy of the keys is all zeros. */
int client_check_process(
    const struct vaultenv_client *client, struct vaultenv_error *err);

/* Derives what hangs on keys->device_secret; hash is "" when that is "". */
int client_keys_derive(struct client_keys *keys, char hash[2 * HASH_LEN + 1]);

/* ---- discover.c: options, then environment, then files ---- */

/*
 * Sets c->url, c->environment, c->date_is_trusted and, in c->keys,
 * given_secret and the text of vault_key ("" with opts->no_key), not yet
 * looked at. NO_KEY, INVALID, IO.
 */
int discover(struct vaultenv_client *c, const struct vaultenv_options *opts,
    struct vaultenv_error *err);
/* *path may be set to NULL: no home folder. */
int discover_device_path(
    const char *project_id, char **path, struct vaultenv_error *err);
/* keys->device_secret: the one given, else the file's, else "". */
int discover_device_secret(
    const char *path, struct client_keys *keys, struct vaultenv_error *err);

/* ---- call.c: one signed call ---- */

struct answer {
	struct http_reply http;
	struct json_object json; /* borrows from http.body */
	const char *path;        /* "secrets/pull", for sentences */
};

void answer_init(struct answer *r);
void answer_reset(struct answer *r);

/* A body under construction: {"project_id":"…" and no brace at the end. */
int body_begin(struct blob *body, const struct vaultenv_client *c);
/* The same with the environment, for all of secrets/. Sets err. */
int body_begin_environment(struct blob *body, const struct vaultenv_client *c,
    struct vaultenv_error *err);
int body_add_text(struct blob *body, const char *name, const char *text);
int body_add_int(struct blob *body, const char *name, int64_t value);

/*
 * Adds the closing brace, posts the body to <url>/api/v1/<path>, and on success
 * leaves the reply's JSON in *reply, which the caller resets in any case.
 * header: one more header, or NULL.
 */
int client_call(struct vaultenv_client *c, const char *path, struct blob *body,
    struct answer *reply, struct vaultenv_error *err);
int client_call_unsigned(struct vaultenv_client *c, const char *path,
    struct blob *body, const char *header, struct answer *reply,
    struct vaultenv_error *err);

/* PROTOCOL, with a sentence that names the member. */
int answer_error(const struct vaultenv_client *c, const struct answer *r,
    const char *name, struct vaultenv_error *err);

/* ---- secrets.c: the blob as the server gave it ---- */

/* vaultenv_secrets_pull(); base64 NULL, or gets the blob's text. */
int secrets_pull(struct vaultenv_client *client, int64_t version,
    struct vaultenv_list **out, int64_t *out_version, struct blob *base64,
    struct vaultenv_error *err);
/* Opens such a text. version: for sentences. DECRYPT, PROTOCOL. */
int secrets_open(const struct vaultenv_client *client, const char *base64,
    size_t len, int64_t version, struct vaultenv_list **out,
    struct vaultenv_error *err);

/* ---- versions.c ---- */

/* INVALID, unless 1 to JSON_INT_MAX. */
int version_is_real(int64_t version, struct vaultenv_error *err);

/* ---- refusal.c: statuses to codes and sentences ---- */

/* The reply has no 2xx status. device_id: NULL, or of the PENDING device. */
int refusal_error(const struct vaultenv_client *c, const struct answer *r,
    const char *device_id, struct vaultenv_error *err);
bool refusal_is_pending(const struct answer *r);

#endif /* VAULTENV_CLIENT_H */
