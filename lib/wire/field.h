/* SPDX-License-Identifier: MIT */
/*
 * field.h: the fields of which statements are made: their forms, read from
 * bytes into a struct and written from it, by a table of offsets. For
 * statement.c and its test.
 */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include "base/base.h"

enum field_type {
	FIELD_SUITE,  /* int64_t: num(1), else BAD_SUITE */
	FIELD_NUMBER, /* int64_t */
	FIELD_BYTES,  /* uint8_t[size]: exactly so many */
	FIELD_ID,     /* char[ID_LEN + 1] */
	FIELD_ENV,    /* char[65] */
	FIELD_TEXT,   /* char[size]: 1 to size - 1 bytes that can be shown */
	FIELD_ENVS,   /* struct env_list */
	FIELD_CUTS    /* struct cut_list */
};

struct field {
	enum field_type type;
	size_t offset;
	size_t size;
};

/* What is left to be read. */
struct reader {
	const uint8_t *at;
	size_t len;
};

/* BAD_FORM: the next field is not exactly this text. */
int reader_label(struct reader *in, const char *label);
/* BAD_FORM, BAD_SUITE. */
int fields_read(
    void *to, struct reader *in, const struct field *fields, size_t n_fields);
/* INVALID: the value has not the form that is read. */
int fields_write(struct blob *out, const void *from, const struct field *fields,
    size_t n_fields);

#endif
