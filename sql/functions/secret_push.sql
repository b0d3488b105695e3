-- SPDX-License-Identifier: MIT
-- vault.secret_push: stores the next version of an environment, which is
-- created when unknown. Together with its audit row, or not at all.
-- caller:    vault.fcgi
-- arguments: p_project           the project
--            p_auth_key          that verified the signature, as sealed
--            p_digest            the signature, 32 bytes
--            p_remote            REMOTE_ADDR
--            p_device_hash       SHA-256 of the hash as received, or NULL
--            p_environment       its name
--            p_blob              iv | tag | ciphertext
--            p_changed_keys      text of a JSON array, or NULL
--            p_key_count         or NULL
--            p_base_version      the version this push replaces, 0 = none
--                                yet; NULL = whatever is there
--            p_max_environments  most environments of a project
--            p_keep_versions     how many versions stay; 0 = all
--            p_max_bytes         what the project may store; 0 = any
-- result:    outcome             '00000'; VE030, VE031 (device); VE037 project
--                                frozen; VE092 (another than p_base_version is
--                                current); VE094 (too many environments);
--                                VE09F (p_max_bytes)
--            version             the version made, the first time if this is a
--                                replay; the current one with VE092
--            device_id           whose hash it was, or NULL
--            moved_to            where the project goes on, or NULL
-- raises:    VE040 no such project; VE054 auth key replaced; VE091 signature
--            of another path
-- writes:    requests, devices.last_seen_at, environments, secret_versions
--            (old ones go, p_keep_versions), audit_log
-- A refusal gives the signature back: sent again, it is judged anew. Locks are
-- taken in this order: requests, devices (never waited for), projects,
-- environments.
create or replace function vault.secret_push(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_remote text,
	p_device_hash bytea, p_environment text, p_blob bytea,
	p_changed_keys text, p_key_count int, p_base_version bigint,
	p_max_environments int, p_keep_versions int, p_max_bytes bigint,
	out outcome char(5), out version bigint, out device_id uuid,
	out moved_to uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_replayed boolean;
	v_frozen boolean;
	v_now timestamptz := clock_timestamp();
	v_at timestamptz;
	v_bytes bigint := octet_length(p_blob)
		+ coalesce(octet_length(p_changed_keys), 0);
begin
	select t.replayed, t.version, t.frozen, t.moved_to
	into v_replayed, version, v_frozen, moved_to
	from vault.request_take(p_project, p_auth_key, p_digest,
		'secrets/push') t;
	if v_replayed then
		outcome := '00000';
		return;
	end if;

	select c.outcome, c.device_id into outcome, device_id
	from vault.device_check(p_project, p_device_hash) c;
	if v_frozen then
		outcome := 'VE037';
	elsif outcome = '00000'
		and not vault.project_room(p_project, v_bytes, p_max_bytes)
	then
		outcome := 'VE09F';
	end if;

	while outcome = '00000' loop
		update vault.environments e
		set version = e.version + 1,
			updated_at = greatest(v_now, e.updated_at),
			bytes = v_bytes + coalesce(e.bytes, (
				select sum(octet_length(s.blob) + coalesce(
					octet_length(s.changed_keys), 0))
				from vault.secret_versions s
				where s.project_id = p_project
					and s.environment = p_environment), 0)
		where e.project_id = p_project and e.name = p_environment
			and (p_base_version is null
				or e.version = p_base_version)
		returning e.version, e.updated_at into version, v_at;
		exit when found;

		select e.version into version
		from vault.environments e
		where e.project_id = p_project and e.name = p_environment;
		if found then
			-- Equal: it became so since the update looked.
			if version <> p_base_version then
				outcome := 'VE092';
			end if;
		elsif p_base_version > 0 then
			outcome := 'VE092';
			version := 0;
		else
			-- New environments queue here, so the count holds.
			perform from vault.projects p where p.id = p_project
			for no key update;
			insert into vault.environments (project_id, name,
				created_at)
			select p_project, p_environment, v_now
			where (select count(*) from vault.environments e
				where e.project_id = p_project)
				< p_max_environments
			on conflict on constraint environments_pkey do nothing;
			perform from vault.environments e
			where e.project_id = p_project
				and e.name = p_environment;
			if not found then
				outcome := 'VE094';
			end if;
		end if;
	end loop;

	if outcome = '00000' then
		insert into vault.secret_versions (project_id, environment,
			version, blob, changed_keys, key_count, device_id,
			created_at)
		values (p_project, p_environment, secret_push.version, p_blob,
			p_changed_keys, p_key_count, secret_push.device_id, v_at);
		update vault.requests r set version = secret_push.version
		where r.project_id = p_project and r.digest = p_digest;
		perform vault.versions_retain(p_project, p_environment,
			version, p_keep_versions);
	else
		delete from vault.requests r
		where r.project_id = p_project and r.digest = p_digest;
	end if;
	perform vault.audit(p_project, 'secrets/push', outcome, device_id,
		p_environment, version, p_remote);
end
$$;
