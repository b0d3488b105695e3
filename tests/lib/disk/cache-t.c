/* SPDX-License-Identifier: MIT */
/*
 * .vault-cache and ~/.vault/<project id>.state: what is written, what is not
 * trusted, what is too old, and which versions are refused.
 */
#include "config.h"

#include "fallback.h"
#include "sentence.h"

/* So that no notice is about the LD_PRELOAD that each blob holds. */
static const char *const allow[] = { "LD_PRELOAD", NULL };
static const struct vaultenv_load_options all = { .allow = allow };

#define STATE_BEGIN "{\"server\":\"" FAKE_URL "\",\"versions\":["
#define ROW_AT(server, environment, version)                                   \
	"{\"server\":\"" server "\",\"environment\":\"" environment            \
	"\",\"version\":" version ",\"sha256\":\""
#define ROW(environment, version) ROW_AT(FAKE_URL, environment, version)
#define HASH                      "0123456789012345678901234567890123456789012345678901234567890123"

static void
test_cache_file(void)
{
	const char *sent = text_of(
	    get(get(get(get(table, "servers"), "up"), "secrets/pull"), "body"),
	    "secrets");
	struct vaultenv_load_options how = { .no_cache = 1 };
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;
	struct stat st, before;
	char text[1024];

	env_is("file");
	server_is("up");
	cache_is("absent");
	is_int(load(&how, &loaded, &err), 0, "no_cache");
	ok(access(CACHE, F_OK) != 0 &&
		strstr(file_text(STATE), "\"versions\":[]") != NULL,
	    "writes none, and remembers no version");
	vaultenv_loaded_free(&loaded);

	is_int(load(&all, &loaded, &err), 0, "a load");
	is_str(file_text(CACHE), sent, "caches the blob word for word");
	ok(stat(CACHE, &st) == 0 && (st.st_mode & 07777) == 0600, "0600");
	ok(stat(STATE, &st) == 0 && (st.st_mode & 07777) == 0600, "state 0600");
	ok(strncmp(file_text(STATE), STATE_BEGIN ROW("production", "7"),
	       strlen(STATE_BEGIN ROW("production", "7"))) == 0,
	    "which names server, environment and version");
	vaultenv_loaded_free(&loaded);

	/* The same again: young, but not written anew. */
	age_file(CACHE, 1000);
	ok(stat(CACHE, &before) == 0, "an old cache");
	is_int(load(&all, &loaded, &err), 0, "the same version again");
	ok(stat(CACHE, &st) == 0 && st.st_ino == before.st_ino &&
		st.st_mtime >= time(NULL) - 100,
	    "makes it young");
	vaultenv_loaded_free(&loaded);

	/* What another client wrote: readable by others, with a newline. */
	snprintf(text, sizeof(text), "\n %s\r\n", sent);
	fake_write(CACHE, text, 0644);
	unlink(STATE);
	server_is("down");
	is_int(load(&all, &loaded, &err), 0, "another client's cache");
	ok(loaded->source == VAULTENV_SOURCE_CACHE && loaded->version == 0,
	    "is taken, its version unknown");
	vaultenv_loaded_free(&loaded);
	fake_write(CACHE, sent, 0644);
	server_is("up");
	is_int(load(&all, &loaded, &err), 0, "and a pull");
	ok(stat(CACHE, &st) == 0 && (st.st_mode & 07777) == 0600,
	    "makes it private");
	vaultenv_loaded_free(&loaded);

	server_is("down");
	age_file(CACHE, -5000);
	setenv("VAULT_CACHE_MAX_AGE", "1", 1);
	is_int(load(&all, &loaded, &err), 0, "a cache from the future");
	ok(loaded->cache_age_s == 0, "is new");
	vaultenv_loaded_free(&loaded);
	unsetenv("VAULT_CACHE_MAX_AGE");
	age_file(CACHE, 100);
	is_int(load(&all, &loaded, &err), 0, "an older one");
	ok(loaded->cache_age_s >= 100 && loaded->cache_age_s < 160,
	    "tells its age");
	vaultenv_loaded_free(&loaded);
	is_int(load(&how, &loaded, &err), VAULTENV_ERR_NETWORK, "no_cache");
	is_str(sentence(&err),
	    "Failed to fetch secrets and no cache available: Cannot reach "
	    "https://vault.example. Check the URL (VAULT_URL)",
	    "reads none either");
}

