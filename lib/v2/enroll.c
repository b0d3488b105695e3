/* SPDX-License-Identifier: MIT */
/*
 * enroll.c: a device for a machine where nobody can be asked, or for paper:
 * made by an admin's client, and admitted together with its request key by one
 * entry of the log. Whoever runs it has seen the secret.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/enroll.h"

void
vaultenv_enrolled_free(struct vaultenv_enrolled **enrolled)
{
	struct vaultenv_enrolled *e;

	if (enrolled == NULL || (e = *enrolled) == NULL)
		return;
	vaultenv_text_free(&e->device_secret, VAULTENV_DEVICE_SECRET_LEN);
	vaultenv_text_free(&e->vault_key, VAULT_KEY_V2_LEN);
	device_reset(&e->device);
	project_unlock(&e->lock);
	free(e);
	*enrolled = NULL;
}

/* The entry that admits it. */
struct admission {
	const struct enrolment *of;
	struct blob registration;                  /* base64 */
	char request_key[2 * REQUEST_KEY_LEN + 1]; /* hex */
};

/* With the VAULT_KEY in use: another may have taken over since the last time.
 */
static int
registration_make(struct vaultenv_client *c, struct admission *a)
{
	uint8_t request_key[REQUEST_KEY_LEN];
	int r;

	blob_reset(&a->registration);
	r = v2_registration(c, &a->registration, a->of->name, &a->of->device,
	    team_key(c->team), request_key);
	if (r == 0)
		hex_encode(a->request_key, request_key, sizeof(request_key));
	mem_wipe(request_key, sizeof(request_key));
	return r;
}

static int
enroll_fill(struct vaultenv_client *c, void *arg, struct entry *e,
    struct vaultenv_error *err)
{
	struct admission *a = arg;
	const struct enrolment *from = a->of;
	int r;

	if ((r = registration_make(c, a)) != 0)
		return err_general(err, r);
	memcpy(e->device, from->device.id, sizeof(e->device));
	memcpy(e->name, from->name, sizeof(e->name));
	memcpy(e->sign, from->device.sign, PUBLIC_KEY_LEN);
	memcpy(e->box, from->device.box, PUBLIC_KEY_LEN);
	e->scope = from->scope;
	return 0;
}

static int
admit(struct vaultenv_client *c, const struct enrolment *e,
    struct vaultenv_error *err)
{
	struct admission a = { .of = e };
	const struct act act = { .kind = ENTRY_ADMIT,
		.fill = enroll_fill,
		.arg = &a,
		.registration = &a.registration,
		.request_key = a.request_key,
		.has_history = !e->no_history };
	int r;

	blob_init(&a.registration, BASE64_LEN(SMALL_SIZE_MAX) + 1);
	r = team_append(c, &act, err);
	blob_reset(&a.registration);
	mem_wipe(a.request_key, sizeof(a.request_key));
	return r;
}

/* Of an earlier run's file: that of a device that is none any more is but
 * rubbish. *again: it is gone, and a new one can be made. */
static int
resume_check(struct vaultenv_client *c, const struct enrolment *e, int64_t role,
    bool *again, struct vaultenv_error *err)
{
	const struct member *m = members_find(&c->team->log, e->device.id);

	*again = m != NULL && member_now(m)->revoked;
	if (*again)
		return enrolment_remove(c, err);
	if ((e->scope.role == ROLE_ADMIN) == (role == ROLE_ADMIN))
		return 0;
	return err_set(err, VAULTENV_ERR_EXISTS,
	    e->scope.role == ROLE_ADMIN ? "Run first: vault-env recovery create"
					: "Run first: vault-env enroll",
	    "The device %s was begun before, and its secret not printed yet",
	    e->name);
}

/* The file, and whose keys it has. */
static int
begin(struct vaultenv_client *c, struct enrolment *e, int *lock,
    struct vaultenv_error *err)
{
	const struct enrolment wanted = *e;
	bool again;
	int r;

	do {
		*e = wanted;
		if ((r = enrolment_open(c, e, lock, err)) != 0)
			return r;
		r = resume_check(c, e, wanted.scope.role, &again, err);
		if (again)
			project_unlock(lock);
	} while (r == 0 && again);
	return r;
}

static int
result_fill(struct vaultenv_client *c, const struct enrolment *e,
    struct vaultenv_enrolled *out)
{
	const struct members *log = &c->team->log;
	const struct member *m = members_find(log, e->device.id);

	out->is_resumed = e->is_resumed;
	if ((out->device_secret = strdup(e->secret)) == NULL ||
	    (out->vault_key = malloc(VAULT_KEY_V2_LEN + 1)) == NULL)
		return VAULTENV_ERR_NOMEM;
	vault_key_write(out->vault_key, team_key(c->team));
	return m == NULL ? VAULTENV_ERR_PROTOCOL
			 : device_from_log(&out->device, log, m, NULL);
}

static int
enroll(struct vaultenv_client *c, struct enrolment *e,
    struct vaultenv_enrolled *out, struct vaultenv_error *err)
{
	int r;

	if ((r = begin(c, e, &out->lock, err)) != 0)
		return r;
	if (members_find(&c->team->log, e->device.id) == NULL)
		r = admit(c, e, err);
	else if (!e->no_history)
		history_resume(c, e->device.id);
	if (r != 0)
		return r;
	return (r = result_fill(c, e, out)) == 0 ? 0 : err_general(err, r);
}

int
vaultenv_device_enroll(struct vaultenv_client *c, const char *name,
    const struct vaultenv_scope *scope, struct vaultenv_enrolled **out,
    struct vaultenv_error *err)
{
	struct vaultenv_enrolled *result;
	struct enrolment *e = NULL;
	int r;

	if ((result = calloc(1, sizeof(*result))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	result->lock = -1;
	if ((r = device_name_check(name, err)) != 0)
		goto out;
	if ((e = secmem_alloc(sizeof(*e))) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	strcpy(e->name, name);
	e->no_history = scope->no_history;
	e->scope = scope_of_new();
	if ((r = scope_apply(scope, &e->scope, err)) != 0 ||
	    (r = team_begin(c, err)) != 0 || (r = team_sync(c, err)) != 0 ||
	    (r = team_admin(c, err)) != 0 ||
	    (r = enroll(c, e, result, err)) != 0)
		goto out;
	*out = result;
	result = NULL;
out:
	secmem_free(e, sizeof(*e));
	vaultenv_enrolled_free(&result);
	return r;
}

int
vaultenv_enrolled_finish(struct vaultenv_client *c,
    struct vaultenv_enrolled *enrolled, struct vaultenv_error *err)
{
	int r;

	if ((r = enrolment_remove(c, err)) == 0)
		project_unlock(&enrolled->lock);
	return r;
}
