/* SPDX-License-Identifier: MIT */
/*
 * audit.c: who asked the server for what, by its own record. What was changed
 * is proven by log and versions; what was read is the server's word alone.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "v2/devices.h"
#include "v2/v2.h"

#define ROWS_DEFAULT 100
#define PAGE_MAX     1000

static int
take_version_or_null(
    struct json_object *o, const struct json_value *v, void *out)
{
	if (v == NULL || v->type == JSON_NULL)
		return 0;
	return take_version_or_0(o, v, out);
}

#define AT(member) offsetof(struct vaultenv_audit_row, member)

static const struct wanted row_wanted[] = {
	WANT("at", take_text, AT(at)),
	WANT("id", take_uuid, AT(id)),
	WANT("action", take_text, AT(action)),
	WANT("outcome", take_text, AT(outcome)),
	WANT("device_id", take_text_or_null, AT(device_id)),
	WANT("environment", take_text_or_null, AT(environment)),
	WANT("version", take_version_or_null, AT(version)),
	WANT("address", take_text_or_null, AT(address)),
	WANT_END,
};

static void
row_reset(struct vaultenv_audit_row *row)
{
	free(row->at);
	free(row->id);
	free(row->action);
	free(row->outcome);
	free(row->device_id);
	free(row->device);
	free(row->environment);
	free(row->address);
}

void
vaultenv_audit_free(struct vaultenv_audit **audit)
{
	if (audit == NULL || *audit == NULL)
		return;
	for (size_t i = 0; i < (*audit)->n; i++)
		row_reset(&(*audit)->at[i]);
	free((*audit)->at);
	free(*audit);
	*audit = NULL;
}

/* What is asked for, and how far that has come. */
struct reading {
	struct vaultenv_client *client;
	const struct vaultenv_audit_options *options;
	char *since; /* as rows have it; NULL: from the beginning */
	size_t left;
	bool more;
	struct vaultenv_audit *out;
};

static void
put_before(struct json_writer *body, const struct vaultenv_audit *got)
{
	const struct vaultenv_audit_row *last;

	if (got->n == 0)
		return;
	last = &got->at[got->n - 1];
	json_put_name(body, "before");
	json_begin(body, '{');
	json_put_text(body, "at", last->at);
	json_put_text(body, "id", last->id);
	json_end(body, '}');
}

/* The log knows devices by name; the server may say any id. */
static int
name_device(const struct reading *r, struct vaultenv_audit_row *row)
{
	const struct members *log = &r->client->team->log;
	const struct member *m =
	    row->device_id == NULL ? NULL : members_find(log, row->device_id);

	if (m == NULL)
		return 0;
	row->device = strdup(m->name);
	return row->device == NULL ? VAULTENV_ERR_NOMEM : 0;
}

/* The rows of a page, as long as they are wanted. They are all text_printable()
 * and come newest first: so do times in one form, by their bytes. */
static int
rows_add(struct reading *r, struct items *page)
{
	struct vaultenv_audit_row *rows = page->at, *grown;
	struct vaultenv_audit *out = r->out;
	int code = 0;

	grown = reallocarray(out->at, out->n + page->n + 1, sizeof(*grown));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	out->at = grown;
	for (size_t i = 0; i < page->n; i++) {
		r->more =
		    r->more && r->left > 0 &&
		    (r->since == NULL || strcmp(rows[i].at, r->since) >= 0);
		if (code != 0 || !r->more) {
			row_reset(&rows[i]);
			continue;
		}
		out->at[out->n++] = rows[i];
		r->left--;
		code = name_device(r, &out->at[out->n - 1]);
	}
	page->n = 0;
	return code;
}

static int
page_read(struct reading *r, struct vaultenv_error *err)
{
	static const struct wanted want[] = {
		WANT_ITEMS("rows", row_wanted, struct vaultenv_audit_row),
		WANT_END,
	};
	const struct vaultenv_audit_options *o = r->options;
	struct vaultenv_audit rest;
	struct items page = { 0 };
	struct call call;
	bool more;
	int code;

	v2_call_begin(&call, r->client, "audit/list");
	put_before(&call.body, r->out);
	json_put_int(&call.body, "limit",
	    (int64_t)(r->left < PAGE_MAX ? r->left : PAGE_MAX));
	if (o->device_id != NULL)
		json_put_text(&call.body, "device_id", o->device_id);
	if (o->environment != NULL)
		json_put_text(&call.body, "environment", o->environment);
	v2_put_log_have(&call);
	code = v2_call_perform(&call, want, &page, err);
	more = json_find_true(&call.reply, "more") && page.n > 0;
	if (code == 0 && (code = rows_add(r, &page)) != 0)
		err_general(err, code);
	r->more = r->more && more && r->left > 0;
	rest = (struct vaultenv_audit){ page.n, page.at };
	for (size_t i = 0; i < rest.n; i++)
		row_reset(&rest.at[i]);
	free(rest.at);
	call_end(&call);
	return code;
}

static int
since_read(struct reading *r, struct vaultenv_error *err)
{
	const char *text = r->options->since;
	int64_t span;
	int code;

	if (text == NULL)
		return 0;
	if ((code = age_parse(text, strlen(text), "since", &span, err)) != 0)
		return code;
	r->since = time_iso(clock_now_ms() - span * 1000);
	return r->since == NULL ? err_general(err, VAULTENV_ERR_INVALID) : 0;
}

static int
read_all(struct reading *r, struct vaultenv_error *err)
{
	const char *device = r->options->device_id;
	int code;

	if (device != NULL && (code = device_id_check(device, err)) != 0)
		return code;
	if ((code = since_read(r, err)) != 0 ||
	    (code = team_begin(r->client, err)) != 0 ||
	    (code = team_sync(r->client, err)) != 0)
		return code;
	do {
		code = page_read(r, err);
	} while (code == 0 && r->more);
	return code;
}

int
vaultenv_audit_list(struct vaultenv_client *client,
    const struct vaultenv_audit_options *options, struct vaultenv_audit **out,
    struct vaultenv_error *err)
{
	static const struct vaultenv_audit_options nothing;
	struct reading r = { .client = client,
		.options = options == NULL ? &nothing : options,
		.more = true };
	int code;

	r.left = r.options->limit == 0 ? ROWS_DEFAULT : r.options->limit;
	if ((r.out = calloc(1, sizeof(*r.out))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((code = read_all(&r, err)) == 0) {
		*out = r.out;
		r.out = NULL;
	}
	vaultenv_audit_free(&r.out);
	free(r.since);
	return code;
}
