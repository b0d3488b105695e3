/* SPDX-License-Identifier: MIT */
/*
 * open.c: see open.h. The steps and their order are the protocol's
 * (lib/PROTOCOL-v2, "Opening"): the first that fails names the code. Must not
 * ask the network, a file or the clock.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "vault/open.h"

static bool
is_text(struct text text, const char *want)
{
	return text.at != NULL && text.len == strlen(want) &&
	       memcmp(text.at, want, text.len) == 0;
}

/* Who did an entry and when, for a sentence. */
static void
tell_step(struct finding *why, const struct members *log, int64_t seq)
{
	if (seq < 0 || seq >= (int64_t)log->n_steps)
		return;
	why->seq = seq;
	why->at_ms = log->steps[seq].at_ms;
	memcpy(why->device, log->steps[seq].author, sizeof(why->device));
}

/* Who says to have made an entry that was refused, as far as it can be read. */
static void
tell_entry(struct finding *why, struct text base64)
{
	struct entry *e = malloc(sizeof(*e));
	struct blob bytes;

	blob_init(&bytes, ENTRY_SIZE_MAX);
	if (e != NULL && entry_read(e, &bytes, base64) == 0) {
		why->at_ms = e->at_ms;
		memcpy(why->device, e->author, sizeof(why->device));
	}
	blob_reset(&bytes);
	free(e);
}

/* .vault-heads comes by way of git, ahead of what was pulled here. */
static int
check_pin(
    const struct opening *in, const struct members *log, struct finding *why)
{
	const int r = pins_check_log(in->pins, log);

	why->seq = in->pins->log.version;
	return r == CODE_LOG_SHORT && in->source == FROM_CACHE &&
		       in->pins->log.shared
		   ? CODE_CACHE_HEADS
		   : r;
}

int
open_log(const struct opening *in, struct members *log,
    const struct text *entries, size_t n, struct finding *why)
{
	const size_t known = log->n_steps;
	size_t n_good;
	int r;

	r = members_continue(log, in->log_from, entries, n, true, &n_good);
	if (r != 0) {
		why->seq = (int64_t)(in->log_from + n_good);
		if (n_good < n)
			tell_entry(why, entries[n_good]);
		/* What begins where our log ends goes on from another one. */
		if (r != CODE_LOG_LINK || n_good > 0 || known == 0)
			return r;
		why->seq = (int64_t)known - 1;
		return CODE_LOG_FORK;
	}
	if (log->n_steps == 0 ||
	    (in->source != FROM_CACHE && in->log_from + n < known)) {
		tell_step(why, log, (int64_t)log->n_steps - 1);
		return CODE_LOG_SHORT;
	}
	if (log->n_steps > LOG_ENTRIES_MAX)
		return CODE_BAD_FORM;
	return in->pins == NULL ? 0 : check_pin(in, log, why);
}

static int
check_anchor(const struct opening *in, const struct members *log,
    const struct vault_key *key)
{
	if (members_have_entry(log, key->anchor))
		return 0;
	return in->source == FROM_CACHE ? CODE_CACHE_ANCHOR : CODE_LOG_ANCHOR;
}

bool
next_is_in_use(const struct members *log, const struct vault_key *key,
    const struct vault_key *next)
{
	const int64_t generation = members_generation(log, next->join);

	return generation >= 0 &&
	       generation >= members_generation(log, key->join);
}

/* VAULT_KEY_NEXT has taken over. Who has both can tell, now or never, whether
 * the rotation sealed the true old one. */
static int
check_next(
    const struct opening *in, const struct members *log, struct finding *why)
{
	const int64_t old = members_generation(log, in->key->join);
	const int64_t own = members_generation(log, in->next->join);
	struct psk psk;
	bool same;
	int r;

	if ((r = check_anchor(in, log, in->next)) != 0 || old < 0)
		return r;
	tell_step(why, log, log->generations[own].seq);
	if ((r = chain_open(&psk, log, in->next, old)) != 0)
		return r;
	same = mem_equal(psk.key, in->key->psk, KEY_LEN);
	mem_wipe(&psk, sizeof(psk));
	return same ? 0 : CODE_LOG_ROTATE;
}

/* Which VAULT_KEY is in use: one that was replaced, only for a cache. */
static int
choose_key(const struct opening *in, const struct members *log,
    struct standing *out, struct finding *why)
{
	int r;

	if ((r = check_anchor(in, log, in->key)) != 0)
		return r;
	out->key = in->key;
	if (in->next != NULL && next_is_in_use(log, in->key, in->next)) {
		if ((r = check_next(in, log, why)) != 0)
			return r;
		out->key = in->next;
	}
	out->generation = members_generation(log, out->key->join);
	if (out->generation < 0)
		return CODE_KEY_UNKNOWN;
	if (out->generation == (int64_t)log->n_generations - 1 ||
	    in->source == FROM_CACHE)
		return 0;
	tell_step(why, log, log->generations[out->generation + 1].seq);
	return CODE_KEY_REPLACED;
}

static int
check_age(const struct opening *in, const struct grant *grant)
{
	int64_t allowed = grant->cache_s;

	if (in->cache_max_age_s > 0 && in->cache_max_age_s < allowed)
		allowed = in->cache_max_age_s;
	if (allowed == 0 || in->cached_at_ms > in->now_ms + AHEAD_MAX_MS ||
	    in->now_ms - in->cached_at_ms > allowed * 1000)
		return CODE_CACHE_AGE;
	return 0;
}

static int
check_member(const struct opening *in, const struct members *log,
    struct standing *out, struct finding *why)
{
	const struct grant *grant;

