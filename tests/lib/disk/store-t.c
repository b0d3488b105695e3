/* SPDX-License-Identifier: MIT */
/*
 * Files: what is refused and in which words, modes, that a failed write leaves
 * the old content and no litter, and that nothing is overwritten that must be
 * kept. Works for root too, whom modes do not
 * stop: a write fails by RLIMIT_FSIZE here.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"

static int
read_path(const char *path)
{
	char *text = NULL;
	size_t len;
	int r = vaultenv_file_read(path, &text, &len, &err);

	vaultenv_text_free(&text, len);
	return r;
}

static int
write_path(const char *path, const char *text)
{
	return vaultenv_file_write(path, text, strlen(text), &err);
}

static void
odd_files(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	put("file", "old", 0600);
	if (symlink("file", "link") != 0 ||
	    symlink("nowhere", "dangling") != 0 ||
	    symlink("loop", "loop") != 0 || symlink("fifo", "to-fifo") != 0 ||
	    mkfifo("fifo", 0600) != 0 || mkdir("folder", 0700) != 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		printf("# cannot make odd files\n");
	close(fd);
}

static void
reading(void)
{
	const size_t max = (size_t)16 << 20;
	char *text = NULL;
	size_t len = 0;
	int fd;

	put("file", "A=1\0\n", 0644);
	is_int(
	    vaultenv_file_read("file", &text, &len, NULL), 0, "a file is read");
	ok(len == 3 && strcmp(text, "A=1") == 0, "with its content");
	vaultenv_text_free(&text, len);
	ok(text == NULL, "which is freed");
	put("empty", "", 0600);
	is_int(
	    vaultenv_file_read("empty", &text, &len, NULL), 0, "an empty one");
	ok(len == 0 && text != NULL && *text == '\0', "is an empty text");
	vaultenv_text_free(&text, len);
	fd = open("large", O_WRONLY | O_CREAT, 0600);
	ok(ftruncate(fd, (off_t)max) == 0, "16 MiB");
	is_int(read_path("large"), 0, "can be read");
	ok(ftruncate(fd, (off_t)max + 1) == 0, "a byte more");
	fails(read_path("large"), VAULTENV_ERR_IO,
	    "Cannot read large: it is "
	    "larger than 16777216 bytes. Check that it is the right file");
	close(fd);
	is_int(read_path("/proc/self/status"), 0, "a file of unknown size");

	fails(read_path("none"), VAULTENV_ERR_NOT_FOUND,
	    "Cannot read none: "
	    "there is no such file. Check the path");
	fails(read_path("none/none"), VAULTENV_ERR_NOT_FOUND,
	    "Cannot read "
	    "none/none: there is no such file. Check the path");
	fails(read_path("file/none"), VAULTENV_ERR_IO,
	    "Cannot read file/none: Not a directory");
	is_int(vaultenv_file_read("link", &text, &len, NULL), 0, "a link");
	is_str(text, "A=1", "is followed");
	vaultenv_text_free(&text, len);
	fails(read_path("dangling"), VAULTENV_ERR_NOT_FOUND,
	    "Cannot read dangling: it is a symbolic link to nowhere, which "
	    "cannot be read: No such file or directory");
	fails(read_path("loop"), VAULTENV_ERR_IO,
	    "Cannot read loop: it is a symbolic link to loop, which cannot be "
	    "read: Too many levels of symbolic links");
	fails(read_path("to-fifo"), VAULTENV_ERR_IO,
	    "Cannot read to-fifo: it is a "
	    "FIFO. Give the path of a regular file");
	fails(read_path("fifo"), VAULTENV_ERR_IO,
	    "Cannot read fifo: it is a "
	    "FIFO. Give the path of a regular file");
	fails(read_path("sock"), VAULTENV_ERR_IO,
	    "Cannot read sock: it is a "
	    "socket. Give the path of a regular file");
	fails(read_path("folder"), VAULTENV_ERR_IO,
	    "Cannot read folder: it is a "
	    "folder. Give the path of a regular file");
	fails(read_path("/dev/zero"), VAULTENV_ERR_IO,
	    "Cannot read /dev/zero: "
	    "it is a device. Give the path of a regular file");
}

static void
writing(void)
{
	struct rlimit was, limit;
	int n;

	umask(0);
	is_int(write_path("new", "A=1\n"), 0, "a new file is written");
	is_str(content("new"), "A=1\n", "with its content");
	is_int(mode_of("new"), 0600, "for nobody else, whatever the umask");
	umask(0777);
	is_int(write_path("new", ""), 0, "it is replaced by nothing");
	is_str(content("new"), "", "which is then in it");
	is_int(mode_of("new"), 0600, "and the mode is right again");
	umask(022);
	put("new", "old", 0644);
	is_int(write_path("new", "B=2\n"), 0, "one that all could read");
	is_int(mode_of("new"), 0600, "is closed to them");
	is_int(write_path("folder/../folder/in", "x"), 0, "a path is followed");
	is_str(content("folder/in"), "x", "to its folder");
	unlink("folder/in");

	put("file", "old", 0600);
	n = n_files(".");
	fails(write_path("link", "x"), VAULTENV_ERR_IO,
	    "Cannot write link: it "
	    "is a symbolic link. Give the path of the file itself");
	is_str(content("file"), "old", "what the link points at stands");
	fails(write_path("dangling", "x"), VAULTENV_ERR_IO,
	    "Cannot write "
	    "dangling: it is a symbolic link. Give the path of the file "
	    "itself");
	fails(write_path("fifo", "x"), VAULTENV_ERR_IO,
	    "Cannot write fifo: it is "
	    "a FIFO. Give the path of a regular file");
	fails(write_path("sock", "x"), VAULTENV_ERR_IO,
	    "Cannot write sock: it is "
	    "a socket. Give the path of a regular file");
	fails(write_path("folder", "x"), VAULTENV_ERR_IO,
	    "Cannot write folder: "
	    "it is a folder. Give the path of a regular file");
	fails(write_path("none/new", "x"), VAULTENV_ERR_IO,
	    "Cannot write "
	    "none/new: its folder cannot be opened: No such file or directory");
	fails(write_path("file/new", "x"), VAULTENV_ERR_IO,
	    "Cannot write "
	    "file/new: its folder cannot be opened: Not a directory");
	fails(write_path("folder/", "x"), VAULTENV_ERR_IO,
	    "Cannot write "
	    "'folder/': it does not end in the name of a file");
	fails(write_path("", "x"), VAULTENV_ERR_IO,
	    "Cannot write '': it does "
	    "not end in the name of a file");
	fails(write_path("/proc/new", "x"), VAULTENV_ERR_IO,
	    "Cannot write "
	    "/proc/new: no file can be made in its folder: No such file or "
	    "directory");

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = was;
	limit.rlim_cur = 4;
	/* Standard output may be a file: no output while this holds. */
	setrlimit(RLIMIT_FSIZE, &limit);
	write_path("file", "longer than that");
	setrlimit(RLIMIT_FSIZE, &was);
	fails(err.code, VAULTENV_ERR_IO, "Cannot write file: File too large");
	is_str(content("file"), "old", "the old content stands");
	is_int(n_files("."), n, "and nothing is left behind");
	is_int(write_path("file", "new"), 0, "later it succeeds");
	is_str(content("file"), "new", "with the new content");
}

