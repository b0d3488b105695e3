/* SPDX-License-Identifier: MIT */
/* rules.h: whether an entry may be the next of a log. For members.c. */
#ifndef TRUST_RULES_H
#define TRUST_RULES_H

#include "trust/members.h"

/* *n_admins: how many there are behind the entry. */
int rules_check(const struct members *m, const struct entry *e, bool verify,
    size_t *n_admins);

#endif
