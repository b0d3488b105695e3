-- SPDX-License-Identifier: MIT
-- vault.secret_pull on shards: as functions/ has it, but one project after the
-- other, each asked of the node that holds it.
create or replace function vault.secret_pull(
	p_project uuid[], p_auth_key bytea[], p_digest bytea[],
	p_remote text[], p_device_hash bytea[], p_environment text[])
returns table (outcome char(5), blob bytea, version bigint, device_id uuid)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
as $$
declare
	v record;
	v_current boolean;
	v_elsewhere boolean;
begin
	for v in
		select * from unnest(p_project, p_auth_key, p_digest, p_remote,
			p_device_hash, p_environment)
			q (project, auth_key, digest, remote, device_hash,
			environment)
	loop
		device_id := null;
		blob := null;
		version := null;
		select p.auth_key is not distinct from v.auth_key,
			exists (select from vault.requests r
				where r.project_id = v.project
					and r.digest = v.digest
					and r.path <> 'secrets/pull')
		into v_current, v_elsewhere
		from vault.projects p
		where p.id = v.project;
		outcome := case
			when v_current is null then 'VE040'
			when not v_current then 'VE054'
			when v_elsewhere then 'VE091' end;

		if outcome is null then
			select c.outcome, c.device_id into outcome, device_id
			from vault.device_check(v.project, v.device_hash) c;
			if outcome = '00000' then
				select s.blob, s.version into blob, version
				from vault.environments e
				left join vault.secret_versions s
					on s.project_id = e.project_id
					and s.environment = e.name
					and s.version = e.version
				where e.project_id = v.project
					and e.name = v.environment;
				outcome := case
					when not found then 'VE041'
					when version is null then 'VE042'
					else '00000' end;
			end if;
			perform vault.audit(v.project, 'secrets/pull', outcome,
				device_id, v.environment, version, v.remote);
		end if;
		return next;
	end loop;
end
$$;
