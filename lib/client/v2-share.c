/* SPDX-License-Identifier: MIT */
/*
 * v2-share.c: gives the data keys that this device has to those who may read
 * and lack one: after a restore, or where a writer has left somebody out. The
 * server adds what is missing, and replaces nothing.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/v2.h"

#define WRAPS_A_REQUEST 2000

struct sharing {
	struct vaultenv_client *client;
	const char *env;
	struct records records; /* verified, up to the newest */
	struct wraps own;
	struct wraps there; /* all, as far as this device may know */
	struct wraps given;
	size_t room;
	int64_t n_added;
};

static int
records_get_once(struct sharing *s, struct vaultenv_error *err)
{
	struct vaultenv_client *c = s->client;
	const struct team *t = c->team;
	struct finding why = { .seq = 0 };
	struct head head;
	struct pages p;
	int r;

	pages_init(&p, c);
	if ((r = pages_records(c, s->env, 1, &p, err)) != 0)
		goto out;
	records_reset(&s->records);
	if ((r = pages_read(&p, &s->records)) != 0 ||
	    (r = history_head(&t->log, &s->records, s->env,
		 pins_find(&t->pins, s->env), &head, &why)) != 0)
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

	if ((r = team_standing(c, s->env, &standing, err)) != 0 ||
	    (r = team_wraps(c, s->env, false, &s->own, err)) != 0)
		return r;
	return standing.grant->role == ROLE_ADMIN
		   ? team_wraps(c, s->env, true, &s->there, err)
		   : 0;
}

static bool
is_there(
    const struct sharing *s, const char *device, const uint8_t key_id[HASH_LEN])
{
	for (size_t i = 0; i < s->there.n; i++)
		if (memcmp(s->there.at[i].key_id, key_id, HASH_LEN) == 0 &&
		    strcmp(s->there.at[i].device, device) == 0)
			return true;
	return false;
}

static int
given_room(struct sharing *s)
{
	const size_t room = s->room == 0 ? 64 : 2 * s->room;
	struct wrap *grown;

	if (s->given.n < s->room)
		return 0;
	grown = reallocarray(s->given.at, room, sizeof(*grown));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	s->given.at = grown;
	s->room = room;
	return 0;
}

static int
give_to_all(struct sharing *s, const uint8_t key_id[HASH_LEN],
    const uint8_t data_key[KEY_LEN])
{
	const struct members *log = &s->client->team->log;
	int r = 0;

	for (size_t i = 0; r == 0 && i < log->n_members; i++) {
		const struct member *m = &log->members[i];

		if (!grant_reads(member_now(m), s->env) ||
		    is_there(s, m->id, key_id))
			continue;
		if ((r = given_room(s)) == 0 &&
		    (r = team_wrap(s->client, s->env, key_id, data_key, m->id,
			 m->box, &s->given.at[s->given.n])) == 0)
			s->given.n++;
	}
	return r;
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
		r = team_data_key(s->client, s->env, &s->own, key_id, data_key);
		if (r == 0)
			r = give_to_all(s, key_id, data_key);
		else if (r > 0 && i + 1 < s->records.n)
			r = 0;
	}
	mem_wipe(data_key, sizeof(data_key));
	return r;
}

static int
send_some(struct sharing *s, size_t from, struct vaultenv_error *err)
{
	static const struct wanted want[] = {
		WANT("added", take_version_or_0, 0), WANT_END
	};
	char hex[2 * HASH_LEN + 1];
	int64_t added = 0;
	struct call call;
	int r;

	v2_call_begin_environment(&call, s->client, "keys/add", s->env);
	json_put_name(&call.body, "wraps");
	json_begin(&call.body, '[');
	for (size_t i = from; i < s->given.n && i < from + WRAPS_A_REQUEST;
	     i++) {
		const struct wrap *w = &s->given.at[i];

		hex_encode(hex, w->key_id, HASH_LEN);
		json_begin(&call.body, '{');
		json_put_text(&call.body, "key_id", hex);
		json_put_text(&call.body, "device_id", w->device);
		json_put_base64(&call.body, "wrap", w->bytes, WRAP_LEN);
		json_end(&call.body, '}');
	}
	json_end(&call.body, ']');
	v2_put_log_have(&call);
	r = v2_call_perform(&call, want, &added, err);
	call_end(&call);
	s->n_added += added;
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
	for (size_t i = 0; r == 0 && i < s->given.n; i += WRAPS_A_REQUEST)
		r = send_some(s, i, err);
	return r;
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
	wraps_reset(&s.own);
	wraps_reset(&s.there);
	wraps_reset(&s.given);
	return r;
}
