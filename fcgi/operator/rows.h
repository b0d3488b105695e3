/* SPDX-License-Identifier: MIT */
/*
 * rows.h: what is stored of a project, row by row: entries of its log, records
 * of an environment. However many, a page of them is held.
 */
#ifndef VAULT_FCGI_OPERATOR_ROWS_H
#define VAULT_FCGI_OPERATOR_ROWS_H

#include "operator/session.h"
#include "trust/history.h"

/* One that is asked for, and the row it came from. */
struct rows {
	struct session *session;
	const char *project;
	const char *env; /* NULL: entries of the log */
	int64_t next;    /* the least number that is to come */
	struct db_result page;
	int row;
};

/* 1: r->page and r->row are the next row, whose number is in *number. 0: there
 * is none. -1: a sentence was said. Borrowed until the next call. */
int rows_next(struct rows *r, int64_t *number);
void rows_reset(struct rows *r);

/* Decode the row's statement: a code, or a status of the library. */
int rows_entry(const struct rows *r, struct entry *e);
int rows_record(const struct rows *r, struct record *record);

/* True if the column has exactly these bytes. */
bool rows_has_bytes(const struct db_result *r, int row, const char *name,
    const uint8_t *bytes, size_t len);
/* True if the row has the statement as it is, and beside it what is of it. */
bool rows_fit_entry(const struct rows *r, const struct entry *e);
bool rows_fit_record(const struct rows *r, const struct record *record);

#endif
