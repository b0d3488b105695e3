/* SPDX-License-Identifier: MIT */
/*
 * envfile.c: edits a .env file line by line, each edit one atomic write whose
 * result was parsed before it is stored. Must not drop or change a line that
 * is not its own, nor the only copy of a key.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envfile.h"

/* The library's code, or out of memory. */
static int
no_memory(struct vaultenv_error *err, int code, const char *path)
{
	return vaultenv_error_set(
	    err, code, NULL, "Out of memory while editing %s", path);
}

int
envfile_read_stdin(struct vaultenv_envfile **file, struct vaultenv_error *err)
{
	static const char path[] = "standard input";
	struct text text = { 0 };
	ssize_t n;
	int r;

	do
		n = text_read(&text, STDIN_FILENO);
	while (n > 0 && !text.failed);
	if (n < 0 || text.failed)
		r = vaultenv_error_set(err, VAULTENV_ERR_IO, NULL,
		    n < 0 ? "Cannot read %s"
			  : "Out of memory, or more than 16 MiB, while "
			    "reading %s",
		    path);
	else
		r = vaultenv_envfile_from(
		    path, -1, text.bytes, text.len, file, err);
	text_wipe(&text);
	return r;
}

int
envfile_read_to_edit(const char *path, struct vaultenv_envfile **file,
    struct vaultenv_error *err)
{
	struct stat st;

	if (lstat(path, &st) != 0 || S_ISREG(st.st_mode))
		return vaultenv_envfile_read(path, file, err);
	return vaultenv_error_set(err, VAULTENV_ERR_IO,
	    "Give the path of the file itself", "Cannot write %s: it is %s",
	    path,
	    S_ISLNK(st.st_mode) ? "a symbolic link" : "not a regular file");
}

bool
envfile_exists(const struct vaultenv_envfile *file)
{
	size_t len;

	return vaultenv_envfile_text(file, &len) != NULL;
}

bool
envfile_is_marked(const struct vaultenv_envfile *file)
{
	const char *line, *text;
	size_t at = 0, len, line_len;

	text = vaultenv_envfile_text(file, &len);
	while (text_line(text, len, &at, &line, &line_len))
		if (line_is(line, line_len, ENVFILE_MARKER))
			return true;
	return false;
}

const char *
envfile_get(const struct vaultenv_envfile *file, const char *name)
{
	const struct vaultenv_pair *pair;

	pair = vaultenv_list_find(vaultenv_envfile_list(file), name);
	return pair != NULL && pair->value_len > 0 ? pair->value : NULL;
}

