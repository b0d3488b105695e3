/* SPDX-License-Identifier: MIT */
/*
 * The handle: where key, URL, environment and device secret are found and in
 * which order, what is refused with which sentence, and the device's key file.
 */
#include "config.h"

#include "fake.h"
#include "sentence.h"

#define OTHER                                                                  \
	"vk_0b6ee3f4-5d3f-4d6e-8c5c-1f0c4f3c9a10_"                             \
	"2222222222222222222222222222222222222222222222222222222222222222"
#define OTHER_SECRET                                                           \
	"d18db6bad8c64ae54c54f9db123303208f665111e4fba5affd579aa28ddf5a59"
#define OTHER_HASH                                                             \
	"28042ae267f9756f726beb117897d270b33c274a3a9f713320a550d92c2444be"

static char home[64];

static struct vaultenv_client *
open_ok(const struct vaultenv_options *opts)
{
	struct vaultenv_client *c = NULL;
	struct vaultenv_error err = { .text = "untouched" };

	if (!ok(vaultenv_client_open(opts, &c, &err) == 0, "opens"))
		printf("# %s\n", sentence(&err));
	is_str(sentence(&err), "untouched", "success leaves the error alone");
	return c;
}

static void
open_fails(const struct vaultenv_options *opts, int code, const char *text)
{
	struct vaultenv_client *c = NULL;
	struct vaultenv_error err;

	is_int(vaultenv_client_open(opts, &c, &err), code, text);
	is_str(sentence(&err), text, "and says so");
	is_int(err.code, code, "and holds the code");
	ok(c == NULL, "and gives no client");
	vaultenv_client_free(&c);
}

