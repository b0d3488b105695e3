/* SPDX-License-Identifier: MIT */
/*
 * share.c: gives the data keys that this device has to those who may read and
 * lack one: after a restore, or where a writer has left somebody out. The
 * server adds what is missing, and replaces nothing.
 */
#include "config.h"

#include <string.h>

#include "v2/v2.h"

struct sharing {
	struct vaultenv_client *client;
	const char *env;
	struct records records; /* verified, up to the newest */
	struct wraps there;     /* all, as far as this device may know */
	struct wraps given;
	int64_t n_added;
};

static int
records_get_once(struct sharing *s, struct vaultenv_error *err)
{
	struct vaultenv_client *c = s->client;
	const struct team *t = c->team;
	const struct history_query query = pins_query(&t->pins, s->env);
	struct finding why = { .seq = 0 };
	struct head head;
	struct pages p;
	int r;

	pages_init(&p, c);
	if ((r = pages_records(c, s->env, 1, &p, err)) != 0)
		goto out;
	records_reset(&s->records);
	if ((r = pages_read(&p, &s->records)) != 0 ||
	    (r = history_head(&t->log, &s->records, &query, &head, &why)) != 0)
		r = code_error(c, r, &why, s->env, NULL, err);
out:
	pages_reset(&p);
	return r;
}

static int
records_get(struct sharing *s, struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r, tries = 0;

	do {
		r = records_get_once(s, &why);
	} while (r != 0 && team_log_grew(s->client, &why, &tries));
	return r == 0 ? 0 : err_copy(err, &why);
}

static int
wraps_get(struct sharing *s, struct vaultenv_error *err)
{
	struct vaultenv_client *c = s->client;
	struct standing standing;
	int r;

	if ((r = team_standing(c, s->env, &standing, err)) != 0)
		return r;
	return team_wraps(
	    c, s->env, standing.grant->role == ROLE_ADMIN, &s->there, err);
}

/* So the newest record is looked at for its key, whoever else had it. */
static bool
is_last_with_key(const struct records *records, size_t i)
{
	for (size_t k = i + 1; k < records->n; k++)
		if (memcmp(records->at[k].key_id, records->at[i].key_id,
			HASH_LEN) == 0)
			return false;
	return true;
}

/* The server keeps the keys of versions that it keeps. One that does not open
 * here is another device's to give, but for the newest's. */
static int
make(struct sharing *s)
{
	uint8_t data_key[KEY_LEN];
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->records.n; i++) {
		const uint8_t *key_id = s->records.at[i].key_id;

		if (!is_last_with_key(&s->records, i))
			continue;
		r = team_data_key(
		    s->client, s->env, &s->there, key_id, data_key);
		if (r == 0)
			r = wraps_for_readers(s->client, s->env, key_id,
			    data_key, &s->there, &s->given);
		else if (r > 0 && i + 1 < s->records.n)
			r = 0;
	}
	mem_wipe(data_key, sizeof(data_key));
	return r;
}

static int
share(struct sharing *s, struct vaultenv_error *err)
{
	int r;

	if ((r = records_get(s, err)) != 0 || (r = wraps_get(s, err)) != 0)
		return r;
	if ((r = make(s)) != 0)
		return code_error(s->client, r, NULL, s->env, NULL, err);
	return wraps_send(s->client, s->env, &s->given, &s->n_added, err);
}

int
vaultenv_secrets_share(struct vaultenv_client *client, int64_t *out_added,
    struct vaultenv_error *err)
{
	struct sharing s = { .client = client, .env = client->environment };
	int r;

	if ((r = team_begin(client, err)) != 0 ||
	    (r = team_sync(client, err)) != 0 ||
	    (r = team_may_write(client, client->environment, err)) != 0)
		return r;
	if ((r = share(&s, err)) == 0 && out_added != NULL)
		*out_added = s.n_added;
	records_reset(&s.records);
	wraps_reset(&s.there);
	wraps_reset(&s.given);
	return r;
}
