/* SPDX-License-Identifier: MIT */
/*
 * envfile.c: a .env file in memory: read once, for its key, its URL and its
 * variables, by whoever is handed it. Must not know the syntax: that is
 * dotenv.c's, nor how files are read: that is store.c's.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/disk.h"

/* Takes text's bytes, which may be those of no file at all (NULL). */
static int
envfile_new(const char *path, struct blob *text, const struct stat *st,
    struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	struct vaultenv_envfile *file;
	int r;

	if ((file = calloc(1, sizeof(*file))) == NULL ||
	    (file->path = strdup(path)) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	file->uid = geteuid();
	if (st != NULL) {
		file->is_regular = S_ISREG(st->st_mode);
		file->uid = st->st_uid;
		file->mode = st->st_mode & 07777;
	}
	if (text != NULL &&
	    (file->text = blob_take(text, &file->len)) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	if ((r = encoding_check(path, file->text, file->len, err)) != 0 ||
	    (r = vaultenv_dotenv_parse(
		 file->text, file->len, &file->list, err)) != 0)
		goto out;
	*out = file;
	file = NULL;
out:
	vaultenv_envfile_free(&file);
	return r;
}

int
vaultenv_envfile_read(
    const char *path, struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	struct vaultenv_error why;
	struct blob text;
	struct stat st;
	int r;

	if (path == NULL)
		path = ".env";
	blob_init(&text, FILE_MAX);
	r = store_read_once(path, &text, &st, &why);
	if (r == VAULTENV_ERR_NOT_FOUND)
		r = envfile_new(path, NULL, NULL, out, err);
	else if (r != 0)
		err_copy(err, &why);
	else
		r = envfile_new(path, &text, &st, out, err);
	blob_reset(&text);
	return r;
}

int
vaultenv_envfile_from(const char *path, int fd, const char *text, size_t len,
    struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	struct blob copy;
	struct stat st;
	int r;

	if (text == NULL)
		return envfile_new(path, NULL, NULL, out, err);
	if (fd >= 0 && fstat(fd, &st) != 0)
		return err_errno(err, NULL, "Cannot look at %s", path);
	blob_init(&copy, FILE_MAX);
	if ((r = blob_append(&copy, text, len)) == VAULTENV_ERR_INVALID)
		err_set(err, r, "Check that it is the right file",
		    "Cannot use %s: it is larger than 16 MiB", path);
	else if (r != 0)
		err_general(err, r);
	else
		r = envfile_new(path, &copy, fd < 0 ? NULL : &st, out, err);
	/* Not the bytes that are there: they cannot be read again by us. */
	if (r == 0 && fd >= 0 && (size_t)st.st_size != len)
		(*out)->is_regular = false;
	blob_reset(&copy);
	return r;
}

int
envfile_copy(const struct vaultenv_envfile *file, const char *path,
    struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	struct vaultenv_envfile *copy;
	int r;

	if ((r = vaultenv_envfile_from(
		 path, -1, file->text, file->len, &copy, err)) != 0)
		return r;
	copy->is_regular = file->is_regular;
	copy->uid = file->uid;
	copy->mode = file->mode;
	*out = copy;
	return 0;
}

void
vaultenv_envfile_free(struct vaultenv_envfile **file)
{
	struct vaultenv_envfile *f;

	if (file == NULL || (f = *file) == NULL)
		return;
	vaultenv_envfile_free(&f->under);
	vaultenv_list_free(&f->list);
	vaultenv_text_free(&f->text, f->len);
	free(f->path);
	free(f);
	*file = NULL;
}

void
vaultenv_envfile_lay(
    struct vaultenv_envfile *file, struct vaultenv_envfile **under)
{
	while (file->under != NULL)
		file = file->under;
	file->under = *under;
	*under = NULL;
}

int
vaultenv_envfile_check(
    const struct vaultenv_envfile *file, struct vaultenv_error *err)
{
	if (file->uid != geteuid() && file->uid != 0)
		return err_set(err, VAULTENV_ERR_UNTRUSTED,
		    "Make the file your own, or set VAULT_KEY in the "
		    "environment",
		    "No VAULT_KEY and no VAULT_URL is taken from %s: it "
		    "belongs to another user (uid %ju)",
		    file->path, (uintmax_t)file->uid);
	if ((file->mode & 022) == 0)
		return 0;
	err_set(err, VAULTENV_ERR_UNTRUSTED, NULL,
	    "No VAULT_KEY and no VAULT_URL is taken from %s: other users can "
	    "write to it (mode %04o)",
	    file->path, (unsigned)file->mode);
	return err_hint(err, "Run: chmod go-w %s", file->path);
}

const char *
vaultenv_envfile_path(const struct vaultenv_envfile *file)
{
	return file->path;
}

const char *
vaultenv_envfile_text(const struct vaultenv_envfile *file, size_t *len)
{
	*len = file->len;
	return file->text;
}

const struct vaultenv_list *
vaultenv_envfile_list(const struct vaultenv_envfile *file)
{
	return file->list;
}

static int
hidden_find(const struct vaultenv_list *file,
    const struct vaultenv_list *secrets, struct vaultenv_list *names)
{
	const struct vaultenv_pair *pair, *other;
	int r = 0;

	for (size_t i = 0; r == 0 && (pair = vaultenv_list_at(file, i)) != NULL;
	     i++) {
		other = vaultenv_list_find(secrets, pair->name);
		if (other != NULL && !pair_value_equal(pair, other) &&
		    !vaultenv_name_is_reserved(pair->name))
			r = vaultenv_list_set(names, pair->name, "", 0);
	}
	return r;
}

char *
vaultenv_envfile_hides_text(
    const struct vaultenv_envfile *file, const struct vaultenv_list *secrets)
{
	struct vaultenv_list *names = NULL;
	char joined[NAMES_TEXT], *text = NULL;

	if (vaultenv_list_new(&names) != 0 ||
	    hidden_find(file->list, secrets, names) != 0 ||
	    vaultenv_list_len(names) == 0)
		goto out;
	names_join(names, joined);
	if (asprintf(&text,
		"%s hides other values of the vault: %s. Take them out of the "
		"file to use the vault's, or push them",
		file->path, joined) < 0)
		text = NULL;
out:
	vaultenv_list_free(&names);
	return text;
}
