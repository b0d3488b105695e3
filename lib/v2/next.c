/* SPDX-License-Identifier: MIT */
/*
 * next.c: ~/.vault/<project id>.next, the secret of a VAULT_KEY that is to
 * replace the one in use: 64 hex digits, and a line "prepared" once it was
 * handed out as VAULT_KEY_NEXT. It is there before a server hears of the key,
 * and until the key is in its place; so it is never the only thing that is
 * lost. Must not judge whether it may be used.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/rotate.h"

#define SECRET_HEX ((size_t)2 * KEY_LEN)
#define PREPARED   "prepared"
#define TEXT_MAX   (SECRET_HEX + sizeof("\n" PREPARED "\n"))

static const struct home_file file = { ".next", "keep the next VAULT_KEY in" };

static int
read_text(struct next_secret *next, const struct blob *text)
{
	const char *at = (const char *)text->data;

	if (text->len < SECRET_HEX ||
	    hex_decode(next->secret, KEY_LEN, at, SECRET_HEX) != 0)
		return VAULTENV_ERR_INVALID;
	next->is_there = true;
	at += SECRET_HEX;
	next->is_prepared = strcmp(at, "\n" PREPARED) == 0;
	return *at == '\0' || next->is_prepared ? 0 : VAULTENV_ERR_INVALID;
}

int
next_read(const struct vaultenv_client *c, struct next_secret *next,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	struct blob text;
	char *path = NULL;
	int r;

	next->is_there = next->is_prepared = false;
	blob_init(&text, TEXT_MAX);
	if ((r = home_file_path(c->project_id, &file, &path, err)) != 0)
		goto out;
	r = store_read_private(path, TEXT_MAX, &text, &why);
	if (r == VAULTENV_ERR_NOT_FOUND)
		r = 0;
	else if (r != 0)
		err_copy(err, &why);
	else if ((r = read_text(next, &text)) != 0)
		err_set(err, r, "Remove it, if no VAULT_KEY was made from it",
		    "%s does not hold the secret of a VAULT_KEY", path);
out:
	blob_reset(&text);
	free(path);
	return r;
}

int
next_write(const struct vaultenv_client *c, const struct next_secret *next,
    struct vaultenv_error *err)
{
	char text[TEXT_MAX + 1], *path = NULL;
	int r;

	if ((r = home_file_path(c->project_id, &file, &path, err)) != 0)
		return r;
	hex_encode(text, next->secret, KEY_LEN);
	strcpy(
	    text + SECRET_HEX, next->is_prepared ? "\n" PREPARED "\n" : "\n");
	r = next->is_there
		? vaultenv_file_write(path, text, strlen(text), err)
		: store_create_private(path, text, strlen(text), err);
	mem_wipe(text, sizeof(text));
	free(path);
	return r;
}

int
next_remove(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	return home_file_remove(c->project_id, &file, err);
}

bool
next_is_there(const struct vaultenv_client *c)
{
	char *path = NULL;
	struct stat st;
	bool there;

	there = home_file_path(c->project_id, &file, &path, NULL) == 0 &&
		lstat(path, &st) == 0;
	free(path);
	return there;
}
