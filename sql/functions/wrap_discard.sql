-- SPDX-License-Identifier: MIT
-- vault.wrap_discard: removes an environment's wraps for whoever is none of these.
-- caller:    vault.fcgi --restore
-- arguments: p_project      the project
--            p_environment  its name
--            p_members      the devices that may have some
-- result:    none
-- raises:    nothing
-- writes:    wraps
create or replace function vault.wrap_discard(
	p_project uuid, p_environment text, p_members uuid[])
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	delete from vault.wraps w
	where w.project_id = p_project and w.environment = p_environment
		and w.member_id <> all(p_members);
end
$$;
