/* SPDX-License-Identifier: MIT */
/* sentence.h: an error as its user reads it, "Text. Hint", for tests. */
#ifndef SENTENCE_H
#define SENTENCE_H

#include "vaultenv.h"

/* Good until the next call. */
static inline const char *
sentence(const struct vaultenv_error *err)
{
	static char line[VAULTENV_ERROR_LINE];

	vaultenv_error_line(err, line);
	return line;
}

#endif