int
envfile_store(
    const char *path, const char *bytes, size_t len, struct vaultenv_error *err)
{
	sigset_t block, old;
	int r;

	/* A half-written copy of a key must not be left beside the file. */
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigaddset(&block, SIGQUIT);
	sigprocmask(SIG_BLOCK, &block, &old);
	r = vaultenv_file_write(path, bytes, len, err);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

static void
replaced_add(struct text *text, const char *old_key)
{
	char date[32];
	struct tm tm;
	time_t now = time(NULL);

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%d", &tm) == 0)
		strcpy(date, "unknown date");
	text_puts(text, ENVFILE_REPLACED);
	text_puts(text, date);
	text_puts(text, ": VAULT_KEY=");
	text_puts(text, old_key);
	text_puts(text, "\n");
}

/* Lines without the marker and without `dropped`, which may be NULL; old_key's
 * own line becomes a comment. */
static void
lines_copy(const struct vaultenv_envfile *file, const char *old_key,
    const char *dropped, struct text *text)
{
	struct text own = { 0 };
	const char *bytes, *line;
	size_t at = 0, len, bytes_len;
	bool kept = old_key == NULL;

	if (old_key != NULL) {
		text_puts(&own, "VAULT_KEY=");
		text_puts(&own, old_key);
		text->failed |= own.failed;
	}
	bytes = vaultenv_envfile_text(file, &bytes_len);
	while (!text->failed && text_line(bytes, bytes_len, &at, &line, &len)) {
		if (line_is(line, len, ENVFILE_MARKER) ||
		    (dropped != NULL && line_is(line, len, dropped)))
			continue;
		if (own.bytes != NULL && line_is(line, len, own.bytes)) {
			replaced_add(text, old_key);
			kept = true;
			continue;
		}
		text_add(text, line, len);
		text_puts(text, "\n");
	}
	if (!kept)
		replaced_add(text, old_key);
	text_wipe(&own);
}

/* What would be written, read: nothing but our own names may differ. */
static int
edit_check(const struct vaultenv_envfile *file,
    const struct vaultenv_envfile *after, const char *key,
    struct vaultenv_error *err)
{
	const char *path = vaultenv_envfile_path(file), *got;
	struct vaultenv_change *changes = NULL;
	size_t n = 0;
	int r;

	r = vaultenv_list_diff(vaultenv_envfile_list(file),
	    vaultenv_envfile_list(after), &changes, &n);
	if (r != 0)
		return no_memory(err, r, path);
	for (size_t i = 0; i < n; i++)
		if (!vaultenv_name_is_reserved(changes[i].name))
			r = VAULTENV_ERR_UNWRITABLE;
	got = envfile_get(after, "VAULT_KEY");
	if (got == NULL || (key != NULL && strcmp(got, key) != 0))
		r = VAULTENV_ERR_UNWRITABLE;
	if (r != 0)
		vaultenv_error_set(err, r, "Look for an open quote in it",
		    "A line could not be added to %s without changing another "
		    "one",
		    path);
	free(changes);
	return r;
}

static int
edit_store(struct vaultenv_envfile **file, const struct text *text,
    const char *key, struct vaultenv_error *err)
{
	const char *path = vaultenv_envfile_path(*file);
	struct vaultenv_envfile *after = NULL;
	int r;

	if (text->failed)
		return no_memory(err, VAULTENV_ERR_NOMEM, path);
	if ((r = vaultenv_envfile_from(
		 path, -1, text->bytes, text->len, &after, err)) != 0 ||
	    (r = edit_check(*file, after, key, err)) != 0 ||
	    (r = envfile_store(path, text->bytes, text->len, err)) != 0)
		goto out;
	vaultenv_envfile_free(file);
	*file = after;
	after = NULL;
out:
	vaultenv_envfile_free(&after);
	return r;
}

static void
url_add(struct text *text, const char *url)
{
	text_puts(text, "VAULT_URL=");
	text_puts(text, url);
}

int
envfile_begin(struct vaultenv_envfile **file, const char *key, const char *url,
    const char *old_key, struct vaultenv_error *err)
{
	struct text text = { 0 };
	int r;

	lines_copy(*file, old_key, NULL, &text);
	text_puts(&text, ENVFILE_MARKER "\n");
	text_puts(&text, "VAULT_KEY=");
	text_puts(&text, key);
	text_puts(&text, "\n");
	if (url != NULL) {
		url_add(&text, url);
		text_puts(&text, "\n");
	}
	r = edit_store(file, &text, key, err);
	text_wipe(&text);
	return r;
}

int
envfile_finish(
    struct vaultenv_envfile **file, const char *url, struct vaultenv_error *err)
{
	const char *old = url == NULL ? NULL : envfile_get(*file, "VAULT_URL");
	struct text text = { 0 }, dropped = { 0 };
	int r;

	if (old != NULL)
		url_add(&dropped, old);
	lines_copy(*file, NULL, dropped.bytes, &text);
	if (url != NULL) {
		url_add(&text, url);
		text_puts(&text, "\n");
	}
	text.failed |= dropped.failed;
	text_wipe(&dropped);
	r = edit_store(file, &text, NULL, err);
	text_wipe(&text);
	return r;
}

int
envfile_keep(const struct vaultenv_envfile *file, struct text *text,
    struct vaultenv_error *err)
{
	const struct vaultenv_list *list = vaultenv_envfile_list(file);
	const char *line, *old, *path = vaultenv_envfile_path(file);
	struct vaultenv_list *own = NULL;
	const struct vaultenv_pair *pair;
	size_t at = 0, len, line_len;
	char *bytes = NULL;
	int r;

	old = vaultenv_envfile_text(file, &len);
	while (text_line(old, len, &at, &line, &line_len))
		if (line_is(line, line_len, ENVFILE_MARKER) ||
		    line_starts(line, line_len, ENVFILE_REPLACED)) {
			text_add(text, line, line_len);
			text_puts(text, "\n");
		}
	len = 0;
	if ((r = vaultenv_list_new(&own)) != 0)
		return no_memory(err, r, path);
	for (size_t i = 0; r == 0 && (pair = vaultenv_list_at(list, i)) != NULL;
	     i++) {
		if (!vaultenv_name_is_reserved(pair->name))
			continue;
		r = vaultenv_list_set(
		    own, pair->name, pair->value, pair->value_len);
		if (r != 0)
			no_memory(err, r, path);
	}
	if (r == 0 && (r = vaultenv_dotenv_write(own, &bytes, &len, err)) == 0)
		text_add(text, bytes, len);
	vaultenv_text_free(&bytes, len);
	vaultenv_list_free(&own);
	return r;
}
