/* SPDX-License-Identifier: MIT */
/*
 * statement.c: statements to bytes and back, both ways by the same tables of
 * fields. The decoder refuses all that the encoder would not have written; one
 * spelling, so a hash stands for a meaning. Must not judge what a statement
 * says beyond its form, nor whether its signatures are good.
 */
#include "config.h"

#include <string.h>

#include "wire/field.h"
#include "wire/labels.h"
#include "wire/lp.h"
#include "wire/statement.h"

/* What makes a statement of its fields. */
struct form {
	const char *label;
	const struct field *fields;
	size_t n_fields;
	size_t n_signatures;
	size_t size_max; /* bytes, signatures included */
};

#define AT(type, s, member)                                                    \
	{                                                                      \
		type, offsetof(struct s, member),                              \
		    sizeof(((struct s *)NULL)->member)                         \
	}
#define N(array) (sizeof(array) / sizeof(*(array)))

/* What four statements begin with, after the label. */
#define BEGINNING(s) AT(FIELD_SUITE, s, suite), AT(FIELD_ID, s, project)

#define SCOPE                                                                  \
	AT(FIELD_NUMBER, entry, scope.role),                                   \
	    AT(FIELD_ENVS, entry, scope.envs),                                 \
	    AT(FIELD_NUMBER, entry, scope.expires_ms),                         \
	    AT(FIELD_NUMBER, entry, scope.cache_s),                            \
	    AT(FIELD_NUMBER, entry, scope.fresh_s)
#define DEVICE                                                                 \
	AT(FIELD_ID, entry, device), AT(FIELD_TEXT, entry, name),              \
	    AT(FIELD_BYTES, entry, sign), AT(FIELD_BYTES, entry, box), SCOPE

static const struct field entry_fields[] = {
	BEGINNING(entry),
	AT(FIELD_NUMBER, entry, seq),
	AT(FIELD_BYTES, entry, prev),
	AT(FIELD_NUMBER, entry, at_ms),
	AT(FIELD_ID, entry, author),
	AT(FIELD_NUMBER, entry, kind),
};
static const struct field root_fields[] = {
	DEVICE,
	AT(FIELD_BYTES, entry, join),
};
static const struct field admit_fields[] = {
	DEVICE,
};
static const struct field change_fields[] = {
	AT(FIELD_ID, entry, device),
	SCOPE,
	AT(FIELD_CUTS, entry, cuts),
};
static const struct field revoke_fields[] = {
	AT(FIELD_ID, entry, device),
	AT(FIELD_CUTS, entry, cuts),
};
static const struct field rotate_fields[] = {
	AT(FIELD_BYTES, entry, join),
	AT(FIELD_BYTES, entry, old_psk),
	AT(FIELD_CUTS, entry, cuts),
};

static const struct {
	const struct field *fields;
	size_t n;
} kinds[] = {
	[ENTRY_ROOT] = { root_fields, N(root_fields) },
	[ENTRY_ADMIT] = { admit_fields, N(admit_fields) },
	[ENTRY_CHANGE] = { change_fields, N(change_fields) },
	[ENTRY_REVOKE] = { revoke_fields, N(revoke_fields) },
	[ENTRY_ROTATE] = { rotate_fields, N(rotate_fields) },
};

static const struct field record_fields[] = {
	BEGINNING(record),
	AT(FIELD_ENV, record, env),
	AT(FIELD_NUMBER, record, version),
	AT(FIELD_BYTES, record, prev),
	AT(FIELD_BYTES, record, key_id),
	AT(FIELD_BYTES, record, blob),
	AT(FIELD_NUMBER, record, op),
	AT(FIELD_NUMBER, record, of),
	AT(FIELD_ID, record, author),
	AT(FIELD_NUMBER, record, log_seq),
	AT(FIELD_BYTES, record, log_hash),
	AT(FIELD_NUMBER, record, at_ms),
};
static const struct field registration_fields[] = {
	BEGINNING(registration),
	AT(FIELD_ID, registration, device),
	AT(FIELD_TEXT, registration, name),
	AT(FIELD_BYTES, registration, sign),
	AT(FIELD_BYTES, registration, box),
	AT(FIELD_TEXT, registration, url),
	AT(FIELD_BYTES, registration, request_id),
	AT(FIELD_NUMBER, registration, at_ms),
};
static const struct field deletion_fields[] = {
	BEGINNING(deletion),
	AT(FIELD_NUMBER, deletion, log_count),
	AT(FIELD_BYTES, deletion, log_hash),
	AT(FIELD_ID, deletion, author),
	AT(FIELD_NUMBER, deletion, at_ms),
};

static const struct form entry_form = { LABEL_LOG_V2, entry_fields,
	N(entry_fields), 2, ENTRY_SIZE_MAX };
static const struct form record_form = { LABEL_RECORD_V2, record_fields,
	N(record_fields), 1, SMALL_SIZE_MAX };
static const struct form registration_form = { LABEL_REGISTER_V2,
	registration_fields, N(registration_fields), 2, SMALL_SIZE_MAX };
static const struct form deletion_form = { LABEL_DELETE_V2, deletion_fields,
	N(deletion_fields), 2, SMALL_SIZE_MAX };

