/* SPDX-License-Identifier: MIT */
/*
 * refusal.c: THE table of refusals. Clients in the field match sentences of
 * protocol v1: they stay as they are. What is told about a signature is the
 * same for each of its faults; the log's guard tells them apart.
 *
 * To add a refusal: a name in refusal.h, its row here, its line in
 * lib/PROTOCOL, section 6 (tests/fcgi/http/refusal-t.c complains), and, if a
 * SQL function raises it, its SQLSTATE in db/sqlstate.c
 * (tests/sql/statements.t).
 */
#include "config.h"

#include <stddef.h>

#include "http/refusal.h"

#define UNAUTHORIZED 401, "unauthorized", "Unauthorized"
#define INTERNAL     500, "internal_error", "Internal error"

const struct refusal_row refusals[N_REFUSALS] = {
	[REFUSAL_NONE] = { 200, NULL, NULL, NULL, NULL },
	[REFUSAL_ROLE] = { 400, "bad_request", "FastCGI role must be responder",
	    "role", NULL },
	[REFUSAL_PARAMS] = { 431, "too_many_headers",
	    "Too many request headers", "params", NULL },
	[REFUSAL_PATH] = { 404, "not_found", "Not found", "path", NULL },
	[REFUSAL_METHOD] = { 405, "method_not_allowed", "Method not allowed",
	    "method", NULL },
	[REFUSAL_CONTENT_TYPE] = { 415, "unsupported_media_type",
	    "Content-Type must be application/json", "content_type", NULL },
	[REFUSAL_CONTENT_LENGTH] = { 400, "bad_request",
	    "Content-Length must be a number", "content_length", NULL },
	[REFUSAL_BODY_SIZE] = { 413, "body_too_large", "Request body too large",
	    "body_size", NULL },
	[REFUSAL_BODY_LENGTH] = { 400, "bad_request",
	    "Request body is not as long as Content-Length says", "body_length",
	    NULL },
	[REFUSAL_INVALID_JSON] = { 400, "invalid_json", "Invalid JSON",
	    "invalid_json", NULL },
	[REFUSAL_INPUT_MISSING] = { 400, "missing_field", NULL, "input_missing",
	    NULL },
	[REFUSAL_INPUT_VALUE] = { 400, "invalid_field", NULL, "input_value",
	    NULL },
	[REFUSAL_INVALID_VALUE] = { 400, "invalid_value", "Invalid value",
	    "invalid_value", NULL },

	[REFUSAL_NO_AUTH_KEY] = { UNAUTHORIZED, "no_auth_key", NULL },
	[REFUSAL_SIGNATURE_MISSING] = { UNAUTHORIZED, "signature_missing",
	    NULL },
	[REFUSAL_SIGNATURE_FORM] = { UNAUTHORIZED, "signature_form", NULL },
	[REFUSAL_SIGNATURE_TIME] = { UNAUTHORIZED, "signature_time", NULL },
	[REFUSAL_SIGNATURE] = { UNAUTHORIZED, "signature", NULL },
	[REFUSAL_SIGNATURE_REUSED] = { 409, "signature_reused",
	    "Signature already used for another request", "signature_reused",
	    NULL },
	[REFUSAL_DEVICE_PENDING] = { 403, "device_pending",
	    "Device pending approval", "device_pending", NULL },
	[REFUSAL_DEVICE_REFUSED] = { 403, "device_refused",
	    "Device not registered or revoked", "device_refused", NULL },

	[REFUSAL_CREATION_TOKEN] = { 403, "project_creation_token",
	    "Project creation needs a valid token", "project_creation_token",
	    NULL },
	[REFUSAL_CREATION_CLOSED] = { 403, "project_creation_closed",
	    "Project creation is closed", "project_creation_closed", NULL },
	[REFUSAL_PROJECT_LIMIT] = { 429, "project_limit",
	    "Too many projects created today", "project_limit", NULL },
	[REFUSAL_PROJECT_NOT_FOUND] = { 404, "project_not_found",
	    "Project not found", "project_not_found", NULL },
	[REFUSAL_ENVIRONMENT_NOT_FOUND] = { 404, "environment_not_found",
	    "Environment not found", "environment_not_found", NULL },
	[REFUSAL_NO_SECRETS] = { 404, "no_secrets", "No secrets stored yet",
	    "no_secrets", NULL },
	[REFUSAL_VERSION_NOT_FOUND] = { 404, "version_not_found",
	    "Version not found", "version_not_found", NULL },
	[REFUSAL_DEVICE_NOT_FOUND] = { 404, "device_not_found",
	    "Device not found", "device_not_found", NULL },
	[REFUSAL_AUTH_KEY_SET] = { 409, "auth_key_set", "Auth key already set",
	    "auth_key_set", NULL },
	[REFUSAL_VERSION_CONFLICT] = { 409, "version_conflict",
	    "Environment has changed", "version_conflict", "version" },
	[REFUSAL_DEVICE_REVOKED] = { 409, "device_revoked", "Device revoked",
	    "device_revoked", NULL },
	[REFUSAL_TOO_MANY_ENVIRONMENTS] = { 409, "too_many_environments",
	    "Too many environments", "too_many_environments", NULL },
	[REFUSAL_TOO_MANY_DEVICES] = { 409, "too_many_devices",
	    "Too many devices", "too_many_devices", NULL },

	[REFUSAL_MEMORY] = { INTERNAL, "memory", NULL },
	[REFUSAL_INTERNAL] = { INTERNAL, "internal_error", NULL },
	[REFUSAL_UNAVAILABLE] = { 503, "database_unavailable",
	    "Database unavailable", "database_unavailable", NULL },
	[REFUSAL_SERVER_KEY_REPLACED] = { 503, "server_key_replaced",
	    "Server key replaced", "server_key_replaced", NULL },
	[REFUSAL_AUTH_KEY_REPLACED] = { 503, "auth_key_replaced",
	    "Auth key replaced", "auth_key_replaced", NULL },
};
