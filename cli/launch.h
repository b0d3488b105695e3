/* SPDX-License-Identifier: MIT */
/*
 * launch.h: the environment that a command gets, and its exec.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>

#include <vaultenv.h>

#include "cmd.h"

struct launch {
	char **envp; /* borrows our own environment's strings */
	char *bytes;
	size_t len;
};

/*
 * Our environment and the variables, which win only with --override; without
 * our keys with --no-keys. NOMEM; INVALID names a value that holds a NUL.
 */
int launch_prepare(struct launch *launch, const struct vaultenv_list *variables,
    const struct args *args, struct vaultenv_error *err);
void launch_free(struct launch *launch);

/*
 * Becomes the command, looked for in the PATH of its own environment. Returns
 * errno, if at all. Allocates nothing: safe in the child of a fork().
 */
int launch_exec(const struct launch *launch, char **command);

/*
 * Says why it cannot be run, and returns 126 or 127 as a shell does. Leaves the
 * entries of launch in another order.
 */
int launch_explain(struct launch *launch, const char *name, int error);

#endif
