-- SPDX-License-Identifier: MIT
-- vault.record_poll on shards: as functions/ has it, but one project after the
-- other, each asked of the node that holds it.
create or replace function vault.record_poll(
	p_project uuid[], p_key bytea[], p_environment text[])
returns table (outcome char(5), device_id uuid, version bigint,
	record_hash bytea, log_count bigint, updated_at text)
language plpgsql stable rows 10
security definer set search_path = vault, pg_temp
as $$
declare
	v record;
begin
	for v in
		select * from unnest(p_project, p_key, p_environment)
			q (project, key, environment)
	loop
		select c.outcome, c.member_id into outcome, device_id
		from vault.member_look(v.project, v.key, 1, v.environment) c;
		version := null;
		record_hash := null;
		log_count := null;
		updated_at := null;
		if outcome = '00000' then
			select h.version, h.hash, p.log_count,
				vault.iso(h.updated_at)
			into version, record_hash, log_count, updated_at
			from vault.heads h
			join vault.projects p on p.id = h.project_id
			where h.project_id = v.project
				and h.environment = v.environment;
			if not found then
				outcome := 'VE042';
			end if;
		end if;
		return next;
	end loop;
end
$$;
