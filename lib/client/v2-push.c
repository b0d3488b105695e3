/* SPDX-License-Identifier: MIT */
/*
 * v2-push.c: the next version of an environment: encrypted under a data key
 * that everybody has who may read it now, and nobody else; signed, and linked
 * to the one before. Each attempt makes its own data key where it makes one:
 * the wraps of one that was refused may lie with somebody removed meanwhile.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/v2.h"

#define BLOB_MAX (8u << 20)

/* One attempt. */
struct attempt {
	struct vaultenv_client *client;
	const struct push_v2 *push;
	const struct record *before; /* NULL: the first version */
	struct record record;
	uint8_t *data_key; /* secmem */
	bool is_new_key;
	struct wrap *wraps; /* of a new key */
	size_t n_wraps;
	struct blob blob;          /* encrypted */
	struct blob signed_record; /* base64 */
};

static void
attempt_reset(struct attempt *a)
{
	secmem_free(a->data_key, KEY_LEN);
	free(a->wraps);
	blob_reset(&a->blob);
	blob_reset(&a->signed_record);
}

/* ---- what is encrypted ---- */

static void
put_changed(struct json_writer *plain, const struct push_v2 *push)
{
	struct blob name;

	blob_init(&name, PLAIN_MAX);
	json_put_name(plain, "changed");
	json_begin(plain, '[');
	for (size_t i = 0; plain->r == 0 && i < push->n_changes; i++) {
		name.len = 0;
		plain->r = blob_printf(&name, "%c%s", push->changes[i].mark,
		    push->changes[i].name);
		json_put_string(plain, (const char *)name.data, name.len);
	}
	json_end(plain, ']');
	blob_reset(&name);
}

static int
encrypt(struct attempt *a, struct vaultenv_error *err)
{
	const struct place place = { a->client->project_id, a->push->env };
	struct json_writer plain;
	int r;

	json_writer_init(&plain, 2 * PLAIN_MAX);
	json_begin(&plain, '{');
	json_put_name(&plain, "secrets");
	if ((r = plain_write(&plain, a->push->list, err)) != 0)
		goto out;
	put_changed(&plain, a->push);
	json_end(&plain, '}');
	r = plain.r;
	if (r == 0)
		r = content_seal(&a->blob, &place, a->record.version,
		    a->data_key, plain.text.data, plain.text.len);
	if (r == 0)
		r = sha256(a->record.blob, a->blob.data, a->blob.len);
	if (r != 0)
		err_general(err, r);
out:
	json_writer_reset(&plain);
	return r;
}

/* ---- for whom ---- */

static int
wrap_for(struct attempt *a, const struct member *member)
{
	const struct place place = { a->client->project_id, a->push->env };
	const struct team *t = a->client->team;
	const struct vault_key *key = team_key(t);
	struct psk psk = { .join = key->join };
	struct wrap *w = &a->wraps[a->n_wraps];
	int r;

	memcpy(psk.key, key->psk, KEY_LEN);
	r = wrap_seal(w, &place, a->data_key, member->id, member->box, &psk);
	mem_wipe(&psk, sizeof(psk));
	if (r != 0)
		return r;
	memcpy(w->key_id, a->record.key_id, HASH_LEN);
	w->generation = (int64_t)t->log.n_generations - 1;
	a->n_wraps++;
	return 0;
}

static int
wrap_for_readers(struct attempt *a)
{
	const struct members *log = &a->client->team->log;
	const struct member *m;
	int r = 0;

	if ((a->wraps = calloc(log->n_members, sizeof(*a->wraps))) == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; r == 0 && i < log->n_members; i++) {
		m = &log->members[i];
		if (grant_reads(member_now(m), a->push->env))
			r = wrap_for(a, m);
	}
	return r;
}

/* The data key of the version before, or a new one for all who can read. */
static int
key_choose(struct attempt *a)
{
	const struct place place = { a->client->project_id, a->push->env };
	const struct team *t = a->client->team;
	int r;

	a->is_new_key = a->before == NULL || a->push->new_key ||
			a->push->replace ||
			!policy_keeps_key(&t->log, a->before);
	if (!a->is_new_key) {
		memcpy(a->data_key, t->keys->data_key, KEY_LEN);
		memcpy(a->record.key_id, a->before->key_id, HASH_LEN);
		return 0;
	}
	if ((r = random_bytes(a->data_key, KEY_LEN)) != 0 ||
	    (r = data_key_id(a->record.key_id, &place, a->data_key)) != 0)
		return r;
	return wrap_for_readers(a);
}

