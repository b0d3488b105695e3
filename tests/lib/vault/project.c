/* SPDX-License-Identifier: MIT */
/* project.c: see project.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "project.h"

static const char *const env_names[P_ENVS] = { "development", "production",
	"staging" };
static struct project *alive; /* whose random bytes these are */

int __wrap_random_bytes(void *out, size_t len);

void
p_must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

/* splitmix64: any seed will do. */
static uint64_t
next_random(struct project *p)
{
	uint64_t z = p->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t
project_choose(struct project *p, size_t n)
{
	return (size_t)(next_random(p) % n);
}

int
__wrap_random_bytes(void *out, size_t len)
{
	uint8_t *to = out;

	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)next_random(alive);
	return 0;
}

struct text
p_text(const char *s)
{
	return (struct text){ s, strlen(s) };
}

char *
p_copy(const struct blob *b)
{
	char *s = strndup((const char *)b->data, b->len);

	p_must(s != NULL, "no memory");
	return s;
}

/* The newest version of each environment, sorted by name. */
size_t
p_heads(const struct project *p, struct env_head heads[P_ENVS])
{
	size_t n = 0;

	for (size_t i = 0; i < P_ENVS; i++) {
		const struct p_env *e = &p->envs[i];
		const struct place place = { p->log.project, e->name };
		struct env_head *head = &heads[n];

		if (e->n == 0)
			continue;
		memset(head, 0, sizeof(*head));
		memcpy(head->env, e->name, strlen(e->name));
		head->version = (int64_t)e->n;
		memcpy(head->hash, e->versions[e->n - 1].hash, HASH_LEN);
		p_must(data_key_id(head->key_id, &place,
			   e->versions[e->n - 1].data_key) == 0,
		    "data_key_id");
		n++;
	}
	return n;
}

void
p_wrap(struct project *p, const struct p_env *e,
    const uint8_t data_key[KEY_LEN], const struct member *to)
{
	const struct vault_key *key = &p->keys[p->n_keys - 1];
	const struct place place = { p->log.project, e->name };
	struct wrap *w = &p->wraps[p->n_wraps++];
	struct psk psk = { .join = key->join };

	p_must(p->n_wraps < P_WRAPS, "too many wraps");
	memcpy(psk.key, key->psk, KEY_LEN);
	p_must(wrap_seal(w, &place, data_key, to->id, to->box, &psk) == 0,
	    "wrap_seal");
	w->generation = (int64_t)p->n_keys - 1;
}

/* ---- versions ---- */

/* Keeps the data key if that is allowed, or makes one, with wraps for all. */
static size_t
choose_data_key(struct project *p, struct p_env *env,
    const struct record *before, uint8_t data_key[KEY_LEN],
    char ids[P_DEVICES][ID_LEN + 1])
{
	size_t n = 0;

	if (before != NULL && policy_keeps_key(&p->log, before) &&
	    project_choose(p, 4) > 0) {
		memcpy(data_key, env->versions[env->n - 1].data_key, KEY_LEN);
		return 0;
	}
	p_must(__wrap_random_bytes(data_key, KEY_LEN) == 0, "random");
	for (size_t i = 0; i < p->log.n_members; i++) {
		const struct member *m = &p->log.members[i];

		if (!grant_reads(member_now(m), env->name))
			continue;
		memcpy(ids[n++], m->id, ID_LEN + 1);
		p_wrap(p, env, data_key, m);
	}
	return n;
}

