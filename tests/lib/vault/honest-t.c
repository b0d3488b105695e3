/* SPDX-License-Identifier: MIT */
/*
 * honest-t.c: the honest history of the vectors made again, byte for byte:
 * every entry, record, wrap and blob. Random bytes come from a hook that is
 * linked here and nowhere else (--wrap=random_bytes).
 */
#include "config.h"

#include "honest.h"

static const struct vault_key *key = &keys[0];
static struct members members;
static struct text *honest_log, *honest_records;
static size_t n_log, n_records;

/* What was pushed: the newest of production and development. */
static struct env_state {
	const char *env;
	int64_t version;
	uint8_t hash[HASH_LEN];
} states[] = { { .env = "development" }, { .env = "production" } };

int __wrap_random_bytes(void *out, size_t len);
static char random_name[80];

int
__wrap_random_bytes(void *out, size_t len)
{
	seed(out, len, random_name);
	return 0;
}

/* ---- the log ---- */

static struct entry *
entry_new(enum entry_kind kind)
{
	static struct entry e;

	memset(&e, 0, sizeof(e));
	e.suite = SUITE_1;
	e.seq = (int64_t)members.n_steps;
	e.kind = kind;
	e.at_ms = T0 + e.seq * DAY;
	memcpy(e.project, PROJECT, sizeof(e.project));
	memcpy(e.author, devices[ANNA].id, sizeof(e.author));
	if (e.seq > 0)
		memcpy(e.prev, members.steps[e.seq - 1].hash, HASH_LEN);
	return &e;
}

static void
set_scope(struct entry *e, int device, enum role role, const char *first,
    const char *second)
{
	const bool limited = device == CI;

	memcpy(e->device, devices[device].id, sizeof(e->device));
	snprintf(e->name, sizeof(e->name), "%s", names[device]);
	memcpy(e->sign, devices[device].sign, PUBLIC_KEY_LEN);
	memcpy(e->box, devices[device].box, PUBLIC_KEY_LEN);
	e->scope.role = role;
	e->scope.expires_ms = limited ? T0 + 90 * DAY : 0;
	e->scope.cache_s = limited ? 86400 : 604800;
	e->scope.fresh_s = limited ? 604800 : 0;
	snprintf(e->scope.envs.at[0], sizeof(e->scope.envs.at[0]), "%s", first);
	e->scope.envs.n = 1;
	if (second == NULL)
		return;
	snprintf(
	    e->scope.envs.at[1], sizeof(e->scope.envs.at[1]), "%s", second);
	e->scope.envs.n = 2;
}

static void
set_cuts(struct entry *e)
{
	for (size_t i = 0; i < 2; i++) {
		struct cut *cut = &e->cuts.at[i];

		snprintf(cut->env, sizeof(cut->env), "%s", states[i].env);
		cut->version = states[i].version;
		memcpy(cut->hash, states[i].hash, HASH_LEN);
	}
	e->cuts.n = 2;
}

static void
append(const struct entry *e)
{
	struct blob text;
	size_t n_good;
	struct text t;

	blob_init(&text, SIZE_MAX);
	must(entry_sign(&text, e, &devices[ANNA], key), "entry_sign");
	t = (struct text){ (char *)text.data, text.len };
	ok(same(&text, honest_log[e->seq]), "entry %d", (int)e->seq);
	must(members_continue(&members, members.n_steps, &t, 1, true, &n_good),
	    "members_continue");
	blob_reset(&text);
}

static void
admit(int device, enum role role, const char *first, const char *second)
{
	struct entry *e = entry_new(device == ANNA ? ENTRY_ROOT : ENTRY_ADMIT);

	set_scope(e, device, role, first, second);
	memcpy(e->join, key->join, PUBLIC_KEY_LEN);
	append(e);
}

static void
revoke_bob(void)
{
	struct entry *e = entry_new(ENTRY_REVOKE);

	memcpy(e->device, devices[BOB].id, sizeof(e->device));
	set_cuts(e);
	append(e);
}

static void
rotate(void)
{
	struct entry *e = entry_new(ENTRY_ROTATE);

	memcpy(e->join, keys[1].join, PUBLIC_KEY_LEN);
	snprintf(random_name, sizeof(random_name), "chain iv");
	must(chain_seal(e->old_psk, &keys[1], &keys[0]), "chain_seal");
	set_cuts(e);
	append(e);
	key = &keys[1];
	memcpy(
	    keys[1].anchor, members.steps[members.n_steps - 1].hash, HASH_LEN);
}

/* ---- versions ---- */

/* The wrap of a device in the bundle of a case, as base64. */
static struct text
honest_wrap(int device, const char *key_id)
{
	struct json_object *c = vector_case("bundle",
	    device == CI ? "cold start" : "an admin, all environments");
	struct json_object *wraps =
	    vector_get(vector_get(c, "bundle"), "wraps");
	struct json_object *w;

	for (size_t i = 0; i < json_object_array_length(wraps); i++) {
		w = json_object_array_get_idx(wraps, i);
		if (strcmp(vector_str(w, "key_id"), key_id) == 0)
			return vector_text(w, "wrap");
	}
	return (struct text){ NULL, 0 };
}