static void
test_cache_is_safe(void)
{
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;
	char other[128];

	env_is("file");
	server_is("down");
	cache_is("fresh");
	chmod(CACHE, 0620);
	is_int(load(&all, &loaded, &err), VAULTENV_ERR_NETWORK, "0620");
	is_str(sentence(&err),
	    "Failed to fetch secrets and no cache available (Cannot use " CACHE
	    ": other users can write to it (mode 0620). Run: chmod 600 " CACHE
	    "): Cannot reach https://vault.example. Check the URL (VAULT_URL)",
	    "is refused");
	is_int(vaultenv_load_cached(&options, NULL, &loaded, &err),
	    VAULTENV_ERR_IO, "without a server too");
	if (geteuid() == 0) {
		chmod(CACHE, 0600);
		ok(chown(CACHE, 12345, 0) == 0, "another user's");
		is_int(load(&all, &loaded, &err), VAULTENV_ERR_NETWORK,
		    "is refused");
		ok(strstr(sentence(&err), "another user (uid 12345)") != NULL,
		    "%s", sentence(&err));
	}
	snprintf(other, sizeof(other), "%s/elsewhere", home);
	unlink(CACHE);
	fake_write(other, "keep", 0600);
	ok(symlink(other, CACHE) == 0, "a symlink");
	is_int(load(&all, &loaded, &err), VAULTENV_ERR_NETWORK, "is not read");
	server_is("up");
	is_int(load(&all, &loaded, &err), 0, "nor written");
	is_str(notices,
	    "Cannot write " CACHE
	    ": it is a symbolic link. Give the path of the file itself",
	    "which is a notices, no error");
	is_str(file_text(other), "keep", "what it points to stays");
	vaultenv_loaded_free(&loaded);
	unlink(CACHE);
	ok(mkfifo(CACHE, 0600) == 0, "a FIFO");
	server_is("down");
	is_int(
	    load(&all, &loaded, &err), VAULTENV_ERR_NETWORK, "blocks nobody");
	unlink(CACHE);
}

/* ---- the state file ---- */

static void
test_state(void)
{
	struct vaultenv_options staging = options;
	struct vaultenv_loaded *loaded = NULL;
	struct vaultenv_error err;
	char *text;

	env_is("file");
	server_is("up");
	cache_is("absent");
	is_int(load(&all, &loaded, &err), 0, "production");
	vaultenv_loaded_free(&loaded);
	text = strdup(file_text(STATE));
	ok(strstr(text, ROW("production", "7")) != NULL, "is recorded");
	is_int(load(&all, &loaded, &err), 0, "twice");
	vaultenv_loaded_free(&loaded);
	is_str(file_text(STATE), text, "once");
	free(text);
	staging.environment = "stag\"ing";
	is_int(vaultenv_load(&staging, NULL, &loaded, &err), 0, "another");
	vaultenv_loaded_free(&loaded);
	ok(strstr(file_text(STATE), "[" ROW("production", "7")) != NULL &&
		strstr(file_text(STATE), "}," ROW("stag\\\"ing", "7")) != NULL,
	    "has its row beside it");

	/* The same blob is on record for both, so both may have it. */
	server_is("down");
	is_int(load(&all, &loaded, &err), 0, "the first");
	is_int(loaded->version, 7, "knows its version");
	vaultenv_loaded_free(&loaded);
	staging.environment = "third";
	is_int(vaultenv_load(&staging, NULL, &loaded, &err),
	    VAULTENV_ERR_NETWORK, "a third");
	ok(strstr(sentence(&err), CACHE " holds the secrets of production") !=
		NULL,
	    "is told whose they are");

	cache_is("fresh");
	server_is("up");
	is_int(load(&all, &loaded, &err), 0, "version 7 after version 5");
	vaultenv_loaded_free(&loaded);
	server_is("down");
	is_int(load(&all, &loaded, &err), 0, "takes its place");
	is_int(loaded->version, 7, "in the one row");
	vaultenv_loaded_free(&loaded);

	/* Nonsense is as good as nothing, and is replaced. */
	fake_write(STATE, "{\"production\":{\"version\":\"x\"},\"a\":3,", 0600);
	is_int(load(&all, &loaded, &err), 0, "a broken state");
	is_int(loaded->version, 0, "knows nothing");
	vaultenv_loaded_free(&loaded);
	server_is("up");
	fake_write(STATE,
	    STATE_BEGIN ROW("production", "0") HASH "\"},3," ROW(
		"a", "3") "\"}," ROW("b", "4") HASH "\"},{\"server\":7}]}",
	    0600);
	is_int(load(&all, &loaded, &err), 0, "a pull");
	vaultenv_loaded_free(&loaded);
	ok(strncmp(file_text(STATE), STATE_BEGIN ROW("b", "4"),
	       strlen(STATE_BEGIN ROW("b", "4"))) == 0 &&
		strstr(file_text(STATE), "}," ROW("production", "7")) &&
		strstr(file_text(STATE), "\"a\"") == NULL,
	    "keeps the rows that make sense");

	/* No home folder, or none that can be written: no state. */
	unlink(STATE);
	setenv("HOME", "/proc/nowhere", 1);
	is_int(load(&all, &loaded, &err), 0, "no home");
	is_int(n_notices, 0, "is nothing to talk about");
	vaultenv_loaded_free(&loaded);
	setenv("HOME", home, 1);
	ok(mkdir(STATE, 0700) == 0, "a state that cannot be written");
	is_int(load(&all, &loaded, &err), 0, "is no error");
	is_int(n_notices, 1, "but a notice");
	ok(strstr(notices, ".state: it is a folder") != NULL, "%s", notices);
	vaultenv_loaded_free(&loaded);
	rmdir(STATE);
}

