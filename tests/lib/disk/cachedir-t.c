/* SPDX-License-Identifier: MIT */
/*
 * .vault-cache.d: a file for each environment in a folder that git passes over,
 * and what a folder that came with a cloned repository cannot bring about.
 */
#include "config.h"

#include <sys/wait.h>

#include "disk/state-v2.h"
#include "files.h"

#define ENV    "project/.env"
#define FOLDER "project/.vault-cache.d"

static int
keep(const char *env, const char *text)
{
	return cachedir_write(ENV, env, text, strlen(text), &err);
}

static int
read_as(const char *env, const char *want)
{
	struct blob text;
	int r;

	blob_init(&text, CACHE_FILE_MAX);
	r = cachedir_read(ENV, env, &text, &err);
	if (r == 0)
		is_str((char *)text.data, want, "to the byte");
	blob_reset(&text);
	return r;
}

static void
keeping(void)
{
	is_int(read_as("production", ""), VAULTENV_ERR_NOT_FOUND,
	    "at first there is no cache");
	is_int(n_files("project"), 0, "and reading makes none");
	is_int(keep("production", " one\nline\n"), 0, "one is written");
	ok(mode_of(FOLDER) == 0700 && mode_of(FOLDER "/production") == 0600 &&
		mode_of(FOLDER "/.gitignore") == 0600,
	    "for its owner alone");
	is_str(content(FOLDER "/.gitignore"), "*\n", "git passes over it");
	ok(keep("staging", "two") == 0 && n_files(FOLDER) == 3,
	    "each environment has its own file");
	ok(read_as("production", " one\nline\n") == 0 &&
		read_as("staging", "two") == 0,
	    "they are read");
	ok(keep("production", "new") == 0 && read_as("production", "new") == 0,
	    "and replaced");
	ok(cachedir_write(".env", "here", "x", 1, &err) == 0 &&
		mode_of(".vault-cache.d/here") == 0600 &&
		cachedir_wipe(".env", &err) == 0,
	    "a .env without a folder has it where it is");
}

static void
names(void)
{
	static const char *const bad[] = { "", ".", "..", ".gitignore",
		"../.env", "a/b", "/etc/passwd" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(keep(bad[i], "x") == VAULTENV_ERR_INVALID &&
			read_as(bad[i], "") == VAULTENV_ERR_INVALID,
		    "'%s' is the name of no cache", bad[i]);
	is_int(n_files("project"), 1, "nothing is written beside the folder");
}

static void
cloned(void)
{
	is_int(cachedir_wipe(ENV, &err), 0, "what a repository brings");
	ok(mkdir("victim", 0755) == 0 && symlink("../victim", FOLDER) == 0,
	    "a folder that is a symlink");
	fails(keep("authorized_keys", "x"), VAULTENV_ERR_IO,
	    "Cannot use " FOLDER ": it is not a folder. Remove it");
	put("victim/production", "x", 0600);
	is_int(read_as("production", ""), VAULTENV_ERR_IO, "nor read");
	is_int(cachedir_wipe(ENV, &err), VAULTENV_ERR_IO, "nor emptied");
	is_int(n_files("victim"), 1, "what it points to stays");
	unlink(FOLDER);

	ok(mkdir(FOLDER, 0755) == 0, "a folder that others can look into");
	put(FOLDER "/.gitignore", "!production\n", 0644);
	is_int(keep("staging", "x"), 0, "is used");
	ok(mode_of(FOLDER) == 0700 &&
		strcmp(content(FOLDER "/.gitignore"), "*\n") == 0,
	    "made private and ignored before");
	put(FOLDER "/production", "x", 0644);
	fails(read_as("production", ""), VAULTENV_ERR_IO,
	    "Cannot use " FOLDER "/production: other users can get at it "
	    "(mode 0644). Run: chmod 600 " FOLDER "/production");
	unlink(FOLDER "/production");
	ok(symlink("../../victim/production", FOLDER "/production") == 0,
	    "a cache that is a symlink");
	ok(read_as("production", "") == VAULTENV_ERR_IO &&
		keep("production", "y") == VAULTENV_ERR_IO,
	    "is neither read nor written");
	is_str(content("victim/production"), "x", "what it points to stays");
	unlink(FOLDER "/.gitignore");
	ok(symlink("../../victim/new", FOLDER "/.gitignore") == 0,
	    "so does a .gitignore");
	ok(keep("staging", "y") == VAULTENV_ERR_IO && n_files("victim") == 1,
	    "without which nothing is written");
	is_int(read_as("staging", "x"), 0, "the old cache is as it was");
}

static void
wiping(void)
{
	is_int(cachedir_wipe(ENV, &err), 0, "all caches are wiped");
	ok(access(FOLDER, F_OK) != 0 && n_files("victim") == 1,
	    "with their folder, links are not followed");
	is_int(cachedir_wipe(ENV, &err), 0, "what is not there is wiped");
	ok(keep("staging", "x") == 0 && mkdir(FOLDER "/own", 0700) == 0,
	    "a user's own folder in it");
	is_int(cachedir_wipe(ENV, &err), VAULTENV_ERR_IO, "is told");
	is_int(n_files(FOLDER), 1, "the caches are gone");
	rmdir(FOLDER "/own");
	rmdir(FOLDER);
}

/* As root another user's, as somebody else one that cannot be written. */
static void
not_ours(void)
{
	int status = -1;
	pid_t pid;

	ok(mkdir("closed", 0555) == 0, "a folder that cannot be written");
	if ((pid = fork()) == 0) {
		if (geteuid() == 0 && seteuid(65534) != 0)
			_exit(9);
		_exit(cachedir_write("closed/.env", "e", "x", 1, &err) !=
		      VAULTENV_ERR_IO);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0 &&
		n_files("closed") == 0,
	    "has no cache, which is told");
	if (geteuid() != 0)
		return;
	ok(mkdir(FOLDER, 0777) == 0 && chown(FOLDER, 12345, 0) == 0,
	    "another user's folder");
	fails(keep("e", "x"), VAULTENV_ERR_IO,
	    "Cannot use " FOLDER ": it belongs to another user (uid 12345). "
	    "Make it your own or remove it");
	is_int(cachedir_wipe(ENV, &err), VAULTENV_ERR_IO, "is not wiped");
}

int
main(void)
{
	char dir[] = "/tmp/cachedir-XXXXXX";

	if (!folder_enter(dir) || chmod(dir, 0755) != 0 ||
	    mkdir("project", 0755) != 0)
		return 1;
	keeping();
	names();
	cloned();
	wiping();
	not_ours();
	folder_remove(dir);
	return tap_done();
}
