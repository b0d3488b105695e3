/* SPDX-License-Identifier: MIT */
/*
 * The ordered map of names and values: order, replacement, deletion, limits,
 * differences, arguments that lie in the list itself, and a random comparison
 * with a model that is too simple to be wrong.
 */
#include "config.h"

#include <malloc.h>

#include "tap.h"
#include "vaultenv.h"

/* "A=1 B=2", valid until the next call. */
static const char *
shown(const struct vaultenv_list *list)
{
	static char text[1024];
	const struct vaultenv_pair *pair;

	text[0] = '\0';
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		if (i > 0)
			strcat(text, " ");
		strcat(text, pair->name);
		strcat(text, "=");
		strcat(text, pair->value);
	}
	return text;
}

static int
set(struct vaultenv_list *list, const char *name, const char *value)
{
	return vaultenv_list_set(list, name, value, strlen(value));
}

static void
order(void)
{
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;

	is_int(vaultenv_list_new(&list), 0, "a list is made");
	is_int((intmax_t)vaultenv_list_len(list), 0, "it is empty");
	ok(vaultenv_list_at(list, 0) == NULL, "nothing is at its start");
	ok(vaultenv_list_find(list, "A") == NULL, "nothing is found in it");
	is_int(vaultenv_list_delete(list, "A"), VAULTENV_ERR_NOT_FOUND,
	    "nothing can be deleted");
	set(list, "B", "1");
	set(list, "A", "2");
	set(list, "__proto__", "3");
	is_str(shown(list), "B=1 A=2 __proto__=3", "names keep their order");
	set(list, "B", "a longer value");
	is_str(shown(list), "B=a longer value A=2 __proto__=3",
	    "a replaced value keeps its place");
	set(list, "B", "");
	is_str(shown(list), "B= A=2 __proto__=3", "a shorter one too");
	is_int(vaultenv_list_set(list, "N", "x\0y", 3), 0, "a NUL in a value");
	pair = vaultenv_list_find(list, "N");
	ok(pair != NULL && pair->value_len == 3 &&
		memcmp(pair->value, "x\0y", 4) == 0,
	    "is kept, and one follows");
	is_int(vaultenv_list_set(list, "E", NULL, 0), 0, "no value at all");
	is_str(vaultenv_list_find(list, "E")->value, "", "is an empty one");
	is_int(vaultenv_list_delete(list, "B"), 0, "the first is deleted");
	is_int(vaultenv_list_delete(list, "N"), 0, "one in the middle");
	is_str(
	    shown(list), "A=2 __proto__=3 E=", "the others keep their order");
	ok(vaultenv_list_find(list, "B") == NULL &&
		vaultenv_list_find(list, "E") != NULL,
	    "and are found");
	set(list, "B", "4");
	is_str(shown(list), "A=2 __proto__=3 E= B=4", "a new B comes last");
	is_int(vaultenv_list_set(list, "", "x", 1), VAULTENV_ERR_INVALID,
	    "an empty name is refused");
	is_int(vaultenv_list_set(list, NULL, "x", 1), VAULTENV_ERR_INVALID,
	    "no name too");
	is_int(vaultenv_list_set(list, "A=B", "x", 1), VAULTENV_ERR_INVALID,
	    "a name with '=' too");
	is_int(set(list, "A B\n\xc3\xa4", "x"), 0, "any other name is taken");
	vaultenv_list_free(&list);
	ok(list == NULL, "free clears the pointer");
	vaultenv_list_free(&list);
	vaultenv_list_free(NULL);
}

static void
copy(void)
{
	struct vaultenv_list *list = NULL, *same = NULL;

	vaultenv_list_new(&list);
	is_int(vaultenv_list_copy(list, &same), 0, "an empty list is copied");
	is_int((intmax_t)vaultenv_list_len(same), 0, "to an empty one");
	set(same, "A", "1");
	vaultenv_list_free(&same);
	set(list, "B", "1");
	set(list, "GONE", "x");
	vaultenv_list_set(list, "N", "x\0y", 3);
	set(list, "A", "2");
	set(list, "E", "");
	vaultenv_list_delete(list, "GONE");
	is_int(vaultenv_list_copy(list, &same), 0, "a list is copied");
	is_str(shown(same), "B=1 N=x A=2 E=", "with its order");
	ok(vaultenv_list_find(same, "N")->value_len == 3 &&
		memcmp(vaultenv_list_find(same, "N")->value, "x\0y", 4) == 0,
	    "and every byte");
	set(same, "B", "3");
	set(same, "NEW", "4");
	is_str(shown(list), "B=1 N=x A=2 E=", "what becomes of the copy");
	vaultenv_list_free(&list);
	is_str(shown(same), "B=3 N=x A=2 E= NEW=4", "is its own matter");
	vaultenv_list_free(&same);
}

