/* SPDX-License-Identifier: MIT */
/*
 * A .env file in memory: from whatever it may be, a FIFO and /dev/null too,
 * read once; and UTF-16 and UTF-32 are refused with a command that converts
 * them.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"
#include "sentence.h"
#include "tap.h"

static struct vaultenv_error err;

static void
put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd) != 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

/* The value of A in the file at path. */
static void
gives(const char *path, const char *want, const char *name)
{
	struct vaultenv_envfile *file = NULL;
	const struct vaultenv_pair *pair = NULL;

	if (vaultenv_envfile_read(path, &file, &err) == 0)
		pair = vaultenv_list_find(vaultenv_envfile_list(file), "A");
	else
		printf("# %s\n", sentence(&err));
	is_str(pair == NULL ? NULL : pair->value, want, name);
	vaultenv_envfile_free(&file);
}

/* Opens the FIFO when a reader is there, as a password manager does. */
static void *
writer_main(void *pieces)
{
	int fd = open("fifo", O_WRONLY);

	for (const char *const *piece = pieces; *piece != NULL; piece++) {
		usleep(50000);
		if (write(fd, *piece, strlen(*piece)) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void
test_fifo(void)
{
	static const char *const pieces[] = { "A=fro", "m a pipe\n", "B=2\n",
		NULL };
	static const char *const nothing[] = { NULL };
	pthread_t writer;

	ok(mkfifo("fifo", 0600) == 0 && symlink("fifo", "link") == 0, "a FIFO");
	pthread_create(&writer, NULL, writer_main, (void *)pieces);
	gives("fifo", "from a pipe", "is read to its end");
	pthread_join(writer, NULL);
	pthread_create(&writer, NULL, writer_main, (void *)pieces);
	gives("link", "from a pipe", "through a link as well");
	pthread_join(writer, NULL);
	pthread_create(&writer, NULL, writer_main, (void *)nothing);
	gives("fifo", NULL, "and may be empty");
	pthread_join(writer, NULL);
}

static void
test_others(void)
{
	struct vaultenv_envfile *file = NULL;
	size_t len = 1;

	ok(symlink("/dev/null", "null") == 0, "a link to /dev/null");
	is_int(vaultenv_envfile_read("null", &file, &err), 0, "is read");
	is_str(vaultenv_envfile_text(file, &len), "", "as an empty file");
	is_int((intmax_t)len, 0, "of no length");
	vaultenv_envfile_free(&file);
	is_int(vaultenv_envfile_read("none", &file, &err), 0, "no file");
	ok(vaultenv_envfile_text(file, &len) == NULL, "has no text");
	is_int((intmax_t)vaultenv_list_len(vaultenv_envfile_list(file)), 0,
	    "and no variable");
	is_str(vaultenv_envfile_path(file), "none", "but its path");
	vaultenv_envfile_free(&file);
	is_int(vaultenv_envfile_read("/dev/zero", &file, &err), VAULTENV_ERR_IO,
	    "another device is refused");
	is_str(sentence(&err),
	    "Cannot read /dev/zero: it is a device. Give the path of a regular "
	    "file",
	    "and named");
	ok(file == NULL, "without a result");
	is_int(vaultenv_envfile_from("x", -1, "A=1", 3, &file, &err), 0,
	    "bytes that the program has");
	is_str(vaultenv_list_find(vaultenv_envfile_list(file), "A")->value, "1",
	    "are a file, too");
	vaultenv_envfile_free(&file);
	vaultenv_envfile_free(&file);
}

/* Refused, and the command in the hint makes a file that is read. */
static void
refused(const void *bytes, size_t len, const char *text, const char *value)
{
	struct vaultenv_envfile *file = NULL;
	int r;

	put("wide", bytes, len);
	is_int(vaultenv_envfile_read("wide", &file, &err), VAULTENV_ERR_INVALID,
	    "it is refused");
	is_str(err.text, text, text);
	ok(file == NULL, "with nothing");
	if (!ok(strncmp(err.hint, "Run: ", 5) == 0, "and a command"))
		return;
	/* The user would type it. */
	r = system(err.hint + 5);
	is_int(r, 0, "that can be run");
	gives("wide", value, "and mends the file");
}

#define WIDE(text) text, sizeof(text) - 1

static void
test_encodings(void)
{
	refused(WIDE("\xff\xfe"
		     "A\0=\0\x42\x26\r\0\n\0"),
	    "Cannot use wide: it is in UTF-16LE, not in UTF-8", "\xe2\x99\x82");
	refused(WIDE("\xfe\xff\0A\0=\0001\0\n"),
	    "Cannot use wide: it is in UTF-16BE, not in UTF-8", "1");
	refused(WIDE("A\0=\0001\0\n\0"),
	    "Cannot use wide: it is in UTF-16LE, not in UTF-8", "1");
	refused(WIDE("\0A\0=\0001\0\n"),
	    "Cannot use wide: it is in UTF-16BE, not in UTF-8", "1");
	refused(WIDE("\xff\xfe\0\0A\0\0\0=\0\0\0002\0\0\0"),
	    "Cannot use wide: it is in UTF-32LE, not in UTF-8", "2");
	refused(WIDE("\0\0\xfe\xff\0\0\0A\0\0\0=\0\0\0002"),
	    "Cannot use wide: it is in UTF-32BE, not in UTF-8", "2");
	refused(WIDE("B=x\r\n"
		     "A\0=\0y\0\xe9\0\r\0\n\0"),
	    "Cannot use wide: it begins in UTF-8 and goes on in UTF-16LE from "
	    "byte 5 on",
	    "y\xc3\xa9");
	put("wide", WIDE("A='x\0y\0\0z'\n"));
	gives("wide", "x", "a NUL by itself is a value's");
	put("wide", WIDE("\xef\xbb\xbf"
			 "A=1\n"));
	gives("wide", "1", "a mark of UTF-8 is passed over");
	put("wide", WIDE("A=\xe9\n"));
	gives("wide", "\xe9", "Latin-1 is bytes, as dotenv has them");
}

int
main(void)
{
	char folder[] = "/tmp/envfile-t.XXXXXX";

	if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
		printf("Bail out! no folder\n");
		return 1;
	}
	test_fifo();
	test_others();
	test_encodings();
	(void)unlink("fifo");
	(void)unlink("link");
	(void)unlink("null");
	(void)unlink("wide");
	(void)rmdir(folder);
	return tap_done();
}
