/* SPDX-License-Identifier: MIT */
/*
 * The files of pins: their form, what is refused instead of being taken for
 * absent, that no pin is lost or lowered when processes raise them at once, and
 * homes that cannot be written.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "disk/state-v2.h"
#include "files.h"

#define PROJECT "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define OTHER   "00000000-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define FIRST   "vault-heads-v2 " PROJECT "\n"
#define HEADS   "home/" PROJECT ".heads"
#define LOCK    "home/" PROJECT ".lock"
#define ZEROS   "0000000000000000000000000000000000000000000000000000000000"
/* Of entry or version n of a branch, two hex digits each. */
#define HASH(n, branch) n "00" branch ZEROS
#define LOG_4           "log 4 " HASH("04", "01") "\n"

#define LONGEST         200
#define PROCESSES       4
#define ROUNDS          100

static struct project_files files;

/* The lock's waiting, of which one test does not want to wait for the end. */
static bool is_hurried;
static size_t n_waits;

int __real_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

int
__wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	n_waits++;
	return is_hurried ? 0 : __real_nanosleep(time, left);
}

/* ---- chains: their hashes are all that counts here ---- */

static void
mark(uint8_t hash[HASH_LEN], int64_t n, uint8_t branch)
{
	memset(hash, 0, HASH_LEN);
	hash[0] = (uint8_t)n;
	hash[2] = branch;
}

static struct chain
chain_of(
    int64_t n_steps, const char *env, int64_t first, int64_t last, int branch)
{
	static struct step steps[LONGEST];
	static struct record versions[LONGEST];
	static struct members log;
	static struct records records;

	for (int64_t i = 0; i < n_steps; i++)
		mark(steps[i].hash, i, (uint8_t)branch);
	for (int64_t i = first; i <= last; i++) {
		versions[i - first].version = i;
		mark(versions[i - first].raw.hash, i, (uint8_t)branch);
	}
	log = (struct members){ .steps = steps, .n_steps = (size_t)n_steps };
	records =
	    (struct records){ .at = versions, .n = (size_t)(last - first + 1) };
	return (struct chain){ .log = &log, .env = env, .records = &records };
}

/* 1: it has to start over. */
static int
raise_to(
    int64_t n_steps, const char *env, int64_t first, int64_t last, int branch)
{
	const struct chain chain = chain_of(n_steps, env, first, last, branch);
	bool start_over;
	const int r = heads_raise(&files, &chain, &start_over, &err);

	return r != 0 ? r : start_over;
}

static int64_t
pinned(const char *env)
{
	struct pins pins = { .n_envs = 0 };
	const struct pin *pin;
	int64_t version = -1;

	if (heads_read(&files, &pins, NULL) == 0) {
		pin = env != NULL ? pins_find(&pins, env) : &pins.log;
		version = pin != NULL ? pin->version : 0;
	}
	pins_reset(&pins);
	return version;
}

/* ---- one process ---- */

static void
raising(void)
{
	static const char want[] = FIRST LOG_4
	    "env a 2 " HASH("02", "01") "\nenv b 3 " HASH("03", "01") "\n";
	struct pins pins = { .n_envs = 0 };
	struct stat before, after;

	is_int(heads_read(&files, &pins, &err), 0, "a project never used");
	ok(!pins.has_log && pins.n_envs == 0 && access("home", F_OK) != 0,
	    "has no pins, and reading makes no folder");
	is_int(raise_to(4, NULL, 1, 0, 1), 0, "a log that was verified");
	is_str(content(HEADS), FIRST "log 3 " HASH("03", "01") "\n",
	    "is pinned at its last entry");
	ok(mode_of("home") == 0700 && mode_of(HEADS) == 0600 &&
		mode_of(LOCK) == 0600,
	    "where only its owner gets at it");
	ok(raise_to(5, "b", 1, 3, 1) == 0 && raise_to(5, "a", 2, 2, 1) == 0,
	    "so are environments");
	is_str(content(HEADS), want, "by name");
	ok(stat(HEADS, &before) == 0 && raise_to(5, "b", 2, 3, 1) == 0 &&
		stat(HEADS, &after) == 0 && before.st_ino == after.st_ino,
	    "what is known is not written again");
	is_int(raise_to(3, "b", 1, 2, 1), 0, "a shorter chain is no error");
	is_str(content(HEADS), want, "and lowers nothing");
	is_int(n_files("home"), 2, "nothing else is left there");
}

