/* SPDX-License-Identifier: MIT */
/*
 * output.c: messages, JSON, colours, secrets on stdout. Must not print a byte
 * that could steer a terminal, except a secret that the user asked to see.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vaultenv.h>

#include "output.h"
#include "text.h"

static void
clean_print(FILE *to, const char *text)
{
	uint32_t code;
	int is_hidden;
	size_t len;

	for (; (len = vaultenv_character(text, &code, &is_hidden)) > 0;
	     text += len) {
		if (is_hidden)
			putc('?', to);
		else
			fwrite(text, 1, len, to);
	}
}

static void __attribute__((format(printf, 3, 0)))
message(FILE *to, const char *lead, const char *fmt, va_list ap)
{
	struct text text = { 0 };

	text_vprintf(&text, fmt, ap);
	fputs(lead, to);
	clean_print(to, text.failed ? "Out of memory" : text.bytes);
	putc('\n', to);
	text_wipe(&text);
}

/* text NULL: null. */
static void
json_write(FILE *to, const char *text)
{
	struct text json = { 0 };

	if (text != NULL)
		text_json(&json, text, strlen(text));
	fputs(json.bytes != NULL ? json.bytes : "null", to);
	text_wipe(&json);
}

static bool errors_are_json;

void
errors_as_json(void)
{
	errors_are_json = true;
}

void
error_json(FILE *to, const struct vaultenv_error *err)
{
	fputs("{\"error\":", to);
	json_write(to, err->text);
	fputs(",\"hint\":", to);
	json_write(to, err->hint[0] != '\0' ? err->hint : NULL);
	if (err->reason[0] != '\0') {
		fputs(",\"code\":", to);
		json_write(to, err->reason);
	}
	putc('}', to);
}

void
error_show(const struct vaultenv_error *err)
{
	fflush(stdout);
	if (errors_are_json) {
		error_json(stderr, err);
		putc('\n', stderr);
		return;
	}
	fputs("vault-env: ", stderr);
	clean_print(stderr, err->text);
	if (err->hint[0] != '\0')
		fputs(". ", stderr);
	clean_print(stderr, err->hint);
	putc('\n', stderr);
}

void
error_print(const char *hint, const char *fmt, ...)
{
	struct vaultenv_error err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	if (hint != NULL)
		snprintf(err.hint, sizeof(err.hint), "%s", hint);
	error_show(&err);
}

void
warning_print(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	message(stderr, "vault-env: warning: ", fmt, ap);
	va_end(ap);
}

void
prompt_print(const char *text)
{
	fflush(stdout);
	clean_print(stderr, text);
	putc(' ', stderr);
}

void
question_print(const char *text)
{
	prompt_print(text);
	fputs("[y/N] ", stderr);
}

void
note_print(const struct args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->quiet)
		return;
	fflush(stdout);
	va_start(ap, fmt);
	message(stderr, "vault-env: ", fmt, ap);
	va_end(ap);
}

void
say(const struct args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->json || args->quiet)
		return;
	va_start(ap, fmt);
	message(stdout, "", fmt, ap);
	va_end(ap);
}

static bool
has_colour(void)
{
	static int known = -1;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	/* https://no-color.org: set and not empty means no colour. */
	if (known < 0)
		known = isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') &&
			term != NULL && strcmp(term, "dumb") != 0;
	return known;
}

void
out_text(const char *text, enum colour colour)
{
	static const char *const codes[] = { "", "\033[32m", "\033[33m",
		"\033[31m", "\033[2m" };
	bool on = colour != COLOUR_NONE && has_colour();

	if (on)
		fputs(codes[colour], stdout);
	clean_print(stdout, text);
	if (on)
		fputs("\033[0m", stdout);
}

void
json_string(const char *text)
{
	json_write(stdout, text);
}

void
json_member(const char *name, const char *text)
{
	json_string(name);
	putchar(':');
	json_string(text);
}

/* A reader that has gone away is its own business. */
static bool
reader_gone(int error)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return error == EPIPE ||
	       (poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0);
}

static bool write_reported;

static int
write_failed(int error)
{
	if (!write_reported && !reader_gone(error))
		error_print(NULL, "Cannot write to standard output: %s",
		    error != 0 ? strerror(error) : "an earlier write failed");
	write_reported = true;
	return EXIT_FAILED;
}

int
out_secret(const char *bytes, size_t len)
{
	ssize_t n;

	if (fflush(stdout) != 0)
		return write_failed(errno);
	while (len > 0) {
		n = write(STDOUT_FILENO, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return write_failed(errno);
		bytes += n;
		len -= (size_t)n;
	}
	return EXIT_DONE;
}

int
out_finish(int code)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) != 0)
		failed = true;
	if (!failed)
		return code;
	write_failed(errno);
	return code == EXIT_DONE ? EXIT_FAILED : code;
}
