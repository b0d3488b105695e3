/* SPDX-License-Identifier: MIT */
/*
 * Secrets: sealed here before they leave, opened here after they came. Neither
 * a name nor a value ever leaves in the clear, but for the names that the
 * caller hands over for the history (key_names).
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "env/env.h"

#define PLAIN_MAX      (5u << 20)
#define MEMBERS_MAX    1000000 /* names of a list */
#define KEY_NAMES_MAX  10000   /* what a server takes */
#define KEY_NAMES_SIZE 65536

/* What is pushed must fit into the reply that brings it back. */
_Static_assert(BASE64_LEN(PLAIN_MAX + SEAL_OVERHEAD) + 1024 <= REPLY_MAX,
    "a version can be pulled");

static int
list_add(struct vaultenv_list *list, const struct json_member *m,
    const struct vaultenv_client *c, int64_t version,
    struct vaultenv_error *err)
{
	int r;

	if (m->name_len == 0 || memchr(m->name, '=', m->name_len) != NULL)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "Version %" PRId64
		    " of %s holds a name that no variable can have: \"%.80s\". "
		    "Push it again without that",
		    version, c->environment, m->name);
	/* A number or true keeps the text that it has in the document. */
	r = vaultenv_list_set(list, m->name, m->value.text, m->value.len);
	if (r == VAULTENV_ERR_INVALID)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "Version %" PRId64
		    " of %s is larger than this program can hold. Push fewer "
		    "or shorter values",
		    version, c->environment);
	return r == 0 ? 0 : err_general(err, r);
}

static int
plain_parse(const struct vaultenv_client *c, const struct blob *plain,
    int64_t version, struct vaultenv_list **out, struct vaultenv_error *err)
{
	struct vaultenv_list *list = NULL;
	struct json_object o;
	size_t i;
	int r;

	r = json_object_parse(
	    &o, (const char *)plain->data, plain->len, MEMBERS_MAX);
	if (r == VAULTENV_ERR_INVALID)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "Version %" PRId64
		    " of %s was decrypted, but is no JSON object of names and "
		    "values. Push it again, or pull an older version",
		    version, c->environment);
	if (r != 0)
		return err_general(err, r);
	/* In the document each name and value has two quotes or more. */
	if ((r = vaultenv_list_new(&list)) != 0 ||
	    (r = list_reserve(list, o.n_members, plain->len)) != 0) {
		err_general(err, r);
		goto out;
	}
	for (i = 0; i < o.n_members; i++) {
		r = list_add(list, &o.members[i], c, version, err);
		if (r != 0)
			goto out;
	}
	*out = list;
	list = NULL;
out:
	vaultenv_list_free(&list);
	json_object_reset(&o);
	return r;
}

static int
pull_request(struct blob *body, const struct vaultenv_client *c,
    int64_t version, struct vaultenv_error *err)
{
	int r;

	if (version != 0 && (r = version_is_real(version, err)) != 0)
		return r;
	if ((r = body_begin_environment(body, c, err)) != 0)
		return r;
	if ((c->device_hash[0] != '\0' &&
		(r = body_add_text(body, "device_hash", c->device_hash)) !=
		    0) ||
	    (version != 0 && (r = body_add_int(body, "version", version)) != 0))
		err_general(err, r);
	return r;
}

int
secrets_open(const struct vaultenv_client *client, const char *base64,
    size_t len, int64_t version, struct vaultenv_list **out,
    struct vaultenv_error *err)
{
	struct blob plain;
	int r;

	if ((r = client_check_process(client, err)) != 0)
		return r;
	blob_init(&plain, PLAIN_MAX);
	r = unseal(&plain, client->keys->encryption, base64, len);
	if (r == 0)
		r = plain_parse(client, &plain, version, out, err);
	else if (r == VAULTENV_ERR_DECRYPT)
		err_set(err, r,
		    "Version %" PRId64 " of %s cannot be decrypted "
		    "here: it was pushed by another device or with another "
		    "VAULT_KEY, or changed on the way. Push it again from this "
		    "machine, or pull where it was pushed",
		    version, client->environment);
	else
		err_general(err, r);
	blob_reset(&plain);
	return r;
}

int
secrets_pull(struct vaultenv_client *client, int64_t version,
    struct vaultenv_list **out, int64_t *out_version, struct blob *base64,
    struct vaultenv_error *err)
{
	const struct json_value *sealed;
	struct vaultenv_list *list = NULL;
	struct blob body;
	struct answer reply;
	int64_t got;
	int r;

	blob_init(&body, REQUEST_MAX);
	answer_init(&reply);
	if ((r = pull_request(&body, client, version, err)) != 0 ||
	    (r = client_call(client, "secrets/pull", &body, &reply, err)) != 0)
		goto out;
	sealed = json_object_find(&reply.json, "secrets");
	if (sealed == NULL || sealed->type != JSON_STRING) {
		r = answer_error(client, &reply, "secrets", err);
		goto out;
	}
	if (!json_find_int(&reply.json, "version", 1, &got)) {
		r = answer_error(client, &reply, "version", err);
		goto out;
	}
	if (version != 0 && got != version) {
		r = err_set(err, VAULTENV_ERR_PROTOCOL,
		    "%s was asked for "
		    "version %" PRId64
		    " of %s and answered with version %" PRId64
		    ". Older versions may be beyond it: pull without a "
		    "version",
		    client->url, version, client->environment, got);
		goto out;
	}
	r = secrets_open(client, sealed->text, sealed->len, got, &list, err);
	if (r == VAULTENV_ERR_DECRYPT && out_version != NULL)
		*out_version = got;
	if (r != 0)
		goto out;
	if (base64 != NULL &&
	    (r = blob_append(base64, sealed->text, sealed->len)) != 0) {
		err_general(err, r);
		goto out;
	}
	if (out_version != NULL)
		*out_version = got;
	*out = list;
	list = NULL;
out:
	vaultenv_list_free(&list);
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}

