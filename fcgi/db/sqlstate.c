/* SPDX-License-Identifier: MIT */
/*
 * sqlstate.c: SQLSTATE -> HTTP status, code and sentence. The sentences of
 * protocol v1 are matched by clients in the field: they stay as they are.
 * Exact states stand before their class.
 */
#include "config.h"

#include <string.h>

#include "db/sqlstate.h"

#define AWAY "database_unavailable", "Database unavailable"

static const struct sqlstate table[] = {
	{ "VE029", 429, SQLSTATE_ANSWER, "project_limit",
	    "Too many projects created today" },
	{ "VE030", 403, SQLSTATE_ANSWER, "device_pending",
	    "Device pending approval" },
	{ "VE031", 403, SQLSTATE_ANSWER, "device_refused",
	    "Device not registered or revoked" },
	{ "VE040", 404, SQLSTATE_ANSWER, "project_not_found",
	    "Project not found" },
	{ "VE041", 404, SQLSTATE_ANSWER, "environment_not_found",
	    "Environment not found" },
	{ "VE042", 404, SQLSTATE_ANSWER, "no_secrets",
	    "No secrets stored yet" },
	{ "VE043", 404, SQLSTATE_ANSWER, "version_not_found",
	    "Version not found" },
	{ "VE044", 404, SQLSTATE_ANSWER, "device_not_found",
	    "Device not found" },
	{ "VE053", 503, SQLSTATE_ANSWER, "server_key_replaced",
	    "Server key replaced" },
	{ "VE054", 503, SQLSTATE_ANSWER, "auth_key_replaced",
	    "Auth key replaced" },
	{ "VE090", 409, SQLSTATE_ANSWER, "auth_key_set",
	    "Auth key already set" },
	{ "VE091", 409, SQLSTATE_ANSWER, "signature_reused",
	    "Signature already used for another request" },
	{ "VE092", 409, SQLSTATE_ANSWER, "version_conflict",
	    "Environment has changed" },
	{ "VE093", 409, SQLSTATE_ANSWER, "device_revoked", "Device revoked" },
	{ "VE094", 409, SQLSTATE_ANSWER, "too_many_environments",
	    "Too many environments" },
	{ "VE095", 409, SQLSTATE_ANSWER, "too_many_devices",
	    "Too many devices" },
	{ "22", 400, SQLSTATE_INPUT, "invalid_value", "Invalid value" },
	{ "40", 503, SQLSTATE_RETRY, AWAY },
	{ "55", 503, SQLSTATE_RETRY, AWAY },    /* 55P03, 55006 */
	{ "57014", 503, SQLSTATE_FAULT, AWAY }, /* statement_timeout */
	{ "08", 503, SQLSTATE_RECONNECT, AWAY },
	{ "57", 503, SQLSTATE_RECONNECT, AWAY },    /* shutting down */
	{ "25006", 503, SQLSTATE_RECONNECT, AWAY }, /* now a standby */
	{ "26000", 503, SQLSTATE_RECONNECT, AWAY }, /* not prepared here */
	{ "42P05", 503, SQLSTATE_RECONNECT, AWAY }, /* prepared already */
	{ "0A000", 503, SQLSTATE_RECONNECT, AWAY }, /* plan is outdated */
	{ "53", 503, SQLSTATE_FAULT, AWAY },        /* disk full, connections */
	{ "28", 503, SQLSTATE_FAULT, AWAY },
	{ "3F", 503, SQLSTATE_FAULT, AWAY },
	{ "42", 503, SQLSTATE_FAULT, AWAY }, /* schema or rights missing */
	{ "58", 503, SQLSTATE_FAULT, AWAY }, /* I/O error of the system */
	{ "", 500, SQLSTATE_FAULT, "internal_error", "Internal error" },
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
