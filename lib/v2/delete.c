/* SPDX-License-Identifier: MIT */
/*
 * delete.c: the end of a project: a statement that names the newest entry of
 * its log, by an admin's device and by VAULT_KEY. Must not touch what is on
 * this machine: that is all that is left then.
 */
#include "config.h"

#include <string.h>

#include "v2/v2.h"

/* By the log as it is now. */
static int
sign(const struct team *t, struct blob *out)
{
	const size_t n = t->log.n_steps;
	struct deletion d = { .suite = SUITE_1, .log_count = (int64_t)n };

	memcpy(d.project, t->project, sizeof(d.project));
	memcpy(d.log_hash, t->log.steps[n - 1].hash, HASH_LEN);
	memcpy(d.author, t->keys->device.id, sizeof(d.author));
	d.at_ms = clock_now_ms() + t->clock_offset_ms;
	return deletion_sign(out, &d, &t->keys->device, team_key(t));
}

/* *again: the log has grown meanwhile. */
static int
delete_once(struct vaultenv_client *c, bool *again, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("deleted", take_true, 0),
		WANT_END };
	struct blob deletion;
	struct call call;
	int r;

	*again = false;
	if ((r = team_sync(c, err)) != 0 || (r = team_admin(c, err)) != 0)
		return r;
	blob_init(&deletion, BASE64_LEN(SMALL_SIZE_MAX) + 1);
	v2_call_begin(&call, c, "project/delete");
	if ((r = sign(c->team, &deletion)) != 0) {
		err_general(err, r);
		goto out;
	}
	json_put_text(&call.body, "deletion", (const char *)deletion.data);
	v2_put_log_have(&call);
	r = v2_call_perform(&call, want, NULL, err);
	*again = r != 0 && v2_call_code(&call) == CODE_LOG_CHANGED;
out:
	call_end(&call);
	blob_reset(&deletion);
	return r;
}

int
vaultenv_project_delete(struct vaultenv_client *c, struct vaultenv_error *err)
{
	bool again;
	int r, tries = 0;

	if ((r = team_begin(c, err)) != 0)
		return r;
	do {
		r = delete_once(c, &again, err);
	} while (again && ++tries < TRIES_MAX);
	return r;
}