static void
test_discovery(void)
{
	struct vaultenv_options opts = { .vault_key = NULL };
	struct vaultenv_client *c;

	open_fails(NULL, VAULTENV_ERR_NO_KEY,
	    "VAULT_KEY not found in the environment or in .env. Run: vault-env "
	    "init, or set VAULT_KEY to the key of an existing project");
	opts.no_key = 1;
	c = open_ok(&opts);
	ok(vaultenv_client_project_id(c) == NULL, "no_key: no project");
	ok(vaultenv_client_device_path(c) == NULL, "no_key: no device path");
	is_str(vaultenv_client_url(c), "https://api.vaultdotenv.io", "default");
	is_str(vaultenv_client_environment(c), "development", "default");
	vaultenv_client_free(&c);
	ok(c == NULL, "free clears the pointer");
	vaultenv_client_free(&c);
	opts.no_key = 0;

	fake_write(
	    ".env", "A=1\nVAULT_KEY=" KEY "\nVAULT_URL=https://f/\n", 0644);
	setenv("ENVIRONMENT", "staging", 1);
	c = open_ok(NULL);
	is_str(vaultenv_client_project_id(c), PROJECT, "key from .env");
	is_str(vaultenv_client_url(c), "https://f", "URL from .env");
	is_str(vaultenv_client_environment(c), "staging", "$ENVIRONMENT");
	ok(vaultenv_client_device_hash(c) == NULL, "no device secret");
	vaultenv_client_free(&c);

	setenv("NODE_ENV", "test", 1);
	setenv("VAULT_URL", "http://localhost:8250//", 1);
	setenv("VAULT_KEY", OTHER, 1);
	setenv("VAULT_DEVICE_SECRET", OTHER_SECRET, 1);
	c = open_ok(NULL);
	is_str(vaultenv_client_project_id(c), DEVICE_ID, "$VAULT_KEY wins");
	is_str(vaultenv_client_url(c), "http://localhost:8250", "$VAULT_URL");
	is_str(vaultenv_client_environment(c), "test", "$NODE_ENV wins");
	is_str(vaultenv_client_device_hash(c), OTHER_HASH, "given secret");
	vaultenv_client_free(&c);

	opts.vault_key = KEY;
	opts.url = "https://o.example:1/base/";
	opts.environment = "d\xc3\xa9v";
	opts.device_secret = SECRET;
	opts.path = "/nowhere/.env";
	c = open_ok(&opts);
	is_str(vaultenv_client_project_id(c), PROJECT, "options win: key");
	is_str(vaultenv_client_url(c), "https://o.example:1/base", "URL");
	is_str(vaultenv_client_environment(c), "d\xc3\xa9v", "environment");
	is_str(vaultenv_client_device_hash(c), DEVICE_HASH, "device secret");
	vaultenv_client_free(&c);

	/* An empty variable is no variable. */
	setenv("VAULT_KEY", "", 1);
	setenv("VAULT_URL", "", 1);
	setenv("NODE_ENV", "", 1);
	setenv("VAULT_DEVICE_SECRET", "", 1);
	c = open_ok(NULL);
	is_str(vaultenv_client_project_id(c), PROJECT, "empty $VAULT_KEY");
	is_str(vaultenv_client_url(c), "https://f", "empty $VAULT_URL");
	is_str(vaultenv_client_environment(c), "staging", "empty $NODE_ENV");
	vaultenv_client_free(&c);

	/* White space is no value, and around one none of it. */
	setenv("VAULT_KEY", OTHER "\n", 1);
	setenv("VAULT_URL", " http://localhost:8250/ \r\n", 1);
	setenv("NODE_ENV", "\r\n", 1);
	setenv("ENVIRONMENT", "staging\r", 1);
	setenv("VAULT_DEVICE_SECRET", OTHER_SECRET "\r\n", 1);
	c = open_ok(NULL);
	is_str(vaultenv_client_project_id(c), DEVICE_ID, "a newline behind");
	is_str(vaultenv_client_url(c), "http://localhost:8250", "around");
	is_str(vaultenv_client_environment(c), "staging", "a CR behind");
	is_str(vaultenv_client_device_hash(c), OTHER_HASH, "and CR LF");
	vaultenv_client_free(&c);
	unsetenv("VAULT_KEY");
	unsetenv("VAULT_URL");
	unsetenv("NODE_ENV");
	unsetenv("VAULT_DEVICE_SECRET");
	fake_write(
	    ".env", "VAULT_KEY=\"" KEY "\n\"\nVAULT_URL='https://f/ '\n", 0644);
	c = open_ok(NULL);
	is_str(vaultenv_client_project_id(c), PROJECT, "in quotes of .env");
	is_str(vaultenv_client_url(c), "https://f", "too");
	vaultenv_client_free(&c);
	unsetenv("ENVIRONMENT");
}

