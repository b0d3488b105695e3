-- SPDX-License-Identifier: MIT
-- vault.member_dump: the devices that a project's log is said to have.
-- caller:    vault.fcgi --check-log
-- arguments: p_project  the project
-- result:    rows of id, name, sign_public, box_public, status, role,
--            environments, expires (ms, 0 never); none that waits
-- raises:    nothing
-- writes:    nothing
create or replace function vault.member_dump(p_project uuid)
returns table (id uuid, name text, sign_public bytea, box_public bytea,
	status text, role int, environments text[], expires bigint)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select m.id, m.name, m.sign_public, m.box_public, m.status, m.role,
		m.environments,
		coalesce((extract(epoch from m.expires_at) * 1000)::bigint, 0)
	from vault.members m
	where m.project_id = p_project and m.status <> 'pending'
	order by m.id;
end
$$;
