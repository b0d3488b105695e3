/* SPDX-License-Identifier: MIT */
/*
 * exposed.c: ~/.vault/<project id>.exposed, the secrets that a removed device
 * could read and that were not changed since, a line each:
 *
 *	<environment> <version at the removal> <64 hex> <name>
 *
 * A line goes when the value differs, or the name is gone. After a rotation,
 * by whomever, the hex is another one: so a line that fits no more is compared
 * with the version of then before it goes, and written anew if that is why.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "v2/exposed.h"
#include "wire/labels.h"
#include "wire/lp.h"

#define TEXT_MAX ((size_t)16 << 20)
#define MARK_LEN ((size_t)2 * MAC_LEN)
#define GROWTH   64

void
vaultenv_exposed_free(struct vaultenv_exposed **exposed)
{
	struct vaultenv_exposed *e;

	if (exposed == NULL || (e = *exposed) == NULL)
		return;
	for (size_t i = 0; i < e->n; i++) {
		free(e->at[i].environment);
		free(e->at[i].name);
	}
	free(e->at);
	free(e);
	*exposed = NULL;
}

struct vaultenv_exposed_name *
exposed_add(struct vaultenv_exposed *e)
{
	struct vaultenv_exposed_name *grown = e->at;

	if (e->n % GROWTH == 0) {
		grown = reallocarray(e->at, e->n + GROWTH, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		e->at = grown;
	}
	e->at[e->n] = (struct vaultenv_exposed_name){ .first = 0 };
	return &e->at[e->n++];
}

int
exposed_mark(const struct vaultenv_client *c, const char *env,
    const struct vaultenv_pair *pair, char mark[MARK_LEN + 1])
{
	uint8_t key[KEY_LEN], mac[MAC_LEN];
	struct blob text;
	int r;

	blob_init(&text, SIZE_MAX);
	if ((r = cache_key_derive(
		 key, team_key(c->team), &c->team->keys->device)) == 0 &&
	    (r = lp_append_text(&text, LABEL_EXPOSED_V2)) == 0 &&
	    (r = lp_append_text(&text, env)) == 0 &&
	    (r = lp_append_text(&text, pair->name)) == 0 &&
	    (r = lp_append(&text, pair->value, pair->value_len)) == 0 &&
	    (r = hmac_sha256(mac, key, sizeof(key), text.data, text.len)) == 0)
		hex_encode(mark, mac, sizeof(mac));
	mem_wipe(key, sizeof(key));
	blob_reset(&text);
	return r;
}

/* ---- the file ---- */

static bool
word_next(const char **at, char end, struct text *word)
{
	const char *stop = strchr(*at, end);

	if (stop == NULL)
		return false;
	*word = (struct text){ *at, (size_t)(stop - *at) };
	*at = stop + 1;
	return true;
}

/* A line that is none, of a newer version or edited, is passed over. */
static int
line_read(struct vaultenv_exposed *out, const char **at)
{
	struct vaultenv_exposed_name *e;
	const struct text line = { *at, strcspn(*at, "\n") };
	struct text env, version, mark;
	const char *rest = *at;
	int64_t n;

	*at += line.len + (line.at[line.len] == '\n');
	if (!word_next(&rest, ' ', &env) || !word_next(&rest, ' ', &version) ||
	    !word_next(&rest, ' ', &mark) || rest >= line.at + line.len ||
	    mark.len != MARK_LEN || !env_is_valid(env.at, env.len) ||
	    decimal_parse(version.at, version.len, JSON_INT_MAX, &n) != 0)
		return 0;
	if ((e = exposed_add(out)) == NULL)
		return VAULTENV_ERR_NOMEM;
	e->last = n;
	memcpy(e->mark, mark.at, MARK_LEN);
	e->environment = strndup(env.at, env.len);
	e->name = strndup(rest, (size_t)(line.at + line.len - rest));
	return e->environment == NULL || e->name == NULL ? VAULTENV_ERR_NOMEM
							 : 0;
}

