/* SPDX-License-Identifier: MIT */
/*
 * origin.c: the one comment line by which a .env file knows what it was made
 * from, also when it is copied: "# vault-env: made from development 3, staging
 * 1 of project <id>". Other readers of .env text pass over it. Must not be
 * trusted with more than a comparison: whoever writes the file can write it.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "disk/disk.h"

#define START   "# vault-env: made from "
#define PROJECT " of project "
#define BOM     "\xef\xbb\xbf"

/* A line, or what is left of it. */
struct part {
	const char *text;
	size_t len;
};

static bool
part_skip(struct part *p, const char *text)
{
	const size_t len = strlen(text);

	if (p->len < len || memcmp(p->text, text, len) != 0)
		return false;
	p->text += len;
	p->len -= len;
	return true;
}

/* What stands before `end`, which is skipped; all of it if that is not there.
 */
static struct part
part_before(struct part *p, const char *end)
{
	const char *at = memmem(p->text, p->len, end, strlen(end));
	struct part before = { p->text, p->len };

	if (at != NULL)
		before.len = (size_t)(at - p->text);
	p->text += before.len;
	p->len -= before.len;
	(void)part_skip(p, end);
	return before;
}

static bool
part_is(struct part p, const char *text)
{
	return p.len == strlen(text) && memcmp(p.text, text, p.len) == 0;
}

/* Lines of a value that only look like it, in the order of the text. */
struct values {
	struct dotenv_scan scan;
	struct dotenv_assignment at;
	bool more;
};

static void
values_init(struct values *v, const char *text, size_t len)
{
	dotenv_scan_init(&v->scan, text, len);
	v->more = dotenv_next(&v->scan, &v->at);
}

/* A line that begins there is of a value; of an earlier line nothing is asked
 * any more. */
static bool
values_have(struct values *v, size_t line)
{
	while (v->more && v->at.value_end <= line)
		v->more = dotenv_next(&v->scan, &v->at);
	return v->more && v->at.name < line;
}

/* Finds the line; its versions are of this project, or empty. */
static bool
line_find(const char *text, size_t len, const char *project_id,
    struct part *line, struct part *versions)
{
	struct part rest = { text, len };
	struct values values;

	values_init(&values, text, len);
	(void)part_skip(&rest, BOM);
	while (rest.len > 0) {
		struct part whole = part_before(&rest, "\n");
		struct part p;

		if (whole.len > 0 && whole.text[whole.len - 1] == '\r')
			whole.len--;
		p = whole;
		if (!part_skip(&p, START) ||
		    values_have(&values, (size_t)(whole.text - text)))
			continue;
		*line = whole;
		*versions = part_before(&p, PROJECT);
		if (!part_is(p, project_id))
			versions->len = 0;
		return true;
	}
	return false;
}

/* Takes "NAME N" off versions. False: there is none, or no sense in it. */
static bool
version_next(struct part *versions, struct part *name, int64_t *version)
{
	struct part item;

	if (versions->len == 0)
		return false;
	item = part_before(versions, ", ");
	*name = part_before(&item, " ");
	return decimal_parse(item.text, item.len, INT64_MAX, version) == 0;
}

int64_t
origin_find(const char *text, size_t len, const struct origin *of)
{
	struct part line, versions, name;
	int64_t version;

	if (!line_find(text, len, of->project_id, &line, &versions))
		return -1;
	while (version_next(&versions, &name, &version))
		if (part_is(name, of->environment))
			return version;
	return -1;
}

static int
line_append(struct blob *out, struct part versions, const struct origin *of)
{
	struct part name;
	int64_t version;
	int r;

	if ((r = blob_append_str(out, START)) != 0)
		return r;
	while (version_next(&versions, &name, &version)) {
		if (part_is(name, of->environment))
			continue;
		r = blob_printf(out, "%.*s %" PRId64 ", ", (int)name.len,
		    name.text, version);
		if (r != 0)
			return r;
	}
	return blob_printf(out, "%s %" PRId64 PROJECT "%s", of->environment,
	    of->version, of->project_id);
}

int
origin_put(
    struct blob *out, const char *text, size_t len, const struct origin *of)
{
	struct part rest = { text, len }, line = { text, 0 }, versions = line;
	const bool is_there =
	    line_find(text, len, of->project_id, &line, &versions);
	size_t before;
	int r;

	if (!is_there && part_skip(&rest, BOM))
		line.text = rest.text;
	before = (size_t)(line.text - text);
	if ((r = blob_append(out, text, before)) != 0 ||
	    (r = line_append(out, versions, of)) != 0 ||
	    (!is_there &&
		(r = blob_append_str(out, envfile_line_break(text, len))) != 0))
		return r;
	return blob_append(out, line.text + line.len, len - before - line.len);
}
