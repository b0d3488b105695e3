/* SPDX-License-Identifier: MIT */
/*
 * register.c: a device and its request key, brought to a server: once by a
 * person, who then asks for approval, and by the client itself wherever a
 * server does not know the key of a device (another URL, another VAULT_KEY, a
 * server that lost its keys).
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

int
v2_registration(const struct vaultenv_client *c, struct blob *out,
    const char *name, const struct device *device, const struct vault_key *key,
    uint8_t request_key[REQUEST_KEY_LEN])
{
	const struct team *t = c->team;
	struct registration g = { .suite = SUITE_1 };
	int r;

	memcpy(g.project, key->project, sizeof(g.project));
	memcpy(g.device, device->id, sizeof(g.device));
	memcpy(g.sign, device->sign, PUBLIC_KEY_LEN);
	memcpy(g.box, device->box, PUBLIC_KEY_LEN);
	memcpy(g.url, t->url, sizeof(g.url));
	g.at_ms = clock_now_ms() + t->clock_offset_ms;
	if (strlen(name) > DEVICE_NAME_LEN_MAX)
		return VAULTENV_ERR_INVALID;
	memcpy(g.name, name, strlen(name) + 1);
	if ((r = request_key_derive(request_key, key, device, t->url)) != 0 ||
	    (r = request_id(g.request_id, request_key)) != 0)
		return r;
	return registration_sign(out, &g, device, key);
}

/* One try. *is_late: the server's clock was followed since it was signed, and
 * its time is part of its text, so a second one is another body. */
static int
register_once(struct vaultenv_client *c, const char *name, char **status,
    bool *is_late, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("status", take_text, 0),
		WANT_END };
	const struct team *t = c->team;
	const int64_t offset_ms = t->clock_offset_ms;
	uint8_t request_key[REQUEST_KEY_LEN];
	char hex[2 * REQUEST_KEY_LEN + 1];
	struct blob statement;
	struct call call;
	int r;

	blob_init(&statement, BASE64_LEN(SMALL_SIZE_MAX) + 1);
	v2_call_begin(&call, c, "devices/register");
	call.no_registration = true;
	call.body_is_bad = "The name of the device is not visible text of 128 "
			   "bytes at most";
	r = v2_registration(
	    c, &statement, name, &t->keys->device, team_key(t), request_key);
	if (r != 0) {
		call.body.r = r;
	} else {
		hex_encode(hex, request_key, sizeof(request_key));
		json_put_text(
		    &call.body, "registration", (const char *)statement.data);
		json_put_text(&call.body, "request_key", hex);
		v2_put_log_have(&call);
	}
	r = v2_call_perform(&call, want, status, err);
	*is_late = r != 0 && v2_call_code(&call) == CODE_REGISTER_TIME &&
		   t->clock_offset_ms != offset_ms;
	mem_wipe(request_key, sizeof(request_key));
	mem_wipe(hex, sizeof(hex));
	blob_reset(&statement);
	call_end(&call);
	return r;
}

int
v2_register(struct vaultenv_client *c, const char *name, char **status,
    struct vaultenv_error *err)
{
	const struct vault_key *key = team_key(c->team);
	char host[NAME_MAX_LEN + 1], *got = NULL;
	bool is_late;
	int r;

	if (name == NULL) {
		device_host_name(host);
		name = host;
	}
	r = register_once(c, name, &got, &is_late, err);
	/* Or VAULT_KEY_NEXT has taken over. */
	if (is_late || (r != 0 && team_key(c->team) != key))
		r = register_once(c, name, &got, &is_late, err);
	if (r == 0 && status != NULL) {
		*status = got;
		got = NULL;
	}
	free(got);
	return r;
}

int
v2_device_register(struct vaultenv_client *c, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err)
{
	struct vaultenv_device *d;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	if ((d = calloc(1, sizeof(*d))) == NULL ||
	    (d->name = strdup(name)) == NULL ||
	    (d->id = strdup(c->team->keys->device.id)) == NULL) {
		vaultenv_device_free(&d);
		return err_general(err, VAULTENV_ERR_NOMEM);
	}
	if ((r = v2_register(c, name, &d->status, err)) == 0) {
		*device = d;
		d = NULL;
	}
	vaultenv_device_free(&d);
	return r;
}
