/* SPDX-License-Identifier: MIT */
/*
 * client.c: the handle: what it holds, how its keys are bound to it, and what
 * it tells about itself. It makes no request; call.c does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"

int
client_keys_derive(const struct vaultenv_client *c, struct client_keys *keys,
    char hash[2 * HASH_LEN + 1])
{
	int r;

	if ((r = c->protocol->derive(keys)) != 0)
		return r;
	hash[0] = '\0';
	return keys->device_secret[0] == '\0'
		   ? 0
		   : device_hash(hash, keys->device_secret);
}

void
client_forget(struct vaultenv_client *c)
{
	c->protocol->forget(c);
}

int
client_keys_take(
    struct client_keys *keys, const char *text, struct vaultenv_error *err)
{
	const char *fault;
	size_t len;

	text = text_trim(text, &len);
	if (len > VAULTENV_KEY_MAX)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it again from where it was made",
		    "VAULT_KEY is longer than %d bytes", VAULTENV_KEY_MAX);
	memcpy(keys->vault_key, text, len);
	keys->vault_key[len] = '\0';
	if ((fault = key_fault(keys->vault_key)) != NULL)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it again from where it was made",
		    "VAULT_KEY is not a vault key, vk_<project id>_<secret>: "
		    "%s",
		    fault);
	return 0;
}

int
client_keys_bind(struct vaultenv_client *c, struct client_keys *keys,
    struct vaultenv_error *err)
{
	char project_id[VAULTENV_PROJECT_ID_LEN + 1], hash[2 * HASH_LEN + 1];
	const char *id, *secret;
	char *path = NULL, *state_path = NULL;
	size_t id_len;
	int r;

	if ((r = crypto_init()) != 0 ||
	    (r = key_parse(keys->vault_key, &id, &id_len, &secret)) != 0)
		return err_general(err, r);
	memcpy(project_id, id, id_len);
	project_id[id_len] = '\0';
	if ((r = home_path(project_id, ".key", &path, err)) != 0 ||
	    (r = home_path(project_id, ".state", &state_path, err)) != 0 ||
	    (r = discover_device_secret(path, keys, err)) != 0)
		goto out;
	client_forget(c);
	c->protocol = protocol_of(keys->vault_key);
	if ((r = client_keys_derive(c, keys, hash)) != 0) {
		err_general(err, r);
		goto out;
	}
	free(c->device_path);
	free(c->state_path);
	c->device_path = path;
	c->state_path = state_path;
	path = state_path = NULL;
	c->server_is_known = false;
	strcpy(c->project_id, project_id);
	strcpy(c->device_hash, hash);
out:
	free(path);
	free(state_path);
	return r;
}

int
vaultenv_client_set_key(
    struct vaultenv_client *client, const char *key, struct vaultenv_error *err)
{
	struct client_keys *keys;
	int r;

	if ((r = client_check_process(client, err)) != 0)
		return r;
	if ((keys = secmem_alloc(sizeof(*keys))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	memcpy(keys->given_secret, client->keys->given_secret,
	    sizeof(keys->given_secret));
	if ((r = client_keys_take(keys, key, err)) == 0 &&
	    (r = client_keys_bind(client, keys, err)) == 0) {
		secmem_free(client->keys, sizeof(*keys));
		client->keys = keys;
		keys = NULL;
	}
	secmem_free(keys, sizeof(*keys));
	return r;
}

int
client_check_process(
    const struct vaultenv_client *client, struct vaultenv_error *err)
{
	if (client->pid == getpid())
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID,
	    "Open another one in the child",
	    "This client was opened before a fork(), and its keys stayed with "
	    "the parent");
}

int
vaultenv_client_open(const struct vaultenv_options *opts,
    struct vaultenv_client **out, struct vaultenv_error *err)
{
	static const struct vaultenv_options defaults;
	struct vaultenv_client *c = NULL;
	int r;

	if (opts == NULL)
		opts = &defaults;
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->keys = secmem_alloc(sizeof(*c->keys))) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	c->pid = getpid();
	c->protocol = &protocol_v1;
	c->notice = (struct notice){ opts->notice, opts->notice_arg };
	if ((r = discover(c, opts, err)) != 0)
		goto out;
	if ((r = crypto_init()) != 0 ||
	    (r = transport_new(&c->transport, opts)) != 0) {
		err_general(err, r);
		goto out;
	}
	*out = c;
	c = NULL;
out:
	vaultenv_client_free(&c);
	return r;
}

void
vaultenv_client_free(struct vaultenv_client **client)
{
	struct vaultenv_client *c;

	if (client == NULL || (c = *client) == NULL)
		return;
	client_forget(c);
	transport_free(&c->transport);
	secmem_free(c->keys, sizeof(*c->keys));
	free(c->url);
	free(c->environment);
	free(c->env_path);
	free(c->device_path);
	free(c->state_path);
	mem_wipe(c, sizeof(*c));
	free(c);
	*client = NULL;
}

static const char *
null_if_empty(const char *text)
{
	return *text != '\0' ? text : NULL;
}

const char *
vaultenv_client_project_id(const struct vaultenv_client *client)
{
	return null_if_empty(client->project_id);
}

const char *
vaultenv_client_environment(const struct vaultenv_client *client)
{
	return client->environment;
}

const char *
vaultenv_client_url(const struct vaultenv_client *client)
{
	return client->url;
}

const char *
vaultenv_client_device_hash(const struct vaultenv_client *client)
{
	return null_if_empty(client->device_hash);
}

const char *
vaultenv_client_device_path(const struct vaultenv_client *client)
{
	return client->device_path;
}

const char *
vaultenv_client_clock(const struct vaultenv_client *client)
{
	return client->clock[0] != '\0' ? client->clock : NULL;
}
