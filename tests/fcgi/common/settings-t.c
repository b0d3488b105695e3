/* SPDX-License-Identifier: MIT */
/*
 * settings-t: defaults, what a file sets, and the exact sentence for whatever
 * is wrong in one.
 */
#include "config.h"

#include <unistd.h>

#include "common/settings.h"
#include "tap.h"

static int
parse(struct settings *s, const char *text, char *why)
{
	why[0] = '\0';
	return settings_parse(s, "x.conf", text, strlen(text), why);
}

static void
refuses(const char *text, const char *sentence)
{
	char why[WHY_MAX];
	struct settings s;

	ok(parse(&s, text, why) == -1, "refused: %s", sentence);
	is_str(why, sentence, "the sentence");
	settings_free(&s);
}

static void
test_defaults(void)
{
	char why[WHY_MAX];
	struct settings s;

	unsetenv("CREDENTIALS_DIRECTORY");
	is_int(parse(&s, "", why), 0, "an empty file is all defaults");
	is_str(s.listen, "", "listen");
	is_str(s.database, "dbname=vault user=vault_server", "database");
	is_int(s.socket_mode, 0660, "socket_mode");
	is_int(s.threads, 64, "threads");
	is_int(s.db_connections, 8, "db_connections");
	is_int(s.db_timeout_ms, 5000, "db_timeout_ms");
	is_int(s.db_prepare, 1, "db_prepare");
	is_int(s.project_creation, CREATION_TOKEN, "project_creation");
	is_int(s.project_quota_mib, 16, "project_quota_mib");
	is_str(s.data_folder, "", "data_folder");
	is_int(s.min_free_mib, 512, "min_free_mib");
	is_int(s.keep_versions, 100, "keep_versions");
	is_int(s.project_daily_limit, 100, "project_daily_limit");
	is_int(s.unclaimed_minutes, 15, "unclaimed_minutes");
	is_int(s.max_body, 1048576, "max_body");
	is_int(s.max_environments, 100, "max_environments");
	is_int(s.max_devices, 1000, "max_devices");
	is_int(s.max_params, 128, "max_params");
	is_int(s.log, LOG_TO_STDERR, "log");
	is_int(s.log_level, LOG_LEVEL_INFO, "log_level");
	is_int(s.stop_timeout_s, 10, "stop_timeout_s");
	ok(strstr(s.server_key_file, "/vault-env/server.key") != NULL,
	    "server_key_file is beside vault.conf");
	ok(strstr(s.project_creation_token_file, "/vault-env/create.token") !=
		NULL,
	    "... and the token for new projects");
	settings_free(&s);

	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
	is_int(parse(&s, "", why), 0, "under systemd");
	is_str(s.server_key_file, "/run/credentials/x/server.key",
	    "server_key_file is the credential");
	is_str(s.project_creation_token_file, "/run/credentials/x/create.token",
	    "... and the token for new projects");
	settings_free(&s);
	is_int(parse(&s, "server_key_file = /k", why), 0, "set");
	is_str(s.server_key_file, "/k", "the file's word is the last");
	settings_free(&s);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void
test_values(void)
{
	char why[WHY_MAX];
	struct settings s;

	if (!is_int(parse(&s,
			"# comment\n\n \t# another\nthreads=1\r\n"
			"  database =  host=/run user=x  # no comment \n"
			"socket_mode = 600\nproject_creation = closed\n"
			"project_creation_token_file = /t\nlog=syslog\n"
			"log_level = error\ndb_prepare = "
			"off\nproject_daily_limit = 0\n"
			"listen = /run/a b.sock",
			why),
		0, "a file"))
		printf("# %s\n", why);
	is_int(s.threads, 1, "no blanks around =");
	is_str(s.database, "host=/run user=x  # no comment",
	    "a value goes to the end of the line, = and # included");
	is_int(s.socket_mode, 0600, "octal without leading zero");
	is_int(s.project_creation, CREATION_CLOSED, "a choice");
	is_int(s.log, LOG_TO_SYSLOG, "log");
	is_int(s.log_level, LOG_LEVEL_ERROR, "log_level");
	is_int(s.db_prepare, 0, "db_prepare");
	is_int(s.project_daily_limit, 0, "0 where 0 means no limit");
	is_str(s.listen, "/run/a b.sock", "no newline at the end");
	settings_free(&s);
}

static void
test_errors(void)
{
	char text[2000];
	struct settings s;
	char why[WHY_MAX];

	refuses("thraeds = 3\n", "x.conf:1: there is no setting named "
				 "\"thraeds\"; vault.fcgi(8) lists them");
	refuses("\n\nTHREADS = 3\n", "x.conf:3: there is no setting named "
				     "\"THREADS\"; vault.fcgi(8) lists them");
	refuses("threads 3\n", "x.conf:1: a line must be \"name = value\" or "
			       "a # comment");
	refuses("= 3\n", "x.conf:1: there is no setting named \"\"; "
			 "vault.fcgi(8) lists them");
	refuses("threads = 3\nlog = stderr\nthreads = 3\n",
	    "x.conf:3: threads is already set in line 1");
	static const char *const numbers[] = { "", "0", "1025", "-1", "+1",
		"1.0", "0x10", "01", "1 2", "many", "99999999999999999999" };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(text, sizeof(text), "threads = %s", numbers[i]);
		refuses(text, "x.conf:1: threads must be a whole number from "
			      "1 to 1024");
	}
	refuses("db_timeout_ms = 25001", /* see vault.housekeep() */
	    "x.conf:1: db_timeout_ms must be a whole number from 100 to "
	    "25000");
	static const char *const modes[] = { "", "0", "60", "00660", "668",
		"1660", "0440", "rw" };
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(text, sizeof(text), "socket_mode = %s", modes[i]);
		refuses(text, "x.conf:1: socket_mode must be an octal mode "
			      "from 0600 to 0777");
	}
	refuses("project_creation = Open",
	    "x.conf:1: project_creation must be open, token or closed");
	refuses("log = file", "x.conf:1: log must be stderr or syslog");
	refuses("db_prepare = yes", "x.conf:1: db_prepare must be off or on");
	memset(text, 'x', sizeof(text));
	memcpy(text, "listen = ", 9);
	text[9 + 108] = '\0';
	refuses(text, "x.conf:1: listen must be at most 107 bytes long");
	is_int(settings_parse(&s, "x.conf", "log = stderr\n\0\n", 15, why), -1,
	    "a NUL byte");
	is_str(why, "x.conf: the file holds a NUL byte", "its sentence");
	settings_free(&s);
}

static void
test_files(void)
{
	char why[WHY_MAX], path[] = "/tmp/settings-t-XXXXXX";
	struct settings s;
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, "threads = 7\n", 12) != 12)
		return;
	is_int(settings_load(&s, path, why), 0, "a file is read");
	is_int(s.threads, 7, "its value");
	settings_free(&s);
	for (int i = 0; i < 6000; i++)
		if (write(fd, "# fills\n\n\n", 11) != 11)
			return;
	is_int(settings_load(&s, path, why), -1, "64 KiB at most");
	ok(strstr(why, ": it is larger than 64 KiB") != NULL, "%s", why);
	close(fd);
	unlink(path);
	is_int(settings_load(&s, path, why), -1, "a file that was named");
	ok(strstr(why, ": No such file or directory") != NULL, "%s", why);
	is_int(settings_load(&s, "/tmp", why), -1, "a folder is no file");
}

int
main(void)
{
	test_defaults();
	test_values();
	test_errors();
	test_files();
	return tap_done();
}
