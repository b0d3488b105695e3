/* SPDX-License-Identifier: MIT */
/* key-t.c: vault keys and device secrets: form, making, hash. */
#include "config.h"

#include "vectors.h"

#include "vault/vault.h"
#include "sentence.h"
#include "tap.h"

#define ID "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"

/*
 * "vk__x" is the one vector where we part with the reference, which reads an
 * empty project id out of it. No server ever gave such an id, so no v1 client
 * can use such a key; but an empty id would become the file name
 * "~/.vault/.key" and a request that can only fail, instead of a plain
 * "malformed key".
 */
static void
test_parse_vectors(void)
{
	struct json_object *list = vectors_load("parse_key");
	size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n; i++) {
		const char *key = vector_text(list, i, "vault_key");
		const char *want = vector_text(list, i, "project_id");
		const char *id = NULL, *secret = NULL;
		size_t len = 0;
		int r = key_parse(key, &id, &len, &secret);

		if (want == NULL || want[0] == '\0') {
			is_int(r, VAULTENV_ERR_INVALID, "refused");
			ok(id == NULL && secret == NULL, "\"%s\"", key);
			continue;
		}
		ok(r == 0 && len == strlen(want) && memcmp(id, want, len) == 0,
		    "project id of \"%s\"", key);
		is_str(secret, vector_text(list, i, "secret"), "its secret");
	}
	ok(n >= 7, "all the vectors were there");
	json_object_put(list);
}

static void
test_parse_more(void)
{
	static const char *const bad[] = { "vk", "vk_", "vk__", "vk_a", "vk_a_",
		"VK_a_b", "vk-a-b", " vk_a_b", "vka_b" };
	char key[VAULTENV_KEY_MAX + 2];
	const char *id, *secret;
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(key_parse(bad[i], &id, &len, &secret) ==
			VAULTENV_ERR_INVALID,
		    "not the key \"%s\"", bad[i]);
	memset(key, 'a', sizeof(key));
	memcpy(key, "vk_b_", 5);
	key[VAULTENV_KEY_MAX] = '\0';
	ok(key_parse(key, &id, &len, &secret) == 0 && secret == key + 5,
	    "a key of the greatest length");
	key[VAULTENV_KEY_MAX] = 'a';
	key[VAULTENV_KEY_MAX + 1] = '\0';
	is_int(key_parse(key, &id, &len, &secret), VAULTENV_ERR_INVALID,
	    "a longer one");
}

static void
test_generate(void)
{
	struct vaultenv_error err = { 0 };
	char *key = NULL, *other = NULL;
	const char *id, *secret;
	size_t len = 0, other_len, id_len;

	is_int(vaultenv_key_generate(ID, &key, &len, &err), 0, "a key");
	is_int(vaultenv_key_generate(ID, &other, &other_len, NULL), 0, "two");
	ok(len == 3 + 36 + 1 + 64 && strlen(key) == len, "of 104 characters");
	ok(key_parse(key, &id, &id_len, &secret) == 0 && id_len == 36 &&
		memcmp(id, ID, 36) == 0 && strlen(secret) == 64 &&
		strspn(secret, "0123456789abcdef") == 64,
	    "with the project's id and 64 hex digits");
	ok(strcmp(key, other) != 0, "never the same twice");
	vaultenv_text_free(&key, len);
	vaultenv_text_free(&other, other_len);

	is_int(vaultenv_key_generate("abc", &key, &len, &err),
	    VAULTENV_ERR_INVALID, "not for an id that is no UUID");
	is_str(sentence(&err),
	    "Cannot make a vault key: the project id is not a "
	    "UUID. Use the one that the server gave",
	    "and why");
	ok(err.code == VAULTENV_ERR_INVALID && key == NULL, "nothing is set");
	is_int(vaultenv_key_generate(NULL, &key, &len, NULL),
	    VAULTENV_ERR_INVALID, "nor for none");
	is_int(vaultenv_key_generate(ID "0", &key, &len, NULL),
	    VAULTENV_ERR_INVALID, "nor for a longer one");
}

