/* SPDX-License-Identifier: MIT */
/*
 * load-file-t.c: the .env file that a load reads, by a link or from a FIFO, and
 * what it sets in the environment.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fallback.h"
#include "load/load.h"
#include "sentence.h"

/* A Kubernetes mount: .env -> ..data/.env, ..data -> a folder with a date. */
static void
test_link(void)
{
	struct vaultenv_loaded *loaded = NULL;
	struct vaultenv_error err;

	server_is("up");
	cache_is("absent");
	unlink(FOLDER "/.env");
	ok(mkdir(FOLDER "/..2025", 0755) == 0 &&
		symlink("..2025", FOLDER "/..data") == 0 &&
		symlink("..data/.env", FOLDER "/.env") == 0,
	    "a .env that is a link");
	is_int(load(NULL, &loaded, &err), 0, "that leads nowhere");
	ok(loaded->source == VAULTENV_SOURCE_FILE && n_calls == 0,
	    "is no file, as dotenv has it");
	vaultenv_loaded_free(&loaded);
	fake_write(FOLDER "/..2025/.env", "OWN=1\nVAULT_KEY=" KEY "\n", 0644);
	is_int(load(NULL, &loaded, &err), 0, "one that leads to a file");
	ok(loaded->source == VAULTENV_SOURCE_SERVER, "is followed to its key");
	is_str(vaultenv_list_find(loaded->variables, "OWN")->value, "1",
	    "and variables");
	ok(file_text(CACHE) != NULL, "the cache is beside the link");
	vaultenv_loaded_free(&loaded);
	ok(rename(CACHE, FOLDER "/cache") == 0 && symlink("cache", CACHE) == 0,
	    "a cache that is a link");
	is_int(vaultenv_load_cached(&options, NULL, &loaded, &err),
	    VAULTENV_ERR_IO, "is not followed");
	unlink(CACHE);
	unlink(FOLDER "/cache");
	unlink(FOLDER "/.env");
	unlink(FOLDER "/..2025/.env");
	unlink(FOLDER "/..data");
	rmdir(FOLDER "/..2025");
}

static void
test_setenv(void)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;

	vaultenv_list_new(&list);
	vaultenv_list_set(list, "T_NEW", "1", 1);
	vaultenv_list_set(list, "T_EMPTY", "2", 1);
	vaultenv_list_set(list, "T_OLD", "3", 1);
	setenv("T_EMPTY", "", 1);
	setenv("T_OLD", "old", 1);
	is_int(vaultenv_list_setenv(list, 0, &err), 0, "setenv");
	is_str(getenv("T_NEW"), "1", "a new one");
	is_str(getenv("T_EMPTY"), "", "an empty one is there already");
	is_str(getenv("T_OLD"), "old", "an existing one wins");
	is_int(vaultenv_list_setenv(list, 1, &err), 0, "override");
	is_str(getenv("T_EMPTY"), "2", "replaces");
	is_str(getenv("T_OLD"), "3", "both");
	vaultenv_list_set(list, "T_OLD", "4", 1);
	vaultenv_list_set(list, "T_NUL", "a\0b", 3);
	is_int(
	    vaultenv_list_setenv(list, 1, &err), VAULTENV_ERR_INVALID, "a NUL");
	is_str(sentence(&err),
	    "T_NUL cannot be an environment variable: its value holds a NUL. "
	    "Store it as base64",
	    "is named");
	is_str(getenv("T_OLD"), "3", "and nothing is set");
	vaultenv_list_free(&list);

	fake_write(FOLDER "/.env", "T_OLD=file\nT_MORE=1\n", 0644);
	is_int(vaultenv_load_setenv(&options, NULL, &err), 0, "load_setenv");
	is_str(getenv("T_MORE"), "1", "sets what was loaded");
	is_str(getenv("T_OLD"), "3", "and no more");
	is_int(vaultenv_load_setenv(&options,
		   &(struct vaultenv_load_options){ .override = 1 }, NULL),
	    0, "unless it overrides");
	is_str(getenv("T_OLD"), "file", "what there is");
	fake_write(FOLDER "/.env", "VAULT_KEY=vk_1_2\nT_OLD=new\n", 0644);
	is_int(vaultenv_load_setenv(&options, NULL, &err), VAULTENV_ERR_INVALID,
	    "an error of the load");
	is_str(getenv("T_OLD"), "file", "sets nothing");
	unlink(FOLDER "/.env");
}

/* A FIFO can be read once: the watch after the load has what that has read. */
static void
test_fifo(void)
{
	static const struct vaultenv_watch_options quick = { .interval_ms = 1 };
	const char *text = text_of(get(table, "env_files"), "file");
	struct vaultenv_loaded *loaded;
	struct vaultenv_watch *w = NULL;
	struct vaultenv_error err;
	int fd;

	server_is("up");
	cache_is("absent");
	unlink(FOLDER "/.env");
	ok(mkfifo(FOLDER "/.env", 0600) == 0, "a FIFO");
	if (fork() == 0) {
		fd = open(FOLDER "/.env", O_WRONLY);
		_exit(write(fd, text, strlen(text)) < 0);
	}
	is_int(load(NULL, &loaded, &err), 0, "is loaded");
	is_int(loaded->version, 7, "with the secrets of its key");
	ok(loaded->file != NULL, "and kept");
	is_int(watch_new(&options, NULL, loaded, &quick, &w, &err), 0,
	    "for the watch, which does not wait for a writer");
	is_int(watch_poll(w), 0, "nor to look for changes");
	watch_free(&w);
	vaultenv_loaded_free(&loaded);
	wait(NULL);
	unlink(FOLDER "/.env");
}

int
main(void)
{
	table_open();
	test_link();
	test_setenv();
	test_fifo();
	table_close();
	return tap_done();
}
