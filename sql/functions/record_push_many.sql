-- SPDX-License-Identifier: MIT
-- vault.record_push_many: stores what many pushes bring, each the next version
-- of its environment under the data key that it has, audited in the same
-- transaction. It does what needs no waiting and no refusal; the others, and
-- those with a new data key, are for record_push(), one by one.
-- caller:    vault.fcgi
-- arguments: arrays, an element for each push, as record_push; but
--            p_wrap_member, p_wrap  those of record_push as they are sent, which
--                       begin with the number of their dimensions
-- result:    a row for each, in their order
--            outcome    '00000', or NULL: nothing was done for it
--            code       NULL
--            version    the version made
--            device_id  whose key it is
-- raises:    nothing but that a row is locked too long, or used meanwhile
-- writes:    requests, members.last_seen_at, member_keys.used_at, heads,
--            records (old blobs go, p_keep_versions), audit_log
-- The same checks as in member_look() and record_push(). What somebody else has
-- locked is passed by, as in secret_push_many(); what a confirm leaves behind,
-- and a second push to the same environment, is not done here.
create or replace function vault.record_push_many(
	p_project uuid[], p_key bytea[], p_digest bytea[], p_remote text[],
	p_flaw text[], p_environment text[], p_version bigint[],
	p_prev bytea[], p_data_key bytea[], p_op int[], p_author uuid[],
	p_log_seq bigint[], p_log_hash bytea[], p_record bytea[],
	p_hash bytea[], p_blob bytea[], p_wrap_member bytea[], p_wrap bytea[],
	p_max_environments int[], p_keep_versions int[], p_max_bytes bigint[])
returns table (outcome char(5), code text, version bigint, device_id uuid)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
	set plan_cache_mode = force_generic_plan
	set lock_timeout = '200ms'
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_member uuid[];
	v_blobs bigint[];
begin
	with asked as (
		select q.*, octet_length(p_record[q.n])
			+ octet_length(p_blob[q.n]) as bytes,
			row_number() over (partition by q.project,
				q.environment order by q.n) as step
		from unnest(p_project, p_key, p_digest, p_remote, p_flaw,
			p_environment, p_version, p_prev, p_data_key, p_op,
			p_author, p_log_seq, p_log_hash, p_max_bytes)
			with ordinality q (project, key, digest, remote, flaw,
			environment, version, prev, data_key, op, author,
			log_seq, log_hash, max_bytes, n)
		where substr(p_wrap_member[q.n], 1, 4) = '\x00000000'
	), room as (
		select q.*, sum(q.bytes) over (partition by q.project
			order by q.n) as project_bytes
		from asked q
		where q.step = 1 and q.flaw is null
	), push as (
		select q.n, q.project, q.key, q.digest, q.remote,
			q.environment, q.version, q.data_key, q.op, q.author,
			q.log_seq, q.bytes,
			case when m.stale or k.stale then vault.member_seen(
				q.project, q.author, q.key) end as seen,
			h.blobs + (q.op <> 2)::int as blobs,
			greatest(v_now, h.updated_at) as at
		from room q
		left join lateral (
			select true as known from vault.requests r
			where r.project_id = q.project and r.digest = q.digest
			limit 1) r on true
		join lateral (
			select k.member_id,
				k.used_at < now() - interval '1 day' as stale
			from vault.member_keys k
			where k.project_id = q.project and k.key_id = q.key
				and not k.retired
			limit 1) k on true
		join lateral (
			select coalesce(m.last_seen_at
				< now() - interval '1 minute', true) as stale,
				m.environments
			from vault.members m
			where m.project_id = q.project and m.id = k.member_id
				and m.id = q.author and m.status = 'approved'
				and m.role >= 2
				and coalesce(m.expires_at >= now(), true)
			limit 1) m on true
		join lateral (
			select true as known from vault.log l
			where l.project_id = q.project and l.seq = q.log_seq
				and l.hash = q.log_hash
			limit 1) l on true
		join lateral (
			select r.op from vault.records r
			where r.project_id = q.project
				and r.environment = q.environment
				and r.version = q.version - 1
			limit 1) b on true
		join lateral (
			select h.version, h.hash, h.key_id, h.cut_seq,
				h.cut_version, h.blobs, h.updated_at
			from vault.heads h
			where h.project_id = q.project
				and h.environment = q.environment
			limit 1
			for no key update skip locked) h on true
		where r.known is null and b.op <> 2
			and vault.in_scope(m.environments, q.environment)
			and h.version = q.version - 1 and h.hash = q.prev
			and h.key_id = q.data_key
			and h.cut_version < h.version
			and (h.cut_version = 0 or q.log_seq >= h.cut_seq)
			and (q.max_bytes < 1 or vault.project_room(q.project,
				q.project_bytes, q.max_bytes))
	), bound as (
		insert into vault.requests (project_id, digest, path, version,
			at)
		select x.project, x.digest, 'secrets/push', x.version, v_now
		from push x
	), headed as (
		update vault.heads h
		set version = x.version, hash = p_hash[x.n], blobs = x.blobs,
			bytes = h.bytes + x.bytes, updated_at = x.at
		from push x
		where h.project_id = x.project
			and h.environment = x.environment
	), stored as (
		insert into vault.records (project_id, environment, version,
			record, hash, key_id, op, log_seq, author, blob,
			created_at)
		select x.project, x.environment, x.version, p_record[x.n],
			p_hash[x.n], x.data_key, x.op, x.log_seq, x.author,
			p_blob[x.n], v_now
		from push x
	), audited as (
		insert into vault.audit_log (project_id, at, action, outcome,
			device_id, environment, version, remote)
		select x.project, v_now, 'secrets/push', '00000', x.author,
			x.environment, x.version, left(x.remote, 64)
		from push x
	)
	select array_agg(x.author order by q.n),
		array_agg(x.blobs order by q.n)
	into v_member, v_blobs
	from unnest(p_project) with ordinality q (project, n)
	left join push x on x.n = q.n;

	perform vault.records_retain(p_project[n], p_environment[n],
		p_version[n], p_data_key[n], p_keep_versions[n])
	from generate_subscripts(v_blobs, 1) n
	where v_blobs[n] > p_keep_versions[n] and p_keep_versions[n] > 0;

	return query
	select case when x.member is not null then '00000' end::char(5),
		null::text,
		case when x.member is not null then p_version[x.n] end, x.member
	from unnest(v_member) with ordinality x (member, n);
end
$$;
