/* SPDX-License-Identifier: MIT */
/*
 * Reading .env text: npm dotenv's own answers, hand-made corners, hostile
 * sizes, limits. With the argument "parse" or "write" it is a filter for
 * dotenv-differential.t: records of a 32-bit length (little-endian) and bytes
 * in, one line of hex each out.
 */
#include "config.h"

#include <json-c/json.h>

#include "disk/disk.h"
#include "sentence.h"
#include "tap.h"

/* ---- the filter ---- */

static void
put_hex(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", (unsigned char)p[i]);
}

static void
filter_parse(const char *text, size_t len)
{
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;

	if (vaultenv_dotenv_parse(text, len, &list, NULL) != 0)
		exit(1);
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		printf(i > 0 ? "," : "");
		put_hex(pair->name, strlen(pair->name));
		putchar('=');
		put_hex(pair->value, pair->value_len);
	}
	putchar('\n');
	vaultenv_list_free(&list);
}

static void
filter_write(const char *value, size_t len)
{
	struct vaultenv_list *list = NULL;
	char *text = NULL;
	size_t text_len = 0;

	if (vaultenv_list_new(&list) != 0 ||
	    vaultenv_list_set(list, "A", value, len) != 0)
		exit(1);
	if (vaultenv_dotenv_write(list, &text, &text_len, NULL) == 0)
		put_hex(text, text_len);
	else
		printf("-");
	putchar('\n');
	vaultenv_text_free(&text, text_len);
	vaultenv_list_free(&list);
}

static int
filter(void (*each)(const char *, size_t))
{
	unsigned char head[4];
	char *record;
	size_t len;

	while (fread(head, 1, 4, stdin) == 4) {
		len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
		      (size_t)head[3] << 24;
		if ((record = malloc(len + 1)) == NULL ||
		    fread(record, 1, len, stdin) != len)
			return 1;
		each(record, len);
		free(record);
	}
	return 0;
}

/* ---- reading ---- */

static void
vectors(void)
{
	const char *dir = getenv("TOP_SRCDIR");
	struct json_object *all, *cases, *one, *src, *want;
	struct vaultenv_list *list;
	const struct vaultenv_pair *pair;
	char path[4096];
	size_t n;
	bool same;

	snprintf(path, sizeof(path), "%s/tests/vectors/dotenv.json",
	    dir != NULL ? dir : ".");
	all = json_object_from_file(path);
	if (!json_object_object_get_ex(all, "cases", &cases)) {
		printf("Bail out! no vectors in %s\n", path);
		exit(1);
	}
	n = json_object_array_length(cases);
	is_int((intmax_t)n, 108, "108 vectors of npm dotenv 18.0.10");
	for (size_t i = 0; i < n; i++) {
		one = json_object_array_get_idx(cases, i);
		src = json_object_object_get(one, "src");
		want = json_object_object_get(one, "parsed");
		list = NULL;
		same = vaultenv_dotenv_parse(json_object_get_string(src),
			   (size_t)json_object_get_string_len(src), &list,
			   NULL) == 0 &&
		       (int)vaultenv_list_len(list) ==
			   json_object_object_length(want);
		json_object_object_foreach(want, name, value)
		{
			pair = list == NULL ? NULL
					    : vaultenv_list_find(list, name);
			same =
			    same && pair != NULL &&
			    pair->value_len ==
				(size_t)json_object_get_string_len(value) &&
			    memcmp(pair->value, json_object_get_string(value),
				pair->value_len) == 0;
		}
		ok(same, "vector %zu: %s", i,
		    json_object_to_json_string_ext(src, 0));
		vaultenv_list_free(&list);
	}
	json_object_put(all);
}