/* No file: no line. text is what it holds. */
static int
file_read(const char *path, struct blob *text, struct vaultenv_exposed *out,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	const char *at;
	int r;

	r = store_read_kept(path, TEXT_MAX, text, &why);
	if (r == VAULTENV_ERR_NOT_FOUND)
		return 0;
	if (r != 0)
		return err_copy(err, &why);
	at = text->len == 0 ? "" : (const char *)text->data;
	while (r == 0 && *at != '\0')
		r = line_read(out, &at);
	return r == 0 ? 0 : err_general(err, r);
}

static int
text_make(const struct vaultenv_exposed *e, struct blob *text)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->n; i++)
		if (e->at[i].mark[0] != '\0')
			r = blob_printf(text, "%s %" PRId64 " %s %s\n",
			    e->at[i].environment, e->at[i].last, e->at[i].mark,
			    e->at[i].name);
	return r;
}

static bool
same_text(const struct blob *a, const struct blob *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Over what held `before`, and nothing else. */
static int
file_write(const char *path, const struct blob *before,
    const struct vaultenv_exposed *e, struct vaultenv_error *err)
{
	struct blob text;
	int r;

	blob_init(&text, TEXT_MAX);
	if ((r = text_make(e, &text)) != 0)
		err_general(err, r);
	else if (text.len == 0)
		r = store_remove(path, err);
	else if (!same_text(&text, before))
		r = vaultenv_file_write(
		    path, (const char *)text.data, text.len, err);
	blob_reset(&text);
	return r;
}

static const struct home_file file = { ".exposed",
	"remember what a removed device could read" };

/* ---- kept ---- */

static struct vaultenv_exposed_name *
same_name(struct vaultenv_exposed *in, const struct vaultenv_exposed_name *of)
{
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->at[i].name, of->name) == 0 &&
		    strcmp(in->at[i].environment, of->environment) == 0)
			return &in->at[i];
	return NULL;
}

/* The last removal counts: what was changed since the one before is exposed
 * again. A name with a line break, which no file can hold, is not kept. */
static int
lines_add(struct vaultenv_exposed *to, const struct vaultenv_exposed *from)
{
	struct vaultenv_exposed_name *line;

	for (size_t i = 0; i < from->n; i++) {
		const struct vaultenv_exposed_name *e = &from->at[i];

		if (e->mark[0] == '\0' || strchr(e->name, '\n') != NULL)
			continue;
		if ((line = same_name(to, e)) == NULL) {
			if ((line = exposed_add(to)) == NULL ||
			    (line->name = strdup(e->name)) == NULL ||
			    (line->environment = strdup(e->environment)) ==
				NULL)
				return VAULTENV_ERR_NOMEM;
		}
		line->last = e->last;
		memcpy(line->mark, e->mark, sizeof(line->mark));
	}
	return 0;
}

