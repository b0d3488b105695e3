/* SPDX-License-Identifier: MIT */
/*
 * opening.c: times a client of protocol v2 that opens a project with so many
 * entries in its log, and prints the seconds of processor:
 *   opening cold N    nothing is known yet: every signature is looked at
 *   opening known N   all of it is known, as in a start from the cache
 *   opening bare N    the signatures and curves of the first, by libsodium
 * alone
 */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vault/open.h"

#define PROJECT "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define NOW     INT64_C(1774864000000)

static struct vault_key key;
static struct device admin;
static struct members all;
static struct blob json;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
must(int r)
{
	if (r == 0)
		return;
	fprintf(stderr, "opening: %d %s\n", r, code_name(r));
	exit(1);
}

/* Another device each; the first is the admin. */
static char *
entry_of(size_t i, struct device *device)
{
	static struct entry e;
	char secret[2 * KEY_LEN + 1];
	struct text t;
	struct blob text;
	size_t n_good, len;

	snprintf(secret, sizeof(secret), "%064zx", i + 1);
	must(device_read(device, PROJECT, secret));
	if (i == 0)
		admin = *device;
	entry_begin(&e, &all, i == 0 ? ENTRY_ROOT : ENTRY_ADMIT, admin.id, NOW);
	memcpy(e.device, device->id, sizeof(e.device));
	snprintf(e.name, sizeof(e.name), "device-%zu", i);
	memcpy(e.sign, device->sign, PUBLIC_KEY_LEN);
	memcpy(e.box, device->box, PUBLIC_KEY_LEN);
	memcpy(e.join, key.join, PUBLIC_KEY_LEN);
	e.scope.role = i == 0 ? ROLE_ADMIN : ROLE_WRITER;
	e.scope.cache_s = 604800;
	e.scope.envs.n = 1;
	memcpy(
	    e.scope.envs.at[0], i == 0 ? "*" : "production", i == 0 ? 2 : 11);
	blob_init(&text, SIZE_MAX);
	must(entry_sign(&text, &e, &admin, &key));
	t = (struct text){ (char *)text.data, text.len };
	must(members_continue(&all, i, &t, 1, false, &n_good));
	return blob_take(&text, &len);
}

/* One version of 40 secrets, and the bundle with it and the log. */
static void
make(size_t n)
{
	const struct place place = { PROJECT, "production" };
	struct text *log = calloc(n, sizeof(*log)), record_text;
	uint8_t data_key[KEY_LEN];
	struct blob plain, box, record, secrets;
	struct psk psk = { .join = key.join };
	struct device device;
	struct bundle b = { .log = log, .n_log = n, .n_records = 1 };
	struct record r;
	struct wrap w = { .generation = 0 };

	blob_init(&plain, SIZE_MAX);
	blob_init(&box, SIZE_MAX);
	blob_init(&record, SIZE_MAX);
	blob_init(&secrets, SIZE_MAX);
	must(vault_key_make(&key, PROJECT));
	members_init(&all, PROJECT);
	for (size_t i = 0; i < n; i++) {
		log[i].at = entry_of(i, &device);
		log[i].len = strlen(log[i].at);
	}
	memcpy(key.anchor, all.steps[0].hash, HASH_LEN);
	memcpy(psk.key, key.psk, KEY_LEN);
	must(random_bytes(data_key, sizeof(data_key)));
	record_begin(&r, &all, place.env, NULL, admin.id, NOW);
	must(data_key_id(r.key_id, &place, data_key));
	must(blob_append_str(&plain, "{\"secrets\":{\"V\":\"v\""));
	for (int i = 1; i < 40; i++)
		must(blob_printf(
		    &plain, ",\"NAME_%d\":\"the value of %d\"", i, i));
	must(blob_append_str(&plain, "}}"));
	must(content_seal(&box, &place, 1, data_key, plain.data, plain.len));
	must(sha256(r.blob, box.data, box.len));
	must(record_sign(&record, &r, &admin));
	must(wrap_seal(&w, &place, data_key, admin.id, admin.box, &psk));
	must(base64_encode(&secrets, box.data, box.len));
	record_text = (struct text){ (char *)record.data, record.len };
	b.project = (struct text){ PROJECT, ID_LEN };
	b.env = (struct text){ place.env, strlen(place.env) };
	b.records = &record_text;
	b.wraps = &w;
	b.n_wraps = 1;
	b.secrets = (struct text){ (char *)secrets.data, secrets.len };
	blob_init(&json, SIZE_MAX);
	must(bundle_write(&json, &b));
}

static double
opening(struct members *log)
{
	const struct opening in = { .key = &key,
		.device = &admin,
		.env = "production",
		.now_ms = NOW };
	const double start = now();
	struct finding why;
	struct bundle b;
	struct opened o;

	must(bundle_read(&b, (char *)json.data, json.len));
	must(bundle_open(&in, log, &b, &o, &why));
	opened_reset(&o);
	bundle_reset(&b);
	return now() - start;
}

/* Two signatures and a curve for each entry, one of each for the version. */
static double
bare(size_t n)
{
	unsigned char pk[32], sk[64], sig[64], out[32], scalar[32] = { 8 };
	unsigned char text[400] = { 1 };
	double start;

	if (sodium_init() < 0)
		exit(1);
	crypto_sign_keypair(pk, sk);
	crypto_sign_detached(sig, NULL, text, sizeof(text), sk);
	start = now();
	for (size_t i = 0; i < 2 * n + 1; i++)
		if (crypto_sign_verify_detached(sig, text, sizeof(text), pk) !=
		    0)
			exit(1);
	for (size_t i = 0; i < n + 1; i++)
		if (crypto_scalarmult(out, scalar, admin.box) != 0)
			exit(1);
	return now() - start;
}

int
main(int argc, char **argv)
{
	const size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct members log;
	double seconds;

	if (n == 0)
		return 2;
	make(n);
	members_init(&log, PROJECT);
	if (strcmp(argv[1], "bare") == 0) {
		seconds = bare(n);
	} else {
		seconds = opening(&log);
		if (strcmp(argv[1], "known") == 0)
			seconds = opening(&log);
	}
	printf("%.9f\n", seconds);
	return 0;
}
