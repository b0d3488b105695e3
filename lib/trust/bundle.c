/* SPDX-License-Identifier: MIT */
/*
 * bundle.c: see bundle.h. Takes JSON apart and puts it together; statements
 * stay the base64 that they are. Must not judge what it reads beyond its form.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trust/bundle.h"

#define BUNDLE_FORM 2
#define MEMBERS_MAX 32
#define ITEMS_MIN   16

/* The member, of one of two kinds; NULL where it is missing or of another. */
static const struct json_value *
find(const struct json_object *o, const char *name, enum json_kind kind)
{
	const struct json_value *v = json_object_find(o, name);

	if (v == NULL || (v->type != kind && v->type != JSON_NULL))
		return NULL;
	return v;
}

/* A string or null, which leaves *out alone. */
static int
read_text(const struct json_object *o, const char *name, struct text *out)
{
	const struct json_value *v = find(o, name, JSON_STRING);

	if (v == NULL)
		return CODE_BAD_FORM;
	if (v->type == JSON_STRING)
		*out = (struct text){ v->text, v->len };
	return 0;
}

/* Room for item n of an array that grows by doubling; NULL: out of memory. */
static void *
room(void *array, size_t n, size_t size)
{
	if (n > 0 && (n < ITEMS_MIN || (n & (n - 1)) != 0))
		return array;
	return reallocarray(array, n == 0 ? ITEMS_MIN : 2 * n, size);
}

/* with_gaps: an item may be null, which is an empty text. */
static int
read_texts(struct json_object *o, const char *name, bool with_gaps,
    struct text **out, size_t *n)
{
	const struct json_value *array = find(o, name, JSON_ARRAY);
	struct json_value item;
	struct text *texts;
	size_t pos = 0;

	if (array == NULL || array->type != JSON_ARRAY)
		return CODE_BAD_FORM;
	while (json_array_next(o, array, &pos, &item) > 0) {
		if (item.type != JSON_STRING &&
		    !(with_gaps && item.type == JSON_NULL))
			return CODE_BAD_FORM;
		if ((texts = room(*out, *n, sizeof(*texts))) == NULL)
			return VAULTENV_ERR_NOMEM;
		texts[*n] = (struct text){ NULL, 0 };
		if (item.type == JSON_STRING)
			texts[*n] = (struct text){ item.text, item.len };
		++*n;
		*out = texts;
	}
	return 0;
}

/* One that is too long keeps a length by which it is known. */
static int
read_wrap_bytes(struct wrap *w, const struct json_value *base64)
{
	struct blob bytes;
	int r;

	blob_init(&bytes, SIZE_MAX);
	r = base64_decode(&bytes, base64->text, base64->len);
	if (r == 0) {
		w->len = bytes.len;
		if (bytes.len == WRAP_LEN)
			memcpy(w->bytes, bytes.data, WRAP_LEN);
	}
	blob_reset(&bytes);
	return r == VAULTENV_ERR_INVALID ? CODE_BAD_FORM : r;
}

static int
read_wrap(struct wrap *w, const struct json_value *item)
{
	const struct json_value *device, *key_id, *bytes;
	struct json_object o;
	int r;

	*w = (struct wrap){ .generation = 0 };
	if (item->type != JSON_OBJECT)
		return CODE_BAD_FORM;
	r = json_object_parse(&o, item->text, item->len, MEMBERS_MAX);
	if (r != 0)
		return r == VAULTENV_ERR_INVALID ? CODE_BAD_FORM : r;
	device = json_object_find(&o, "device_id");
	key_id = json_object_find(&o, "key_id");
	bytes = json_object_find(&o, "wrap");
	r = CODE_BAD_FORM;
	if (device == NULL || device->type != JSON_STRING || key_id == NULL ||
	    key_id->type != JSON_STRING || bytes == NULL ||
	    bytes->type != JSON_STRING ||
	    !uuid_is_canonical(device->text, device->len) ||
	    hex_decode(w->key_id, HASH_LEN, key_id->text, key_id->len) != 0 ||
	    !json_find_int(&o, "generation", 0, &w->generation))
		goto out;
	memcpy(w->device, device->text, ID_LEN);
	r = read_wrap_bytes(w, bytes);
out:
	json_object_reset(&o);
	return r;
}

static int
read_wraps(struct bundle *b, struct json_object *o)
{
	const struct json_value *array = find(o, "wraps", JSON_ARRAY);
	struct json_value item;
	struct wrap *wraps;
	size_t pos = 0;
	int r;

	if (array == NULL || array->type != JSON_ARRAY)
		return CODE_BAD_FORM;
	while (json_array_next(o, array, &pos, &item) > 0) {
		wraps = room(b->wraps, b->n_wraps, sizeof(*wraps));
		if (wraps == NULL)
			return VAULTENV_ERR_NOMEM;
		b->wraps = wraps;
		if ((r = read_wrap(&wraps[b->n_wraps], &item)) != 0)
			return r;
		b->n_wraps++;
	}
	return 0;
}

static bool
is_bundle(const struct json_object *o)
{
	int64_t version;

	return json_find_int(o, "vault_bundle", BUNDLE_FORM, &version) &&
	       version == BUNDLE_FORM;
}

