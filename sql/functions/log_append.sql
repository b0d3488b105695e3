-- SPDX-License-Identifier: MIT
-- vault.log_append: the next entry of a project's log, and what follows from it.
-- The entry was judged by the server against the log as it was at p_seq.
-- caller:    vault.fcgi
-- arguments: p_project          the project
--            p_key              the request id whose key verified the MAC
--            p_digest           the MAC, 32 bytes
--            p_remote           REMOTE_ADDR
--            p_flaw             the rule of the log that it breaks, or NULL
--            p_seq, p_prev, p_author, p_kind  of the entry; kinds are 1 root,
--                               2 admit, 3 change, 4 revoke, 5 rotate
--            p_entry, p_hash    statement and signatures; its hash
--            p_device           admitted, changed, revoked; NULL: a rotation
--            p_name, p_sign, p_box      of one admitted
--            p_role, p_environments, p_expires  of a scope: 1 reader, 2
--                               writer, 3 admin; ms, 0 never
--            p_join             of a rotation
--            p_cut_environment, p_cut_version, p_cut_hash  its cuts
--            p_wrap_environment, p_wrap_key_id, p_wrap     wraps for p_device
--            p_registration     of p_device, with the next three, or NULL
--            p_request_key      its request id
--            p_sealed           the request key, sealed by the server
--            p_key_id           fingerprint of the server key that sealed it
--            p_max_devices      most devices that are not revoked
-- result:    outcome            '00000'; VE000 bad statement; VE095 too many
--                               devices; VE096 the log has changed; VE097
--                               environments have changed; VE09B the log is
--                               full; VE09D wraps missing, or not asked for; or
--                               as member_check
--            code               with VE000
--            device_id          whose key it is
--            log_count          the first time's if this is a replay
-- raises:    VE053 the server key in force is another
-- writes:    requests, members, member_keys, projects, log, heads, wraps,
--            audit_log
-- Locks are taken in this order: requests, server_key, members, projects, heads
-- by name.
create or replace function vault.log_append(
	p_project uuid, p_key bytea, p_digest bytea, p_remote text,
	p_flaw text, p_seq bigint, p_prev bytea, p_author uuid, p_kind int,
	p_entry bytea, p_hash bytea, p_device uuid, p_name text,
	p_sign bytea, p_box bytea, p_role int, p_environments text[],
	p_expires bigint, p_join bytea, p_cut_environment text[],
	p_cut_version bigint[], p_cut_hash bytea[],
	p_wrap_environment text[], p_wrap_key_id bytea[], p_wrap bytea[],
	p_registration bytea, p_request_key bytea, p_sealed bytea,
	p_key_id bytea, p_max_devices int,
	out outcome char(5), out code text, out device_id uuid,
	out log_count bigint)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_replayed boolean;
	v_hash bytea;
	v_joins bytea[];
	v_role int;
	v_before text[];
	v_taken text[];
	v_given text[] := '{}';
