/* SPDX-License-Identifier: MIT */
/*
 * fake-request.h: a request from memory instead of FastCGI.
 */
#ifndef FAKE_REQUEST_H
#define FAKE_REQUEST_H

#include <string.h>

#include "http/request.h"

struct fake {
	struct request_source source;
	char *params[300];
	int n_params;
	const char *body; /* what comes, whatever CONTENT_LENGTH says */
	size_t body_len;
	int error;
};

static inline size_t
fake_read(void *arg, char *buf, size_t n)
{
	struct fake *f = arg;

	if (n > f->body_len)
		n = f->body_len;
	memcpy(buf, f->body, n);
	f->body += n;
	f->body_len -= n;
	return n;
}

static inline int
fake_error(void *arg)
{
	return ((struct fake *)arg)->error;
}

static inline void
fake_param(struct fake *f, const char *param)
{
	f->params[f->n_params++] = (char *)(uintptr_t)param;
	f->params[f->n_params] = NULL;
}

/* Parameters are added with fake_param(). */
static inline void
fake_init(struct fake *f, const char *body)
{
	memset(f, 0, sizeof(*f));
	f->source.params = f->params;
	f->source.read = fake_read;
	f->source.error = fake_error;
	f->source.arg = f;
	f->source.is_responder = true;
	f->body = body;
	f->body_len = strlen(body);
}

#endif
