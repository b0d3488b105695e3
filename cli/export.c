/* SPDX-License-Identifier: MIT */
/*
 * export.c: writes variables for sh, for docker's --env-file, for kubectl, for
 * GitHub's runner, for systemd, and as JSON, YAML and .env text. Must refuse,
 * by name, what a reader would change or drop: never write something near it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "export.h"
#include "secrets.h"

#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS     "0123456789"
#define DNS_LABELS "abcdefghijklmnopqrstuvwxyz" DIGITS "-"

/* docker reads lines by Go's bufio.Scanner: a line and its break in 64 KiB. */
#define DOCKER_LINE_MAX ((size_t)64 * 1024 - 2)
#define K8S_DATA_MAX    ((size_t)1024 * 1024)
#define K8S_NAME_MAX    253

/* What execve(2) takes of one "NAME=value", its NUL counted. */
#define VARIABLE_MAX    ((size_t)128 * 1024)
#define DELIMITER       "vault-env-"
#define DELIMITER_BYTES 16

const char export_format_names[] = "env, json, yaml, shell, docker, k8s, "
				   "github or systemd";

static int
unwritable(struct vaultenv_error *err, const char *name, const char *reader,
    const char *why)
{
	return vaultenv_error_set(err, VAULTENV_ERR_UNWRITABLE,
	    "Use --format json, which can hold it",
	    "%.200s cannot be exported for %s: %s", name, reader, why);
}

static bool
is_made_of(const char *text, const char *allowed)
{
	return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool
has_nul(const struct vaultenv_pair *pair)
{
	return memchr(pair->value, '\0', pair->value_len) != NULL;
}

static int
env_write(struct text *out, const struct vaultenv_list *list, const char *k8s,
    struct vaultenv_error *err)
{
	char *text = NULL;
	size_t len = 0;
	int r;

	if ((r = vaultenv_dotenv_write(list, &text, &len, err)) == 0)
		text_add(out, text, len);
	vaultenv_text_free(&text, len);
	return r;
}

static int
json_write(struct text *out, const struct vaultenv_list *list, const char *k8s,
    struct vaultenv_error *err)
{
	text_json_object(out, list);
	text_puts(out, "\n");
	return 0;
}

/* Names in quotes too: to YAML a plain NO is false, and a plain 1 a number. */
static int
yaml_write(struct text *out, const struct vaultenv_list *list, const char *k8s,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;

	if (vaultenv_list_len(list) == 0)
		text_puts(out, "{}\n");
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		text_json(out, pair->name, strlen(pair->name));
		text_puts(out, ": ");
		text_json(out, pair->value, pair->value_len);
		text_puts(out, "\n");
	}
	return 0;
}

