/* SPDX-License-Identifier: MIT */
/*
 * field.c: see field.h. Each form is checked by one function, which reading and
 * writing share. Must not know which statement a field is of.
 */
#include "config.h"

#include <string.h>

#include "wire/field.h"
#include "wire/lp.h"
#include "wire/name.h"
#include "wire/statement.h"

bool
scope_has_env(size_t n, const char (*envs)[ENV_LEN_MAX + 1], const char *env)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(envs[i], "*") == 0 || strcmp(envs[i], env) == 0)
			return true;
	return false;
}

static bool
text_is_valid(enum field_type type, const char *text, size_t len)
{
	switch (type) {
	case FIELD_ID:
		return uuid_is_canonical(text, len);
	case FIELD_ENV:
		return env_is_valid(text, len);
	default:
		return len > 0 && printable_is_valid(text, len);
	}
}

static bool
envs_are_valid(const struct env_list *envs)
{
	if (envs->n == 0 || envs->n > LIST_MAX)
		return false;
	if (envs->n == 1 && strcmp(envs->at[0], "*") == 0)
		return true;
	for (size_t i = 0; i < envs->n; i++)
		if (!env_is_valid(envs->at[i], strlen(envs->at[i])) ||
		    (i > 0 && strcmp(envs->at[i - 1], envs->at[i]) >= 0))
			return false;
	return true;
}

static bool
cuts_are_valid(const struct cut_list *cuts)
{
	if (cuts->n > LIST_MAX)
		return false;
	for (size_t i = 0; i < cuts->n; i++)
		if (cuts->at[i].version < 1 ||
		    !env_is_valid(cuts->at[i].env, strlen(cuts->at[i].env)) ||
		    (i > 0 &&
			strcmp(cuts->at[i - 1].env, cuts->at[i].env) >= 0))
			return false;
	return true;
}

/* The next lp() of low to high bytes. */
static bool
take(struct reader *in, size_t low, size_t high, const uint8_t **data,
    size_t *len)
{
	if (in->len < LP_LEN)
		return false;
	*len = lp_get32(in->at);
	if (*len < low || *len > high || *len > in->len - LP_LEN)
		return false;
	*data = in->at + LP_LEN;
	in->at += LP_LEN + *len;
	in->len -= LP_LEN + *len;
	return true;
}

static bool
take_number(struct reader *in, int64_t *n)
{
	const uint8_t *data;
	size_t len;
	uint64_t v;

	if (!take(in, NUM_LEN, NUM_LEN, &data, &len))
		return false;
	v = lp_get64(data);
	*n = (int64_t)v;
	return v <= JSON_INT_MAX;
}

static bool
take_bytes(struct reader *in, uint8_t *to, size_t size)
{
	const uint8_t *data;
	size_t len;

	if (!take(in, size, size, &data, &len))
		return false;
	memcpy(to, data, size);
	return true;
}

/* Up to size - 1 bytes and a NUL. One inside is of no form: it ends the text
 * for what checks lists later, so it must not get so far. */
static bool
take_text(struct reader *in, char *to, size_t size)
{
	const uint8_t *data;
	size_t len;

	if (!take(in, 1, size - 1, &data, &len) ||
	    memchr(data, '\0', len) != NULL)
		return false;
	memcpy(to, data, len);
	to[len] = '\0';
	return true;
}

static bool
take_count(struct reader *in, size_t *n)
{
	int64_t count;

	if (!take_number(in, &count) || count > LIST_MAX)
		return false;
	*n = (size_t)count;
	return true;
}

static bool
take_envs(struct reader *in, struct env_list *envs)
{
	if (!take_count(in, &envs->n))
		return false;
	for (size_t i = 0; i < envs->n; i++)
		if (!take_text(in, envs->at[i], sizeof(envs->at[i])))
			return false;
	return envs_are_valid(envs);
}

