/* SPDX-License-Identifier: MIT */
/*
 * json-t.c: what the strict reader takes and refuses, by lists of cases for
 * each rule of RFC 8259 and each thing that it leaves open.
 */
#include "config.h"

#include "base/json.h"
#include "json-cases.h"
#include "tap.h"

static int
parse(struct json_object *o, const char *text)
{
	return json_object_parse(o, text, strlen(text), 1000);
}

static void
test_bad_values(void)
{
	struct json_object o;
	struct blob doc;

	for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]);
	     i++) {
		const struct text *v = &bad_values[i];

		blob_init(&doc, 1000);
		blob_append_str(&doc, "{\"a\":");
		blob_append(&doc, v->text, v->len);
		blob_append_str(&doc, "}");
		ok(json_object_parse(&o, (char *)doc.data, doc.len, 1000) ==
			VAULTENV_ERR_INVALID,
		    "value refused: %zu", i);
		if (o.members != NULL || o.strings.data != NULL)
			ok(false, "case %zu left memory behind", i);
		blob_reset(&doc);
	}
}

static void
test_bad_documents(void)
{
	struct json_object o;
	size_t n = sizeof(bad_documents) / sizeof(bad_documents[0]);

	for (size_t i = 0; i < n; i++) {
		ok(json_object_parse(&o, bad_documents[i].text,
		       bad_documents[i].len, 1000) == VAULTENV_ERR_INVALID,
		    "document refused: %zu", i);
		ok(o.members == NULL && o.n_members == 0 &&
			o.strings.data == NULL,
		    "and nothing left of it");
	}
}

static void
test_good_values(void)
{
	struct json_object o;
	const struct json_value *v;
	char doc[200];
	size_t n = sizeof(good_values) / sizeof(good_values[0]);

	for (size_t i = 0; i < n; i++) {
		const char *want = good_values[i].decoded;

		snprintf(doc, sizeof(doc), " { \"a\" :\t%s\r\n} ",
		    good_values[i].text);
		is_int(parse(&o, doc), 0, good_values[i].text);
		v = json_object_find(&o, "a");
		ok(v != NULL && v->type == good_values[i].type, "its type");
		if (v != NULL && want == NULL)
			ok(v->len == strlen(good_values[i].text) &&
				memcmp(v->text, good_values[i].text, v->len) ==
				    0,
			    "its text as it stands");
		else if (v != NULL)
			ok(v->len == strlen(want) && strcmp(v->text, want) == 0,
			    "its text decoded");
		json_object_reset(&o);
	}
}

/* Whatever is cut off, or changed into a byte that nothing allows. */
static void
test_truncation(void)
{
	static const char doc[] = "{\"a\":\"x\\ud83d\\ude80\xc3\xa4\",\"b\":"
				  "[true,false,null,-1.5e+3,{\"c\":\"\\n\"}]}";
	struct json_object o;
	int wrong = 0;
	char *copy;

	is_int(parse(&o, doc), 0, "the whole document is good");
	json_object_reset(&o);
	for (size_t len = 0; len < sizeof(doc) - 1; len++) {
		copy = malloc(len + 1);
		memcpy(copy, doc, len);
		/* so that a sanitizer sees a read past the end */
		copy = realloc(copy, len > 0 ? len : 1);
		wrong += json_object_parse(&o, copy, len, 10) == 0;
		json_object_reset(&o);
		free(copy);
	}
	is_int(wrong, 0, "no beginning of it is");
	copy = strdup(doc);
	for (size_t i = 0; i < sizeof(doc) - 1; i++) {
		copy[i] = '\x02';
		wrong += json_object_parse(&o, copy, strlen(doc), 10) == 0;
		json_object_reset(&o);
		copy[i] = doc[i];
	}
	free(copy);
	is_int(wrong, 0, "nor with a control character anywhere");
}