static void
test_versions_only_rise(void)
{
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;
	char row[] = STATE_BEGIN ROW("production", "8") HASH "\"}]}";

	env_is("file");
	server_is("up");
	cache_is("fresh");
	fake_write(STATE, row, 0600);
	is_int(load(&all, &loaded, &err), VAULTENV_ERR_PROTOCOL,
	    "version 7 after version 8");
	is_str(sentence(&err),
	    "https://vault.example gave version 7 of production, but has given "
	    "version 8 before: it lost data, or old secrets are passed off as "
	    "new. If the server was restored from a backup, run: vault-env "
	    "trust https://vault.example",
	    "is refused");
	ok(loaded == NULL && n_notices == 0, "and the cache not used either");
	is_str(file_text(STATE), row, "nor anything forgotten");
	strstr(row, "\"version\":8")[10] = '7';
	fake_write(STATE, row, 0600);
	is_int(load(&all, &loaded, &err), 0, "other bytes of version 7");
	is_str(notices,
	    "Version 7 of production is not what it was: https://vault.example "
	    "gave other secrets under the same number before",
	    "are a notice");
	vaultenv_loaded_free(&loaded);
	is_int(load(&all, &loaded, &err), 0, "again");
	is_int(n_notices, 0, "once");
	vaultenv_loaded_free(&loaded);
}

/* One number out of nowhere would have every true one refused after it. */
static void
test_jumps(void)
{
	struct json_object *pull =
	    get(get(get(get(table, "servers"), "up"), "secrets/pull"), "body");
	struct vaultenv_client *client = NULL;
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;

	env_is("file");
	server_is("up");
	cache_is("fresh");
	is_int(load(&all, &loaded, &err), 0, "7 after 5");
	is_int(n_calls, 2, "is looked up in the history, which has 6");
	vaultenv_loaded_free(&loaded);
	json_object_object_add(
	    pull, "version", json_object_new_int64(9007199254740991));
	is_int(load(&all, &loaded, &err), VAULTENV_ERR_UNTRUSTED, "2^53 - 1");
	is_str(sentence(&err),
	    "https://vault.example gave version 9007199254740991 of production "
	    "after version 7, and its history does not have those between. If "
	    "that is right, run: vault-env trust https://vault.example",
	    "is refused");
	ok(strstr(file_text(STATE), ROW("production", "7")) != NULL,
	    "and not remembered");
	json_object_object_add(pull, "version", json_object_new_int64(8));
	is_int(load(&all, &loaded, &err), 0, "the next one");
	is_int(n_calls, 1, "needs no history");
	vaultenv_loaded_free(&loaded);
	json_object_object_add(pull, "version", json_object_new_int64(7));

	/* Another server's word counts for nothing here; the user's does. */
	fake_write(STATE,
	    STATE_BEGIN ROW_AT("https://evil.example", "production", "99") HASH
	    "\"}," ROW("production", "9") HASH "\"}]}",
	    0600);
	is_int(vaultenv_client_open(&options, &client, &err), 0, "a client");
	is_int(vaultenv_client_trust(client, &err), 0, "is told to trust");
	vaultenv_client_free(&client);
	is_int(load(&all, &loaded, &err), 0, "7 after 9, which was forgotten");
	ok(strstr(file_text(STATE), "evil.example") != NULL &&
		strstr(file_text(STATE), ROW("production", "7")) != NULL,
	    "of that server only");
	vaultenv_loaded_free(&loaded);
}

/* ---- ages ---- */

