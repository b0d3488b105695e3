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
	[-VAULTENV_OK] = "Success",
	[-VAULTENV_ERR_NOMEM] = "Out of memory",
	[-VAULTENV_ERR_INVALID] = "An argument, name, key or URL is malformed",
	[-VAULTENV_ERR_NO_KEY] = "No VAULT_KEY in the environment or file",
	[-VAULTENV_ERR_IO] = "A file cannot be read or written safely",
	[-VAULTENV_ERR_NETWORK] = "No answer from the server",
	[-VAULTENV_ERR_SERVER] = "The server cannot answer at the moment",
	[-VAULTENV_ERR_PROTOCOL] = "The server's answer makes no sense",
	[-VAULTENV_ERR_UNAUTHORIZED] = "The key is wrong for this project",
	[-VAULTENV_ERR_PENDING] = "This device waits for approval",
	[-VAULTENV_ERR_DEVICE] = "This device is not registered, or revoked",
	[-VAULTENV_ERR_FORBIDDEN] = "The server refused the request",
	[-VAULTENV_ERR_NOT_FOUND] = "Not found",
	[-VAULTENV_ERR_NO_SECRETS] = "No secrets are stored there yet",
	[-VAULTENV_ERR_CONFLICT] = "Somebody else was first",
	[-VAULTENV_ERR_DECRYPT] =
	    "Wrong key, another device's secrets, or tampered with",
	[-VAULTENV_ERR_EXISTS] = "It would overwrite what must be kept",
	[-VAULTENV_ERR_UNWRITABLE] = ".env text cannot hold this name or value",
	[-VAULTENV_ERR_CLOCK] = "This machine's clock is too far off",
	[-VAULTENV_ERR_CRYPTO] = "Libgcrypt failed or is in FIPS mode",
	[-VAULTENV_ERR_VERIFY] =
	    "It is not what a device of this project signed",
	[-VAULTENV_ERR_UNTRUSTED] = "It is not what it was, or not the user's",
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
		return "Unknown error";
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

void
notice_give_error(const struct notice *notice, const struct vaultenv_error *err)
{
	char line[VAULTENV_ERROR_LINE];

	vaultenv_error_line(err, line);
	notice_give(notice, line);
}

/* By way of a copy: an argument may be the very text that is replaced. */
static void __attribute__((format(printf, 3, 0)))
part_fill(char *part, size_t size, const char *fmt, va_list ap)
{
	char copy[VAULTENV_ERROR_TEXT];

	vsnprintf(copy, size, fmt, ap);
	make_printable(copy);
	memcpy(part, copy, size);
}

_Static_assert(VAULTENV_ERROR_HINT <= VAULTENV_ERROR_TEXT, "a copy holds both");

int
vaultenv_error_set(struct vaultenv_error *err, int code, const char *hint,
    const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	part_fill(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	err->current_version = 0;
	err->reason[0] = '\0';
	return err_hint(err, "%s", hint == NULL ? "" : hint);
}

int
err_hint(struct vaultenv_error *err, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return 0;
	va_start(ap, fmt);
	part_fill(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return err->code;
}

int
err_errno(struct vaultenv_error *err, const char *hint, const char *fmt, ...)
{
	const int saved = errno;
	char what[VAULTENV_ERROR_TEXT];
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(err, VAULTENV_ERR_IO, hint, "%s: %s", what,
	    strerror_r(saved, reason, sizeof(reason)));
	errno = saved;
	return VAULTENV_ERR_IO;
}

int
err_general(struct vaultenv_error *err, int code)
{
	return err_set(err, code, NULL, "%s", vaultenv_strerror(code));
}

int
err_copy(struct vaultenv_error *err, const struct vaultenv_error *from)
{
	if (err != NULL)
		*err = *from;
	return from->code;
}

void
vaultenv_error_line(
    const struct vaultenv_error *err, char out[VAULTENV_ERROR_LINE])
{
	snprintf(out, VAULTENV_ERROR_LINE, "%s%s%s", err->text,
	    err->hint[0] == '\0' ? "" : ". ", err->hint);
}
