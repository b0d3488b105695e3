/* SPDX-License-Identifier: MIT */
/* recovery.h: the device of an admin that is on paper only. */
#ifndef RECOVERY_H
#define RECOVERY_H

#include <vaultenv.h>

#include "cmd.h"

/* On a terminal: asks whether to make one, and makes it; who declines is told
 * what that means. */
void recovery_offer(const struct args *args, struct vaultenv_client *client);

#endif
