-- SPDX-License-Identifier: MIT
-- vault.project_unfreeze: takes back what project_freeze() said.
-- caller:    vault.fcgi --unfreeze
-- arguments: p_project  the project
-- result:    false: there is no such project of protocol v1
-- raises:    nothing
-- writes:    projects, audit_log
create or replace function vault.project_unfreeze(p_project uuid)
returns boolean
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	update vault.projects p set moved_to = null, frozen = false
	where p.id = p_project and p.protocol = 1;
	if not found then
		return false;
	end if;
	perform vault.audit(p_project, 'project/unfreeze', '00000', null, null,
		null, null);
	return true;
end
$$;
