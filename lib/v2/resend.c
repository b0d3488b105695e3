/* SPDX-License-Identifier: MIT */
/*
 * resend.c: a server that was restored from a backup may lack the newest
 * version, which a device that made it has in its cache: sent again as it was
 * signed, it is the same version, and nobody has to do anything. Only what
 * continues what the server has; anything else stays refused.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

struct resend {
	struct vaultenv_client *client;
	const char *env;
	const struct bundle *cached;
	struct record record; /* the newest of the cache; raw.hash is good */
	bool is_new_key;      /* none that the server has */
};

/* The last record of these. */
static int
last_read(const struct text *texts, size_t n, struct record *out)
{
	struct records last;
	int r;

	if (n == 0)
		return VAULTENV_ERR_NOT_FOUND;
	if ((r = records_read(&last, texts + n - 1, 1)) != 0)
		return r;
	*out = last.at[0];
	out->raw.bytes = out->raw.signatures = NULL;
	records_reset(&last);
	return 0;
}

/* True if it is ours, is what was seen last, and goes on from what is there. */
static bool
continues(struct resend *s)
{
	const struct team *t = s->client->team;
	const struct record *mine = &s->record;
	const struct pin *pin = pins_find(&t->pins, s->env);
	struct text *texts = NULL;
	struct record there;
	struct pages p;
	bool yes = false;
	size_t n;

	if (pin == NULL || pin->version != mine->version ||
	    memcmp(pin->hash, mine->raw.hash, HASH_LEN) != 0 ||
	    mine->version == 1 || strcmp(mine->author, t->keys->device.id) != 0)
		return false;
	pages_init(&p, s->client);
	if (pages_records(s->client, s->env, mine->version - 1, &p, NULL) ==
		0 &&
	    logfile_entries(&p.records, &texts, &n) == 0 &&
	    last_read(texts, n, &there) == 0) {
		yes = there.version + 1 == mine->version &&
		      memcmp(there.raw.hash, mine->prev, HASH_LEN) == 0;
		s->is_new_key =
		    memcmp(there.key_id, mine->key_id, HASH_LEN) != 0;
	}
	free(texts);
	pages_reset(&p);
	return yes;
}

/* For all who may read, as the server asks of a new data key. */
static int
wraps_make(const struct resend *s, struct wraps *out)
{
	const struct wraps own = { s->cached->n_wraps, s->cached->wraps };
	const uint8_t *key_id = s->record.key_id;
	uint8_t data_key[KEY_LEN];
	int r;

	r = team_data_key(s->client, s->env, &own, key_id, data_key);
	if (r == 0)
		r = wraps_for_readers(
		    s->client, s->env, key_id, data_key, NULL, out);
	mem_wipe(data_key, sizeof(data_key));
	return r;
}

static int
send_again(const struct resend *s)
{
	const struct bundle *b = s->cached;
	const struct text *record = &b->records[b->n_records - 1];
	struct wraps wraps = { .n = 0 };
	struct call call;
	int r = 0;

	v2_call_begin(&call, s->client, "secrets/push");
	call.env = s->env;
	json_put_name(&call.body, "record");
	json_put_string(&call.body, record->at, record->len);
	json_put_name(&call.body, "secrets");
	json_put_string(&call.body, b->secrets.at, b->secrets.len);
	if (s->is_new_key && (r = wraps_make(s, &wraps)) == 0)
		wraps_put(&call.body, &wraps, false);
	v2_put_log_have(&call);
	if (r == 0)
		r = v2_call_perform(&call, v2_nothing, NULL, NULL);
	call_end(&call);
	wraps_reset(&wraps);
	return r;
}

static void
tell(const struct resend *s)
{
	struct vaultenv_error text;

	err_set(&text, 0, NULL,
	    "The server had lost version %lld of %s, and was sent it again",
	    (long long)s->record.version, s->env);
	notice_give(&s->client->notice, text.text);
}

bool
team_resend(struct vaultenv_client *c, const char *env)
{
	struct resend s = { .client = c, .env = env };
	struct cached cached;
	bool done = false;

	if (cached_read(c, env, &cached, NULL) == 0) {
		s.cached = &cached.bundle;
		done = last_read(cached.bundle.records, cached.bundle.n_records,
			   &s.record) == 0 &&
		       continues(&s) && send_again(&s) == 0;
	}
	cached_reset(&cached);
	if (done)
		tell(&s);
	return done;
}
