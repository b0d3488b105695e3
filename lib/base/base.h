/* SPDX-License-Identifier: MIT */
/*
 * base/: what every other room stands on: bytes that are wiped, pages that are
 * locked, text encodings, errors as sentences. Linked by client and server.
 * Must include no other room.
 */
#ifndef VAULTENV_BASE_H
#define VAULTENV_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vaultenv.h"

/* ---- err.c: codes to sentences ---- */

/*
 * Fills *err (if not NULL) and returns code: `return err_set(err, CODE, "What
 * to do", "What failed: why")`. hint: NULL where there is none. How the two are
 * written: struct vaultenv_error.
 */
#define err_set vaultenv_error_set
/* Another hint, one that names something. Returns err's code, 0 for NULL. */
int err_hint(struct vaultenv_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* err_set() with ": strerror(saved errno)" and an IO code. */
int err_errno(struct vaultenv_error *err, const char *hint, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* err_set() with the general sentence of code. Returns code. */
int err_general(struct vaultenv_error *err, int code);
/* *from as it is, which may be kept until it is known to count. */
int err_copy(struct vaultenv_error *err, const struct vaultenv_error *from);
/* A copy for free(), fit for a terminal: hidden characters become '?', and what
 * is beyond max bytes is cut off between characters. NULL: no memory. */
char *text_printable(const char *text, size_t max);

/* What the library tells without failing. call: the program's callback, NULL if
 * it wants to hear nothing. */
struct notice {
	void (*call)(void *arg, const char *text);
	void *arg;
};

void notice_give(const struct notice *notice, const char *text);
/* Both parts of an error that stops nothing. */
void notice_give_error(
    const struct notice *notice, const struct vaultenv_error *err);

/* ---- secmem.c: pages that are locked, not dumped, wiped when freed ---- */

/* Whole pages, zeroed. Locking is best effort. NULL when out of memory. */
void *secmem_alloc(size_t len);
/* Wipes and unmaps. len as given to secmem_alloc. NULL is fine. */
void secmem_free(void *p, size_t len);

/* ---- blob.c: bytes with a length and a maximum, wiped when freed ---- */

struct blob {
	uint8_t *data; /* NUL-terminated beyond len whenever not NULL */
	size_t len;
	size_t cap;
	size_t max; /* growing past it is VAULTENV_ERR_INVALID */
};

void blob_init(struct blob *b, size_t max);
/* Wipes and frees; the maximum stays, so the blob can be used again. */
void blob_reset(struct blob *b);
int blob_append(struct blob *b, const void *data, size_t len);
int blob_append_str(struct blob *b, const char *s);
int blob_printf(struct blob *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for len more bytes at data + len; the caller then adds to len. */
int blob_reserve(struct blob *b, size_t len);
/* Hands the bytes over; *out is for mem_wipe_free(out, len). */
char *blob_take(struct blob *b, size_t *len);
/* Wipes len bytes and frees; the counterpart of malloc'd secrets. */
void mem_wipe_free(void *p, size_t len);
/* A wipe that the compiler keeps. */
void mem_wipe(void *p, size_t len);
/* Constant time in len. */
bool mem_equal(const void *a, const void *b, size_t len);

/* ---- encode.c: canonical base64 (RFC 4648 4) and lower-case hex ---- */

#define BASE64_LEN(n) ((((n) + 2) / 3) * 4)

int base64_encode(struct blob *out, const uint8_t *data, size_t len);
/* Standard alphabet, padded, canonical (no stray bits), nothing else.
 * INVALID. */
int base64_decode(struct blob *out, const char *text, size_t len);
/* out gets 2 * len characters and a NUL. */
void hex_encode(char *out, const uint8_t *data, size_t len);
/* Exactly 2 * len lower-case hex characters. INVALID. */
int hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);
#define ID_LEN VAULTENV_PROJECT_ID_LEN /* a UUID's text */
/* 8-4-4-4-12 lower-case hex, ID_LEN characters. */
bool uuid_is_canonical(const char *text, size_t len);
/* Decimal digits only, no leading zero unless "0", at most max. INVALID. */
int decimal_parse(const char *text, size_t len, int64_t max, int64_t *out);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool utf8_is_valid(const char *text, size_t len);

/* ---- variable.c: what people paste ---- */

/* text without the white space around it: where it begins, and *len bytes. */
const char *text_trim(const char *text, size_t *len);
/* An environment variable, likewise. NULL: not set, or nothing but white
 * space. */
const char *variable_get(const char *name, size_t *len);

#endif /* VAULTENV_BASE_H */
