/* SPDX-License-Identifier: MIT */
/*
 * merge-t: arrays as PostgreSQL's array_send() writes them, and each request
 * its own row and no other.
 */
#include "config.h"

#include <string.h>

#include "db/merge.h"
#include "tap.h"

static void
test_params(void)
{
	/* select array_send(array['ab', '']), array_send(array['\x00ff'::bytea,
	 * '\x01']) */
	static const char text[] = "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\2\0\0\0\1"
				   "\0\0\0\2"
				   "ab"
				   "\0\0\0\0";
	static const char bytes[] = "\0\0\0\1\0\0\0\0\0\0\0\x11\0\0\0\2\0\0\0\1"
				    "\0\0\0\2\0\xff"
				    "\0\0\0\1\1";
	struct db_params one = { .n = 0 }, two = { .n = 0 }, out;
	struct db_item a = { .params = &one }, b = { .params = &two };
	struct db_item *items[] = { &a, &b };
	struct db_array arrays[DB_PARAMS_MAX];

	db_text(&one, "ab");
	db_bytes(&one, "\0\xff", 2);
	db_text(&two, "");
	db_bytes(&two, "\1", 1);
	is_int(dbmerge_params(items, 2, &out, arrays), 0, "two requests");
	is_int(out.n, 2, "become two arrays");
	ok(out.formats[0] == 1 && out.lengths[0] == sizeof(text) - 1 &&
		memcmp(out.values[0], text, sizeof(text) - 1) == 0,
	    "one of text");
	ok(out.formats[1] == 1 && out.lengths[1] == sizeof(bytes) - 1 &&
		memcmp(out.values[1], bytes, sizeof(bytes) - 1) == 0,
	    "one of bytea");
	dbmerge_reset(arrays, 2);
}

static void
test_nulls(void)
{
	/* select array_send(array['\\x01'::bytea, null]) */
	static const char bytes[] = "\0\0\0\1\0\0\0\1\0\0\0\x11\0\0\0\2\0\0\0\1"
				    "\0\0\0\1\1"
				    "\xff\xff\xff\xff";
	struct db_params one = { .n = 0 }, two = { .n = 0 }, out;
	struct db_item a = { .params = &one }, b = { .params = &two };
	struct db_item *items[] = { &a, &b }, *last = &b;
	struct db_array arrays[DB_PARAMS_MAX];

	db_bytes(&one, "\1", 1);
	db_bytes(&two, NULL, 32);
	is_int(dbmerge_params(items, 2, &out, arrays), 0, "one gives none");
	ok(out.lengths[0] == sizeof(bytes) - 1 &&
		memcmp(out.values[0], bytes, sizeof(bytes) - 1) == 0,
	    "a null among the others");
	dbmerge_reset(arrays, 1);
	is_int(dbmerge_params(&last, 1, &out, arrays), 0, "nobody gives one");
	ok(out.lengths[0] == 24 && out.values[0][11] == 17,
	    "the array has its type all the same");
	dbmerge_reset(arrays, 1);
}

static PGresult *
rows(int n)
{
	PGresAttDesc columns[] = { { .name = (char *)"outcome", .format = 1 },
		{ .name = (char *)"updated_at", .format = 1 } };
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	char text[2] = "0";

	PQsetResultAttrs(res, 2, columns);
	for (int i = 0; i < n; i++) {
		text[0] = (char)('0' + i);
		PQsetvalue(res, i, 0, text, 1);
		PQsetvalue(res, i, 1, text, i == 0 ? -1 : 1);
	}
	return res;
}

/* The items' results, freed as their requests would. */
static void
reset(struct db_item *const *items, int n)
{
	for (int i = 0; i < n; i++)
		db_result_free(&items[i]->result);
}

static void
test_split(void)
{
	struct db_item a = { .params = NULL }, b = { .params = NULL };
	struct db_item *items[] = { &a, &b };
	PGresult *res;

	is_int(dbmerge_split(rows(2), items, 2), 0, "two rows for two");
	ok(db_rows(&a.result) == 1 && db_rows(&b.result) == 1, "one each");
	is_str(db_get_text(&a.result, 0, "outcome"), "0",
	    "the first has the first");
	is_str(
	    db_get_text(&b.result, 0, "outcome"), "1", "the second the second");
	is_str(db_get_text(&a.result, 1, "outcome"), NULL,
	    "and nobody that of the next");
	ok(db_is_null(&a.result, 0, "updated_at"), "a null stays one");
	ok(!db_is_null(&b.result, 0, "updated_at"), "for whom it was");
	db_result_free(&a.result);
	is_str(db_get_text(&b.result, 0, "outcome"), "1",
	    "one that is freed takes nothing from the other");
	reset(items, 2);
	is_int(dbmerge_split(rows(1), items, 1), 0, "one row for one");
	reset(items, 1);
	res = rows(2);
	PQsetvalue(res, 0, 0, NULL, -1);
	is_int(dbmerge_split(res, items, 2), 0, "two rows, one of no outcome");
	ok(a.result.pg == NULL && b.result.pg != NULL, "which is nobody's");
	is_str(
	    db_get_text(&b.result, 0, "outcome"), "1", "and moves nobody up");
	reset(items, 2);
	res = rows(1);
	PQsetvalue(res, 0, 0, NULL, -1);
	is_int(dbmerge_split(res, items, 1), 0, "one row of no outcome");
	ok(a.result.pg == NULL, "is nobody's");
	is_int(dbmerge_split(rows(1), items, 2), -1, "one row for two is none");
	is_int(dbmerge_split(rows(2), items, 1), -1, "nor two for one");
	ok(a.result.pg == NULL && b.result.pg == NULL,
	    "and neither gives anything");
}

int
main(void)
{
	test_params();
	test_nulls();
	test_split();
	return tap_done();
}
