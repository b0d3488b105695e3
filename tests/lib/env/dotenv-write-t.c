/* SPDX-License-Identifier: MIT */
/*
 * Writing .env text and JSON: the form that is chosen for a value, what is
 * refused and in which words, and random values there and back. That npm dotenv
 * reads them so too is dotenv-differential.t's matter.
 */
#include "config.h"

#include "env/env.h"
#include "sentence.h"
#include "tap.h"

static void
one_written(const char *name, const char *value, size_t len, const char *want)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err = { 0 };
	char *text = NULL;
	size_t text_len = 0;
	int r;

	vaultenv_list_new(&list);
	vaultenv_list_set(list, name, value, len);
	r = vaultenv_dotenv_write(list, &text, &text_len, &err);
	is_str(
	    r == 0 ? text : sentence(&err), want, "a value in its best form");
	if (r != 0)
		is_int(r, VAULTENV_ERR_UNWRITABLE, "that is UNWRITABLE");
	vaultenv_text_free(&text, text_len);
	vaultenv_list_free(&list);
}

static void
forms(void)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "", "N=''\n" },
		{ "plain-1.2/3:4@5", "N=plain-1.2/3:4@5\n" },
		{ "two words", "N='two words'\n" },
		{ "$HOME #x", "N='$HOME #x'\n" },
		{ "it's", "N=\"it's\"\n" },
		{ "a\nb", "N='a\nb'\n" },
		{ "it's\nb", "N=\"it's\\nb\"\n" },
		{ "a\rb", "N=\"a\\rb\"\n" },
		{ "it's \"x\"", "N=`it's \"x\"`\n" },
		{ "it's \"x\" `y`", "N=it's \"x\" `y`\n" },
		{ " it's \"x\" `y`", "N=' it's \"x\" `y`'\n" },
		{ "it's \"x\" `y`\nz", "N=\"it's \"x\" `y`\\nz\"\n" },
		{ "C:\\dir\\", "N=C:\\dir\\\n" },
		{ " C:\\dir\\",
		    "N=' C:\\dir\\' # the ' before # ends the value\n" },
		{ "\xe2\x80\xa8", "N='\xe2\x80\xa8'\n" },
		{ "it's # \"x\" `y`",
		    "N cannot be written as .env text: its value has all three "
		    "kinds of quotes and a '#'. Use --json instead" },
		{ "'`\\n\n",
		    "N cannot be written as .env text: its value has a single "
		    "quote, a backtick, a backslash before n or r and a line "
		    "break. Use --json instead" },
		{ "\\r\r",
		    "N cannot be written as .env text: its value has a "
		    "backslash before n or r and a carriage return. Use --json "
		    "instead" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		one_written(
		    "N", cases[i].value, strlen(cases[i].value), cases[i].want);
	one_written("A B", "1", 1,
	    "'A B' is not a name that .env text can hold "
	    "(letters, digits, '_', '.' and '-'). Use --json instead");
	one_written("\xc3\x84", "1", 1,
	    "'\xc3\x84' is not a name that .env text "
	    "can hold (letters, digits, '_', '.' and '-'). Use --json instead");
	one_written("A\n", "1", 1,
	    "'A?' is not a name that .env text can hold "
	    "(letters, digits, '_', '.' and '-'). Use --json instead");
	one_written("export", "1", 1, "export=1\n");
}

static uint32_t rnd_state = 20250101;

static uint32_t
rnd(uint32_t n)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 17;
	rnd_state ^= rnd_state << 5;
	return rnd_state % n;
}

