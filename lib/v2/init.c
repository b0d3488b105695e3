/* SPDX-License-Identifier: MIT */
/*
 * init.c: a new project of protocol v2. The client makes all of it, id
 * included, and writes it down before a server hears of it, so that a run that
 * was cut off can send the same again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/devices.h"

/* RFC 9562, version 4. */
static int
uuid_make(char out[ID_LEN + 1])
{
	uint8_t raw[16];
	char hex[2 * sizeof(raw) + 1];
	int r;

	if ((r = random_bytes(raw, sizeof(raw))) != 0)
		return r;
	raw[6] = (uint8_t)((raw[6] & 0x0f) | 0x40);
	raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80);
	hex_encode(hex, raw, sizeof(raw));
	for (size_t i = 0, at = 0; at < ID_LEN; at++)
		out[at] = at == 8 || at == 13 || at == 18 || at == 23
			      ? '-'
			      : hex[i++];
	out[ID_LEN] = '\0';
	return 0;
}

/* What a project begins with; in secmem. */
struct beginning {
	struct vault_key key;
	struct device device;
	struct entry root;
	char secret[VAULTENV_DEVICE_SECRET_LEN + 2];
	char text[VAULT_KEY_V2_LEN + 1];
};

static int
keys_make(const struct vaultenv_client *c, struct beginning *b)
{
	char project[ID_LEN + 1];
	int r;

	if ((r = uuid_make(project)) != 0 ||
	    (r = vault_key_make(&b->key, project)) != 0)
		return r;
	if (c->keys->given_secret[0] != '\0')
		memcpy(b->secret, c->keys->given_secret,
		    VAULTENV_DEVICE_SECRET_LEN + 1);
	else if ((r = device_secret_generate(b->secret)) != 0)
		return r;
	return device_read(&b->device, project, b->secret);
}

/* Appends the root in base64, and makes it VAULT_KEY's anchor. */
static int
root_make(struct beginning *b, const char *name, struct blob *out)
{
	struct entry *e = &b->root;
	struct members log;
	int r;

	members_init(&log, b->key.project);
	entry_begin(e, &log, ENTRY_ROOT, b->device.id, clock_now_ms());
	memcpy(e->device, b->device.id, sizeof(e->device));
	memcpy(e->name, name, strlen(name) + 1);
	memcpy(e->sign, b->device.sign, PUBLIC_KEY_LEN);
	memcpy(e->box, b->device.box, PUBLIC_KEY_LEN);
	e->scope = scope_of_new();
	e->scope.role = ROLE_ADMIN;
	memcpy(e->join, b->key.join, PUBLIC_KEY_LEN);
	if ((r = entry_sign(out, e, &b->device, &b->key)) == 0)
		r = members_continue(&log, 0,
		    &(struct text){ (char *)out->data, out->len }, 1, true,
		    &(size_t){ 0 });
	if (r == 0) {
		memcpy(b->key.anchor, log.steps[0].hash, HASH_LEN);
		vault_key_write(b->text, &b->key);
	}
	members_reset(&log);
	return r;
}

/* The device secret comes first: without it the rest is of no use. */
static int
secret_keep(const struct vaultenv_client *c, const struct beginning *b,
    struct vaultenv_error *err)
{
	char line[VAULTENV_DEVICE_SECRET_LEN + 2], *path = NULL;
	int r;

	if (c->keys->given_secret[0] != '\0')
		return 0;
	if ((r = home_path(b->key.project, ".key", &path, err)) != 0)
		return r;
	if (path == NULL)
		return err_set(err, VAULTENV_ERR_IO,
		    "Set HOME, or set VAULT_DEVICE_SECRET",
		    "There is no home folder to keep a device secret in");
	memcpy(line, b->secret, VAULTENV_DEVICE_SECRET_LEN);
	memcpy(line + VAULTENV_DEVICE_SECRET_LEN, "\n", 2);
	r = store_create_private(path, line, strlen(line), err);
	mem_wipe(line, sizeof(line));
	free(path);
	return r;
}

