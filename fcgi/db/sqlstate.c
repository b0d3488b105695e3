/* SPDX-License-Identifier: MIT */
/*
 * sqlstate.c: SQLSTATE -> refusal, and what to do about the connection. Exact
 * states stand before their class.
 */
#include "config.h"

#include <string.h>

#include "db/sqlstate.h"

#define AWAY REFUSAL_UNAVAILABLE

static const struct sqlstate table[] = {
	{ "00000", REFUSAL_NONE, SQLSTATE_ANSWER },
	{ "VE029", REFUSAL_PROJECT_LIMIT, SQLSTATE_ANSWER },
	{ "VE030", REFUSAL_DEVICE_PENDING, SQLSTATE_ANSWER },
	{ "VE031", REFUSAL_DEVICE_REFUSED, SQLSTATE_ANSWER },
	{ "VE040", REFUSAL_PROJECT_NOT_FOUND, SQLSTATE_ANSWER },
	{ "VE041", REFUSAL_ENVIRONMENT_NOT_FOUND, SQLSTATE_ANSWER },
	{ "VE042", REFUSAL_NO_SECRETS, SQLSTATE_ANSWER },
	{ "VE043", REFUSAL_VERSION_NOT_FOUND, SQLSTATE_ANSWER },
	{ "VE044", REFUSAL_DEVICE_NOT_FOUND, SQLSTATE_ANSWER },
	{ "VE053", REFUSAL_SERVER_KEY_REPLACED, SQLSTATE_ANSWER },
	{ "VE054", REFUSAL_AUTH_KEY_REPLACED, SQLSTATE_ANSWER },
	{ "VE090", REFUSAL_AUTH_KEY_SET, SQLSTATE_ANSWER },
	{ "VE091", REFUSAL_SIGNATURE_REUSED, SQLSTATE_ANSWER },
	{ "VE092", REFUSAL_VERSION_CONFLICT, SQLSTATE_ANSWER },
	{ "VE093", REFUSAL_DEVICE_REVOKED, SQLSTATE_ANSWER },
	{ "VE094", REFUSAL_TOO_MANY_ENVIRONMENTS, SQLSTATE_ANSWER },
	{ "VE095", REFUSAL_TOO_MANY_DEVICES, SQLSTATE_ANSWER },
	{ "22", REFUSAL_INVALID_VALUE, SQLSTATE_INPUT },
	{ "40", AWAY, SQLSTATE_RETRY },
	{ "55", AWAY, SQLSTATE_RETRY },    /* 55P03, 55006 */
	{ "57014", AWAY, SQLSTATE_FAULT }, /* statement_timeout */
	{ "08", AWAY, SQLSTATE_RECONNECT },
	{ "57", AWAY, SQLSTATE_RECONNECT },    /* shutting down */
	{ "25006", AWAY, SQLSTATE_RECONNECT }, /* now a standby */
	{ "26000", AWAY, SQLSTATE_RECONNECT }, /* not prepared here */
	{ "42P05", AWAY, SQLSTATE_RECONNECT }, /* prepared already */
	{ "0A000", AWAY, SQLSTATE_RECONNECT }, /* plan is outdated */
	{ "53", AWAY, SQLSTATE_FAULT },        /* disk full, connections */
	{ "28", AWAY, SQLSTATE_FAULT },
	{ "3F", AWAY, SQLSTATE_FAULT },
	{ "42", AWAY, SQLSTATE_FAULT }, /* schema or rights missing */
	{ "58", AWAY, SQLSTATE_FAULT }, /* I/O error of the system */
	{ "", REFUSAL_INTERNAL, SQLSTATE_FAULT },
};

const struct sqlstate *
sqlstate_find(const char *state)
{
	const struct sqlstate *row = table;

	while (strncmp(row->state, state, strlen(row->state)) != 0)
		row++;
	return row;
}

const struct sqlstate *
sqlstate_at(size_t i)
{
	return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}