static void
own_memory(void)
{
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;

	vaultenv_list_new(&list);
	set(list, "A", "0123456789");
	pair = vaultenv_list_find(list, "A");
	vaultenv_list_set(list, pair->name, pair->value + 3, 4);
	is_str(shown(list), "A=3456", "a value may be a part of itself");
	pair = vaultenv_list_find(list, "A");
	set(list, "B", pair->value);
	pair = vaultenv_list_find(list, "B");
	set(list, pair->value, pair->name);
	is_str(
	    shown(list), "A=3456 B=3456 3456=B", "names and values of its own");
	pair = vaultenv_list_find(list, "B");
	set(list, "A", pair->name);
	vaultenv_list_delete(list, vaultenv_list_at(list, 1)->name);
	is_str(shown(list), "A=B 3456=B", "also for deleting");
	vaultenv_list_free(&list);
}

static void
differences(void)
{
	static const char *const want[] = { "+D", "~B", "+E", "-A" };
	struct vaultenv_list *before = NULL, *after = NULL;
	struct vaultenv_change *changes = NULL;
	size_t n = 99;

	vaultenv_list_new(&before);
	vaultenv_list_new(&after);
	is_int(vaultenv_list_diff(before, after, &changes, &n), 0,
	    "two empty lists are compared");
	ok(n == 0 && changes == NULL, "they do not differ");
	set(before, "A", "1");
	set(before, "B", "2");
	set(before, "C", "3");
	set(after, "D", "4");
	set(after, "C", "3");
	vaultenv_list_set(after, "B", "2\0", 2);
	set(after, "E", "");
	is_int(vaultenv_list_diff(before, after, &changes, &n), 0,
	    "two that differ");
	is_int((intmax_t)n, 4, "differ in four names");
	for (size_t i = 0; i < 4 && i < n; i++)
		ok(changes[i].mark == want[i][0] &&
			strcmp(changes[i].name, want[i] + 1) == 0,
		    "change %zu is %s", i, want[i]);
	free(changes);
	is_int(vaultenv_list_diff(NULL, after, &changes, &n), 0,
	    "nothing was there before");
	ok(n == 4 && changes[0].mark == '+' && changes[3].mark == '+',
	    "so all are new");
	free(changes);
	vaultenv_list_free(&before);
	vaultenv_list_free(&after);
}

static void
load(size_t n)
{
	struct vaultenv_list *list = NULL;
	char name[32];
	size_t found = 0;

	vaultenv_list_new(&list);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "NAME_%zu", i);
		set(list, name, name);
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "NAME_%zu", i);
		found +=
		    vaultenv_list_find(list, name) == vaultenv_list_at(list, i);
	}
	is_int(
	    (intmax_t)found, (intmax_t)n, "every name is found in its place");
	if (n == 1000000) {
		is_int(set(list, "ONE_MORE", ""), VAULTENV_ERR_INVALID,
		    "no more than 1,000,000 names are taken");
		is_int(
		    set(list, "NAME_7", "x"), 0, "an old one may still change");
	}
	vaultenv_list_free(&list);
}

