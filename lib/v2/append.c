/* SPDX-License-Identifier: MIT */
/*
 * append.c: the next entry of the log, by an admin. What it takes away comes
 * with cuts, what it gives with wraps: judged by the newest log and by verified
 * heads, and judged anew whenever somebody else was faster.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/devices.h"

/* One attempt at an entry. */
struct appending {
	struct vaultenv_client *client;
	const struct act *act;
	struct vaultenv_list *names; /* of the environments */
	struct entry entry;
	struct heads_v2 heads;
	struct given given[LIST_MAX];
	size_t n_given;
	bool is_late;             /* a head was followed by another meanwhile */
	struct blob signed_entry; /* base64 */
	uint8_t hash[HASH_LEN];
};

static int
cuts_make(struct appending *a, struct vaultenv_error *err)
{
	struct env_head heads[LIST_MAX];
	int r;

	for (size_t i = 0; i < a->heads.n; i++)
		heads[i] = a->heads.at[i].head;
	r = policy_cuts(&a->client->team->log, &a->entry, heads, a->heads.n,
	    &a->entry.cuts);
	return r == 0 ? 0 : code_error(a->client, r, NULL, NULL, NULL, err);
}

/* The box key of the device that the entry is about. */
static const uint8_t *
box_of(const struct appending *a)
{
	const struct member *m;

	if (a->entry.kind == ENTRY_ADMIT)
		return a->entry.box;
	m = members_find(&a->client->team->log, a->entry.device);
	return m == NULL ? NULL : m->box;
}

static int
unusable(const struct head_v2 *head, struct vaultenv_error *err)
{
	err_set(err, VAULTENV_ERR_FORBIDDEN, NULL,
	    "The newest version of %s cannot be used, so nobody can be given "
	    "its key",
	    head->head.env);
	return err_hint(err, "Run first: vault-env push --replace --env %s",
	    head->head.env);
}

/* The data key of a head that others have pushed over since may be gone. */
static bool
is_over(struct vaultenv_client *c, const struct env_head *head)
{
	struct head_v2 now;

	return team_head(c, head->env, &now, NULL, NULL) == 0 &&
	       now.head.version != head->version;
}

static int
give(
    struct appending *a, const struct head_v2 *head, struct vaultenv_error *err)
{
	struct vaultenv_client *c = a->client;
	const char *env = head->head.env;
	struct given *g = &a->given[a->n_given];
	uint8_t data_key[KEY_LEN];
	int r;

	if (head->refused != 0)
		return unusable(head, err);
	if ((r = team_wraps(c, env, false, &g->own, err)) != 0)
		return r;
	memcpy(g->env, env, sizeof(g->env));
	a->n_given++;
	r = team_data_key(c, env, &g->own, head->head.key_id, data_key);
	if (r == 0)
		r = team_wrap(c, env, head->head.key_id, data_key,
		    a->entry.device, box_of(a), &g->wrap);
	mem_wipe(data_key, sizeof(data_key));
	a->is_late = r == CODE_WRAP_MISSING && is_over(c, &head->head);
	return r == 0 ? 0 : code_error(c, r, NULL, env, NULL, err);
}

static int
give_all(struct appending *a, struct vaultenv_error *err)
{
	const struct members *log = &a->client->team->log;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->heads.n; i++)
		if (policy_gives(log, &a->entry, a->heads.at[i].head.env))
			r = give(a, &a->heads.at[i], err);
	return r;
}

static int
sign(struct appending *a, struct vaultenv_error *err)
{
	const struct team *t = a->client->team;
	struct blob raw;
	int r;

	blob_init(&raw, ENTRY_SIZE_MAX);
	if ((r = entry_encode(&raw, &a->entry)) == 0 &&
	    (r = sha256(a->hash, raw.data, raw.len)) == 0)
		r = entry_sign(
		    &a->signed_entry, &a->entry, &t->keys->device, team_key(t));
	blob_reset(&raw);
	return r == 0 ? 0 : err_general(err, r);
}

static int
build(struct appending *a, struct vaultenv_error *err)
{
	struct vaultenv_client *c = a->client;
	int r;

	if ((r = team_environments(c, &a->names, err)) != 0 ||
	    (r = team_admin(c, err)) != 0)
		return r;
	entry_begin(&a->entry, &c->team->log, a->act->kind,
	    c->team->keys->device.id, clock_now_ms());
	if ((r = a->act->fill(c, a->act->arg, &a->entry, err)) != 0 ||
	    (r = team_heads(c, a->names, &a->heads, err)) != 0 ||
	    (r = cuts_make(a, err)) != 0 || (r = give_all(a, err)) != 0)
		return r;
	return sign(a, err);
}