static int
build(struct attempt *a, struct vaultenv_error *err)
{
	const struct team *t = a->client->team;
	int r;

	blob_init(&a->blob, BLOB_MAX);
	blob_init(&a->signed_record, BASE64_LEN(SMALL_SIZE_MAX) + 1);
	if ((a->data_key = secmem_alloc(KEY_LEN)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	record_begin(&a->record, &t->log, a->push->env, a->before,
	    t->keys->device.id, clock_now_ms());
	a->record.op = a->push->op;
	a->record.of = a->push->of;
	if ((r = key_choose(a)) != 0)
		return err_general(err, r);
	if ((r = encrypt(a, err)) != 0)
		return r;
	r = record_sign(&a->signed_record, &a->record, &t->keys->device);
	return r == 0 ? 0 : err_general(err, r);
}

/* ---- sent ---- */

static void
put_wraps(struct json_writer *body, const struct attempt *a)
{
	json_put_name(body, "wraps");
	json_begin(body, '[');
	for (size_t i = 0; i < a->n_wraps; i++) {
		json_begin(body, '{');
		json_put_text(body, "device_id", a->wraps[i].device);
		json_put_base64(body, "wrap", a->wraps[i].bytes, WRAP_LEN);
		json_end(body, '}');
	}
	json_end(body, ']');
}

/* *code: that the server refused it by. */
static int
send_attempt(struct attempt *a, int *code, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("version", take_version, 0),
		WANT_END };
	int64_t version = 0;
	struct call call;
	int r;

	v2_call_begin(&call, a->client, "secrets/push");
	json_put_text(&call.body, "record", (char *)a->signed_record.data);
	json_put_base64(&call.body, "secrets", a->blob.data, a->blob.len);
	if (a->is_new_key)
		put_wraps(&call.body, a);
	v2_put_log_have(&call);
	r = v2_call_perform(&call, want, &version, err);
	*code = r == 0 ? 0 : v2_call_code(&call);
	if (r == 0 && version != a->record.version)
		r = call_wrong(&call, "version", err);
	if (r == VAULTENV_ERR_FORBIDDEN && call.http.status == 413)
		r = too_large_to_send(&call, a->push->list, err);
	call_end(&call);
	return r;
}

/* ---- and kept ---- */

/* What the next push goes on from, and the cache holds. */
static int
hold(struct attempt *a, const struct text *records, size_t n,
    const struct record *record)
{
	struct team *t = a->client->team;
	struct held *h = &t->held;
	int r;

	h->is_there = false;
	for (size_t i = 0; i < a->n_wraps; i++)
		if (strcmp(a->wraps[i].device, t->keys->device.id) == 0)
			h->wrap = a->wraps[i];
	if (n == 1)
		blob_reset(&h->lines);
	if ((r = logfile_add(&h->lines, records + n - 1, 1)) != 0)
		return r;
	blob_reset(&h->secrets);
	if ((r = base64_encode(&h->secrets, a->blob.data, a->blob.len)) != 0)
		return r;
	h->record = *record;
	h->record.raw.bytes = h->record.raw.signatures = NULL;
	memcpy(t->keys->data_key, a->data_key, KEY_LEN);
	h->is_there = true;
	return 0;
}

static void
heads_renew(struct vaultenv_client *c)
{
	struct team *t = c->team;
	struct vaultenv_error err;
	bool other;
	int r;

	r = shared_heads_renew(c->env_path, t->project, &t->pins, &other, &err);
	if (r > 0)
		code_error(c, r, NULL, NULL, ".vault-heads", &err);
	if (r != 0)
		notice_give_error(&c->notice, &err);
}

/* The new version is what this machine has seen. It is stored, whatever fails
 * here: so that is but a notice. */
static void
keep(struct attempt *a)
{
	struct vaultenv_client *c = a->client;
	const struct held *h = &c->team->held;
	struct text texts[2], *lines = NULL;
	struct vaultenv_error err;
	struct records records;
	size_t n = 0, n_lines = 0;
	bool start_over;
	int r = 0;

	if (a->before == &h->record &&
	    (r = logfile_entries(&h->lines, &lines, &n_lines)) == 0 &&
	    n_lines > 0)
		texts[n++] = lines[n_lines - 1];
	texts[n++] = (struct text){ (char *)a->signed_record.data,
		a->signed_record.len };
	if (r == 0 && (r = records_read(&records, texts, n)) == 0) {
		r = team_take_records(
		    c, a->push->env, &records, &start_over, &err);
		if (r == 0 && (r = hold(a, texts, n, &records.at[n - 1])) != 0)
			err_general(&err, r);
		records_reset(&records);
	} else {
		err_general(&err, r);
	}
	free(lines);
	if (r != 0) {
		notice_give_error(&c->notice, &err);
		return;
	}
	cached_write(c, clock_now_ms());
	heads_renew(c);
}

/* ---- an attempt, and another ---- */

static int
may_write(
    struct vaultenv_client *c, const char *env, struct vaultenv_error *err)
{
	struct standing standing;
	int r;

	if ((r = team_standing(c, env, &standing, err)) != 0)
		return r;
	if (grant_writes(standing.grant, env))
		return 0;
	r = err_set(err, VAULTENV_ERR_DEVICE,
	    "Ask an admin for the role of a writer",
	    "This device may only read %s", env);
	if (err != NULL)
		strcpy(err->reason, "role_refused");
	return r;
}

static int
conflict(struct vaultenv_client *c, const char *env, int64_t version,
    struct vaultenv_error *err)
{
	err_set(err, VAULTENV_ERR_CONFLICT,
	    "Pull it, look at what differs, and push again",
	    "Environment %s has changed: the server has version %lld now", env,
	    (long long)version);
	if (err != NULL) {
		err->current_version = version;
		strcpy(err->reason, "version_conflict");
	}
	(void)c;
	return VAULTENV_ERR_CONFLICT;
}

/* The newest version, into team->held; there may be none. */
static int
before_read(struct vaultenv_client *c, const struct push_v2 *push,
    struct vaultenv_error *err)
{
	const struct pull how = { .env = push->env,
		.take_stale = push->take_stale };
	struct vaultenv_error why;
	struct opened o;
	int r;

	c->team->held.is_there = false;
	r = team_pull(c, &how, &o, &why);
	opened_reset(&o);
	if (r == VAULTENV_ERR_NO_SECRETS)
		return team_sync(c, err);
	return r == 0 ? 0 : err_copy(err, &why);
}

/* Fills a->before. */
static int
attempt_begin(struct attempt *a, struct head_v2 *head, bool afresh,
    struct vaultenv_error *err)
{
	struct vaultenv_client *c = a->client;
	const struct push_v2 *push = a->push;
	const struct held *h;
	int r;

	if ((afresh || c->team == NULL) && (r = team_begin(c, err)) != 0)
		return r;
	h = &c->team->held;
	if (push->replace) {
		if ((r = team_sync(c, err)) != 0 ||
		    (r = team_head(c, push->env, head, err)) != 0)
			return r;
		a->before = &head->record;
		return may_write(c, push->env, err);
	}
	if ((afresh || !h->is_there || strcmp(h->record.env, push->env) != 0) &&
	    (r = before_read(c, push, err)) != 0)
		return r;
	a->before = h->is_there ? &h->record : NULL;
	if (push->base >= 0 &&
	    push->base != (a->before == NULL ? 0 : a->before->version))
		return conflict(c, push->env,
		    a->before == NULL ? 0 : a->before->version, err);
	return may_write(c, push->env, err);
}

/* No answer came: is the version there all the same? */
static bool
was_stored(struct attempt *a)
{
	const struct pull how = { .env = a->push->env, .take_stale = true };
	uint8_t hash[HASH_LEN];
	struct blob raw;
	struct opened o;
	bool found = false;

	blob_init(&raw, SMALL_SIZE_MAX);
	if (record_encode(&raw, &a->record) != 0 ||
	    sha256(hash, raw.data, raw.len) != 0) {
		blob_reset(&raw);
		return false;
	}
	blob_reset(&raw);
	if (team_pull(a->client, &how, &o, NULL) == 0)
		for (size_t i = 0; i < o.records.n; i++)
			found |= memcmp(o.records.at[i].raw.hash, hash,
				     HASH_LEN) == 0;
	opened_reset(&o);
	return found;
}

/* Somebody was faster, or has changed who may: judged anew. */
static bool
is_race(int code)
{
	static const int codes[] = { CODE_LOG_CHANGED, CODE_READERS_CHANGED,
		CODE_RECORD_LOG, CODE_RECORD_CUT, CODE_RECORD_AUTHOR,
		CODE_RECORD_KEY };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* *again: it came too late. */
static int
attempt_once(struct vaultenv_client *c, const struct push_v2 *push, bool *again,
    int64_t *out_version, struct vaultenv_error *err)
{
	struct attempt a = { .client = c, .push = push };
	const bool afresh = *again;
	struct head_v2 *head = NULL;
	int code = 0, r;

	*again = false;
	if ((head = calloc(1, sizeof(*head))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = attempt_begin(&a, head, afresh, err)) != 0 ||
	    (r = build(&a, err)) != 0)
		goto out;
	r = send_attempt(&a, &code, err);
	if (r == 0)
		keep(&a);
	else if ((r == VAULTENV_ERR_NETWORK || r == VAULTENV_ERR_SERVER) &&
		 was_stored(&a))
		r = 0;
	*again = r != 0 && (is_race(code) || (code == CODE_VERSION_CONFLICT &&
						 push->base < 0));
	if (r == 0 && out_version != NULL)
		*out_version = a.record.version;
out:
	attempt_reset(&a);
	free(head);
	return r;
}

int
team_push(struct vaultenv_client *c, const struct push_v2 *push,
    int64_t *out_version, struct vaultenv_error *err)
{
	bool again = false;
	int r, tries = 0;

	do {
		r = attempt_once(c, push, &again, out_version, err);
	} while (again && ++tries < TRIES_MAX);
	if (again)
		return err_set(err, VAULTENV_ERR_CONFLICT, "Try again",
		    "%s, or who may read it, was changed by others %d times "
		    "in a row",
		    push->env, tries);
	return r;
}

int
v2_push(struct vaultenv_client *c, const struct vaultenv_list *list,
    int64_t base_version, const struct vaultenv_change *changes,
    size_t n_changes, int64_t *out_version, struct vaultenv_error *err)
{
	const struct push_v2 push = { .env = c->environment,
		.list = list,
		.changes = changes,
		.n_changes = n_changes,
		.base = base_version };

	return team_push(c, &push, out_version, err);
}

/* ---- going back ---- */

static int
rollback_to(struct vaultenv_client *c, struct push_v2 *push,
    const struct opened *now, const struct opened *old, int64_t *out_version,
    struct vaultenv_error *err)
{
	struct vaultenv_list *before = NULL, *after = NULL;
	struct vaultenv_change *changes = NULL;
	int r;

	if ((r = opened_list(c, now, &before, err)) != 0 ||
	    (r = opened_list(c, old, &after, err)) != 0)
		goto out;
	r = vaultenv_list_diff(before, after, &changes, &push->n_changes);
	if (r != 0) {
		err_general(err, r);
		goto out;
	}
	push->list = after;
	push->changes = changes;
	r = team_push(c, push, out_version, err);
out:
	free(changes);
	vaultenv_list_free(&before);
	vaultenv_list_free(&after);
	return r;
}

int
v2_rollback(struct vaultenv_client *c, int64_t version, int64_t *out_version,
    struct vaultenv_error *err)
{
	const struct pull newest = { .env = c->environment };
	const struct pull wanted = { .env = c->environment, .number = version };
	struct push_v2 push = {
		.env = c->environment, .op = OP_ROLLBACK, .of = version
	};
	struct opened now, old;
	int r;

	r = team_pull(c, &newest, &now, err);
	if (r != 0) {
		opened_reset(&now);
		return r;
	}
	push.base = now.history.newest->version;
	r = team_pull(c, &wanted, &old, err);
	if (r == 0)
		r = rollback_to(c, &push, &now, &old, out_version, err);
	opened_reset(&now);
	opened_reset(&old);
	return r;
}
