-- SPDX-License-Identifier: MIT
-- Included by install.sql in a database that has the extension citus: places
-- the tables that are not placed yet, each project's rows together, and puts
-- those functions in place that must go through projects one by one there.
-- server_key, creations and migrations stay with the coordinator. README, "Shards".
do $$
declare
	v_table text;
begin
	foreach v_table in array array['projects', 'devices', 'environments',
		'secret_versions', 'requests', 'audit_log', 'log', 'members',
		'member_keys', 'heads', 'records', 'wraps']
	loop
		continue when exists (select from pg_dist_partition d
			where d.logicalrelid = ('vault.' || v_table)::regclass);
		perform create_distributed_table(('vault.' || v_table)::regclass,
			case when v_table = 'projects' then 'id'
				else 'project_id' end,
			colocate_with => case when v_table = 'projects'
				then 'none' else 'vault.projects' end);
	end loop;
end
$$;

\ir citus/housekeep.sql
\ir citus/record_poll.sql
\ir citus/record_pull.sql
\ir citus/record_push_many.sql
\ir citus/secret_current_version.sql
\ir citus/secret_pull.sql
\ir citus/secret_push_many.sql