static void
test_members(void)
{
	struct json_object o;

	is_int(parse(&o, "{}"), 0, "an empty object");
	ok(o.n_members == 0 && json_object_find(&o, "a") == NULL, "is empty");
	json_object_reset(&o);
	is_int(json_object_parse(&o, "{}", 2, 0), 0, "within no members");
	json_object_reset(&o);
	is_int(parse(&o, "{\"b\":1,\"a\":\"2\",\"\":3,\"A\":4,\"\\n\":5}"), 0,
	    "five members");
	ok(o.n_members == 5 && strcmp(o.members[0].name, "b") == 0 &&
		strcmp(o.members[1].name, "a") == 0 &&
		strcmp(o.members[4].name, "\n") == 0 &&
		o.members[4].name_len == 1,
	    "in the document's order");
	ok(json_object_find(&o, "a") == &o.members[1].value &&
		json_object_find(&o, "") == &o.members[2].value &&
		json_object_find(&o, "ab") == NULL,
	    "found by name");
	json_object_reset(&o);
	json_object_reset(&o);
	json_object_reset(NULL);
	ok(o.members == NULL, "reset can be called again, and on NULL");
	ok(json_object_parse(&o, "{\"a\":1,\"b\":2}", 13, 2) == 0,
	    "as many members as allowed");
	json_object_reset(&o);
	is_int(json_object_parse(&o, "{\"a\":1,\"b\":2}", 13, 1),
	    VAULTENV_ERR_INVALID, "one more is refused");
}

static void
test_depth(void)
{
	struct json_object o;
	struct blob doc;

	for (int depth = 1; depth <= 100000; depth += depth < 40 ? 1 : 99960) {
		for (int kind = 0; kind < 2; kind++) {
			blob_init(&doc, 10000000);
			blob_append_str(&doc, "{\"a\":");
			for (int i = 1; i < depth; i++)
				blob_append_str(&doc, kind ? "[" : "{\"a\":");
			blob_append_str(&doc, "1");
			for (int i = 1; i < depth; i++)
				blob_append_str(&doc, kind ? "]" : "}");
			blob_append_str(&doc, "}");
			ok((json_object_parse(&o, (char *)doc.data, doc.len,
				10) == 0) == (depth <= 32),
			    "depth %d is %s", depth,
			    depth <= 32 ? "read" : "refused");
			json_object_reset(&o);
			blob_reset(&doc);
		}
	}
}

static void
test_array(void)
{
	static const char *const want[] = { "+A", "", "~\"B\"", "12", "[\"x\"]",
		"null", "-Ü" };
	struct json_object o;
	struct json_value item;
	const struct json_value *array;
	size_t pos, n;
	int r;

	parse(&o, "{\"z\":\"before\",\"k\": [ \"+A\" ,\"\",\"~\\\"B\\\"\",12,"
		  "[\"x\"] , null,\"-\\u00dc\" ] , \"e\":[ ],\"y\":\"after\"}");
	array = json_object_find(&o, "k");
	for (int round = 0; round < 2; round++) {
		for (pos = n = 0;
		     (r = json_array_next(&o, array, &pos, &item)) > 0; n++)
			ok(n < 7 && item.len == strlen(want[n]) &&
				memcmp(item.text, want[n], item.len) == 0,
			    "item %zu", n);
		ok(r == 0 && n == 7, "then the end");
		ok(json_array_next(&o, array, &pos, &item) == 0, "and again");
	}
	is_str(json_object_find(&o, "z")->text, "before", "others stay");
	is_str(json_object_find(&o, "y")->text, "after", "on both sides");
	pos = 0;
	is_int(json_array_next(&o, json_object_find(&o, "e"), &pos, &item), 0,
	    "an empty array has no item");
	json_object_reset(&o);
}

static void
test_nested_object(void)
{
	static const char doc[] = "{\"d\":[{\"id\":\"\\u0031\"},{\"id\":2}]}";
	struct json_object o, inner;
	struct json_value item;
	size_t pos = 0;

	parse(&o, doc);
	json_array_next(&o, json_object_find(&o, "d"), &pos, &item);
	ok(item.type == JSON_OBJECT &&
		json_object_parse(&inner, item.text, item.len, 5) == 0,
	    "an object in an array can be read by itself");
	is_str(json_object_find(&inner, "id")->text, "1", "and its members");
	json_object_reset(&inner);
	json_object_reset(&o);
}

static void
test_many(void)
{
	struct json_object o;
	struct blob doc;

	blob_init(&doc, 1 << 24);
	blob_append_str(&doc, "{");
	for (int i = 0; i < 100000; i++)
		blob_printf(&doc, "%s\"NAME_%d\":\"v\"", i ? "," : "", i);
	blob_append_str(&doc, "}");
	is_int(json_object_parse(&o, (char *)doc.data, doc.len, 100000), 0,
	    "100,000 members");
	is_int(o.n_members, 100000, "all are there");
	json_object_reset(&o);
	is_int(json_object_parse(&o, (char *)doc.data, doc.len, 99999),
	    VAULTENV_ERR_INVALID, "and not if one fewer is allowed");
	doc.len--;
	blob_append_str(&doc, ",\"NAME_4711\":1}");
	is_int(json_object_parse(&o, (char *)doc.data, doc.len, 200000),
	    VAULTENV_ERR_INVALID, "one duplicate among them is found");
	blob_reset(&doc);
}