static void
test_key_faults(void)
{
	static const struct {
		const char *key, *fault;
	} rows[] = {
		{ "vk_" ID "_x", NULL },
		{ "vk_" ID "_x_y", NULL },
		{ "", "it is empty" },
		{ "\"vk_" ID "_x\"", "it stands in quotes" },
		{ "vk_" ID "_x y", "there is white space within it" },
		{ "vk_" ID "\n_x", "there is white space within it" },
		{ "VK_" ID "_x", "it does not begin with vk_" },
		{ "x", "it does not begin with vk_" },
		{ "vk_", "what follows vk_ is not a UUID in lower case" },
		{ "vk_a_b", "what follows vk_ is not a UUID in lower case" },
		{ "vk_" ID, "it ends before its secret" },
		{ "vk_" ID "_", "it ends before its secret" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_str(key_fault(rows[i].key), rows[i].fault, rows[i].key);
}

#define DIGITS "18db6bad8c64ae54c54f9db123303208f665111e4fba5affd579aa28ddf5a59"

static void
test_device_secret(void)
{
	static const struct {
		const char *text, *fault; /* NULL: it is "d" DIGITS */
	} rows[] = {
		{ "d" DIGITS, NULL },
		{ "D" DIGITS, NULL },
		{ "d18DB6BAD8C64AE54C54F9DB123303208F665111E4FBA5AFFD579AA28DDF"
		  "5A59",
		    NULL },
		{ "d" DIGITS "\n", NULL },
		{ " \td" DIGITS " \r\n", NULL },
		{ "", "its length is 0, not 64" },
		{ " \n", "its length is 0, not 64" },
		{ "vk_a_b", "its length is 6, not 64" },
		{ DIGITS, "its length is 63, not 64" },
		{ "d" DIGITS "0", "its length is 65, not 64" },
		{ "'d" DIGITS "'", "it stands in quotes" },
		{ "g" DIGITS, "character 1 is not a hex digit" },
		/* With the bit of lower case they would be digits. */
		{ "\x11" DIGITS, "character 1 is not a hex digit" },
		{ "\xc4" DIGITS, "character 1 is not a hex digit" },
	};
	char out[VAULTENV_DEVICE_SECRET_LEN + 1];
	char fault[SECRET_FAULT_TEXT];
	char a[VAULTENV_DEVICE_SECRET_LEN + 1];
	char b[VAULTENV_DEVICE_SECRET_LEN + 1];

	is_int(device_secret_generate(a), 0, "a device secret");
	is_int(device_secret_generate(b), 0, "two");
	ok(device_secret_parse(out, a, fault) == 0 && strcmp(out, a) == 0,
	    "of 64 hex digits in lower case");
	ok(strcmp(a, b) != 0, "never the same twice");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = device_secret_parse(out, rows[i].text, fault);

		if (rows[i].fault == NULL)
			ok(r == 0 && strcmp(out, "d" DIGITS) == 0,
			    "device secret %zu", i);
		else
			ok(r == VAULTENV_ERR_INVALID &&
				strcmp(fault, rows[i].fault) == 0,
			    "malformed secret %zu: %s", i, fault);
	}
}

static void
test_device_hash(void)
{
	struct json_object *list = vectors_load("device_hash");
	size_t n = json_object_array_length(list);
	char hash[2 * HASH_LEN + 1];

	for (size_t i = 0; i < n; i++) {
		is_int(device_hash(hash, vector_text(list, i, "device_secret")),
		    0, "a device's hash");
		is_str(hash, vector_text(list, i, "device_hash"),
		    "as the reference has it");
	}
	ok(n >= 3, "all the vectors were there");
	json_object_put(list);
}

int
main(void)
{
	test_parse_vectors();
	test_parse_more();
	test_key_faults();
	test_generate();
	test_device_secret();
	test_device_hash();
	return tap_done();
}
