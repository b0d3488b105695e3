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

/* Makes the list of the bytes that were read. */
static int
bytes_parse(struct envfile *file, struct vaultenv_error *err)
{
	const char *line;
	size_t at = 0, len;
	int r;

	r = vaultenv_dotenv_parse(file->bytes != NULL ? file->bytes : "",
	    file->len, &file->list, err);
	while (r == 0 && text_line(file->bytes, file->len, &at, &line, &len))
		if (line_is(line, len, ENVFILE_MARKER))
			file->marked = true;
	if (r != 0)
		envfile_free(file);
	return r;
}

int
envfile_load(struct envfile *file, const char *path, struct vaultenv_error *err)
{
	int r;

	memset(file, 0, sizeof(*file));
	file->path = path;
	r = vaultenv_file_read(path, &file->bytes, &file->len, err);
	if (r != 0 && r != VAULTENV_ERR_NOT_FOUND)
		return r;
	return bytes_parse(file, err);
}

int
envfile_load_stdin(struct envfile *file, struct vaultenv_error *err)
{
	struct text text = { 0 };
	ssize_t n;

	memset(file, 0, sizeof(*file));
	file->path = "standard input";
	do
		n = text_read(&text, STDIN_FILENO);
	while (n > 0 && !text.failed);
	if (n < 0 || text.failed) {
		text_wipe(&text);
		return vaultenv_error_set(err, VAULTENV_ERR_IO, NULL,
		    n < 0 ? "Cannot read %s"
			  : "Out of memory, or more than 16 MiB, while "
			    "reading %s",
		    file->path);
	}
	file->bytes = text.bytes;
	file->len = text.len;
	return bytes_parse(file, err);
}

int
envfile_load_to_edit(
    struct envfile *file, const char *path, struct vaultenv_error *err)
{
	struct stat st;

	if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode))
		return envfile_load(file, path, err);
	memset(file, 0, sizeof(*file));
	return vaultenv_error_set(err, VAULTENV_ERR_IO,
	    "Give the path of the file itself",
	    "Cannot write %s: it is a symbolic link", path);
}

void
envfile_free(struct envfile *file)
{
	vaultenv_list_free(&file->list);
	vaultenv_text_free(&file->bytes, file->len);
	memset(file, 0, sizeof(*file));
}

const char *
envfile_get(const struct envfile *file, const char *name)
{
	const struct vaultenv_pair *pair;

	pair = vaultenv_list_find(file->list, name);
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

/* Lines without the marker; old_key's own line becomes a comment. */
static void
lines_copy(const struct envfile *file, const char *old_key, struct text *text)
{
	struct text own = { 0 };
	const char *line;
	size_t at = 0, len;
	bool kept = old_key == NULL;

	if (old_key != NULL) {
		text_puts(&own, "VAULT_KEY=");
		text_puts(&own, old_key);
		text->failed |= own.failed;
	}
	while (!text->failed &&
	       text_line(file->bytes, file->len, &at, &line, &len)) {
		if (line_is(line, len, ENVFILE_MARKER))
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

/* Reads back what would be written: nothing but our own names may differ. */
static int
edit_check(const struct envfile *file, const struct text *text, const char *key,
    struct vaultenv_error *err)
{
	struct vaultenv_change *changes = NULL;
	struct vaultenv_list *after = NULL;
	const struct vaultenv_pair *pair;
	size_t n = 0;
	int r;

	if ((r = vaultenv_dotenv_parse(text->bytes != NULL ? text->bytes : "",
		 text->len, &after, err)) != 0)
		return r;
	if ((r = vaultenv_list_diff(file->list, after, &changes, &n)) != 0) {
		no_memory(err, r, file->path);
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		if (!vaultenv_name_is_reserved(changes[i].name))
			r = VAULTENV_ERR_UNWRITABLE;
	pair = vaultenv_list_find(after, "VAULT_KEY");
	if (pair == NULL || (key != NULL && strcmp(pair->value, key) != 0))
		r = VAULTENV_ERR_UNWRITABLE;
	if (r != 0)
		vaultenv_error_set(err, r, "Look for an open quote in it",
		    "A line could not be added to %s without changing another "
		    "one",
		    file->path);
out:
	free(changes);
	vaultenv_list_free(&after);
	return r;
}

static int
edit_store(struct envfile *file, struct text *text, const char *key,
    struct vaultenv_error *err)
{
	const char *path = file->path;
	int r;

	if (text->failed)
		return no_memory(err, VAULTENV_ERR_NOMEM, path);
	if ((r = edit_check(file, text, key, err)) != 0 ||
	    (r = envfile_store(path, text->bytes, text->len, err)) != 0)
		return r;
	envfile_free(file);
	return envfile_load(file, path, err);
}

int
envfile_begin(struct envfile *file, const char *key, const char *url,
    const char *old_key, struct vaultenv_error *err)
{
	struct text text = { 0 };
	int r;

	lines_copy(file, old_key, &text);
	text_puts(&text, ENVFILE_MARKER "\n");
	text_puts(&text, "VAULT_KEY=");
	text_puts(&text, key);
	text_puts(&text, "\n");
	if (url != NULL) {
		text_puts(&text, "VAULT_URL=");
		text_puts(&text, url);
		text_puts(&text, "\n");
	}
	r = edit_store(file, &text, key, err);
	text_wipe(&text);
	return r;
}

int
envfile_finish(struct envfile *file, struct vaultenv_error *err)
{
	struct text text = { 0 };
	int r;

	lines_copy(file, NULL, &text);
	r = edit_store(file, &text, NULL, err);
	text_wipe(&text);
	return r;
}

int
envfile_keep(
    const struct envfile *file, struct text *text, struct vaultenv_error *err)
{
	struct vaultenv_list *own = NULL;
	const struct vaultenv_pair *pair;
	const char *line;
	char *bytes = NULL;
	size_t at = 0, len = 0;
	int r;

	while (text_line(file->bytes, file->len, &at, &line, &len))
		if (line_is(line, len, ENVFILE_MARKER) ||
		    line_starts(line, len, ENVFILE_REPLACED)) {
			text_add(text, line, len);
			text_puts(text, "\n");
		}
	len = 0;
	if ((r = vaultenv_list_new(&own)) != 0)
		return no_memory(err, r, file->path);
	for (size_t i = 0; r == 0 && i < vaultenv_list_len(file->list); i++) {
		pair = vaultenv_list_at(file->list, i);
		if (!vaultenv_name_is_reserved(pair->name))
			continue;
		r = vaultenv_list_set(
		    own, pair->name, pair->value, pair->value_len);
		if (r != 0)
			no_memory(err, r, file->path);
	}
	if (r == 0 && (r = vaultenv_dotenv_write(own, &bytes, &len, err)) == 0)
		text_add(text, bytes, len);
	vaultenv_text_free(&bytes, len);
	vaultenv_list_free(&own);
	return r;
}
