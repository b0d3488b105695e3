/* SPDX-License-Identifier: MIT */
/*
 * nop.c: the least that a command in front of another can do once it is linked
 * to libgcrypt and json-c: initialise both, then become its operand.
 */
#include "config.h"

#include <gcrypt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct json_object *object;

	if (argc < 2 || gcry_check_version(GCRYPT_VERSION) == NULL)
		return 1;
	if ((object = json_object_new_object()) == NULL)
		return 1;
	json_object_put(object);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
