/* SPDX-License-Identifier: MIT */
/*
 * load: the whole table of tests/vectors/fallback.json, which the bindings'
 * tests read too, and the names that come through.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fallback.h"
#include "load/load.h"
#include "sentence.h"

/* ---- the table ---- */

/* {url}, {file}, {cache}, {away} */
static void
fill_in(char *out, size_t size, const char *text)
{
	static const char *const words[][2] = { { "{url}", FAKE_URL },
		{ "{file}", FOLDER "/.env" }, { "{cache}", CACHE },
		{ "{away}",
		    "Cannot reach " FAKE_URL ". Check the URL (VAULT_URL)" } };
	size_t used = 0, i;

	while (*text != '\0') {
		for (i = 0; i < 4; i++) {
			if (strncmp(text, words[i][0], strlen(words[i][0])) ==
			    0)
				break;
		}
		if (i == 4) {
			out[used++] = *text++;
			continue;
		}
		used += (size_t)snprintf(
		    out + used, size - used, "%s", words[i][1]);
		text += strlen(words[i][0]);
	}
	out[used] = '\0';
}

static const char *
item(struct json_object *array, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(array, i));
}

static bool
variables_are(const struct vaultenv_list *list, const char *source)
{
	struct json_object *want = get(get(table, "variables"), source);
	const struct vaultenv_pair *pair;
	size_t i, n = json_object_array_length(want);

	for (i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(want, i);

		pair = vaultenv_list_at(list, i);
		if (pair == NULL || strcmp(pair->name, item(row, 0)) != 0 ||
		    strcmp(pair->value, item(row, 1)) != 0)
			return false;
	}
	return vaultenv_list_len(list) == n;
}

static int
code_of(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = { { "NETWORK", VAULTENV_ERR_NETWORK },
		{ "SERVER", VAULTENV_ERR_SERVER },
		{ "UNAUTHORIZED", VAULTENV_ERR_UNAUTHORIZED },
		{ "PENDING", VAULTENV_ERR_PENDING },
		{ "DEVICE", VAULTENV_ERR_DEVICE },
		{ "DECRYPT", VAULTENV_ERR_DECRYPT },
		{ "NOT_FOUND", VAULTENV_ERR_NOT_FOUND },
		{ "NO_SECRETS", VAULTENV_ERR_NO_SECRETS } };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	}
	return 0;
}

static void
check_row(struct json_object *row, int r, const struct vaultenv_loaded *loaded,
    const struct vaultenv_error *err)
{
	static const char *const sources[] = { "file", "server", "cache" };
	const char *want = text_of(row, "want");
	char text[1024], name[256];

	fill_in(text, sizeof(text), text_of(row, "text"));
	snprintf(name, sizeof(name), "%s, server %s, cache %s",
	    text_of(row, "key"), text_of(row, "server"), text_of(row, "cache"));
	if (!is_int(r, code_of(want), name) || r != 0) {
		is_str(sentence(err), text, name);
		is_int(err->code, r, name);
		ok(loaded == NULL && n_notices == 0, "and nothing else");
		return;
	}
	is_str(sources[loaded->source], want, name);
	ok(variables_are(loaded->variables, want), "with its variables");
	is_int(loaded->version,
	    json_object_get_int(get(get(table, "versions"), want)),
	    "and version");
	is_int(vaultenv_list_len(loaded->left_out), *want != 'f',
	    "without LD_PRELOAD of the vault");
	if (*want != 'f')
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%s", *text != '\0' ? "\n" : "",
		    text_of(table, "left_out"));
	is_str(notices, text, "and notices");
	fill_in(
	    text, sizeof(text), *want != 'f' ? text_of(table, "hides") : "");
	is_str(hides, text, "of what the file hides, too");
}

static void
test_table(void)
{
	struct json_object *rows = get(table, "rows");
	size_t i, n = json_object_array_length(rows);
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;
	int r;

	is_int((intmax_t)n, 2 * 8 * 6, "every cell has its row");
	setenv("VAULT_CACHE_MAX_AGE", "1d", 1);
	for (i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		env_is(text_of(row, "key"));
		server_is(text_of(row, "server"));
		cache_is(text_of(row, "cache"));
		r = load(NULL, &loaded, &err);
		check_row(row, r, loaded, &err);
		ok((n_calls == 0) == (strcmp(text_of(row, "key"), "none") == 0),
		    "a request with a key only");
		vaultenv_loaded_free(&loaded);
	}
	rows = get(table, "cached");
	n = json_object_array_length(rows);
	is_int((intmax_t)n, 2 * 6, "every cell without a server too");
	server_is("up");
	for (i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		env_is(text_of(row, "key"));
		cache_is(text_of(row, "cache"));
		n_calls = n_notices = 0;
		notices[0] = hides[0] = '\0';
		loaded = NULL;
		memset(&err, 0, sizeof(err));
		r = vaultenv_load_cached(&options, NULL, &loaded, &err);
		check_row(row, r, loaded, &err);
		is_int(n_calls, 0, "no request");
		vaultenv_loaded_free(&loaded);
	}
	unsetenv("VAULT_CACHE_MAX_AGE");
}

