/* SPDX-License-Identifier: MIT */
/*
 * git.c: .gitignore, and one question to git itself. Must not change anything
 * but the .gitignore beside the .env file, nor hand git a secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envfile.h"
#include "git.h"
#include "output.h"

char *
folder_of(const char *path)
{
	char *copy = strdup(path), *folder = NULL;

	if (copy != NULL)
		folder = realpath(dirname(copy), NULL);
	free(copy);
	return folder;
}

static bool
in_work_tree(const char *folder)
{
	char *at = strdup(folder), *slash;
	char path[4096 + 8];
	struct stat st;
	bool found = false;

	while (at != NULL && !found) {
		/* A file in a linked work tree or a submodule. */
		snprintf(path, sizeof(path), "%s/.git", at);
		found = stat(path, &st) == 0;
		if ((slash = strrchr(at, '/')) == NULL || at[0] == '\0')
			break;
		*slash = '\0';
	}
	free(at);
	return found;
}

static bool
is_tracked(const char *folder, const char *name)
{
	char *argv[] = { (char *)"git", (char *)"-c",
		(char *)"core.fsmonitor=false", (char *)"-C", (char *)folder,
		(char *)"ls-files", (char *)"--error-unmatch", (char *)"--",
		(char *)name, NULL };
	char home[4096], search[4096];
	char *env[] = { home, search, NULL };
	const char *h = getenv("HOME"), *p = getenv("PATH");
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_signal;
	int status = 0, null = O_RDWR;
	bool started;
	pid_t pid;

	/* Its own environment: ours may hold VAULT_KEY. */
	snprintf(home, sizeof(home), "HOME=%s", h != NULL ? h : "/");
	snprintf(
	    search, sizeof(search), "PATH=%s", p != NULL ? p : "/usr/bin:/bin");
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	if (posix_spawn_file_actions_init(&files) != 0)
		return false;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return false;
	}
	posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(
		    &files, fd, "/dev/null", null, 0);
	started = posix_spawnp(&pid, "git", &files, &attr, argv, env) == 0;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (!started)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
is_ignored(const char *bytes, size_t len, const char *name)
{
	char rooted[300];
	const char *line;
	size_t at = 0, n;

	snprintf(rooted, sizeof(rooted), "/%s", name);
	while (text_line(bytes, len, &at, &line, &n))
		if (line_is(line, n, name) || line_is(line, n, rooted))
			return true;
	return false;
}

/* Names that mean themselves in a .gitignore. */
static bool
is_plain(const char *name)
{
	return strlen(name) < 256 && name[0] != '-' &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
				 "rstuvwxyz0123456789._-")] == '\0';
}

/* Not through a link that somebody put there since. */
static int
mode_set(const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = fchmod(fd, mode);
	close(fd);
	return r;
}

static void
ignore_add(const struct args *args, const char *path, const char *name)
{
	const char *names[] = { name, ".vault-cache" };
	struct vaultenv_error err;
	struct text text = { 0 };
	struct stat st;
	char *bytes = NULL;
	size_t len = 0, n = 0;
	bool is_new = stat(path, &st) != 0;
	int r = vaultenv_file_read(path, &bytes, &len, &err);

	if (r != 0 && r != VAULTENV_ERR_NOT_FOUND)
		goto out;
	r = 0;
	text_add(&text, bytes != NULL ? bytes : "", len);
	if (len > 0 && bytes[len - 1] != '\n')
		text_puts(&text, "\n");
	for (size_t i = 0; i < 2; i++) {
		if (is_ignored(bytes, len, names[i]))
			continue;
		text_puts(&text, names[i]);
		text_puts(&text, "\n");
		n++;
	}
	if (n == 0 || text.failed)
		goto out;
	if ((r = envfile_store(path, text.bytes, text.len, &err)) != 0)
		goto out;
	/* It is no secret; the mode it had, or that of any new file. */
	if (is_new) {
		mode_t mask = umask(077);

		umask(mask);
		st.st_mode = 0666 & ~mask;
	}
	if (mode_set(path, st.st_mode & 07777) == 0)
		say(args, "Added %s to %s",
		    n == 2 ? "the .env file and "
			     ".vault-cache"
			   : "what was missing",
		    path);
out:
	if (r != 0)
		warning_print("%s and .vault-cache could not be added to "
			      ".gitignore: %s",
		    name, err.text);
	vaultenv_text_free(&bytes, len);
	text_wipe(&text);
}

void
git_protect(const struct args *args, const char *path)
{
	char *folder = folder_of(path), *copy = strdup(path), *ignore = NULL;
	const char *name;

	if (folder == NULL || copy == NULL || !in_work_tree(folder))
		goto out;
	name = basename(copy);
	if (!is_plain(name)) {
		warning_print("add %s and .vault-cache to .gitignore: its name "
			      "is not one that can be added as it is",
		    path);
	} else if (asprintf(&ignore, "%s/.gitignore", folder) > 0) {
		ignore_add(args, ignore, name);
	}
	if (is_tracked(folder, name))
		warning_print("%s is tracked by git, so the key in it will be "
			      "committed: run git rm --cached %s",
		    path, path);
out:
	free(ignore);
	free(folder);
	free(copy);
}
