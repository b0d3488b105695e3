/* SPDX-License-Identifier: MIT */
/*
 * Merging by name: every way in which a name can stand on three sides, with
 * each preference, and the order of what comes out.
 */
#include "config.h"

#include "env/env.h"
#include "tap.h"

/* "A=1 B=2" as a list; NULL: no list. */
static struct vaultenv_list *
list_of(const char *text)
{
	struct vaultenv_list *list = NULL;
	char copy[256], *word, *rest = copy, *value;

	if (text == NULL)
		return NULL;
	vaultenv_list_new(&list);
	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		value = strchr(word, '=');
		*value++ = '\0';
		vaultenv_list_set(list, word, value, strlen(value));
	}
	return list;
}

static void
text_of(const struct vaultenv_list *list, char out[256])
{
	const struct vaultenv_pair *pair;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++)
		len += (size_t)snprintf(out + len, 256 - len, "%s%s=%s",
		    i > 0 ? " " : "", pair->name, pair->value);
}

static void
test_merge(void)
{
	static const struct {
		const char *name, *base, *mine, *theirs;
		const char *neither, *ours,
		    *takes_theirs; /* NULL: as neither */
		const char *conflicts;
	} rows[] = {
		{ "nothing differs", "A=1", "A=1", "A=1", "A=1", NULL, NULL,
		    "" },
		{ "they changed", "A=1", "A=1", "A=2", "A=2", NULL, NULL, "" },
		{ "I changed", "A=1", "A=2", "A=1", "A=2", NULL, NULL, "" },
		{ "both, to the same", "A=1", "A=2", "A=2", "A=2", NULL, NULL,
		    "" },
		{ "both, differently", "A=1", "A=2", "A=3", "A=2", "A=2", "A=3",
		    "A=" },
		{ "they added", "", "", "A=1", "A=1", NULL, NULL, "" },
		{ "I added", "", "A=1", "", "A=1", NULL, NULL, "" },
		{ "both added the same", "", "A=1", "A=1", "A=1", NULL, NULL,
		    "" },
		{ "both added, differently", "", "A=1", "A=2", "A=1", "A=1",
		    "A=2", "A=" },
		{ "they removed", "A=1", "A=1", "", "", NULL, NULL, "" },
		{ "I removed", "A=1", "", "A=1", "", NULL, NULL, "" },
		{ "both removed", "A=1", "", "", "", NULL, NULL, "" },
		{ "they changed what I removed", "A=1", "", "A=2", "", "",
		    "A=2", "A=" },
		{ "I changed what they removed", "A=1", "A=2", "", "A=2", "A=2",
		    "", "A=" },
		{ "an empty value is not a missing one", "A=", "A=", "", "",
		    NULL, NULL, "" },
		{ "mine come first, each in its order", "A=1 B=2", "B=2 C=3",
		    "Z=9 A=1 B=4 Y=8", "B=4 C=3 Z=9 Y=8", NULL, NULL, "" },
		{ "no base at all: theirs are added", NULL, "A=1", "A=2 B=3",
		    "A=1 B=3", NULL, "A=2 B=3", "A=" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const want[] = { rows[i].neither, rows[i].ours,
			rows[i].takes_theirs };
		struct vaultenv_list *base = list_of(rows[i].base);
		struct vaultenv_list *mine = list_of(rows[i].mine);
		struct vaultenv_list *theirs = list_of(rows[i].theirs);

		for (int side = LIST_NEITHER; side <= LIST_THEIRS; side++) {
			struct vaultenv_list *conflicts = NULL, *out = NULL;

			vaultenv_list_new(&conflicts);
			is_int(list_merge(base, mine, theirs,
				   (enum list_side)side, &out, conflicts),
			    0, rows[i].name);
			text_of(out, text);
			is_str(text,
			    want[side] != NULL ? want[side] : rows[i].neither,
			    "gives what it must");
			text_of(conflicts, text);
			is_str(text,
			    side == LIST_NEITHER ? rows[i].conflicts : "",
			    "and names what both changed");
			vaultenv_list_free(&conflicts);
			vaultenv_list_free(&out);
		}
		vaultenv_list_free(&base);
		vaultenv_list_free(&mine);
		vaultenv_list_free(&theirs);
	}
}

static void
test_names(void)
{
	struct vaultenv_list *list = NULL;
	char out[NAMES_TEXT], name[64], huge[400];

	vaultenv_list_new(&list);
	names_join(list, out);
	is_str(out, "", "no names");
	vaultenv_list_set(list, "A", "", 0);
	names_join(list, out);
	is_str(out, "A", "one name");
	vaultenv_list_set(list, "B", "", 0);
	names_join(list, out);
	is_str(out, "A and B", "two");
	vaultenv_list_set(list, "C", "", 0);
	names_join(list, out);
	is_str(out, "A, B and C", "three");
	for (int i = 0; i < 97; i++) {
		snprintf(name, sizeof(name), "LONGER_NAME_%02d", i);
		vaultenv_list_set(list, name, "", 0);
	}
	names_join(list, out);
	ok(strlen(out) < NAMES_TEXT && strstr(out, "LONGER_NAME_00") != NULL &&
		strstr(out, " more") != NULL,
	    "a hundred: some, and how many more");
	vaultenv_list_free(&list);
	vaultenv_list_new(&list);
	memset(huge, 'N', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	vaultenv_list_set(list, huge, "", 0);
	names_join(list, out);
	is_str(out, "1 names", "one that is longer than all room");
	vaultenv_list_free(&list);
}

int
main(void)
{
	test_merge();
	test_names();
	return tap_done();
}
