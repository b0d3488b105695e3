/* SPDX-License-Identifier: MIT */
/* open-t.c: bundles and caches, from text to plaintext, by the vectors; and
 * what a plaintext may be. */
#include "config.h"

#include "judge-open.h"

static void
test_json(void)
{
	static const char *const bad[] = { "", "[]", "{}", "{\"secrets\":[]}",
		"{\"secrets\":{\"A\":1}}", "{\"secrets\":{\"A\":null}}",
		"{\"secrets\":{\"\":\"x\"}}", "{\"secrets\":{\"A=B\":\"x\"}}",
		"{\"secrets\":{\"A\":\"x\",\"A\":\"y\"}}",
		"{\"secrets\":{\"A\":\"x\",\"\\u0041\":\"y\"}}",
		"{\"secrets\":{},\"secrets\":{}}",
		"{\"secrets\":{},\"x\":{\"a\":1,\"a\":2}}",
		"{\"secrets\":{},\"x\":[[{\"a\":1,\"a\":2}]]}",
		"{\"secrets\":{\"A\\u0000\":\"x\"}}",
		"{\"secrets\":{\"A\":\"\\u0000\"}}",
		"{\"secrets\":{\"A\":\"\\ud800\"}}", "{\"secrets\":{}} x",
		"{\"secrets\":{\"A\":\"\xff\"}}" };
	static const char good[] = "{\"new\":{\"a\":[{\"b\":1},{\"b\":1}]},"
				   "\"secrets\":{\"A\":\"x\",\"B\":\"\"},"
				   "\"changed\":[\"+A\"]}   ";
	struct json_object o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(secrets_read(&o, bad[i], strlen(bad[i])), CODE_BLOB_JSON,
		    bad[i]);
	is_int(secrets_read(&o, good, strlen(good)), 0,
	    "members that are not known are passed over");
	ok(o.n_members == 2 && strcmp(o.members[1].name, "B") == 0 &&
		o.members[1].value.len == 0,
	    "names and values are there");
	json_object_reset(&o);
}

/* What a client does all day: the log is known, and so is the version. */
static void
test_again(void)
{
	struct json_object *c = vector_case("bundle", "cold start");
	struct json_object *json = unpacked(vector_get(c, "bundle"));
	const char *text =
	    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	struct machine m;
	struct finding why;
	struct bundle b;
	struct opened o;

	if (machine_init(&m, c) != 0 ||
	    bundle_read(&b, text, strlen(text)) != 0)
		abort();
	for (int i = 0; i < 2; i++) {
		is_int(bundle_open(&m.in, &m.log, &b, &o, &why), 0,
		    i == 0 ? "opened" : "and again, by a log that is known");
		is_int(o.standing.generation, 1, "under the newest VAULT_KEY");
		opened_reset(&o);
	}
	b.is_reply = true;
	b.n_log = 0;
	m.in.log_from = m.log.n_steps;
	is_int(bundle_open(&m.in, &m.log, &b, &o, &why), 0,
	    "or with a reply that brings nothing new");
	opened_reset(&o);
	m.in.log_from++;
	is_int(bundle_open(&m.in, &m.log, &b, &o, &why), CODE_LOG_GAP,
	    "not from further on");
	opened_reset(&o);
	bundle_reset(&b);
	machine_reset(&m);
	json_object_put(json);
}

static void
test_cachefile_forms(void)
{
	static const char mac[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	static const char *const bad[] = { "", "\n", "vault-cache-v2 1\n{}\n",
		"vault-cache-v1 1774860400000 %s\n{}\n",
		"vault-cache-v2 0774860400000 %s\n{}\n",
		"vault-cache-v2 1774860400000_%s\n{}\n",
		"vault-cache-v2 1774860400000 %s {}\n",
		"vault-cache-v2 1774860400000 %s\n{}",
		"vault-cache-v2 1774860400000 %s\n\n",
		"vault-cache-v2 1774860400000 %s\n{}\n\n" };
	struct machine m;
	struct text bundle;
	char text[256];
	int64_t at_ms;

	if (machine_init(&m, vector_case("bundle", "cold start")) != 0)
		abort();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *gap = strstr(bad[i], "%s");

		snprintf(text, sizeof(text), "%.*s%s%s",
		    gap == NULL ? 0 : (int)(gap - bad[i]), bad[i],
		    gap == NULL ? "" : mac, gap == NULL ? bad[i] : gap + 2);
		ok(cachefile_read(&m.in, text, strlen(text), &at_ms, &bundle) ==
			CODE_CACHE_FORM,
		    "no cache: %zu", i);
	}
	machine_reset(&m);
}

/* The case at another time, with a limit of the user's own. */
static int
open_at(const char *kind, const char *name, int64_t now_ms, int64_t max_age_s)
{
	struct json_object *c = vector_case(kind, name);
	struct json_object *json = NULL, *result = json_object_new_object();
	struct text text = vector_text(c, "file");
	struct machine m;
	int r;

	if (machine_init(&m, c) != 0)
		abort();
	m.in.now_ms = now_ms;
	m.in.cache_max_age_s = max_age_s;
	if (strcmp(kind, "cache") == 0) {
		m.in.source = FROM_CACHE;
		if (cachefile_read(&m.in, text.at, text.len, &m.in.cached_at_ms,
			&text) != 0)
			abort();
	} else {
		json = unpacked(vector_get(c, "bundle"));
		text.at = json_object_to_json_string_ext(
		    json, JSON_C_TO_STRING_PLAIN);
		text.len = strlen(text.at);
	}
	r = open_text(&m, text, result);
	machine_reset(&m);
	json_object_put(json);
	json_object_put(result);
	return r;
}

static void
test_ages(void)
{
	const int64_t cached = 1774860400000, minute = 60000, hour = 3600000;
	const int64_t signed_at = INT64_C(1774000000000) + 172 * hour;
	const char *old = "an hour old", *cold = "cold start";

	is_int(open_at("cache", old, cached + 24 * hour, 0), 0,
	    "a cache of a day, where a day is allowed");
	is_int(open_at("cache", old, cached + 24 * hour + 1, 0), CODE_CACHE_AGE,
	    "and a millisecond");
	is_int(open_at("cache", old, cached - 5 * minute, 0), 0,
	    "one from five minutes ahead");
	is_int(open_at("cache", old, cached - 5 * minute - 1, 0),
	    CODE_CACHE_AGE, "and a millisecond");
	is_int(open_at("cache", old, cached + hour, 3600), 0,
	    "one of an hour, where the user allows an hour");
	is_int(open_at("cache", old, cached + hour + 1, 3600), CODE_CACHE_AGE,
	    "and a millisecond");
	is_int(open_at("cache", old, cached + 24 * hour + 1, 604800),
	    CODE_CACHE_AGE, "the user cannot allow more than was signed");
	is_int(open_at("bundle", cold, signed_at + 168 * hour, 0), 0,
	    "a version of a week, where that is fresh");
	is_int(open_at("bundle", cold, signed_at + 168 * hour + 1, 0),
	    CODE_RECORD_STALE, "and a millisecond");
	is_int(open_at("bundle", cold, signed_at - 5 * minute, 0), 0,
	    "one from five minutes ahead");
	is_int(open_at("bundle", cold, signed_at - 5 * minute - 1, 0),
	    CODE_RECORD_STALE, "and a millisecond");
}

int
main(void)
{
	vectors_run("bundle", judge_bundle);
	vectors_run("cache", judge_cache);
	test_json();
	test_again();
	test_cachefile_forms();
	test_ages();
	return tap_done();
}
