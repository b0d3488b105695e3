/* SPDX-License-Identifier: MIT */
/*
 * backup.h: files of `vault-env bundle`: a bundle a line, with a project's log,
 * or with some versions of one of its environments, or with both. What they
 * say is not believed: backup_read() settles the form and the hash of each
 * content, restore.c and chain.c the rest.
 */
#ifndef VAULT_FCGI_OPERATOR_BACKUP_H
#define VAULT_FCGI_OPERATOR_BACKUP_H

#include "common/why.h"
#include "trust/bundle.h"
#include "trust/history.h"

/* A bundle, and where it stands. */
struct part {
	struct bundle bundle;
	const char *file; /* as the operator named it */
	size_t line;
	char project[ID_LEN + 1];
	char env[ENV_LEN_MAX + 1]; /* empty: it has a log alone */
	struct records records;    /* its own, oldest first */
	struct blob content;       /* of the newest of them; empty: none */
};

struct backup {
	struct part *parts;
	size_t n;
};

/* Adds a file's bundles. 0, or -1 with a sentence in said. */
int backup_read(struct backup *b, const char *file, char said[WHY_MAX]);
void backup_reset(struct backup *b);

/* What is wrong with a part, by name of file and line. Returns -1. */
int part_fail(const struct part *part, char said[WHY_MAX], const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
