/* SPDX-License-Identifier: MIT */
/*
 * discover.c: where a client's settings come from: options first, then the
 * environment, then the .env file, then the built-in default. Reads, never
 * writes; derives nothing and talks to nobody.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "disk/disk.h"
#include "vault/identity.h"
#include "wire/name.h"

#define KEY_FILE_MAX 256
#define DEFAULT_FILE ".env"

/*
 * The .env files, each with its layers: the key (and the URL) in the first,
 * unless they are one. That one is read only if something is wanted of it.
 */
struct settings_files {
	const char *path;
	const struct vaultenv_envfile *keys;  /* NULL: not read yet */
	const struct vaultenv_envfile *other; /* NULL: there is none */
	struct vaultenv_envfile *own;
	struct vaultenv_envfile *own_default;
	/* The layer of keys that the key is in; NULL: it is in none. */
	const struct vaultenv_envfile *key_at;
	bool no_key; /* there is none to be wrong */
};

/* What a name has in the first layer that has it. */
struct setting {
	const struct vaultenv_envfile *at;
	const char *text; /* without white space around it; NULL: none has it */
	size_t len;
};

static int
file_find(const struct vaultenv_envfile *file, const char *name,
    struct setting *out, struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;

	*out = (struct setting){ NULL, NULL, 0 };
	for (; file != NULL; file = file->under) {
		if ((pair = vaultenv_list_find(file->list, name)) == NULL)
			continue;
		out->text = text_trim(pair->value, &out->len);
		if (out->len == 0)
			continue;
		out->at = file;
		return vaultenv_envfile_check(file, err);
	}
	out->text = NULL;
	return 0;
}

static int
keys_read(struct settings_files *files, struct vaultenv_error *err)
{
	int r;

	if (files->keys != NULL)
		return 0;
	if ((r = vaultenv_envfile_read(files->path, &files->own, err)) == 0)
		files->keys = files->own;
	return r;
}

/*
 * The URL that a file has, if any: of the file of the key, or of one that has
 * nothing to do with it, and speaks up when it says otherwise.
 */
static int
files_find_url(struct settings_files *files, struct setting *url,
    struct url_origin *origin, struct vaultenv_error *err)
{
	struct setting other;
	int r;

	if ((r = keys_read(files, err)) != 0 ||
	    (r = file_find(files->keys, "VAULT_URL", url, err)) != 0 ||
	    (r = file_find(files->other, "VAULT_URL", &other, err)) != 0)
		return r;
	if (url->text != NULL) {
		origin->path = url->at->path;
		origin->is_foreign = !files->no_key && url->at != files->key_at;
	}
	if (other.text != NULL &&
	    (url->text == NULL || url->len != other.len ||
		memcmp(url->text, other.text, other.len) != 0)) {
		*url = other;
		origin->path = other.at->path;
		origin->is_foreign = true;
	}
	return 0;
}

/* c->url of text, without slashes at its end. from: for the sentence. */
static int
url_take(struct vaultenv_client *c, const struct vaultenv_options *opts,
    const char *text, size_t len, const char *from, struct vaultenv_error *err)
{
	struct url url;

	if ((c->url = strndup(text, len)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (url_parse(c->url, &url) != 0)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Write it like https://vault.example.com",
		    "%s is not a server's URL", from);
	if (!url_is_allowed(&url, opts->insecure_http != 0))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Use https, or allow http (--insecure-http) if the network "
		    "on the way can be trusted",
		    "%.*s is not encrypted", (int)url.origin_len, c->url);
	while (c->url[len - 1] == '/')
		c->url[--len] = '\0';
	c->date_is_trusted = url.https || url.loopback;
	return 0;
}

static int
discover_url(struct vaultenv_client *c, const struct vaultenv_options *opts,
    struct settings_files *files, struct vaultenv_error *err)
{
	const char *from = "The URL given";
	struct setting url = { NULL, opts->url, 0 };
	struct url_origin origin = { NULL, false, false };
	int r;

