/* SPDX-License-Identifier: MIT */
/*
 * mirror.c: the newest version from a static web server, while the server is
 * away: a bundle that verifies by itself. It is read only by a device that
 * accepts no version older than so long: who blocks the server could else give
 * it an old file for ever. Must not write a cache.
 */
#include "config.h"

#include <string.h>

#include "v2/v2.h"

#define MIRROR_URL_MAX 4096

static int
url_make(struct vaultenv_client *c, const char *mirror, struct blob *url,
    struct vaultenv_error *err)
{
	struct url parsed;
	int r;

	if (url_parse(mirror, &parsed) != 0 || !url_is_allowed(&parsed, false))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Write it like https://mirror.example.com/secrets",
		    "%s is no URL of a mirror: it has to begin with https://",
		    mirror);
	if ((r = url_canonical(url, mirror)) != 0 ||
	    (r = blob_printf(
		 url, "/%s/%s.json", c->project_id, c->environment)) != 0)
		return err_general(err, r);
	return 0;
}

static int
get(struct vaultenv_client *c, const char *mirror, struct blob *body,
    struct vaultenv_error *err)
{
	const char *const headers[] = { "Accept: application/json", NULL };
	struct http_reply reply = { .status = 0 };
	struct blob url;
	int r;

	blob_init(&url, MIRROR_URL_MAX);
	blob_init(&reply.body, REPLY_MAX);
	if ((r = url_make(c, mirror, &url, err)) != 0)
		goto out;
	r = transport_perform(c->transport, (const char *)url.data, headers,
	    NULL, 0, &reply, err);
	if (r == 0 && reply.status != 200)
		r = err_set(err, VAULTENV_ERR_NETWORK, "Check the URL",
		    "%s answers HTTP %d", (const char *)url.data, reply.status);
	if (r == 0) {
		*body = reply.body;
		blob_init(&reply.body, REPLY_MAX);
	}
out:
	blob_reset(&reply.body);
	blob_reset(&url);
	return r;
}

/* Its log first, as that of a reply. */
static int
take_log(struct vaultenv_client *c, const struct bundle *b,
    struct vaultenv_error *err)
{
	struct standing standing;
	int r;

	if (b->project.len != ID_LEN ||
	    memcmp(b->project.at, c->project_id, ID_LEN) != 0)
		return code_error(c, CODE_WRONG_PROJECT, NULL, NULL, NULL, err);
	if ((r = team_take_log(c, 0, b->log, b->n_log, err)) != 0 ||
	    (r = team_standing(c, c->environment, &standing, err)) != 0)
		return r;
	if (standing.grant->fresh_s > 0)
		return 0;
	err_set(err, VAULTENV_ERR_FORBIDDEN, NULL,
	    "A mirror could be old for ever, and is read only by a device that "
	    "accepts no old version");
	strcpy(err->reason, code_name(CODE_RECORD_STALE));
	return err_hint(err,
	    "Ask an admin to run: vault-env scope-device --id %s --fresh 1d",
	    c->team->keys->device.id);
}

static int
take(struct vaultenv_client *c, const struct bundle *b, struct opened *o,
    bool *start_over, struct vaultenv_error *err)
{
	struct finding why;
	struct opening in;
	int r;

	if ((r = take_log(c, b, err)) != 0)
		return r;
	team_opening(c, c->environment, &in);
	in.source = FROM_MIRROR;
	in.log_from = 0;
	if ((r = bundle_open(&in, &c->team->log, b, o, &why)) != 0)
		return code_error(c, r, &why, c->environment,
		    pin_file(c->team, c->environment), err);
	return team_take_records(
	    c, c->environment, &o->records, start_over, err);
}

static int
pull(struct vaultenv_client *c, const char *mirror, struct version *v,
    struct vaultenv_error *err)
{
	struct bundle b = { .n_log = 0 };
	struct opened o = { .records.n = 0 };
	bool start_over = false;
	struct blob body;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	c->team->is_mirror = true;
	blob_init(&body, REPLY_MAX);
	blob_init(&o.plain, SIZE_MAX);
	blob_init(&o.records.bytes, SIZE_MAX);
	if ((r = get(c, mirror, &body, err)) != 0)
		goto out;
	r = bundle_read(&b, (const char *)body.data, body.len);
	if (r != 0)
		r = code_error(c, r, NULL, NULL, NULL, err);
	else
		r = take(c, &b, &o, &start_over, err);
	if (r == 0 && start_over)
		r = err_set(err, VAULTENV_ERR_CONFLICT, "Try again",
		    "Another program saw a newer version of %s meanwhile",
		    c->environment);
	if (r == 0 && (r = opened_list(&o, &v->list, err)) == 0)
		v->number = o.history.newest->version;
out:
	c->team->is_mirror = false;
	opened_reset(&o);
	bundle_reset(&b);
	blob_reset(&body);
	return r;
}

/* Such a file is written from time to time: it may well be older than the last
 * pull. */
static bool
is_behind(const struct vaultenv_error *why)
{
	return strcmp(why->reason, code_name(CODE_LOG_SHORT)) == 0 ||
	       strcmp(why->reason, code_name(CODE_RECORD_ROLLBACK)) == 0;
}

int
v2_mirror(struct vaultenv_client *c, const char *mirror, struct version *v,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r;

	if ((r = pull(c, mirror, v, &why)) == 0)
		return 0;
	if (!is_behind(&why))
		return err_copy(err, &why);
	err_set(&why, VAULTENV_ERR_FORBIDDEN, NULL,
	    "The mirror is older than what this machine has seen of %s",
	    c->environment);
	strcpy(why.reason, code_name(CODE_RECORD_STALE));
	err_hint(
	    &why, "Write it anew: vault-env bundle --env %s", c->environment);
	return err_copy(err, &why);
}

int
vaultenv_secrets_mirror(struct vaultenv_client *client, const char *mirror,
    struct vaultenv_list **out, int64_t *out_version,
    struct vaultenv_error *err)
{
	struct version v;
	int r;

	version_init(&v);
	if ((r = v2_mirror(client, mirror, &v, err)) == 0) {
		*out = v.list;
		v.list = NULL;
		if (out_version != NULL)
			*out_version = v.number;
	}
	version_reset(&v);
	return r;
}
