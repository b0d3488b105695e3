/* SPDX-License-Identifier: MIT */
/*
 * versions.c: versions of an environment: which one is current, which there
 * were, and going back to one. No blob is opened here, no secret is seen.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "v1/v1.h"

#define MARKED_NAME_MAX 1024 /* bytes of a history entry that are kept */

int
v1_current_version(struct vaultenv_client *client, int64_t *out_version,
    char **updated_at, struct vaultenv_error *err)
{
	struct current {
		int64_t version;
		char *updated_at;
	} got = { 0, NULL };
	static const struct wanted want[] = {
		WANT("version", take_version_or_0,
		    offsetof(struct current, version)),
		WANT("updated_at", take_text_or_null,
		    offsetof(struct current, updated_at)),
		WANT_END,
	};
	struct vaultenv_error why;
	struct call call;
	int r;

	v1_call_begin_environment(&call, client, "secrets/current-version");
	r = v1_call_perform(&call, want, &got, &why);
	if (r == VAULTENV_ERR_NO_SECRETS)
		r = 0; /* unknown to the server: the first push makes it */
	else if (r != 0 && err != NULL)
		*err = why;
	if (r == 0)
		*out_version = got.version;
	if (r == 0 && updated_at != NULL) {
		*updated_at = got.updated_at;
		got.updated_at = NULL;
	}
	free(got.updated_at);
	call_end(&call);
	return r;
}

/* An array of names, or null. out is the struct vaultenv_version. */
static int
take_changed(struct json_object *o, const struct json_value *v, void *out)
{
	struct vaultenv_version *version = out;
	struct json_value item;
	size_t pos = 0, cap = 0;
	char **grown, *name;

	if (v != NULL && v->type == JSON_NULL)
		return 0;
	if (v == NULL || v->type != JSON_ARRAY)
		return VAULTENV_ERR_PROTOCOL;
	while (json_array_next(o, v, &pos, &item) > 0) {
		if (item.type != JSON_STRING)
			return VAULTENV_ERR_PROTOCOL;
		if (version->n_changed == cap) {
			cap = cap == 0 ? 16 : 2 * cap;
			grown =
			    reallocarray(version->changed, cap, sizeof(*grown));
			if (grown == NULL)
				return VAULTENV_ERR_NOMEM;
			version->changed = grown;
		}
		if ((name = text_printable(item.text, MARKED_NAME_MAX)) == NULL)
			return VAULTENV_ERR_NOMEM;
		version->changed[version->n_changed++] = name;
	}
	return 0;
}

#define AT(member) offsetof(struct vaultenv_version, member)

int
v1_versions(struct vaultenv_client *client, struct vaultenv_versions **out,
    struct vaultenv_error *err)
{
	static const struct wanted version[] = {
		WANT("version", take_version, AT(version)),
		WANT("created_at", take_text, AT(created_at)),
		WANT("changed_keys", take_changed, 0),
		WANT_END,
	};
	static const struct wanted want[] = {
		WANT_ITEMS("versions", version, struct vaultenv_version),
		WANT_END,
	};
	struct vaultenv_versions *list;
	struct items got = { 0 };
	struct call call;
	int r;

	if ((list = calloc(1, sizeof(*list))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	v1_call_begin_environment(&call, client, "secrets/versions");
	r = v1_call_perform(&call, want, &got, err);
	*list = (struct vaultenv_versions){ got.n, got.at };
	if (r == 0) {
		*out = list;
		list = NULL;
	}
	vaultenv_versions_free(&list);
	call_end(&call);
	return r;
}

int
v1_rollback(struct vaultenv_client *client, int64_t version,
    int64_t *out_version, struct vaultenv_error *err)
{
	struct call call;
	int r;

	v1_call_begin_environment(&call, client, "secrets/rollback");
	call.is_write = true;
	json_put_int(&call.body, "version", version);
	r = v1_call_perform_version(&call, out_version, err);
	call_end(&call);
	return r;
}
