/* SPDX-License-Identifier: MIT */
/*
 * why.h: the size of a sentence that tells the operator why something failed.
 */
#ifndef VAULT_FCGI_COMMON_WHY_H
#define VAULT_FCGI_COMMON_WHY_H

#define WHY_MAX 1024

#endif