static void
starting_over(void)
{
	char was[4096];

	strcpy(was, content(HEADS));
	is_int(raise_to(6, NULL, 1, 0, 2), 1,
	    "a log with another entry where the pin is starts over");
	is_int(raise_to(5, "b", 4, 6, 1), 1,
	    "so do versions that begin behind the pin");
	is_int(raise_to(5, "b", 1, 0, 1), 1, "and no versions");
	is_str(content(HEADS), was, "nothing is written then");
	is_int(raise_to(6, "c", 7, 9, 1), 0, "an environment without a pin");
	is_int(pinned("c"), 9, "gets one, wherever its versions begin");
	put(HEADS, FIRST LOG_4 "env c 9 " HASH("09", "02") "\n", 0600);
	is_int(raise_to(6, "c", 7, 9, 1), 1, "another hash starts over");
	is_int(raise_to(6, "c", 7, 8, 1), 0, "a pin beyond the end does not");
	ok(pinned("c") == 9 && pinned(NULL) == 5,
	    "it stays, the log's is raised");
}

/* It is refused both when it is read and when it is to be raised. */
static void
refused(const char *what, int code, const char *sentence_of)
{
	struct pins pins = { .n_envs = 0 };

	is_int(heads_read(&files, &pins, &err), code, what);
	ok(!pins.has_log && pins.envs == NULL, "nothing is read of it");
	if (sentence_of != NULL)
		is_str(sentence(&err), sentence_of, sentence_of);
	is_int(raise_to(9, NULL, 1, 0, 1), code, "nor is it written over");
}

static void
unreadable(void)
{
	static const struct {
		const char *what, *text;
	} bad[] = {
		{ "an empty file", "" },
		{ "no pin of the log", FIRST },
		{ "a torn line", FIRST "log 4 " HASH("04", "01") },
		{ "a torn hash", FIRST "log 4 0400\n" },
		{ "another project's", "vault-heads-v2 " OTHER "\n" LOG_4 },
		{ "conflict marks",
		    FIRST "<<<<<<< ours\n" LOG_4 "=======\n>>>>>>> theirs\n" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(HEADS, bad[i].text, 0600);
		refused(bad[i].what, CODE_HEADS_FORM, NULL);
		is_str(content(HEADS), bad[i].text, "it is as it was");
	}
	put(HEADS, FIRST LOG_4 "log 4 " HASH("04", "02") "\n", 0600);
	refused("two hashes", CODE_LOG_FORK, NULL);
	put(HEADS, FIRST LOG_4, 0640);
	refused("a file that others can read", VAULTENV_ERR_IO,
	    "Cannot use " HEADS ": other users can get at it (mode 0640). "
	    "Run: chmod 600 " HEADS);
	chmod(HEADS, 0600);
	ok(rename(HEADS, "elsewhere") == 0 &&
		symlink("../elsewhere", HEADS) == 0,
	    "a symlink");
	refused("is not followed", VAULTENV_ERR_IO,
	    "Cannot read " HEADS ": it is a symbolic link. Give the path of "
	    "the file itself");
	is_str(content("elsewhere"), FIRST LOG_4, "what it points to stays");
	unlink(HEADS);
	ok(mkfifo(HEADS, 0600) == 0, "a FIFO");
	refused("blocks nobody", VAULTENV_ERR_IO, NULL);
	unlink(HEADS);
}

static void
locked(void)
{
	int fd;

	unlink(LOCK);
	ok(symlink("../stolen", LOCK) == 0, "a lock that is a symlink");
	is_int(raise_to(3, NULL, 1, 0, 1), VAULTENV_ERR_IO, "is refused");
	ok(access("stolen", F_OK) != 0 && access(HEADS, F_OK) != 0,
	    "and nothing is made");
	unlink(LOCK);
	fd = open(LOCK, O_RDWR | O_CREAT, 0600);
	ok(flock(fd, LOCK_EX) == 0, "a process that does not end");
	is_hurried = true;
	fails(raise_to(3, NULL, 1, 0, 1), VAULTENV_ERR_IO,
	    "Cannot lock " LOCK ": another process has held it for 10 "
	    "seconds. End that process, or try again");
	is_hurried = false;
	is_int((intmax_t)n_waits, 2000, "is waited for, but not for ever");
	close(fd);
	is_int(raise_to(3, NULL, 1, 0, 1), 0, "until it does");
}

/* ---- homes that cannot be written ---- */

static int
as_nobody(void)
{
	struct pins pins = { .n_envs = 0 };

	if (geteuid() == 0 && seteuid(65534) != 0)
		return 9;
	if (raise_to(9, NULL, 1, 0, 1) != 0)
		return 1;
	return heads_read(&files, &pins, NULL) != 0 || pins.has_log ? 2 : 0;
}

static int
status_of(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
		   ? WEXITSTATUS(status)
		   : -1;
}

static void
no_home(void)
{
	static const char *const states[] = { NULL, "file/.vault/x.state",
		"missing/.vault/x.state", "closed/x.state" };
	struct project_files home = files;
	pid_t pid;

	put("file", "", 0600);
	ok(mkdir("closed", 0500) == 0, "homes that cannot be written");
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		printf("# %s\n", states[i] != NULL ? states[i] : "none");
		is_int(project_files_init(&files, states[i], PROJECT), 0,
		    "a home");
		if ((pid = fork()) == 0)
			_exit(as_nobody());
		is_int(status_of(pid), 0, "keeps nothing, without an error");
		project_files_reset(&files);
	}
	is_int(n_files("closed"), 0, "nor is anything left there");
	files = home;
}

