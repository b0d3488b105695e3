/* SPDX-License-Identifier: MIT */
/*
 * input-t: every field: what is taken, and the exact sentence for what is not.
 */
#include "config.h"

#include "http/input.h"
#include "http/reply.h"
#include "tap.h"

#define BIT  FIELD_BIT
#define UUID "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"
#define HEX  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define B28  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" /* 28 bytes */
#define A50  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct input in;
static struct reply reply;

static int
parse(const char *text, uint64_t required, uint64_t optional)
{
	static struct blob body;

	input_reset(&in);
	reply_reset(&reply);
	blob_reset(&body);
	blob_init(&body, 1 << 24);
	reply_init(&reply);
	input_init(&in);
	if (blob_append_str(&body, text) != 0)
		abort();
	return input_parse(&in, required, optional, &body, &reply);
}

static void
answers(const char *sentence, const char *code, const char *name)
{
	char want[400];

	snprintf(want, sizeof(want), "{\"error\":\"%s\",\"code\":\"%s\"}",
	    sentence, code);
	ok(reply.status == 400, "%s", name);
	is_str((const char *)reply.body.text.data, want, "its answer");
}

static void
takes(enum field field, const char *value)
{
	char text[2000];

	snprintf(
	    text, sizeof(text), "{\"%s\":%s}", input_field_name(field), value);
	ok(parse(text, 0, BIT(field)) == 0 && in.given == BIT(field),
	    "%s may be %.60s", input_field_name(field), value);
}

static void
refuses(enum field field, const char *value)
{
	char text[2000], name[200];

	snprintf(
	    text, sizeof(text), "{\"%s\":%s}", input_field_name(field), value);
	snprintf(name, sizeof(name), "%s may not be %.60s",
	    input_field_name(field), value);
	is_int(parse(text, 0, BIT(field)), -1, name);
	answers(input_field_rule(field), "invalid_field", name);
}