int
vaultenv_secrets_pull(struct vaultenv_client *client, int64_t version,
    struct vaultenv_list **out, int64_t *out_version,
    struct vaultenv_error *err)
{
	return secrets_pull(client, version, out, out_version, NULL, err);
}

static int
pair_append(struct blob *plain, const struct vaultenv_pair *pair,
    struct vaultenv_error *err)
{
	int r;

	if (vaultenv_name_is_reserved(pair->name))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "%s is never pushed. "
		    "Take it out of the list",
		    pair->name);
	if (memchr(pair->value, '\0', pair->value_len) != NULL ||
	    !utf8_is_valid(pair->value, pair->value_len) ||
	    !utf8_is_valid(pair->name, strlen(pair->name)))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "%s cannot be "
		    "pushed: it is not UTF-8 text, or holds a NUL. Store it as "
		    "base64",
		    pair->name);
	if ((plain->len > 1 && (r = blob_append_str(plain, ",")) != 0) ||
	    (r = json_append_string(plain, pair->name, strlen(pair->name))) !=
		0 ||
	    (r = blob_append_str(plain, ":")) != 0 ||
	    (r = json_append_string(plain, pair->value, pair->value_len)) !=
		0) {
		if (r == VAULTENV_ERR_INVALID)
			err_set(err, r,
			    "These are more than %u MiB of "
			    "secrets. Push fewer or shorter values",
			    PLAIN_MAX >> 20);
		else
			err_general(err, r);
		return r;
	}
	return 0;
}

static int
plain_build(struct blob *plain, const struct vaultenv_list *list,
    struct vaultenv_error *err)
{
	size_t i;
	int r;

	if ((r = blob_append_str(plain, "{")) != 0)
		return err_general(err, r);
	for (i = 0; i < vaultenv_list_len(list); i++) {
		r = pair_append(plain, vaultenv_list_at(list, i), err);
		if (r != 0)
			return r;
	}
	return (r = blob_append_str(plain, "}")) == 0 ? 0 : err_general(err, r);
}

/* Names only. More than a server takes are left out: they are but history. */
static int
key_names_append(
    struct blob *body, const struct vaultenv_change *changes, size_t n_changes)
{
	struct blob name, names;
	size_t i;
	int r = 0;

	if (n_changes == 0 || n_changes > KEY_NAMES_MAX)
		return 0;
	blob_init(&name, REQUEST_MAX);
	blob_init(&names, SIZE_MAX);
	for (i = 0; i < n_changes && names.len < KEY_NAMES_SIZE; i++) {
		blob_reset(&name);
		if ((r = blob_append(&name, &changes[i].mark, 1)) != 0 ||
		    (r = blob_append_str(&name, changes[i].name)) != 0 ||
		    (r = blob_append_str(&names, i == 0 ? "[" : ",")) != 0 ||
		    (r = json_append_string(
			 &names, (const char *)name.data, name.len)) != 0)
			goto out;
	}
	if ((r = blob_append_str(&names, "]")) != 0 ||
	    names.len > KEY_NAMES_SIZE ||
	    (r = blob_append_str(body, ",\"key_names\":")) != 0)
		goto out;
	r = blob_append(body, names.data, names.len);
out:
	blob_reset(&names);
	blob_reset(&name);
	return r;
}

static int
push_request(struct blob *body, const struct vaultenv_client *c,
    const struct blob *plain, size_t n_secrets, int64_t base_version,
    const struct vaultenv_change *changes, size_t n_changes,
    struct vaultenv_error *err)
{
	int r;

	if ((r = body_begin_environment(body, c, err)) != 0)
		return r;
	if ((r = blob_append_str(body, ",\"secrets\":\"")) != 0 ||
	    (r = seal(body, c->keys->encryption, plain->data, plain->len)) !=
		0 ||
	    (r = blob_append_str(body, "\"")) != 0 ||
	    (c->device_hash[0] != '\0' &&
		(r = body_add_text(body, "device_hash", c->device_hash)) !=
		    0) ||
	    (r = key_names_append(body, changes, n_changes)) != 0 ||
	    (r = body_add_int(body, "key_count", (int64_t)n_secrets)) != 0 ||
	    (base_version >= 0 &&
		(r = body_add_int(body, "base_version", base_version)) != 0))
		err_general(err, r);
	return r;
}

int
vaultenv_secrets_push(struct vaultenv_client *client,
    const struct vaultenv_list *list, int64_t base_version,
    const struct vaultenv_change *changes, size_t n_changes,
    int64_t *out_version, struct vaultenv_error *err)
{
	struct blob plain, body;
	struct answer reply;
	int64_t got;
	int r;

	blob_init(&plain, PLAIN_MAX);
	blob_init(&body, REQUEST_MAX);
	answer_init(&reply);
	if ((r = plain_build(&plain, list, err)) != 0 ||
	    (r = push_request(&body, client, &plain, vaultenv_list_len(list),
		 base_version, changes, n_changes, err)) != 0 ||
	    (r = client_call(client, "secrets/push", &body, &reply, err)) != 0)
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
	blob_reset(&plain);
	return r;
}