	if (url.text != NULL) {
		url.len = strlen(url.text);
	} else {
		from = "VAULT_URL";
		url.text = variable_get("VAULT_URL", &url.len);
	}
	origin.is_given = url.text != NULL;
	if (url.text == NULL &&
	    (r = files_find_url(files, &url, &origin, err)) != 0)
		return r;
	if (url.text == NULL) {
		url.text = VAULTENV_DEFAULT_URL;
		url.len = strlen(url.text);
	}
	if ((r = url_take(c, opts, url.text, url.len, from, err)) != 0)
		return r;
	return server_check(c, &origin, err);
}

static int
discover_environment(struct vaultenv_client *c,
    const struct vaultenv_options *opts, struct vaultenv_error *err)
{
	const char *text = opts->environment;
	size_t i, len = text != NULL ? strlen(text) : 0;

	if (text == NULL)
		text = variable_get("NODE_ENV", &len);
	if (text == NULL)
		text = variable_get("ENVIRONMENT", &len);
	if (text == NULL) {
		text = VAULTENV_DEFAULT_ENVIRONMENT;
		len = strlen(text);
	}
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			break;
	}
	/* A server may allow fewer names; what it says then is its own. */
	if (len == 0 || len > NAME_MAX_LEN || i < len ||
	    !utf8_is_valid(text, len))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Use a name such as production",
		    "The name of the environment is empty, longer than %d "
		    "bytes or not plain text",
		    NAME_MAX_LEN);
	if ((c->environment = strndup(text, len)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	return 0;
}

/* A v2 server refuses another name without a signature, as anybody could. */
static int
environment_check_v2(
    const struct vaultenv_client *c, struct vaultenv_error *err)
{
	if (env_is_valid(c->environment, strlen(c->environment)))
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID,
	    "Use a name such as production",
	    "The name of the environment is not 1 to %d letters, digits, '.', "
	    "'_' or '-', the first a letter or digit",
	    ENV_LEN_MAX);
}

/* The file that is read where none is named, by whatever path. */
static bool
is_default(const char *path)
{
	char *named, *usual;
	bool same;

	if (strcmp(path, DEFAULT_FILE) == 0)
		return true;
	named = realpath(path, NULL);
	usual = realpath(DEFAULT_FILE, NULL);
	same = usual == NULL || (named != NULL && strcmp(named, usual) == 0);
	free(named);
	free(usual);
	return same;
}

/* A file that is named and has no key: key and URL are those of the usual one.
 */
static int
default_find_key(struct settings_files *files, struct setting *key,
    struct vaultenv_error *err)
{
	int r;

	if (files->other != NULL || is_default(files->keys->path))
		return 0;
	if ((r = vaultenv_envfile_read(
		 DEFAULT_FILE, &files->own_default, err)) != 0 ||
	    (r = file_find(files->own_default, "VAULT_KEY", key, err)) != 0 ||
	    key->text == NULL)
		return r;
	files->other = files->keys;
	files->keys = files->own_default;
	return 0;
}

static int
files_find_key(
    struct settings_files *files, const char **text, struct vaultenv_error *err)
{
	struct setting key;
	int r;

	if ((r = keys_read(files, err)) != 0 ||
	    (r = file_find(files->keys, "VAULT_KEY", &key, err)) != 0 ||
	    (key.text == NULL && (r = default_find_key(files, &key, err)) != 0))
		return r;
	files->key_at = key.at;
	*text = key.text;
	return 0;
}

/* VAULT_KEY_NEXT, of the environment or of the file that has the key. */
static int
discover_next_key(const struct vaultenv_client *c, struct settings_files *files,
    struct vaultenv_error *err)
{
	struct setting next = { NULL, NULL, 0 };
	char *text = c->keys->next_key;
	int r;

	next.text = variable_get("VAULT_KEY_NEXT", &next.len);
	if (next.text == NULL && files->key_at != NULL &&
	    (r = file_find(files->key_at, "VAULT_KEY_NEXT", &next, err)) != 0)
		return r;
	if (next.text == NULL)
		return 0;
	if (next.len > VAULTENV_KEY_MAX)
		next.len = 0;
	memcpy(text, next.text, next.len);
	text[next.len] = '\0';
	if (!vault_key_is_v2(text))
		return err_set(err, VAULTENV_ERR_INVALID, "Copy it again",
		    "VAULT_KEY_NEXT is malformed");
	if (strncmp(text + strlen("vk_"), c->project_id, ID_LEN) == 0)
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID, "Copy it again, or remove it",
	    "VAULT_KEY_NEXT is of another project than VAULT_KEY");
}