static void
test_texts(void)
{
	uint8_t hash[HASH_LEN];
	static const enum field ids[] = { FIELD_PROJECT_ID, FIELD_DEVICE_ID };
	static const enum field names[] = { FIELD_PROJECT_NAME,
		FIELD_DEVICE_NAME };
	/* right to left, zero width, isolates, line separator, BOM */
	static const char *const hidden[] = { "\"a\\u202eb\"", "\"a\\u200bb\"",
		"\"a\\u2066b\"", "\"a\\u2028b\"", "\"\\ufeffa\"" };
	static const char *const no_hash[] = { "\"\"", "1", "true", "\"ab\"",
		"\"" HEX "0\"",
		"\"A0112233445566778899aabbccddeeff00112233445"
		"566778899aabbccddeeff\"",
		"[\"" HEX "\"]" };

	for (int i = 0; i < 2; i++) {
		takes(ids[i], "\"" UUID "\"");
		refuses(ids[i], "\"4F1F6C0E-7B0A-4C57-9A51-0D8F0B1B6F11\"");
		refuses(ids[i], "\"{" UUID "}\"");
		refuses(ids[i], "\"" UUID " \"");
		refuses(ids[i], "\"\"");
		refuses(ids[i], "0");
		takes(names[i], "\"x\"");
		takes(names[i], "\"\\u00e9 \\ud83d\\ude80 <&'\\\"\\\\\"");
		takes(names[i], "\"" A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
		refuses(
		    names[i], "\"" A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
		refuses(names[i], "\"\"");
		refuses(names[i], "\"a\\nb\"");
		refuses(names[i], "\"\\u007f\"");
		refuses(names[i], "\"\\u009b31m\"");
		for (size_t k = 0; k < sizeof(hidden) / sizeof(*hidden); k++)
			refuses(names[i], hidden[k]);
		refuses(names[i], "17");
		refuses(names[i], "{}");
	}
	takes(FIELD_DEVICE_HASH, "\"" HEX "\"");
	is_str(in.text[FIELD_DEVICE_HASH], NULL, "what was sent ends here");
	sha256(hash, HEX, strlen(HEX));
	ok(memcmp(in.device_hash, hash, HASH_LEN) == 0, "its hash goes on");
	takes(FIELD_AUTH_KEY_HASH, "\"" HEX "\"");
	for (size_t i = 0; i < sizeof(no_hash) / sizeof(no_hash[0]); i++) {
		refuses(FIELD_DEVICE_HASH, no_hash[i]);
		refuses(FIELD_AUTH_KEY_HASH, no_hash[i]);
	}
	refuses(FIELD_AUTH_KEY_HASH, "\"0000000000000000000000000000000000000"
				     "000000000000000000000000000\"");
	takes(FIELD_ENVIRONMENT, "\"production\"");
	takes(FIELD_ENVIRONMENT, "\"0.a_b-C\"");
	takes(FIELD_ENVIRONMENT, "\"" A50 "aaaaaaaaaaaaaa\"");
	refuses(FIELD_ENVIRONMENT, "\"" A50 "aaaaaaaaaaaaaaa\"");
	refuses(FIELD_ENVIRONMENT, "\"\"");
	refuses(FIELD_ENVIRONMENT, "\".env\"");
	refuses(FIELD_ENVIRONMENT, "\"-x\"");
	refuses(FIELD_ENVIRONMENT, "\"a/b\"");
	refuses(FIELD_ENVIRONMENT, "\"a b\"");
	refuses(FIELD_ENVIRONMENT, "\"\\u00e9\"");
	refuses(FIELD_ENVIRONMENT, "false");
}

static void
test_numbers(void)
{
	static const char *const no_numbers[] = { "-1", "1.0", "1e3", "\"1\"",
		"true", "[]", "9007199254740992", "18446744073709551617" };

	takes(FIELD_VERSION, "1");
	takes(FIELD_VERSION, "9007199254740991");
	ok(in.number[FIELD_VERSION] == JSON_INT_MAX, "its value");
	refuses(FIELD_VERSION, "0");
	takes(FIELD_BASE_VERSION, "0");
	takes(FIELD_BASE_VERSION, "9007199254740991");
	takes(FIELD_KEY_COUNT, "0");
	takes(FIELD_KEY_COUNT, "1000000");
	refuses(FIELD_KEY_COUNT, "1000001");
	for (size_t i = 0; i < sizeof(no_numbers) / sizeof(*no_numbers); i++) {
		refuses(FIELD_VERSION, no_numbers[i]);
		refuses(FIELD_BASE_VERSION, no_numbers[i]);
		refuses(FIELD_KEY_COUNT, no_numbers[i]);
	}
}

static void
test_secrets(void)
{
	char *text = malloc(200000);
	size_t len = 0;

	takes(FIELD_SECRETS, "\"" B28 "\"");
	is_int((intmax_t)in.secrets.len, 28, "decoded");
	refuses(FIELD_SECRETS, "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	refuses(FIELD_SECRETS, "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB==\"");
	refuses(FIELD_SECRETS, "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	refuses(FIELD_SECRETS, "\"" B28 "\\n\"");
	refuses(FIELD_SECRETS, "\"\"");
	refuses(FIELD_SECRETS, "7");

	takes(FIELD_KEY_NAMES, "[]");
	is_str(in.text[FIELD_KEY_NAMES], "[]", "none");
	takes(FIELD_KEY_NAMES, " [ \"+A\" , \"\\u007eB\\n\\\"\\u00e9\" ]");
	is_str(in.text[FIELD_KEY_NAMES], "[\"+A\",\"~B\\n\\\"\xc3\xa9\"]",
	    "written anew");
	refuses(FIELD_KEY_NAMES, "{}");
	refuses(FIELD_KEY_NAMES, "\"A\"");
	refuses(FIELD_KEY_NAMES, "[1]");
	refuses(FIELD_KEY_NAMES, "[\"A\",null]");
	refuses(FIELD_KEY_NAMES, "[[\"A\"]]");
	refuses(FIELD_KEY_NAMES, "[\"\"]");
	refuses(FIELD_KEY_NAMES, "[\"" A50 A50 A50 A50 A50 "aaaaaaaa\"]");
	takes(FIELD_KEY_NAMES, "[\"" A50 A50 A50 A50 A50 "aaaaaaa\"]");

	is_str(input_field_rule(FIELD_KEY_NAMES),
	    "key_names must be an array of at most 10000 strings of 1 to 257 "
	    "bytes",
	    "the sentence");
	/* 253 names of 255 characters, and two that fill it up exactly */
	for (int extra = 0; extra <= 1; extra++) {
		len = (size_t)sprintf(text, "{\"key_names\":[");
		for (int i = 0; i < 253; i++)
			len += (size_t)sprintf(text + len, "\"%0255d\",", 0);
		sprintf(
		    text + len, "\"%0100d\", \"%0*d\"]}", 0, 155 + extra, 0);
		is_int(parse(text, 0, BIT(FIELD_KEY_NAMES)), 0, "all taken");
		is_int((intmax_t)in.key_names.len, KEY_NAMES_SIZE + extra,
		    "written anew");
		ok((in.text[FIELD_KEY_NAMES] != NULL) == (extra == 0),
		    "64 KiB of them are kept at most");
	}

	for (int n = KEY_NAMES_MAX; n <= KEY_NAMES_MAX + 1; n++) {
		len = (size_t)sprintf(text, "{\"key_names\":[\"k\"");
		for (int i = 1; i < n; i++)
			len += (size_t)sprintf(text + len, ",\"k\"");
		strcpy(text + len, "]}");
		is_int(parse(text, 0, BIT(FIELD_KEY_NAMES)),
		    n == KEY_NAMES_MAX ? 0 : -1, "10,000 names at most");
	}
	free(text);
}

static void
test_missing(void)
{
	const uint64_t one = BIT(FIELD_PROJECT_NAME);
	const uint64_t two = BIT(FIELD_PROJECT_ID) | BIT(FIELD_AUTH_KEY_HASH);
	const uint64_t three = BIT(FIELD_PROJECT_ID) | BIT(FIELD_DEVICE_NAME) |
			       BIT(FIELD_DEVICE_HASH);

	parse("{}", one, 0);
	answers("project_name required", "missing_field", "one");
	parse("{\"project_name\":null}", one, 0);
	answers("project_name required", "missing_field", "null");
	parse("{\"project_name\":\"\"}", one, 0);
	answers("project_name required", "missing_field", "empty");
	parse("{\"project_id\":\"" UUID "\"}", two, 0);
	answers("project_id and auth_key_hash required", "missing_field",
	    "one of two");
	parse("{\"project_id\":7}", three, 0);
	answers("project_id, device_name, and device_hash required",
	    "missing_field", "before what is wrong");
	is_int(parse("{\"version\":null,\"else\":[{\"a\":{}}]}", 0,
		   BIT(FIELD_VERSION)),
	    0, "an optional null, and strangers");
	is_int((intmax_t)in.given, 0, "are passed over");
	is_int(parse("{\"version\":7}", 0, 0), 0, "not asked for");
	is_int((intmax_t)in.given, 0, "is not looked at");
}

static void
test_json(void)
{
	static const char *const bad[] = { "", " ", "x", "[]", "null", "{",
		"{}17", "{}{}", "{\"a\":1,}", "{'a':1}", "{\"a\":01}",
		"{\"version\":1,\"version\":1}",
		"{\"version\":1,\"\\u0076ersion\":1}", "{\"a\":\"\\ud800\"}",
		"{\"a\\u0000\":1}", "{\"a\":\"\xc0\xaf\"}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(parse(bad[i], BIT(FIELD_VERSION), 0), -1, bad[i]);
		answers("Invalid JSON", "invalid_json", bad[i]);
	}
	is_int(parse("\t{\"version\":1}\r\n", BIT(FIELD_VERSION), 0), 0,
	    "blanks around");
}

int
main(void)
{
	input_init(&in);
	reply_init(&reply);
	test_texts();
	test_numbers();
	test_secrets();
	test_missing();
	test_json();
	for (int f = 0; f < N_FIELDS; f++)
		ok(strstr(input_field_rule(f), input_field_name(f)) ==
			input_field_rule(f),
		    "%s: its sentence names it", input_field_name(f));
	return tap_done();
}
