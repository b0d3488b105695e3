-- SPDX-License-Identifier: MIT
-- vault.secret_versions: the 50 newest versions, newest first, without blobs.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_environment  its name
-- result:    rows of version, changed_keys (text of a JSON array, or NULL),
--            created_at
-- raises:    VE040 no such project; VE041 no such environment; VE054 auth key
--            replaced; VE091 signature of another path
-- writes:    nothing
create or replace function vault.secret_versions(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_environment text)
returns table (version bigint, changed_keys text, created_at text)
language plpgsql stable rows 50
security definer set search_path = vault, pg_temp
as $$
begin
	perform vault.request_check(p_project, p_auth_key, p_digest,
		'secrets/versions');
	return query
	select s.version, s.changed_keys, vault.iso(s.created_at)
	from vault.secret_versions s
	where s.project_id = p_project and s.environment = p_environment
	order by s.version desc
	limit 50;
	if not found then
		perform from vault.environments e
		where e.project_id = p_project and e.name = p_environment;
		if not found then
			raise exception 'Environment not found'
				using errcode = 'VE041';
		end if;
	end if;
end
$$;