/* Variables that dash, bash, ksh or zsh keep for themselves. */
static bool
is_shells_own(const char *name)
{
	static const char *const names[] = { "_", "PPID", "OPTIND", "LINENO",
		"UID", "EUID", "GID", "EGID", "GROUPS", "RANDOM", "SRANDOM",
		"SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "HISTCMD",
		"FUNCNAME", "DIRSTACK", "SHELLOPTS", "BASHOPTS", "BASHPID",
		"BASH_ARGC", "BASH_ARGV", "BASH_ARGV0", "BASH_COMMAND",
		"BASH_LINENO", "BASH_SOURCE", "BASH_SUBSHELL", "BASH_VERSINFO",
		"PIPESTATUS", "status", "path", "PWD", "OLDPWD",
		"POSIXLY_CORRECT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int
shell_write(struct text *out, const struct vaultenv_list *list, const char *k8s,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		const char *name = pair->name, *p = pair->value;

		if (!is_made_of(name, LETTERS DIGITS "_") ||
		    strchr(DIGITS, name[0]) != NULL)
			return unwritable(err, name, "a shell",
			    "it is not the name of a shell variable");
		if (is_shells_own(name))
			return unwritable(err, name, "a shell",
			    "shells keep that variable for themselves");
		if (has_nul(pair))
			return unwritable(
			    err, name, "a shell", "its value holds a NUL byte");
		text_puts(out, "export ");
		text_puts(out, name);
		text_puts(out, "='");
		for (; *p != '\0'; p++) {
			if (*p == '\'')
				text_puts(out, "'\\''");
			else
				text_add(out, p, 1);
		}
		text_puts(out, "'\n");
	}
	return 0;
}

static int
docker_write(struct text *out, const struct vaultenv_list *list,
    const char *k8s, struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	const char *reader = "docker";

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		const char *name = pair->name;
		size_t len = pair->value_len;

		if (!is_made_of(name, LETTERS DIGITS "_.-"))
			return unwritable(err, name, reader,
			    "it is no name for an --env-file");
		if (has_nul(pair))
			return unwritable(
			    err, name, reader, "its value holds a NUL byte");
		if (memchr(pair->value, '\n', len) != NULL)
			return unwritable(err, name, reader,
			    "its value has more than one line");
		if (len > 0 && pair->value[len - 1] == '\r')
			return unwritable(err, name, reader,
			    "its value ends with a carriage return");
		if (strlen(name) + 1 + len > DOCKER_LINE_MAX)
			return unwritable(err, name, reader,
			    "a line of an --env-file is limited to 64 KiB");
		text_puts(out, name);
		text_puts(out, "=");
		text_add(out, pair->value, len);
		text_puts(out, "\n");
	}
	return 0;
}

static void
base64_add(struct text *out, const char *bytes, size_t len)
{
	static const char digits[] = LETTERS DIGITS "+/";
	char four[4];

	for (size_t i = 0; i < len; i += 3) {
		uint32_t n = 0;

		for (size_t k = 0; k < 3; k++)
			n = n << 8 |
			    (i + k < len ? (unsigned char)bytes[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			four[k] = i + k > len
				      ? '='
				      : digits[n >> (18 - 6 * k) & 0x3f];
		text_add(out, four, sizeof(four));
	}
	explicit_bzero(four, sizeof(four));
}

bool
export_k8s_name_is_valid(const char *name)
{
	const char *end = name + strlen(name);

	/* RFC 1123, as Kubernetes has it: labels of letters, digits and '-',
	 * which begin and end with a letter or digit. */
	if (!is_made_of(name, DNS_LABELS ".") || end - name > K8S_NAME_MAX)
		return false;
	for (const char *p = name; p <= end; p++)
		if ((p == end || *p == '.') &&
		    (p == name || p[-1] == '.' || p[-1] == '-' ||
			p[1 - (p == end)] == '-'))
			return false;
	return name[0] != '-';
}

static int
k8s_write(struct text *out, const struct vaultenv_list *list, const char *k8s,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	size_t total = 0;

	text_puts(out, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: ");
	text_json(out, k8s, strlen(k8s));
	text_puts(out, "\ntype: Opaque\ndata:");
	text_puts(out, vaultenv_list_len(list) == 0 ? " {}\n" : "\n");
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		const char *name = pair->name;

		if (!is_made_of(name, LETTERS DIGITS "_.-") ||
		    strlen(name) > K8S_NAME_MAX || strcmp(name, ".") == 0 ||
		    strncmp(name, "..", 2) == 0)
			return unwritable(err, name, "Kubernetes",
			    "it is no key of a Secret");
		if ((total += pair->value_len) > K8S_DATA_MAX)
			return unwritable(err, name, "Kubernetes",
			    "with it the Secret would pass 1 MiB");
		text_puts(out, "  ");
		text_json(out, name, strlen(name));
		text_puts(out, ": \"");
		base64_add(out, pair->value, pair->value_len);
		text_puts(out, "\"\n");
	}
	return 0;
}

/* Nobody who chose a value can know it, and so end the value early. */
static int
delimiter_make(char out[sizeof(DELIMITER) + 2 * DELIMITER_BYTES])
{
	unsigned char random[DELIMITER_BYTES];
	char *at = stpcpy(out, DELIMITER);

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -1;
	for (size_t i = 0; i < sizeof(random); i++)
		at += snprintf(at, sizeof("ff"), "%02x", random[i]);
	return 0;
}

/*
 * $GITHUB_ENV: NAME<<DELIMITER, the value, DELIMITER, each with a line break,
 * and one before them all: behind a last line that somebody left without its
 * end, the first name would be part of that line, and the lines of its value
 * variables by themselves.
 */
static int
github_write(struct text *out, const struct vaultenv_list *list,
    const char *k8s, struct vaultenv_error *err)
{
	char delimiter[sizeof(DELIMITER) + 2 * DELIMITER_BYTES];
	const struct vaultenv_pair *pair;
	const char *reader = "GitHub Actions";

	if (delimiter_make(delimiter) != 0) {
		err->code = VAULTENV_ERR_CRYPTO;
		strcpy(err->text, "no random bytes can be had");
		return err->code;
	}
	text_puts(out, "\n");
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		const char *name = pair->name;

		if (!is_made_of(name, LETTERS DIGITS "_.-"))
			return unwritable(
			    err, name, reader, "it is no name for $GITHUB_ENV");
		if (strncmp(name, "GITHUB_", 7) == 0 ||
		    strncmp(name, "RUNNER_", 7) == 0 ||
		    strcmp(name, "NODE_OPTIONS") == 0)
			return unwritable(err, name, reader,
			    "its runner keeps that variable for itself");
		if (has_nul(pair))
			return unwritable(
			    err, name, reader, "its value holds a NUL byte");
		text_puts(out, name);
		text_puts(out, "<<");
		text_puts(out, delimiter);
		text_puts(out, "\n");
		text_add(out, pair->value, pair->value_len);
		text_puts(out, "\n");
		text_puts(out, delimiter);
		text_puts(out, "\n");
	}
	return 0;
}

void
export_masks(struct text *out, const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		/* The runner complains of a mask of nothing. */
		if (pair->value[strspn(pair->value, " \t\r\n\v\f")] == '\0')
			continue;
		text_puts(out, "::add-mask::");
		for (const char *p = pair->value; *p != '\0'; p++) {
			if (*p == '%')
				text_puts(out, "%25");
			else if (*p == '\r')
				text_puts(out, "%0D");
			else if (*p == '\n')
				text_puts(out, "%0A");
			else
				text_add(out, p, 1);
		}
		text_puts(out, "\n");
	}
}

