/* SPDX-License-Identifier: MIT */
/*
 * Private prototypes of libvaultenv, by file. Nothing here is exported
 * (vaultenv.map). The server links blob, encode, json, secmem, crypto, aead
 * and sign, which is why these know nothing of struct vaultenv_error: they
 * return 0 or an enum vaultenv_status and their callers write the sentence.
 */
#ifndef VAULTENV_INTERNAL_H
#define VAULTENV_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "labels.h"
#include "vaultenv.h"

/* ---- err.c: codes to sentences ---- */

/* Fills *err (if not NULL) and returns code: `return err_set(err, CODE, "…")`. */
int err_set(struct vaultenv_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ": strerror(saved errno)" and an IO code. */
int err_errno(struct vaultenv_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- secmem.c: pages that are locked, not dumped, wiped when freed ---- */

/* Whole pages, zeroed. Locking is best effort. NULL when out of memory. */
void *secmem_alloc(size_t len);
/* Wipes and unmaps. len as given to secmem_alloc. NULL is fine. */
void secmem_free(void *p, size_t len);

/* ---- blob.c: bytes with a length and a maximum, wiped when freed ---- */

struct blob {
	uint8_t *data;		/* NUL-terminated beyond len whenever not NULL */
	size_t len;
	size_t cap;
	size_t max;		/* growing past it is VAULTENV_ERR_INVALID */
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

#define BASE64_LEN(n)	((((n) + 2) / 3) * 4)

int base64_encode(struct blob *out, const uint8_t *data, size_t len);
/* Standard alphabet, padded, canonical (no stray bits), nothing else. INVALID. */
int base64_decode(struct blob *out, const char *text, size_t len);
/* out gets 2 * len characters and a NUL. */
void hex_encode(char *out, const uint8_t *data, size_t len);
/* Exactly 2 * len lower-case hex characters. INVALID. */
int hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);
/* 8-4-4-4-12 lower-case hex, 36 characters. */
bool uuid_is_canonical(const char *text, size_t len);
/* Decimal digits only, no leading zero unless "0", at most max. INVALID. */
int decimal_parse(const char *text, size_t len, int64_t max, int64_t *out);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool utf8_is_valid(const char *text, size_t len);

/* ---- json.c: strict RFC 8259 reader, and a writer of strings ---- */
/*
 * Ours, because json-c accepts what v1 must refuse (duplicate names, \u0000 in
 * names, lone surrogates, overlong UTF-8, single quotes, NaN, raw newlines)
 * and leaves plaintext in freed memory. It reads one object at a
 * time; arrays and objects inside are handed out as text, to be read in turn.
 */
enum json_kind {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING,
	JSON_ARRAY, JSON_OBJECT
};

struct json_value {
	enum json_kind type;
	/* STRING: decoded text, NUL-terminated, in the document's memory.
	 * Others: the text as it stands in the document, not terminated. */
	const char *text;
	size_t len;
};

struct json_member {
	const char *name;	/* decoded, NUL-terminated, no NUL inside */
	size_t name_len;
	struct json_value value;
};

struct json_object {
	struct json_member *members;	/* in document order */
	size_t n_members;
	struct blob strings;		/* decoded text lives here; wiped */
	const char *text;		/* borrowed: the document; json.c's own */
};

/*
 * Consumes all of text. INVALID: not one JSON object, or a duplicate name, a
 * NUL, a lone surrogate, bad UTF-8, nesting deeper than 32, more than
 * max_members members. Borrows text. reset() wipes and frees.
 */
int json_object_parse(struct json_object *o, const char *text, size_t len,
    size_t max_members);
void json_object_reset(struct json_object *o);
const struct json_value *json_object_find(const struct json_object *o,
    const char *name);
/* Steps over an ARRAY value: *pos starts at 0. 1: *item set; 0: end. Items
 * that are strings are decoded into o->strings. Negative: NOMEM. */
int json_array_next(struct json_object *o, const struct json_value *array,
    size_t *pos, struct json_value *item);
/* Appends "text" with quotes and escapes. INVALID: not UTF-8, or a NUL, which
 * the reader refuses. */
int json_append_string(struct blob *out, const char *text, size_t len);

/* ---- crypto.c: libgcrypt's start, HMAC, hash and random, lengths pinned ---- */

/* Idempotent and thread-safe; called by all below and by aead.c. CRYPTO. */
int crypto_init(void);
int hmac_sha256(uint8_t out[MAC_LEN], const void *key, size_t key_len,
    const void *data, size_t len);
/* The same over two pieces one after the other. key_len must not be 0. */
int hmac_sha256_2(uint8_t out[MAC_LEN], const void *key, size_t key_len,
    const void *data, size_t len, const void *data2, size_t len2);
int sha256(uint8_t out[HASH_LEN], const void *data, size_t len);
int random_bytes(void *out, size_t len);

/* ---- derive.c: HKDF-SHA256 (RFC 5869) and the two keys of v1 ---- */

/* salt may be empty, info too; okm_len at most 255 * 32. */
int hkdf_sha256(uint8_t *okm, size_t okm_len, const void *ikm, size_t ikm_len,
    const void *salt, size_t salt_len, const void *info, size_t info_len);
int derive_auth_key(uint8_t out[KEY_LEN], const char *vault_key);
/* device_secret NULL: the vault key alone. */
int derive_encryption_key(uint8_t out[KEY_LEN], const char *vault_key,
    const char *device_secret);

/* ---- aead.c: AES-256-GCM (SP 800-38D), every length pinned ---- */

/* out: len bytes of ciphertext; tag separate. A fresh random iv is made here. */
int aead_encrypt(uint8_t iv[IV_LEN], uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const void *aad, size_t aad_len,
    const void *in, size_t len);
/* DECRYPT whatever part is wrong; out is then wiped. */
int aead_decrypt(uint8_t *out, const uint8_t key[KEY_LEN],
    const uint8_t iv[IV_LEN], const uint8_t tag[TAG_LEN],
    const void *aad, size_t aad_len, const void *in, size_t len);

/* ---- seal.c: the v1 blob, base64(iv || tag || ciphertext), no AAD ---- */

int seal(struct blob *out_base64, const uint8_t key[KEY_LEN],
    const void *plain, size_t len);
/* DECRYPT: not base64, too short, or does not authenticate. */
int unseal(struct blob *out_plain, const uint8_t key[KEY_LEN],
    const char *base64, size_t len);

/* ---- sign.c: X-Vault-Signature, made and verified ---- */

/* out gets 82 characters and a NUL. time_ms must have 13 digits. */
int signature_make(char out[SIGNATURE_HEADER_LEN + 1],
    const uint8_t key[KEY_LEN], const void *body, size_t len, int64_t time_ms);
/* The exact 82-byte form or INVALID; says nothing about age or key. */
int signature_parse(const char *header, size_t len, int64_t *time_ms,
    uint8_t digest[MAC_LEN]);
/* True if digest is the MAC of body and time under key. Constant time. */
bool signature_verify(const uint8_t key[KEY_LEN], const void *body, size_t len,
    int64_t time_ms, const uint8_t digest[MAC_LEN]);

/* ---- key.c: VAULT_KEY and device secret ---- */

/* Splits vk_<id>_<secret>; both parts non-empty. Borrowed from key. INVALID. */
int key_parse(const char *key, const char **id, size_t *id_len,
    const char **secret);
bool device_secret_is_valid(const char *secret);
/* out: 64 hex and a NUL. */
int device_secret_generate(char out[VAULTENV_DEVICE_SECRET_LEN + 1]);
int device_hash(char out[2 * HASH_LEN + 1], const char *device_secret);

/* ---- list.c: see vaultenv.h ---- */

/* vaultenv_list_set() for a name that is not NUL-terminated. */
int list_set(struct vaultenv_list *list, const char *name, size_t name_len,
    const char *value, size_t value_len);
/* Room in advance; only speed depends on it. bytes: of names and values, with
 * a NUL for each. NOMEM. */
int list_reserve(struct vaultenv_list *list, size_t n_names, size_t bytes);
/* This name will be set soon; only speed depends on it. Returns its hash. */
uint32_t list_expect(
    const struct vaultenv_list *list, const char *name, size_t name_len);
/* list_set() with that hash, for a name that can hold no '=' and no NUL. */
int list_set_expected(struct vaultenv_list *list, const char *name,
    size_t name_len, uint32_t hash, const char *value, size_t value_len);

/* ---- dotenv.c: reading .env text ---- */

/* One assignment, as offsets into the text. */
struct dotenv_assignment {
	size_t name;
	size_t name_len;
	size_t value;		/* as it stands there: quotes included, trimmed */
	size_t value_end;
	bool open;		/* what follows may take part in the value: it
				 * begins with a quote that nothing surely closes */
	uint32_t hash; /* the reader's own: of list_expect() */
};

struct dotenv_scan {
	const char *text;	/* borrowed */
	size_t len;
	size_t pos;
	bool plain;		/* LF is the only line terminator in text */
};

void dotenv_scan_init(struct dotenv_scan *s, const char *text, size_t len);
/* False at the end of the text. */
bool dotenv_next(struct dotenv_scan *s, struct dotenv_assignment *a);
/* The value without quotes and escapes: borrowed from the text or, where that
 * has other bytes, from scratch, which is overwritten. NOMEM. */
int dotenv_value(const struct dotenv_scan *s,
    const struct dotenv_assignment *a, struct blob *scratch,
    const char **value, size_t *value_len);
/* The first line terminator at or after pos, or the end of the text. */
size_t dotenv_line_end(const struct dotenv_scan *s, size_t pos);

/* ---- envfile.c: one variable of a .env file ---- */

/* The last assignment of name, as it is the one that counts. False: none. */
bool envfile_find(const char *text, size_t len, const char *name,
    struct dotenv_assignment *found);

/* ---- dotenv-write.c: making .env text ---- */

/* One line without its line break. UNWRITABLE. */
int dotenv_append_pair(struct blob *out, const struct vaultenv_pair *pair,
    struct vaultenv_error *err);

/* ---- store.c: files ---- */

/* As vaultenv_file_read, but the file must be no symlink, the user's own (or
 * root's) and not readable by group or others: IO with a chmod hint. Trimmed. */
int store_read_private(const char *path, size_t max, struct blob *out,
    struct vaultenv_error *err);
/* The same for what others may read but not write. *st tells about it. */
int store_read_own(const char *path, size_t max, struct blob *out,
    struct stat *st, struct vaultenv_error *err);
/* Makes the folder 0700 and the file 0600 by O_EXCL link, fsynced. EXISTS. */
int store_create_private(const char *path, const char *text, size_t len,
    struct vaultenv_error *err);

/* ---- transport.c: one HTTP request ---- */

#define REPLY_MAX	(8u << 20)	/* bytes of a reply's body */

struct http_reply {
	int status;
	struct blob body;
	int64_t date_ms;	/* the Date header as Unix ms; 0: none */
};

struct transport;		/* a libcurl easy handle, or the caller's callback */

int transport_new(struct transport **out, const struct vaultenv_options *opts);
void transport_free(struct transport **t);
/* From any thread: a request in hand, and each to come, fails within a second
 * or so. One by a callback ends by itself. */
void transport_abort(struct transport *t);
/* headers: NULL-terminated. body NULL: GET. NETWORK, PROTOCOL (over REPLY_MAX). */
int transport_perform(struct transport *t, const char *url,
    const char *const *headers, const char *body, size_t len,
    struct http_reply *reply, struct vaultenv_error *err);

#endif /* VAULTENV_INTERNAL_H */
