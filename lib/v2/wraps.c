/* SPDX-License-Identifier: MIT */
/*
 * wraps.c: data keys of an environment, as the server keeps them: wrapped, for
 * this device or for all. What is in a wrap is believed only for a key id that
 * a record names.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define ALL_MAX ((size_t)4 << 20) /* of one environment */

void
wraps_reset(struct wraps *w)
{
	free(w->at);
	*w = (struct wraps){ .n = 0 };
}

static int
page_add(struct wraps *w, struct bundle *b)
{
	struct wrap *grown;

	if (b->n_wraps == 0)
		return 0;
	grown = reallocarray(w->at, w->n + b->n_wraps, sizeof(*grown));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	memcpy(grown + w->n, b->wraps, b->n_wraps * sizeof(*grown));
	w->at = grown;
	w->n += b->n_wraps;
	return 0;
}

static void
put_after(struct call *call, const struct wrap *last)
{
	char hex[2 * HASH_LEN + 1];

	hex_encode(hex, last->key_id, HASH_LEN);
	json_put_name(&call->body, "after");
	json_begin(&call->body, '{');
	json_put_text(&call->body, "key_id", hex);
	json_put_text(&call->body, "device_id", last->device);
	json_end(&call->body, '}');
}

/* They come by key id and device: a server that begins again, or never ends, is
 * stopped. */
static bool
goes_on(const struct wraps *w, const struct bundle *b)
{
	const struct wrap *last = w->at + w->n - 1;
	int order;

	if (b->n_wraps == 0 || w->n + b->n_wraps > ALL_MAX)
		return false;
	if (w->n == 0)
		return true;
	order = memcmp(b->wraps[0].key_id, last->key_id, HASH_LEN);
	return order > 0 ||
	       (order == 0 && strcmp(b->wraps[0].device, last->device) > 0);
}

/* *more: there is another page. */
static int
read_page(struct vaultenv_client *c, const char *env, bool all, struct wraps *w,
    bool *more, struct vaultenv_error *err)
{
	struct call call;
	struct bundle b;
	int r;

	v2_call_begin_environment(&call, c, "keys/read", env);
	if (all) {
		json_put_name(&call.body, "all");
		json_put_raw(&call.body, "true");
	}
	if (w->n > 0)
		put_after(&call, &w->at[w->n - 1]);
	if ((r = v2_call_perform(&call, v2_nothing, NULL, err)) != 0)
		goto out;
	*more = json_find_true(&call.reply, "more");
	if ((r = bundle_read_reply(&b, &call.reply)) != 0) {
		r = code_error(c, r, NULL, env, NULL, err);
		goto out;
	}
	if (*more && !goes_on(w, &b))
		r = v2_call_wrong(&call, "more", err);
	else if ((r = page_add(w, &b)) != 0)
		err_general(err, r);
	bundle_reset(&b);
out:
	call_end(&call);
	return r;
}

int
team_wraps(struct vaultenv_client *c, const char *env, bool all,
    struct wraps *out, struct vaultenv_error *err)
{
	bool more = false;
	int r;

	*out = (struct wraps){ .n = 0 };
	do {
		r = read_page(c, env, all, out, &more, err);
	} while (r == 0 && more);
	if (r != 0)
		wraps_reset(out);
	return r;
}

int
team_data_key(const struct vaultenv_client *c, const char *env,
    const struct wraps *w, const uint8_t key_id[HASH_LEN],
    uint8_t data_key[KEY_LEN])
{
	const struct team *t = c->team;
	const struct place place = { t->project, env };
	const struct wrap *found = NULL;
	struct psk psk;
	int code;

	for (size_t i = 0; i < w->n; i++)
		if (memcmp(w->at[i].key_id, key_id, HASH_LEN) == 0 &&
		    strcmp(w->at[i].device, t->keys->device.id) == 0)
			found = &w->at[i];
	if (found == NULL)
		return CODE_WRAP_MISSING;
	code = chain_open(&psk, &t->log, team_key(t), found->generation);
	if (code == 0)
		code = wrap_open(
		    data_key, found, &place, key_id, &t->keys->device, &psk);
	mem_wipe(&psk, sizeof(psk));
	return code;
}

