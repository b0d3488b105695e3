/* SPDX-License-Identifier: MIT */
/*
 * team.c: the requests of a project of protocol v2 as its client would send
 * them, a line of JSON each, {path, body, ms}: ms is the processor's time for
 * making it. The server's answers are not waited for: they would say nothing
 * new.
 *   team URL DEVICES ENVIRONMENTS CHANGES
 * makes a project with so many devices, of which the first, an admin, sends all
 * of this; then stores a version of each environment; then so many times admits
 * one more device, revokes it again, and stores the next version of an
 * environment, which needs a new data key. The last line is {project, key,
 * sign, environment, head, tail, secrets, version, hash}: how to go on with the
 * last environment, see load.lua.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trust/history.h"
#include "trust/registration.h"
#include "vault/datakey.h"

#define TEXT_LEN 2000 /* of a version; it is filled up to 2048 */

struct env {
	char name[16];
	uint8_t data_key[KEY_LEN];
	struct record newest;
	struct blob statement; /* of newest, without its signature */
	struct blob box;       /* its blob */
};

static char project[ID_LEN + 1];
static struct vault_key key;
static struct device admin;
static uint8_t request_key[REQUEST_KEY_LEN];
static struct members team;
static struct env envs[LIST_MAX];
static size_t n_envs;
static double started;

static double
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
must(int r)
{
	if (r == 0)
		return;
	fprintf(stderr, "team: %d %s\n", r, code_name(r));
	exit(1);
}

/* ---- what is printed ---- */

static void
body_begin(struct json_writer *body)
{
	started = milliseconds();
	json_writer_init(body, SIZE_MAX);
	json_begin(body, '{');
	json_put_text(body, "project_id", project);
}

static void
body_send(struct json_writer *body, const char *path)
{
	const double ms = milliseconds() - started;

	json_end(body, '}');
	must(body->r);
	printf("{\"path\":\"%s\",\"ms\":%.3f,\"body\":%s}\n", path, ms,
	    (char *)body->text.data);
	json_writer_reset(body);
}

static void
put_hex(
    struct json_writer *w, const char *name, const uint8_t *data, size_t len)
{
	char *hex = malloc(2 * len + 1);

	hex_encode(hex, data, len);
	json_put_text(w, name, hex);
	free(hex);
}

/* ---- the log ---- */

static void
make_device(struct device *device, size_t i)
{
	char secret[2 * KEY_LEN + 1];

	snprintf(secret, sizeof(secret), "%064zx", i + 1);
	must(device_read(device, project, secret));
}

static void
describe(struct entry *e, const struct device *device, int role)
{
	memcpy(e->device, device->id, sizeof(e->device));
	snprintf(e->name, sizeof(e->name), "device");
	memcpy(e->sign, device->sign, PUBLIC_KEY_LEN);
	memcpy(e->box, device->box, PUBLIC_KEY_LEN);
	e->scope.role = role;
	e->scope.cache_s = 604800;
	e->scope.envs.n = 1;
	memcpy(e->scope.envs.at[0], "*", 2);
}

/* It is signed, part of the team's log, and a member of the body. */
static void
put_entry(struct json_writer *body, struct entry *e)
{
	struct blob text;
	size_t n_good;

	blob_init(&text, SIZE_MAX);
	must(entry_sign(&text, e, &admin, &key));
	must(members_continue(&team, (size_t)e->seq,
	    &(struct text){ (char *)text.data, text.len }, 1, false, &n_good));
	json_put_text(
	    body, e->kind == ENTRY_ROOT ? "root" : "entry", (char *)text.data);
	blob_reset(&text);
}

static void
wrap_for(
    struct wrap *w, const struct env *env, const char *id, const uint8_t *box)
{
	const struct place place = { project, env->name };
	struct psk psk = { .join = key.join };

	memcpy(psk.key, key.psk, KEY_LEN);
	must(wrap_seal(w, &place, env->data_key, id, box, &psk));
}

