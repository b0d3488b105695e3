/* SPDX-License-Identifier: MIT */
/*
 * pull.c: a version of an environment: asked for, verified from what this
 * machine has seen on, opened; then remembered, and only then given out. The
 * steps of lib/PROTOCOL-v2, 8.2, where they are made:
 *
 *  1  discover.c and client.c of client/, when the client is opened
 *     the request's MAC and the reply's: call.c
 *  2  team_take_pages(): log_judge() in team.c, by open_log()
 *  3, 4  team_standing(): open_standing(), so that a device that may not read
 *     is told so whatever else came; and again in bundle_open(), of which it is
 *     a part where no server is asked: a cache, a mirror
 *  5  bundle_open(): open_records(), by history_check() of trust/
 *  6  bundle_open(): open_content()
 *
 * The log and its pin are written at the end of 2, the environment's pin
 * by team_take_records(), the cache by cached_write(), in this order.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

/* One try of a pull. */
struct pulling {
	struct vaultenv_client *client;
	const struct pull *how;
	/* What the records have to begin with: the own pin, or .vault-heads'.
	 */
	const struct pin *pin; /* NULL: nothing was seen */
	struct cached cached;
	bool has_cached; /* it may stand for what the server has */
	struct pages pages;
	int64_t asked_ms;
};

/* A cache stands in for a reply only if its records reach back to the pin. */
static bool
reaches_back(const struct bundle *b, const struct pin *pin)
{
	struct records first;
	bool yes;

	if (b->n_records == 0 || records_read(&first, b->records, 1) != 0)
		return false;
	yes = pin == NULL || first.at[0].version <= pin->version;
	records_reset(&first);
	return yes;
}

static void
cache_look(struct pulling *t)
{
	t->has_cached =
	    t->how->number == 0 && !t->how->no_cache &&
	    cached_read(t->client, t->how->env, &t->cached, NULL) == 0 &&
	    reaches_back(&t->cached.bundle, t->pin);
}

static int
put_record_have(struct call *call, const struct bundle *b)
{
	char hex[2 * HASH_LEN + 1];
	struct records newest;
	int r;

	r = records_read(&newest, b->records + b->n_records - 1, 1);
	if (r != 0)
		return r;
	hex_encode(hex, newest.at[0].raw.hash, HASH_LEN);
	json_put_text(&call->body, "record_have", hex);
	records_reset(&newest);
	return 0;
}

/* from: of the last record that came, 0: none did. */
static int
ask_page(struct pulling *t, int64_t from, struct vaultenv_error *err)
{
	struct vaultenv_client *c = t->client;
	struct call call;
	int r;

	v2_call_begin_environment(&call, c, "secrets/pull", t->how->env);
	json_put_int(&call.body, "log_have", pages_log_have(&t->pages));
	if (t->has_cached && put_record_have(&call, &t->cached.bundle) != 0)
		t->has_cached = false;
	if (from > 0)
		json_put_int(&call.body, "records_from", from);
	else if (t->pin != NULL)
		json_put_int(&call.body, "records_from", t->pin->version);
	if (t->how->number != 0)
		json_put_int(&call.body, "version", t->how->number);
	if ((r = v2_call_perform(&call, v2_nothing, NULL, err)) == 0)
		r = pages_add(&t->pages, &call, err);
	call_end(&call);
	return r;
}

static int
ask(struct pulling *t, struct vaultenv_error *err)
{
	int64_t from = 0;
	int r;

	t->asked_ms = clock_now_ms();
	do {
		if ((r = ask_page(t, from, err)) != 0)
			return r;
		if (t->pages.more && (r = pages_last(&t->pages, &from)) != 0)
			return code_error(
			    t->client, r, NULL, t->how->env, NULL, err);
	} while (t->pages.more);
	return 0;
}

/* How many records of the cache lie before the bundle's, which go on from them.
 */
static size_t
records_before(const struct pulling *t, const struct bundle *b)
{
	const struct bundle *cached = &t->cached.bundle;
	const struct text *first = &b->records[0];

	for (size_t i = 0; t->has_cached && i < cached->n_records; i++)
		if (cached->records[i].len == first->len &&
		    memcmp(cached->records[i].at, first->at, first->len) == 0)
			return i;
	return 0;
}

/* All records that are at hand: what a restored server is brought up to date
 * with reaches back as far as they do. */
static int
hold_records(struct pulling *t, const struct bundle *b)
{
	struct blob *lines = &t->client->team->held.lines;
	int r;

	blob_reset(lines);
	r = logfile_add(lines, t->cached.bundle.records, records_before(t, b));
	return r != 0 ? r : logfile_add(lines, b->records, b->n_records);
}

