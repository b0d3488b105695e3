/* SPDX-License-Identifier: MIT */
/*
 * db-t: a database that is away, or that accepts and then says nothing: every
 * call ends by its deadline, and most cost nothing.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "db/db.h"
#include "common/log.h"
#include "key/serverkey.h"
#include "common/settings.h"
#include "tap.h"

static int64_t
timed(struct db *db, enum stmt stmt, enum refusal refusal)
{
	const int64_t start = clock_mono_ms();
	struct db_result r;

	is_int(db_exec(db, stmt, NULL, &r), -1, stmts[stmt].name);
	is_int(r.refusal, refusal, "says why");
	ok(r.pg == NULL, "and has no rows");
	db_result_free(&r);
	return clock_mono_ms() - start;
}

static struct db *
open_db(struct settings *s, const char *text)
{
	char why[WHY_MAX];

	if (settings_parse(s, "x", text, strlen(text), why) != 0)
		exit(1);
	return db_new(s, NULL, true);
}

static void
test_away(void)
{
	char why[WHY_MAX];
	struct settings s;
	struct db *db = open_db(&s, "database = host=/nonexistent");
	int64_t start;
	int sum = 0;

	is_int(db_check(db, why), 1, "away is no reason not to start");
	ok(strstr(why, "/nonexistent") != NULL, "%s", why);
	start = clock_mono_ms();
	for (int i = 0; i < 1000; i++) {
		struct db_result r;

		sum += db_exec(db, SCHEMA_VERSION, NULL, &r);
	}
	is_int(sum, -1000, "1,000 requests are refused");
	ok(clock_mono_ms() - start < 2000, "at once (%d ms)",
	    (int)(clock_mono_ms() - start));
	db_free(&db);
	db_free(&db);
	settings_free(&s);
}

/* Like a server that was stopped by SIGSTOP: the kernel still accepts. */
static void
test_silent(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/db-t-XXXXXX", text[200];
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct settings s;
	struct db *db;
	int64_t took;

	if (mkdtemp(folder) == NULL)
		exit(1);
	snprintf(
	    addr.sun_path, sizeof(addr.sun_path), "%s/.s.PGSQL.5432", folder);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(fd, 10) != 0)
		exit(1);
	snprintf(text, sizeof(text),
	    "database = host=%s\n"
	    "db_timeout_ms = 300",
	    folder);
	db = open_db(&s, text);
	took = timed(db, SECRET_PULL, REFUSAL_UNAVAILABLE);
	ok(took >= 290 && took < 2000, "by its deadline (%d ms)", (int)took);
	took = timed(db, SECRET_PULL, REFUSAL_UNAVAILABLE);
	ok(took < 100, "the next one does not wait (%d ms)", (int)took);
	usleep(150000);
	took = timed(db, SECRET_PUSH, REFUSAL_UNAVAILABLE);
	ok(took >= 290, "later one tries again (%d ms)", (int)took);
	db_free(&db);
	settings_free(&s);
	unlink(addr.sun_path);
	rmdir(folder);
	close(fd);
}

int
main(void)
{
	if (freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	test_away();
	test_silent();
	return tap_done();
}
