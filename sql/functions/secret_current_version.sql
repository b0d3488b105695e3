-- SPDX-License-Identifier: MIT
-- vault.secret_current_version: what pollers ask: one look-up, no write.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_environment  its name
-- result:    outcome        '00000'; VE041 no such environment
--            version        the newest, 0 when nothing was pushed yet
--            updated_at     or NULL with 0
-- raises:    VE040 no such project; VE054 auth key replaced; VE091 signature
--            of another path
-- writes:    nothing
create or replace function vault.secret_current_version(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_environment text,
	out outcome char(5), out version bigint, out updated_at text)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	perform vault.request_check(p_project, p_auth_key, p_digest,
		'secrets/current-version');
	select e.version, vault.iso(e.updated_at) into version, updated_at
	from vault.environments e
	where e.project_id = p_project and e.name = p_environment;
	outcome := case when found then '00000' else 'VE041' end;
end
$$;
