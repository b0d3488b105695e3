/* SPDX-License-Identifier: MIT */
/*
 * dotenv-write.c: lists to .env text and to JSON. Each assignment is read back
 * by dotenv.c before it counts as written, alone and in such a way that nothing
 * which may follow it in a file can change it. Must not write files.
 */
#include "config.h"

#include <string.h>

#include "base/json.h"
#include "env/env.h"

/* Six bytes of JSON for one of a value at most, and names, quotes, commas. */
#define TEXT_MAX ((size_t)256 << 20)

/* Beyond letters and digits: what no shell and no reader of .env text takes for
 * anything else. */
#define BARE_SAFE "_-./:@%+,^"

/*
 * The ways to write a value, best first: the plain ones read the same in most
 * other programs too. A backslash at the end would escape the closing quote.
 * The reader gives that quote back when the next one stands inside a line;
 * guard writes such a one, in a comment.
 */
static const struct form {
	char quote; /* 0: none */
	bool plain; /* only BARE_SAFE, or no such quote in the value */
	bool guard;
} forms[] = {
	{ .plain = true },
	{ .quote = '\'', .plain = true },
	{ .quote = '"', .plain = true },
	{ .quote = '`', .plain = true },
	{ .quote = 0 },
	{ .quote = '\'' },
	{ .quote = '"' },
	{ .quote = '`' },
	{ .quote = '\'', .guard = true },
	{ .quote = '"', .guard = true },
	{ .quote = '`', .guard = true },
};

static bool
is_plain(const char *value, size_t len, char quote)
{
	if (quote != 0)
		return memchr(value, quote, len) == NULL;
	for (size_t i = 0; i < len; i++) {
		const char c = value[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') ||
			(c != '\0' && strchr(BARE_SAFE, c) != NULL)))
			return false;
	}
	return len > 0;
}

static int
append_double_quoted(struct blob *out, const char *value, size_t len)
{
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		if (value[i] == '\n')
			r = blob_append(out, "\\n", 2);
		else if (value[i] == '\r')
			r = blob_append(out, "\\r", 2);
		else
			r = blob_append(out, value + i, 1);
	}
	return r;
}

static int
append_form(
    struct blob *out, const struct form *form, const struct vaultenv_pair *pair)
{
	const size_t n_quotes = form->quote == 0 ? 0 : 1;
	int r;

	if ((r = blob_append_str(out, pair->name)) != 0 ||
	    (r = blob_append(out, "=", 1)) != 0 ||
	    (r = blob_append(out, &form->quote, n_quotes)) != 0)
		return r;
	if (form->quote == '"')
		r = append_double_quoted(out, pair->value, pair->value_len);
	else
		r = blob_append(out, pair->value, pair->value_len);
	if (r != 0 || (r = blob_append(out, &form->quote, n_quotes)) != 0)
		return r;
	if (form->guard)
		r = blob_printf(
		    out, " # the %c before # ends the value", form->quote);
	return r;
}

/* 1 if text is an assignment of pair and of nothing else, 0 if not. */
static int
reads_back(const char *text, size_t len, const struct vaultenv_pair *pair)
{
	struct dotenv_assignment a;
	struct dotenv_scan s;
	struct blob scratch;
	const char *value;
	size_t value_len;
	int r = 0;

	blob_init(&scratch, len);
	dotenv_scan_init(&s, text, len);
	if (!dotenv_next(&s, &a) || a.open || a.name != 0 || s.pos != len ||
	    a.name_len != strlen(pair->name))
		goto out;
	if ((r = dotenv_value(&s, &a, &scratch, &value, &value_len)) != 0)
		goto out;
	r = value_len == pair->value_len &&
	    memcmp(value, pair->value, value_len) == 0;
out:
	blob_reset(&scratch);
	return r;
}

static bool
name_is_writable(const char *name)
{
	return *name != '\0' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] ==
		   '\0';
}