int
vaultenv_exposed_keep(struct vaultenv_client *c,
    const struct vaultenv_exposed *exposed, struct vaultenv_error *err)
{
	struct vaultenv_exposed *all;
	struct blob text;
	char *path = NULL;
	int lock = -1, r;

	if ((all = calloc(1, sizeof(*all))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	blob_init(&text, TEXT_MAX);
	if ((r = team_begin(c, err)) != 0 ||
	    (r = home_file_path(c->project_id, &file, &path, err)) != 0 ||
	    (r = project_lock(&c->team->files, &lock, err)) != 0 ||
	    (r = file_read(path, &text, all, err)) != 0)
		goto out;
	if ((r = lines_add(all, exposed)) != 0)
		err_general(err, r);
	else
		r = file_write(path, &text, all, err);
out:
	project_unlock(&lock);
	vaultenv_exposed_free(&all);
	blob_reset(&text);
	free(path);
	return r;
}

/* ---- what is left ---- */

/* The newest version of an environment, and the one of then. */
struct then_and_now {
	const char *env;
	bool has_now;
	struct vaultenv_list *now;
	int64_t version;
	struct vaultenv_list *then;
};

static void
pulled(struct vaultenv_client *c, const char *env, int64_t version,
    struct vaultenv_list **out)
{
	const struct pull how = { .env = env,
		.number = version,
		.no_cache = true,
		.take_stale = true };
	struct opened o;

	vaultenv_list_free(out);
	if (team_pull(c, &how, &o, NULL) == 0)
		(void)opened_list(&o, out, NULL);
	opened_reset(&o);
}

static bool
fits(const struct vaultenv_client *c, const struct vaultenv_exposed_name *e,
    const struct vaultenv_list *list, char mark[MARK_LEN + 1])
{
	const struct vaultenv_pair *pair = vaultenv_list_find(list, e->name);

	return pair != NULL &&
	       exposed_mark(c, e->environment, pair, mark) == 0 &&
	       strcmp(mark, e->mark) == 0;
}

/* Drops a line, by its mark, if what it says is no more. What cannot be told
 * stays. */
static void
line_judge(struct vaultenv_client *c, struct vaultenv_exposed_name *e,
    struct then_and_now *t)
{
	char now[MARK_LEN + 1] = "", then[MARK_LEN + 1] = "";

	if (!t->has_now || strcmp(t->env, e->environment) != 0) {
		pulled(c, e->environment, 0, &t->now);
		t->env = e->environment;
		t->has_now = true;
		t->version = 0;
	}
	if (t->now == NULL || fits(c, e, t->now, now))
		return;
	if (now[0] != '\0') {
		if (t->version != e->last)
			pulled(c, e->environment, e->last, &t->then);
		t->version = e->last;
		if (t->then == NULL)
			return;
		/* The key is another one: then and now are the same. */
		if (!fits(c, e, t->then, then) && strcmp(then, now) == 0) {
			memcpy(e->mark, now, sizeof(e->mark));
			return;
		}
	}
	e->mark[0] = '\0';
}

static void
dropped_remove(struct vaultenv_exposed *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (e->at[i].mark[0] != '\0') {
			e->at[n++] = e->at[i];
			continue;
		}
		free(e->at[i].environment);
		free(e->at[i].name);
	}
	e->n = n;
}

/* Pulls take the lock themselves; so it is held from here on, and if another
 * process has written meanwhile, the next run has to do it. */
static int
left_write(struct vaultenv_client *c, const char *path,
    const struct blob *before, const struct vaultenv_exposed *left,
    struct vaultenv_error *err)
{
	struct blob now;
	int lock = -1, r;

	blob_init(&now, TEXT_MAX);
	if ((r = project_lock(&c->team->files, &lock, err)) == 0 &&
	    store_read_kept(path, TEXT_MAX, &now, NULL) == 0 &&
	    same_text(&now, before))
		r = file_write(path, before, left, err);
	project_unlock(&lock);
	blob_reset(&now);
	return r;
}

static int
left_read(struct vaultenv_client *c, const char *path,
    struct vaultenv_exposed *all, struct vaultenv_error *err)
{
	struct then_and_now t = { .env = NULL };
	struct blob text;
	int r;

	blob_init(&text, TEXT_MAX);
	if ((r = file_read(path, &text, all, err)) != 0 || all->n == 0 ||
	    (r = team_begin(c, err)) != 0)
		goto out;
	for (size_t i = 0; i < all->n; i++)
		line_judge(c, &all->at[i], &t);
	vaultenv_list_free(&t.now);
	vaultenv_list_free(&t.then);
	dropped_remove(all);
	r = left_write(c, path, &text, all, err);
out:
	blob_reset(&text);
	return r;
}

int
vaultenv_exposed_left(struct vaultenv_client *c, struct vaultenv_exposed **out,
    struct vaultenv_error *err)
{
	struct vaultenv_exposed *all;
	char *path = NULL;
	int r = 0;

	if ((all = calloc(1, sizeof(*all))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (c->protocol->number == 2 &&
	    (r = home_path(c->project_id, file.end, &path, err)) != 0)
		goto out;
	if (path != NULL)
		r = left_read(c, path, all, err);
	if (r == 0) {
		*out = all;
		all = NULL;
	}
out:
	vaultenv_exposed_free(&all);
	free(path);
	return r;
}
