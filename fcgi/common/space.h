/* SPDX-License-Identifier: MIT */
/*
 * space.h: the floor of free space on the database's disk, where that is in
 * reach.
 */
#ifndef VAULT_FCGI_COMMON_SPACE_H
#define VAULT_FCGI_COMMON_SPACE_H

#include <stdbool.h>

#include "common/settings.h"
#include "common/why.h"

/* 0; -1 with a sentence: data_folder cannot be looked at. */
int space_check(const struct settings *s, char why[WHY_MAX]);
/* Less than min_free_mib, or nobody knows. False without a data_folder. */
bool space_is_low(const struct settings *s);

#endif
