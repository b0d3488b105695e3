-- SPDX-License-Identifier: MIT
-- vault.project_dump: what the tables say of a v2 project's log, or of each.
-- caller:    vault.fcgi --check-log, --restore
-- arguments: p_project  the project, or NULL
-- result:    rows of id, log_count, log_hash, joins; none of a project that was
--            deleted
-- raises:    nothing
-- writes:    nothing
create or replace function vault.project_dump(p_project uuid)
returns table (id uuid, log_count bigint, log_hash bytea, joins bytea[])
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select p.id, p.log_count, p.log_hash, p.joins
	from vault.projects p
	where p.protocol = 2 and p.deleted_at is null
		and (p_project is null or p.id = p_project)
	order by p.id;
end
$$;
