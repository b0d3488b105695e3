/* SPDX-License-Identifier: MIT */
/*
 * dotenv-parse.c: .env text to a list of names and values. Must not know the
 * syntax: that is dotenv.c's.
 */
#include "config.h"

#include "env/env.h"

#define BATCH  16 /* assignments whose names are looked up together */
#define SAMPLE ((size_t)16 << 10) /* whose lines tell how many there are */

/* If all of the text is like its beginning; the list grows when it is not. */
static size_t
guess_lines(const struct dotenv_scan *s)
{
	size_t n = 1, i = 0;

	for (; i < SAMPLE && (i = dotenv_line_end(s, i)) < s->len; i++)
		n++;
	return i < s->len ? n * (s->len / i + 1) : n;
}

static int
take(struct vaultenv_list *list, const struct dotenv_scan *s,
    const struct dotenv_assignment *a, size_t n, struct blob *scratch)
{
	const char *value;
	size_t len;
	int r = 0;

	for (; n > 0 && r == 0; n--, a++)
		if ((r = dotenv_value(s, a, scratch, &value, &len)) == 0)
			r = list_set_expected(list, s->text + a->name,
			    a->name_len, a->hash, value, len);
	return r;
}

int
vaultenv_dotenv_parse(const char *text, size_t len, struct vaultenv_list **out,
    struct vaultenv_error *err)
{
	struct dotenv_assignment batch[BATCH];
	struct vaultenv_list *list = NULL;
	struct dotenv_scan s;
	struct blob scratch;
	size_t n;
	int r;

	blob_init(&scratch, len);
	dotenv_scan_init(&s, text, len);
	if ((r = vaultenv_list_new(&list)) != 0)
		goto out;
	/* An assignment of n bytes takes n + 1 in the list at most. */
	if ((r = list_reserve(list, guess_lines(&s), len + 1)) != 0)
		goto out;
	do {
		for (n = 0; n < BATCH && dotenv_next(&s, &batch[n]); n++)
			batch[n].hash = list_expect(
			    list, text + batch[n].name, batch[n].name_len);
		if ((r = take(list, &s, batch, n, &scratch)) != 0)
			goto out;
	} while (n == BATCH);
	*out = list;
	list = NULL;
out:
	if (r == VAULTENV_ERR_INVALID)
		err_set(err, r, "Split it",
		    "The .env text has more than 1,000,000 names or 16 MiB of "
		    "values");
	else if (r != 0)
		err_general(err, r);
	vaultenv_list_free(&list);
	blob_reset(&scratch);
	return r;
}
