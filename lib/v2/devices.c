/* SPDX-License-Identifier: MIT */
/*
 * devices.c: the devices of a project: those of the log, which nobody can
 * invent, and for an admin those that wait, as far as they are genuine. Of the
 * server's word only times and addresses are taken.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "trust/registration.h"
#include "v2/devices.h"

#define ID_SHOWN 8 /* digits of who waits: the rest is the new machine's */
#define SOON_MS  (INT64_C(30) * 86400 * 1000)
#define SEEN_MAX (LOG_ENTRIES_MAX + 1000)

/* ---- devices/list ---- */

void
seen_reset(struct seen_devices *seen)
{
	for (size_t i = 0; i < seen->n; i++) {
		free(seen->at[i].id);
		free(seen->at[i].status);
		free(seen->at[i].registration);
		free(seen->at[i].address);
		free(seen->at[i].created_at);
		free(seen->at[i].last_seen_at);
	}
	free(seen->at);
	*seen = (struct seen_devices){ .n = 0 };
}

/* Only of who waits. */
static int
take_address(struct json_object *o, const struct json_value *v, void *out)
{
	return v == NULL ? 0 : take_text_or_null(o, v, out);
}

/* As it is: it is decoded, not shown. */
static int
take_registration(struct json_object *o, const struct json_value *v, void *to)
{
	struct json_value text;
	char **out = to;
	int r;

	if (v == NULL || v->type == JSON_NULL)
		return 0;
	if ((r = take_string(o, v, &text)) != 0)
		return r;
	*out = strdup(text.text);
	return *out == NULL ? VAULTENV_ERR_NOMEM : 0;
}

static int
page_add(struct seen_devices *seen, struct seen_devices *page)
{
	struct seen_device *grown;

	if (page->n == 0)
		return 0;
	grown = reallocarray(seen->at, seen->n + page->n, sizeof(*grown));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	memcpy(grown + seen->n, page->at, page->n * sizeof(*grown));
	seen->at = grown;
	seen->n += page->n;
	free(page->at);
	*page = (struct seen_devices){ .n = 0 };
	return 0;
}

/* They come by id: a server that begins again, or never ends, is stopped. */
static bool
goes_on(const struct seen_devices *seen, const struct seen_devices *page)
{
	return page->n > 0 && seen->n + page->n <= SEEN_MAX &&
	       (seen->n == 0 ||
		   strcmp(page->at[0].id, seen->at[seen->n - 1].id) > 0);
}

#define AT(member) offsetof(struct seen_device, member)

static int
read_page(struct vaultenv_client *c, struct seen_devices *seen, bool *more,
    struct vaultenv_error *err)
{
	static const struct wanted device[] = {
		WANT("id", take_uuid, AT(id)),
		WANT("status", take_text, AT(status)),
		WANT("registration", take_registration, AT(registration)),
		WANT("address", take_address, AT(address)),
		WANT("created_at", take_text, AT(created_at)),
		WANT("last_seen_at", take_text_or_null, AT(last_seen_at)),
		WANT_END,
	};
	static const struct wanted want[] = {
		WANT_ITEMS("devices", device, struct seen_device),
		WANT_END,
	};
	struct seen_devices page = { .n = 0 };
	struct items got = { 0 };
	struct call call;
	int r;

	v2_call_begin(&call, c, "devices/list");
	if (seen->n > 0)
		json_put_text(&call.body, "after", seen->at[seen->n - 1].id);
	v2_put_log_have(&call);
	r = v2_call_perform(&call, want, &got, err);
	page = (struct seen_devices){ got.n, got.at };
	*more = r == 0 && json_find_true(&call.reply, "more");
	if (r == 0 && *more && !goes_on(seen, &page))
		r = v2_call_wrong(&call, "more", err);
	if (r == 0 && (r = page_add(seen, &page)) != 0)
		err_general(err, r);
	seen_reset(&page);
	call_end(&call);
	return r;
}

int
seen_read(struct vaultenv_client *c, struct seen_devices *out,
    struct vaultenv_error *err)
{
	bool more = false;
	int r;

	*out = (struct seen_devices){ .n = 0 };
	do {
		r = read_page(c, out, &more, err);
	} while (r == 0 && more);
	return r;
}

const struct seen_device *
seen_find(const struct seen_devices *seen, const char *id)
{
	for (size_t i = 0; i < seen->n; i++)
		if (strcmp(seen->at[i].id, id) == 0)
			return &seen->at[i];
	return NULL;
}