static bool
take_cuts(struct reader *in, struct cut_list *cuts)
{
	if (!take_count(in, &cuts->n))
		return false;
	for (size_t i = 0; i < cuts->n; i++)
		if (!take_text(in, cuts->at[i].env, sizeof(cuts->at[i].env)) ||
		    !take_number(in, &cuts->at[i].version) ||
		    !take_bytes(in, cuts->at[i].hash, HASH_LEN))
			return false;
	return cuts_are_valid(cuts);
}

static bool
field_read(void *to, struct reader *in, const struct field *f)
{
	switch (f->type) {
	case FIELD_SUITE:
	case FIELD_NUMBER:
		return take_number(in, to);
	case FIELD_BYTES:
		return take_bytes(in, to, f->size);
	case FIELD_ID:
	case FIELD_ENV:
	case FIELD_TEXT:
		return take_text(in, to, f->size) &&
		       text_is_valid(f->type, to, strlen(to));
	case FIELD_ENVS:
		return take_envs(in, to);
	case FIELD_CUTS:
		return take_cuts(in, to);
	}
	return false;
}

int
reader_label(struct reader *in, const char *label)
{
	const uint8_t *data;
	size_t len;

	if (!take(in, 1, SIZE_MAX, &data, &len) || len != strlen(label) ||
	    memcmp(data, label, len) != 0)
		return CODE_BAD_FORM;
	return 0;
}

int
fields_read(
    void *to, struct reader *in, const struct field *fields, size_t n_fields)
{
	for (size_t i = 0; i < n_fields; i++) {
		void *member = (char *)to + fields[i].offset;

		if (!field_read(member, in, &fields[i]))
			return CODE_BAD_FORM;
		if (fields[i].type == FIELD_SUITE &&
		    *(const int64_t *)member != SUITE_1)
			return CODE_BAD_SUITE;
	}
	return 0;
}

static int
envs_write(struct blob *out, const struct env_list *envs)
{
	int r;

	if (!envs_are_valid(envs))
		return VAULTENV_ERR_INVALID;
	if ((r = num_append(out, (int64_t)envs->n)) != 0)
		return r;
	for (size_t i = 0; i < envs->n; i++)
		if ((r = lp_append_text(out, envs->at[i])) != 0)
			return r;
	return 0;
}

static int
cuts_write(struct blob *out, const struct cut_list *cuts)
{
	int r;

	if (!cuts_are_valid(cuts))
		return VAULTENV_ERR_INVALID;
	if ((r = num_append(out, (int64_t)cuts->n)) != 0)
		return r;
	for (size_t i = 0; i < cuts->n; i++)
		if ((r = lp_append_text(out, cuts->at[i].env)) != 0 ||
		    (r = num_append(out, cuts->at[i].version)) != 0 ||
		    (r = lp_append(out, cuts->at[i].hash, HASH_LEN)) != 0)
			return r;
	return 0;
}

static int
text_write(struct blob *out, const struct field *f, const char *text)
{
	const size_t len = strnlen(text, f->size);

	if (len == f->size || !text_is_valid(f->type, text, len))
		return VAULTENV_ERR_INVALID;
	return lp_append(out, text, len);
}

static int
field_write(struct blob *out, const void *from, const struct field *f)
{
	switch (f->type) {
	case FIELD_SUITE:
		if (*(const int64_t *)from != SUITE_1)
			return VAULTENV_ERR_INVALID;
		return num_append(out, SUITE_1);
	case FIELD_NUMBER:
		return num_append(out, *(const int64_t *)from);
	case FIELD_BYTES:
		return lp_append(out, from, f->size);
	case FIELD_ID:
	case FIELD_ENV:
	case FIELD_TEXT:
		return text_write(out, f, from);
	case FIELD_ENVS:
		return envs_write(out, from);
	case FIELD_CUTS:
		return cuts_write(out, from);
	}
	return VAULTENV_ERR_INVALID;
}

int
fields_write(struct blob *out, const void *from, const struct field *fields,
    size_t n_fields)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_fields; i++)
		r = field_write(
		    out, (const char *)from + fields[i].offset, &fields[i]);
	return r;
}
