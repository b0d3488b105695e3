-- SPDX-License-Identifier: MIT
-- Who may do what. The roles may call the functions listed here and nothing
-- else: no table, no helper. vault_server answers requests; vault_rekey is for
-- what the operator does by hand, vault.fcgi --rekey and its like, so that whoever
-- takes over the server cannot list all auth keys or replace them, nor what a log
-- says. Included by install.sql.
do $$
begin
	if not exists (
		select from pg_roles r where r.rolname = 'vault_server'
	) then
		create role vault_server login;
	end if;
exception when duplicate_object or unique_violation then
	null;
end
$$;
do $$
begin
	if not exists (
		select from pg_roles r where r.rolname = 'vault_rekey'
	) then
		create role vault_rekey login;
	end if;
exception when duplicate_object or unique_violation then
	null;
end
$$;

revoke all on schema vault from public, vault_server, vault_rekey;
revoke all on all tables in schema vault from public, vault_server, vault_rekey;
revoke all on all routines in schema vault
from public, vault_server, vault_rekey;

-- A function made later starts without EXECUTE for everybody. This holds for
-- all that this owner makes in this database: limited to one schema, PostgreSQL
-- ignores the revoking of what PUBLIC has by default.
alter default privileges revoke execute on routines from public;

grant usage on schema vault to vault_server, vault_rekey;
grant execute on function
	vault.schema_version,
	vault.project_create,
	vault.project_set_key,
	vault.project_auth,
	vault.device_register,
	vault.device_approve,
	vault.device_revoke,
	vault.device_list,
	vault.secret_push,
	vault.secret_push_many,
	vault.secret_pull,
	vault.secret_pull_version,
	vault.secret_current_version,
	vault.secret_versions,
	vault.secret_rollback,
	vault.project_freeze,
	vault.housekeep,
	vault.audit_retain,
	vault.server_key_get,
	vault.server_key_init,
	vault.member_key,
	vault.request_refuse,
	vault.project_create_v2,
	vault.project_delete,
	vault.project_joins,
	vault.member_register,
	vault.member_list,
	vault.log_read,
	vault.log_proof,
	vault.log_append,
	vault.record_push,
	vault.record_push_many,
	vault.record_pull,
	vault.record_poll,
	vault.record_heads,
	vault.record_list,
	vault.wrap_read,
	vault.wrap_add,
	vault.audit_list
to vault_server;
grant execute on function
	vault.server_key_lock,
	vault.server_key_replace,
	vault.auth_key_list,
	vault.auth_key_replace,
	vault.member_key_list,
	vault.member_key_replace,
	vault.member_keys_forget,
	vault.project_unfreeze,
	vault.project_dump,
	vault.log_dump,
	vault.member_dump,
	vault.member_key_dump,
	vault.head_dump,
	vault.head_count,
	vault.record_dump,
	vault.wrap_dump,
	vault.project_hold,
	vault.log_restore,
	vault.member_restore,
	vault.project_restore,
	vault.record_restore,
	vault.head_restore,
	vault.wrap_discard,
	vault.wrap_restore
to vault_rekey;