static void
test_bad_settings(void)
{
	static const char key_text[] =
	    "VAULT_KEY is not a vault key, vk_<project id>_<secret>: %s. Copy "
	    "it again from where it was made";
	static const char no_uuid[] =
	    "what follows vk_ is not a UUID in lower case";
	static const char url_text[] =
	    "The URL given is not a server's URL. Write it like "
	    "https://vault.example.com";
	static const struct {
		const char *key, *fault;
	} keys[] = {
		{ "x", "it does not begin with vk_" },
		{ "vk_abc_def", no_uuid },
		{ "vk__x", no_uuid },
		{ "vk_" PROJECT "_", "it ends before its secret" },
		{ "vk_4F1F6C0E-7b0a-4c57-9a51-0d8f0b1b6f11_a", no_uuid },
		{ "vk_../../../../../../../../../../etc/passw_a", no_uuid },
	};
	static const char *const urls[] = { "", "ftp://a", "https://", "a",
		"https://u@a", "https://a:0", "https://a:65536",
		"https://a:", "https://a?b", "https://a#b", "https://a b",
		"https://a\\b", "https://[::1", "https://[g]",
		"file:///etc/passwd", "HTTPS://a", "https://a/\n" };
	static const char *const plain[] = { "http://a", "http://127.0.0.1.a",
		"http://126.0.0.1", "http://128.0.0.1", "http://localhost.a",
		"http://127.1", "http://[::2]", "http://0.0.0.0" };
	static const char *const good[] = { "http://localhost",
		"http://127.0.0.1:80", "http://127.255.1.2", "http://[::1]:1",
		"https://a_b-c.d", "https://[fe80::1]:443/x" };
	struct vaultenv_options opts = { .url = FAKE_URL };
	struct vaultenv_client *c;
	struct vaultenv_error err;
	char want[256], long_key[400];
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		opts.vault_key = keys[i].key;
		snprintf(want, sizeof(want), key_text, keys[i].fault);
		open_fails(&opts, VAULTENV_ERR_INVALID, want);
	}
	memset(long_key, 'a', sizeof(long_key));
	memcpy(long_key, KEY, strlen(KEY));
	long_key[300] = '\0';
	opts.vault_key = long_key;
	open_fails(&opts, VAULTENV_ERR_INVALID,
	    "VAULT_KEY is longer than 256 bytes. Copy it again from where it "
	    "was made");
	opts.vault_key = KEY;
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		opts.url = urls[i];
		open_fails(&opts, VAULTENV_ERR_INVALID, url_text);
	}
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		opts.url = plain[i];
		opts.insecure_http = 0;
		snprintf(want, sizeof(want),
		    "%s is not encrypted. Use https, or allow http "
		    "(--insecure-http) if "
		    "the "
		    "network on the way can be trusted",
		    plain[i]);
		open_fails(&opts, VAULTENV_ERR_INVALID, want);
		opts.insecure_http = 1;
		c = open_ok(&opts);
		vaultenv_client_free(&c);
	}
	opts.insecure_http = 0;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		opts.url = good[i];
		c = open_ok(&opts);
		is_str(vaultenv_client_url(c), good[i], "as it was given");
		vaultenv_client_free(&c);
	}
	opts.device_secret = "abc";
	open_fails(&opts, VAULTENV_ERR_INVALID,
	    "VAULT_DEVICE_SECRET is not a device secret, 64 hex digits: its "
	    "length is 3, not 64. Copy it again, or unset it");
	opts.device_secret = NULL;
	opts.environment = "a\nb";
	open_fails(&opts, VAULTENV_ERR_INVALID,
	    "The name of the environment is empty, longer than 128 bytes or "
	    "not plain text. Use a name such as production");
	opts.environment = NULL;
	opts.vault_key = NULL;
	opts.path = "/dev/zero";
	is_int(vaultenv_client_open(&opts, &c, &err), VAULTENV_ERR_IO,
	    "a .env that is no file");
	printf("# %s\n", sentence(&err));
}

static void
test_key_file(void)
{
	struct vaultenv_options opts = { .vault_key = KEY, .url = FAKE_URL };
	struct vaultenv_client *c;
	struct vaultenv_error err;
	char path[128], want[512];

	snprintf(path, sizeof(path), "%s/.vault/" PROJECT ".key", home);
	c = open_ok(&opts);
	is_str(vaultenv_client_device_path(c), path, "the path");
	ok(vaultenv_client_device_hash(c) == NULL, "no file, no secret");
	vaultenv_client_free(&c);

	mkdir(".vault", 0700);
	fake_write(path, SECRET "\n", 0600);
	c = open_ok(&opts);
	is_str(vaultenv_client_device_hash(c), DEVICE_HASH, "from the file");
	is_int(vaultenv_client_set_key(c, "vk_a_b", &err), VAULTENV_ERR_INVALID,
	    "a bad key is refused");
	is_str(vaultenv_client_project_id(c), PROJECT, "and the old one stays");
	is_int(vaultenv_client_set_key(c, OTHER, &err), 0, "another key");
	is_str(vaultenv_client_project_id(c), DEVICE_ID, "is in force");
	ok(vaultenv_client_device_hash(c) == NULL, "with its own secret: none");
	vaultenv_client_free(&c);

	chmod(path, 0640);
	is_int(vaultenv_client_open(&opts, &c, &err), VAULTENV_ERR_IO,
	    "a key file that others can read is refused");
	snprintf(want, sizeof(want), "chmod 600 %s", path);
	ok(strstr(sentence(&err), want) != NULL, "and chmod is named: %s",
	    sentence(&err));
	opts.device_secret = OTHER_SECRET;
	c = open_ok(&opts);
	is_str(vaultenv_client_device_hash(c), OTHER_HASH, "given secret wins");
	vaultenv_client_free(&c);
	opts.device_secret = NULL;

	chmod(path, 0600);
	fake_write(path, "too short\n", 0600);
	snprintf(want, sizeof(want),
	    "%s does not hold a device secret, 64 hex digits: its length is 9, "
	    "not 64. Put its copy back, or run: vault-env "
	    "register-device --force",
	    path);
	open_fails(&opts, VAULTENV_ERR_INVALID, want);
	unlink(path);
	unsetenv("HOME");
	c = open_ok(&opts);
	ok(vaultenv_client_device_path(c) != NULL, "no HOME: passwd knows");
	vaultenv_client_free(&c);
	setenv("HOME", home, 1);
}