/* EnvironmentFile=, systemd.exec(5): in double quotes \ means \ " ` and $. */
static int
systemd_write(struct text *out, const struct vaultenv_list *list,
    const char *k8s, struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;
	const char *reader = "systemd";

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		const char *name = pair->name;

		if (!is_made_of(name, LETTERS DIGITS "_") ||
		    strchr(DIGITS, name[0]) != NULL)
			return unwritable(err, name, reader,
			    "it is not the name of a variable there");
		if (has_nul(pair))
			return unwritable(
			    err, name, reader, "its value holds a NUL byte");
		if (strlen(name) + pair->value_len + 2 > VARIABLE_MAX)
			return unwritable(err, name, reader,
			    "a variable of a service is limited to 128 KiB");
		text_puts(out, name);
		text_puts(out, "=\"");
		for (const char *p = pair->value; *p != '\0'; p++) {
			if (strchr("\\\"`$", *p) != NULL)
				text_puts(out, "\\");
			text_add(out, p, 1);
		}
		text_puts(out, "\"\n");
	}
	return 0;
}

const struct export_format *
export_format_find(const char *name)
{
	static const struct export_format formats[] = {
		{ "env", env_write, NULL },
		{ "json", json_write, NULL },
		{ "yaml", yaml_write, NULL },
		{ "shell", shell_write, NULL },
		{ "docker", docker_write, NULL },
		{ "k8s", k8s_write, NULL },
		{ "github", github_write, "GITHUB_ENV" },
		{ "systemd", systemd_write, NULL },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}
