-- SPDX-License-Identifier: MIT
-- vault.secret_rollback: stores an old version's blob as the next version.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_remote       REMOTE_ADDR
--            p_environment  its name
--            p_version      the version to go back to
--            p_keep_versions how many versions stay; 0 = all
--            p_max_bytes    what the project may store; 0 = any
-- result:    outcome        '00000'
--            version        the version made, the first time if this is a replay
-- raises:    VE037 project frozen; VE040 no such project; VE041 no such
--            environment; VE043 no such version; VE054 auth key replaced;
--            VE091 signature of another path; VE09F p_max_bytes
-- writes:    requests, environments, secret_versions, audit_log
create or replace function vault.secret_rollback(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_remote text,
	p_environment text, p_version bigint, p_keep_versions int,
	p_max_bytes bigint,
	out outcome char(5), out version bigint)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_replayed boolean;
	v_now timestamptz := clock_timestamp();
	v_at timestamptz;
	v_keys text := '["rollback_from_v' || p_version || '"]';
	v_bytes bigint;
begin
	outcome := '00000';
	select t.replayed, t.version into v_replayed, version
	from vault.request_change(p_project, p_auth_key, p_digest,
		'secrets/rollback') t;
	if v_replayed then
		return;
	end if;

	update vault.environments e
	set version = e.version + 1, updated_at = greatest(v_now, e.updated_at)
	where e.project_id = p_project and e.name = p_environment
	returning e.version, e.updated_at into version, v_at;
	if not found then
		raise exception 'Environment not found'
			using errcode = 'VE041';
	end if;

	insert into vault.secret_versions (project_id, environment, version,
		blob, changed_keys, key_count, created_at)
	select s.project_id, s.environment, secret_rollback.version, s.blob,
		v_keys, s.key_count, v_at
	from vault.secret_versions s
	where s.project_id = p_project and s.environment = p_environment
		and s.version = p_version;
	if not found then
		raise exception 'Version not found' using errcode = 'VE043';
	end if;

	select octet_length(s.blob) + octet_length(v_keys) into v_bytes
	from vault.secret_versions s
	where s.project_id = p_project and s.environment = p_environment
		and s.version = secret_rollback.version;
	if not vault.project_room(p_project, v_bytes, p_max_bytes) then
		raise exception 'Project has used up its storage'
			using errcode = 'VE09F';
	end if;
	update vault.environments e set bytes = e.bytes + v_bytes
	where e.project_id = p_project and e.name = p_environment;

	update vault.requests r set version = secret_rollback.version
	where r.project_id = p_project and r.digest = p_digest;
	perform vault.versions_retain(p_project, p_environment, version,
		p_keep_versions);
	perform vault.audit(p_project, 'secrets/rollback', outcome, null,
		p_environment, version, p_remote);
end
$$;
