/* SPDX-License-Identifier: MIT */
/*
 * input.h: the members of request bodies, each declared once: name, form and
 * the sentence for a wrong value. Handlers see only what passed.
 */
#ifndef VAULT_FCGI_HTTP_INPUT_H
#define VAULT_FCGI_HTTP_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "crypto/crypto.h"
#include "wire/statement.h"

#define KEY_NAMES_MAX    10000
#define KEY_NAMES_SIZE   65536 /* as JSON; more are not kept */
#define KEY_NAME_LEN_MAX 257
#define BLOB_LEN_MIN     (IV_LEN + TAG_LEN)

struct reply;

/* In the order in which "… required" names them. */
enum field {
	FIELD_PROJECT_ID,
	FIELD_PROJECT_NAME,
	FIELD_AUTH_KEY_HASH,
	FIELD_DEVICE_ID,
	FIELD_DEVICE_NAME,
	FIELD_DEVICE_HASH,
	FIELD_ENVIRONMENT,
	FIELD_SECRETS,
	FIELD_VERSION,
	FIELD_BASE_VERSION,
	FIELD_KEY_NAMES,
	FIELD_KEY_COUNT,
	/* protocol v2 */
	FIELD_ROOT,
	FIELD_ENTRY,
	FIELD_RECORD,
	FIELD_DELETION,
	FIELD_REGISTRATION,
	FIELD_REQUEST_KEY,
	FIELD_WRAPS,
	FIELD_LOG_HAVE,
	FIELD_RECORD_HAVE,
	FIELD_RECORDS_FROM,
	FIELD_FROM,
	FIELD_TO,
	FIELD_BLOBS,
	FIELD_ALL,
	FIELD_AFTER_DEVICE,
	FIELD_AFTER_WRAP,
	FIELD_BEFORE,
	FIELD_LIMIT,
	/* of a v1 project that goes on in one of v2 */
	FIELD_MOVED_TO,
	FIELD_FROZEN,
	N_FIELDS
};

#define FIELD_BIT(field) (UINT64_C(1) << (field))
_Static_assert(N_FIELDS <= 64, "a bit for each");

/* A wrap, or the place of one: what it names is not empty. */
struct wrap_input {
	char environment[ENV_LEN_MAX + 1];
	char device[ID_LEN + 1];
	bool has_key_id, has_wrap;
	uint8_t key_id[HASH_LEN];
	uint8_t wrap[WRAP_LEN];
};

struct input {
	uint64_t given;                /* FIELD_BITs */
	const char *text[N_FIELDS];    /* NULL unless given; NUL-terminated */
	int64_t number[N_FIELDS];      /* versions, counts, true and false */
	struct blob secrets;           /* decoded */
	uint8_t device_hash[HASH_LEN]; /* SHA-256 of what was received */
	struct blob key_names;         /* the text of a JSON array */
	struct wrap_input *wraps;
	size_t n_wraps;
	struct wrap_input after; /* FIELD_AFTER_WRAP */
	char before_at[28];      /* FIELD_BEFORE: a time and an id */
	char before_id[ID_LEN + 1];
	struct json_object json;
};

void input_init(struct input *in);
/* 0, or -1 with the error in reply. Borrows body, for as long as in lives. A
 * member that is null, or a required text that is empty, is missing. */
int input_parse(struct input *in, uint64_t required, uint64_t optional,
    const struct blob *body, struct reply *reply);
void input_reset(struct input *in);

const char *input_field_name(enum field field);
/* The sentence for a wrong value. Never NULL. */
const char *input_field_rule(enum field field);

#endif
