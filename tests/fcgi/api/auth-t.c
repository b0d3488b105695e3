/* SPDX-License-Identifier: MIT */
/*
 * auth-t: the window of time, to the millisecond.
 */
#include "config.h"

#include "api/auth.h"
#include "tap.h"

int
main(void)
{
	const int64_t now = INT64_C(1790000000000);

	ok(auth_time_is_fresh(now, now), "now");
	ok(auth_time_is_fresh(now - 300000, now), "300 s old");
	ok(!auth_time_is_fresh(now - 300001, now), "1 ms older");
	ok(auth_time_is_fresh(now + 60000, now), "60 s ahead");
	ok(!auth_time_is_fresh(now + 60001, now), "1 ms more");
	ok(!auth_time_is_fresh(INT64_C(1000000000000), now), "2001");
	ok(!auth_time_is_fresh(INT64_C(9999999999999), now), "2286");
	return tap_done();
}
