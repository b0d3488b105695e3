/* SPDX-License-Identifier: MIT */
/*
 * result-t: columns are found by name whatever their order, and what is not
 * there is nothing, not somebody else's value.
 */
#include "config.h"

#include "db/result.h"
#include "tap.h"

static char id[] = "\x4f\x1f\x6c\x0e\x7b\x0a\x4c\x57"
		   "\x9a\x51\x0d\x8f\x0b\x1b\x6f\x11";

static void
set(PGresult *pg, int row, int column, char *value, int len)
{
	if (PQsetvalue(pg, row, column, value, len) == 0)
		abort();
}

int
main(void)
{
	static char names[][8] = { "text", "int4", "int8", "yes", "id" };
	PGresAttDesc columns[5] = { { .name = names[0] } };
	struct db_result r = { .pg =
				   PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK) };
	char uuid[37];
	size_t len;

	for (int i = 0; i < 5; i++)
		columns[i] = (PGresAttDesc){ .name = names[i], .format = 1 };
	if (PQsetResultAttrs(r.pg, 5, columns) == 0)
		abort();
	set(r.pg, 0, 0, (char[]){ "x" }, 1);
	set(r.pg, 0, 1, (char[]){ "\xff\xff\xff\xfe" }, 4);
	set(r.pg, 0, 2, (char[]){ "\0\x1f\xff\xff\xff\xff\xff\xff" }, 8);
	set(r.pg, 0, 3, (char[]){ "\1" }, 1);
	set(r.pg, 0, 4, id, 16);
	for (int i = 0; i < 5; i++)
		set(r.pg, 1, i, NULL, -1);

	is_int(db_rows(&r), 2, "rows");
	is_str(db_get_text(&r, 0, "text"), "x", "a text");
	is_int(db_get_int(&r, 0, "int4"), -2, "a negative number");
	is_int(db_get_int(&r, 0, "int8"), INT64_C(9007199254740991),
	    "a large one");
	ok(db_get_bool(&r, 0, "yes"), "a truth");
	ok(db_get_uuid(&r, 0, "id", uuid), "a UUID");
	is_str(uuid, "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11", "as text");
	ok(!db_get_uuid(&r, 0, "text", uuid) && uuid[0] == '\0',
	    "but not what is none");
	is_int(db_get_int(&r, 0, "text"), 0, "nor a number");
	ok(!db_is_null(&r, 0, "text"), "what is there is not null");

	for (int row = 0; row < 3; row++) {
		const char *name = row == 0 ? "no such column" : "text";

		ok(db_is_null(&r, row, name), "no column, null, no row: %d",
		    row);
		is_str(db_get_text(&r, row, name), NULL, "no text");
		ok(db_get_bytes(&r, row, name, &len) == NULL && len == 0,
		    "no bytes");
		is_int(db_get_int(&r, row, name), 0, "no number");
		ok(!db_get_bool(&r, row, name), "no truth");
		ok(!db_get_uuid(&r, row, name, uuid), "no UUID");
	}
	db_result_free(&r);
	ok(db_is_null(&r, 0, "text") && db_rows(&r) == 0, "no result at all");
	return tap_done();
}
