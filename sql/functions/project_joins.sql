-- SPDX-License-Identifier: MIT
-- vault.project_joins: the public keys that a project's VAULT_KEY has had, which
-- say whose registrations count.
-- caller:    vault.fcgi
-- arguments: p_project  the project
-- result:    outcome    '00000'; VE040 no such project; VE09C it is one of
--                       protocol v1
--            joins      by generation, the newest last
-- raises:    nothing
-- writes:    nothing
create or replace function vault.project_joins(
	p_project uuid, out outcome char(5), out joins bytea[])
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	select case when p.protocol = 1 then 'VE09C' else '00000' end, p.joins
	into outcome, joins
	from vault.projects p
	where p.id = p_project and p.deleted_at is null;
	if not found then
		outcome := 'VE040';
	end if;
end
$$;
