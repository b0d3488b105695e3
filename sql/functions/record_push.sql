-- SPDX-License-Identifier: MIT
-- vault.record_push: stores the next version of an environment, which is made
-- with its first. Together with its audit row, or not at all.
-- caller:    vault.fcgi
-- arguments: p_project           the project
--            p_key               the request id whose key verified the MAC
--            p_digest            the MAC, 32 bytes
--            p_remote            REMOTE_ADDR
--            p_flaw              'record_signature' or 'blob_hash', if the
--                                server found it so; else NULL
--            p_environment, p_version, p_prev, p_data_key (its id), p_op,
--            p_author, p_log_seq, p_log_hash  of the record
--            p_record, p_hash    statement and signature; its hash
--            p_blob              iv | tag | ciphertext
--            p_wrap_member, p_wrap  wraps of a new data key
--            p_max_environments  most environments of a project
--            p_keep_versions     how many blobs stay, as records_retain; 0 = all
--            p_max_bytes         what the project may store; 0 = any
-- result:    outcome             '00000'; VE000 bad statement; VE092 (another
--                                version is current); VE094 (too many
--                                environments); VE096 the log has changed;
--                                VE098 readers have changed; VE09F
--                                (p_max_bytes); or as member_check
--            code                with VE000: record_log, record_cut,
--                                record_author, record_key, or p_flaw
--            version             the version made, the first time's if this is
--                                a replay; the current one with VE092
--            device_id           whose key it is
-- raises:    nothing
-- writes:    requests, members.last_seen_at, member_keys.used_at, heads,
--            records (old blobs go, p_keep_versions), wraps, audit_log
-- Locks are taken in this order: requests, projects, heads. With a new data key
-- the project is locked against changes of the log, so that its readers are
-- exactly those who get a wrap; without one its head alone is.
create or replace function vault.record_push(
	p_project uuid, p_key bytea, p_digest bytea, p_remote text,
	p_flaw text, p_environment text, p_version bigint, p_prev bytea,
	p_data_key bytea, p_op int, p_author uuid, p_log_seq bigint,
	p_log_hash bytea, p_record bytea, p_hash bytea, p_blob bytea,
	p_wrap_member uuid[], p_wrap bytea[], p_max_environments int,
	p_keep_versions int, p_max_bytes bigint,
	out outcome char(5), out code text, out version bigint,
	out device_id uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_new boolean := cardinality(p_wrap_member) > 0;
	v_replayed boolean;
	v_log_count bigint;
	v_generation int;
	v_head record;
	v_known boolean;
	v_bytes bigint := octet_length(p_record) + octet_length(p_blob);
begin
	select b.replayed, b.version into v_replayed, version
	from vault.request_bind(p_project, p_digest, 'secrets/push') b;
	if v_replayed then
		outcome := '00000';
		return;
	end if;
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 2, p_environment) c;

	if outcome = '00000' and v_new then
		-- New environments queue, so that the count holds.
		perform from vault.heads h
		where h.project_id = p_project
			and h.environment = p_environment;
		if found then
			perform from vault.projects p where p.id = p_project
			for share;
		else
			perform from vault.projects p where p.id = p_project
			for no key update;
		end if;
	end if;
	if outcome = '00000' then
		select h.version, h.hash, h.key_id, h.cut_seq, h.cut_version
		into v_head
		from vault.heads h
		where h.project_id = p_project
			and h.environment = p_environment
		for no key update;
		v_known := found;
		select p.log_count, cardinality(p.joins) - 1
		into v_log_count, v_generation
		from vault.projects p where p.id = p_project;

		perform from vault.log l
		where l.project_id = p_project and l.seq = p_log_seq
			and l.hash = p_log_hash;
		code := case
			when not found then 'record_log'
			when v_head.cut_version > 0 and (p_log_seq
				>= v_head.cut_seq) <> (p_version
				> v_head.cut_version) then 'record_cut'
			when p_author <> device_id then 'record_author'
			else p_flaw end;
		version := coalesce(v_head.version, 0);
		if code is not null then
			outcome := 'VE000';
		elsif p_version <> version + 1
			or p_prev is distinct from v_head.hash
			and v_known
		then
			outcome := 'VE092';
		elsif v_known and p_data_key = v_head.key_id then
			if v_new or v_head.cut_version = v_head.version then
				outcome := 'VE000';
				code := 'record_key';
			end if;
		elsif not v_new or exists (select from vault.records r
			where r.project_id = p_project
				and r.environment = p_environment
				and r.key_id = p_data_key)
		then
			outcome := 'VE000';
			code := 'record_key';
		elsif p_log_seq <> v_log_count - 1 then
			outcome := 'VE096';
		elsif not (
			select count(*) = cardinality(p_wrap_member)
				and count(*) = count(w.member)
			from vault.members m
			left join unnest(p_wrap_member) w (member)
				on w.member = m.id
			where m.project_id = p_project
				and m.status = 'approved'
				and vault.in_scope(m.environments, p_environment))
		then
			outcome := 'VE098';
		elsif not v_known and (select count(*) from vault.heads h
			where h.project_id = p_project) >= p_max_environments
		then
			outcome := 'VE094';
		end if;
	end if;
	if outcome = '00000'
		and not vault.project_room(p_project, v_bytes, p_max_bytes)
	then
		outcome := 'VE09F';
	end if;

	if outcome = '00000' then
		version := p_version;
		insert into vault.heads as h (project_id, environment, version,
			hash, key_id, blobs, bytes, updated_at)
		values (p_project, p_environment, p_version, p_hash,
			p_data_key, case when p_op = 2 then 0 else 1 end,
			v_bytes, v_now)
		on conflict on constraint heads_pkey do update
		set version = excluded.version, hash = excluded.hash,
			key_id = excluded.key_id, blobs = h.blobs + excluded.blobs,
			bytes = h.bytes + excluded.bytes,
			updated_at = greatest(h.updated_at, excluded.updated_at);
		insert into vault.records (project_id, environment, version,
			record, hash, key_id, op, log_seq, author, blob)
		values (p_project, p_environment, p_version, p_record, p_hash,
			p_data_key, p_op, p_log_seq, p_author, p_blob);
		insert into vault.wraps (project_id, environment, key_id,
			member_id, generation, wrap)
		select p_project, p_environment, p_data_key, w.member,
			v_generation, w.wrap
		from unnest(p_wrap_member, p_wrap) w (member, wrap)
		on conflict on constraint wraps_pkey do nothing;
		perform vault.records_retain(p_project, p_environment,
			p_version, p_data_key, p_keep_versions);
	end if;
	perform vault.request_settle(p_project, p_digest, 'secrets/push',
		outcome, code, version, device_id, p_environment, version,
		p_remote);
end
$$;
