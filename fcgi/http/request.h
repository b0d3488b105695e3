/* SPDX-License-Identifier: MIT */
/*
 * request.h: what a request brings: the parameters that are used, and a body
 * of a known size. Where they come from is the caller's business (main.c:
 * FastCGI; tests: memory).
 */
#ifndef VAULT_FCGI_HTTP_REQUEST_H
#define VAULT_FCGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

#define REQUEST_PATH_MAX 256
#define REMOTE_MAX       64

struct reply;

struct request_source {
	char *const *params; /* "NAME=value", NULL at the end */
	/* Up to n bytes of the body; fewer only at its end. */
	size_t (*read)(void *arg, char *buf, size_t n);
	/* Not 0 when the end of the body is not the end the client meant. */
	int (*error)(void *arg);
	void *arg;
	bool is_responder; /* FastCGI role */
};

struct request {
	const struct request_source *source;
	const char *method;
	char path[REQUEST_PATH_MAX + 1]; /* without ?query; cut off */
	char remote[REMOTE_MAX + 1];     /* "unknown" if odd */
	const char *content_type;        /* NULL: none */
	const char *content_length;      /* likewise */
	const char *signature;           /* NULL: none, or two */
	const char *auth;                /* likewise: X-Vault-Request */
	const char *create_token;        /* likewise */
	size_t n_params;
	struct blob body;
};

void request_init(struct request *req, const struct request_source *source);
void request_reset(struct request *req);
/* 0, or -1 with the error in reply. */
int
request_check(const struct request *req, int max_params, struct reply *reply);
/* Whether what it brings is declared as JSON. */
int request_check_type(const struct request *req, struct reply *reply);
int request_read_body(struct request *req, size_t cap, struct reply *reply);

#endif
