-- SPDX-License-Identifier: MIT
-- vault.versions_retain: removes old versions of an environment, ten at most,
-- so that a limit set late does not hold up one push. Readers are not locked
-- out.
-- caller:    functions
-- arguments: p_project      the project
--            p_environment  its name
--            p_version      its newest version
--            p_keep         how many stay; below 1: all; never less than ten,
--                           whatever a server may ask for
-- result:    none
-- raises:    nothing
-- writes:    secret_versions, environments.bytes
create or replace function vault.versions_retain(
	p_project uuid, p_environment text, p_version bigint, p_keep int)
returns void
language plpgsql
as $$
declare
	v_bytes bigint;
begin
	if p_keep < 1 then
		return;
	end if;
	with old as (
		select s.version from vault.secret_versions s
		where s.project_id = p_project
			and s.environment = p_environment
			and s.version <= p_version - greatest(p_keep, 10)
		order by s.version
		limit 10
	), gone as (
		delete from vault.secret_versions s
		using old
		where s.project_id = p_project
			and s.environment = p_environment
			and s.version = old.version
		returning octet_length(s.blob)
			+ coalesce(octet_length(s.changed_keys), 0) as bytes
	)
	select sum(g.bytes) into v_bytes from gone g;
	if v_bytes > 0 then
		update vault.environments e
		set bytes = greatest(e.bytes - v_bytes, 0)
		where e.project_id = p_project and e.name = p_environment;
	end if;
end
$$;
