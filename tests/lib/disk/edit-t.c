/* SPDX-License-Identifier: MIT */
/* Edits of .env files, to the byte: one variable is set, all else stays. */
#include "config.h"

#include "files.h"

static void
edits(void)
{
	static const struct {
		const char *was, *name, *value, *want;
	} cases[] = {
		{ "", "A", "1", "A=1\n" },
		{ "B=2\n", "A", "1", "B=2\nA=1\n" },
		{ "B=2", "A", "1", "B=2\nA=1\n" },
		{ "B=2\r\n", "A", "1", "B=2\r\nA=1\r\n" },
		{ "# x\r\nB=2", "A", "1", "# x\r\nB=2\r\nA=1\r\n" },
		{ "A=0", "A", "1", "A=1" },
		{ "A=0\r\nB=2\r\n", "A", "1", "A=1\r\nB=2\r\n" },
		{ "A=0\n# A=5\nA=3\nB=2\n", "A", "1",
		    "A=0\n# A=5\nA=1\nB=2\n" },
		{ "\xef\xbb\xbf"
		  "A=0\n",
		    "A", "1",
		    "\xef\xbb\xbf"
		    "A=1\n" },
		{ "  export A=0 # why\nB=2", "A", "1",
		    "  export A=1 # why\nB=2" },
		{ "A='x\ny' # why\n\n\nB=2\n", "A", "1",
		    "A=1 # why\n\n\nB=2\n" },
		{ "A=\nB=2\n", "A", "1", "A=1\nB=2\n" },
		{ "A: 0\nB: 2\n", "A", "1", "A=1\nB: 2\n" },
		{ "A=\n'x'\nB=2", "A", "1", "A=1\nB=2" },
		{ "A=0\nB=2", "A", "it's\n#", "A=\"it's\\n#\"\nB=2" },
		{ "A=0\n", "A", "", "A=''\n" },
		{ "not an assignment\n\xff\n", "A", "1",
		    "not an assignment\n\xff\nA=1\n" },
		{ "B=it's\nA=0\n", "A", "two words",
		    "B=it's\nA='two words'\n" },
		{ "A=old\n", "A", "C:\\a #\\",
		    "A='C:\\a #\\' # the ' before # ends the value\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("env", cases[i].was, 0644);
		printf("# edit %zu\n", i);
		is_int(vaultenv_envfile_set(
			   "env", cases[i].name, cases[i].value, &err),
		    0, "an edit succeeds");
		is_str(content("env"), cases[i].want, "to the byte");
	}
	is_int(mode_of("env"), 0600, "the file is then private");
	unlink("env");
	is_int(vaultenv_envfile_set("env", "A", "1", NULL), 0,
	    "a missing file is made");
	is_str(content("env"), "A=1\n", "with the one line");
	is_int(mode_of("env"), 0600, "and private");

	put("env", "B='open\nA=0\nC=3\n", 0600);
	fails(vaultenv_envfile_set("env", "A", "\nx", &err),
	    VAULTENV_ERR_UNWRITABLE,
	    "A cannot be set in env: with it the file "
	    "would read otherwise at B. Close the quotes and finish the lines "
	    "of that file, then try again");
	is_str(content("env"), "B='open\nA=0\nC=3\n", "the file stands");
	put("env", "B:", 0600);
	fails(vaultenv_envfile_set("env", "A", "1", &err),
	    VAULTENV_ERR_UNWRITABLE,
	    "A cannot be set in env: with it the file "
	    "would read otherwise at B. Close the quotes and finish the lines "
	    "of that file, then try again");
	fails(vaultenv_envfile_set("env", "A B", "1", &err),
	    VAULTENV_ERR_UNWRITABLE,
	    "'A B' is not a name that .env text can "
	    "hold (letters, digits, '_', '.' and '-'). Use --json instead");
	fails(vaultenv_envfile_set("env", "A", "\\r\r", &err),
	    VAULTENV_ERR_UNWRITABLE,
	    "A cannot be written as .env text: its "
	    "value has a backslash before n or r and a carriage return. Use "
	    "--json instead");
	is_str(content("env"), "B:", "the file stands");
	put("file", "A=0\n", 0644);
	ok(symlink("file", "link") == 0, "a link");
	fails(vaultenv_envfile_set("link", "A", "1", &err), VAULTENV_ERR_IO,
	    "Cannot write link: it is a symbolic link. Give the path of the "
	    "file itself");
}

int
main(void)
{
	char dir[] = "/tmp/edit-t-XXXXXX";

	if (!folder_enter(dir)) {
		printf("Bail out! no temporary folder\n");
		return 1;
	}
	edits();
	folder_remove(dir);
	return tap_done();
}
