/* SPDX-License-Identifier: MIT */
/*
 * sqlstate.h: what a SQLSTATE means to whoever asked and to the connection, in
 * one table. The VE class is this project's own; see sql/README.
 */
#ifndef VAULT_FCGI_DB_SQLSTATE_H
#define VAULT_FCGI_DB_SQLSTATE_H

#include <stddef.h>

#include "http/refusal.h"

enum sqlstate_action {
	SQLSTATE_ANSWER,    /* done, or refused by a function: that is all */
	SQLSTATE_INPUT,     /* the database refused what input let pass */
	SQLSTATE_RETRY,     /* rolled back for others' sake: try again */
	SQLSTATE_RECONNECT, /* this connection is of no more use */
	SQLSTATE_FAULT      /* the installation or this program is wrong */
};

struct sqlstate {
	const char *state; /* five characters, or a class of two, or "" */
	enum refusal refusal;
	enum sqlstate_action action;
};

/* Never NULL: the last row matches whatever no other does. */
const struct sqlstate *sqlstate_find(const char *state);
/* The state by which a function of ours tells this refusal. */
const char *sqlstate_of(enum refusal refusal);
/* Row i, NULL past the end: for tests. */
const struct sqlstate *sqlstate_at(size_t i);

#endif
