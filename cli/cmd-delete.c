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

static const struct option_row delete_options[] = {
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask about a key that is new on this machine" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_delete = {
	.name = "delete",
	.summary = "Delete one secret",
	.operand = "NAME",
	.about = "The other secrets stay as they are, whoever changes them at "
		 "the same time. Older\nversions keep the value.",
	.options = delete_options,
	.run = delete_run,
};