/* ---- processes ---- */

/* Each has an environment of its own, and all have one, and the log. */
static int
raise_many(int self)
{
	const char name[] = { 'p', (char)('0' + self), '\0' };
	int64_t all = 0, log = 0, seen;

	for (int64_t i = 1; i <= ROUNDS; i++) {
		if (raise_to(i + self, name, 1, i, 1) != 0 ||
		    raise_to(i, "all", 1, i + self, 1) != 0)
			return 1;
		if (pinned(name) != i)
			return 2;
		if ((seen = pinned("all")) < all || seen < i + self)
			return 3;
		all = seen;
		if ((seen = pinned(NULL)) < log || seen < i + self - 1)
			return 4;
		log = seen;
	}
	return 0;
}

static void
at_once(void)
{
	pid_t pids[PROCESSES];
	char name[] = "p0";

	unlink(HEADS);
	for (int i = 0; i < PROCESSES; i++)
		if ((pids[i] = fork()) == 0)
			_exit(raise_many(i));
	for (int i = 0; i < PROCESSES; i++)
		is_int(status_of(pids[i]), 0,
		    "a process among others never sees a pin fall");
	for (int i = 0; i < PROCESSES; i++) {
		name[1] = (char)('0' + i);
		is_int(pinned(name), ROUNDS, "no pin is lost");
	}
	is_int(pinned("all"), ROUNDS + PROCESSES - 1, "the highest counts");
	is_int(pinned(NULL), ROUNDS + PROCESSES - 2, "and of the log");
}

static void
forks_at_once(void)
{
	int n_over = 0, n_good = 0, status;
	pid_t pids[2];

	for (int round = 0; round < 50; round++) {
		unlink(HEADS);
		for (int i = 0; i < 2; i++)
			if ((pids[i] = fork()) == 0)
				_exit(raise_to(3, "a", 1, 5, i) & 0xff);
		for (int i = 0; i < 2; i++) {
			status = status_of(pids[i]);
			n_over += status == 1;
			n_good += status == 0;
		}
	}
	ok(n_over == 50 && n_good == 50,
	    "of two branches seen at once one starts over, always: %d, %d",
	    n_good, n_over);
}

/* ---- .vault-heads ---- */

