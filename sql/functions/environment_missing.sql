-- SPDX-License-Identifier: MIT
-- vault.environment_missing: says why an environment was not found.
-- caller:    functions
-- arguments: p_project  the project in which it was looked for
-- result:    none: it always raises
-- raises:    VE040 no such project; VE041 no such environment in it
-- writes:    nothing
create or replace function vault.environment_missing(p_project uuid)
returns void
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	perform from vault.projects p where p.id = p_project;
	if not found then
		raise exception 'Project not found' using errcode = 'VE040';
	end if;
	raise exception 'Environment not found' using errcode = 'VE041';
end
$$;
