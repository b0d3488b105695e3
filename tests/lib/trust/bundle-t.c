/* SPDX-License-Identifier: MIT */
/* bundle-t.c: a bundle taken apart and put together, and what is none. */
#include "config.h"

#include "tap.h"
#include "trust/bundle.h"

#define ID   "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define KEY  "8f4557ed00e9b28918ef5394fda6d5bca3c740ee141ce97df60fc2b112e04e04"
#define HEAD "{\"vault_bundle\":2,\"project_id\":\"p\",\"environment\":\"e\","
#define WRAP(id, key, generation, wrap)                                        \
	"{\"device_id\":\"" id "\",\"key_id\":\"" key                          \
	"\",\"generation\":" generation ",\"wrap\":" wrap "}"
#define WITH_WRAP(w)                                                           \
	HEAD "\"log\":[],\"records\":[],\"wraps\":[" w "],\"secrets\":null}"

static int
result_of(const char *text)
{
	struct bundle b;
	int r = bundle_read(&b, text, strlen(text));

	if (r == 0)
		bundle_reset(&b);
	return r;
}

static void
test_forms(void)
{
	static const char *const bad[] = { "", "[]", "{}",
		"{\"vault_bundle\":1,\"project_id\":\"p\",\"environment\":"
		"\"e\","
		"\"log\":[],\"records\":[],\"wraps\":[],\"secrets\":null}",
		"{\"vault_bundle\":3,\"project_id\":\"p\",\"environment\":"
		"\"e\","
		"\"log\":[],\"records\":[],\"wraps\":[],\"secrets\":null}",
		HEAD "\"log\":[],\"records\":[],\"wraps\":[]}",
		HEAD "\"log\":{},\"records\":[],\"wraps\":[],\"secrets\":null}",
		HEAD
		"\"log\":null,\"records\":[],\"wraps\":[],\"secrets\":null}",
		HEAD
		"\"log\":[1],\"records\":[],\"wraps\":[],\"secrets\":null}",
		HEAD
		"\"log\":[],\"records\":[null],\"wraps\":[],\"secrets\":\"\"}",
		HEAD
		"\"log\":[],\"records\":[],\"wraps\":null,\"secrets\":\"\"}",
		HEAD "\"log\":[],\"records\":[],\"wraps\":[],\"secrets\":1}",
		WITH_WRAP("\"x\""), WITH_WRAP("{}"),
		WITH_WRAP(WRAP("x", KEY, "0", "\"\"")),
		WITH_WRAP(WRAP(ID, "00", "0", "\"\"")),
		WITH_WRAP(WRAP(ID, KEY, "-1", "\"\"")),
		WITH_WRAP(WRAP(ID, KEY, "1.5", "\"\"")),
		WITH_WRAP(WRAP(ID, KEY, "0", "null")),
		WITH_WRAP(WRAP(ID, KEY, "0", "\"?\"")),
		WITH_WRAP("{\"a\":1,\"a\":2}") };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(result_of(bad[i]), CODE_BAD_FORM, bad[i]);
	is_int(result_of(WITH_WRAP(WRAP(ID, KEY, "3", "\"AAAA\""))), 0,
	    "a wrap of another length is for who opens it");
	is_int(result_of(HEAD "\"new\":{\"a\":[1]},\"log\":[],\"records\":[],"
			      "\"wraps\":[],\"secrets\":null}"),
	    0, "a member that is not known is passed over");
}

static void
test_both_ways(void)
{
	struct text many[40];
	struct wrap w = { .device = ID, .generation = 4, .len = WRAP_LEN };
	struct bundle b = { .project = { "p", 1 },
		.env = { "e/\"", 3 },
		.log = many,
		.n_log = 40,
		.records = many,
		.n_records = 1,
		.wraps = &w,
		.n_wraps = 1 };
	struct bundle back;
	struct blob out;

	for (size_t i = 0; i < 40; i++)
		many[i] = (struct text){ "abcdefgh", i % 9 };
	memset(w.bytes, 7, sizeof(w.bytes));
	blob_init(&out, SIZE_MAX);
	is_int(bundle_write(&out, &b), 0, "a bundle is written");
	ok(memchr(out.data, '\n', out.len) == NULL, "on one line");
	is_int(bundle_read(&back, (char *)out.data, out.len), 0, "and read");
	ok(back.n_log == 40 && back.log[39].len == 3 && back.n_records == 1 &&
		back.env.len == 3 && back.secrets.at == NULL && !back.is_reply,
	    "as it was");
	ok(back.n_wraps == 1 && back.wraps[0].len == WRAP_LEN &&
		back.wraps[0].generation == 4 &&
		memcmp(back.wraps[0].bytes, w.bytes, WRAP_LEN) == 0 &&
		strcmp(back.wraps[0].device, ID) == 0,
	    "its wrap, too");
	bundle_reset(&back);
	blob_reset(&out);
}

static void
test_reply(void)
{
	static const char some[] = "{\"version\":3,\"log\":[\"a\",\"b\"],"
				   "\"records\":null,\"more\":true}";
	static const char bad[] = "{\"log\":\"a\"}";
	struct json_object o;
	struct bundle b;

	if (json_object_parse(&o, some, strlen(some), 32) != 0)
		abort();
	is_int(bundle_read_reply(&b, &o), 0, "a reply has some of it");
	ok(b.is_reply && b.n_log == 2 && b.n_records == 0 &&
		b.secrets.at == NULL,
	    "and the rest is nothing");
	bundle_reset(&b);
	json_object_reset(&o);
	if (json_object_parse(&o, bad, strlen(bad), 32) != 0)
		abort();
	is_int(bundle_read_reply(&b, &o), CODE_BAD_FORM, "or is malformed");
	json_object_reset(&o);
}

int
main(void)
{
	test_forms();
	test_both_ways();
	test_reply();
	return tap_done();
}