/* All of it on disk, and the client of that project. */
static int
begin(struct vaultenv_client *c, struct beginning *b, const char *name,
    struct vaultenv_error *err)
{
	struct blob root;
	int r;

	blob_init(&root, BASE64_LEN(ENTRY_SIZE_MAX) + 1);
	if ((r = crypto_init()) != 0 || (r = keys_make(c, b)) != 0 ||
	    (r = root_make(b, name, &root)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = secret_keep(c, b, err)) != 0 ||
	    (r = vaultenv_client_set_key(c, b->text, err)) != 0 ||
	    (r = team_begin(c, err)) != 0)
		goto out;
	r = team_take_log(
	    c, 0, &(struct text){ (char *)root.data, root.len }, 1, err);
out:
	blob_reset(&root);
	return r;
}

int
vaultenv_project_begin(struct vaultenv_client *c, const char *device_name,
    char **key, size_t *len, struct vaultenv_error *err)
{
	struct beginning *b;
	struct blob text;
	int r;

	if ((r = client_check_process(c, err)) != 0 ||
	    (r = device_name_check(device_name, err)) != 0)
		return r;
	if ((b = secmem_alloc(sizeof(*b))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	blob_init(&text, VAULTENV_KEY_MAX);
	if ((r = begin(c, b, device_name, err)) != 0)
		goto out;
	if (blob_append_str(&text, b->text) != 0 ||
	    (*key = blob_take(&text, len)) == NULL)
		r = err_general(err, VAULTENV_ERR_NOMEM);
out:
	blob_reset(&text);
	secmem_free(b, sizeof(*b));
	return r;
}

/* 404, and by nobody who knows v2. */
static int
old_server(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_NOT_FOUND,
	    "Update it, or run: vault-env init --protocol 1",
	    "%s speaks protocol v1 only", c->url);
}

static int
send(struct vaultenv_client *c, const char *name, const char *token_line,
    struct vaultenv_error *err)
{
	const struct team *t = c->team;
	uint8_t request_key[REQUEST_KEY_LEN];
	char hex[2 * REQUEST_KEY_LEN + 1];
	struct blob registration, root;
	struct call call;
	int r;

	blob_init(&registration, BASE64_LEN(SMALL_SIZE_MAX) + 1);
	blob_init(&root, LOG_FILE_MAX);
	v2_call_begin(&call, c, "project/create");
	call.no_registration = true;
	call.header = token_line;
	call.body_is_bad = "The name of the project is not UTF-8 text";
	r = v2_registration(c, &registration, t->log.members[0].name,
	    &t->keys->device, team_key(t), request_key);
	if (r == 0)
		r = blob_append(&root, t->lines.data, t->lines.len - 1);
	if (r != 0) {
		err_general(err, r);
		goto out;
	}
	hex_encode(hex, request_key, sizeof(request_key));
	json_put_text(&call.body, "root", (char *)root.data);
	json_put_text(&call.body, "registration", (char *)registration.data);
	json_put_text(&call.body, "request_key", hex);
	if (name != NULL)
		json_put_text(&call.body, "project_name", name);
	r = v2_call_perform(&call, v2_nothing, NULL, err);
	if (r != 0 && call.http.status == 404)
		r = old_server(c, err);
out:
	mem_wipe(request_key, sizeof(request_key));
	mem_wipe(hex, sizeof(hex));
	blob_reset(&registration);
	blob_reset(&root);
	call_end(&call);
	return r;
}

int
vaultenv_project_publish(struct vaultenv_client *c, const char *name,
    const char *token, struct vaultenv_error *err)
{
	char header[TOKEN_LINE];
	int r;

	if ((r = token_header(header, token, err)) != 0 ||
	    (r = team_begin(c, err)) != 0)
		goto out;
	if (c->team->log.n_steps == 0)
		r = err_set(err, VAULTENV_ERR_INVALID,
		    "Run it on the machine that made the project",
		    "This machine did not begin project %s", c->project_id);
	else if (c->team->log.n_steps == 1)
		r = send(c, name, token == NULL ? NULL : header, err);
out:
	mem_wipe(header, sizeof(header));
	return r;
}
