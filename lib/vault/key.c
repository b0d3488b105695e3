/* SPDX-License-Identifier: MIT */
/*
 * key.c: the vault key "vk_<project id>_<secret>" and the device secret, 64 hex
 * characters: their forms, making them, and the device's hash. Must not read or
 * write files.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "vault/vault.h"

#define KEY_PREFIX "vk_"
#define SECRET_LEN 32 /* random bytes, 64 characters of text */

/* A project id has no underscore; a secret may (protocol v1, "Keys"). */
int
key_parse(const char *key, const char **id, size_t *id_len, const char **secret)
{
	const char *start, *end;

	if (strnlen(key, VAULTENV_KEY_MAX + 1) > VAULTENV_KEY_MAX ||
	    strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0)
		return VAULTENV_ERR_INVALID;
	start = key + strlen(KEY_PREFIX);
	end = strchr(start, '_');
	if (end == NULL || end == start || end[1] == '\0')
		return VAULTENV_ERR_INVALID;
	*id = start;
	*id_len = (size_t)(end - start);
	*secret = end + 1;
	return 0;
}

/* What Docker's --env-file and many a copy leave around a value. */
static bool
is_quoted(const char *text)
{
	return *text != '\0' && strchr("\"'`", *text) != NULL;
}

const char *
key_fault(const char *key)
{
	const char *id, *secret;
	size_t id_len;

	if (*key == '\0')
		return "it is empty";
	if (is_quoted(key))
		return "it stands in quotes";
	if (key[strcspn(key, " \t\r\n\v\f")] != '\0')
		return "there is white space within it";
	if (strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0)
		return "it does not begin with vk_";
	/* The id becomes a file name, so nothing but a UUID will do. */
	id = key + strlen(KEY_PREFIX);
	if (!uuid_is_canonical(id, strcspn(id, "_")))
		return "what follows vk_ is not a UUID in lower case";
	if (key_parse(key, &id, &id_len, &secret) != 0)
		return "it ends before its secret";
	return NULL;
}

/* 64 lower-case hex characters of fresh randomness, and a NUL. */
static int
random_hex(char out[2 * SECRET_LEN + 1])
{
	uint8_t raw[SECRET_LEN];
	int r;

	if ((r = random_bytes(raw, sizeof(raw))) == 0)
		hex_encode(out, raw, sizeof(raw));
	mem_wipe(raw, sizeof(raw));
	return r;
}

int
vaultenv_key_generate(
    const char *project_id, char **key, size_t *len, struct vaultenv_error *err)
{
	char secret[2 * SECRET_LEN + 1];
	struct blob text;
	char *taken = NULL;
	int r;

	blob_init(&text, VAULTENV_KEY_MAX);
	if (project_id == NULL ||
	    !uuid_is_canonical(
		project_id, strnlen(project_id, VAULTENV_PROJECT_ID_LEN + 1)))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Use the one that the server gave",
		    "Cannot make a vault key: the project id is not a UUID");
	if ((r = random_hex(secret)) != 0) {
		err_set(err, r,
		    "Run without FIPS mode and with libgcrypt 1.10 or newer",
		    "Cannot make a vault key: %s", vaultenv_strerror(r));
		goto out;
	}
	if ((r = blob_append_str(&text, KEY_PREFIX)) != 0 ||
	    (r = blob_append_str(&text, project_id)) != 0 ||
	    (r = blob_append_str(&text, "_")) != 0 ||
	    (r = blob_append_str(&text, secret)) != 0 ||
	    (taken = blob_take(&text, len)) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	*key = taken;
out:
	mem_wipe(secret, sizeof(secret));
	blob_reset(&text);
	return r;
}

int
device_secret_parse(char out[VAULTENV_DEVICE_SECRET_LEN + 1], const char *text,
    char fault[SECRET_FAULT_TEXT])
{
	uint8_t raw[SECRET_LEN];
	size_t len, i;
	int r = 0;

	text = text_trim(text, &len);
	if (is_quoted(text)) {
		strcpy(fault, "it stands in quotes");
		return VAULTENV_ERR_INVALID;
	}
	if (len != VAULTENV_DEVICE_SECRET_LEN) {
		snprintf(fault, SECRET_FAULT_TEXT, "its length is %zu, not %d",
		    len, VAULTENV_DEVICE_SECRET_LEN);
		return VAULTENV_ERR_INVALID;
	}
	/* Letters have the bit 0x40; it becomes the 0x20 of the lower case. */
	for (i = 0; i < len; i++)
		out[i] = (char)(text[i] | (text[i] & 0x40) >> 1);
	out[len] = '\0';
	if (hex_decode(raw, sizeof(raw), out, len) != 0) {
		i = strspn(out, "0123456789abcdef");
		snprintf(fault, SECRET_FAULT_TEXT,
		    "character %zu is not a hex digit", i + 1);
		r = VAULTENV_ERR_INVALID;
		mem_wipe(out, len);
	}
	mem_wipe(raw, sizeof(raw));
	return r;
}

int
device_secret_generate(char out[VAULTENV_DEVICE_SECRET_LEN + 1])
{
	return random_hex(out);
}

/* Of the 64 characters, not of the bytes that they spell. */
int
device_hash(char out[2 * HASH_LEN + 1], const char *device_secret)
{
	uint8_t hash[HASH_LEN];
	int r;

	if ((r = sha256(hash, device_secret, strlen(device_secret))) != 0)
		return r;
	hex_encode(out, hash, sizeof(hash));
	return 0;
}
