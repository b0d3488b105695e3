-- SPDX-License-Identifier: MIT
-- Installs or upgrades the schema `vault`, in one transaction:
--   psql -X -v ON_ERROR_STOP=1 -d DATABASE -f install.sql
-- Run again it changes no data. Servers may be running; two at once are safe.
\set ON_ERROR_STOP on
\set QUIET on
begin isolation level read committed read write;
set local client_min_messages = warning;
set local search_path = pg_catalog, pg_temp;

do $$
begin
	if current_setting('server_version_num')::int < 150000 then
		raise exception 'PostgreSQL 15 or newer is needed, this is %',
			current_setting('server_version');
	end if;
	if current_setting('server_encoding') <> 'UTF8' then
		raise exception 'the database must have encoding UTF8, this one has %: make it with createdb -T template0 -E UTF8',
			current_setting('server_encoding');
	end if;
end
$$;

-- Two first installs at once: the catalogs' unique indexes make the second
-- wait here until the first has committed. All later ones meet at the lock.
do $$
begin
	if to_regnamespace('vault') is null then
		create schema vault;
	end if;
exception when unique_violation or duplicate_schema then
	null;
end
$$;
do $$
begin
	if to_regclass('vault.migrations') is null then
		create table vault.migrations (
			number int not null,
			name text not null,
			applied_at timestamptz not null
				default clock_timestamp(),
			constraint migrations_pkey primary key (number)
		);
	end if;
exception when unique_violation or duplicate_table then
	null;
end
$$;
lock table vault.migrations in share row exclusive mode;

-- Migrations, in order. Never edit a released one.
\set upgraded false
\set migration 0001-base
\ir migrate.sql
\set migration 0002-auth-key-check
\ir migrate.sql
\set migration 0003-poll-arrays
\ir migrate.sql
\set migration 0004-pull-arrays
\ir migrate.sql
\set migration 0005-protocol-v2
\ir migrate.sql
\set migration 0006-quotas
\ir migrate.sql
\set migration 0007-stored-bytes
\ir migrate.sql
\set migration 0008-push-arrays
\ir migrate.sql

select m.number > left(:'migration', 4)::int as newer, m.number as present
from vault.migrations m order by m.number desc limit 1 \gset
\if :newer
do $$
begin
	raise exception 'this database was installed by a newer release: use the install.sql of that release';
end
$$;
\endif

-- The form of a function (arguments, result) changes only together with a
-- migration, so only then are the old ones dropped. Otherwise `create or
-- replace` keeps their oids, and calls under way never miss one.
\if :upgraded
do $$
declare
	v_function regprocedure;
begin
	for v_function in
		select p.oid from pg_proc p
		where p.pronamespace = 'vault'::regnamespace
	loop
		execute format('drop routine %s', v_function);
	end loop;
end
$$;
\endif

-- Helpers, called by other functions only.
\ir functions/iso.sql
\ir functions/epoch_ms.sql
\ir functions/in_scope.sql
\ir functions/audit.sql
\ir functions/audit_partitions.sql
\ir functions/address_network.sql
\ir functions/project_limit.sql
\ir functions/project_room.sql
\ir functions/server_key_hold.sql
\ir functions/request_bind.sql
\ir functions/request_check.sql
\ir functions/request_take.sql
\ir functions/request_change.sql
\ir functions/request_settle.sql
\ir functions/device_seen.sql
\ir functions/device_check.sql
\ir functions/versions_retain.sql
\ir functions/member_look.sql
\ir functions/member_seen.sql
\ir functions/member_check.sql
\ir functions/member_key_store.sql
\ir functions/log_page.sql
\ir functions/confirm_is_spare.sql
\ir functions/records_retain.sql

-- Called by the server.
\ir functions/schema_version.sql
\ir functions/project_create.sql
\ir functions/project_set_key.sql
\ir functions/project_auth.sql
\ir functions/device_register.sql
\ir functions/device_approve.sql
\ir functions/device_revoke.sql
\ir functions/device_list.sql
\ir functions/secret_push.sql
\ir functions/secret_push_many.sql
\ir functions/secret_pull.sql
\ir functions/secret_pull_version.sql
\ir functions/secret_current_version.sql
\ir functions/secret_versions.sql
\ir functions/secret_rollback.sql
\ir functions/project_freeze.sql
\ir functions/project_unfreeze.sql
\ir functions/housekeep.sql
\ir functions/audit_retain.sql
\ir functions/server_key_get.sql
\ir functions/server_key_init.sql
\ir functions/server_key_lock.sql
\ir functions/server_key_replace.sql
\ir functions/auth_key_list.sql
\ir functions/auth_key_replace.sql

-- Called by the server for protocol v2.
\ir functions/member_key.sql
\ir functions/request_refuse.sql
\ir functions/project_create_v2.sql
\ir functions/project_delete.sql
\ir functions/project_joins.sql
\ir functions/member_register.sql
\ir functions/member_list.sql
\ir functions/log_read.sql
\ir functions/log_proof.sql
\ir functions/log_append.sql
\ir functions/record_push.sql
\ir functions/record_push_many.sql
\ir functions/record_pull.sql
\ir functions/record_poll.sql
\ir functions/record_heads.sql
\ir functions/record_list.sql
\ir functions/wrap_read.sql
\ir functions/wrap_add.sql
\ir functions/audit_list.sql
\ir functions/member_key_list.sql
\ir functions/member_key_replace.sql
\ir functions/member_keys_forget.sql
\ir functions/project_dump.sql
\ir functions/log_dump.sql
\ir functions/member_dump.sql
\ir functions/member_key_dump.sql
\ir functions/head_dump.sql
\ir functions/head_count.sql
\ir functions/record_dump.sql
\ir functions/wrap_dump.sql
\ir functions/project_hold.sql
\ir functions/log_restore.sql
\ir functions/member_restore.sql
\ir functions/project_restore.sql
\ir functions/record_restore.sql
\ir functions/head_restore.sql
\ir functions/wrap_discard.sql
\ir functions/wrap_restore.sql

-- On shards some of them are others.
select to_regproc('pg_catalog.create_distributed_table') is not null
	as citus \gset
\if :citus
\ir citus.sql
\endif

-- A request finds its rows by an index. Without this a plan that was made when a
-- table was small would go on reading it whole when it has grown.
do $$
declare
	v_function regprocedure;
begin
	for v_function in
		select p.oid from pg_proc p
		where p.pronamespace = 'vault'::regnamespace and p.prosecdef
	loop
		execute format('alter function %s set enable_seqscan = off',
			v_function);
	end loop;
end
$$;

select vault.audit_partitions() as created \gset
\ir grants.sql
commit;
\echo vault: schema version :present installed