/* Says what a value has that no form could hold together. */
static int
refuse(const struct vaultenv_pair *pair, struct vaultenv_error *err)
{
	const char *v = pair->value;
	const size_t len = pair->value_len;
	const char *reasons[9], *between;
	size_t n = 0;
	char text[256] = "";

	if (memchr(v, '\'', len) != NULL)
		reasons[n++] = "a single quote";
	if (memchr(v, '"', len) != NULL)
		reasons[n++] = "a double quote";
	if (memchr(v, '`', len) != NULL)
		reasons[n++] = "a backtick";
	if (n == 3) {
		n = 0;
		reasons[n++] = "all three kinds of quotes";
	}
	if (memmem(v, len, "\\n", 2) != NULL ||
	    memmem(v, len, "\\r", 2) != NULL)
		reasons[n++] = "a backslash before n or r";
	if (memchr(v, '#', len) != NULL)
		reasons[n++] = "a '#'";
	if (memchr(v, '\r', len) != NULL)
		reasons[n++] = "a carriage return";
	if (memchr(v, '\n', len) != NULL)
		reasons[n++] = "a line break";
	if (len > 0 && v[len - 1] == '\\')
		reasons[n++] = "a backslash at its end";
	if (n == 0)
		reasons[n++] = "no form that reads back the same";
	for (size_t i = 0; i < n; i++) {
		between = i == 0 ? "" : i + 1 < n ? ", " : " and ";
		strncat(text, between, sizeof(text) - strlen(text) - 1);
		strncat(text, reasons[i], sizeof(text) - strlen(text) - 1);
	}
	return err_set(err, VAULTENV_ERR_UNWRITABLE, "Use --json instead",
	    "%s cannot be written as .env text: its value has %s", pair->name,
	    text);
}

int
dotenv_append_pair(struct blob *out, const struct vaultenv_pair *pair,
    struct vaultenv_error *err)
{
	const size_t before = out->len;
	int r;

	if (!name_is_writable(pair->name))
		return err_set(err, VAULTENV_ERR_UNWRITABLE,
		    "Use --json instead",
		    "'%.128s' is not a name that .env text can hold (letters, "
		    "digits, '_', '.' and '-')",
		    pair->name);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].plain &&
		    !is_plain(pair->value, pair->value_len, forms[i].quote))
			continue;
		if ((r = append_form(out, &forms[i], pair)) == 0)
			r = reads_back((const char *)out->data + before,
			    out->len - before, pair);
		if (r == 1)
			return 0;
		if (out->data != NULL)
			mem_wipe(out->data + before, out->len - before);
		out->len = before;
		if (r == VAULTENV_ERR_INVALID)
			return err_set(err, r, NULL,
			    "%s is too long to be written", pair->name);
		if (r != 0)
			return err_general(err, r);
	}
	return refuse(pair, err);
}

static int
hand_over(struct blob *b, char **text, size_t *len, struct vaultenv_error *err)
{
	if ((*text = blob_take(b, len)) != NULL)
		return 0;
	return err_general(err, VAULTENV_ERR_NOMEM);
}

int
vaultenv_dotenv_write(const struct vaultenv_list *list, char **text,
    size_t *len, struct vaultenv_error *err)
{
	struct blob b;
	int r = 0;

	blob_init(&b, TEXT_MAX);
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		r = dotenv_append_pair(&b, vaultenv_list_at(list, i), err);
		if (r != 0)
			goto out;
		if ((r = blob_append(&b, "\n", 1)) != 0) {
			err_general(err, r);
			goto out;
		}
	}
	r = hand_over(&b, text, len, err);
out:
	blob_reset(&b);
	return r;
}

int
vaultenv_json_write(const struct vaultenv_list *list, char **text, size_t *len,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	struct blob b;
	int r;

	blob_init(&b, TEXT_MAX);
	if ((r = blob_append(&b, "{", 1)) != 0)
		goto out;
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		if (i > 0 && (r = blob_append(&b, ",", 1)) != 0)
			goto out;
		r = json_append_string(&b, pair->name, strlen(pair->name));
		if (r == VAULTENV_ERR_INVALID)
			r = err_set(err, r, NULL,
			    "'%.128s' cannot be written as JSON: the name is "
			    "not UTF-8",
			    pair->name);
		if (r != 0 || (r = blob_append(&b, ":", 1)) != 0)
			goto out;
		r = json_append_string(&b, pair->value, pair->value_len);
		if (r == VAULTENV_ERR_INVALID)
			r = err_set(err, r, NULL,
			    "%s cannot be written as JSON: its value is not "
			    "UTF-8 or holds a NUL",
			    pair->name);
		if (r != 0)
			goto out;
	}
	if ((r = blob_append(&b, "}", 1)) != 0)
		goto out;
	r = hand_over(&b, text, len, err);
out:
	if (r == VAULTENV_ERR_NOMEM)
		err_general(err, r);
	blob_reset(&b);
	return r;
}
