-- SPDX-License-Identifier: MIT
-- vault.member_key_dump: whose request keys a v2 project has.
-- caller:    vault.fcgi --check-log
-- arguments: p_project  the project
-- result:    rows of member_id, generation, retired, known (false: there is no
--            such device), in order of devices
-- raises:    nothing
-- writes:    nothing
create or replace function vault.member_key_dump(p_project uuid)
returns table (member_id uuid, generation int, retired boolean, known boolean)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select k.member_id, k.generation, k.retired, m.id is not null
	from vault.member_keys k
	left join vault.members m
		on m.project_id = p_project and m.id = k.member_id
	where k.project_id = p_project
	order by k.member_id, k.key_id;
end
$$;
