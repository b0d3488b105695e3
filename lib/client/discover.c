/* SPDX-License-Identifier: MIT */
/*
 * Where a client's settings come from: options first, then the environment,
 * then the .env file, then the built-in default. Reads, never writes; derives
 * nothing and talks to nobody.
 */
#include "config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "disk/disk.h"

#define PASSWD_MAX   (64 * 1024)
#define KEY_FILE_MAX 256

/* The .env file, read at most once and only when something is wanted of it. */
struct env_file {
	const char *path;
	struct vaultenv_list *list; /* NULL: not read yet, or not there */
	bool is_read;
};

static const char *
non_empty(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

/* *value, without white space around it, is borrowed from file; NULL: none. */
static int
env_file_find(struct env_file *file, const char *name, const char **value,
    size_t *value_len, struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	struct vaultenv_error why;
	char *text = NULL;
	size_t len = 0;
	int r;

	*value = NULL;
	if (!file->is_read) {
		r = vaultenv_file_read(file->path, &text, &len, &why);
		if (r == 0) {
			r = vaultenv_dotenv_parse(text, len, &file->list, &why);
			vaultenv_text_free(&text, len);
		}
		if (r != 0 && r != VAULTENV_ERR_NOT_FOUND)
			return err_copy(err, &why);
		file->is_read = true;
	}
	if (file->list != NULL &&
	    (pair = vaultenv_list_find(file->list, name)) != NULL)
		*value = text_trim(pair->value, value_len);
	if (*value != NULL && *value_len == 0)
		*value = NULL;
	return 0;
}

static int
discover_url(struct vaultenv_client *c, const struct vaultenv_options *opts,
    struct env_file *file, struct vaultenv_error *err)
{
	const char *from = "The URL given", *text = opts->url;
	size_t len = text != NULL ? strlen(text) : 0;
	struct url url;
	int r;

	if (text == NULL) {
		from = "VAULT_URL";
		text = variable_get("VAULT_URL", &len);
	}
	if (text == NULL &&
	    (r = env_file_find(file, "VAULT_URL", &text, &len, err)) != 0)
		return r;
	if (text == NULL) {
		text = VAULTENV_DEFAULT_URL;
		len = strlen(text);
	}
	if ((c->url = strndup(text, len)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (url_parse(c->url, &url) != 0)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Write it like https://vault.example.com",
		    "%s is not a server's URL", from);
	if (!url_is_allowed(&url, opts->insecure_http != 0))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Use https, or allow insecure http if the network on the "
		    "way can be trusted",
		    "%.*s is not encrypted", (int)url.origin_len, c->url);
	while (c->url[len - 1] == '/')
		c->url[--len] = '\0';
	c->date_is_trusted = url.https || url.loopback;
	return 0;
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

static int
discover_vault_key(struct client_keys *keys,
    const struct vaultenv_options *opts, struct env_file *file,
    struct vaultenv_error *err)
{
	const char *text = opts->vault_key;
	size_t len;
	int r;

	if (text != NULL)
		text = text_trim(text, &len);
	else
		text = variable_get("VAULT_KEY", &len);
	if (text == NULL &&
	    (r = env_file_find(file, "VAULT_KEY", &text, &len, err)) != 0)
		return r;
	if (text == NULL)
		return err_set(err, VAULTENV_ERR_NO_KEY,
		    "Run: vault-env init, or set VAULT_KEY to the key of an "
		    "existing project",
		    "VAULT_KEY not found in the environment or in %s",
		    file->path);
	if (len > VAULTENV_KEY_MAX)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it again from where it was made",
		    "VAULT_KEY is longer than %d bytes", VAULTENV_KEY_MAX);
	memcpy(keys->vault_key, text, len);
	return 0;
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
	struct env_file file = { opts->path != NULL ? opts->path : ".env", NULL,
		false };
	int r;

	/* The key first: without one, no other setting is worth an error. */
	if (!opts->no_key &&
	    (r = discover_vault_key(c->keys, opts, &file, err)) != 0)
		goto out;
	if ((r = discover_environment(c, opts, err)) != 0 ||
	    (r = discover_given_secret(c->keys, opts, err)) != 0)
		goto out;
	r = discover_url(c, opts, &file, err);
out:
	vaultenv_list_free(&file.list);
	return r;
}

int
discover_device_path(
    const char *project_id, char **path, struct vaultenv_error *err)
{
	struct passwd entry, *found = NULL;
	const char *home = getenv("HOME");
	char *buf = NULL;
	int r = 0;

	*path = NULL;
	if (non_empty(home) == NULL) {
		if ((buf = malloc(PASSWD_MAX)) == NULL)
			return err_general(err, VAULTENV_ERR_NOMEM);
		home = NULL;
		if (getpwuid_r(geteuid(), &entry, buf, PASSWD_MAX, &found) ==
			0 &&
		    found != NULL)
			home = found->pw_dir;
	}
	if (non_empty(home) != NULL &&
	    asprintf(path, "%s/.vault/%s.key",
		strcmp(home, "/") == 0 ? "" : home, project_id) < 0) {
		*path = NULL;
		r = err_general(err, VAULTENV_ERR_NOMEM);
	}
	free(buf);
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