/* Remembers what a push, or a cache, goes on from. */
static int
hold(struct pulling *t, const struct bundle *b, const struct opened *o)
{
	struct team *team = t->client->team;
	struct held *h = &team->held;
	int r;

	h->is_there = false;
	blob_reset(&h->secrets);
	if ((r = hold_records(t, b)) != 0 ||
	    (r = blob_append(&h->secrets, b->secrets.at, b->secrets.len)) != 0)
		return r;
	team_hold(team, o->history.newest, o->data_key, b->wraps, b->n_wraps);
	return 0;
}

/* b: a reply's parts, or those of the cache that it said are still the newest;
 * their log is in the team's by now. */
static int
open_bundle(const struct pulling *t, struct bundle b, struct opened *o,
    struct vaultenv_error *err)
{
	struct vaultenv_client *c = t->client;
	struct finding why;
	struct opening in;
	int r;

	team_opening(c, t->how->env, &in);
	in.version = t->how->number;
	in.take_stale = t->how->take_stale;
	b.is_reply = true;
	b.n_log = 0;
	if ((r = bundle_open(&in, &c->team->log, &b, o, &why)) != 0)
		return code_error(c, r, &why, t->how->env,
		    pin_file(c->team, t->how->env), err);
	return 0;
}

/* out->records: for free(). */
static int
bundle_of_pages(
    const struct pages *p, struct bundle *out, struct vaultenv_error *err)
{
	int r;

	*out = (struct bundle){ .wraps = p->wraps, .n_wraps = p->n_wraps };
	if (p->secrets.len > 0)
		out->secrets = (struct text){ (const char *)p->secrets.data,
			p->secrets.len };
	r = logfile_entries(&p->records, &out->records, &out->n_records);
	return r == 0 ? 0 : err_general(err, r);
}

static int
open_what_came(struct pulling *t, struct opened *o, bool *start_over,
    struct vaultenv_error *err)
{
	struct vaultenv_client *c = t->client;
	const bool unchanged = t->pages.unchanged && t->has_cached;
	struct bundle pages = { .n_log = 0 };
	const struct bundle *b = unchanged ? &t->cached.bundle : &pages;
	int r = 0;

	if (!unchanged)
		r = bundle_of_pages(&t->pages, &pages, err);
	if (r == 0)
		r = open_bundle(t, *b, o, err);
	if (r == 0)
		r = team_take_records(
		    c, t->how->env, &o->records, start_over, err);
	if (r == 0 && !*start_over && t->how->number == 0 &&
	    (r = hold(t, b, o)) != 0)
		err_general(err, r);
	free(pages.records);
	return r;
}

int
team_nothing_there(const struct vaultenv_client *c, const char *env,
    struct vaultenv_error *err)
{
	const struct mark *cut = members_cut(&c->team->log, env);
	const struct pin *pin = pins_find(&c->team->pins, env);
	struct finding missing = { .version = 1 };

	if (pin == NULL && cut == NULL)
		return VAULTENV_ERR_NO_SECRETS;
	missing.other_version = pin != NULL ? pin->version : cut->version;
	return code_error(
	    c, CODE_RECORD_MISSING, &missing, env, pin_file(c->team, env), err);
}

static int
try_once(struct pulling *t, struct opened *o, bool *start_over,
    struct vaultenv_error *err)
{
	struct vaultenv_client *c = t->client;
	struct standing standing;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	t->pin = pins_own(&c->team->pins, t->how->env);
	if (t->pin == NULL)
		t->pin = pins_find(&c->team->pins, t->how->env);
	cache_look(t);
	pages_init(&t->pages, c);
	if ((r = ask(t, err)) != 0 ||
	    (r = team_take_pages(c, &t->pages, err)) != 0 ||
	    (r = team_standing(c, t->how->env, &standing, err)) != 0)
		return r;
	return open_what_came(t, o, start_over, err);
}

/* A month before the end, at each load. */
static void
end_warn(struct vaultenv_client *c)
{
	const int64_t month_s = 30 * 86400;
	struct team *t = c->team;
	const struct member *m = members_find(&t->log, t->keys->device.id);
	const int64_t end_ms = m == NULL ? 0 : member_now(m)->expires_ms;
	int64_t left_s = (end_ms - clock_now_ms()) / 1000;
	char left[AGE_TEXT], text[VAULTENV_ERROR_TEXT];

	if (end_ms == 0 || left_s > month_s || t->warned_of_end)
		return;
	t->warned_of_end = true;
	age_text(left, left_s > 0 ? left_s : 0, false);
	snprintf(text, sizeof(text),
	    "This device's access ends in %s: ask an admin to run: vault-env "
	    "scope-device --id %s --expires 365d",
	    left, t->keys->device.id);
	notice_give(&c->notice, text);
}

