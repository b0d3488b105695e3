/* SPDX-License-Identifier: MIT */
/*
 * watch: what is reported, when, and in which thread. The server is a callback,
 * so that a poll takes no time but what a test gives it.
 */
#include "config.h"

#include "watched.h"

static void
test_changes(void)
{
	struct vaultenv_loaded *known;
	struct vaultenv_watch *w;
	int64_t before;

	server_reset(1, "{\"A\":\"1\",\"B\":\"2\"}");
	seen_reset();
	known = load();
	before = now_ms();
	w = start(known, &quick);
	vaultenv_loaded_free(&known);
	ok(wait_polls(3, 5000), "it polls");
	ok(server.polled_ms[0] - before >= INTERVAL_MS * 9 / 10,
	    "for the first time after an interval");
	is_int(server.n_pulls, 1, "and pulls nothing that it knows");

	before = now_ms();
	serve(2, "{\"A\":\"1\",\"B\":\"3\",\"C\":\"4\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "a push is seen");
	printf("# after %d ms\n", (int)(now_ms() - before));
	is_str(seen.what, "2:~B=3 +C=4;", "with the new values");
	ok(pthread_equal(seen.thread, server.thread) &&
		!pthread_equal(seen.thread, pthread_self()),
	    "in the watch's own thread");
	ok(server.signals_blocked, "where signals are blocked, faults are not");

	serve(3, "{\"B\":\"3\",\"C\":\"4\"}");
	ok(wait_for(&seen.n_changes, 2, 5000), "a removal is seen");
	is_str(seen.what, "2:~B=3 +C=4;3:-A;", "and named");

	serve(4, "{\"C\":\"4\",\"B\":\"3\"}");
	ok(wait_polls(polls() + 4, 5000), "the same secrets as version 4");
	is_int(seen.n_changes, 2, "are no change");
	is_int(server.n_pulls, 4, "and pulled once");
	serve(5, "{\"B\":\"2\",\"A\":\"1\"}");
	ok(wait_for(&seen.n_changes, 3, 5000), "a rollback is one");
	is_str(seen.what, "2:~B=3 +C=4;3:-A;5:~B=2 +A=1 -C;", "to this");
	ok(wait_polls(polls() + 4, 5000), "and after that");
	is_int(seen.n_changes, 3, "nothing is reported twice");
	is_int(seen.n_errors, 0, "and nothing failed");
	vaultenv_watch_stop(&w);
	ok(w == NULL, "stop clears the pointer");
	vaultenv_watch_stop(&w);
	vaultenv_watch_stop(NULL);
	before = polls();
	sleep_ms(3 * INTERVAL_MS);
	is_int(polls(), before, "and it polls no more");
}

/* Done when 2: within two intervals. With time to spare for a busy machine. */
static void
test_soon(void)
{
	struct vaultenv_watch_options half = quick;
	struct vaultenv_loaded *known;
	struct vaultenv_watch *w;
	int64_t before;

	half.interval_ms = 500;
	server_reset(1, "{}");
	seen_reset();
	known = load();
	w = start(known, &half);
	vaultenv_loaded_free(&known);
	sleep_ms(20);
	before = now_ms();
	serve(2, "{\"A\":\"1\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "a push");
	before = now_ms() - before;
	ok(before < 1000, "is seen within two intervals (%d ms)", (int)before);
	vaultenv_watch_stop(&w);
}

/*
 * A fleet that started together must drift apart. A busy machine makes a wait
 * longer, never shorter: only jitter can do that.
 */
static void
test_jitter(void)
{
	struct vaultenv_watch_options even = quick;
	struct vaultenv_watch *w;
	int64_t shortest = INT64_MAX;

	server_reset(1, "{}");
	seen_reset();
	even.interval_ms = 100;
	w = start(NULL, &even);
	ok(wait_polls(25, 30000), "25 polls");
	vaultenv_watch_stop(&w);
	for (int i = 2; i < 25; i++)
		if (server.polled_ms[i] - server.polled_ms[i - 1] < shortest)
			shortest =
			    server.polled_ms[i] - server.polled_ms[i - 1];
	ok(shortest < 98, "some come sooner than the interval (%d ms)",
	    (int)shortest);
	ok(shortest >= 89, "but no more than a tenth");
}

static void
test_away(void)
{
	struct vaultenv_loaded *known;
	struct vaultenv_watch *w;
	int64_t gap = 0;
	int i;

	server_reset(1, "{\"A\":\"1\"}");
	seen_reset();
	known = load();
	serve_errors(VAULTENV_ERR_NETWORK, 0);
	w = start(known, &quick);
	ok(wait_for(&seen.n_errors, 6, 10000), "each failed poll is reported");
	is_int(seen.code, VAULTENV_ERR_NETWORK, "with its code");
	is_str(seen.error,
	    "Cannot reach " FAKE_URL ". Check the URL (VAULT_URL)",
	    "and sentence");
	for (i = 1; i < 6; i++) {
		gap = server.polled_ms[i] - server.polled_ms[i - 1];
		ok(gap >= (i < 4 ? 1 << i : 10) * INTERVAL_MS * 9 / 10 - 1,
		    "pause %d is %d times as long (%d ms)", i,
		    i < 4 ? 1 << i : 10, (int)gap);
	}
	ok(gap < 2 * 10 * INTERVAL_MS * 2, "and not longer than ten");
	serve(2, "{\"A\":\"2\"}");
	serve_errors(0, 0);
	ok(wait_for(&seen.n_changes, 1, 5000), "back again");
	is_str(seen.what, "2:~A=2;", "with what came meanwhile");
	i = polls();
	ok(wait_polls(i + 2, 1000), "and at the old pace");
	is_int(server.most_in_hand, 1, "one request at a time");
	vaultenv_watch_stop(&w);

	/* A refusal is no absence: nobody waits longer for an approval. */
	server_reset(1, "{\"A\":\"1\"}");
	serve_errors(0, 401);
	seen_reset();
	w = start(known, &quick);
	ok(wait_for(&seen.n_errors, 10, 10000), "a 401");
	is_int(seen.code, VAULTENV_ERR_UNAUTHORIZED, "is reported");
	for (i = 5, gap = INT64_MAX; i < 10; i++) {
		if (server.polled_ms[i] - server.polled_ms[i - 1] < gap)
			gap = server.polled_ms[i] - server.polled_ms[i - 1];
	}
	ok(gap < 4 * INTERVAL_MS, "at the old pace (%d ms)", (int)gap);
	vaultenv_watch_stop(&w);
	vaultenv_loaded_free(&known);
}

static void
test_bad_pull(void)
{
	struct vaultenv_loaded *known;
	struct vaultenv_watch *w;

	server_reset(1, "{\"A\":\"1\"}");
	seen_reset();
	known = load();
	w = start(known, &quick);
	pthread_mutex_lock(&server.lock);
	server.version = 2;
	server.blob[20] ^= 1;
	pthread_mutex_unlock(&server.lock);
	ok(wait_for(&seen.n_errors, 2, 5000), "a blob that does not open");
	is_int(seen.code, VAULTENV_ERR_DECRYPT, "is an error each time");
	is_int(seen.n_changes, 0, "and no change");
	serve(2, "{\"A\":\"2\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "repaired");
	is_str(seen.what, "2:~A=2;", "it is one");
	serve(1, "{\"A\":\"1\"}");
	seen_reset();
	ok(wait_for(&seen.n_errors, 1, 5000), "an older version");
	is_str(seen.error,
	    "https://vault.example gave version 1 of production after version "
	    "2. If it was restored from a backup, start this program again",
	    "is refused");
	is_int(seen.n_changes, 0, "and not reported");
	vaultenv_watch_stop(&w);
	vaultenv_loaded_free(&known);
}

static void
test_beginnings(void)
{
	struct vaultenv_watch *w;
	struct vaultenv_error err;
	struct vaultenv_options opts = options;
	struct vaultenv_watch_options bad = { .interval_ms = -1 };

	server_reset(1, "{\"A\":\"1\"}");
	seen_reset();
	w = start(NULL, &quick);
	ok(wait_polls(3, 5000), "without a load before");
	is_int(server.n_pulls, 1, "the first poll pulls");
	is_int(seen.n_changes, 0, "and reports nothing");
	serve(2, "{}");
	ok(wait_for(&seen.n_changes, 1, 5000), "the next change");
	is_str(seen.what, "2:-A;", "is one to that");
	vaultenv_watch_stop(&w);

	server_reset(0, "{}");
	seen_reset();
	fake_write(".env", "MINE=1\n", 0644);
	w = start(NULL, &quick);
	ok(wait_polls(3, 5000), "before the first push");
	is_int(server.n_pulls, 0, "there is nothing to pull");
	is_int(seen.n_errors, 0, "nor an error");
	serve(1, "{\"A\":\"1\",\"MINE\":\"vault\",\"LD_PRELOAD\":\"/x\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "the first push");
	is_str(seen.what, "1:+A=1;", "is a change, as load gives it");
	vaultenv_watch_stop(&w);

	server_reset(0, "{}");
	serve_errors(0, 404);
	seen_reset();
	w = start(NULL, &quick);
	ok(wait_polls(3, 5000), "an environment unknown yet");
	is_int(seen.n_errors, 0, "is no error either");
	serve(1, "{\"A\":\"1\"}");
	serve_errors(0, 0);
	ok(wait_for(&seen.n_changes, 1, 5000), "its first push");
	is_str(seen.what, "1:+A=1;", "is a change");
	vaultenv_watch_stop(&w);
	unlink(".env");

	opts.vault_key = NULL;
	w = NULL;
	is_int(vaultenv_watch_start(&opts, NULL, NULL, &quick, &w, &err),
	    VAULTENV_ERR_NO_KEY, "no key, nothing to watch");
	is_int(vaultenv_watch_start(&options, NULL, NULL, &bad, &w, &err),
	    VAULTENV_ERR_INVALID, "an interval of -1");
	is_str(
	    sentence(&err), "The interval of a watch cannot be negative", "no");
	ok(w == NULL, "and no watch");
}

/* Paths, ${NAME} and the cache, in another folder than at the start. */
static void
test_place(const char *home)
{
	const struct vaultenv_load_options how = { .expand = 1 };
	struct vaultenv_loaded *known = NULL;
	struct vaultenv_watch *w = NULL;
	struct vaultenv_error err;

	server_reset(1, "{\"DB\":\"one\"}");
	seen_reset();
	fake_write(".env", "URL=pg://${DB}/${T_OUT}\n", 0644);
	setenv("T_OUT", "x", 1);
	is_int(vaultenv_load(&options, &how, &known, &err), 0, "a load");
	is_int(vaultenv_list_setenv(known->variables, 0, &err), 0, "is set");
	is_str(getenv("URL"), "pg://one/x", "expanded");
	unlink(".vault-cache");
	is_int(vaultenv_watch_start(&options, &how, known, &quick, &w, &err), 0,
	    "watch");
	setenv("T_OUT", "later", 1);
	ok(chdir("/") == 0, "elsewhere");
	serve(2, "{\"DB\":\"two\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "a change");
	is_str(seen.what, "2:~DB=two ~URL=pg://two/x;",
	    "goes through the file, not back to what was set before");
	vaultenv_watch_stop(&w);
	ok(chdir(home) == 0, "back");
	ok(access(".vault-cache", F_OK) == 0, "and into the file's cache");
	vaultenv_loaded_free(&known);
	ok(unlink(".vault/" PROJECT ".state") == 0, "and its version is kept");
	unsetenv("DB");
	unsetenv("URL");
	unlink(".env");
}

/* Files in layers are each read again, wherever the program is by then. */
static void
test_layers(const char *home)
{
	const struct vaultenv_load_options how = { .no_cache = 1 };
	struct vaultenv_envfile *file = NULL, *under = NULL;
	struct vaultenv_options opts = options;
	struct vaultenv_loaded *known = NULL;
	struct vaultenv_watch *w = NULL;
	struct vaultenv_error err;

	server_reset(1, "{\"DB\":\"one\"}");
	seen_reset();
	fake_write("over", "A=over\n", 0644);
	fake_write("under", "A=under\nB=1\n", 0644);
	vaultenv_envfile_read("over", &file, &err);
	vaultenv_envfile_read("under", &under, &err);
	vaultenv_envfile_lay(file, &under);
	opts.file = file;
	is_int(vaultenv_load(&opts, &how, &known, &err), 0, "two layers");
	is_int(vaultenv_watch_start(&opts, &how, known, &quick, &w, &err), 0,
	    "watch");
	vaultenv_envfile_free(&file);
	ok(chdir("/") == 0, "elsewhere, and the files are freed");
	serve(2, "{\"DB\":\"two\",\"A\":\"vault\"}");
	ok(wait_for(&seen.n_changes, 1, 5000), "a change");
	is_str(seen.what, "2:~DB=two;", "the layers lie over it as before");
	ok(chdir(home) == 0, "back");
	fake_write("under", "A=under\nB=2\n", 0644);
	serve(3, "{\"DB\":\"three\"}");
	ok(wait_for(&seen.n_changes, 2, 5000), "another, and one of a file");
	ok(strstr(seen.what, "~B=2") != NULL && strstr(seen.what, "A=") == NULL,
	    "the lower layer was read again: %s", seen.what);
	vaultenv_watch_stop(&w);
	vaultenv_loaded_free(&known);
	unlink("over");
	unlink("under");
	unlink(".vault/" PROJECT ".state");
}

int
main(void)
{
	char home[64];

	fake_home(home);
	if (crypto_init() != 0 ||
	    derive_encryption_key(server.key, KEY, SECRET) != 0)
		return 1;
	test_changes();
	test_soon();
	test_jitter();
	test_away();
	test_bad_pull();
	test_beginnings();
	test_place(home);
	test_layers(home);
	fake_home_remove(home);
	return tap_done();
}