/* Only the newest VAULT_KEY lets in: a rotation clears the list. */
int
seen_judge(const struct vaultenv_client *c, const struct seen_device *seen,
    struct registration *g, struct blob *bytes)
{
	const struct members *log = &c->team->log;
	const struct register_rules rules = {
		.project = log->project,
		.joins = (const uint8_t(*)[PUBLIC_KEY_LEN])log
			     ->generations[log->n_generations - 1]
			     .join,
		.n_joins = 1,
	};
	size_t generation;
	int r;

	if (seen->registration == NULL)
		return CODE_BAD_FORM;
	r = registration_read(g, bytes,
	    (struct text){ seen->registration, strlen(seen->registration) });
	if (r == 0)
		r = registration_check(g, &rules, &generation);
	if (r == 0 && strcmp(g->device, seen->id) != 0)
		r = CODE_REGISTER_DEVICE_ID;
	return r;
}

/* ---- the list ---- */

/* *out is for free(). 0 ms: NULL. */
static int
iso_make(char **out, int64_t ms)
{
	if (ms == 0)
		return 0;
	*out = time_iso(ms);
	return *out == NULL ? VAULTENV_ERR_NOMEM : 0;
}

static int
copy(char **out, const char *text)
{
	return text != NULL && (*out = strdup(text)) == NULL
		   ? VAULTENV_ERR_NOMEM
		   : 0;
}

static int
envs_join(char **out, const struct grant *g)
{
	struct blob text;
	int r = 0;

	blob_init(&text, LIST_MAX * (ENV_LEN_MAX + 2));
	for (size_t i = 0; r == 0 && i < g->n_envs; i++)
		r = blob_printf(&text, "%s%s", i > 0 ? ", " : "", g->envs[i]);
	if (r == 0)
		r = copy(out, (const char *)text.data);
	blob_reset(&text);
	return r;
}

int
device_name_check(const char *name, struct vaultenv_error *err)
{
	const size_t len = strlen(name);

	if (len > 0 && len <= DEVICE_NAME_LEN_MAX && name_is_visible(name, len))
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID, "Give another one",
	    "The name of the device is not visible text of %d bytes at most",
	    DEVICE_NAME_LEN_MAX);
}

const char *
role_name(int64_t role)
{
	static const char *const names[] = { NULL, "reader", "writer",
		"admin" };

	return role >= ROLE_READER && role <= ROLE_ADMIN ? names[role] : NULL;
}

int
device_from_log(struct vaultenv_device *d, const struct members *log,
    const struct member *m, const struct seen_device *seen)
{
	const struct step *step = &log->steps[m->grants[0].seq];
	const struct grant *g = member_now(m);
	const bool ends = g->expires_ms != 0 && !g->revoked;
	const int64_t left_ms = g->expires_ms - clock_now_ms();
	int r;

	d->has_expired = ends && left_ms < 0;
	d->ends_soon = ends && left_ms >= 0 && left_ms < SOON_MS;
	if ((r = copy(&d->id, m->id)) != 0 ||
	    (r = copy(&d->name, m->name)) != 0 ||
	    (r = copy(&d->status, g->revoked ? "revoked" : "approved")) != 0 ||
	    (r = copy(&d->role, role_name(g->role))) != 0 ||
	    (r = envs_join(&d->environments, g)) != 0 ||
	    (r = iso_make(&d->expires_at, g->expires_ms)) != 0 ||
	    (r = iso_make(&d->approved_at, step->at_ms)) != 0 ||
	    (r = copy(&d->created_at,
		 seen != NULL ? seen->created_at : d->approved_at)) != 0 ||
	    (r = copy(&d->last_seen_at,
		 seen != NULL ? seen->last_seen_at : NULL)) != 0)
		return r;
	return strcmp(step->author, m->id) == 0
		   ? 0
		   : copy(&d->approved_by, step->author);
}

static int
from_pending(struct vaultenv_device *d, const struct registration *g,
    const struct seen_device *seen)
{
	int r;

	if ((r = copy(&d->name, g->name)) != 0 ||
	    (r = copy(&d->status, "pending")) != 0 ||
	    (r = copy(&d->created_at, seen->created_at)) != 0 ||
	    (r = copy(&d->address, seen->address)) != 0)
		return r;
	d->id = strndup(g->device, ID_SHOWN);
	return d->id == NULL ? VAULTENV_ERR_NOMEM : 0;
}