static void
create(const char *url)
{
	struct registration g = { .suite = SUITE_1, .at_ms = now_ms() };
	static struct entry e;
	struct json_writer body;
	struct blob text;

	body_begin(&body);
	entry_begin(&e, &team, ENTRY_ROOT, admin.id, now_ms());
	describe(&e, &admin, ROLE_ADMIN);
	memcpy(e.join, key.join, PUBLIC_KEY_LEN);
	put_entry(&body, &e);
	must(request_key_derive(request_key, &key, &admin, url));
	must(request_id(g.request_id, request_key));
	memcpy(g.project, project, sizeof(g.project));
	memcpy(g.device, admin.id, sizeof(g.device));
	snprintf(g.name, sizeof(g.name), "device");
	memcpy(g.sign, admin.sign, PUBLIC_KEY_LEN);
	memcpy(g.box, admin.box, PUBLIC_KEY_LEN);
	snprintf(g.url, sizeof(g.url), "%s", url);
	blob_init(&text, SIZE_MAX);
	must(registration_sign(&text, &g, &admin, &key));
	json_put_text(&body, "registration", (char *)text.data);
	blob_reset(&text);
	put_hex(&body, "request_key", request_key, sizeof(request_key));
	json_put_text(&body, "project_name", "bench");
	body_send(&body, "project/create");
}

static void
put_admission_wrap(struct json_writer *body, const struct env *env,
    const struct device *device)
{
	struct wrap w;

	wrap_for(&w, env, device->id, device->box);
	json_begin(body, '{');
	json_put_text(body, "environment", env->name);
	put_hex(body, "key_id", env->newest.key_id, HASH_LEN);
	json_put_base64(body, "wrap", w.bytes, WRAP_LEN);
	json_end(body, '}');
}

/* With a wrap for each environment that has a version. */
static void
admit(const struct device *device, bool has_versions)
{
	static struct entry e;
	struct json_writer body;

	body_begin(&body);
	entry_begin(&e, &team, ENTRY_ADMIT, admin.id, now_ms());
	describe(&e, device, ROLE_READER);
	put_entry(&body, &e);
	json_put_name(&body, "wraps");
	json_begin(&body, '[');
	for (size_t i = 0; has_versions && i < n_envs; i++)
		put_admission_wrap(&body, &envs[i], device);
	json_end(&body, ']');
	body_send(&body, "log/append");
}

static void
revoke(const struct device *device)
{
	static struct entry e;
	struct json_writer body;
	struct cut *cut;

	body_begin(&body);
	entry_begin(&e, &team, ENTRY_REVOKE, admin.id, now_ms());
	memcpy(e.device, device->id, sizeof(e.device));
	for (size_t i = 0; i < n_envs; i++) {
		cut = &e.cuts.at[e.cuts.n++];
		memcpy(cut->env, envs[i].name, sizeof(envs[i].name));
		cut->version = envs[i].newest.version;
		must(sha256(
		    cut->hash, envs[i].statement.data, envs[i].statement.len));
	}
	put_entry(&body, &e);
	json_put_name(&body, "wraps");
	json_put_raw(&body, "[]");
	body_send(&body, "log/append");
}

/* ---- versions ---- */

static void
put_wraps(struct json_writer *body, const struct env *env)
{
	const struct member *m;
	struct wrap w;

	json_put_name(body, "wraps");
	json_begin(body, '[');
	for (size_t i = 0; i < team.n_members; i++) {
		m = &team.members[i];
		if (!grant_reads(member_now(m), env->name))
			continue;
		wrap_for(&w, env, m->id, m->box);
		json_begin(body, '{');
		json_put_text(body, "device_id", m->id);
		json_put_base64(body, "wrap", w.bytes, WRAP_LEN);
		json_end(body, '}');
	}
	json_end(body, ']');
}

/* The next record of env, which its statement becomes. */
static void
next_record(struct env *env)
{
	char text[TEXT_LEN + 1];
	const struct place place = { project, env->name };
	const int64_t version = env->newest.version;
	struct record *r = &env->newest;

	record_begin(r, &team, env->name, NULL, admin.id, now_ms());
	r->version = version + 1;
	if (version > 0)
		must(sha256(r->prev, env->statement.data, env->statement.len));
	must(random_bytes(env->data_key, KEY_LEN));
	must(data_key_id(r->key_id, &place, env->data_key));
	env->box.len = env->statement.len = 0;
	snprintf(text, sizeof(text), "{\"secrets\":{\"A\":\"%0*d\"}}",
	    TEXT_LEN - (int)strlen("{'secrets':{'A':''}}"), 0);
	must(content_seal(
	    &env->box, &place, r->version, env->data_key, text, TEXT_LEN));
	must(sha256(r->blob, env->box.data, env->box.len));
	must(record_encode(&env->statement, r));
}

