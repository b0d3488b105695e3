/* SPDX-License-Identifier: MIT */
/* registration-t.c: who asks to join, by the vectors. */
#include "config.h"

#include "trust/registration.h"
#include "vectors-v2.h"
#include "wire/mac.h"

#define JOINS_MAX 4

static int
judge(struct json_object *c, struct json_object *result)
{
	struct register_now now = { .now_ms = vector_int(c, "now") };
	struct register_rules rules = { .project =
					    vector_str(c, "project_id") };
	uint8_t joins[JOINS_MAX][PUBLIC_KEY_LEN], key[REQUEST_KEY_LEN];
	const char *urls[JOINS_MAX];
	struct registration g;
	struct text *texts;
	struct blob bytes;
	size_t generation;
	int r;

	blob_init(&bytes, SIZE_MAX);
	texts = vector_texts(c, "joins", &rules.n_joins);
	for (size_t i = 0; i < rules.n_joins; i++)
		hex_decode(
		    joins[i], sizeof(joins[i]), texts[i].at, texts[i].len);
	free(texts);
	texts = vector_texts(c, "urls", &now.n_urls);
	for (size_t i = 0; i < now.n_urls; i++)
		urls[i] = texts[i].at;
	free(texts);
	vector_hex(c, "request_key", key, sizeof(key));
	request_id(now.request_id, key);
	now.urls = urls;
	rules.joins = (const uint8_t(*)[PUBLIC_KEY_LEN])joins;
	rules.now = vector_get(c, "now") == NULL ? NULL : &now;
	r = registration_read(&g, &bytes, vector_text(c, "registration"));
	if (r == 0)
		r = registration_check(&g, &rules, &generation);
	if (r == 0) {
		json_object_object_add(
		    result, "device_id", json_object_new_string(g.device));
		json_object_object_add(
		    result, "name", json_object_new_string(g.name));
		is_int((intmax_t)generation, 1, "by the newest join key");
	}
	blob_reset(&bytes);
	return r;
}

int
main(void)
{
	vectors_run("register", judge);
	return tap_done();
}
