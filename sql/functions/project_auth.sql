-- SPDX-License-Identifier: MIT
-- vault.project_auth: the sealed key that verifies a project's signatures.
-- caller:    vault.fcgi
-- arguments: p_project  the project
-- result:    outcome    '00000'; VE036 it is one of protocol v2
--            auth_key   60 bytes; NULL: no key set yet; no row: no such project
-- raises:    nothing
-- writes:    nothing
create or replace function vault.project_auth(p_project uuid)
returns table (outcome char(5), auth_key bytea)
language plpgsql stable rows 1
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select case when p.protocol = 1 then '00000' else 'VE036' end::char(5),
		p.auth_key
	from vault.projects p
	where p.id = p_project and p.deleted_at is null;
end
$$;