begin
	select b.replayed, b.version into v_replayed, log_count
	from vault.request_bind(p_project, p_digest, 'log/append') b;
	if v_replayed then
		outcome := '00000';
		return;
	end if;
	if p_sealed is not null then
		perform vault.server_key_hold(p_key_id);
	end if;
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 3, null) c;

	if outcome = '00000' then
		select m.role, m.environments into v_role, v_before
		from vault.members m
		where m.project_id = p_project and m.id = p_device
		for no key update;
		select p.log_count, p.log_hash, p.joins
		into log_count, v_hash, v_joins
		from vault.projects p
		where p.id = p_project
		for no key update;
		v_before := coalesce(v_before, '{}');
		if p_seq <> log_count or p_prev <> v_hash then
			outcome := 'VE096';
		elsif p_author <> device_id then
			outcome := 'VE000';
			code := coalesce(p_flaw, 'log_author');
		elsif p_flaw is not null then
			outcome := 'VE000';
			code := p_flaw;
		elsif log_count >= 100000 then
			outcome := 'VE09B';
		elsif p_kind = 2 and (select count(*) filter (
				where m.status = 'approved') >= p_max_devices
				or count(*) >= p_max_devices::bigint * 10
			from vault.members m
			where m.project_id = p_project
				and m.status <> 'pending')
		then
			outcome := 'VE095';
		end if;
	end if;

	-- What it takes away has to be cut: all that the device had in scope, or
	-- everything, where it has a version.
	if outcome = '00000' then
		v_taken := case
			when p_kind = 5 then '{*}'
			when p_kind = 4 or p_kind = 3 and (p_role < v_role
				or exists (select from unnest(v_before) b (e)
					where not vault.in_scope(
						p_environments, b.e)))
				then v_before
			else '{}' end;
		if p_kind in (2, 3) then
			v_given := p_environments;
		end if;
		perform from vault.heads h
		where h.project_id = p_project
			and vault.in_scope(v_taken, h.environment)
		order by h.environment
		for no key update;
		if not (
			select count(*) = cardinality(p_cut_environment)
				and count(*) = count(c.environment)
			from vault.heads h
			left join unnest(p_cut_environment, p_cut_version,
				p_cut_hash) c (environment, version, hash)
				on c.environment = h.environment
				and c.version = h.version and c.hash = h.hash
			where h.project_id = p_project
				and vault.in_scope(v_taken, h.environment))
		then
			outcome := 'VE097';
		elsif not (
			select count(*) = cardinality(p_wrap_environment)
				and count(*) = count(w.environment)
			from vault.heads h
			left join unnest(p_wrap_environment, p_wrap_key_id)
				w (environment, key_id)
				on w.environment = h.environment
				and w.key_id = h.key_id
			where h.project_id = p_project
				and vault.in_scope(v_given, h.environment)
				and not vault.in_scope(v_before, h.environment))
		then
			outcome := 'VE09D';
		end if;
	end if;

	if outcome = '00000' then
		log_count := p_seq + 1;
		if p_kind = 5 then
			v_joins := v_joins || p_join;
		end if;
		update vault.projects p
		set log_count = p_seq + 1, log_hash = p_hash, joins = v_joins
		where p.id = p_project;
		insert into vault.log (project_id, seq, entry, hash, kind,
			device_id)
		values (p_project, p_seq, p_entry, p_hash, p_kind, p_device);
		update vault.heads h
		set cut_seq = p_seq, cut_version = h.version
		where h.project_id = p_project
			and vault.in_scope(v_taken, h.environment);

		if p_kind = 2 then
			insert into vault.members as m (project_id, id, name,
				sign_public, box_public, status, role,
				environments, expires_at, created_at,
				admitted_at)
			values (p_project, p_device, p_name, p_sign, p_box,
				'approved', p_role, p_environments,
				vault.epoch_ms(p_expires), v_now, v_now)
			on conflict on constraint members_pkey do update
			set name = excluded.name, status = excluded.status,
				role = excluded.role,
				environments = excluded.environments,
				expires_at = excluded.expires_at,
				admitted_at = excluded.admitted_at,
				registration = null, remote = null;
		elsif p_kind = 3 then
			update vault.members m
			set role = p_role, environments = p_environments,
				expires_at = vault.epoch_ms(p_expires)
			where m.project_id = p_project and m.id = p_device;
		elsif p_kind = 4 then
			update vault.members m
			set status = 'revoked', revoked_at = v_now
			where m.project_id = p_project and m.id = p_device;
		elsif p_kind = 5 then
			delete from vault.member_keys k
			where k.project_id = p_project and k.member_id in (
				select m.id from vault.members m
				where m.project_id = p_project
					and m.status = 'pending');
			delete from vault.members m
			where m.project_id = p_project
				and m.status = 'pending';
			update vault.member_keys k set retired = true
			where k.project_id = p_project and not k.retired;
		end if;

		insert into vault.wraps (project_id, environment, key_id,
			member_id, generation, wrap)
		select p_project, w.environment, w.key_id, p_device,
			cardinality(v_joins) - 1, w.wrap
		from unnest(p_wrap_environment, p_wrap_key_id, p_wrap)
			w (environment, key_id, wrap)
		on conflict on constraint wraps_pkey do nothing;
		if p_sealed is not null then
			perform vault.member_key_store(p_project,
				p_request_key, p_device, p_sealed,
				cardinality(v_joins) - 1);
		end if;
	end if;
	perform vault.request_settle(p_project, p_digest, 'log/append',
		outcome, code, log_count, device_id, null, null, p_remote);
end
$$;
