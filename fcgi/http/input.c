/* SPDX-License-Identifier: MIT */
/*
 * input.c: declared JSON members -> typed, bounded values, before anything
 * else sees them: every string is held against its exact grammar here, so that
 * the database never has to judge one. Must not know what a route does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "http/input-v2.h"
#include "http/reply.h"
#include "wire/name.h"

#define MEMBERS_MAX 64

struct rule {
	const char *name;
	/* True if the value has the field's form; fills in. */
	bool (*accept)(
	    struct input *in, enum field field, const struct json_value *v);
	const char *sentence;
};

static bool
accept_uuid(struct input *in, enum field field, const struct json_value *v)
{
	in->text[field] = v->text;
	return v->type == JSON_STRING && uuid_is_canonical(v->text, v->len);
}

static bool
accept_name(struct input *in, enum field field, const struct json_value *v)
{
	in->text[field] = v->text;
	return v->type == JSON_STRING && v->len >= 1 &&
	       v->len <= DEVICE_NAME_LEN_MAX &&
	       name_is_visible(v->text, v->len);
}

static bool
accept_hex(struct input *in, enum field field, const struct json_value *v)
{
	in->text[field] = v->text;
	return v->type == JSON_STRING && v->len == 2 * HASH_LEN &&
	       strspn(v->text, "0123456789abcdef") == v->len;
}

/* What the client sends is what it proves itself with: it ends here, so that
 * no database can log it. */
static bool
accept_device_hash(
    struct input *in, enum field field, const struct json_value *v)
{
	const bool fits = accept_hex(in, field, v);

	in->text[field] = NULL;
	return fits && sha256(in->device_hash, v->text, v->len) == 0;
}

/* Zeros are what an uninitialised key looks like: anybody could sign. */
static bool
accept_key(struct input *in, enum field field, const struct json_value *v)
{
	return accept_hex(in, field, v) && strspn(v->text, "0") != v->len;
}

static bool
accept_environment(
    struct input *in, enum field field, const struct json_value *v)
{
	in->text[field] = v->text;
	return v->type == JSON_STRING && env_is_valid(v->text, v->len);
}

static bool
accept_blob(struct input *in, enum field field, const struct json_value *v)
{
	in->text[field] = v->text;
	if (v->type != JSON_STRING)
		return false;
	in->secrets.max = v->len;
	return base64_decode(&in->secrets, v->text, v->len) == 0 &&
	       in->secrets.len >= BLOB_LEN_MIN;
}

static bool
accept_integer(struct input *in, enum field field, const struct json_value *v,
    int64_t min, int64_t max)
{
	return v->type == JSON_NUMBER &&
	       decimal_parse(v->text, v->len, max, &in->number[field]) == 0 &&
	       in->number[field] >= min;
}

static bool
accept_limit(struct input *in, enum field field, const struct json_value *v)
{
	return accept_integer(in, field, v, 1, 1000);
}

static bool
accept_version(struct input *in, enum field field, const struct json_value *v)
{
	return accept_integer(in, field, v, 1, JSON_INT_MAX);
}

static bool
accept_base(struct input *in, enum field field, const struct json_value *v)
{
	return accept_integer(in, field, v, 0, JSON_INT_MAX);
}

static bool
accept_count(struct input *in, enum field field, const struct json_value *v)
{
	return accept_integer(in, field, v, 0, 1000000);
}

