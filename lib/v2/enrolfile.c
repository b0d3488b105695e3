/* SPDX-License-Identifier: MIT */
/*
 * enrolfile.c: ~/.vault/<project id>.enroll, a device that is being enrolled:
 * secret and name, a line each; role, end, age of cache and version, and
 * whether older versions come along; an environment a line. It is whole and on
 * disk before a server hears of the device, and there until its secret was
 * handed on. Must not judge what it says of the device: the log does.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "v2/enroll.h"

#define TEXT_MAX 16384
#define NUMBERS  5

static const struct home_file file = { ".enroll",
	"keep the device secret in until it is handed on" };

static int
text_make(const struct enrolment *e, struct blob *out)
{
	const struct scope *s = &e->scope;
	int r;

	r = blob_printf(out,
	    "%s\n%s\n%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %d\n",
	    e->secret, e->name, s->role, s->expires_ms, s->cache_s, s->fresh_s,
	    e->no_history);
	for (size_t i = 0; r == 0 && i < s->envs.n; i++)
		r = blob_printf(out, "%s\n", s->envs.at[i]);
	return r;
}

/* The next line, without its end; *at moves behind it. */
static struct text
line_next(const char **at)
{
	const struct text line = { *at, strcspn(*at, "\n") };

	*at += line.len + ((*at)[line.len] == '\n');
	return line;
}

static bool
copy(char *out, size_t size, struct text line)
{
	if (line.len == 0 || line.len >= size)
		return false;
	memcpy(out, line.at, line.len);
	out[line.len] = '\0';
	return true;
}

static bool
numbers_read(struct enrolment *e, struct text line)
{
	int64_t n[NUMBERS];
	const char *at = line.at;
	const char *end = line.at + line.len;
	size_t len;

	for (size_t i = 0; i < NUMBERS; i++) {
		len = strcspn(at, " \n");
		if (at >= end || decimal_parse(at, len, JSON_INT_MAX, &n[i]))
			return false;
		at += len + (at[len] == ' ');
	}
	e->scope.role = n[0];
	e->scope.expires_ms = n[1];
	e->scope.cache_s = n[2];
	e->scope.fresh_s = n[3];
	e->no_history = n[4] != 0;
	return role_name(n[0]) != NULL;
}

/* store_read_private() has taken the last line's end. */
static bool
text_read(struct enrolment *e, const char *text)
{
	struct env_list *envs = &e->scope.envs;
	const char *at = text;

	if (!copy(e->secret, sizeof(e->secret), line_next(&at)) ||
	    !copy(e->name, sizeof(e->name), line_next(&at)) ||
	    !numbers_read(e, line_next(&at)))
		return false;
	for (envs->n = 0; *at != '\0'; envs->n++)
		if (envs->n == LIST_MAX ||
		    !copy(
			envs->at[envs->n], sizeof(envs->at[0]), line_next(&at)))
			return false;
	return envs->n > 0;
}

static int
file_read(const struct vaultenv_client *c, struct enrolment *e,
    const char *path, struct vaultenv_error *err)
{
	struct blob text;
	int r;

	blob_init(&text, TEXT_MAX);
	if ((r = store_read_private(path, TEXT_MAX, &text, err)) != 0)
		goto out;
	r = CODE_KEY_FORM;
	if (text_read(e, (const char *)text.data))
		r = device_read(&e->device, c->project_id, e->secret);
	if (r > 0)
		r = err_set(err, VAULTENV_ERR_INVALID,
		    "Remove it, and revoke the device if the list of devices "
		    "has a new one that nobody knows",
		    "%s does not hold a device that is being enrolled", path);
	else if (r != 0)
		err_general(err, r);
out:
	blob_reset(&text);
	return r;
}

static int
file_make(struct enrolment *e, const char *path, struct vaultenv_error *err)
{
	struct blob text;
	int r;

	blob_init(&text, TEXT_MAX);
	if ((r = device_secret_generate(e->secret)) != 0 ||
	    (r = text_make(e, &text)) != 0)
		err_general(err, r);
	else
		r = store_create_private(
		    path, (const char *)text.data, text.len, err);
	blob_reset(&text);
	return r;
}

static int
is_busy(struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_EXISTS, "Wait for it to end",
	    "Another process is enrolling a device of this project");
}

/* *lock -1, and no error: it is not there any more. */
static int
file_lock(const char *path, int *lock, struct vaultenv_error *err)
{
	struct stat st;

	*lock = open(path, O_RDONLY | O_NOFOLLOW | OPEN_SAFELY);
	if (*lock < 0)
		return errno == ENOENT
			   ? 0
			   : err_errno(err, NULL, "Cannot open %s", path);
	if (flock(*lock, LOCK_EX | LOCK_NB) == 0 && fstat(*lock, &st) == 0 &&
	    st.st_nlink > 0)
		return 0;
	project_unlock(lock);
	return is_busy(err);
}

int
enrolment_open(const struct vaultenv_client *c, struct enrolment *e, int *lock,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	char *path = NULL;
	int r;

	*lock = -1;
	if ((r = home_file_path(c->project_id, &file, &path, err)) != 0 ||
	    (r = file_lock(path, lock, err)) != 0)
		goto out;
	e->is_resumed = *lock >= 0;
	if (!e->is_resumed) {
		r = file_make(e, path, &why);
		if (r == VAULTENV_ERR_EXISTS)
			r = is_busy(&why);
		if (r != 0) {
			err_copy(err, &why);
			goto out;
		}
		if ((r = file_lock(path, lock, err)) != 0)
			goto out;
	}
	r = file_read(c, e, path, err);
out:
	if (r != 0)
		project_unlock(lock);
	free(path);
	return r;
}

int
enrolment_remove(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	return home_file_remove(c->project_id, &file, err);
}
