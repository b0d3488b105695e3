/* SPDX-License-Identifier: MIT */
/*
 * stmts.c: the closed list of statements: one SQL function each, arguments in
 * the function's order and cast here, so that every parameter has one type.
 * Arrays of a merged one come as text[] and bytea[]: db/merge.c writes no
 * others. Columns are found by their names.
 */
#include "config.h"

#include "db/stmts.h"

const struct stmt_row stmts[N_STMTS] = {
	[SCHEMA_VERSION] = { "schema_version",
	    "select version from vault.schema_version() as t (version)", 0,
	    true, STMT_SINGLY },
	[SERVER_KEY_GET] = { "server_key_get",
	    "select key_id from vault.server_key_get() as t (key_id)", 0, true,
	    STMT_SINGLY },
	[SERVER_KEY_INIT] = { "server_key_init",
	    "select key_id from vault.server_key_init($1::bytea) "
	    "as t (key_id)",
	    1, true, STMT_SINGLY },
	[SERVER_KEY_LOCK] = { "server_key_lock",
	    "select key_id from vault.server_key_lock() as t (key_id)", 0,
	    false, STMT_SINGLY },
	[SERVER_KEY_REPLACE] = { "server_key_replace",
	    "select replaced from vault.server_key_replace("
	    "$1::bytea, $2::bytea) as t (replaced)",
	    2, false, STMT_SINGLY },
	[AUTH_KEY_LIST] = { "auth_key_list",
	    "select project_id, auth_key from vault.auth_key_list()", 0, false,
	    STMT_SINGLY },
	[AUTH_KEY_REPLACE] = { "auth_key_replace",
	    "select vault.auth_key_replace($1::uuid, $2::bytea)", 2, false,
	    STMT_SINGLY },
	[HOUSEKEEP] = { "housekeep",
	    "select projects_removed, requests_removed "
	    "from vault.housekeep($1::int)",
	    1, true, STMT_SINGLY },
	[AUDIT_RETAIN] = { "audit_retain",
	    "select months from vault.audit_retain($1::int) as t (months)", 1,
	    true, STMT_SINGLY },
	[PROJECT_AUTH] = { "project_auth",
	    "select auth_key from vault.project_auth($1::uuid) "
	    "as t (auth_key)",
	    1, true, STMT_GROUPED },
	[PROJECT_CREATE] = { "project_create",
	    "select outcome, project_id "
	    "from vault.project_create($1::text, $2::text, $3::int)",
	    3, false, STMT_SINGLY },
	[PROJECT_SET_KEY] = { "project_set_key",
	    "select outcome from vault.project_set_key("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text) as t (outcome)",
	    4, false, STMT_SINGLY },
	[DEVICE_REGISTER] = { "device_register",
	    "select outcome, device_id, status from vault.device_register("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::text, $6::bytea, "
	    "$7::int)",
	    7, true, STMT_SINGLY },
	[DEVICE_APPROVE] = { "device_approve",
	    "select outcome, device_id, status from vault.device_approve("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::uuid)",
	    5, true, STMT_SINGLY },
	[DEVICE_REVOKE] = { "device_revoke",
	    "select outcome, device_id, status from vault.device_revoke("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::uuid)",
	    5, true, STMT_SINGLY },
	[DEVICE_LIST] = { "device_list",
	    "select id, device_name, status, created_at, approved_at, "
	    "last_seen_at from vault.device_list($1::uuid, $2::bytea, "
	    "$3::bytea)",
	    3, true, STMT_SINGLY },
	[SECRET_PUSH] = { "secret_push",
	    "select * from vault.secret_push("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::bytea, $6::text, "
	    "$7::bytea, "
	    "$8::text, $9::int, $10::bigint, $11::int, $12::int)",
	    12, true, STMT_GROUPED },
	[SECRET_PULL] = { "secret_pull",
	    "select outcome, blob, version, device_id from vault.secret_pull("
	    "$1::text[]::uuid[], $2::bytea[], $3::bytea[], $4::text[], "
	    "$5::bytea[], $6::text[])",
	    6, true, STMT_MERGED },
	/* Writes its digest, for which it may have to wait. */
	[SECRET_PULL_VERSION] = { "secret_pull_version",
	    "select * from vault.secret_pull_version("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::bytea, $6::text, "
	    "$7::bigint)",
	    7, true, STMT_SINGLY },
	[SECRET_CURRENT_VERSION] = { "secret_current_version",
	    "select outcome, version, updated_at "
	    "from vault.secret_current_version("
	    "$1::text[]::uuid[], $2::bytea[], $3::bytea[], $4::text[])",
	    4, true, STMT_MERGED },
	[SECRET_VERSIONS] = { "secret_versions",
	    "select version, changed_keys, created_at "
	    "from vault.secret_versions($1::uuid, $2::bytea, $3::bytea, "
	    "$4::text)",
	    4, true, STMT_SINGLY },
	[SECRET_ROLLBACK] = { "secret_rollback",
	    "select outcome, version from vault.secret_rollback("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::text, $6::bigint, "
	    "$7::int)",
	    7, true, STMT_SINGLY },
};