/* What is not genuine is told, and left out. */
static int
pending_add(struct vaultenv_client *c, const struct seen_device *seen,
    struct vaultenv_devices *list)
{
	struct registration g;
	struct finding why = { .seq = 0 };
	struct vaultenv_error err;
	struct blob bytes;
	int r;

	blob_init(&bytes, SMALL_SIZE_MAX);
	r = seen_judge(c, seen, &g, &bytes);
	if (r == 0) {
		r = from_pending(&list->at[list->n++], &g, seen);
	} else if (r > 0) {
		memcpy(why.device, seen->id, sizeof(why.device));
		code_error(c, r, &why, NULL, NULL, &err);
		notice_give_error(&c->notice, &err);
		r = 0;
	}
	blob_reset(&bytes);
	return r;
}

static int
newest_first(const void *a, const void *b)
{
	return strcmp(((const struct vaultenv_device *)b)->created_at,
	    ((const struct vaultenv_device *)a)->created_at);
}

static int
list_fill(struct vaultenv_client *c, const struct seen_devices *seen,
    struct vaultenv_devices *list)
{
	const struct members *log = &c->team->log;
	const struct member *m;
	int r = 0;

	list->at = calloc(log->n_members + seen->n, sizeof(*list->at));
	if (list->at == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; r == 0 && i < seen->n; i++)
		if (strcmp(seen->at[i].status, "pending") == 0 &&
		    members_find(log, seen->at[i].id) == NULL)
			r = pending_add(c, &seen->at[i], list);
	if (r == 0 && list->n > 1)
		qsort(list->at, list->n, sizeof(*list->at), newest_first);
	for (size_t i = log->n_members; r == 0 && i-- > 0;) {
		m = &log->members[i];
		r = device_from_log(
		    &list->at[list->n++], log, m, seen_find(seen, m->id));
	}
	return r;
}

/* Of the log; and what the server knows beside it, for an admin who asks. */
static int
list_read(struct vaultenv_client *c, bool asks, struct vaultenv_devices **out,
    struct vaultenv_error *err)
{
	struct seen_devices seen = { .n = 0 };
	struct vaultenv_devices *list;
	struct standing standing;
	int r;

	if ((list = calloc(1, sizeof(*list))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = team_begin(c, err)) != 0 || (r = team_sync(c, err)) != 0 ||
	    (r = team_standing(c, NULL, &standing, err)) != 0)
		goto out;
	list->is_from_log = standing.grant->role != ROLE_ADMIN;
	if (asks && !list->is_from_log && (r = seen_read(c, &seen, err)) != 0)
		goto out;
	if ((r = list_fill(c, &seen, list)) != 0) {
		err_general(err, r);
		goto out;
	}
	*out = list;
	list = NULL;
out:
	seen_reset(&seen);
	vaultenv_devices_free(&list);
	return r;
}

int
v2_device_list(struct vaultenv_client *c, struct vaultenv_devices **out,
    struct vaultenv_error *err)
{
	return list_read(c, true, out, err);
}

int
vaultenv_device_members(struct vaultenv_client *c,
    struct vaultenv_devices **out, struct vaultenv_error *err)
{
	return list_read(c, false, out, err);
}

int
device_known(struct vaultenv_client *c, const char *id,
    struct vaultenv_device **device, struct vaultenv_error *err)
{
	const struct member *m = members_find(&c->team->log, id);
	struct vaultenv_device *d;
	int r;

	if (m == NULL)
		return code_error(
		    c, CODE_DEVICE_UNKNOWN, NULL, NULL, NULL, err);
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = device_from_log(d, &c->team->log, m, NULL)) == 0) {
		*device = d;
		return 0;
	}
	vaultenv_device_free(&d);
	return err_general(err, r);
}

int
vaultenv_device_id(
    struct vaultenv_client *c, char id[ID_LEN + 1], struct vaultenv_error *err)
{
	int r;

	if ((r = team_begin(c, err)) == 0)
		memcpy(id, c->team->keys->device.id, ID_LEN + 1);
	return r;
}

int
vaultenv_device_self(struct vaultenv_client *c, struct vaultenv_device **device,
    struct vaultenv_error *err)
{
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	return device_known(c, c->team->keys->device.id, device, err);
}
