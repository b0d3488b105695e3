/* SPDX-License-Identifier: MIT */
/* sentence-t.c: what users read, with and without what it is about. */
#include "config.h"

#include "trust/sentence.h"
#include "vectors-v2.h"

static struct blob text, hint;

static const char *
written(int code, const struct finding *why, const struct sentence_about *about)
{
	text.len = hint.len = 0;
	if (sentence_write(&text, &hint, code, why, about) != 0)
		return "";
	return (char *)text.data;
}

static void
test_no_holes(void)
{
	const struct sentence_about about = { .log = NULL };
	int wrong = 0;

	for (int code = CODE_GOOD + 1; code < CODE_N; code++) {
		if (strpbrk(written(code, NULL, &about), "{}0") == NULL &&
		    (hint.len == 0 || strpbrk((char *)hint.data, "{}") == NULL))
			continue;
		printf("# %s: %s\n", code_name(code), (char *)text.data);
		wrong++;
	}
	is_int(wrong, 0, "no sentence has a hole, nor a number of nothing");
}

/* By the log of the honest history. */
static void
test_names(void)
{
	struct json_object *cases = json_object_object_get(vectors_v2, "cases");
	struct json_object *bundle =
	    vector_get(json_object_array_get_idx(cases, 0), "bundle");
	struct finding why = { .seq = 4,
		.version = 5,
		.other_version = 3,
		.at_ms = INT64_C(1774345600000) };
	struct sentence_about about = { .env = "production" };
	struct members log;
	struct text *entries;
	size_t n;

	entries = vector_texts(bundle, "log", &n);
	vector_log(&log, vector_str(bundle, "project_id"), entries, n);
	about.log = &log;
	memcpy(why.device, log.members[1].id, sizeof(why.device));
	is_str(written(CODE_RECORD_AUTHOR, &why, &about),
	    "Version 5 of production is by bob-laptop (27b9c250), which may "
	    "not write there",
	    "a device is named, with the beginning of its id");
	is_str(written(CODE_DEVICE_REVOKED, &why, &about),
	    "This device was revoked on 2026-03-24 09:46 UTC by bob-laptop "
	    "(27b9c250)",
	    "and a date");
	is_str(written(CODE_RECORD_LINK, &why, &about),
	    "The server left out versions of production between 3 and 5",
	    "from the lower to the higher");
	is_str(written(CODE_RECORD_ROLLBACK, &why, &about),
	    "The server went back: it gives version 5 of production, but "
	    "version 3 exists",
	    "what was got and what was seen");
	is_str(written(CODE_LOW_ORDER, &why, &about),
	    "The key of production for this device was tampered with",
	    "a key of an environment");
	about.env = NULL;
	is_str(written(CODE_LOW_ORDER, &why, &about),
	    "A key in entry 4 of the list of devices was tampered with",
	    "a key of a device");
	about.env = "production";
	memset(why.device, '0', 8);
	is_str(written(CODE_LOG_CUT, &why, &about),
	    "Entry 4 of the list of devices, by an unknown device (00000000), "
	    "breaks a rule (log_cut)",
	    "a device that nobody admitted");
	members_reset(&log);
	free(entries);
}

int
main(void)
{
	blob_init(&text, 4096);
	blob_init(&hint, 4096);
	vectors_open();
	test_no_holes();
	test_names();
	blob_reset(&text);
	blob_reset(&hint);
	return tap_done();
}
