-- SPDX-License-Identifier: MIT
-- vault.record_pull on shards: as functions/ has it, but one project after the
-- other, each asked of the node that holds it.
create or replace function vault.record_pull(
	p_project uuid[], p_key bytea[], p_remote text[],
	p_environment text[], p_log_have bigint[], p_record_have bytea[],
	p_records_from bigint[], p_version bigint[])
returns table (outcome char(5), device_id uuid, version bigint,
	unchanged boolean, log bytea[], log_count bigint, records bytea[],
	more boolean, blob bytea, key_id bytea, generation int, wrap bytea)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
as $$
declare
	v record;
	v_last bigint;
	v_hash bytea;
	v_record bytea;
	v_first bigint;
begin
	for v in
		select * from unnest(p_project, p_key, p_remote, p_environment,
			p_log_have, p_record_have, p_records_from, p_version)
			q (project, key, remote, environment, log_have,
			record_have, records_from, version)
	loop
		version := null;
		unchanged := null;
		log := null;
		log_count := null;
		records := null;
		more := null;
		blob := null;
		key_id := null;
		generation := null;
		wrap := null;
		select c.outcome, c.member_id into outcome, device_id
		from vault.member_check(v.project, v.key, 1, v.environment) c;
		if outcome = '00000' then
			select h.version, h.hash, r.record, r.blob, r.key_id,
				p.log_count
			into v_last, v_hash, v_record, blob, key_id, log_count
			from vault.heads h
			join vault.projects p on p.id = h.project_id
			left join vault.records r
				on r.project_id = h.project_id
				and r.environment = h.environment
				and r.version = coalesce(v.version, h.version)
			where h.project_id = v.project
				and h.environment = v.environment;
			unchanged := v.version is null
				and v_hash is not distinct from v.record_have;
			outcome := case
				when not found then 'VE042'
				when key_id is null then 'VE043'
				when blob is null and not unchanged
					then 'VE045'
				else '00000' end;
		end if;
		if outcome = '00000' then
			version := coalesce(v.version, v_last);
			v_first := least(coalesce(v.records_from, v_last),
				version);
			if v.log_have < log_count then
				log := vault.log_page(v.project, v.log_have,
					log_count - 1);
			end if;
			if not unchanged and v_first = v_last then
				records := array[v_record];
			elsif not unchanged then
				records := array(
					select r.record from vault.records r
					where r.project_id = v.project
						and r.environment
						= v.environment
						and r.version >= v_first
						and r.version <= v_last
					order by r.version
					limit 1000);
			end if;
			more := v.log_have + coalesce(cardinality(log), 0)
				< log_count
				or not unchanged and v_first
				+ cardinality(records) <= v_last;
		end if;
		if outcome <> '00000' or unchanged or more then
			blob := null;
			key_id := null;
		end if;
		if outcome <> '00000' then
			unchanged := null;
			log_count := null;
		end if;
		if key_id is not null then
			select w.key_id, w.generation, w.wrap
			into key_id, generation, wrap
			from vault.wraps w
			where w.project_id = v.project
				and w.environment = v.environment
				and w.key_id = record_pull.key_id
				and w.member_id = device_id;
		end if;
		if device_id is not null and more is not true then
			perform vault.audit(v.project, 'secrets/pull', outcome,
				device_id, v.environment, version, v.remote);
		end if;
		return next;
	end loop;
end
$$;
