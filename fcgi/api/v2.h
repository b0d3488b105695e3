/* SPDX-License-Identifier: MIT */
/*
 * v2.h: what handlers of protocol v2 do alike, and the handlers themselves: one
 * a route, called when the request's MAC was seen to be good.
 */
#ifndef VAULT_FCGI_API_V2_H
#define VAULT_FCGI_API_V2_H

#include "api/call.h"
#include "db/array.h"
#include "wire/code.h"
#include "wire/statement.h"

/* Rows of a page; the SQL functions give one more if there is one. */
#define PAGE_ROWS 1000

/* The parameters that its statements begin with: project, request id; and of a
 * change, digest and address too. */
void v2_begin(const struct call *c, struct db_params *p);
void v2_begin_change(const struct call *c, struct db_params *p);
/* A member that is a statement in base64. */
struct text v2_statement(const struct call *c, enum field field);
/* A whole number, or null. */
void v2_number(const struct call *c, struct db_params *p, enum field field);

/*
 * db_exec(); what the database refuses becomes the reply: with the log that
 * proves it, from the client's log_have or `have` on; `member` is what a bad
 * statement is in. 0 or -1.
 */
int v2_exec(struct call *c, enum stmt stmt, const struct db_params *p,
    const char *member, int64_t have, struct db_result *r);
/* 400 for a statement, by a code or, below 0, a status of the library. A device
 * that may not ask at all is told that instead. */
void v2_refuse_statement(struct call *c, const char *member, int code);
/* The same of a request whose device is not known yet. */
void v2_refuse_new(struct call *c, const char *member, int code);

void v2_put_true(struct json_writer *w, const char *name, bool value);
void v2_put_hex(
    struct json_writer *w, const char *name, const uint8_t *data, size_t len);
void v2_put_uuid(struct json_writer *w, const char *name,
    const struct db_result *r, int row, const char *column);
/* An array of base64 out of a column of bytea[]. */
void v2_put_elements(struct json_writer *w, const char *name,
    const struct db_result *r, const char *column);

/* The wraps of the body as two parameters: for whom, and their bytes. 0 or
 * negative. */
int v2_wrap_params(const struct call *c, struct db_params *p,
    struct db_array *members, struct db_array *wraps);

void project_create_v2(struct call *c);
void project_delete(struct call *c);
void member_register(struct call *c);
void member_list(struct call *c);
void log_read(struct call *c);
void log_append(struct call *c);
void record_push(struct call *c);
void record_pull(struct call *c);
void record_heads(struct call *c);
void record_poll(struct call *c);
void record_list(struct call *c);
void wrap_read(struct call *c);
void wrap_add(struct call *c);
void audit_list(struct call *c);

#endif