/* ---- what comes through ---- */

static void
test_names(void)
{
	static const char *const allow[] = { "OTHER", "LD_PRELOAD", NULL };
	struct vaultenv_load_options how = { .allow = allow };
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;

	server_is("up");
	cache_is("absent");
	env_is("file");
	is_int(load(NULL, &loaded, &err), 0, "a load");
	is_str(vaultenv_list_at(loaded->left_out, 0)->name, "LD_PRELOAD",
	    "LD_PRELOAD is named");
	ok(vaultenv_list_find(loaded->variables, "LD_PRELOAD") == NULL &&
		vaultenv_list_find(loaded->variables, "VAULT_URL") == NULL,
	    "and out, VAULT_URL too");
	vaultenv_loaded_free(&loaded);
	is_int(load(&how, &loaded, &err), 0, "allowed");
	is_str(vaultenv_list_find(loaded->variables, "LD_PRELOAD")->value,
	    "/x.so", "it is in");
	is_int(n_notices, 0, "without a notice");
	is_int(vaultenv_list_len(loaded->left_out), 0, "and not left out");
	ok(vaultenv_list_find(loaded->variables, "VAULT_URL") == NULL,
	    "VAULT_URL never is");
	vaultenv_loaded_free(&loaded);

	fake_write(FOLDER "/.env",
	    "ENV=mine\nPATH=/evil\nWHO=file\nVAULT_KEY=" KEY
	    "\nVAULT_URL=" FAKE_URL
	    "\nOWN='${WHO}-${WHO:-x}-$WHO'\nOWN=${OWN}+${FROM_VAULT}\n",
	    0644);
	is_int(load(NULL, &loaded, &err), 0, "the file's own names");
	is_str(vaultenv_list_find(loaded->variables, "ENV")->value, "mine",
	    "are the user's, ENV too");
	ok(vaultenv_list_find(loaded->variables, "PATH") == NULL,
	    "but not those that run code");
	is_str(vaultenv_list_at(loaded->left_out, 1)->name, "PATH",
	    "which are named beside those of the vault");
	is_str(vaultenv_list_find(loaded->variables, "VAULT_URL")->value,
	    FAKE_URL, "VAULT_URL too");
	ok(vaultenv_list_find(loaded->variables, "VAULT_KEY") == NULL,
	    "but not the key");
	is_str(vaultenv_list_find(loaded->variables, "WHO")->value, "file",
	    "and win over the vault");
	is_str(vaultenv_list_find(loaded->variables, "OWN")->value,
	    "${OWN}+${FROM_VAULT}", "not expanded");
	is_str(vaultenv_list_at(loaded->variables, 0)->name, "WHO",
	    "in the order of the vault, then of the file");
	vaultenv_loaded_free(&loaded);
	how = (struct vaultenv_load_options){ .expand = 1 };
	is_int(load(&how, &loaded, &err), 0, "expand");
	is_str(vaultenv_list_find(loaded->variables, "OWN")->value,
	    "file-file-$WHO+yes", "the file, the same name again, the vault");
	vaultenv_loaded_free(&loaded);
	setenv("WHO", "env", 1);
	is_int(load(&how, &loaded, &err), 0, "the environment");
	is_str(vaultenv_list_find(loaded->variables, "OWN")->value,
	    "env-env-$WHO+yes", "comes first");
	vaultenv_loaded_free(&loaded);
	how.override = 1;
	is_int(load(&how, &loaded, &err), 0, "override");
	is_str(vaultenv_list_find(loaded->variables, "OWN")->value,
	    "file-file-$WHO+yes", "or last");
	vaultenv_loaded_free(&loaded);
	unsetenv("WHO");
}

/* A file that is named, and layers of files. */
static void
test_files(void)
{
	struct vaultenv_load_options how = { .override = 1 };
	struct vaultenv_options opts = options;
	struct vaultenv_envfile *file = NULL, *under = NULL;
	struct vaultenv_loaded *loaded;
	struct vaultenv_error err;

	server_is("up");
	cache_is("absent");
	env_is("file");
	ok(chdir(FOLDER) == 0, "in the folder of the .env file");
	fake_write("named", "LOCAL=named\nNAMED=1\n", 0644);
	fake_write("more", "LOCAL=more\nMORE=1\n", 0644);
	opts.path = "named";
	is_int(vaultenv_load(&opts, NULL, &loaded, &err), 0,
	    "a file without a key, beside a .env with one");
	is_int(loaded->source, VAULTENV_SOURCE_SERVER, "is used with that key");
	is_str(vaultenv_list_find(loaded->variables, "LOCAL")->value, "named",
	    "and with its own variables alone");
	vaultenv_loaded_free(&loaded);

	vaultenv_envfile_read("named", &file, &err);
	vaultenv_envfile_read("more", &under, &err);
	vaultenv_envfile_lay(file, &under);
	ok(under == NULL, "a layer is taken");
	vaultenv_envfile_read(".env", &under, &err);
	vaultenv_envfile_lay(file, &under);
	ok(chdir("..") == 0, "elsewhere");
	opts.file = file;
	is_int(vaultenv_load(&opts, NULL, &loaded, &err), 0, "three layers");
	is_int(loaded->source, VAULTENV_SOURCE_SERVER, "the last has the key");
	is_str(vaultenv_list_find(loaded->variables, "LOCAL")->value, "named",
	    "the first wins");
	ok(vaultenv_list_find(loaded->variables, "MORE") != NULL,
	    "what it lacks the others have");
	vaultenv_loaded_free(&loaded);
	is_int(vaultenv_load(&opts, &how, &loaded, &err), 0, "with override");
	is_str(vaultenv_list_find(loaded->variables, "LOCAL")->value, "file",
	    "the last wins");
	vaultenv_loaded_free(&loaded);
	vaultenv_envfile_free(&file);
	unlink(FOLDER "/named");
	unlink(FOLDER "/more");
}

