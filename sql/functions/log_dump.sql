-- SPDX-License-Identifier: MIT
-- vault.log_dump: a project's log as it is stored, a thousand entries.
-- caller:    vault.fcgi --check-log, --restore
-- arguments: p_project  the project
--            p_from     the least number
-- result:    rows of seq, entry, hash, kind, device_id, in order
-- raises:    nothing
-- writes:    nothing
create or replace function vault.log_dump(p_project uuid, p_from bigint)
returns table (seq bigint, entry bytea, hash bytea, kind int, device_id uuid)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select l.seq, l.entry, l.hash, l.kind, l.device_id
	from vault.log l
	where l.project_id = p_project and l.seq >= p_from
	order by l.seq
	limit 1000;
end
$$;
