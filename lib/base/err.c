/* SPDX-License-Identifier: MIT */
/*
 * err.c: error codes to sentences, what may be shown of a text, the library's
 * version, and the release of text that the library hands out. Must not know
 * any file, network or cipher.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static const char *const sentences[] = {
	[-VAULTENV_OK] = "success",
	[-VAULTENV_ERR_NOMEM] = "out of memory",
	[-VAULTENV_ERR_INVALID] = "an argument, name, key or URL is malformed",
	[-VAULTENV_ERR_NO_KEY] = "no VAULT_KEY in the environment or file",
	[-VAULTENV_ERR_IO] = "a file cannot be read or written safely",
	[-VAULTENV_ERR_NETWORK] = "no answer from the server",
	[-VAULTENV_ERR_SERVER] = "the server cannot answer at the moment",
	[-VAULTENV_ERR_PROTOCOL] = "the server's answer makes no sense",
	[-VAULTENV_ERR_UNAUTHORIZED] = "the key is wrong for this project",
	[-VAULTENV_ERR_PENDING] = "this device waits for approval",
	[-VAULTENV_ERR_DEVICE] = "this device is not registered, or revoked",
	[-VAULTENV_ERR_FORBIDDEN] = "the server refused the request",
	[-VAULTENV_ERR_NOT_FOUND] = "not found",
	[-VAULTENV_ERR_NO_SECRETS] = "no secrets are stored there yet",
	[-VAULTENV_ERR_CONFLICT] = "somebody else was first",
	[-VAULTENV_ERR_DECRYPT] =
	    "wrong key, another device's secrets, or tampered with",
	[-VAULTENV_ERR_EXISTS] = "it would overwrite what must be kept",
	[-VAULTENV_ERR_UNWRITABLE] = ".env text cannot hold this name or value",
	[-VAULTENV_ERR_CLOCK] = "this machine's clock is too far off",
	[-VAULTENV_ERR_CRYPTO] = "libgcrypt failed or is in FIPS mode",
};

const char *
vaultenv_version(void)
{
	return PACKAGE_VERSION;
}

const char *
vaultenv_strerror(int code)
{
	const int n = (int)(sizeof(sentences) / sizeof(sentences[0]));

	if (code > 0 || code <= -n)
		return "unknown error";
	return sentences[-code];
}

void
vaultenv_text_free(char **text, size_t len)
{
	if (text == NULL)
		return;
	mem_wipe_free(*text, len);
	*text = NULL;
}

/*
 * A hidden character must not reach a terminal, and a cut must not leave half a
 * UTF-8 sequence: texts quote file names and servers' answers.
 */
static void
make_printable(char *text)
{
	size_t len = strlen(text), start = len;
	uint32_t code;
	int is_hidden;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xc0 &&
	    !utf8_is_valid(text + start - 1, len - start + 1))
		text[start - 1] = '\0';
	while ((len = vaultenv_character(text, &code, &is_hidden)) > 0) {
		if (is_hidden)
			memset(text, '?', len);
		text += len;
	}
}

char *
text_printable(const char *text, size_t max)
{
	char *copy = strndup(text, max);

	if (copy != NULL)
		make_printable(copy);
	return copy;
}

void
notice_give(const struct notice *notice, const char *text)
{
	if (notice->call != NULL)
		notice->call(notice->arg, text);
}

/* By way of a copy: an argument may be the very text that is replaced. */
static void
fill(struct vaultenv_error *err, int code, const char *text)
{
	char copy[VAULTENV_ERROR_TEXT];

	snprintf(copy, sizeof(copy), "%s", text);
	make_printable(copy);
	err->code = code;
	err->current_version = 0;
	memcpy(err->text, copy, sizeof(copy));
}

int
err_set(struct vaultenv_error *err, int code, const char *fmt, ...)
{
	char text[VAULTENV_ERROR_TEXT];
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fill(err, code, text);
	return code;
}

int
err_errno(struct vaultenv_error *err, const char *fmt, ...)
{
	const int saved = errno;
	char what[VAULTENV_ERROR_TEXT];
	char reason[128];
	va_list ap;

	if (err == NULL)
		return VAULTENV_ERR_IO;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(err, VAULTENV_ERR_IO, "%s: %s", what,
	    strerror_r(saved, reason, sizeof(reason)));
	errno = saved;
	return VAULTENV_ERR_IO;
}

int
err_general(struct vaultenv_error *err, int code)
{
	return err_set(err, code, "%s", vaultenv_strerror(code));
}
