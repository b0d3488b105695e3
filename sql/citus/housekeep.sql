-- SPDX-License-Identifier: MIT
-- vault.housekeep on shards: as functions/ has it, but projects are locked and
-- removed one after the other, and signatures on all nodes at once: nothing that
-- spans nodes can skip a locked row.
create or replace function vault.housekeep(
	p_unclaimed_minutes int,
	out projects_removed int, out requests_removed int)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_before timestamptz := now() - make_interval(
		mins => greatest(p_unclaimed_minutes, 1));
	v_project uuid;
begin
	projects_removed := 0;
	for v_project in
		select p.id from vault.projects p
		where p.auth_key is null and p.protocol = 1
			and p_unclaimed_minutes >= 1
			and p.created_at < v_before
		order by p.created_at
		limit 1000
	loop
		perform from vault.projects p
		where p.id = v_project and p.auth_key is null
			and not exists (select from vault.devices d
				where d.project_id = p.id)
			and not exists (select from vault.secret_versions s
				where s.project_id = p.id)
		for update skip locked;
		continue when not found;
		delete from vault.projects p where p.id = v_project;
		perform vault.audit(v_project, 'project/remove', '00000', null,
			null, null, null);
		projects_removed := projects_removed + 1;
	end loop;

	delete from vault.requests r
	where r.at < now() - interval '6 minutes 30 seconds';
	get diagnostics requests_removed = row_count;

	delete from vault.member_keys k
	using vault.members m
	where k.project_id = m.project_id and k.member_id = m.id
		and m.status = 'pending'
		and m.created_at < now() - interval '7 days';
	delete from vault.members m
	where m.status = 'pending'
		and m.created_at < now() - interval '7 days';

	delete from vault.creations c
	where c.network in (
		select o.network from vault.creations o
		where o.began_at < now() - interval '24 hours'
		order by o.began_at
		limit 100000
		for update skip locked);

	perform vault.audit_partitions();
end
$$;