static void
test_write(void)
{
	struct json_object o;
	struct blob out;
	char all[300];
	size_t n = 0;

	blob_init(&out, 4000);
	json_append_string(&out, "", 0);
	is_str((char *)out.data, "\"\"", "no text");
	out.len = 0;
	json_append_string(&out, "a\"b\\c/\b\f\n\r\t\v\x01\x1f\x7fä🚀", 21);
	is_str((char *)out.data,
	    "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u000b\\u0001\\u001f\x7fä🚀\"",
	    "what must be escaped is, and nothing else");
	blob_reset(&out);
	is_int(json_append_ascii(&out, "a\"b\\c\n\0\x1b\x7f\xff\xc3\xa9~", 13),
	    0, "any bytes become printable ASCII");
	is_str((char *)out.data,
	    "\"a\\\"b\\\\c\\u000a\\u0000\\u001b\\u007f\\u00ff\\u00c3\\u00a9~\"",
	    "byte by byte");
	is_int(json_append_string(&out, "ok\xff", 3), VAULTENV_ERR_INVALID,
	    "what is not UTF-8 is refused");
	is_int(json_append_string(&out, "a\0b", 3), VAULTENV_ERR_INVALID,
	    "and a NUL, which no reader here takes");
	ok(out.data[out.len - 1] == '"' && out.data[out.len] == '\0',
	    "and nothing of it stays behind");
	for (int c = 1; c < 128; c++)
		all[n++] = (char)c;
	memcpy(all + n, "ü€🚀", 9);
	n += 9;
	out.len = 0;
	blob_append_str(&out, "{\"v\":");
	json_append_string(&out, all, n);
	blob_append_str(&out, "}");
	is_int(json_object_parse(&o, (char *)out.data, out.len, 1), 0,
	    "each character can be read back");
	ok(o.n_members == 1 && o.members[0].value.len == n &&
		memcmp(o.members[0].value.text, all, n) == 0,
	    "as it was");
	json_object_reset(&o);
	out.max = out.len + 3;
	is_int(json_append_string(&out, "abc", 3), VAULTENV_ERR_INVALID,
	    "the blob's maximum holds");
	blob_reset(&out);
}

static void
test_writer(void)
{
	struct json_writer w;

	json_writer_init(&w, 4000);
	json_put_raw(&w, "{");
	json_put_text(&w, "a", "\"");
	json_put_int(&w, "b", INT64_MIN);
	json_put_name(&w, "c");
	json_put_raw(&w, "[");
	json_put_string(&w, "[", 1);
	json_put_string(&w, "", 0);
	json_put_raw(&w, "]");
	json_put_name(&w, "d");
	json_put_raw(&w, "{}");
	json_put_text(&w, "e", "");
	json_put_raw(&w, "}");
	is_int(w.r, 0, "a document is made");
	is_str((char *)w.text.data,
	    "{\"a\":\"\\\"\",\"b\":-9223372036854775808,\"c\":[\"[\",\"\"],"
	    "\"d\":{},\"e\":\"\"}",
	    "with commas where they belong");
	json_writer_reset(&w);

	json_put_raw(&w, "{");
	json_put_text(&w, "a", "\xff");
	json_put_text(&w, "b", "b");
	is_int(w.r, VAULTENV_ERR_INVALID, "the first failure sticks");
	is_str((char *)w.text.data, "{\"a\":", "nothing is written after it");
	json_writer_reset(&w);
	json_put_raw(&w, "{");
	is_int(w.r, 0, "a reset forgets it");
	json_writer_reset(&w);

	json_writer_init(&w, 4);
	json_put_text(&w, "a", "");
	is_int(w.r, VAULTENV_ERR_INVALID, "the maximum is a failure too");
	json_writer_reset(&w);
}

int
main(void)
{
	test_bad_values();
	test_bad_documents();
	test_good_values();
	test_truncation();
	test_members();
	test_depth();
	test_array();
	test_nested_object();
	test_many();
	test_write();
	test_writer();
	return tap_done();
}
