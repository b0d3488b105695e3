-- SPDX-License-Identifier: MIT
-- vault.project_hold: first step of a restore: until its transaction ends nobody
-- changes anything of the project.
-- caller:    vault.fcgi --restore
-- arguments: p_project  the project
-- result:    protocol   NULL: there is no such project
--            deleted    true: its admin has deleted it
-- raises:    nothing
-- writes:    nothing (locks members, projects, heads by name)
create or replace function vault.project_hold(
	p_project uuid, out protocol int, out deleted boolean)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	perform from vault.members m where m.project_id = p_project
	order by m.id
	for update;
	select p.protocol, p.deleted_at is not null into protocol, deleted
	from vault.projects p where p.id = p_project
	for update;
	perform from vault.heads h where h.project_id = p_project
	order by h.environment
	for update;
end
$$;
