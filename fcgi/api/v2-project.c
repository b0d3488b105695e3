/* SPDX-License-Identifier: MIT */
/*
 * v2-project.c: projects of protocol v2: they begin with a root and end with a
 * deletion, both signed by an admin and by VAULT_KEY.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"
#include "api/joining.h"
#include "common/clock.h"
#include "common/settings.h"
#include "key/keycache.h"
#include "trust/members.h"

static void
create(struct call *c, const struct entry *root, const struct registration *g)
{
	const char *name = c->in.text[FIELD_PROJECT_NAME];
	struct json_writer *body = &c->reply->body;
	uint8_t sealed[SEALED_LEN];
	struct db_params p;
	struct db_result r = { .pg = NULL };

	if (joining_seal(c, g, sealed) != 0) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		return;
	}
	v2_begin_change(c, &p);
	db_text(&p, name != NULL ? name : root->project);
	db_bytes(&p, sealed, SEALED_LEN);
	db_bytes(&p, c->server->key->id, SERVERKEY_ID_LEN);
	db_bytes(&p, root->raw.bytes, root->raw.len + 2 * SIGNATURE_LEN);
	db_bytes(&p, root->raw.hash, HASH_LEN);
	db_bytes(&p, root->join, PUBLIC_KEY_LEN);
	db_text(&p, root->device);
	db_text(&p, root->name);
	db_bytes(&p, root->sign, PUBLIC_KEY_LEN);
	db_bytes(&p, root->box, PUBLIC_KEY_LEN);
	db_bytes(&p, g->raw.bytes, g->raw.len + 2 * SIGNATURE_LEN);
	db_int(&p, c->server->settings->project_daily_limit);
	if (v2_exec(c, PROJECT_CREATE_V2, &p, "root", 0, &r) == 0) {
		json_begin(body, '{');
		v2_put_uuid(body, "device_id", &r, 0, "device_id");
		json_put_int(body, "log_count", db_get_int(&r, 0, "log_count"));
		json_end(body, '}');
	}
	db_result_free(&r);
}

/* A root by itself: 0, a code, or a status of the library. */
static int
check_root(const struct call *c, const struct entry *root)
{
	struct members m;
	int r;

	members_init(&m, c->in.text[FIELD_PROJECT_ID]);
	r = members_apply(&m, root, true);
	members_reset(&m);
	return r;
}

void
project_create_v2(struct call *c)
{
	struct entry *root = malloc(sizeof(*root));
	struct registration g;
	struct blob bytes;
	size_t generation;
	int r = VAULTENV_ERR_NOMEM;

	blob_init(&bytes, ENTRY_SIZE_MAX + SMALL_SIZE_MAX);
	if (project_may_be_created(c) != 0)
		goto out;
	if (root == NULL || blob_reserve(&bytes, bytes.max) != 0 ||
	    (r = entry_read(root, &bytes, v2_statement(c, FIELD_ROOT))) != 0 ||
	    (r = check_root(c, root)) != 0) {
		v2_refuse_new(c, "root", r);
		goto out;
	}
	r = registration_read(&g, &bytes, v2_statement(c, FIELD_REGISTRATION));
	if (r == 0)
		r = joining_check(c, &g,
		    (const uint8_t(*)[PUBLIC_KEY_LEN])root->join, 1,
		    &generation);
	if (r == 0 && strcmp(g.device, root->device) != 0)
		r = CODE_REGISTER_DEVICE_ID;
	if (r != 0)
		joining_refuse(c, r);
	else
		create(c, root, &g);
out:
	blob_reset(&bytes);
	free(root);
}

/* What of a deletion's faults needs no database. */
static const char *
deletion_flaw(const struct call *c, const struct deletion *d,
    const uint8_t join[PUBLIC_KEY_LEN])
{
	if (!request_time_is_near(d->at_ms, clock_unix_ms()))
		return code_name(CODE_REQUEST_TIME);
	if (!statement_verify(&d->raw, 0, c->key->sign_public))
		return code_name(CODE_LOG_SIGNATURE);
	if (!statement_verify(&d->raw, 1, join))
		return code_name(CODE_LOG_JOIN);
	return NULL;
}

void
project_delete(struct call *c)
{
	struct db_result r = { .pg = NULL };
	struct blob bytes, joins;
	struct deletion d;
	struct db_params p;
	int code;

	blob_init(&bytes, SMALL_SIZE_MAX);
	blob_init(&joins, SIZE_MAX);
	code = deletion_read(&d, &bytes, v2_statement(c, FIELD_DELETION));
	if (code == 0 && strcmp(d.project, c->in.text[FIELD_PROJECT_ID]) != 0)
		code = CODE_WRONG_PROJECT;
	if (code != 0) {
		v2_refuse_statement(c, "deletion", code);
		goto out;
	}
	if (joining_keys(c, &joins) != 0)
		goto out;
	v2_begin_change(c, &p);
	db_text(
	    &p, deletion_flaw(c, &d, joins.data + joins.len - PUBLIC_KEY_LEN));
	db_int(&p, d.log_count);
	db_bytes(&p, d.log_hash, HASH_LEN);
	db_text(&p, d.author);
	if (v2_exec(c, PROJECT_DELETE, &p, "deletion", d.log_count, &r) == 0) {
		json_begin(&c->reply->body, '{');
		v2_put_true(&c->reply->body, "deleted", true);
		json_end(&c->reply->body, '}');
	}
out:
	db_result_free(&r);
	blob_reset(&joins);
	blob_reset(&bytes);
}