static void
leftovers(void)
{
	const char *ours = ".vault-env-0123456789abcdef",
		   *busy = ".vault-env-fedcba9876543210",
		   *other = ".vault-env-notes";
	struct rlimit limit = { 4, 4 };
	int n = n_files("."), fd, status = 0;
	pid_t child;

	if ((child = fork()) == 0) {
		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &limit);
		write_path("file", "longer than that");
		_exit(0);
	}
	ok(waitpid(child, &status, 0) == child && WIFSIGNALED(status),
	    "a write is killed half-way");
	is_int(n_files("."), n, "no name of it is on disk");
	is_str(content("file"), "new", "and the old content stands");

	put(ours, "A=secret", 0600);
	put(busy, "A=secret", 0600);
	put(other, "mine", 0600);
	ok(mkdir(".vault-env-0123456789abcdee", 0700) == 0, "a folder");
	fd = open(busy, O_RDONLY);
	ok(fd >= 0 && flock(fd, LOCK_EX) == 0, "a file that is being written");
	is_int(write_path("file", "new"), 0, "the next write");
	is_str(content(ours), "(none)", "removes what a killed one left");
	is_str(content(busy), "A=secret", "not what another is writing");
	is_str(content(other), "mine", "nor what is not ours");
	close(fd);
	is_int(write_path("file", "new"), 0, "when that one was killed too");
	is_str(content(busy), "(none)", "it goes as well");
	ok(rmdir(".vault-env-0123456789abcdee") == 0, "the folder is left");
	unlink(other);
	is_int(n_files("."), n, "and nothing is left behind");
}

