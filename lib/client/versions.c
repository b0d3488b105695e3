/* SPDX-License-Identifier: MIT */
/*
 * Versions of an environment: which one is current, which there were, and
 * going back to one. No blob is opened here, no secret is seen.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/client.h"

#define TIME_MAX        64
#define MARKED_NAME_MAX 1024 /* bytes of a history entry that are kept */

int
version_is_real(int64_t version, struct vaultenv_error *err)
{
	if (version >= 1 && version <= JSON_INT_MAX)
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID,
	    "There is no such version. "
	    "Versions are whole numbers from 1; see: vault-env versions");
}

int
vaultenv_secrets_current_version(struct vaultenv_client *client,
    int64_t *out_version, char **updated_at, struct vaultenv_error *err)
{
	const struct json_value *at;
	struct vaultenv_error why;
	struct answer reply;
	struct blob body;
	char *copy = NULL;
	int64_t got;
	int r;

	answer_init(&reply);
	blob_init(&body, REQUEST_MAX);
	if ((r = body_begin_environment(&body, client, err)) != 0)
		goto out;
	r = client_call(client, "secrets/current-version", &body, &reply, &why);
	if (r == VAULTENV_ERR_NO_SECRETS) {
		/* Unknown to the server: the first push makes it. */
		*out_version = 0;
		if (updated_at != NULL)
			*updated_at = NULL;
		r = 0;
		goto out;
	}
	if (r != 0) {
		if (err != NULL)
			*err = why;
		goto out;
	}
	if (!json_find_int(&reply.json, "version", 0, &got)) {
		r = answer_error(client, &reply, "version", err);
		goto out;
	}
	at = json_object_find(&reply.json, "updated_at");
	if (at == NULL || (at->type != JSON_STRING && at->type != JSON_NULL)) {
		r = answer_error(client, &reply, "updated_at", err);
		goto out;
	}
	if (updated_at != NULL && at->type == JSON_STRING &&
	    (copy = text_printable(at->text, TIME_MAX)) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	*out_version = got;
	if (updated_at != NULL)
		*updated_at = copy;
out:
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}

void
vaultenv_versions_free(struct vaultenv_versions **versions)
{
	struct vaultenv_version *v;
	size_t i, k;

	if (versions == NULL || *versions == NULL)
		return;
	for (i = 0; i < (*versions)->n; i++) {
		v = &(*versions)->at[i];
		for (k = 0; k < v->n_changed; k++)
			free(v->changed[k]);
		free(v->changed);
		free(v->created_at);
	}
	free((*versions)->at);
	free(*versions);
	*versions = NULL;
}

static int
changed_parse(struct vaultenv_version *v, struct json_object *o)
{
	const struct json_value *array = json_object_find(o, "changed_keys");
	struct json_value item;
	size_t pos = 0, cap = 0;
	char **grown;
	int r;

	if (array != NULL && array->type == JSON_NULL)
		return 0;
	if (array == NULL || array->type != JSON_ARRAY)
		return VAULTENV_ERR_PROTOCOL;
	while ((r = json_array_next(o, array, &pos, &item)) > 0) {
		if (item.type != JSON_STRING)
			return VAULTENV_ERR_PROTOCOL;
		if (v->n_changed == cap) {
			cap = cap == 0 ? 16 : 2 * cap;
			grown = reallocarray(v->changed, cap, sizeof(*grown));
			if (grown == NULL)
				return VAULTENV_ERR_NOMEM;
			v->changed = grown;
		}
		v->changed[v->n_changed] =
		    text_printable(item.text, MARKED_NAME_MAX);
		if (v->changed[v->n_changed] == NULL)
			return VAULTENV_ERR_NOMEM;
		v->n_changed++;
	}
	return r;
}

/* Adds one version that the array item describes; *bad is what is wrong. */
static int
versions_add(struct vaultenv_versions *list, const struct json_value *item,
    const char **bad)
{
	struct vaultenv_version *v;
	struct json_object o;
	const char *at;
	int r;

	*bad = "versions";
	if (item->type != JSON_OBJECT)
		return VAULTENV_ERR_PROTOCOL;
	v = reallocarray(list->at, list->n + 1, sizeof(*v));
	if (v == NULL)
		return VAULTENV_ERR_NOMEM;
	list->at = v;
	r = json_object_parse(&o, item->text, item->len, ANSWER_MEMBERS_MAX);
	if (r != 0)
		return r == VAULTENV_ERR_NOMEM ? r : VAULTENV_ERR_PROTOCOL;
	v = &list->at[list->n++];
	memset(v, 0, sizeof(*v));
	*bad = "version";
	r = VAULTENV_ERR_PROTOCOL;
	if (!json_find_int(&o, "version", 1, &v->version))
		goto out;
	*bad = "created_at";
	if ((at = json_find_text(&o, "created_at")) == NULL)
		goto out;
	if ((v->created_at = text_printable(at, TIME_MAX)) == NULL) {
		r = VAULTENV_ERR_NOMEM;
		goto out;
	}
	*bad = "changed_keys";
	r = changed_parse(v, &o);
out:
	json_object_reset(&o);
	return r;
}

int
vaultenv_secrets_versions(struct vaultenv_client *client,
    struct vaultenv_versions **out, struct vaultenv_error *err)
{
	struct vaultenv_versions *list = NULL;
	const struct json_value *array;
	const char *bad = "versions";
	struct json_value item;
	struct answer reply;
	struct blob body;
	size_t pos = 0;
	int more, r;

	answer_init(&reply);
	blob_init(&body, REQUEST_MAX);
	if ((list = calloc(1, sizeof(*list))) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	if ((r = body_begin_environment(&body, client, err)) != 0 ||
	    (r = client_call(client, "secrets/versions", &body, &reply, err)) !=
		0)
		goto out;
	array = json_object_find(&reply.json, "versions");
	if (array == NULL || array->type != JSON_ARRAY)
		r = VAULTENV_ERR_PROTOCOL;
	while (r == 0 &&
	       (more = json_array_next(&reply.json, array, &pos, &item)) != 0)
		r = more < 0 ? more : versions_add(list, &item, &bad);
	if (r == VAULTENV_ERR_PROTOCOL)
		answer_error(client, &reply, bad, err);
	else if (r != 0)
		err_general(err, r);
	if (r != 0)
		goto out;
	*out = list;
	list = NULL;
out:
	vaultenv_versions_free(&list);
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}

int
vaultenv_secrets_rollback(struct vaultenv_client *client, int64_t version,
    int64_t *out_version, struct vaultenv_error *err)
{
	struct answer reply;
	struct blob body;
	int64_t got;
	int r;

	answer_init(&reply);
	blob_init(&body, REQUEST_MAX);
	if ((r = version_is_real(version, err)) != 0 ||
	    (r = body_begin_environment(&body, client, err)) != 0)
		goto out;
	if ((r = body_add_int(&body, "version", version)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = client_call(client, "secrets/rollback", &body, &reply, err)) !=
	    0)
		goto out;
	if (!json_find_int(&reply.json, "version", 1, &got)) {
		r = answer_error(client, &reply, "version", err);
		goto out;
	}
	if (out_version != NULL)
		*out_version = got;
out:
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}