static int
discover_vault_key(struct client_keys *keys,
    const struct vaultenv_options *opts, struct settings_files *files,
    struct vaultenv_error *err)
{
	const char *text = opts->vault_key;
	size_t len;
	int r;

	if (text == NULL)
		text = variable_get("VAULT_KEY", &len);
	if (text == NULL) {
		if ((r = files_find_key(files, &text, err)) != 0)
			return r;
	}
	if (text == NULL)
		return err_set(err, VAULTENV_ERR_NO_KEY,
		    "Run: vault-env init, or set VAULT_KEY to the key of an "
		    "existing project",
		    "VAULT_KEY not found in the environment or in %s",
		    files->keys->path);
	return client_keys_take(keys, text, err);
}

static int
discover_given_secret(struct client_keys *keys,
    const struct vaultenv_options *opts, struct vaultenv_error *err)
{
	const char *text = opts->device_secret;
	char fault[SECRET_FAULT_TEXT];
	size_t len;

	if (text == NULL)
		text = variable_get("VAULT_DEVICE_SECRET", &len);
	if (text == NULL ||
	    device_secret_parse(keys->given_secret, text, fault) == 0)
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID, "Copy it again, or unset it",
	    "VAULT_DEVICE_SECRET is not a device secret, 64 hex digits: %s",
	    fault);
}

int
discover(struct vaultenv_client *c, const struct vaultenv_options *opts,
    struct vaultenv_error *err)
{
	struct settings_files files = {
		.path = opts->path,
		.keys = opts->key_file != NULL ? opts->key_file : opts->file,
		.other = opts->key_file != NULL ? opts->file : NULL,
		.no_key = opts->no_key != 0,
	};
	int r;

	c->env_path = strdup(opts->file != NULL   ? opts->file->path
			     : opts->path != NULL ? opts->path
						  : DEFAULT_FILE);
	if (c->env_path == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	/* The key first: without one, no other setting is worth an error. */
	if (!opts->no_key &&
	    (r = discover_vault_key(c->keys, opts, &files, err)) != 0)
		goto out;
	if ((r = discover_environment(c, opts, err)) != 0 ||
	    (r = discover_given_secret(c->keys, opts, err)) != 0 ||
	    (!opts->no_key && (r = client_keys_bind(c, c->keys, err)) != 0))
		goto out;
	if (c->protocol == &protocol_v2 &&
	    ((r = environment_check_v2(c, err)) != 0 ||
		(r = discover_next_key(c, &files, err)) != 0))
		goto out;
	r = discover_url(c, opts, &files, err);
out:
	vaultenv_envfile_free(&files.own);
	vaultenv_envfile_free(&files.own_default);
	return r;
}

int
discover_device_secret(
    const char *path, struct client_keys *keys, struct vaultenv_error *err)
{
	char fault[SECRET_FAULT_TEXT];
	struct vaultenv_error why;
	struct blob text;
	int r = 0;

	memcpy(keys->device_secret, keys->given_secret,
	    sizeof(keys->device_secret));
	if (keys->device_secret[0] != '\0' || path == NULL)
		return 0;
	blob_init(&text, KEY_FILE_MAX);
	if ((r = store_read_private(path, KEY_FILE_MAX, &text, &why)) != 0) {
		r = r == VAULTENV_ERR_NOT_FOUND ? 0 : err_copy(err, &why);
		goto out;
	}
	if ((r = device_secret_parse(keys->device_secret,
		 text.len > 0 ? (const char *)text.data : "", fault)) != 0)
		err_set(err, r,
		    "Put its copy back, or run: vault-env register-device "
		    "--force",
		    "%s does not hold a device secret, 64 hex digits: %s", path,
		    fault);
out:
	blob_reset(&text);
	return r;
}
