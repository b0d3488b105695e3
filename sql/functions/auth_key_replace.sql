-- SPDX-License-Identifier: MIT
-- vault.auth_key_replace: the auth key of a project, sealed under a new server
-- key.
-- caller:    vault.fcgi --rekey
-- arguments: p_project   the project
--            p_auth_key  60 bytes
-- result:    none
-- raises:    VE040 no such project, or it has no key
-- writes:    projects, audit_log
create or replace function vault.auth_key_replace(
	p_project uuid, p_auth_key bytea)
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	update vault.projects p set auth_key = p_auth_key
	where p.id = p_project and p.auth_key is not null;
	if not found then
		raise exception 'Project not found' using errcode = 'VE040';
	end if;
	perform vault.audit(p_project, 'project/rekey', '00000', null, null,
		null, null);
end
$$;
