/* SPDX-License-Identifier: MIT */
/*
 * token.c: the token that a server may want before it makes a project, as a
 * header.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "client/client.h"

/* It becomes part of a header, so no line break may be in it. */
static bool
token_is_valid(const char *token)
{
	size_t len = strlen(token);

	return len > 0 && len <= TOKEN_MAX &&
	       strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
			     "xyz0123456789"
			     "!#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\") == len;
}

int
token_header(
    char header[TOKEN_LINE], const char *token, struct vaultenv_error *err)
{
	if (token != NULL && !token_is_valid(token))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it again from the server's operator",
		    "The token is not one line of printable characters without "
		    "blanks, of %d at most",
		    TOKEN_MAX);
	snprintf(
	    header, TOKEN_LINE, TOKEN_NAME "%s", token != NULL ? token : "");
	return 0;
}
