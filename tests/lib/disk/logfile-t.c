/* SPDX-License-Identifier: MIT */
/*
 * The file of the verified log: its form, that whatever is wrong with it makes
 * it absent and no more, and that a shorter log never replaces a longer one.
 */
#include "config.h"

#include <sys/wait.h>

#include "disk/state-v2.h"
#include "files.h"
#include "vectors-v2.h"

#define HOME "home/6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13" /* and an ending */

static struct project_files files;
static struct text *entries; /* of an honest log */
static size_t n_entries;

/* The first n entries, as members and as lines. */
static void
log_make(size_t n, struct members *log, struct blob *lines)
{
	blob_init(lines, LOG_FILE_MAX);
	vector_log(log, files.project, entries, n);
	ok(logfile_add(lines, entries, n) == 0, "a log of %zu entries", n);
}

static int
keep(size_t n)
{
	struct members log;
	struct blob lines;
	const struct chain chain = { .log = &log, .lines = &lines };
	bool start_over;
	int r;

	log_make(n, &log, &lines);
	r = heads_raise(&files, &chain, &start_over, &err);
	members_reset(&log);
	blob_reset(&lines);
	return r;
}

/* The number of entries that are read; -1: the lines are not theirs. */
static int
kept(void)
{
	struct text *texts = NULL;
	struct members log;
	struct blob lines;
	size_t n = 0;
	int found = -1;

	members_init(&log, files.project);
	blob_init(&lines, LOG_FILE_MAX);
	if (logfile_read(&files, &log, &lines) == 0 &&
	    logfile_entries(&lines, &texts, &n) == 0 && n == log.n_steps) {
		found = (int)n;
		for (size_t i = 0; i < n; i++)
			if (texts[i].len != entries[i].len ||
			    memcmp(texts[i].at, entries[i].at, texts[i].len) !=
				0)
				found = -1;
	}
	free(texts);
	members_reset(&log);
	blob_reset(&lines);
	return found;
}

static void
keeping(void)
{
	struct blob want;

	is_int(kept(), 0, "no log is kept of a project never used");
	is_int(keep(3), 0, "one that was verified is kept");
	ok(mode_of("home") == 0700 && mode_of(files.log) == 0600,
	    "for its owner alone");
	blob_init(&want, LOG_FILE_MAX);
	for (size_t i = 0; i < 3; i++)
		ok(blob_append(&want, entries[i].at, entries[i].len) == 0 &&
			blob_append_str(&want, "\n") == 0,
		    "an entry");
	is_str(content(files.log), (char *)want.data, "is a line");
	blob_reset(&want);
	is_int(kept(), 3, "it is read as it was");
	is_int(keep(n_entries), 0, "a longer one");
	is_int(kept(), (intmax_t)n_entries, "replaces it");
	is_int(keep(2), 0, "a process that was slow and knows less");
	is_int(kept(), (intmax_t)n_entries, "takes nothing away");
}

/* Counts as absent, and is written over by what is verified anew. */
static void
is_absent(const char *what)
{
	is_int(kept(), 0, what);
	is_int(keep(n_entries), 0, "what is verified anew");
	is_int(kept(), (intmax_t)n_entries, "heals it");
}

static void
broken(void)
{
	char text[16384];
	size_t len;

	is_int(keep(n_entries), 0, "a good file");
	ok(truncate(files.log, (off_t)entries[0].len) == 0, "cut off");
	is_absent("at the end of an entry, without its line feed");
	ok(truncate(files.log, (off_t)entries[0].len + 20) == 0, "cut off");
	is_absent("within an entry");
	ok(truncate(files.log, (off_t)entries[0].len + 1) == 0, "cut off");
	is_int(kept(), 1, "behind a line it is a shorter log");
	put(files.log, "", 0600);
	is_absent("an empty file");
	put(files.log, "garbage\n", 0600);
	is_absent("garbage");
	len = (size_t)snprintf(text, sizeof(text), "%.*s\n%.*s\n",
	    (int)entries[0].len, entries[0].at, (int)entries[2].len,
	    entries[2].at);
	ok(len < sizeof(text), "an entry left out");
	put(files.log, text, 0600);
	is_absent("is no log");
	snprintf(
	    text, sizeof(text), "%.*s\n\n", (int)entries[0].len, entries[0].at);
	put(files.log, text, 0600);
	is_absent("nor is one with an empty line");
	chmod(files.log, 0644);
	is_absent("nor one that others could have read or written");
}

static void
odd_files(void)
{
	ok(rename(files.log, "elsewhere") == 0 &&
		symlink("../elsewhere", files.log) == 0,
	    "a symlink to a good log");
	is_int(kept(), 0, "is absent");
	fails(keep(n_entries), VAULTENV_ERR_IO,
	    "Cannot write " HOME ".log: it "
	    "is a symbolic link. Give the path of the file itself");
	unlink(files.log);
	ok(mkdir(files.log, 0700) == 0, "a folder");
	is_int(kept(), 0, "is absent");
	unlink(files.heads);
	is_int(keep(n_entries), VAULTENV_ERR_IO, "and not written");
	ok(access(files.heads, F_OK) != 0, "nor is it pinned then");
	rmdir(files.log);
}

static void
no_home(void)
{
	struct project_files home = files;

	put("file", "", 0600);
	ok(project_files_init(&files, NULL, home.project) == 0 &&
		keep(2) == 0 && kept() == 0,
	    "without a home nothing is kept, which is no error");
	ok(project_files_init(&files, "file/.vault/x.state", home.project) ==
		    0 &&
		keep(2) == 0 && kept() == 0,
	    "nor in a home that can have no folder");
	project_files_reset(&files);
	files = home;
}

/* Writes ever longer logs, and never reads less than it wrote. */
static int
write_all(void)
{
	if (freopen("/dev/null", "w", stdout) == NULL)
		return 9;
	for (size_t n = 1; n <= n_entries; n++)
		if (keep(n) != 0 || kept() < (int)n)
			return 1;
	return 0;
}

static void
at_once(void)
{
	int status, n_good = 0, n_whole = 0;
	pid_t pids[3];

	for (int round = 0; round < 30; round++) {
		unlink(files.log);
		for (size_t i = 0; i < 3; i++)
			if ((pids[i] = fork()) == 0)
				_exit(write_all());
		for (size_t i = 0; i < 3; i++)
			n_good += waitpid(pids[i], &status, 0) == pids[i] &&
				  status == 0;
		n_whole += kept() == (int)n_entries;
	}
	is_int(n_good, 90, "processes that write at once lose no entry");
	is_int(n_whole, 30, "the longest log is left");
	is_int(n_files("home"), 3, "its pin and the lock");
}

int
main(void)
{
	char dir[] = "/tmp/log-XXXXXX";
	struct json_object *c = vector_case("log", "the honest log");

	entries = vector_texts(c, "log", &n_entries);
	if (!folder_enter(dir) || project_files_init(&files, HOME ".state",
				      vector_str(c, "project_id")) != 0)
		return 1;
	keeping();
	broken();
	odd_files();
	no_home();
	at_once();
	project_files_reset(&files);
	free(entries);
	folder_remove(dir);
	return tap_done();
}
