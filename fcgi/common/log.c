/* SPDX-License-Identifier: MIT */
/*
 * log.c: one line an event, written by a single write() so that threads do not
 * mix. Must not be handed anything secret: see struct log_request.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/json.h"
#include "common/clock.h"
#include "common/log.h"

#define LINE_MAX_LEN 5120

static bool use_syslog;
static bool only_errors;

void
log_open(bool to_syslog, bool errors_only)
{
	use_syslog = to_syslog;
	only_errors = errors_only;
	if (to_syslog)
		openlog("vault.fcgi", LOG_PID, LOG_DAEMON);
}

static void
emit(int level, char *line, size_t len)
{
	if (use_syslog) {
		syslog(level, "%s", line);
		return;
	}
	line[len++] = '\n';
	/* Nowhere to complain when the log itself cannot be written. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/* Plain when it cannot be mistaken for anything else. */
static void
append_value(struct blob *out, const char *text, size_t max)
{
	const size_t len = text == NULL ? 0 : strnlen(text, max);

	if (len == 0) {
		blob_append_str(out, "-");
		return;
	}
	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789/._:+-") >= len &&
	    text[0] != '-')
		blob_append(out, text, len);
	else
		json_append_ascii(out, text, len);
}

size_t
log_request_format(
    char *out, size_t size, const struct log_request *r, int64_t unix_ms)
{
	char time[CLOCK_ISO_LEN + 1];
	struct blob line;
	size_t len;

	clock_iso(time, unix_ms);
	blob_init(&line, LINE_MAX_LEN);
	blob_printf(&line, "time=%s method=", time);
	append_value(&line, r->method, 16);
	blob_append_str(&line, " path=");
	append_value(&line, r->path, LOG_PATH_MAX);
	blob_printf(
	    &line, " status=%d us=%lld project=", r->status, (long long)r->us);
	append_value(&line, r->project, 36);
	blob_append_str(&line, " device=");
	append_value(&line, r->device, 36);
	blob_append_str(&line, " guard=");
	append_value(&line, r->guard, 64);
	len = line.len < size ? line.len : size - 1;
	if (len > 0)
		memcpy(out, line.data, len);
	out[len] = '\0';
	blob_reset(&line);
	return len;
}

void
log_request(const struct log_request *r)
{
	char line[LINE_MAX_LEN + 2];
	size_t len;

	if (only_errors && r->status < 500)
		return;
	len = log_request_format(line, LINE_MAX_LEN, r, clock_unix_ms());
	emit(r->status < 500 ? LOG_INFO : LOG_ERR, line, len);
}

static void __attribute__((format(printf, 3, 0)))
event(int level, const char *name, const char *fmt, va_list ap)
{
	char text[768], time[CLOCK_ISO_LEN + 1], line[LINE_MAX_LEN + 2];
	struct blob quoted;
	int n;

	vsnprintf(text, sizeof(text), fmt, ap);
	clock_iso(time, clock_unix_ms());
	blob_init(&quoted, 6 * sizeof(text) + 2);
	json_append_ascii(&quoted, text, strlen(text));
	n = snprintf(line, LINE_MAX_LEN, "time=%s level=%s msg=%s", time, name,
	    quoted.data != NULL ? (const char *)quoted.data : "\"\"");
	blob_reset(&quoted);
	if (n > 0)
		emit(level, line,
		    (size_t)(n < LINE_MAX_LEN ? n : LINE_MAX_LEN - 1));
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	event(LOG_ERR, "error", fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	if (only_errors)
		return;
	va_start(ap, fmt);
	event(LOG_INFO, "info", fmt, ap);
	va_end(ap);
}
