/* SPDX-License-Identifier: MIT */
/*
 * watchrun.h: run --watch: a command that is restarted.
 */
#ifndef WATCHRUN_H
#define WATCHRUN_H

#include <vaultenv.h>

#include "cmd.h"

/*
 * Runs the command with what was loaded, and anew whenever that changes.
 * Returns the exit code of the command's own end: 128+n for a signal. What is
 * passed in must stay until the process ends: the watch goes on.
 */
int watchrun(const struct args *args, const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *loaded);

#endif