static void
test_generate(void)
{
	struct vaultenv_options opts = { .vault_key = KEY, .url = FAKE_URL };
	struct vaultenv_client *c, *again;
	struct vaultenv_error err;
	char *backup = NULL, first[65], want[512];
	const char *path;
	struct stat st;

	if (system("rm -rf .vault") != 0)
		return;
	c = open_ok(&opts);
	path = vaultenv_client_device_path(c);
	is_int(vaultenv_device_generate(c, 0, &backup, &err), 0, "generate");
	ok(backup == NULL, "nothing to keep");
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600 &&
		st.st_size == 65,
	    "file 0600 of 64 characters and a newline");
	ok(stat(".vault", &st) == 0 && (st.st_mode & 07777) == 0700,
	    "folder 0700");
	snprintf(first, sizeof(first), "%s", vaultenv_client_device_hash(c));
	again = open_ok(&opts);
	is_str(vaultenv_client_device_hash(again), first, "found again");
	vaultenv_client_free(&again);

	snprintf(want, sizeof(want),
	    "%s holds a device secret already. Use it, or run: vault-env "
	    "register-device --force (the old one is kept as a dated copy)",
	    path);
	is_int(vaultenv_device_generate(c, 0, &backup, &err),
	    VAULTENV_ERR_EXISTS, "never over an existing one");
	is_str(sentence(&err), want, "and says so");
	is_str(vaultenv_client_device_hash(c), first, "which stays in force");

	for (int i = 0; i < 3; i++) {
		is_int(vaultenv_device_generate(c, 1, &backup, &err), 0,
		    "replace");
		ok(backup != NULL && strncmp(backup, path, strlen(path)) == 0 &&
			strncmp(backup + strlen(path), ".bak-20", 7) == 0 &&
			stat(backup, &st) == 0 && st.st_size == 65,
		    "the old one is kept: %s", backup);
		free(backup);
		backup = NULL;
	}
	is_int(system("test $(ls .vault | wc -l) = 4"), 0,
	    "three replacements, three copies");
	ok(strcmp(vaultenv_client_device_hash(c), first) != 0,
	    "another secret is in force");
	again = open_ok(&opts);
	is_str(vaultenv_client_device_hash(again),
	    vaultenv_client_device_hash(c), "the file's");
	vaultenv_client_free(&again);
	vaultenv_client_free(&c);

	opts.device_secret = SECRET;
	c = open_ok(&opts);
	is_int(vaultenv_device_generate(c, 1, NULL, &err), VAULTENV_ERR_EXISTS,
	    "not while another secret would win");
	is_str(sentence(&err),
	    "VAULT_DEVICE_SECRET is set, and wins over any file. Unset it "
	    "first",
	    "and says so");
	vaultenv_client_free(&c);
}

int
main(void)
{
	fake_home(home);
	test_discovery();
	test_bad_settings();
	test_key_file();
	test_generate();
	fake_home_remove(home);
	return tap_done();
}
