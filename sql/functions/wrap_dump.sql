-- SPDX-License-Identifier: MIT
-- vault.wrap_dump: whom an environment's wraps are for, a thousand.
-- caller:    vault.fcgi --check-log
-- arguments: p_project      the project
--            p_environment  its name
--            p_after_key, p_after_member  the last row that the caller has, or
--                           NULL
-- result:    rows of key_id, member_id, generation, named (false: no record has
--            that data key), in order of key and device
-- raises:    nothing
-- writes:    nothing
create or replace function vault.wrap_dump(
	p_project uuid, p_environment text, p_after_key bytea,
	p_after_member uuid)
returns table (key_id bytea, member_id uuid, generation int, named boolean)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select w.key_id, w.member_id, w.generation,
		exists (select from vault.records r
			where r.project_id = p_project
				and r.environment = p_environment
				and r.key_id = w.key_id)
	from vault.wraps w
	where w.project_id = p_project and w.environment = p_environment
		and (p_after_key is null or (w.key_id, w.member_id)
			> (p_after_key, p_after_member))
	order by w.key_id, w.member_id
	limit 1000;
end
$$;
