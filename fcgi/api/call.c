/* SPDX-License-Identifier: MIT */
/*
 * call.c: what several handlers do alike.
 */
#include "config.h"

#include <string.h>

#include "api/call.h"
#include "common/settings.h"

void
call_note_ids(struct call *c, const char *project, const char *device)
{
	if (project != NULL)
		memcpy(c->project, project, sizeof(c->project));
	if (device != NULL)
		memcpy(c->device, device, sizeof(c->device));
}

void
call_begin_params(const struct call *c, struct db_params *p)
{
	p->n = 0;
	db_text(p, c->in.text[FIELD_PROJECT_ID]);
	db_bytes(p, c->sealed, SEALED_LEN);
	db_bytes(p, c->digest, MAC_LEN);
}

void
call_device_param(const struct call *c, struct db_params *p)
{
	const bool given = (c->in.given & FIELD_BIT(FIELD_DEVICE_HASH)) != 0;

	db_bytes(p, given ? c->in.device_hash : NULL, HASH_LEN);
}

void
call_quota_param(const struct call *c, struct db_params *p)
{
	db_int(p, (int64_t)c->server->settings->project_quota_mib << 20);
}

int
call_max_members(const struct call *c)
{
	const int max = c->server->settings->max_devices;

	return max < WRAPS_MAX ? max : WRAPS_MAX;
}

/* A refusal with the member that the function gave it, if it did: a number, or
 * an id. */
static void
refuse(struct call *c, const struct db_result *r)
{
	const struct refusal_row *row = &refusals[r->refusal];
	char id[ID_LEN + 1];

	if (row->member == NULL || db_is_null(r, 0, row->member))
		reply_refuse(c->reply, r->refusal);
	else if (db_get_uuid(r, 0, row->member, id))
		reply_refuse_with(
		    c->reply, r->refusal, row->sentence, row->member, id);
	else
		reply_refuse_int(
		    c->reply, r->refusal, db_get_int(r, 0, row->member));
}

int
call_exec(struct call *c, enum stmt stmt, const struct db_params *p,
    struct db_result *r)
{
	char project[ID_LEN + 1], device[ID_LEN + 1];
	const int result = db_exec(c->server->db, stmt, p, r);

	call_note_ids(c,
	    db_get_uuid(r, 0, "project_id", project) ? project : NULL,
	    db_get_uuid(r, 0, "device_id", device) ? device : NULL);
	if (result != 0)
		refuse(c, r);
	return result;
}
