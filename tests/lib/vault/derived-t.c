/* SPDX-License-Identifier: MIT */
/* derived-t.c: what is derived from the two factors, and what is made with it:
 * a registration, a request's header, a cache; byte for byte by the vectors. */
#include "config.h"

#include "honest.h"

static void
is_derived(const char *name, const uint8_t *data, size_t len)
{
	char hex[2 * 64 + 1];

	hex_encode(hex, data, len);
	is_str(hex,
	    vector_str(json_object_object_get(vectors_v2, "derived"), name),
	    name);
}

static void
test_derived(void)
{
	struct json_object *derived =
	    json_object_object_get(vectors_v2, "derived");
	uint8_t request_key[KEY_LEN], cache_key[KEY_LEN], id[REQUEST_ID_LEN];
	const char *vault_key = vector_str(derived, "vault_key");
	char text[VAULT_KEY_V2_LEN + 1];
	struct vault_key read;

	is_derived("psk", keys[1].psk, KEY_LEN);
	is_derived("join_public", keys[1].join, PUBLIC_KEY_LEN);
	is_derived("sign_public", devices[CI].sign, PUBLIC_KEY_LEN);
	is_derived("box_public", devices[CI].box, PUBLIC_KEY_LEN);
	is_str(devices[CI].id, vector_str(derived, "device_id"), "device_id");
	must(request_key_derive(request_key, &keys[1], &devices[CI], URL),
	    "request_key_derive");
	is_derived("request_key", request_key, KEY_LEN);
	must(request_id(id, request_key), "request_id");
	is_derived("request_id", id, sizeof(id));
	must(cache_key_derive(cache_key, &keys[1], &devices[CI]),
	    "cache_key_derive");
	is_derived("cache_key", cache_key, KEY_LEN);
	must(vault_key_read(&read, vault_key), "vault_key_read");
	vault_key_write(text, &read);
	is_str(text, vault_key, "vault_key");
}

static void
test_heads(void)
{
	const struct text heads =
	    vector_text(json_object_object_get(vectors_v2, "derived"), "heads");
	struct pins pins = { .n_envs = 0 };
	struct blob text;
	bool other;

	blob_init(&text, SIZE_MAX);
	must(pins_read(&pins, PROJECT, heads.at, heads.len, false, &other),
	    "pins_read");
	must(pins_write(&text, PROJECT, &pins), "pins_write");
	ok(same(&text, heads), "heads");
	pins_reset(&pins);
	blob_reset(&text);
}

static void
test_registration(void)
{
	struct registration g = { .suite = SUITE_1, .at_ms = NOW };
	uint8_t request_key[KEY_LEN];
	struct blob text;

	blob_init(&text, SIZE_MAX);
	memcpy(g.project, PROJECT, sizeof(g.project));
	memcpy(g.device, devices[EVE].id, sizeof(g.device));
	memcpy(g.name, names[EVE], strlen(names[EVE]));
	memcpy(g.sign, devices[EVE].sign, PUBLIC_KEY_LEN);
	memcpy(g.box, devices[EVE].box, PUBLIC_KEY_LEN);
	memcpy(g.url, URL, strlen(URL));
	must(request_key_derive(request_key, &keys[1], &devices[EVE], URL),
	    "request_key_derive");
	must(request_id(g.request_id, request_key), "request_id");
	must(registration_sign(&text, &g, &devices[EVE], &keys[1]),
	    "registration_sign");
	ok(same(&text, vector_text(vector_case("register", "a new device"),
			   "registration")),
	    "a registration");
	blob_reset(&text);
}

static void
test_request(void)
{
	struct json_object *c = vector_case("request", "a pull");
	const struct text body = vector_text(c, "body");
	const struct request_text text = { "POST", vector_str(c, "path"),
		body.at, body.len };
	struct request_auth auth = { .time_ms = NOW };
	char header[REQUEST_HEADER_LEN + 1];
	uint8_t request_key[KEY_LEN];

	must(request_key_derive(request_key, &keys[1], &devices[CI], URL),
	    "request_key_derive");
	seed(auth.nonce, sizeof(auth.nonce), "nonce");
	must(request_sign(&auth, request_key, &text), "request_sign");
	request_header_write(header, &auth);
	is_str(header, vector_str(c, "header"), "X-Vault-Request");
}

static void
test_cachefile(void)
{
	struct json_object *c = vector_case("cache", "an hour old");
	const struct text file = vector_text(c, "file");
	const char *end = memchr(file.at, '\n', file.len);
	const struct text bundle = { end + 1,
		file.len - (size_t)(end + 1 - file.at) - 1 };
	struct blob text;

	blob_init(&text, SIZE_MAX);
	must(cachefile_write(&text, &keys[1], &devices[CI], "production",
		 NOW - 3600000, bundle),
	    "cachefile_write");
	ok(same(&text, file), "a cache");
	blob_reset(&text);
}

int
main(void)
{
	vectors_open();
	make_keys();
	test_derived();
	test_heads();
	test_registration();
	test_request();
	test_cachefile();
	return tap_done();
}