	if ((out->member = members_find(log, in->device->id)) == NULL)
		return CODE_DEVICE_UNKNOWN;
	grant = out->grant = member_now(out->member);
	if (grant->revoked) {
		tell_step(why, log, grant->seq);
		return CODE_DEVICE_REVOKED;
	}
	if (grant->expires_ms != 0 && in->now_ms > grant->expires_ms) {
		why->at_ms = grant->expires_ms;
		return CODE_DEVICE_EXPIRED;
	}
	if (in->env != NULL && !grant_has_env(grant, in->env))
		return CODE_DEVICE_SCOPE;
	return in->source == FROM_CACHE ? check_age(in, grant) : 0;
}

int
open_standing(const struct opening *in, const struct members *log,
    struct standing *out, struct finding *why)
{
	int r;

	if ((r = choose_key(in, log, out, why)) != 0)
		return r;
	return check_member(in, log, out, why);
}

/* Without a limit of its own a device cannot tell how old a mirror's file is:
 * who blocks the server could serve it one for ever. */
static int
check_fresh(const struct opening *in, const struct grant *grant,
    const struct record *newest, struct finding *why)
{
	why->version = newest->version;
	why->at_ms = newest->at_ms;
	memcpy(why->device, newest->author, sizeof(why->device));
	if (in->take_stale)
		return 0;
	if (grant->fresh_s == 0)
		return in->source == FROM_MIRROR ? CODE_RECORD_STALE : 0;
	if (newest->at_ms < in->now_ms - grant->fresh_s * 1000 ||
	    newest->at_ms > in->now_ms + AHEAD_MAX_MS)
		return CODE_RECORD_STALE;
	return 0;
}

/* By the log, the pins, and fresh_s of out->standing.grant. */
static int
open_records(const struct opening *in, const struct members *log,
    const struct text *records, size_t n, struct opened *out,
    struct finding *why)
{
	struct history_query query = { .env = in->env };
	int r;

	if (in->pins != NULL)
		query = pins_query(in->pins, in->env);
	query.version = in->version;
	query.cached = in->source == FROM_CACHE;
	if ((r = records_read(&out->records, records, n)) != 0 ||
	    (r = history_check(
		 log, &out->records, &query, &out->history, why)) != 0)
		return r;
	return check_fresh(in, out->standing.grant, out->history.newest, why);
}

/* Exactly one; NULL otherwise. */
static const struct wrap *
find_wrap(
    const struct bundle *b, const char *device, const uint8_t key_id[HASH_LEN])
{
	const struct wrap *found = NULL;

	for (size_t i = 0; i < b->n_wraps; i++) {
		const struct wrap *w = &b->wraps[i];

		if (strcmp(w->device, device) != 0 ||
		    memcmp(w->key_id, key_id, HASH_LEN) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = w;
	}
	return found;
}

static int
open_wrap(const struct opening *in, const struct members *log,
    const struct bundle *b, struct opened *out)
{
	const struct place place = { log->project, in->env };
	const struct record *r = out->history.wanted;
	const struct wrap *w = find_wrap(b, in->device->id, r->key_id);
	struct psk psk;
	int code;

	if (w == NULL)
		return CODE_WRAP_MISSING;
	code = chain_open(&psk, log, out->standing.key, w->generation);
	if (code == 0)
		code = wrap_open(
		    out->data_key, w, &place, r->key_id, in->device, &psk);
	mem_wipe(&psk, sizeof(psk));
	return code;
}

static int
open_content(const struct opening *in, const struct members *log,
    const struct bundle *b, struct opened *out)
{
	const struct place place = { log->project, in->env };
	const struct record *r = out->history.wanted;
	uint8_t hash[HASH_LEN];
	struct blob box;
	int code;

	blob_init(&box, SIZE_MAX);
	code = base64_decode(&box, b->secrets.at, b->secrets.len);
	if (code == VAULTENV_ERR_INVALID)
		code = CODE_BAD_FORM;
	if (code != 0 || (code = sha256(hash, box.data, box.len)) != 0)
		goto out;
	code = CODE_BLOB_HASH;
	if (memcmp(hash, r->blob, HASH_LEN) != 0)
		goto out;
	if ((code = open_wrap(in, log, b, out)) != 0 ||
	    (code = content_open(&out->plain, &place, r->version, out->data_key,
		 box.data, box.len)) != 0)
		goto out;
	code = secrets_read(
	    &out->secrets, (const char *)out->plain.data, out->plain.len);
out:
	blob_reset(&box);
	return code;
}

int
bundle_open(const struct opening *in, struct members *log,
    const struct bundle *b, struct opened *out, struct finding *why)
{
	int r;

	*why = (struct finding){ .seq = 0 };
	*out = (struct opened){ .records.n = 0 };
	blob_init(&out->records.bytes, SIZE_MAX);
	blob_init(&out->plain, SIZE_MAX);
	if (in->next != NULL &&
	    strcmp(in->next->project, in->key->project) != 0)
		return CODE_KEY_FORM;
	if (!b->is_reply) {
		if (!is_text(b->project, in->key->project))
			return CODE_WRONG_PROJECT;
		if (!is_text(b->env, in->env))
			return CODE_WRONG_ENVIRONMENT;
		if (b->n_log == 0)
			return CODE_LOG_SHORT;
	}
	if ((r = open_log(in, log, b->log, b->n_log, why)) != 0 ||
	    (r = open_standing(in, log, &out->standing, why)) != 0 ||
	    (r = open_records(in, log, b->records, b->n_records, out, why)) !=
		0)
		return r;
	return open_content(in, log, b, out);
}

void
opened_reset(struct opened *o)
{
	records_reset(&o->records);
	blob_reset(&o->plain);
	json_object_reset(&o->secrets);
	mem_wipe(o->data_key, sizeof(o->data_key));
}
