/* SPDX-License-Identifier: MIT */
/*
 * keyfile-t: which files may hold a secret, and the sentence for the others.
 */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/keyfile.h"
#include "tap.h"

static char folder[] = "/tmp/keyfile-t-XXXXXX";
static char path[64], link_path[64];

static int
read_it(const char *file, char why[WHY_MAX])
{
	char out[16];

	return keyfile_read(out, sizeof(out), file, "some_file", why);
}

static void
test_modes(void)
{
	static const mode_t good[] = { 0600, 0400, 0200 | 0400 };
	static const mode_t bad[] = { 0640, 0604, 0444, 0660, 0601, 04600, 0610,
		0440 };
	char why[WHY_MAX], want[WHY_MAX];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		chmod(path, good[i]);
		is_int(read_it(path, why), 6, "a private file");
	}
	snprintf(want, sizeof(want),
	    "some_file: others can read %s; run: "
	    "chmod 0600 %s",
	    path, path);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		chmod(path, bad[i]);
		ok(read_it(path, why) == -1, "mode %04o", (unsigned)bad[i]);
		is_str(why, want, "its sentence");
	}
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	chmod(path, 0440);
	is_int(read_it(path, why), 6, "0440 where systemd put it");
	chmod(path, 0444);
	is_int(read_it(path, why), -1, "0444 not even there");
	unsetenv("CREDENTIALS_DIRECTORY");
	chmod(path, 0600);
}

static void
test_kinds(void)
{
	char why[WHY_MAX];

	is_int(symlink(path, link_path), 0, "a symbolic link");
	is_int(read_it(link_path, why), -1, "is refused");
	ok(strstr(why, ": it is a symbolic link") != NULL, "%s", why);
	unlink(link_path);
	is_int(mkfifo(link_path, 0600), 0, "a FIFO");
	is_int(read_it(link_path, why), -1, "is refused and does not block");
	ok(strstr(why, " is not a regular file") != NULL, "%s", why);
	unlink(link_path);
	is_int(read_it(folder, why), -1, "a folder");
	is_int(read_it("/nonexistent/x", why), -1, "no file");
	is_str(why,
	    "some_file: cannot read /nonexistent/x: No such file or "
	    "directory",
	    "its sentence");
}

int
main(void)
{
	char why[WHY_MAX], out[16];

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/key", folder);
	snprintf(link_path, sizeof(link_path), "%s/other", folder);
	umask(0);
	is_int(keyfile_create(path, "secret\n", 7), 0, "made");
	is_int(keyfile_create(path, "other\n", 6), -1, "never over a file");
	is_int(errno, EEXIST, "which exists");
	is_int(keyfile_read(out, sizeof(out), path, "x", why), 6, "read");
	is_str(out, "secret", "without its newline");
	is_int(keyfile_read(out, 8, path, "x", why), 6, "just fits");
	is_int(keyfile_read(out, 7, path, "x", why), -1, "too long");
	test_modes();
	test_kinds();
	unlink(path);
	rmdir(folder);
	return tap_done();
}
