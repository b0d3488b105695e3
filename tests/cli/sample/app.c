/* SPDX-License-Identifier: MIT */
/* An application that was written for a dotenv of C's. */
#include <stdbool.h>
#include <stdio.h>

#include <dotenv.h>

extern char **environ;

int
main(void)
{
	env_load(".", false);

	for (char **p = environ; *p != NULL; p++)
		printf("%s%c", *p, '\0');
	return 0;
}