/* "N=V|M=W" with control characters as \n, \r, \0; for free(). */
static char *
shown(const char *text, size_t len)
{
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;
	char *out = NULL;
	size_t out_len = 0;
	FILE *f = open_memstream(&out, &out_len);

	if (f == NULL || vaultenv_dotenv_parse(text, len, &list, NULL) != 0)
		exit(1);
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		fprintf(f, "%s%s=", i > 0 ? "|" : "", pair->name);
		for (size_t k = 0; k < pair->value_len; k++) {
			if (pair->value[k] == '\n')
				fputs("\\n", f);
			else if (pair->value[k] == '\r')
				fputs("\\r", f);
			else if (pair->value[k] == '\0')
				fputs("\\0", f);
			else
				fputc(pair->value[k], f);
		}
	}
	fclose(f);
	vaultenv_list_free(&list);
	return out;
}

static void
corners(void)
{
	/* What npm dotenv 18.0.10 gives for each, in the form of shown(). */
	static const struct {
		const char *text, *want, *name;
	} cases[] = {
		{ "", "", "nothing" },
		{ "A=\n\n\"x\"\n", "A=x", "a quoted value two lines below" },
		{ "A\n\n=\n'x'", "A=x", "name, sign and value on three lines" },
		{ "export\nA=1", "A=1", "export on a line of its own" },
		{ "export export=1", "export=1", "a name that is export" },
		{ "export export A=1", "", "export twice" },
		{ "A:\n1\nB:\r\n2", "A=1|B=2", "a colon and a line break" },
		{ "A=\nB=1", "A=|B=1", "an empty value takes no next line" },
		{ "A='a\\'", "A=a\\",
		    "an escaped quote closes as last resort" },
		{ "A='a # \\' # it's", "A=a # \\",
		    "and before a comment with one" },
		{ "A='a\\'\nB='\n'", "A=a\\'\\nB=", "a quote found elsewhere" },
		{ "A=\"a\" b\nB=2", "A=\"a\" b|B=2", "text behind the quotes" },
		{ "A=\"a\"b\\nc\"", "A=a\"b\nc", "stripped at both ends" },
		{ "A=\"a\\n", "A=\"a\n", "escapes without a closing quote" },
		{ "A=a\xe2\x80\xa8\"b\"",
		    "A=a\xe2\x80\xa8"
		    "b",
		    "a quoted line after U+2028" },
		{ "A=\"a\xe2\x80\xa9"
		  "b\"\xe2\x80\xa9"
		  "B=1",
		    "A=a\xe2\x80\xa9"
		    "b|B=1",
		    "U+2029 ends a line" },
		{ "A=1 # x\xe2\x80\xa8"
		  "B=2",
		    "A=1|B=2", "and a comment" },
		{ "\xef\xbb\xbf\xc2\xa0"
		  "A\xe3\x80\x80=\xe2\x80\x83"
		  "1\xe1\x9a\x80",
		    "A=1", "white space beyond ASCII" },
		{ "A=\xe2\x80\x8b"
		  "1",
		    "A=\xe2\x80\x8b"
		    "1",
		    "U+200B is not white space" },
		{ "A=\xff\xfe", "A=\xff\xfe", "bytes that are not UTF-8" },
		{ "A=1\nB=2\nA=3", "A=3|B=2",
		    "the last one wins, in its place" },
		{ "__proto__=1", "__proto__=1", "__proto__ is a name" },
		{ "A='a\rb\r\nc\n\rd'", "A=a\nb\nc\n\nd", "carriage returns" },
	};
	char *got, *want;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 0;

		got = shown(cases[i].text, strlen(cases[i].text));
		want = calloc(1, 2 * strlen(cases[i].want) + 1);
		for (const char *p = cases[i].want; *p != '\0'; p++) {
			if (*p == '\n')
				want[n++] = '\\';
			want[n++] = *p == '\n' ? 'n' : *p;
		}
		is_str(got, want, cases[i].name);
		free(got);
		free(want);
	}
	got = shown("A=1\0B", 5);
	is_str(got, "A=1\\0B", "a NUL");
	free(got);
}

