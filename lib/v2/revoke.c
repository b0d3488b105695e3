/* SPDX-License-Identifier: MIT */
/*
 * revoke.c: devices are shut out for good: an entry of the log each, with cuts;
 * then a new data key for each environment that they could read.
 */
#include "config.h"

#include <string.h>

#include "v2/devices.h"

static int
revoke_fill(struct vaultenv_client *c, void *arg, struct entry *e,
    struct vaultenv_error *err)
{
	const char *id = arg;
	const struct member *m;
	int r;

	if ((r = member_check(c, id, &m, err)) == 0)
		memcpy(e->device, m->id, sizeof(e->device));
	return r;
}

static bool
is_revoked(const struct vaultenv_client *c, const char *id)
{
	const struct member *m = members_find(&c->team->log, id);

	return m != NULL && member_now(m)->revoked;
}

static int
revoke(struct vaultenv_client *c, const char *id, struct vaultenv_error *err)
{
	const struct act act = { .kind = ENTRY_REVOKE,
		.fill = revoke_fill,
		.arg = (void *)(uintptr_t)id };
	int r;

	if ((r = device_id_check(id, err)) != 0)
		return r;
	r = team_append(c, &act, err);
	/* Another admin, or an earlier run, has done it. */
	return r == VAULTENV_ERR_CONFLICT && is_revoked(c, id) ? 0 : r;
}

int
vaultenv_devices_revoke(struct vaultenv_client *c, const char *const *ids,
    size_t n, size_t *n_done, struct vaultenv_environments **confirmed,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r = 0, keys;

	*n_done = 0;
	for (; r == 0 && *n_done < n; *n_done += r == 0)
		r = revoke(c, ids[*n_done], err);
	/* Who has revoked itself can confirm nothing. */
	if (*n_done == 0 || is_revoked(c, c->team->keys->device.id))
		return r;
	keys = vaultenv_rotation_confirm(c, confirmed, &why);
	return r != 0 || keys == 0 ? r : err_copy(err, &why);
}

int
v2_device_revoke(
    struct vaultenv_client *c, const char *id, struct vaultenv_error *err)
{
	struct vaultenv_environments *confirmed = NULL;
	size_t n_done;
	int r;

	r = vaultenv_devices_revoke(c, &id, 1, &n_done, &confirmed, err);
	vaultenv_environments_free(&confirmed);
	return r;
}