static int
shared_read(struct pins *pins, bool *other)
{
	return shared_heads_read("project/.env", PROJECT, pins, other, &err);
}

static void
sharing(void)
{
	struct pins pins = { .n_envs = 0 };
	bool other;

	unlink(HEADS);
	ok(mkdir("project", 0755) == 0 && raise_to(5, "a", 1, 3, 1) == 0 &&
		heads_read(&files, &pins, &err) == 0,
	    "a machine with pins");
	ok(shared_heads_renew("project/.env", PROJECT, &pins, &other, &err) ==
		    0 &&
		shared_read(&pins, &other) == 0 && n_files("project") == 0,
	    "makes no .vault-heads");
	put("project/.vault-heads",
	    FIRST "env z 7 " HASH("07", "01") "\nlog 2 " HASH(
		"02", "01") "\nenv a 2 " HASH("02",
		"01") "\n" FIRST "env z 6 " HASH("06", "01") "\n",
	    0664);
	ok(shared_heads_renew("project/.env", PROJECT, &pins, &other, &err) ==
		    0 &&
		!other,
	    "one that is there is renewed");
	is_str(content("project/.vault-heads"),
	    FIRST LOG_4
	    "env a 3 " HASH("03", "01") "\nenv z 7 " HASH("07", "01") "\n",
	    "raised, by name, with what it alone knows");
	is_int(mode_of("project/.vault-heads"), 0600, "0600");
	ok(shared_read(&pins, &other) == 0 && pins.n_envs == 2 &&
		pins_find(&pins, "z")->shared && !pins_find(&pins, "a")->shared,
	    "its pins are read beside the own ones");
	ok(raise_to(6, "a", 1, 4, 1) == 0 && pinned("z") == 0,
	    "but never written into the own file");
	pins_reset(&pins);
}

static void
shared_refused(void)
{
	static const char marks[] =
	    FIRST "<<<<<<< a\nlog 2 " HASH("02", "01") "\n>>>>>>> b\n";
	static const char fork[] =
	    FIRST "log 9 " HASH("09", "01") "\nenv a 4 " HASH("04", "02") "\n";
	static const char others[] =
	    "vault-heads-v2 " OTHER "\nlog 9 " HASH("09", "01") "\n";
	struct pins pins = { .n_envs = 0 };
	bool other;

	is_int(heads_read(&files, &pins, &err), 0, "own pins");
	put("project/.vault-heads", marks, 0644);
	is_int(shared_heads_renew("project/.env", PROJECT, &pins, &other, &err),
	    CODE_HEADS_FORM, "conflict marks are refused");
	is_str(content("project/.vault-heads"), marks, "and left to a person");
	put("project/.vault-heads", fork, 0644);
	is_int(shared_heads_renew("project/.env", PROJECT, &pins, &other, &err),
	    CODE_RECORD_FORK, "so is a fork");
	is_str(content("project/.vault-heads"), fork, "and left as proof");
	put("project/.vault-heads", others, 0644);
	ok(shared_heads_renew("project/.env", PROJECT, &pins, &other, &err) ==
		    0 &&
		other && shared_read(&pins, &other) == 0 && other &&
		pins.log.version == 5,
	    "another project's is passed over, which is told");
	is_str(content("project/.vault-heads"), others, "and left alone");
	unlink("project/.vault-heads");
	ok(symlink("../" HEADS, "project/.vault-heads") == 0, "a symlink");
	fails(shared_read(&pins, &other), VAULTENV_ERR_IO,
	    "Cannot read project/.vault-heads: it is a symbolic link. Give "
	    "the path of the file itself");
	pins_reset(&pins);
}

int
main(void)
{
	char dir[] = "/tmp/heads-XXXXXX";

	if (!folder_enter(dir) || chmod(dir, 0755) != 0 ||
	    project_files_init(&files, "home/" PROJECT ".state", PROJECT) != 0)
		return 1;
	raising();
	starting_over();
	unreadable();
	locked();
	no_home();
	at_once();
	forks_at_once();
	sharing();
	shared_refused();
	project_files_reset(&files);
	folder_remove(dir);
	return tap_done();
}