static void
push(struct env *env)
{
	struct json_writer body;
	struct blob record;

	body_begin(&body);
	next_record(env);
	blob_init(&record, SIZE_MAX);
	must(record_sign(&record, &env->newest, &admin));
	json_put_text(&body, "record", (char *)record.data);
	blob_reset(&record);
	json_put_base64(&body, "secrets", env->box.data, env->box.len);
	put_wraps(&body, env);
	body_send(&body, "secrets/push");
}

/* head, tail: of the record's statement, around version and the hash of the
 * one before it, which are 12 and 36 bytes. */
static void
put_chain(const struct env *env)
{
	const uint8_t *statement = env->statement.data;
	uint8_t sign[SEED_LEN + PUBLIC_KEY_LEN], hash[HASH_LEN];
	struct json_writer line;
	size_t head = 0;

	while (memcmp(statement + head, "\0\0\0\10", 4) != 0 ||
	       memcmp(statement + head + 12, "\0\0\0\40", 4) != 0)
		head++;
	memcpy(sign, admin.sign_seed, SEED_LEN);
	memcpy(sign + SEED_LEN, admin.sign, PUBLIC_KEY_LEN);
	must(sha256(hash, statement, env->statement.len));
	json_writer_init(&line, SIZE_MAX);
	json_begin(&line, '{');
	json_put_text(&line, "project", project);
	put_hex(&line, "key", request_key, sizeof(request_key));
	put_hex(&line, "sign", sign, sizeof(sign));
	json_put_text(&line, "environment", env->name);
	put_hex(&line, "head", statement, head);
	put_hex(&line, "tail", statement + head + 48,
	    env->statement.len - head - 48);
	json_put_base64(&line, "secrets", env->box.data, env->box.len);
	json_put_int(&line, "version", env->newest.version);
	put_hex(&line, "hash", hash, HASH_LEN);
	json_end(&line, '}');
	must(line.r);
	printf("%s\n", (char *)line.text.data);
	json_writer_reset(&line);
}

static void
begin(void)
{
	uint8_t id[16];
	char hex[2 * sizeof(id) + 1];

	must(random_bytes(id, sizeof(id)));
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	hex_encode(hex, id, sizeof(id));
	snprintf(project, sizeof(project), "%.8s-%.4s-%.4s-%.4s-%s", hex,
	    hex + 8, hex + 12, hex + 16, hex + 20);
	must(vault_key_make(&key, project));
	members_init(&team, project);
	make_device(&admin, 0);
}

int
main(int argc, char **argv)
{
	size_t n_devices, n_changes;
	struct device device;

	if (argc != 5)
		return 2;
	n_devices = strtoul(argv[2], NULL, 10);
	n_envs = strtoul(argv[3], NULL, 10);
	n_changes = strtoul(argv[4], NULL, 10);
	if (n_devices == 0 || n_envs == 0 || n_envs > LIST_MAX)
		return 2;
	must(crypto_init());
	begin();
	create(argv[1]);
	for (size_t i = 1; i < n_devices; i++) {
		make_device(&device, i);
		admit(&device, false);
	}
	for (size_t i = 0; i < n_envs; i++) {
		snprintf(envs[i].name, sizeof(envs[i].name), "env-%02u",
		    (unsigned)i % LIST_MAX);
		blob_init(&envs[i].statement, SIZE_MAX);
		blob_init(&envs[i].box, SIZE_MAX);
		push(&envs[i]);
	}
	for (size_t i = 0; i < n_changes; i++) {
		make_device(&device, n_devices + i);
		admit(&device, true);
		revoke(&device);
		push(&envs[i % n_envs]);
	}
	put_chain(&envs[n_envs - 1]);
	return 0;
}
