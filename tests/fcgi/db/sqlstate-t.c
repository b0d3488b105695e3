/* SPDX-License-Identifier: MIT */
/*
 * sqlstate-t: every condition of the SQL functions has its answer, and what is
 * not known is a 500.
 */
#include "config.h"

#include "db/sqlstate.h"
#include "tap.h"

static void
means(const char *state, int status, const char *code, const char *sentence)
{
	const struct refusal_row *row =
	    &refusals[sqlstate_find(state)->refusal];

	is_int(row->status, status, state);
	is_str(row->code, code, "code");
	is_str(row->sentence, sentence, "sentence");
}

static void
acts(const char *state, enum sqlstate_action action)
{
	is_int(sqlstate_find(state)->action, action, state);
}

/* As sql/README has it. */
static int
status_of(const char *state)
{
	return strcmp(state, "VE029") == 0 ? 429
	       : state[3] == '5'           ? 503
					   : 400 + state[3] - '0';
}

int
main(void)
{
	const struct sqlstate *row;
	int n = 0;

	means("VE030", 403, "device_pending", "Device pending approval");
	means(
	    "VE031", 403, "device_refused", "Device not registered or revoked");
	means("VE040", 404, "project_not_found", "Project not found");
	means("VE041", 404, "environment_not_found", "Environment not found");
	means("VE042", 404, "no_secrets", "No secrets stored yet");
	means("VE043", 404, "version_not_found", "Version not found");
	means("VE044", 404, "device_not_found", "Device not found");
	means("VE090", 409, "auth_key_set", "Auth key already set");
	means("VE091", 409, "signature_reused",
	    "Signature already used for another request");
	means("VE092", 409, "version_conflict", "Environment has changed");
	means("VE093", 409, "device_revoked", "Device revoked");
	means("VE094", 409, "too_many_environments", "Too many environments");
	means("VE095", 409, "too_many_devices", "Too many devices");
	means("VE09F", 409, "project_quota", "Project has used up its storage");
	means("VE029", 429, "project_limit", "Too many projects created today");
	means("VE053", 503, "server_key_replaced", "Server key replaced");
	means("22P02", 400, "invalid_value", "Invalid value");
	means("VE054", 503, "auth_key_replaced", "Auth key replaced");
	means("57P01", 503, "database_unavailable", "Database unavailable");
	means("57014", 503, "database_unavailable", "Database unavailable");
	means("53100", 503, "database_unavailable", "Database unavailable");
	means("XX000", 500, "internal_error", "Internal error");
	means("23505", 500, "internal_error", "Internal error");
	means("VE099", 500, "internal_error", "Internal error");
	means("", 500, "internal_error", "Internal error");
	is_int(sqlstate_find("00000")->refusal, REFUSAL_NONE, "00000 is done");
	acts("22021", SQLSTATE_INPUT);
	acts("40001", SQLSTATE_RETRY);
	acts("40P01", SQLSTATE_RETRY);
	acts("08006", SQLSTATE_RECONNECT);
	acts("57P01", SQLSTATE_RECONNECT);
	acts("26000", SQLSTATE_RECONNECT);
	acts("57014", SQLSTATE_FAULT);
	acts("42501", SQLSTATE_FAULT);

	/* An exact state behind its class would never be found. */
	for (size_t i = 0; (row = sqlstate_at(i)) != NULL; i++, n++) {
		ok(sqlstate_find(row->state) == row,
		    "row %zu, \"%s\", is reached", i, row->state);
		if (strncmp(row->state, "VE0", 3) != 0)
			continue;
		is_int(refusals[row->refusal].status, status_of(row->state),
		    row->state);
		is_str(sqlstate_of(row->refusal), row->state,
		    "... is how a function says so");
	}
	ok(n > 20, "there are %d rows", n);
	return tap_done();
}