static size_t
random_value(char *value)
{
	static const char *const tokens[] = {
		"'",
		"\"",
		"`",
		"\\",
		"\n",
		"\r",
		"#",
		" ",
		"\t",
		"=",
		":",
		"$",
		"a",
		"n",
		"r",
		"A=1",
		"export ",
		"\\n",
		"\\'",
		"\\\"",
		"\xc2\xa0",
		"\xef\xbb\xbf",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\x83",
		"\xf0\x9f\x9a\x80",
		"\xff",
		"\xe2",
		"\xc2",
	};
	size_t len = 0, n = rnd(9);
	const char *t;

	while (n-- > 0) {
		if (rnd(12) == 0) {
			value[len++] = (char)rnd(256);
			continue;
		}
		t = tokens[rnd(sizeof(tokens) / sizeof(tokens[0]))];
		memcpy(value + len, t, strlen(t));
		len += strlen(t);
	}
	return len;
}

/* Whole lists, so that a value's neighbours are as nasty as it is. */
static void
there_and_back(void)
{
	struct vaultenv_list *list = NULL, *back = NULL;
	struct vaultenv_change *changes = NULL;
	struct vaultenv_pair pair = { .name = "N" };
	struct blob b;
	char name[16], value[128], *text;
	size_t len, n_changes, n_bad = 0, n_refused = 0, n_all = 0;

	blob_init(&b, 4096);
	for (int round = 0; round < 2000; round++) {
		vaultenv_list_new(&list);
		for (int i = 0; i < 10; i++) {
			pair.value = value;
			pair.value_len = random_value(value);
			n_all++;
			blob_reset(&b);
			if (dotenv_append_pair(&b, &pair, NULL) != 0) {
				n_refused++;
				continue;
			}
			snprintf(name, sizeof(name), "N%d", i);
			vaultenv_list_set(list, name, value, pair.value_len);
		}
		text = NULL;
		if (vaultenv_dotenv_write(list, &text, &len, NULL) != 0 ||
		    vaultenv_dotenv_parse(text, len, &back, NULL) != 0 ||
		    vaultenv_list_diff(list, back, &changes, &n_changes) != 0 ||
		    n_changes > 0) {
			if (n_bad++ == 0)
				printf("# %s\n", text != NULL ? text : "");
		}
		free(changes);
		changes = NULL;
		vaultenv_text_free(&text, len);
		vaultenv_list_free(&list);
		vaultenv_list_free(&back);
	}
	blob_reset(&b);
	is_int((intmax_t)n_bad, 0, "2,000 lists of random values come back");
	ok(n_refused * 20 < n_all, "of %zu nasty values %zu are refused", n_all,
	    n_refused);
}

static void
json(void)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err = { 0 };
	char *text = NULL;
	size_t len = 0;

	vaultenv_list_new(&list);
	is_int(vaultenv_json_write(list, &text, &len, NULL), 0, "empty JSON");
	is_str(text, "{}", "is an empty object");
	vaultenv_text_free(&text, len);
	vaultenv_list_set(list, "B", "1\n\"", 3);
	vaultenv_list_set(list, "A B", "\xc3\xbc", 2);
	is_int(vaultenv_json_write(list, &text, &len, NULL), 0, "JSON");
	is_str(text, "{\"B\":\"1\\n\\\"\",\"A B\":\"\xc3\xbc\"}",
	    "in the order of the list");
	is_int((intmax_t)len, (intmax_t)strlen(text), "with its length");
	vaultenv_text_free(&text, len);
	vaultenv_list_set(list, "C", "\xff", 1);
	is_int(vaultenv_json_write(list, &text, &len, &err),
	    VAULTENV_ERR_INVALID, "not UTF-8 is INVALID");
	is_str(sentence(&err),
	    "C cannot be written as JSON: its value is not UTF-8 or "
	    "holds a NUL",
	    "in this sentence");
	vaultenv_list_delete(list, "C");
	vaultenv_list_set(list, "\xff", "1", 1);
	is_int(vaultenv_json_write(list, &text, &len, &err),
	    VAULTENV_ERR_INVALID, "a name neither");
	is_str(sentence(&err),
	    "'\xff' cannot be written as JSON: the name is not "
	    "UTF-8",
	    "in this sentence");
	ok(text == NULL, "and text stays as it was");
	vaultenv_list_free(&list);
}

int
main(void)
{
	forms();
	there_and_back();
	json();
	return tap_done();
}
