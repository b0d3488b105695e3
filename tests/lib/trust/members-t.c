/* SPDX-License-Identifier: MIT */
/* members-t.c: the rules of the log, by the vectors. */
#include "config.h"

#include "trust/members.h"
#include "vectors-v2.h"

static int
judge_log(struct json_object *c, struct json_object *result)
{
	struct members m, replayed;
	struct text *log;
	size_t n, n_good;
	int r;

	members_init(&m, vector_str(c, "project_id"));
	members_init(&replayed, vector_str(c, "project_id"));
	log = vector_texts(c, "log", &n);
	r = members_continue(&m, 0, log, n, true, &n_good);
	if (r == 0) {
		result_hex(
		    result, "head", m.steps[m.n_steps - 1].hash, HASH_LEN);
		ok(members_continue(&replayed, 0, log, n, false, &n_good) ==
			    0 &&
			replayed.n_steps == n,
		    "so is it without looking at signatures");
		is_int(members_continue(&m, 0, log, n, true, &n_good), 0,
		    "the same once more is the same log");
	} else {
		ok(n_good == m.n_steps && n_good < n,
		    "what was good before it stays");
	}
	members_reset(&m);
	members_reset(&replayed);
	free(log);
	return r;
}

int
main(void)
{
	vectors_run("log", judge_log);
	return tap_done();
}
