/* SPDX-License-Identifier: MIT */
/*
 * push.c: a .env file, pushed as a change of what it was made from, and made
 * to agree with what is there afterwards.
 */
#include "config.h"

#include "client/client.h"
#include "disk/disk.h"

static struct origin
origin_of(const struct vaultenv_client *client, int64_t version)
{
	return (
	    struct origin){ client->project_id, client->environment, version };
}

int64_t
vaultenv_envfile_base(
    const struct vaultenv_envfile *file, const struct vaultenv_client *client)
{
	const struct origin of = origin_of(client, 0);

	return origin_find(file->text, file->len, &of);
}

int
vaultenv_envfile_follow(const struct vaultenv_envfile *file,
    const struct vaultenv_client *client, const struct vaultenv_list *secrets,
    int64_t version, struct vaultenv_error *err)
{
	const struct origin of = origin_of(client, version);

	return envfile_follow(file, &of, secrets, err);
}

int
vaultenv_envfile_push(struct vaultenv_client *client,
    const struct vaultenv_envfile *file,
    const struct vaultenv_change_options *options,
    struct vaultenv_changed **out, struct vaultenv_error *err)
{
	struct vaultenv_change_options o = *options;
	struct vaultenv_error why;
	int r;

	o.edit = NULL;
	o.list = file->list;
	o.base_version = vaultenv_envfile_base(file, client);
	r = vaultenv_secrets_change(client, &o, out, err);
	if (r != 0 || o.dry_run || o.merge || !file->is_regular)
		return r;
	/* It is done; and the next push begins with an older version, no more.
	 */
	(*out)->followed = vaultenv_envfile_follow(file, client,
			       (*out)->secrets, (*out)->version, &why) == 0;
	if (!(*out)->followed)
		notice_give_error(&client->notice, &why);
	return 0;
}
