/* SPDX-License-Identifier: MIT */
/*
 * attempt.c: one attempt at the next version of an environment: encrypted under
 * a data key that everybody has who may read it now, and nobody else; signed,
 * and linked to the one before. Each attempt makes its own data key where it
 * makes one: the wraps of one that was refused may lie with somebody removed
 * meanwhile.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/attempt.h"

#define BLOB_MAX (8u << 20)

void
attempt_reset(struct attempt *a)
{
	secmem_free(a->data_key, KEY_LEN);
	wraps_reset(&a->wraps);
	blob_reset(&a->blob);
	blob_reset(&a->signed_record);
}

/* ---- what is encrypted ---- */

static void
put_changed(struct json_writer *plain, const struct push *push)
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

	json_writer_init(&plain, PLAIN_MAX);
	json_begin(&plain, '{');
	json_put_name(&plain, "secrets");
	if ((r = plain_write(&plain, a->push->list, err)) != 0)
		goto out;
	/* The names of what changed may come on top. */
	plain.text.max = 2 * PLAIN_MAX;
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
	return wraps_for_readers(a->client, a->push->env, a->record.key_id,
	    a->data_key, NULL, &a->wraps);
}

int
attempt_build(struct attempt *a, struct vaultenv_error *err)
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

int
attempt_send(struct attempt *a, int *code, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("version", take_version, 0),
		WANT_END };
	int64_t version = 0;
	struct call call;
	int r;

	v2_call_begin(&call, a->client, "secrets/push");
	call.env = a->push->env;
	json_put_text(&call.body, "record", (char *)a->signed_record.data);
	json_put_base64(&call.body, "secrets", a->blob.data, a->blob.len);
	if (a->is_new_key)
		wraps_put(&call.body, &a->wraps, false);
	v2_put_log_have(&call);
	r = v2_call_perform(&call, want, &version, err);
	*code = r == 0 ? 0 : v2_call_code(&call);
	if (r == 0 && version != a->record.version)
		r = v2_call_wrong(&call, "version", err);
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
	if (n == 1)
		blob_reset(&h->lines);
	if ((r = logfile_add(&h->lines, records + n - 1, 1)) != 0)
		return r;
	blob_reset(&h->secrets);
	if ((r = base64_encode(&h->secrets, a->blob.data, a->blob.len)) != 0)
		return r;
	team_hold(t, record, a->data_key, a->wraps.at, a->wraps.n);
	return 0;
}

/* The records that it goes on from, back to what this machine has seen, and
 * itself. */
static int
texts_make(const struct attempt *a, struct text **texts, size_t *n)
{
	static const struct blob nothing;
	int r;

	r = logfile_entries(
	    a->before == NULL ? &nothing : &a->client->team->held.lines, texts,
	    n);
	/* There is room for one more. */
	if (r == 0)
		(*texts)[(*n)++] = (struct text){ (char *)a->signed_record.data,
			a->signed_record.len };
	return r;
}

/* Where another process saw another version meanwhile its pin stays, and the
 * next call is held against it. */
void
attempt_keep(struct attempt *a)
{
	struct vaultenv_client *c = a->client;
	struct text *texts = NULL;
	struct vaultenv_error err;
	struct records records;
	bool start_over;
	size_t n;
	int r;

	if ((r = texts_make(a, &texts, &n)) == 0 &&
	    (r = records_read(&records, texts, n)) == 0) {
		r = team_take_records(
		    c, a->push->env, &records, &start_over, &err);
		if (r == 0 && (r = hold(a, texts, n, &records.at[n - 1])) != 0)
			err_general(&err, r);
		records_reset(&records);
	} else {
		err_general(&err, r);
	}
	free(texts);
	if (r != 0) {
		notice_give_error(&c->notice, &err);
		return;
	}
	cached_write(c, NULL, clock_now_ms(), false);
}
