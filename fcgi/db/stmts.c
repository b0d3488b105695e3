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
	    "select outcome, auth_key from vault.project_auth($1::uuid)", 1,
	    true, STMT_GROUPED },
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
	    "$8::text, $9::int, $10::bigint, $11::int, $12::int, $13::bigint)",
	    13, true, STMT_GROUPED, SECRET_PUSH_MANY },
	[SECRET_PUSH_MANY] = { "secret_push_many",
	    "select * from vault.secret_push_many("
	    "$1::text[]::uuid[], $2::bytea[], $3::bytea[], $4::text[], "
	    "$5::bytea[], $6::text[], $7::bytea[], $8::text[], "
	    "$9::text[]::int[], $10::text[]::bigint[], $11::text[]::int[], "
	    "$12::text[]::int[], $13::text[]::bigint[])",
	    13, true, STMT_MERGED },
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
	    4, true, STMT_GATHERED },
	[SECRET_VERSIONS] = { "secret_versions",
	    "select version, changed_keys, created_at "
	    "from vault.secret_versions($1::uuid, $2::bytea, $3::bytea, "
	    "$4::text)",
	    4, true, STMT_SINGLY },
	[SECRET_ROLLBACK] = { "secret_rollback",
	    "select outcome, version from vault.secret_rollback("
	    "$1::uuid, $2::bytea, $3::bytea, $4::text, $5::text, $6::bigint, "
	    "$7::int, $8::bigint)",
	    8, true, STMT_SINGLY },
	[PROJECT_FREEZE] = { "project_freeze",
	    "select outcome, moved_to, frozen from "
	    "vault.project_freeze($1::uuid, $2::bytea, $3::bytea, "
	    "$4::text, $5::uuid, $6::boolean)",
	    6, true, STMT_SINGLY },
	[PROJECT_UNFREEZE] = { "project_unfreeze",
	    "select known from vault.project_unfreeze($1::uuid) as t "
	    "(known)",
	    1, false, STMT_SINGLY },
	[MEMBER_KEY] = { "member_key",
	    "select outcome, sealed, device_id, sign_public from "
	    "vault.member_key($1::uuid, $2::bytea)",
	    2, true, STMT_GROUPED },
	[REQUEST_REFUSE] = { "request_refuse",
	    "select outcome, code, device_id from "
	    "vault.request_refuse($1::uuid, $2::bytea, $3::text, $4::text, "
	    "$5::text)",
	    5, true, STMT_SINGLY },
	[PROJECT_CREATE_V2] = { "project_create_v2",
	    "select outcome, device_id, log_count from "
	    "vault.project_create_v2($1::uuid, $2::bytea, $3::bytea, "
	    "$4::text, $5::text, $6::bytea, $7::bytea, $8::bytea, "
	    "$9::bytea, $10::bytea, $11::uuid, $12::text, $13::bytea, "
	    "$14::bytea, $15::bytea, $16::int)",
	    16, true, STMT_SINGLY },
	[PROJECT_DELETE] = { "project_delete",
	    "select outcome, code, device_id from "
	    "vault.project_delete($1::uuid, $2::bytea, $3::bytea, "
	    "$4::text, $5::text, $6::bigint, $7::bytea, $8::uuid)",
	    8, false, STMT_SINGLY },
	[PROJECT_JOINS] = { "project_joins",
	    "select outcome, joins from vault.project_joins($1::uuid)", 1, true,
	    STMT_SINGLY },
	[MEMBER_REGISTER] = { "member_register",
	    "select outcome, code, device_id, status, "
	    "generation from vault.member_register($1::uuid, $2::bytea, "
	    "$3::bytea, "
	    "$4::text, $5::bytea, $6::bytea, $7::bytea, $8::uuid, "
	    "$9::text, $10::bytea, $11::bytea, $12::bytea)",
	    12, true, STMT_SINGLY },
	[MEMBER_LIST] = { "member_list",
	    "select outcome, device_id, id, status, registration, address, "
	    "created_at, last_seen_at from vault.member_list($1::uuid, "
	    "$2::bytea, $3::text, $4::uuid)",
	    4, true, STMT_SINGLY },
	[LOG_READ] = { "log_read",
	    "select outcome, device_id, log, log_count from "
	    "vault.log_read($1::uuid, $2::bytea, $3::text, $4::text, "
	    "$5::int, $6::bigint)",
	    6, true, STMT_SINGLY },
	[LOG_PROOF] = { "log_proof",
	    "select log, log_count from vault.log_proof($1::uuid, "
	    "$2::text, $3::int, $4::bytea, $5::bigint)",
	    5, true, STMT_SINGLY },
	[LOG_APPEND] = { "log_append",
	    "select outcome, code, device_id, log_count from "
	    "vault.log_append($1::uuid, $2::bytea, $3::bytea, $4::text, "
	    "$5::text, $6::bigint, $7::bytea, $8::uuid, $9::int, "
	    "$10::bytea, $11::bytea, $12::uuid, $13::text, $14::bytea, "
	    "$15::bytea, $16::int, $17::text[], $18::bigint, $19::bytea, "
	    "$20::text[], $21::text[]::bigint[], $22::bytea[], "
	    "$23::text[], $24::bytea[], $25::bytea[], $26::bytea, "
	    "$27::bytea, $28::bytea, $29::bytea, $30::int)",
	    30, true, STMT_SINGLY },
	[RECORD_PUSH] = { "record_push",
	    "select outcome, code, version, device_id from "
	    "vault.record_push($1::uuid, $2::bytea, $3::bytea, $4::text, "
	    "$5::text, $6::text, $7::bigint, $8::bytea, $9::bytea, "
	    "$10::int, $11::uuid, $12::bigint, $13::bytea, $14::bytea, "
	    "$15::bytea, $16::bytea, $17::text[]::uuid[], $18::bytea[], "
	    "$19::int, $20::int, $21::bigint)",
	    21, true, STMT_GROUPED, RECORD_PUSH_MANY },
	[RECORD_PUSH_MANY] = { "record_push_many",
	    "select outcome, code, version, device_id from "
	    "vault.record_push_many($1::text[]::uuid[], $2::bytea[], "
	    "$3::bytea[], $4::text[], $5::text[], $6::text[], "
	    "$7::text[]::bigint[], $8::bytea[], $9::bytea[], "
	    "$10::text[]::int[], $11::text[]::uuid[], "
	    "$12::text[]::bigint[], $13::bytea[], $14::bytea[], "
	    "$15::bytea[], $16::bytea[], $17::bytea[], $18::bytea[], "
	    "$19::text[]::int[], $20::text[]::int[], "
	    "$21::text[]::bigint[])",
	    21, true, STMT_MERGED },
	[RECORD_PULL] = { "record_pull",
	    "select outcome, device_id, version, unchanged, log, "
	    "log_count, records, more, blob, key_id, generation, wrap from "
	    "vault.record_pull($1::text[]::uuid[], $2::bytea[], "
	    "$3::text[], $4::text[], $5::text[]::bigint[], $6::bytea[], "
	    "$7::text[]::bigint[], $8::text[]::bigint[])",
	    8, true, STMT_MERGED },
	[RECORD_POLL] = { "record_poll",
	    "select outcome, device_id, version, record_hash, log_count, "
	    "updated_at from vault.record_poll($1::text[]::uuid[], "
	    "$2::bytea[], $3::text[])",
	    3, true, STMT_GATHERED },
	[RECORD_HEADS] = { "record_heads",
	    "select outcome, device_id, records, log_count from "
	    "vault.record_heads($1::uuid, $2::bytea, $3::text)",
	    3, true, STMT_SINGLY },
	[RECORD_LIST] = { "record_list",
	    "select outcome, device_id, last, version, record, blob from "
	    "vault.record_list($1::uuid, $2::bytea, $3::text, $4::text, "
	    "$5::bigint, $6::bigint, $7::boolean)",
	    7, true, STMT_SINGLY },
	[WRAP_READ] = { "wrap_read",
	    "select outcome, device_id, key_id, member_id, generation, "
	    "wrap from vault.wrap_read($1::uuid, $2::bytea, $3::text, "
	    "$4::text, $5::boolean, $6::bytea, $7::uuid)",
	    7, true, STMT_SINGLY },
	[WRAP_ADD] = { "wrap_add",
	    "select outcome, code, device_id, added from "
	    "vault.wrap_add($1::uuid, $2::bytea, $3::bytea, $4::text, "
	    "$5::text, $6::bytea[], $7::text[]::uuid[], $8::bytea[])",
	    8, true, STMT_SINGLY },
	[AUDIT_LIST] = { "audit_list",
	    "select outcome, device_id, at, id, action, result, actor, "
	    "environment, version, address from vault.audit_list($1::uuid, "
	    "$2::bytea, $3::text, $4::timestamptz, $5::uuid, $6::int, "
	    "$7::uuid, $8::text)",
	    8, true, STMT_SINGLY },
	[MEMBER_KEY_LIST] = { "member_key_list",
	    "select project_id, key_id, member_id, sealed from "
	    "vault.member_key_list()",
	    0, false, STMT_SINGLY },
	[MEMBER_KEY_REPLACE] = { "member_key_replace",
	    "select replaced from vault.member_key_replace($1::uuid, "
	    "$2::bytea, $3::bytea) as t (replaced)",
	    3, false, STMT_SINGLY },
	[MEMBER_KEYS_FORGET] = { "member_keys_forget",
	    "select forgotten from vault.member_keys_forget() as t "
	    "(forgotten)",
	    0, false, STMT_SINGLY },
	[PROJECT_DUMP] = { "project_dump",
	    "select id, log_count, log_hash, joins from "
	    "vault.project_dump($1::uuid)",
	    1, false, STMT_SINGLY },
	[LOG_DUMP] = { "log_dump",
	    "select seq, entry, hash, kind, device_id from "
	    "vault.log_dump($1::uuid, $2::bigint)",
	    2, false, STMT_SINGLY },
	[MEMBER_DUMP] = { "member_dump",
	    "select id, name, sign_public, box_public, status, role, "
	    "environments, expires from vault.member_dump($1::uuid)",
	    1, false, STMT_SINGLY },
	[MEMBER_KEY_DUMP] = { "member_key_dump",
	    "select member_id, generation, retired, known from "
	    "vault.member_key_dump($1::uuid)",
	    1, false, STMT_SINGLY },
	[HEAD_DUMP] = { "head_dump",
	    "select environment, version, hash, key_id, cut_seq, cut_version "
	    "from vault.head_dump($1::uuid)",
	    1, false, STMT_SINGLY },
	[HEAD_COUNT] = { "head_count",
	    "select blobs, bytes, has_blobs, has_bytes from "
	    "vault.head_count($1::uuid, $2::text)",
	    2, false, STMT_SINGLY },
	[RECORD_DUMP] = { "record_dump",
	    "select version, record, hash, key_id, op, log_seq, author, "
	    "blob_hash from vault.record_dump($1::uuid, $2::text, $3::bigint)",
	    3, false, STMT_SINGLY },
	[WRAP_DUMP] = { "wrap_dump",
	    "select key_id, member_id, generation, named from "
	    "vault.wrap_dump($1::uuid, $2::text, $3::bytea, $4::uuid)",
	    4, false, STMT_SINGLY },
	[PROJECT_HOLD] = { "project_hold",
	    "select protocol, deleted from vault.project_hold($1::uuid)", 1,
	    false, STMT_SINGLY },
	[LOG_RESTORE] = { "log_restore",
	    "select vault.log_restore($1::uuid, $2::bigint, $3::bytea, "
	    "$4::bytea, $5::int, $6::uuid)",
	    6, false, STMT_SINGLY },
	[MEMBER_RESTORE] = { "member_restore",
	    "select vault.member_restore($1::uuid, $2::uuid, $3::text, "
	    "$4::bytea, $5::bytea, $6::text, $7::int, $8::text[], $9::bigint)",
	    9, false, STMT_SINGLY },
	[PROJECT_RESTORE] = { "project_restore",
	    "select vault.project_restore($1::uuid, $2::bigint, $3::bytea, "
	    "$4::bytea[], $5::int, $6::text[]::uuid[])",
	    6, false, STMT_SINGLY },
	[RECORD_RESTORE] = { "record_restore",
	    "select vault.record_restore($1::uuid, $2::text, $3::bigint, "
	    "$4::bytea, $5::bytea, $6::bytea, $7::int, $8::bigint, $9::uuid, "
	    "$10::bytea, $11::boolean)",
	    11, false, STMT_SINGLY },
	[HEAD_RESTORE] = { "head_restore",
	    "select vault.head_restore($1::uuid, $2::text, $3::bigint, "
	    "$4::bigint, $5::bigint, $6::bigint)",
	    6, false, STMT_SINGLY },
	[WRAP_DISCARD] = { "wrap_discard",
	    "select vault.wrap_discard($1::uuid, $2::text, $3::text[]::uuid[])",
	    3, false, STMT_SINGLY },
	[WRAP_RESTORE] = { "wrap_restore",
	    "select stored from vault.wrap_restore($1::uuid, $2::text, "
	    "$3::bytea[], $4::text[]::uuid[], $5::text[]::int[], "
	    "$6::bytea[]) as t (stored)",
	    6, false, STMT_SINGLY },
};