/* The record and the blob of what is pushed, judged as a server does. */
static void
store(struct project *p, struct p_env *env, struct record *r,
    const struct record *before, const struct device *author,
    const char (*ids)[ID_LEN + 1], size_t n_ids)
{
	struct p_version *v = &env->versions[env->n];
	const struct place place = { p->log.project, env->name };
	struct env_head heads[P_ENVS], *head = NULL;
	const size_t n_heads = p_heads(p, heads);
	struct blob box, text, bytes;
	struct push push;
	char json[128];

	blob_init(&box, SIZE_MAX);
	blob_init(&text, SIZE_MAX);
	blob_init(&bytes, SIZE_MAX);
	for (size_t i = 0; before != NULL && i < n_heads; i++)
		if (strcmp(heads[i].env, env->name) == 0)
			head = &heads[i];
	snprintf(json, sizeof(json), "{\"secrets\":{\"A\":\"%s\"}}", v->value);
	p_must(content_seal(&box, &place, r->version, v->data_key, json,
		   strlen(json)) == 0 &&
		   sha256(r->blob, box.data, box.len) == 0 &&
		   data_key_id(r->key_id, &place, v->data_key) == 0 &&
		   record_sign(&text, r, author) == 0,
	    "a push");
	v->record = p_copy(&text);
	p_must(record_read(r, &bytes, p_text(v->record)) == 0, "record_read");
	memcpy(v->hash, r->raw.hash, HASH_LEN);
	push = (struct push){ .record = r,
		.env = env->name,
		.requester = author->id,
		.blob = box.data,
		.blob_len = box.len,
		.head = head,
		.wraps = ids,
		.n_wraps = n_ids };
	p_must(push_check(&p->log, &push) == 0, "a push was refused");
	text.len = 0;
	p_must(base64_encode(&text, box.data, box.len) == 0, "base64");
	v->blob = p_copy(&text);
	env->n++;
	blob_reset(&box);
	blob_reset(&text);
	blob_reset(&bytes);
}

static bool
push(struct project *p, struct p_env *env, const struct device *author)
{
	struct p_version *v = &env->versions[env->n];
	char ids[P_DEVICES][ID_LEN + 1], value[32];
	struct record r, before;
	struct blob bytes;
	size_t n_ids;

	if (env->n == P_VERSIONS)
		return false;
	blob_init(&bytes, SIZE_MAX);
	if (env->n > 0)
		p_must(record_read(&before, &bytes, p_text(v[-1].record)) == 0,
		    "record_read");
	record_begin(&r, &p->log, env->name, env->n > 0 ? &before : NULL,
	    author->id, P_NOW - 1000);
	if (env->n > 0 && project_choose(p, 4) == 0) {
		r.op = OP_ROLLBACK;
		r.of = 1 + (int64_t)project_choose(p, env->n);
	}
	snprintf(value, sizeof(value), "%s %zu", env->name, env->n + 1);
	v->value = strdup(value);
	n_ids = choose_data_key(
	    p, env, env->n > 0 ? &before : NULL, v->data_key, ids);
	store(p, env, &r, env->n > 0 ? &before : NULL, author,
	    (const char(*)[ID_LEN + 1]) ids, n_ids);
	blob_reset(&bytes);
	return true;
}

/* ---- a life ---- */

static void
make_device(struct project *p, struct device *d, const char *id)
{
	uint8_t secret[KEY_LEN];
	char hex[2 * KEY_LEN + 1];

	alive = p;
	p_must(__wrap_random_bytes(secret, sizeof(secret)) == 0, "random");
	hex_encode(hex, secret, sizeof(secret));
	p_must(device_read(d, id, hex) == 0, "device_read");
}

struct project *
project_new(uint64_t seed)
{
	static const char id[] = "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13";
	struct project *p = calloc(1, sizeof(*p));
	struct entry *e;

	p_must(p != NULL, "no memory");
	p->random = seed;
	alive = p;
	members_init(&p->log, id);
	for (size_t i = 0; i < P_ENVS; i++)
		p->envs[i].name = env_names[i];
	for (size_t i = 0; i < P_DEVICES; i++)
		make_device(p, &p->devices[i], id);
	p_must(vault_key_make(&p->keys[0], id) == 0, "vault_key_make");
	p->n_keys = 1;
	e = p_begin(p, ENTRY_ROOT, &p->devices[0]);
	p_describe(e, &p->devices[0]);
	p_scope(p, e, ROLE_ADMIN);
	memcpy(e->join, p->keys[0].join, PUBLIC_KEY_LEN);
	p_must(p_append(p, e, &p->devices[0], &p->keys[0]), "the root");
	memcpy(p->keys[0].anchor, p->log.steps[0].hash, HASH_LEN);
	return p;
}