static void
check_wraps(const struct place *place, const char *key_name,
    const uint8_t data_key[KEY_LEN])
{
	char key_id[2 * HASH_LEN + 1];
	struct psk psk = { .join = key->join };
	struct blob text;
	struct wrap w;
	uint8_t back[KEY_LEN];

	memcpy(psk.key, key->psk, KEY_LEN);
	blob_init(&text, SIZE_MAX);
	for (int i = 0; i <= CI; i += CI) { /* of anna and ci */
		snprintf(random_name, sizeof(random_name), "ephemeral %s %s",
		    key_name, names[i]);
		must(wrap_seal(&w, place, data_key, devices[i].id,
			 devices[i].box, &psk),
		    "wrap_seal");
		hex_encode(key_id, w.key_id, HASH_LEN);
		must(wrap_open(back, &w, place, w.key_id, &devices[i], &psk),
		    "wrap_open");
		ok(memcmp(back, data_key, KEY_LEN) == 0, "a wrap opens");
		text.len = 0;
		must(base64_encode(&text, w.bytes, WRAP_LEN), "base64");
		if (honest_wrap(i, key_id).at != NULL)
			ok(same(&text, honest_wrap(i, key_id)), "%s for %s",
			    key_name, names[i]);
	}
	blob_reset(&text);
}

static void
check_blob(const char *case_name, const struct blob *box)
{
	struct blob text;

	blob_init(&text, SIZE_MAX);
	must(base64_encode(&text, box->data, box->len), "base64");
	ok(same(&text, vector_text(vector_get(vector_case("bundle", case_name),
				       "bundle"),
			   "secrets")),
	    "the blob of '%s'", case_name);
	blob_reset(&text);
}

static void
push(int author, struct env_state *state, const char *key_name,
    const char *secrets, enum record_op op, int64_t of, const char *case_name)
{
	const struct place place = { PROJECT, state->env };
	struct record r = { .suite = SUITE_1, .op = op, .of = of };
	struct blob box, text, bytes;
	uint8_t data_key[KEY_LEN];
	char name[80], json[256];

	blob_init(&box, SIZE_MAX);
	blob_init(&text, SIZE_MAX);
	blob_init(&bytes, SIZE_MAX);
	snprintf(name, sizeof(name), "data key %s", key_name);
	seed(data_key, sizeof(data_key), name);
	memcpy(r.project, PROJECT, sizeof(r.project));
	snprintf(r.env, sizeof(r.env), "%s", state->env);
	r.at_ms = T0 + (int64_t)members.n_steps * DAY +
		  INT64_C(3600000) * state->version;
	r.version = state->version + 1;
	memcpy(r.prev, state->hash, HASH_LEN);
	must(data_key_id(r.key_id, &place, data_key), "data_key_id");
	memcpy(r.author, devices[author].id, sizeof(r.author));
	r.log_seq = (int64_t)members.n_steps - 1;
	memcpy(r.log_hash, members.steps[r.log_seq].hash, HASH_LEN);
	snprintf(random_name, sizeof(random_name), "iv %s %d", state->env,
	    (int)r.version);
	snprintf(json, sizeof(json),
	    "{\"secrets\":{%s},\"changed\":[\"~DB_URL\"]}", secrets);
	must(
	    content_seal(&box, &place, r.version, data_key, json, strlen(json)),
	    "content_seal");
	must(sha256(r.blob, box.data, box.len), "sha256");
	must(record_sign(&text, &r, &devices[author]), "record_sign");
	if (state == &states[1])
		ok(same(&text, honest_records[state->version]),
		    "record %d of production", (int)r.version);
	must(record_read(
		 &r, &bytes, (struct text){ (char *)text.data, text.len }),
	    "record_read");
	is_int(record_check(&members, &r, state->env), 0, "which is good");
	state->version = r.version;
	memcpy(state->hash, r.raw.hash, HASH_LEN);
	check_wraps(&place, key_name, data_key);
	if (case_name != NULL)
		check_blob(case_name, &box);
	blob_reset(&box);
	blob_reset(&text);
	blob_reset(&bytes);
}

static void
play(void)
{
	static const char two[] =
	    "\"DB_URL\":\"postgres://db/2\",\"TOKEN\":\"\u00e9t\u00e9\"";
	struct env_state *dev = &states[0], *prod = &states[1];
	struct entry *e;

	admit(ANNA, ROLE_ADMIN, "*", NULL);
	admit(BOB, ROLE_WRITER, "development", "production");
	admit(CI, ROLE_READER, "production", NULL);
	admit(PAPER, ROLE_ADMIN, "*", NULL);
	push(ANNA, prod, "K1", "\"DB_URL\":\"postgres://db/1\"", OP_PUSH, 0,
	    NULL);
	push(BOB, prod, "K1", two, OP_PUSH, 0,
	    "version 2, by a writer revoked since, wrapped for an older "
	    "VAULT_KEY");
	push(BOB, dev, "D1", "\"DB_URL\":\"sqlite:dev\"", OP_PUSH, 0,
	    "another environment's bundle");
	revoke_bob();
	push(ANNA, prod, "K2", two, OP_CONFIRM, 0, NULL);
	rotate();
	push(ANNA, prod, "K3", "\"DB_URL\":\"postgres://db/1\"", OP_ROLLBACK, 1,
	    "another version's blob");
	e = entry_new(ENTRY_CHANGE);
	set_scope(e, CI, ROLE_READER, "production", "staging");
	append(e);
	push(ANNA, prod, "K3", "\"DB_URL\":\"postgres://db/5\"", OP_PUSH, 0,
	    "cold start");
}

int
main(void)
{
	struct json_object *bundle;

	vectors_open();
	bundle = vector_get(vector_case("bundle", "cold start"), "bundle");
	honest_log = vector_texts(bundle, "log", &n_log);
	honest_records = vector_texts(bundle, "records", &n_records);
	members_init(&members, PROJECT);
	make_keys();
	play();
	is_int((intmax_t)members.n_steps, (intmax_t)n_log, "that is the log");
	is_int(states[1].version, (intmax_t)n_records, "and the records");
	members_reset(&members);
	free(honest_log);
	free(honest_records);
	return tap_done();
}