/* Written anew, so that what is stored is what was understood. */
static bool
accept_key_names(struct input *in, enum field field, const struct json_value *v)
{
	struct json_value item;
	size_t pos = 0, n = 0;
	int r;

	if (v->type != JSON_ARRAY)
		return false;
	/* An escape is at most six times its byte, and quotes add two. */
	in->key_names.max = 6 * v->len + 2;
	if (blob_append(&in->key_names, "[", 1) != 0)
		return false;
	while ((r = json_array_next(&in->json, v, &pos, &item)) == 1) {
		if (item.type != JSON_STRING || item.len < 1 ||
		    item.len > KEY_NAME_LEN_MAX || ++n > KEY_NAMES_MAX)
			return false;
		if ((n > 1 && blob_append(&in->key_names, ",", 1) != 0) ||
		    json_append_string(&in->key_names, item.text, item.len) !=
			0)
			return false;
	}
	if (r != 0 || blob_append(&in->key_names, "]", 1) != 0)
		return false;
	/* versions answers with fifty of these: too much is not kept, but not
	 * refused either, as clients in the field know of no such limit. */
	if (in->key_names.len <= KEY_NAMES_SIZE)
		in->text[field] = (const char *)in->key_names.data;
	return true;
}

#define BASE64 " must be a statement in base64"
#define HEX64  " must be 64 lower-case hex characters"
#define WHOLE  " must be a whole number from "
#define UUID   " must be a UUID in lower case"
#define NAME                                                                   \
	" must be 1 to 128 bytes of text without control or invisible "        \
	"characters"

static const struct rule rules[N_FIELDS] = {
	[FIELD_PROJECT_ID] = { "project_id", accept_uuid, "project_id" UUID },
	[FIELD_PROJECT_NAME] = { "project_name", accept_name,
	    "project_name" NAME },
	[FIELD_AUTH_KEY_HASH] = { "auth_key_hash", accept_key,
	    "auth_key_hash" HEX64 ", not all zero" },
	[FIELD_DEVICE_ID] = { "device_id", accept_uuid, "device_id" UUID },
	[FIELD_DEVICE_NAME] = { "device_name", accept_name,
	    "device_name" NAME },
	[FIELD_DEVICE_HASH] = { "device_hash", accept_device_hash,
	    "device_hash" HEX64 },
	[FIELD_ENVIRONMENT] = { "environment", accept_environment,
	    "environment must be 1 to 64 letters, digits, dots, "
	    "underscores, "
	    "or hyphens, the first a letter or digit" },
	[FIELD_SECRETS] = { "secrets", accept_blob,
	    "secrets must be canonical base64 of at least 28 bytes" },
	[FIELD_VERSION] = { "version", accept_version,
	    "version" WHOLE "1 to 9007199254740991" },
	[FIELD_BASE_VERSION] = { "base_version", accept_base,
	    "base_version" WHOLE "0 to 9007199254740991" },
	[FIELD_KEY_NAMES] = { "key_names", accept_key_names,
	    "key_names must be an array of at most 10000 strings of 1 to "
	    "257 "
	    "bytes" },
	[FIELD_KEY_COUNT] = { "key_count", accept_count,
	    "key_count" WHOLE "0 to 1000000" },
	[FIELD_ROOT] = { "root", accept_statement, "root" BASE64 },
	[FIELD_ENTRY] = { "entry", accept_statement, "entry" BASE64 },
	[FIELD_RECORD] = { "record", accept_statement, "record" BASE64 },
	[FIELD_DELETION] = { "deletion", accept_statement, "deletion" BASE64 },
	[FIELD_REGISTRATION] = { "registration", accept_statement,
	    "registration" BASE64 },
	[FIELD_REQUEST_KEY] = { "request_key", accept_key,
	    "request_key" HEX64 ", not all zero" },
	[FIELD_WRAPS] = { "wraps", accept_wraps,
	    "wraps must be at most 5000 objects, each with a wrap of 80 bytes "
	    "in base64" },
	[FIELD_LOG_HAVE] = { "log_have", accept_base,
	    "log_have" WHOLE "0 to 9007199254740991" },
	[FIELD_RECORD_HAVE] = { "record_have", accept_hex,
	    "record_have" HEX64 },
	[FIELD_RECORDS_FROM] = { "records_from", accept_version,
	    "records_from" WHOLE "1 to 9007199254740991" },
	[FIELD_FROM] = { "from", accept_version,
	    "from" WHOLE "1 to 9007199254740991" },
	[FIELD_TO] = { "to", accept_version,
	    "to" WHOLE "1 to 9007199254740991" },
	[FIELD_BLOBS] = { "blobs", accept_bool, "blobs must be true or false" },
	[FIELD_ALL] = { "all", accept_bool, "all must be true or false" },
	[FIELD_AFTER_DEVICE] = { "after", accept_uuid, "after" UUID },
	[FIELD_AFTER_WRAP] = { "after", accept_after_wrap,
	    "after must be the key_id and device_id of a row" },
	[FIELD_BEFORE] = { "before", accept_before,
	    "before must be the at and id of a row" },
	[FIELD_MOVED_TO] = { "moved_to", accept_uuid, "moved_to" UUID },
	[FIELD_FROZEN] = { "frozen", accept_bool,
	    "frozen must be true or false" },
	[FIELD_LIMIT] = { "limit", accept_limit, "limit" WHOLE "1 to 1000" },
};

