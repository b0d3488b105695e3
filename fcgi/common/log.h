/* SPDX-License-Identifier: MIT */
/*
 * log.h: one line an event, to standard error or syslog. The fields of
 * struct log_request are the whole allow-list: no body, signature, blob, hash
 * or key has a place in it.
 */
#ifndef VAULT_FCGI_COMMON_LOG_H
#define VAULT_FCGI_COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_PATH_MAX 200 /* bytes of a request's path that are logged */

struct log_request {
	const char *method; /* any text, NULL: none */
	const char *path;
	const char *project; /* canonical UUID or NULL */
	const char *device;  /* canonical UUID or NULL */
	const char *guard;   /* the check that refused, NULL: none did */
	int status;
	int64_t us;
};

/* errors_only: leaves out requests below 500, and log_info(). Standard error
 * is used until this is called. */
void log_open(bool to_syslog, bool errors_only);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_request(const struct log_request *r);

/* The line without its newline; returns its length. For log_request(). */
size_t log_request_format(
    char *out, size_t size, const struct log_request *r, int64_t unix_ms);

#endif