static void
size(void)
{
	const size_t max = (size_t)16 << 20;
	struct vaultenv_list *list = NULL;
	char *value = calloc(1, max + 1);

	load(10000);
	load(1000000);

	vaultenv_list_new(&list);
	is_int(vaultenv_list_set(list, "A", value, max + 1),
	    VAULTENV_ERR_INVALID, "a value over 16 MiB is refused");
	is_int(vaultenv_list_set(list, "A", value, max), 0, "16 MiB is taken");
	is_int(set(list, "B", "x"), VAULTENV_ERR_INVALID, "and then no more");
	is_int(set(list, "B", ""), 0, "but an empty value");
	is_int(vaultenv_list_set(list, "A", value, max - 1), 0,
	    "the large one may shrink");
	is_int(set(list, "B", "x"), 0, "which makes room");
	is_int(vaultenv_list_delete(list, "A"), 0, "or go");
	is_int(vaultenv_list_set(list, "C", value, max - 1), 0,
	    "which makes more");
	is_str(vaultenv_list_find(list, "B")->value, "x", "the rest stands");
	vaultenv_list_free(&list);
	free(value);
}

/* 200 names, changed at random 30,000 times, which compacts the list often. */
static void
model(void)
{
	enum { N = 200 };
	static char values[N][700];
	static int place[N], n_places;
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;
	char name[16], value[700];
	uint32_t state = 1;
	size_t n_bad = 0, len;
	int k;

	vaultenv_list_new(&list);
	for (int round = 0; round < 30000; round++) {
		state = state * 1664525 + 1013904223;
		k = (int)((state >> 8) % N);
		snprintf(name, sizeof(name), "N%d", k);
		if (state >> 30 == 0) {
			n_bad += (vaultenv_list_delete(list, name) == 0) !=
				 (place[k] != 0);
			place[k] = 0;
			continue;
		}
		len = (state >> 12) % (sizeof(value) - 1);
		memset(value, 'a' + (int)(state % 26), len);
		value[len] = '\0';
		n_bad += set(list, name, value) != 0;
		if (place[k] == 0)
			place[k] = ++n_places;
		strcpy(values[k], value);
	}
	len = 0;
	for (k = 0; k < N; k++) {
		snprintf(name, sizeof(name), "N%d", k);
		pair = vaultenv_list_find(list, name);
		n_bad += (pair != NULL) != (place[k] != 0);
		n_bad += pair != NULL && strcmp(pair->value, values[k]) != 0;
		len += place[k] != 0;
	}
	n_bad += len != vaultenv_list_len(list);
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		n_bad += vaultenv_list_find(list, pair->name) != pair;
		n_bad += strlen(pair->value) != pair->value_len;
	}
	for (size_t i = 1; i < vaultenv_list_len(list); i++)
		n_bad += place[atoi(vaultenv_list_at(list, i)->name + 1)] <=
			 place[atoi(vaultenv_list_at(list, i - 1)->name + 1)];
	is_int(
	    (intmax_t)n_bad, 0, "30,000 random changes do as the model does");
	vaultenv_list_free(&list);
}

/* Under a sanitizer or valgrind the figures are 0 and this shows nothing. */
static void
memory(void)
{
	struct vaultenv_list *list = NULL;
	struct mallinfo2 m;
	char value[1000] = { 0 };

	vaultenv_list_new(&list);
	for (int i = 0; i < 100000; i++)
		vaultenv_list_set(list, "A", value, i % 2 ? sizeof(value) : 1);
	m = mallinfo2();
	ok(m.uordblks + m.hblkhd < (size_t)2 << 20,
	    "100,000 changes of one value leave no litter (%zu bytes)",
	    m.uordblks + m.hblkhd);
	for (int i = 0; i < 100000; i++) {
		vaultenv_list_set(list, "B", value, 500);
		vaultenv_list_delete(list, "B");
	}
	m = mallinfo2();
	ok(m.uordblks + m.hblkhd < (size_t)2 << 20,
	    "100,000 additions and deletions neither (%zu bytes)",
	    m.uordblks + m.hblkhd);
	vaultenv_list_free(&list);
}

int
main(void)
{
	memory();
	order();
	copy();
	own_memory();
	differences();
	size();
	model();
	ok(vaultenv_name_is_reserved("VAULT_KEY") &&
		vaultenv_name_is_reserved("VAULT_URL") &&
		vaultenv_name_is_reserved("VAULT_DEVICE_SECRET"),
	    "three names are never pushed");
	ok(!vaultenv_name_is_reserved("VAULT_KEY2") &&
		!vaultenv_name_is_reserved("vault_key") &&
		!vaultenv_name_is_reserved(""),
	    "others are");
	return tap_done();
}