static void
test_no_key(void)
{
	struct vaultenv_options opts = options;
	struct vaultenv_loaded *loaded = NULL;
	struct vaultenv_error err;

	unlink(FOLDER "/.env");
	is_int(load(NULL, &loaded, &err), 0, "neither key nor file");
	ok(loaded->source == VAULTENV_SOURCE_FILE &&
		vaultenv_list_len(loaded->variables) == 0,
	    "no variables");
	vaultenv_loaded_free(&loaded);
	fake_write(FOLDER "/.env",
	    "LD_PRELOAD=a\nVAULT_URL=ftp://b\nVAULT_KEY=\n"
	    "VAULT_DEVICE_SECRET=d\n",
	    0644);
	setenv("NODE_ENV", "a\nb", 1);
	setenv("VAULT_DEVICE_SECRET", "c", 1);
	opts.url = NULL;
	is_int(vaultenv_load(&opts, NULL, &loaded, &err), 0,
	    "without a key no other setting is looked at");
	is_int(vaultenv_list_len(loaded->variables), 1, "plain dotenv");
	is_int(vaultenv_list_len(loaded->left_out), 1,
	    "less LD_PRELOAD, which is named");
	vaultenv_loaded_free(&loaded);
	unsetenv("NODE_ENV");
	setenv("VAULT_DEVICE_SECRET", SECRET, 1);
	env_is("file");
	opts.no_key = 1;
	is_int(vaultenv_load_cached(&opts, NULL, &loaded, &err), 0, "no_key");
	ok(loaded->source == VAULTENV_SOURCE_FILE, "the same");
	vaultenv_loaded_free(&loaded);

	setenv("VAULT_KEY", KEY, 1);
	opts.no_key = 0;
	opts.url = "https://vault.example";
	is_int(vaultenv_load_cached(&opts,
		   &(struct vaultenv_load_options){ .no_cache = 1 }, &loaded,
		   &err),
	    VAULTENV_ERR_NOT_FOUND, "from the cache, but without the cache");
	is_str(sentence(&err),
	    "Neither the cache nor the server may be used: nothing to load "
	    "from",
	    "is nothing");
	server_is("down");
	cache_is("fresh");
	is_int(vaultenv_load(&opts,
		   &(struct vaultenv_load_options){ .no_cache = 1 }, &loaded,
		   &err),
	    VAULTENV_ERR_NETWORK, "nor is it used when the server is away");
	unsetenv("VAULT_KEY");

	fake_write(FOLDER "/.env", "VAULT_KEY=vk_1_2\n", 0644);
	is_int(load(NULL, &loaded, &err), VAULTENV_ERR_INVALID,
	    "a key that is none is an error all the same");
	ok(strncmp(sentence(&err), "VAULT_KEY is not a vault key, ", 30) == 0,
	    "%s", sentence(&err));
	unlink(FOLDER "/.env");
	ok(mkdir(FOLDER "/.env", 0700) == 0, "a folder .env");
	setenv("VAULT_KEY", KEY, 1);
	server_is("up");
	is_int(load(NULL, &loaded, &err), VAULTENV_ERR_IO, "is an error");
	is_str(sentence(&err),
	    "Cannot read " FOLDER "/.env: it is a folder. Give the path of a "
	    "regular file",
	    "of the file");
	server_is("down");
	cache_is("fresh");
	is_int(load(NULL, &loaded, &err), VAULTENV_ERR_IO, "with a cache too");
	unsetenv("VAULT_KEY");
	rmdir(FOLDER "/.env");
	is_int(vaultenv_load(NULL, NULL, &loaded, NULL), 0, "all NULL");
	vaultenv_loaded_free(&loaded);
	ok(loaded == NULL, "freed");
	vaultenv_loaded_free(&loaded);
	vaultenv_loaded_free(NULL);
}

int
main(void)
{
	table_open();
	test_table();
	test_names();
	test_files();
	test_no_key();
	table_close();
	return tap_done();
}
