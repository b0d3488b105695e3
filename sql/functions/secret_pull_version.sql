-- SPDX-License-Identifier: MIT
-- vault.secret_pull_version: an older version of an environment's blob, audited
-- in the same transaction.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_remote       REMOTE_ADDR
--            p_device_hash  SHA-256 of the hash as received, or NULL
--            p_environment  its name
--            p_version      which one
-- result:    outcome        '00000'; VE030, VE031 (device); VE041 no such
--                           environment; VE043 no such version
--            blob, version  NULL unless '00000'
--            device_id      whose hash it was, or NULL
-- raises:    VE040 no such project; VE054 auth key replaced; VE091 signature
--            of another path
-- writes:    requests, devices.last_seen_at, audit_log
-- It has the body of a rollback: it binds its signature, so that nobody can make
-- the one of the other.
create or replace function vault.secret_pull_version(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_remote text,
	p_device_hash bytea, p_environment text, p_version bigint,
	out outcome char(5), out blob bytea, out version bigint,
	out device_id uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	perform vault.request_take(p_project, p_auth_key, p_digest,
		'secrets/pull');

	select c.outcome, c.device_id into outcome, device_id
	from vault.device_check(p_project, p_device_hash) c;

	if outcome = '00000' then
		select s.blob, s.version into blob, version
		from vault.environments e
		left join vault.secret_versions s
			on s.project_id = e.project_id
			and s.environment = e.name and s.version = p_version
		where e.project_id = p_project and e.name = p_environment;
		outcome := case
			when not found then 'VE041'
			when version is null then 'VE043'
			else '00000' end;
	end if;

	perform vault.audit(p_project, 'secrets/pull', outcome, device_id,
		p_environment, version, p_remote);
end
$$;
