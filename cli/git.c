/* SPDX-License-Identifier: MIT */
/*
 * git.c: .gitignore, and a warning of what git tracks. Must not change anything
 * but the .gitignore beside the .env file, nor run git.
 */
#include "config.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* The folder, or one above it, that has a .git; for free(). NULL: none. */
static char *
work_tree(const char *folder)
{
	char *at = strdup(folder), *slash;
	char path[4096 + 8];
	struct stat st;

	while (at != NULL) {
		/* A file in a linked work tree or a submodule. */
		snprintf(path, sizeof(path), "%s/.git", at);
		if (stat(path, &st) == 0)
			return at;
		if ((slash = strrchr(at, '/')) == NULL || at[0] == '\0')
			break;
		*slash = '\0';
	}
	free(at);
	return NULL;
}

/* Of a file that is in no work tree: not tracked. */
static enum git_tracked
path_tracked(const char *path)
{
	char *folder = folder_of(path), *copy = strdup(path), *inside = NULL;
	char *root = folder != NULL ? work_tree(folder) : NULL;
	enum git_tracked result = GIT_NOT_TRACKED;

	if (copy != NULL && root != NULL &&
	    asprintf(&inside, "%s/%s", folder + strlen(root), basename(copy)) >
		0)
		result = git_tracked(root, inside + 1);
	free(inside);
	free(root);
	free(copy);
	free(folder);
	return result;
}

static void
tracked_warn(const char *path)
{
	switch (path_tracked(path)) {
	case GIT_TRACKED:
		warning_print("%s is tracked by git, so the key in it will be "
			      "committed. Run: git rm --cached %s",
		    path, path);
		break;
	case GIT_NOT_KNOWN:
		warning_print("Whether git tracks %s is not known. Make sure "
			      "that git ls-files %s prints nothing",
		    path, path);
		break;
	case GIT_NOT_TRACKED:
		break;
	}
}

void
git_key_warn(const char *path)
{
	if (path_tracked(path) == GIT_TRACKED)
		warning_print("The VAULT_KEY of %s is in a file that git "
			      "tracks, so everybody who has the repository has "
			      "the key. Run: git rm --cached %s",
		    path, path);
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
		warning_print(
		    "%s and .vault-cache could not be added to .gitignore: %s",
		    name, err.text);
	vaultenv_text_free(&bytes, len);
	text_wipe(&text);
}

void
git_protect(const struct args *args, const char *path)
{
	char *folder = folder_of(path), *copy = strdup(path), *ignore = NULL;
	char *root = folder != NULL ? work_tree(folder) : NULL;
	const char *name;

	if (copy == NULL || root == NULL)
		goto out;
	name = basename(copy);
	if (!is_plain(name)) {
		warning_print("%s cannot be added to .gitignore as it is "
			      "named. Add it and .vault-cache there by hand",
		    path);
	} else if (asprintf(&ignore, "%s/.gitignore", folder) > 0) {
		ignore_add(args, ignore, name);
	}
	tracked_warn(path);
out:
	free(root);
	free(ignore);
	free(folder);
	free(copy);
}
