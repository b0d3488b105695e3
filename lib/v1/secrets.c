/* SPDX-License-Identifier: MIT */
/*
 * secrets.c: secrets: sealed here before they leave, opened here after they
 * came. Neither a name nor a value ever leaves in the clear, but for the names
 * that the caller hands over for the history (key_names).
 */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "env/env.h"
#include "v1/v1.h"

#define MEMBERS_MAX      1000000 /* names of a list */
#define KEY_NAMES_MAX    10000   /* what a server takes */
#define KEY_NAMES_SIZE   65536
#define KEY_NAME_LEN_MAX 257 /* with its mark */

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
		    "Push it again without that",
		    "Version %" PRId64
		    " of %s holds a name that no variable can have: \"%.80s\"",
		    version, c->environment, m->name);
	/* A number or true keeps the text that it has in the document. */
	r = vaultenv_list_set(list, m->name, m->value.text, m->value.len);
	if (r == VAULTENV_ERR_INVALID)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "Push fewer or shorter values",
		    "Version %" PRId64
		    " of %s is larger than this program can hold",
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
		    "Push it again, or pull an older version",
		    "Version %" PRId64 " of %s was decrypted, but is no JSON "
		    "object of names and values",
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

static void
put_device_hash(struct call *call)
{
	if (call->client->device_hash[0] != '\0')
		json_put_text(
		    &call->body, "device_hash", call->client->device_hash);
}

int
v1_open(const struct vaultenv_client *client, struct version *v,
    struct vaultenv_error *err)
{
	struct blob plain;
	int r;

	if ((r = client_check_process(client, err)) != 0)
		return r;
	blob_init(&plain, PLAIN_MAX);
	r = unseal(&plain, client->keys->encryption, (const char *)v->text.data,
	    v->text.len);
	if (r == 0)
		r = plain_parse(client, &plain, v->number, &v->list, err);
	else if (r == VAULTENV_ERR_DECRYPT)
		err_set(err, r,
		    "Push it again from this machine, or pull where it was "
		    "pushed",
		    "Version %" PRId64
		    " of %s cannot be decrypted here: it was pushed by another "
		    "device or with another VAULT_KEY, or changed on the way",
		    v->number, client->environment);
	else
		err_general(err, r);
	blob_reset(&plain);
	return r;
}

/* The server's answer becomes a version, not opened yet. */
static int
version_fetch(struct vaultenv_client *client, int64_t number, struct version *v,
    struct vaultenv_error *err)
{
	struct pulled {
		struct json_value secrets;
		int64_t version;
	} got;
	static const struct wanted want[] = {
		WANT("secrets", take_string, offsetof(struct pulled, secrets)),
		WANT("version", take_version, offsetof(struct pulled, version)),
		WANT_END,
	};
	struct call call;
	int r;

	v1_call_begin_environment(&call, client, "secrets/pull");
	put_device_hash(&call);
	if (number != 0)
		json_put_int(&call.body, "version", number);
	if ((r = v1_call_perform(&call, want, &got, err)) == 0) {
		v->number = got.version;
		r = blob_append(&v->text, got.secrets.text, got.secrets.len);
		if (r != 0)
			err_general(err, r);
	}
	call_end(&call);
	return r;
}

int
v1_pull(struct vaultenv_client *client, int64_t number, bool take_stale,
    struct version *v, struct vaultenv_error *err)
{
	int r;

	(void)take_stale;
	if (number != 0 && (r = version_is_real(number, err)) != 0)
		return r;
	if ((r = version_fetch(client, number, v, err)) != 0)
		return r;
	if (number != 0 && v->number != number)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "Older versions may be beyond it: pull without a version",
		    "%s was asked for version %" PRId64
		    " of %s and answered with version %" PRId64 "",
		    client->url, number, client->environment, v->number);
	return v1_open(client, v, err);
}

bool
v1_is_unusable(const struct vaultenv_error *why)
{
	return why->code == VAULTENV_ERR_DECRYPT;
}

static void
put_sealed(struct json_writer *body, const struct vaultenv_client *c,
    const struct blob *plain)
{
	json_put_name(body, "secrets");
	json_put_raw(body, "\"");
	if (body->r == 0)
		body->r = seal(
		    &body->text, c->keys->encryption, plain->data, plain->len);
	json_put_raw(body, "\"");
}

/* Names only. More than a server takes are left out: they are but history. */
static void
put_key_names(struct json_writer *body, const struct vaultenv_change *changes,
    size_t n_changes)
{
	struct json_writer names;
	struct blob name;

	if (n_changes == 0 || n_changes > KEY_NAMES_MAX)
		return;
	blob_init(&name, REQUEST_MAX);
	json_writer_init(&names, KEY_NAMES_SIZE);
	json_put_raw(&names, "[");
	for (size_t i = 0; names.r == 0 && i < n_changes; i++) {
		name.len = 0;
		names.r = blob_printf(
		    &name, "%c%s", changes[i].mark, changes[i].name);
		if (names.r == 0 && name.len > KEY_NAME_LEN_MAX)
			names.r = VAULTENV_ERR_INVALID;
		json_put_string(&names, (const char *)name.data, name.len);
	}
	json_put_raw(&names, "]");
	if (names.r == 0) {
		json_put_name(body, "key_names");
		json_put_raw(body, (const char *)names.text.data);
	} else if (names.r == VAULTENV_ERR_NOMEM) {
		body->r = names.r;
	}
	json_writer_reset(&names);
	blob_reset(&name);
}

/* The team goes on elsewhere, where this version will not be. */
static void
moved_tell(const struct call *call)
{
	const char *to = json_find_text(&call->reply, "moved_to");
	char text[VAULTENV_ERROR_TEXT];

	if (to == NULL || !uuid_is_canonical(to, strlen(to)))
		return;
	snprintf(text, sizeof(text),
	    "Project %s has moved to %s, where this version will not be: ask "
	    "for the new VAULT_KEY",
	    call->client->project_id, to);
	notice_give(&call->client->notice, text);
}

int
v1_push(struct vaultenv_client *client, const struct next_version *next,
    int64_t *out_version, struct vaultenv_error *err)
{
	const struct vaultenv_list *list = next->list;
	struct json_writer plain;
	struct call call;
	int r;

	if ((r = client_check_process(client, err)) != 0 ||
	    (r = v1_check_device(client, err)) != 0)
		return r;
	json_writer_init(&plain, PLAIN_MAX);
	v1_call_begin_environment(&call, client, "secrets/push");
	call.is_write = true;
	if ((r = plain_write(&plain, list, err)) != 0)
		goto out;
	put_sealed(&call.body, client, &plain.text);
	put_device_hash(&call);
	put_key_names(&call.body, next->changes, next->n_changes);
	json_put_int(&call.body, "key_count", (int64_t)vaultenv_list_len(list));
	if (next->base_version >= 0)
		json_put_int(&call.body, "base_version", next->base_version);
	r = v1_call_perform_version(&call, out_version, err);
	if (r == 0)
		moved_tell(&call);
	if (r == VAULTENV_ERR_FORBIDDEN && call.http.status == 413)
		r = too_large_to_send(&call, list, err);
out:
	call_end(&call);
	json_writer_reset(&plain);
	return r;
}
