-- SPDX-License-Identifier: MIT
-- vault.wrap_add: wraps that are missing. One that is there stays.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_key          the request id whose key verified the MAC, 16 bytes
--            p_digest       the MAC, 32 bytes
--            p_remote       REMOTE_ADDR
--            p_environment  its name
--            p_data_key, p_member, p_wrap  arrays: the data key's id, for whom,
--                           80 bytes
-- result:    outcome        '00000'; VE000 bad statement; VE042 nothing stored
--                           yet; or as member_check
--            code           with VE000: record_key (no record names the data
--                           key), device_unknown (no reader of it)
--            device_id      whose key it is
--            added          how many were missing; the first time's if this is a
--                           replay
-- raises:    nothing
-- writes:    requests, members.last_seen_at, member_keys.used_at, wraps,
--            audit_log
-- The project is locked against a rotation, which would make its wraps those of
-- a new generation.
create or replace function vault.wrap_add(
	p_project uuid, p_key bytea, p_digest bytea, p_remote text,
	p_environment text, p_data_key bytea[], p_member uuid[],
	p_wrap bytea[],
	out outcome char(5), out code text, out device_id uuid,
	out added bigint)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_replayed boolean;
	v_generation int;
begin
	select b.replayed, b.version into v_replayed, added
	from vault.request_bind(p_project, p_digest, 'keys/add') b;
	if v_replayed then
		outcome := '00000';
		return;
	end if;
	select cardinality(p.joins) - 1 into v_generation
	from vault.projects p where p.id = p_project
	for share;
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 2, p_environment) c;

	if outcome = '00000' then
		perform from vault.heads h
		where h.project_id = p_project
			and h.environment = p_environment;
		if not found then
			outcome := 'VE042';
		end if;
	end if;
	if outcome = '00000' then
		code := case
			when exists (select from unnest(p_data_key) w (key_id)
				where not exists (select from vault.records r
					where r.project_id = p_project
						and r.environment = p_environment
						and r.key_id = w.key_id))
				then 'record_key'
			when exists (select from unnest(p_member) w (id)
				where not exists (select from vault.members m
					where m.project_id = p_project
						and m.id = w.id
						and m.status = 'approved'
						and vault.in_scope(
							m.environments,
							p_environment)))
				then 'device_unknown' end;
		if code is not null then
			outcome := 'VE000';
		end if;
	end if;
	if outcome = '00000' then
		insert into vault.wraps (project_id, environment, key_id,
			member_id, generation, wrap)
		select p_project, p_environment, w.key_id, w.member,
			v_generation, w.wrap
		from unnest(p_data_key, p_member, p_wrap)
			w (key_id, member, wrap)
		on conflict on constraint wraps_pkey do nothing;
		get diagnostics added = row_count;
	end if;
	perform vault.request_settle(p_project, p_digest, 'keys/add', outcome,
		code, added, device_id, p_environment, null, p_remote);
end
$$;
