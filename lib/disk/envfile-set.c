/* SPDX-License-Identifier: MIT */
/*
 * envfile-set.c: sets one variable in a .env file and leaves every other byte,
 * and the value of every other variable, as it was. Must not know the syntax:
 * that is dotenv.c's, nor how files are written: that is replace.c's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "disk/disk.h"

int
envfile_no_room(int r, struct vaultenv_error *err)
{
	if (r != VAULTENV_ERR_INVALID)
		return err_general(err, r);
	return err_set(err, r, "Move something out of it",
	    "The .env file would be larger than 16 MiB");
}

/* "\r\n" if the file's first line ends so. */
const char *
envfile_line_break(const char *text, size_t len)
{
	const char *p = len == 0 ? NULL : memchr(text, '\n', len);

	return p != NULL && p > text && p[-1] == '\r' ? "\r\n" : "\n";
}

bool
envfile_find(const char *text, size_t len, const char *name,
    struct dotenv_assignment *found)
{
	const size_t name_len = strlen(name);
	struct dotenv_assignment a;
	struct dotenv_scan s;
	bool any = false;

	dotenv_scan_init(&s, text, len);
	while (dotenv_next(&s, &a)) {
		if (a.name_len == name_len &&
		    memcmp(text + a.name, name, name_len) == 0) {
			*found = a;
			any = true;
		}
	}
	return any;
}

/* Indentation, "export" before and a comment behind the assignment stay. */
int
envfile_put(struct blob *out, const char *text, size_t len,
    const struct vaultenv_pair *pair, struct vaultenv_error *err)
{
	const char *eol = envfile_line_break(text, len);
	struct dotenv_assignment a;
	int r;

	if (envfile_find(text, len, pair->name, &a)) {
		if ((r = blob_append(out, text, a.name)) != 0)
			return envfile_no_room(r, err);
		if ((r = dotenv_append_pair(out, pair, err)) != 0)
			return r;
		r = blob_append(out, text + a.value_end, len - a.value_end);
		return r == 0 ? 0 : envfile_no_room(r, err);
	}
	if ((r = blob_append(out, text, len)) != 0)
		return envfile_no_room(r, err);
	if (len > 0 && text[len - 1] != '\n' && text[len - 1] != '\r' &&
	    (r = blob_append_str(out, eol)) != 0)
		return envfile_no_room(r, err);
	if ((r = dotenv_append_pair(out, pair, err)) != 0)
		return r;
	return (r = blob_append_str(out, eol)) == 0 ? 0
						    : envfile_no_room(r, err);
}

/*
 * A quote that was left open elsewhere in the file may close in the new value,
 * or the other way round. Then nothing is written.
 */
int
envfile_check(const char *path, const struct vaultenv_list *want,
    const struct blob *edited, const char *what, struct vaultenv_error *err)
{
	struct vaultenv_list *got = NULL;
	struct vaultenv_change *changes = NULL;
	size_t n = 0;
	int r;

	r = vaultenv_dotenv_parse(
	    (const char *)edited->data, edited->len, &got, err);
	if (r != 0)
		return r;
	if ((r = vaultenv_list_diff(want, got, &changes, &n)) != 0)
		envfile_no_room(r, err);
	else if (n > 0)
		r = err_set(err, VAULTENV_ERR_UNWRITABLE,
		    "Close the quotes and finish the lines of that file, then "
		    "try again",
		    "%s cannot be set in %s: with it the file would read "
		    "otherwise at %s",
		    what, path, changes[0].name);
	free(changes);
	vaultenv_list_free(&got);
	return r;
}

int
vaultenv_envfile_set(const char *path, const char *name, const char *value,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair pair = { name, value, strlen(value) };
	struct vaultenv_envfile *file = NULL;
	struct vaultenv_list *want = NULL;
	struct blob edited;
	int r;

	blob_init(&edited, FILE_MAX);
	if ((r = vaultenv_envfile_read(path, &file, err)) != 0 ||
	    (r = envfile_put(&edited, file->len == 0 ? "" : file->text,
		 file->len, &pair, err)) != 0)
		goto out;
	if ((r = vaultenv_list_copy(file->list, &want)) != 0 ||
	    (r = vaultenv_list_set(want, name, value, pair.value_len)) != 0) {
		envfile_no_room(r, err);
		goto out;
	}
	if ((r = envfile_check(path, want, &edited, name, err)) != 0)
		goto out;
	r = vaultenv_file_write(
	    path, (const char *)edited.data, edited.len, err);
out:
	vaultenv_list_free(&want);
	vaultenv_envfile_free(&file);
	blob_reset(&edited);
	return r;
}
