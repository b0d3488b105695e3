/* SPDX-License-Identifier: MIT */
/*
 * envfile-follow.c: a .env file, made to agree with a version of its secrets:
 * values where they stand, lines that go and lines that come, and the line of
 * its origin, all by one write. Must leave every other byte as it was, or not
 * write at all.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "disk/disk.h"

struct edit {
	struct blob text;
	struct vaultenv_list *want; /* how it must read */
};

static void
text_take(struct edit *e, struct blob *next)
{
	blob_reset(&e->text);
	e->text = *next;
	blob_init(next, next->max);
}

/* Each line that assigns it. */
static int
name_remove(struct edit *e, const char *name)
{
	struct dotenv_assignment a;
	struct blob next;
	int r = 0;

	blob_init(&next, e->text.max);
	while (r == 0 && envfile_find((const char *)e->text.data, e->text.len,
			     name, &a)) {
		const char *text = (const char *)e->text.data;
		const char *end;
		size_t from = a.name, to = a.value_end;

		while (from > 0 && text[from - 1] != '\n')
			from--;
		end = memchr(text + to, '\n', e->text.len - to);
		to = end == NULL ? e->text.len : (size_t)(end - text) + 1;
		if ((r = blob_append(&next, text, from)) == 0)
			r = blob_append(&next, text + to, e->text.len - to);
		if (r == 0)
			text_take(e, &next);
	}
	blob_reset(&next);
	return r != 0 ? r : vaultenv_list_delete(e->want, name);
}

static int
pair_put(struct edit *e, const struct vaultenv_pair *pair,
    struct vaultenv_error *err)
{
	struct blob next;
	int r;

	blob_init(&next, e->text.max);
	r = envfile_put(
	    &next, (const char *)e->text.data, e->text.len, pair, err);
	if (r == 0)
		text_take(e, &next);
	blob_reset(&next);
	if (r == 0 && (r = vaultenv_list_set(e->want, pair->name, pair->value,
			   pair->value_len)) != 0)
		err_general(err, r);
	return r;
}

static int
secrets_put(struct edit *e, const struct vaultenv_envfile *file,
    const struct vaultenv_list *secrets, struct vaultenv_error *err)
{
	struct vaultenv_change *changes = NULL;
	size_t n = 0;
	int r;

	if ((r = vaultenv_list_diff(file->list, secrets, &changes, &n)) != 0)
		return err_general(err, r);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *name = changes[i].name;

		if (vaultenv_name_is_reserved(name))
			continue;
		if (changes[i].mark != '-')
			r = pair_put(e, vaultenv_list_find(secrets, name), err);
		else if ((r = name_remove(e, name)) != 0)
			err_general(err, r);
	}
	free(changes);
	return r;
}

static int
origin_set(struct edit *e, const struct origin *of, struct vaultenv_error *err)
{
	struct blob next;
	int r;

	blob_init(&next, e->text.max);
	r = origin_put(&next, (const char *)e->text.data, e->text.len, of);
	if (r == 0)
		text_take(e, &next);
	else
		envfile_no_room(r, err);
	blob_reset(&next);
	return r;
}

int
envfile_follow(const struct vaultenv_envfile *file, const struct origin *of,
    const struct vaultenv_list *secrets, struct vaultenv_error *err)
{
	struct edit e = { .want = NULL };
	int r;

	blob_init(&e.text, FILE_MAX);
	if ((r = vaultenv_list_copy(file->list, &e.want)) != 0 ||
	    (r = blob_append(&e.text, file->text, file->len)) != 0) {
		err_general(err, r);
		goto out;
	}
	if (secrets != NULL && (r = secrets_put(&e, file, secrets, err)) != 0)
		goto out;
	if ((r = origin_set(&e, of, err)) != 0 ||
	    (r = envfile_check(
		 file->path, e.want, &e.text, "The new version", err)) != 0)
		goto out;
	if (e.text.len != file->len ||
	    memcmp(e.text.data, file->text, file->len) != 0)
		r = vaultenv_file_write(
		    file->path, (const char *)e.text.data, e.text.len, err);
out:
	vaultenv_list_free(&e.want);
	blob_reset(&e.text);
	return r;
}