void
project_free(struct project **p)
{
	for (size_t i = 0; i < (*p)->log.n_steps; i++)
		free((*p)->entries[i]);
	for (size_t i = 0; i < P_ENVS; i++)
		for (size_t v = 0; v < (*p)->envs[i].n; v++) {
			free((*p)->envs[i].versions[v].record);
			free((*p)->envs[i].versions[v].blob);
			free((*p)->envs[i].versions[v].value);
		}
	members_reset(&(*p)->log);
	free(*p);
	*p = NULL;
}

bool
project_step(struct project *p)
{
	const struct device *d = &p->devices[project_choose(p, P_DEVICES)];
	const struct device *other = &p->devices[project_choose(p, P_DEVICES)];
	const struct member *member = members_find(&p->log, d->id);
	const struct member *about = members_find(&p->log, other->id);
	struct p_env *env = &p->envs[project_choose(p, P_ENVS)];
	const size_t what = project_choose(p, 20);

	alive = p;
	if (member == NULL || member_now(member)->revoked ||
	    p->log.n_steps == P_ENTRIES)
		return false;
	if (what >= 11)
		return grant_writes(member_now(member), env->name) &&
		       push(p, env, d);
	if (member_now(member)->role != ROLE_ADMIN)
		return false;
	if (about == NULL)
		return p_admit(p, d, other);
	if (what == 0)
		return p_rotate(p, d);
	if (member_now(about)->revoked)
		return false;
	if (what <= 2)
		return p_revoke(p, d, about);
	return what <= 4 && p_narrow(p, d, about);
}

struct text *
project_log(const struct project *p, size_t *n)
{
	struct text *log = calloc(p->log.n_steps, sizeof(*log));

	p_must(log != NULL, "no memory");
	*n = p->log.n_steps;
	for (size_t i = 0; i < *n; i++)
		log[i] = p_text(p->entries[i]);
	return log;
}

void
project_bundle(const struct project *p, const struct p_env *e, size_t first,
    size_t last, size_t wanted, struct blob *out)
{
	struct text records[P_VERSIONS];
	struct bundle b = { .project = p_text(p->log.project),
		.env = p_text(e->name),
		.records = records,
		.n_records = last - first + 1,
		.secrets = p_text(e->versions[wanted - 1].blob) };
	struct wrap *wraps = calloc(p->n_wraps + 1, sizeof(*wraps));
	const struct place place = { p->log.project, e->name };
	uint8_t key_id[HASH_LEN];

	p_must(wraps != NULL && data_key_id(key_id, &place,
				    e->versions[wanted - 1].data_key) == 0,
	    "data_key_id");
	b.log = project_log(p, &b.n_log);
	for (size_t v = first; v <= last; v++)
		records[v - first] = p_text(e->versions[v - 1].record);
	b.wraps = wraps;
	for (size_t i = 0; i < p->n_wraps; i++)
		if (memcmp(p->wraps[i].key_id, key_id, HASH_LEN) == 0)
			wraps[b.n_wraps++] = p->wraps[i];
	p_must(bundle_write(out, &b) == 0, "bundle_write");
	free(b.log);
	free(wraps);
}

void
project_pins(const struct project *p, const struct p_env *e, size_t version,
    struct pins *out)
{
	struct pin pin = { .version = (int64_t)p->log.n_steps - 1 };

	*out = (struct pins){ .n_envs = 0 };
	memcpy(pin.hash, p->log.steps[pin.version].hash, HASH_LEN);
	p_must(pins_raise_log(out, &pin) == 0, "pins_raise_log");
	if (version == 0)
		return;
	pin.version = (int64_t)version;
	memcpy(pin.hash, e->versions[version - 1].hash, HASH_LEN);
	p_must(pins_raise(out, e->name, &pin) == 0, "pins_raise");
}
