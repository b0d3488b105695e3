-- SPDX-License-Identifier: MIT
-- vault.secret_current_version: what pollers ask: one look-up, no write.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_digest       the signature, 32 bytes
--            p_environment  its name
-- result:    version        the newest, 0 when nothing was pushed yet
--            updated_at     or NULL with 0
-- raises:    VE040 no such project; VE041 no such environment; VE091 signature
--            of another path
-- writes:    nothing
create or replace function vault.secret_current_version(
	p_project uuid, p_digest bytea, p_environment text,
	out version bigint, out updated_at text)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	perform vault.request_check(p_project, p_digest,
		'secrets/current-version');
	select e.version, vault.iso(e.updated_at) into version, updated_at
	from vault.environments e
	where e.project_id = p_project and e.name = p_environment;
	if not found then
		perform vault.environment_missing(p_project);
	end if;
end
$$;