int
bundle_read(struct bundle *b, const char *text, size_t len)
{
	struct json_object *o = &b->json;
	int r;

	*b = (struct bundle){ .n_log = 0 };
	r = json_object_parse(o, text, len, MEMBERS_MAX);
	if (r != 0)
		return r == VAULTENV_ERR_INVALID ? CODE_BAD_FORM : r;
	r = CODE_BAD_FORM;
	if (!is_bundle(o))
		goto out;
	if ((r = read_text(o, "project_id", &b->project)) != 0 ||
	    (r = read_text(o, "environment", &b->env)) != 0 ||
	    (r = read_texts(o, "log", false, &b->log, &b->n_log)) != 0 ||
	    (r = read_texts(o, "records", false, &b->records, &b->n_records)) !=
		0 ||
	    (r = read_wraps(b, o)) != 0)
		goto out;
	r = read_text(o, "secrets", &b->secrets);
out:
	if (r != 0)
		bundle_reset(b);
	return r;
}

/* True if it is there and not null. */
static bool
has(const struct json_object *o, const char *name)
{
	const struct json_value *v = json_object_find(o, name);

	return v != NULL && v->type != JSON_NULL;
}

int
bundle_read_reply(struct bundle *b, struct json_object *o)
{
	int r = 0;

	*b = (struct bundle){ .is_reply = true };
	if (has(o, "log"))
		r = read_texts(o, "log", false, &b->log, &b->n_log);
	if (r == 0 && has(o, "records"))
		r = read_texts(o, "records", false, &b->records, &b->n_records);
	if (r == 0 && has(o, "wraps"))
		r = read_wraps(b, o);
	/* A list of them, of secrets/records, is for who asked. */
	if (r == 0 && find(o, "secrets", JSON_ARRAY) == NULL &&
	    has(o, "secrets"))
		r = read_text(o, "secrets", &b->secrets);
	if (r != 0)
		bundle_reset(b);
	return r;
}

int
bundle_read_records(
    struct bundle *b, struct text **contents, struct json_object *o)
{
	size_t n = 0;
	int r;

	*b = (struct bundle){ .is_reply = true };
	*contents = NULL;
	if ((r = read_texts(o, "records", false, &b->records, &b->n_records)) ==
		0 &&
	    (r = read_texts(o, "secrets", true, contents, &n)) == 0 &&
	    n != b->n_records)
		r = CODE_BAD_FORM;
	if (r == 0)
		return 0;
	free(*contents);
	*contents = NULL;
	bundle_reset(b);
	return r;
}

void
bundle_reset(struct bundle *b)
{
	free(b->log);
	free(b->records);
	free(b->wraps);
	json_object_reset(&b->json);
	*b = (struct bundle){ .n_log = 0 };
}

static int
write_text(struct blob *out, const char *name, struct text text)
{
	int r;

	if ((r = blob_printf(out, ",\"%s\":", name)) != 0)
		return r;
	if (text.at == NULL)
		return blob_append_str(out, "null");
	return json_append_string(out, text.at, text.len);
}

static int
write_texts(
    struct blob *out, const char *name, const struct text *texts, size_t n)
{
	int r = blob_printf(out, ",\"%s\":[", name);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i > 0 && (r = blob_append_str(out, ",")) != 0)
			break;
		r = json_append_string(out, texts[i].at, texts[i].len);
	}
	return r == 0 ? blob_append_str(out, "]") : r;
}

static int
write_wrap(struct blob *out, const struct wrap *w)
{
	char key_id[2 * HASH_LEN + 1];
	int r;

	hex_encode(key_id, w->key_id, HASH_LEN);
	r = blob_printf(out,
	    "{\"device_id\":\"%s\",\"key_id\":\"%s\",\"generation\":%" PRId64
	    ",\"wrap\":\"",
	    w->device, key_id, w->generation);
	if (r != 0 || (r = base64_encode(out, w->bytes, WRAP_LEN)) != 0)
		return r;
	return blob_append_str(out, "\"}");
}

int
bundle_write(struct blob *out, const struct bundle *b)
{
	int r;

	if ((r = blob_printf(out, "{\"vault_bundle\":%d", BUNDLE_FORM)) != 0 ||
	    (r = write_text(out, "project_id", b->project)) != 0 ||
	    (r = write_text(out, "environment", b->env)) != 0 ||
	    (r = write_texts(out, "log", b->log, b->n_log)) != 0 ||
	    (r = write_texts(out, "records", b->records, b->n_records)) != 0 ||
	    (r = blob_append_str(out, ",\"wraps\":[")) != 0)
		return r;
	for (size_t i = 0; i < b->n_wraps; i++)
		if ((i > 0 && (r = blob_append_str(out, ",")) != 0) ||
		    (r = write_wrap(out, &b->wraps[i])) != 0)
			return r;
	if ((r = blob_append_str(out, "]")) != 0 ||
	    (r = write_text(out, "secrets", b->secrets)) != 0)
		return r;
	return blob_append_str(out, "}");
}