/* The signatures are cut off; the fields begin at the reader. */
static int
begin(struct signed_bytes *raw, struct reader *in, const struct form *form,
    const uint8_t *data, size_t len)
{
	const size_t signatures = form->n_signatures * SIGNATURE_LEN;

	if (len <= signatures || len > form->size_max)
		return CODE_BAD_FORM;
	raw->bytes = data;
	raw->len = len - signatures;
	raw->signatures = data + raw->len;
	*in = (struct reader){ data, raw->len };
	return reader_label(in, form->label);
}

static int
finish(struct signed_bytes *raw, const struct reader *in)
{
	if (in->len != 0)
		return CODE_BAD_FORM;
	return sha256(raw->hash, raw->bytes, raw->len);
}

static int
decode(void *out, struct signed_bytes *raw, const struct form *form,
    const uint8_t *data, size_t len)
{
	struct reader in;
	int r;

	if ((r = begin(raw, &in, form, data, len)) != 0 ||
	    (r = fields_read(out, &in, form->fields, form->n_fields)) != 0)
		return r;
	return finish(raw, &in);
}

static int
encode(struct blob *out, const struct form *form, const void *from)
{
	int r;

	if ((r = lp_append_text(out, form->label)) != 0)
		return r;
	return fields_write(out, from, form->fields, form->n_fields);
}

static bool
kind_is_known(int64_t kind)
{
	return kind >= ENTRY_ROOT && kind < (int64_t)N(kinds);
}

int
entry_decode(struct entry *e, const uint8_t *data, size_t len)
{
	struct reader in;
	int r;

	e->cuts.n = 0;
	if ((r = begin(&e->raw, &in, &entry_form, data, len)) != 0 ||
	    (r = fields_read(e, &in, entry_form.fields, entry_form.n_fields)) !=
		0)
		return r;
	if (!kind_is_known(e->kind))
		return CODE_BAD_KIND;
	r = fields_read(e, &in, kinds[e->kind].fields, kinds[e->kind].n);
	if (r != 0)
		return r;
	return finish(&e->raw, &in);
}

static bool
is_zero(const uint8_t hash[HASH_LEN])
{
	static const uint8_t zero[HASH_LEN];

	return memcmp(hash, zero, HASH_LEN) == 0;
}

/* Nothing is before version 1; what a rollback goes back to is before it. */
static bool
record_form_is_good(const struct record *r)
{
	return r->version >= 1 && (r->version == 1) == is_zero(r->prev) &&
	       r->op <= OP_CONFIRM && (r->op == OP_ROLLBACK) == (r->of > 0) &&
	       r->of < r->version;
}

int
record_decode(struct record *r, const uint8_t *data, size_t len)
{
	int result = decode(r, &r->raw, &record_form, data, len);

	if (result != 0)
		return result;
	return record_form_is_good(r) ? 0 : CODE_BAD_FORM;
}

int
registration_decode(struct registration *g, const uint8_t *data, size_t len)
{
	return decode(g, &g->raw, &registration_form, data, len);
}

int
deletion_decode(struct deletion *d, const uint8_t *data, size_t len)
{
	return decode(d, &d->raw, &deletion_form, data, len);
}

/* *data is what was appended to bytes. */
static int
unbase64(struct blob *bytes, struct text base64, struct text *data)
{
	const size_t start = bytes->len;
	int r;

	r = base64_decode(bytes, base64.at, base64.len);
	if (r == VAULTENV_ERR_INVALID)
		return CODE_BAD_FORM;
	if (r != 0)
		return r;
	*data =
	    (struct text){ (char *)bytes->data + start, bytes->len - start };
	return 0;
}

int
entry_read(struct entry *out, struct blob *bytes, struct text base64)
{
	struct text data;
	int r;

	if ((r = unbase64(bytes, base64, &data)) != 0)
		return r;
	return entry_decode(out, (const uint8_t *)data.at, data.len);
}

int
record_read(struct record *out, struct blob *bytes, struct text base64)
{
	struct text data;
	int r;

	if ((r = unbase64(bytes, base64, &data)) != 0)
		return r;
	return record_decode(out, (const uint8_t *)data.at, data.len);
}

int
registration_read(
    struct registration *out, struct blob *bytes, struct text base64)
{
	struct text data;
	int r;

	if ((r = unbase64(bytes, base64, &data)) != 0)
		return r;
	return registration_decode(out, (const uint8_t *)data.at, data.len);
}

int
deletion_read(struct deletion *out, struct blob *bytes, struct text base64)
{
	struct text data;
	int r;

	if ((r = unbase64(bytes, base64, &data)) != 0)
		return r;
	return deletion_decode(out, (const uint8_t *)data.at, data.len);
}

int
entry_encode(struct blob *out, const struct entry *e)
{
	int r;

	if (!kind_is_known(e->kind))
		return VAULTENV_ERR_INVALID;
	if ((r = encode(out, &entry_form, e)) != 0)
		return r;
	return fields_write(out, e, kinds[e->kind].fields, kinds[e->kind].n);
}

int
record_encode(struct blob *out, const struct record *r)
{
	if (!record_form_is_good(r))
		return VAULTENV_ERR_INVALID;
	return encode(out, &record_form, r);
}

int
registration_encode(struct blob *out, const struct registration *g)
{
	return encode(out, &registration_form, g);
}

int
deletion_encode(struct blob *out, const struct deletion *d)
{
	return encode(out, &deletion_form, d);
}

bool
statement_verify(const struct signed_bytes *raw, size_t place,
    const uint8_t public_key[PUBLIC_KEY_LEN])
{
	return curve_verify(public_key, raw->bytes, raw->len,
	    raw->signatures + place * SIGNATURE_LEN);
}
