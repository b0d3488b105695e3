/* SPDX-License-Identifier: MIT */
/*
 * As much of a dotenv for C as the sample needs: NAME=VALUE lines of .env in
 * folder, and comments, into the environment.
 */
#ifndef DOTENV_H
#define DOTENV_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int
env_load(const char *folder, bool overwrite)
{
	char path[4096], line[4096], *value;
	FILE *f;

	snprintf(path, sizeof(path), "%s/.env", folder);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || (value = strchr(line, '=')) == NULL)
			continue;
		*value++ = '\0';
		setenv(line, value, overwrite);
	}
	fclose(f);
	return 0;
}

#endif
