/* SPDX-License-Identifier: MIT */
/*
 * members.h: what the commands of an admin share, in a project of protocol v2:
 * the devices, of which those that have expired are named first; a scope from
 * the command line, or from who sits there.
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "device.h"

/* Names the devices that will expire soon, and those that have, which on a
 * terminal it offers to revoke. *list, unless list is NULL: all of them, as
 * they were before. An exit code, error printed: also of a project of protocol
 * v1. */
int members_tend(const struct args *args, struct vaultenv_client *client,
    struct vaultenv_devices **list);
/* A row by a whole id, or by the first digits that one of a pending device
 * has; NULL: none. */
const struct vaultenv_device *
device_find(const struct vaultenv_devices *list, const char *id);

/* "writer of *", as list-devices shows it. */
#define SCOPE_TEXT_MAX 8192 /* a scope has 100 environments at most */
void members_scope_text(
    const struct vaultenv_device *device, char out[SCOPE_TEXT_MAX]);
/* ,"role":…,"environments":[…],"expires_at":… */
void members_scope_json(const struct vaultenv_device *device);

/* Words of a line that was typed. */
struct typed {
	char role[32];
	char line[1024];
	const char *envs[MAX_LIST + 1];
};

/* EXIT_USAGE, error printed: it makes no sense. scope borrows args. */
int scope_from_args(const struct args *args, struct vaultenv_scope *scope);
/* On a terminal asks for the role and the environments that are not given.
 * scope borrows typed. *was_asked: it did. An exit code, error printed. */
int scope_ask(const struct args *args, struct vaultenv_scope *scope,
    struct typed *typed, const char *role, bool *was_asked);

/* The rows of --role and so on, for the tables of commands. */
#define SCOPE_OPTIONS(role_help, expires_help)                                 \
	{ "--role", "ROLE", OPTION_TEXT, false, ARG(role), role_help },        \
	    { "--env", "ENV", OPTION_LIST, false, ARG(envs),                   \
		    "an environment, or \"*\"; may be given more often" },     \
	    { "--expires", "SPAN", OPTION_TEXT, false, ARG(expires),           \
		    expires_help },                                            \
	    { "--max-cache", "SPAN", OPTION_TEXT, false, ARG(max_cache),       \
		    "how long a cache serves, or none" },                      \
	{                                                                      \
		"--fresh", "SPAN", OPTION_TEXT, false, ARG(fresh),             \
		    "how old the newest version may be, or none"               \
	}

#endif