const char *
input_field_name(enum field field)
{
	return rules[field].name;
}

const char *
input_field_rule(enum field field)
{
	return rules[field].sentence;
}

void
input_init(struct input *in)
{
	*in = (struct input){ .given = 0 };
	blob_init(&in->secrets, 0);
	blob_init(&in->key_names, 0);
}

/* "a required", "a and b required", "a, b, and c required". */
static int
refuse_missing(uint64_t required, struct reply *reply)
{
	const int n = __builtin_popcountll(required);
	struct blob sentence;
	int i = 0, r;

	blob_init(&sentence, SIZE_MAX);
	for (int f = 0; f < N_FIELDS; f++) {
		if ((required & FIELD_BIT(f)) == 0)
			continue;
		i++;
		blob_printf(&sentence, "%s%s%s",
		    i == 1           ? ""
		    : i < n || n > 2 ? ", "
				     : " ",
		    i == n && n > 1 ? "and " : "", rules[f].name);
	}
	r = blob_append(&sentence, " required", sizeof(" required"));
	reply_refuse_as(reply, REFUSAL_INPUT_MISSING,
	    r == 0 ? (char *)sentence.data : "Not all members are there");
	blob_reset(&sentence);
	return -1;
}

static bool
is_missing(const struct json_value *v, bool required)
{
	return v == NULL || v->type == JSON_NULL ||
	       (required && v->type == JSON_STRING && v->len == 0);
}

int
input_parse(struct input *in, uint64_t required, uint64_t optional,
    const struct blob *body, struct reply *reply)
{
	const struct json_value *v;
	int r;

	r = json_object_parse(
	    &in->json, (const char *)body->data, body->len, MEMBERS_MAX);
	if (r == VAULTENV_ERR_NOMEM) {
		reply_refuse(reply, REFUSAL_MEMORY);
		return -1;
	}
	if (r != 0) {
		reply_refuse(reply, REFUSAL_INVALID_JSON);
		return -1;
	}
	for (int f = 0; f < N_FIELDS; f++)
		if ((required & FIELD_BIT(f)) != 0 &&
		    is_missing(
			json_object_find(&in->json, rules[f].name), true))
			return refuse_missing(required, reply);
	for (int f = 0; f < N_FIELDS; f++) {
		if (((required | optional) & FIELD_BIT(f)) == 0)
			continue;
		v = json_object_find(&in->json, rules[f].name);
		if (is_missing(v, false))
			continue;
		if (!rules[f].accept(in, (enum field)f, v)) {
			reply_refuse_as(
			    reply, REFUSAL_INPUT_VALUE, rules[f].sentence);
			return -1;
		}
		in->given |= FIELD_BIT(f);
	}
	return 0;
}

void
input_reset(struct input *in)
{
	json_object_reset(&in->json);
	blob_reset(&in->secrets);
	blob_reset(&in->key_names);
	free(in->wraps);
	in->wraps = NULL;
}
