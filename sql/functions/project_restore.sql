-- SPDX-License-Identifier: MIT
-- vault.project_restore: a v2 project as its log has it, which is stored already;
-- made if there is none. What came of entries that are replaced goes.
-- caller:    vault.fcgi --restore
-- arguments: p_project  the project
--            p_count, p_hash, p_joins  of the log
--            p_kept     how many of p_joins were stored before
--            p_members  the devices it has admitted
-- result:    none
-- raises:    nothing
-- writes:    projects, log, members, member_keys, wraps, audit_log
-- Request keys are retired exactly if they are of an older VAULT_KEY than the
-- newest. Who waits stays unless that is another one now.
create or replace function vault.project_restore(
	p_project uuid, p_count bigint, p_hash bytea, p_joins bytea[],
	p_kept int, p_members uuid[])
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_rotated boolean := p_kept < cardinality(p_joins);
begin
	insert into vault.projects as p (id, name, protocol, log_count,
		log_hash, joins)
	values (p_project, p_project::text, 2, p_count, p_hash, p_joins)
	on conflict on constraint projects_pkey do update
	set log_count = excluded.log_count, log_hash = excluded.log_hash,
		joins = excluded.joins;
	delete from vault.log l
	where l.project_id = p_project and l.seq >= p_count;
	delete from vault.wraps w
	where w.project_id = p_project and w.generation >= p_kept;
	delete from vault.member_keys k
	where k.project_id = p_project and (k.generation >= p_kept
		or k.member_id in (select m.id from vault.members m
			where m.project_id = p_project
				and m.id <> all(p_members)
				and (v_rotated or m.status <> 'pending')));
	delete from vault.members m
	where m.project_id = p_project and m.id <> all(p_members)
		and (m.status <> 'pending' or not exists (
			select from vault.member_keys k
			where k.project_id = p_project
				and k.member_id = m.id));
	update vault.member_keys k
	set retired = k.generation < cardinality(p_joins) - 1
	where k.project_id = p_project
		and k.retired <> (k.generation < cardinality(p_joins) - 1);
	perform vault.audit(p_project, 'project/restore', '00000', null, null,
		null, null);
end
$$;
