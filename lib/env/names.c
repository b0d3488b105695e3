/* SPDX-License-Identifier: MIT */
/*
 * names.c: the names that do more in an environment than hold a value: our own,
 * and those by which a program runs other code. Knows no values.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "env/env.h"

#define NAMES_MAX  ((size_t)32 << 20)
#define NOTICE_MAX (VAULTENV_ERROR_TEXT - 1)

int
vaultenv_name_is_reserved(const char *name)
{
	return strcmp(name, "VAULT_KEY") == 0 ||
	       strcmp(name, "VAULT_URL") == 0 ||
	       strcmp(name, "VAULT_DEVICE_SECRET") == 0;
}

int
vaultenv_name_runs_code(const char *name)
{
	/* '*': whatever begins so. The dynamic loader, libc, and shells. */
	static const char *const names[] = { "LD_*", "DYLD_*", "GCONV_PATH",
		"GLIBC_TUNABLES", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS",
		"PS4", "PROMPT_COMMAND", "BASH_FUNC_*" };
	size_t i, len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strcspn(names[i], "*");
		if (strncmp(name, names[i], len) == 0 &&
		    (names[i][len] == '*' || name[len] == '\0'))
			return 1;
	}
	return 0;
}

char *
vaultenv_left_out_text(const struct vaultenv_list *left_out)
{
	const struct vaultenv_pair *pair;
	char *shown = NULL;
	struct blob text;
	size_t i;
	int r;

	if (vaultenv_list_len(left_out) == 0)
		return NULL;
	blob_init(&text, NAMES_MAX);
	r = blob_append_str(&text,
	    "Left out, because a loader or shell would run other code by them "
	    "(allow loader names to have them): ");
	/* What does not fit is cut off, and need not be gathered. */
	for (i = 0; r == 0 && text.len <= NOTICE_MAX &&
		    (pair = vaultenv_list_at(left_out, i)) != NULL;
	     i++) {
		if ((r = blob_append_str(&text, i > 0 ? ", " : "")) == 0)
			r = blob_append_str(&text, pair->name);
	}
	if (r == 0)
		shown = text_printable((const char *)text.data, NOTICE_MAX);
	blob_reset(&text);
	return shown;
}
