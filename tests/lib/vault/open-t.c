/* SPDX-License-Identifier: MIT */
/* open-t.c: bundles and caches, from text to plaintext, by the vectors; and what
 * a plaintext may be. */
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

int
main(void)
{
	vectors_run("bundle", judge_bundle);
	vectors_run("cache", judge_cache);
	test_json();
	return tap_done();
}
