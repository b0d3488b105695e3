/* SPDX-License-Identifier: MIT */
/*
 * cmd-delete.c: takes one name out of an environment, as its next version.
 */
#include "config.h"

#include "edit.h"

static int
delete_run(const struct args *args)
{
	return edit(args, args->operand, NULL, 0);
}

const struct command command_delete = {
	.name = "delete",
	.summary = "Delete one secret",
	.operand = "NAME",
	.about = "The other secrets stay as they are, whoever changes them at "
		 "the same time. Older\nversions keep the value.",
	.run = delete_run,
};