/* A megabyte of each, which takes milliseconds when reading is linear. */
static void
hostile(void)
{
	static const char *const units[] = {
		"A='",
		"A=\"x\\\"",
		"A='x\n",
		"A='x\\'y\n",
		"A=\"'`\n",
		"\n",
		" ",
		"A\n",
		"export ",
		"export\n",
		"A= ",
		"A:\n",
		"#\n",
		"A=#\r",
		"'",
		"A=\"\\\" x",
		"A",
		"\\'",
		"A=\xe2\x80\xa8",
		"A=#\xe2\x80\xa8",
		"A='x' y\n",
		"A=`\\` y\r",
		"A=''x\n\"",
		"A=x\xe2\x80\xa8\"y\xe2\x80\xa8'z",
	};
	const size_t len = 1 << 20;
	char *text = malloc(len);
	struct vaultenv_list *list;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t unit = strlen(units[i]);

		for (size_t k = 0; k < len; k++)
			text[k] = units[i][k % unit];
		list = NULL;
		vaultenv_dotenv_parse(text, len, &list, NULL);
		/* Anything but linear would make this a matter of minutes. */
		ok(list != NULL, "a megabyte of repeated text %zu is read", i);
		vaultenv_list_free(&list);
	}
	free(text);
}

/* The reader looks at the text in blocks, and guesses from the first. */
static void
late(void)
{
	static const char *const breaks[] = { "\r", "\xe2\x80\xa8" };
	const size_t from = (16 << 10) - 4, to = (16 << 10) + 2; /* BLOCK */
	struct vaultenv_list *list = NULL;
	char text[20000], *whole = NULL;
	size_t len = 0;
	FILE *f;
	int n;

	for (size_t at = from; at < to; at++) {
		for (int i = 0; i < 2; i++) {
			memset(text, '#', at);
			n = snprintf(
			    text + at, sizeof(text) - at, "%sB=2\n", breaks[i]);
			vaultenv_dotenv_parse(
			    text, at + (size_t)n, &list, NULL);
			ok(vaultenv_list_find(list, "B") != NULL,
			    "line break %d after %zu bytes ends a comment", i,
			    at);
			vaultenv_list_free(&list);
		}
	}
	f = open_memstream(&whole, &len);
	fprintf(f, "A=%020000d\n", 1);
	for (int i = 0; i < 20000; i++)
		fprintf(f, "N%d=%d\n", i, i);
	fclose(f);
	vaultenv_dotenv_parse(whole, len, &list, NULL);
	is_int((long)vaultenv_list_len(list), 20001,
	    "short lines after a long one");
	is_str(vaultenv_list_find(list, "N19999")->value, "19999",
	    "to the last of them");
	vaultenv_list_free(&list);
	free(whole);
}

static void
limits(void)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; i < 1000001; i++)
		fprintf(f, "N%d=1\n", i);
	fclose(f);
	is_int(vaultenv_dotenv_parse(text, len, &list, &err),
	    VAULTENV_ERR_INVALID, "1,000,001 names are refused");
	is_str(sentence(&err),
	    "The .env text has more than 1,000,000 names or 16 MiB "
	    "of values. Split it",
	    "in this sentence");
	ok(list == NULL && err.code == VAULTENV_ERR_INVALID,
	    "with the code and no list");
	free(text);
}

static void
find(void)
{
	static const char text[] = "\xef\xbb\xbf"
				   "A=1\r\n# A=2\r\n"
				   "  export A='x\r\ny' # c\r\nB=\r\nC=3";
	struct dotenv_assignment a;

	ok(envfile_find(text, strlen(text), "A", &a), "an assignment is found");
	ok(strncmp(text + a.name, "A='x", 4) == 0 &&
		strncmp(text + a.value_end, " # c", 4) == 0,
	    "the last one, from its name to the end of its value");
	ok(envfile_find(text, strlen(text), "B", &a), "an empty one too");
	ok(strncmp(text + a.value_end, "\r\nC", 3) == 0,
	    "without its neighbour");
	ok(!envfile_find(text, strlen(text), "D", &a), "but none that is not");
	ok(!envfile_find(NULL, 0, "D", &a), "nor in an empty text");
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "parse") == 0)
		return filter(filter_parse);
	if (argc == 2 && strcmp(argv[1], "write") == 0)
		return filter(filter_write);
	vectors();
	corners();
	hostile();
	late();
	limits();
	find();
	return tap_done();
}
