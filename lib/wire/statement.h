/* SPDX-License-Identifier: MIT */
/*
 * statement.h: the statements of protocol v2: what a device signs. Each is its
 * fields in order, as lp() or num(), its label first; then the signatures. The
 * structs below are their decoded form; what is borrowed in them (struct
 * signed_bytes) lives as long as the bytes that were decoded.
 *
 * A decoder refuses what is left over, so nothing can be added to a statement
 * that clients in the field read: a new field is a new suite, or a new label,
 * beside the old form. To add one [what complains if a step was forgotten]:
 *  1. its member in the struct, its row in the table of statement.c, and a type
 *     that is new in field.h and field.c [tests/lib/wire/statement-t];
 *  2. the server decodes by the same table; what SQL needs of it is a parameter
 *     of record_push, log_append or member_register [sql/statements.t]; what is
 *     stored of it is compared in fcgi/operator/rows.h [nobody];
 *  3. who judges it: trust/ for log and records, vault/open.c [nobody];
 *  4. lib/PROTOCOL-v2, 3, and its check in 4 or 6 [style/protocol.t: a label];
 *  5. reference.py and team.py of tests/interop, and new vectors made by them
 *     [tests/interop/bundle-v2-t].
 */
#ifndef WIRE_STATEMENT_H
#define WIRE_STATEMENT_H

#include "crypto/crypto.h"
#include "crypto/curve.h"
#include "wire/code.h"
#include "wire/name.h"

#define SUITE_1        1 /* Ed25519, X25519, HKDF-SHA256, AES-256-GCM, HPKE */
#define URL_LEN_MAX    255
#define REQUEST_ID_LEN 16
#define OLD_PSK_LEN    60    /* iv, tag, and 32 bytes */
#define WRAP_LEN       80    /* of a data key: enc 32, ciphertext 32, tag 16 */
#define LIST_MAX       100   /* environments of a scope; cuts */
#define WRAPS_MAX      5000  /* in a request */
#define ENTRY_SIZE_MAX 65536 /* bytes, signatures included */
#define SMALL_SIZE_MAX 1024  /* of any other statement */

enum entry_kind {
	ENTRY_ROOT = 1,
	ENTRY_ADMIT,
	ENTRY_CHANGE,
	ENTRY_REVOKE,
	ENTRY_ROTATE
};

enum role { ROLE_READER = 1, ROLE_WRITER, ROLE_ADMIN };

enum record_op { OP_PUSH, OP_ROLLBACK, OP_CONFIRM };

/* Base64, mostly, that somebody else keeps. */
struct text {
	const char *at;
	size_t len;
};

/* The bytes that are signed, what signs them, and their hash. */
struct signed_bytes {
	const uint8_t *bytes;
	size_t len;
	const uint8_t *signatures;
	uint8_t hash[HASH_LEN];
};

/* In strictly ascending byte order, or exactly "*". */
struct env_list {
	size_t n;
	char at[LIST_MAX][ENV_LEN_MAX + 1];
};

struct scope {
	int64_t role;
	struct env_list envs;
	int64_t expires_ms; /* 0: never */
	int64_t cache_s;    /* 0: no cache */
	int64_t fresh_s;    /* 0: no limit */
};

/* "When this was signed, env stood at this version with this hash." */
struct cut {
	char env[ENV_LEN_MAX + 1];
	int64_t version;
	uint8_t hash[HASH_LEN];
};

struct cut_list {
	size_t n;
	struct cut at[LIST_MAX];
};

/* Of the log. Which of the lower half is filled depends on the kind. */
struct entry {
	struct signed_bytes raw;
	int64_t suite;
	char project[ID_LEN + 1];
	int64_t seq;
	uint8_t prev[HASH_LEN];
	int64_t at_ms;
	char author[ID_LEN + 1];
	int64_t kind;
	char device[ID_LEN + 1];
	char name[DEVICE_NAME_LEN_MAX + 1];
	uint8_t sign[PUBLIC_KEY_LEN];
	uint8_t box[PUBLIC_KEY_LEN];
	struct scope scope;
	uint8_t join[PUBLIC_KEY_LEN];
	uint8_t old_psk[OLD_PSK_LEN];
	struct cut_list cuts;
};

/* Of a version. */
struct record {
	struct signed_bytes raw;
	int64_t suite;
	char project[ID_LEN + 1];
	char env[ENV_LEN_MAX + 1];
	int64_t version;
	uint8_t prev[HASH_LEN];
	uint8_t key_id[HASH_LEN];
	uint8_t blob[HASH_LEN];
	int64_t op;
	int64_t of; /* the version gone back to, else 0 */
	char author[ID_LEN + 1];
	int64_t log_seq;
	uint8_t log_hash[HASH_LEN];
	int64_t at_ms;
};

struct registration {
	struct signed_bytes raw;
	int64_t suite;
	char project[ID_LEN + 1];
	char device[ID_LEN + 1];
	char name[DEVICE_NAME_LEN_MAX + 1];
	uint8_t sign[PUBLIC_KEY_LEN];
	uint8_t box[PUBLIC_KEY_LEN];
	char url[URL_LEN_MAX + 1];
	uint8_t request_id[REQUEST_ID_LEN];
	int64_t at_ms;
};

/* Of a whole project. */
struct deletion {
	struct signed_bytes raw;
	int64_t suite;
	char project[ID_LEN + 1];
	int64_t log_count;
	uint8_t log_hash[HASH_LEN];
	char author[ID_LEN + 1];
	int64_t at_ms;
};

/*
 * From statement and signatures. BAD_FORM, BAD_SUITE, BAD_KIND, or an enum
 * vaultenv_status. The signatures are not looked at. Borrows data.
 */
int entry_decode(struct entry *e, const uint8_t *data, size_t len);
int record_decode(struct record *r, const uint8_t *data, size_t len);
int
registration_decode(struct registration *g, const uint8_t *data, size_t len);
int deletion_decode(struct deletion *d, const uint8_t *data, size_t len);

/* The same from base64, whose bytes go to the end of `bytes`: it must not move
 * while what was decoded is in use. */
int entry_read(struct entry *e, struct blob *bytes, struct text base64);
int record_read(struct record *r, struct blob *bytes, struct text base64);
int registration_read(
    struct registration *g, struct blob *bytes, struct text base64);
int deletion_read(struct deletion *d, struct blob *bytes, struct text base64);

/* Appends the statement without signatures; what a decoder would refuse is
 * INVALID. raw is passed over. */
int entry_encode(struct blob *out, const struct entry *e);
int record_encode(struct blob *out, const struct record *r);
int registration_encode(struct blob *out, const struct registration *g);
int deletion_encode(struct blob *out, const struct deletion *d);

/* True if the signature in the first (0) or second (1) place is good. */
bool statement_verify(const struct signed_bytes *raw, size_t place,
    const uint8_t public_key[PUBLIC_KEY_LEN]);

bool
scope_has_env(size_t n, const char (*envs)[ENV_LEN_MAX + 1], const char *env);

#endif