static void
opened_init(struct opened *o)
{
	*o = (struct opened){ .records.n = 0 };
	blob_init(&o->plain, SIZE_MAX);
	blob_init(&o->records.bytes, SIZE_MAX);
}

static int
pull_until_good(struct vaultenv_client *c, const struct pull *how,
    struct opened *o, struct vaultenv_error *err)
{
	bool start_over;
	int r, tries = 0;

	opened_init(o);
	do {
		struct pulling t = { .client = c, .how = how };

		opened_reset(o);
		start_over = false;
		r = try_once(&t, o, &start_over, err);
		if (r == 0 && !start_over && how->number == 0 && !how->no_cache)
			cached_write(c, &t.cached, t.asked_ms, how->is_load);
		if (c->team != NULL)
			pages_reset(&t.pages);
		cached_reset(&t.cached);
	} while (r == 0 && start_over && ++tries < TRIES_MAX);
	if (r == 0 && start_over)
		r = err_set(err, VAULTENV_ERR_CONFLICT, "Try again",
		    "Other programs of this machine saw newer versions of %s "
		    "%d times in a row",
		    how->env, tries);
	if (r == 0)
		end_warn(c);
	return r;
}

int
team_pull(struct vaultenv_client *c, const struct pull *how, struct opened *o,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r;

	r = pull_until_good(c, how, o, &why);
	if (r == VAULTENV_ERR_VERIFY &&
	    strcmp(why.reason, code_name(CODE_RECORD_ROLLBACK)) == 0 &&
	    team_resend(c, how->env)) {
		opened_reset(o);
		r = pull_until_good(c, how, o, &why);
	}
	return r == 0 ? 0 : err_copy(err, &why);
}

int
opened_list(const struct opened *o, struct vaultenv_list **out,
    struct vaultenv_error *err)
{
	struct vaultenv_list *list = NULL;
	const struct json_member *m;
	int r;

	if ((r = vaultenv_list_new(&list)) != 0 ||
	    (r = list_reserve(list, o->secrets.n_members, o->plain.len)) != 0)
		goto out;
	for (size_t i = 0; r == 0 && i < o->secrets.n_members; i++) {
		m = &o->secrets.members[i];
		if (!vaultenv_name_is_reserved(m->name))
			r = vaultenv_list_set(
			    list, m->name, m->value.text, m->value.len);
	}
	if (r == 0) {
		*out = list;
		list = NULL;
	}
out:
	vaultenv_list_free(&list);
	return r == 0 ? 0 : err_general(err, r);
}

static int
pull_into(struct vaultenv_client *c, const struct pull *how, struct version *v,
    struct vaultenv_error *err)
{
	struct opened o;
	int r;

	if ((r = team_pull(c, how, &o, err)) == 0) {
		v->number = o.history.wanted->version;
		r = opened_list(&o, &v->list, err);
	}
	opened_reset(&o);
	return r;
}

/* The server drops the content of a confirm with the version that follows: it
 * is that of the version that was confirmed. False: it was not that. */
static bool
pull_confirmed(
    struct vaultenv_client *c, const struct pull *how, struct version *v)
{
	struct pull confirmed = *how;

	if (team_confirmed(c, how->env, how->number, &confirmed.number, NULL) !=
		0 ||
	    confirmed.number == how->number ||
	    pull_into(c, &confirmed, v, NULL) != 0)
		return false;
	v->number = how->number;
	return true;
}

int
v2_pull(struct vaultenv_client *c, int64_t number, bool take_stale,
    struct version *v, struct vaultenv_error *err)
{
	const struct pull how = { .env = c->environment,
		.number = number,
		.take_stale = take_stale };
	struct vaultenv_error why;
	int r;

	if (number != 0 && (r = version_is_real(number, err)) != 0)
		return r;
	r = pull_into(c, &how, v, &why);
	if (r != 0 && strcmp(why.reason, "version_gone") == 0 &&
	    pull_confirmed(c, &how, v))
		return 0;
	return r == 0 ? 0 : err_copy(err, &why);
}

int
v2_fetch(struct vaultenv_client *c, const struct fetch *fetch,
    struct version *v, struct vaultenv_error *err)
{
	const struct pull how = { .env = c->environment,
		.no_cache = fetch->no_cache,
		.is_load = true };

	return pull_into(c, &how, v, err);
}