int
team_wrap(const struct vaultenv_client *c, const char *env,
    const uint8_t key_id[HASH_LEN], const uint8_t data_key[KEY_LEN],
    const char *device, const uint8_t box[PUBLIC_KEY_LEN], struct wrap *out)
{
	const struct team *t = c->team;
	const struct place place = { t->project, env };
	const struct vault_key *key = team_key(t);
	struct psk psk = { .join = key->join };
	int r;

	memcpy(psk.key, key->psk, KEY_LEN);
	r = wrap_seal(out, &place, data_key, device, box, &psk);
	mem_wipe(&psk, sizeof(psk));
	memcpy(out->key_id, key_id, HASH_LEN);
	out->generation = (int64_t)t->log.n_generations - 1;
	return r;
}

static bool
has(const struct wraps *w, const char *device, const uint8_t key_id[HASH_LEN])
{
	for (size_t i = 0; i < w->n; i++)
		if (memcmp(w->at[i].key_id, key_id, HASH_LEN) == 0 &&
		    strcmp(w->at[i].device, device) == 0)
			return true;
	return false;
}

int
wraps_for_readers(const struct vaultenv_client *c, const char *env,
    const uint8_t key_id[HASH_LEN], const uint8_t data_key[KEY_LEN],
    const struct wraps *there, struct wraps *out)
{
	const struct members *log = &c->team->log;
	const struct member *m;
	struct wrap *grown;
	int r = 0;

	grown = reallocarray(out->at, out->n + log->n_members, sizeof(*grown));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	out->at = grown;
	for (size_t i = 0; r == 0 && i < log->n_members; i++) {
		m = &log->members[i];
		if (!grant_reads(member_now(m), env) ||
		    (there != NULL && has(there, m->id, key_id)))
			continue;
		r = team_wrap(c, env, key_id, data_key, m->id, m->box,
		    &out->at[out->n++]);
	}
	return r;
}

void
wraps_put(struct json_writer *body, const struct wraps *w, bool key_ids)
{
	char hex[2 * HASH_LEN + 1];

	json_put_name(body, "wraps");
	json_begin(body, '[');
	for (size_t i = 0; i < w->n; i++) {
		hex_encode(hex, w->at[i].key_id, HASH_LEN);
		json_begin(body, '{');
		if (key_ids)
			json_put_text(body, "key_id", hex);
		json_put_text(body, "device_id", w->at[i].device);
		json_put_base64(body, "wrap", w->at[i].bytes, WRAP_LEN);
		json_end(body, '}');
	}
	json_end(body, ']');
}

static int
send_some(struct vaultenv_client *c, const char *env, const struct wraps *some,
    int64_t *n_added, struct vaultenv_error *err)
{
	static const struct wanted want[] = {
		WANT("added", take_version_or_0, 0), WANT_END
	};
	int64_t added = 0;
	struct call call;
	int r;

	v2_call_begin_environment(&call, c, "keys/add", env);
	wraps_put(&call.body, some, true);
	v2_put_log_have(&call);
	call.is_of_key = true;
	r = v2_call_perform(&call, want, &added, err);
	call_end(&call);
	*n_added += added;
	return r;
}

int
wraps_send(struct vaultenv_client *c, const char *env, const struct wraps *w,
    int64_t *n_added, struct vaultenv_error *err)
{
	struct wraps some;
	int r = 0;

	*n_added = 0;
	for (size_t i = 0; r == 0 && i < w->n; i += some.n) {
		some.at = w->at + i;
		some.n = w->n - i < WRAPS_MAX ? w->n - i : WRAPS_MAX;
		r = send_some(c, env, &some, n_added, err);
	}
	return r;
}