static void
put_given(struct json_writer *body, const struct given *g)
{
	char hex[2 * HASH_LEN + 1];

	hex_encode(hex, g->wrap.key_id, HASH_LEN);
	json_begin(body, '{');
	json_put_text(body, "environment", g->env);
	json_put_text(body, "key_id", hex);
	json_put_base64(body, "wrap", g->wrap.bytes, WRAP_LEN);
	json_end(body, '}');
}

/* *code: that the server refused it by. */
static int
send_entry(struct appending *a, int *code, struct vaultenv_error *err)
{
	struct call call;
	int r;

	v2_call_begin(&call, a->client, "log/append");
	json_put_text(&call.body, "entry", (char *)a->signed_entry.data);
	json_put_name(&call.body, "wraps");
	json_begin(&call.body, '[');
	for (size_t i = 0; i < a->n_given; i++)
		put_given(&call.body, &a->given[i]);
	json_end(&call.body, ']');
	if (a->act->registration != NULL) {
		json_put_text(&call.body, "registration",
		    (char *)a->act->registration->data);
		json_put_text(&call.body, "request_key", a->act->request_key);
	}
	v2_put_log_have(&call);
	call.is_of_key = true;
	r = v2_call_perform(&call, v2_nothing, NULL, err);
	*code = r == 0 ? 0 : v2_call_code(&call);
	call_end(&call);
	return r;
}

/*
 * No answer came, or one to what was sent again: a server judges that by what
 * the first has made of us, who may be no admin any more, or no device. Is the
 * entry there all the same?
 */
static bool
was_stored(const struct appending *a)
{
	const struct members *log = &a->client->team->log;

	if (!members_have_entry(log, a->hash))
		(void)team_sync(a->client, NULL);
	return members_have_entry(log, a->hash);
}

static bool
is_race(int code)
{
	return code == CODE_LOG_CHANGED || code == CODE_HEADS_CHANGED ||
	       code == CODE_WRAPS_MISSING;
}

static int
attempt_once(struct appending *a, bool *again, struct vaultenv_error *err)
{
	struct vaultenv_client *c = a->client;
	const struct vault_key *key;
	int code = 0, r;

	r = build(a, err);
	*again = a->is_late;
	if (r != 0)
		return r;
	key = team_key(c->team);
	r = send_entry(a, &code, err);
	if (r != 0 && !is_race(code) && was_stored(a))
		return 0;
	*again = is_race(code) || (r != 0 && team_key(c->team) != key);
	if (r != 0)
		return r;
	return team_take_log(c, c->team->log.n_steps,
	    &(struct text){ (char *)a->signed_entry.data, a->signed_entry.len },
	    1, err);
}

static struct appending *
appending_new(struct vaultenv_client *c, const struct act *act)
{
	struct appending *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->client = c;
	a->act = act;
	blob_init(&a->signed_entry, BASE64_LEN(ENTRY_SIZE_MAX) + 1);
	return a;
}

static void
appending_free(struct appending *a)
{
	for (size_t i = 0; i < a->n_given; i++)
		wraps_reset(&a->given[i].own);
	vaultenv_list_free(&a->names);
	blob_reset(&a->signed_entry);
	free(a);
}

int
team_append(struct vaultenv_client *c, const struct act *act,
    struct vaultenv_error *err)
{
	struct appending *a;
	bool again;
	int r, tries = 0;

	if ((r = team_begin(c, err)) != 0)
		return r;
	do {
		if ((a = appending_new(c, act)) == NULL)
			return err_general(err, VAULTENV_ERR_NOMEM);
		r = attempt_once(a, &again, err);
		if (r == 0 && act->has_history)
			history_give(c, a->entry.device, a->given, a->n_given);
		appending_free(a);
	} while (again && ++tries < TRIES_MAX);
	if (again)
		return err_set(err, VAULTENV_ERR_CONFLICT, "Try again",
		    "The list of devices, or the environments, were changed "
		    "by others %d times in a row",
		    tries);
	return r;
}
