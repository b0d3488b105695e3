-- SPDX-License-Identifier: MIT
-- vault.versions_retain: removes old versions of an environment, a hundred at
-- most, so that a limit set late does not hold up one push. Readers are not
-- locked out.
-- caller:    functions
-- arguments: p_project      the project
--            p_environment  its name
--            p_newest       the newest version to go
-- result:    none
-- raises:    nothing
-- writes:    secret_versions
create or replace function vault.versions_retain(
	p_project uuid, p_environment text, p_newest bigint)
returns void
language plpgsql
as $$
begin
	with old as (
		select s.version from vault.secret_versions s
		where s.project_id = p_project
			and s.environment = p_environment
			and s.version <= p_newest
		order by s.version
		limit 100
	)
	delete from vault.secret_versions s
	using old
	where s.project_id = p_project and s.environment = p_environment
		and s.version = old.version;
end
$$;