static void
test_ages(void)
{
	static const struct {
		const char *limit;
		int age_s;
		const char *age; /* NULL: it is used */
		const char *limit_text;
	} rows[] = {
		{ "0", 5, "5 seconds", "0 seconds" },
		{ "60", 3, NULL, NULL },
		{ "60", 130, "2 minutes", "1 minute" },
		{ "90s", 100, "100 seconds", "90 seconds" },
		{ "30m", 1700, NULL, NULL },
		{ "30m", 1900, "31 minutes", "30 minutes" },
		{ "12h", 129700, "36 hours", "12 hours" },
		{ "36h", 200000, "2 days", "36 hours" },
		{ "7d", 604000, NULL, NULL },
		{ "7d", 605000, "7 days", "7 days" },
		{ "", 605000, NULL, NULL },
	};
	static const char *const bad[] = { "x", "-1", "1w", "d", "1 d", "01",
		"1.5h", "1e3", "10000000000", "1dd" };
	struct vaultenv_load_options how = { .cache_max_age_s = 7200 };
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;
	char want[512];
	size_t i;

	env_is("file");
	server_is("down");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cache_is("fresh");
		age_file(CACHE, rows[i].age_s);
		setenv("VAULT_CACHE_MAX_AGE", rows[i].limit, 1);
		is_int(load(&all, &loaded, &err),
		    rows[i].age == NULL ? 0 : VAULTENV_ERR_NETWORK,
		    rows[i].limit);
		vaultenv_loaded_free(&loaded);
		if (rows[i].age == NULL)
			continue;
		snprintf(want, sizeof(want),
		    "Failed to fetch secrets and no cache available (it is %s "
		    "old, older "
		    "than VAULT_CACHE_MAX_AGE (%s)): Cannot reach "
		    "https://vault.example. Check the URL (VAULT_URL)",
		    rows[i].age, rows[i].limit_text);
		is_str(sentence(&err), want, "says how old");
	}
	age_file(CACHE, 7300);
	is_int(load(&how, &loaded, &err), VAULTENV_ERR_NETWORK, "an option");
	ok(strstr(sentence(&err), "older than the limit given (2 hours)") !=
		NULL,
	    "%s", sentence(&err));
	server_is("up");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("VAULT_CACHE_MAX_AGE", bad[i], 1);
		is_int(load(&all, &loaded, &err), VAULTENV_ERR_INVALID, bad[i]);
		snprintf(want, sizeof(want),
		    "VAULT_CACHE_MAX_AGE is no span of time: \"%s\". Write "
		    "seconds, or "
		    "a number with s, m, h or d such as 12h",
		    bad[i]);
		is_str(sentence(&err), want, "is named");
	}
	how = (struct vaultenv_load_options){ .no_cache = 1 };
	is_int(load(&how, &loaded, &err), 0, "no cache, no age");
	vaultenv_loaded_free(&loaded);
	env_is("none");
	is_int(load(&all, &loaded, &err), 0, "no key, no age");
	vaultenv_loaded_free(&loaded);
	env_is("file");
	unsetenv("VAULT_CACHE_MAX_AGE");
	how = (struct vaultenv_load_options){ .fresh_s = -1 };
	is_int(load(&how, &loaded, &err), VAULTENV_ERR_INVALID, "-1 s");
	is_str(sentence(&err), "cache_max_age_s and fresh_s cannot be negative",
	    "is no age either");
}

static void
test_fresh(void)
{
	struct vaultenv_load_options how = { .fresh_s = 60, .allow = allow };
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;
	static const struct {
		const char *cache;
		int age_s;
		int calls;
	} rows[] = { { "fresh", 50, 0 }, { "fresh", 70, 2 }, { "absent", 0, 1 },
		{ "corrupt", 0, 2 }, { "other_key", 0, 1 },
		{ "other_environment", 0, 1 } };

	env_is("file");
	server_is("up");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cache_is(rows[i].cache);
		if (access(CACHE, F_OK) == 0)
			age_file(CACHE, rows[i].age_s);
		is_int(load(&how, &loaded, &err), 0, rows[i].cache);
		is_int(n_calls, rows[i].calls, "asks the server if it must");
		is_int(n_notices, 0, "and says nothing");
		ok(loaded->source == (rows[i].calls == 0
					     ? VAULTENV_SOURCE_CACHE
					     : VAULTENV_SOURCE_SERVER),
		    "and tells where from");
		vaultenv_loaded_free(&loaded);
	}
	cache_is("fresh");
	unlink(STATE);
	is_int(load(&how, &loaded, &err), 0, "a cache of who knows what");
	is_int(n_calls, 1, "does not spare the question");
	vaultenv_loaded_free(&loaded);
	cache_is("fresh");
	age_file(CACHE, 50);
	how.cache_max_age_s = 40;
	is_int(load(&how, &loaded, &err), 0, "the lower limit");
	is_int(n_calls, 2, "is the limit: asked, and for what was missed");
	vaultenv_loaded_free(&loaded);
}

int
main(void)
{
	table_open();
	test_cache_file();
	test_cache_is_safe();
	test_state();
	test_versions_only_rise();
	test_jumps();
	test_ages();
	test_fresh();
	table_close();
	return tap_done();
}