static int
read_private(const char *path, size_t max, const char *want)
{
	struct blob b;
	int r;

	blob_init(&b, max);
	r = store_read_private(path, max, &b, &err);
	if (r == 0)
		is_str(b.data == NULL ? "" : (char *)b.data, want,
		    "its content is trimmed");
	if (r == 0)
		is_int(
		    (intmax_t)b.len, (intmax_t)strlen(want), "to its length");
	blob_reset(&b);
	return r;
}

static void
private_files(void)
{
	struct rlimit was, limit;
	struct stat st;
	struct blob b;
	int n;

	put("key", " \t0123\r\n\n", 0600);
	is_int(read_private("key", 10, "0123"), 0, "a private file is read");
	put("key", " \n", 0400);
	is_int(read_private("key", 10, ""), 0, "one with nothing in it");
	put("key", "", 0400);
	is_int(read_private("key", 10, ""), 0, "an empty one");
	put("key", "0123456789a", 0600);
	fails(read_private("key", 10, ""), VAULTENV_ERR_IO,
	    "Cannot read key: it "
	    "is larger than 10 bytes. Check that it is the right file");
	put("key", "0123", 0640);
	fails(read_private("key", 10, ""), VAULTENV_ERR_IO,
	    "Cannot use key: "
	    "other users can get at it (mode 0640). Run: chmod 600 key");
	put("key", "0123", 0602);
	fails(read_private("key", 10, ""), VAULTENV_ERR_IO,
	    "Cannot use key: "
	    "other users can get at it (mode 0602). Run: chmod 600 key");
	put("key", "0123", 0644);
	blob_init(&b, 10);
	is_int(store_read_own("key", 10, &b, &st, &err), 0,
	    "others may read a file that need only be the user's own");
	blob_reset(&b);
	put("key", "0123", 0620);
	fails(store_read_own("key", 10, &b, &st, &err), VAULTENV_ERR_IO,
	    "Cannot use key: other users can write to it (mode 0620). Run: "
	    "chmod 600 key");
	put("key", "0123", 0600);
	if (chown("key", 12345, 12345) == 0)
		fails(read_private("key", 10, ""), VAULTENV_ERR_IO,
		    "Cannot use "
		    "key: it belongs to another user (uid 12345). Make it your "
		    "own or remove it");
	fails(read_private("link", 10, ""), VAULTENV_ERR_IO,
	    "Cannot read link: "
	    "it is a symbolic link. Give the path of the file itself");
	fails(read_private("none", 10, ""), VAULTENV_ERR_NOT_FOUND,
	    "Cannot read "
	    "none: there is no such file. Check the path");
	unlink("key");

	umask(0);
	is_int(store_create_private("vault/id.key", "abc\n", 4, &err), 0,
	    "a private file is made with its folder");
	umask(022);
	is_int(mode_of("vault"), 0700, "the folder is private");
	is_int(mode_of("vault/id.key"), 0600, "the file too");
	is_str(content("vault/id.key"), "abc\n", "it has its content");
	fails(store_create_private("vault/id.key", "x", 1, &err),
	    VAULTENV_ERR_EXISTS,
	    "Cannot write vault/id.key: it exists and must "
	    "be kept. Move it away first");
	is_str(content("vault/id.key"), "abc\n", "which stands");
	is_int(n_files("vault"), 1, "alone in its folder");
	n = n_files(".");
	fails(store_create_private("dangling", "x", 1, &err),
	    VAULTENV_ERR_EXISTS,
	    "Cannot write dangling: it exists and must be "
	    "kept. Move it away first");
	fails(store_create_private("none/none/key", "x", 1, &err),
	    VAULTENV_ERR_IO,
	    "Cannot make the folder none/none: No such file or "
	    "directory");
	fails(store_create_private("file/key", "x", 1, &err), VAULTENV_ERR_IO,
	    "Cannot write file/key: its folder cannot be opened: Not a "
	    "directory");
	getrlimit(RLIMIT_FSIZE, &was);
	limit = was;
	limit.rlim_cur = 4;
	setrlimit(RLIMIT_FSIZE, &limit);
	store_create_private("half", "longer than that", 16, &err);
	setrlimit(RLIMIT_FSIZE, &was);
	fails(err.code, VAULTENV_ERR_IO, "Cannot write half: File too large");
	is_str(content("half"), "(none)", "no half of a file has the name");
	is_int(n_files("."), n, "and nothing is left behind");
}

int
main(void)
{
	char dir[] = "/tmp/store-t-XXXXXX";

	if (!folder_enter(dir)) {
		printf("Bail out! no temporary folder\n");
		return 1;
	}
	odd_files();
	reading();
	writing();
	leftovers();
	private_files();
	folder_remove(dir);
	return tap_done();
}
