/* SPDX-License-Identifier: MIT */
/*
 * The line of a .env file that says what it was made from: what is taken for
 * it, where it goes, and a file that is made to agree with a version: every
 * byte that is not to change stays, or nothing is written.
 */
#include "config.h"

#include "disk/disk.h"
#include "fake.h"

#define LINE(versions) "# vault-env: made from " versions " of project " PROJECT

static void
test_find(void)
{
	static const struct {
		const char *text, *name;
		int64_t want;
	} rows[] = {
		{ "", "an empty file", -1 },
		{ "A=1\n", "no line", -1 },
		{ LINE("production 7"), "the line alone", 7 },
		{ "A=1\r\n" LINE("production 7") "\r\nB=1\r\n",
		    "between others", 7 },
		{ "\xef\xbb\xbf" LINE("production 0") "\n", "behind a BOM", 0 },
		{ LINE("development 3, production 8, x 1") "\n", "one of three",
		    8 },
		{ LINE("development 3") "\n", "another environment", -1 },
		{ LINE("production2 3") "\n", "a longer name", -1 },
		{ LINE("production 3 ") "\n", "no number", -1 },
		{ LINE("production -3") "\n", "a negative number", -1 },
		{ LINE("production 03") "\n", "a number in another spelling",
		    -1 },
		{ LINE("production 99999999999999999999") "\n", "a huge one",
		    -1 },
		{ LINE("production") "\n", "no number at all", -1 },
		{ LINE("") "\n", "nothing in it", -1 },
		{ "# vault-env: made from ", "half of it", -1 },
		{ "# vault-env: made from production 7\n", "no project", -1 },
		{ LINE("production 7") "0\n", "another project", -1 },
		{ " " LINE("production 7") "\n", "not at the line's start",
		    -1 },
		{ LINE("production 7") "\n" LINE("production 9") "\n",
		    "the first of two", 7 },
		{ "A=\"x\n" LINE("production 7") "\n\"\n",
		    "in a value, which others may have written", -1 },
		{ "A='x\n" LINE("production 7") "\n'\nB=1\n" LINE(
		      "production 9") "\n",
		    "behind such a value", 9 },
	};
	const struct origin of = { PROJECT, "production", 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_int(origin_find(rows[i].text, strlen(rows[i].text), &of),
		    rows[i].want, rows[i].name);
}

static void
test_put(void)
{
	static const struct {
		const char *text, *want, *name;
	} rows[] = {
		{ "", LINE("production 5") "\n", "an empty file" },
		{ "A=1", LINE("production 5") "\nA=1", "is the first line" },
		{ "A=1\r\n", LINE("production 5") "\r\nA=1\r\n",
		    "with the file's line end" },
		{ "\xef\xbb\xbf"
		  "A=1\n",
		    "\xef\xbb\xbf" LINE("production 5") "\nA=1\n",
		    "behind a BOM" },
		{ "A=1\n" LINE("production 4") "\r\nB=1",
		    "A=1\n" LINE("production 5") "\r\nB=1",
		    "an old one is replaced where it stands" },
		{ LINE("a 1, production 4, b 2"),
		    LINE("a 1, b 2, production 5"), "other environments stay" },
		{ LINE("a 1, what, production 4"), LINE("a 1, production 5"),
		    "what makes no sense does not" },
		{ "# vault-env: made from production 4 of project x\n",
		    LINE("production 5") "\n", "nor another project" },
		{ "A=\"x\n" LINE("production 4") "\n\"\n",
		    LINE("production 5") "\nA=\"x\n" LINE(
			"production 4") "\n\"\n",
		    "a value stays what it is" },
	};
	const struct origin of = { PROJECT, "production", 5 };
	struct blob out;

	blob_init(&out, 4096);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		blob_reset(&out);
		is_int(
		    origin_put(&out, rows[i].text, strlen(rows[i].text), &of),
		    0, rows[i].name);
		is_str((const char *)out.data, rows[i].want, "and so it is");
	}
	blob_reset(&out);
}

/* The file of this text follows these secrets, as .env text. */
static int
follow(const char *text, const char *secrets, struct vaultenv_error *err)
{
	const struct origin of = { PROJECT, "production", 5 };
	struct vaultenv_envfile *file = NULL;
	struct vaultenv_list *list = NULL;
	int r;

	fake_write("f.env", text, 0600);
	vaultenv_dotenv_parse(secrets, strlen(secrets), &list, NULL);
	if ((r = vaultenv_envfile_read("f.env", &file, err)) == 0)
		r = envfile_follow(file, &of, list, err);
	vaultenv_envfile_free(&file);
	vaultenv_list_free(&list);
	return r;
}

static void
file_is(const char *want, const char *name)
{
	char *text = NULL;
	size_t len = 0;

	vaultenv_file_read("f.env", &text, &len, NULL);
	is_str(text, want, name);
	vaultenv_text_free(&text, len);
}

static void
test_follow(void)
{
	static const char tricky[] = "B='open\nA=0\nC=3\n";
	struct vaultenv_error err;

	is_int(follow("# top\nVAULT_KEY=vk\nexport A=1 # one\nB=2\nA=3\n\nC=4",
		   "A=9\nC=4\nD='d e'\n", &err),
	    0, "a change, a removal, an addition");
	file_is(LINE("production 5") "\n# top\nVAULT_KEY=vk\n"
				     "export A=1 # one\nA=9\n\nC=4\nD='d e'\n",
	    "and nothing else");
	is_int(follow("A=1\nB='x\ny'\nA=2\n", "B=1\n", &err), 0,
	    "a name that is there twice");
	file_is(LINE("production 5") "\nB=1\n", "goes with all its lines");
	is_int(follow("A=1\nM=\"x\ny\" # c\nZ=1\n", "A=1\nZ=1\n", &err), 0,
	    "a value of two lines");
	file_is(LINE("production 5") "\nA=1\nZ=1\n", "goes with both");
	is_int(follow(tricky, "B=\"'open\"\nA=\"\\nx\"\nC=3\n", &err),
	    VAULTENV_ERR_UNWRITABLE,
	    "an open quote that the new line would close");
	file_is(tricky, "then nothing is written");
	is_int(follow("A=1\n", "A=1\n", &err), 0, "nothing but the line");
	file_is(LINE("production 5") "\nA=1\n", "is added");
}

int
main(void)
{
	char home[64];

	fake_home(home);
	test_find();
	test_put();
	test_follow();
	fake_home_remove(home);
	return tap_done();
}
