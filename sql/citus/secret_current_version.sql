-- SPDX-License-Identifier: MIT
-- vault.secret_current_version on shards: as functions/ has it, but one project
-- after the other, each asked of the node that holds it.
create or replace function vault.secret_current_version(
	p_project uuid[], p_auth_key bytea[], p_digest bytea[],
	p_environment text[])
returns table (outcome char(5), version bigint, updated_at text)
language plpgsql stable rows 10
security definer set search_path = vault, pg_temp
as $$
declare
	v_project uuid;
	v_auth_key bytea;
	v_digest bytea;
	v_environment text;
	v_current boolean;
	v_elsewhere boolean;
begin
	for v_project, v_auth_key, v_digest, v_environment in
		select * from unnest(p_project, p_auth_key, p_digest,
			p_environment)
	loop
		select p.auth_key is not distinct from v_auth_key,
			exists (select from vault.requests r
				where r.project_id = v_project
					and r.digest = v_digest
					and r.path <> 'secrets/current-version'),
			e.version, vault.iso(e.updated_at)
		into v_current, v_elsewhere, version, updated_at
		from vault.projects p
		left join vault.environments e
			on e.project_id = p.id and e.name = v_environment
		where p.id = v_project;
		outcome := case
			when v_current is null then 'VE040'
			when not v_current then 'VE054'
			when v_elsewhere then 'VE091'
			when version is null then 'VE041'
			else '00000' end;
		if outcome <> '00000' then
			version := null;
			updated_at := null;
		end if;
		return next;
	end loop;
end
$$;
