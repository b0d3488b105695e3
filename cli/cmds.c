/* SPDX-License-Identifier: MIT */
/*
 * cmds.c: the table of commands, in the order in which help lists them.
 * Nothing else in here: what a command does stands in its own file.
 */
#include "config.h"

#include <string.h>

#include "cmd.h"

const struct command *const commands[] = {
	&command_init,
	&command_push,
	&command_pull,
	&command_run,
	&command_get,
	&command_set,
	&command_delete,
	&command_diff,
	&command_export,
	&command_versions,
	&command_rollback,
	&command_confirm,
	&command_verify,
	&command_heads,
	&command_share,
	&command_bundle,
	&command_audit,
	&command_register_device,
	&command_approve_device,
	&command_scope_device,
	&command_enroll,
	&command_recovery,
	&command_list_devices,
	&command_revoke_device,
	&command_key,
	&command_rotate_key,
	&command_accept_loss,
	&command_upgrade,
	&command_delete_project,
	&command_status,
	&command_trust,
	&command_help,
	NULL,
};

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}
