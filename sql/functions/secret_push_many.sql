-- SPDX-License-Identifier: MIT
-- vault.secret_push_many: stores what many pushes bring, each the next version
-- of its environment, audited in the same transaction. It does what needs no
-- waiting and no refusal; the others are for secret_push(), one by one.
-- caller:    vault.fcgi
-- arguments: arrays, an element for each push, as secret_push
-- result:    a row for each, in their order
--            outcome    '00000', or NULL: nothing was done for it
--            version    the version made
--            device_id  whose hash it was, or NULL
--            moved_to   where the project goes on, or NULL
-- raises:    nothing but that a row is locked too long, or used meanwhile
-- writes:    requests, devices.last_seen_at, environments, secret_versions
--            (old ones go, p_keep_versions), audit_log
-- The same checks as in request_check(), device_check() and secret_push(). What
-- somebody else has locked is passed by. Only the row of a signature may have
-- to be waited for, when another server has the very same request in hand. Of
-- pushes to one environment that name their base only the first can be done.
-- As to its form see secret_pull().
create or replace function vault.secret_push_many(
	p_project uuid[], p_auth_key bytea[], p_digest bytea[],
	p_remote text[], p_device_hash bytea[], p_environment text[],
	p_blob bytea[], p_changed_keys text[], p_key_count int[],
	p_base_version bigint[], p_max_environments int[],
	p_keep_versions int[], p_max_bytes bigint[])
returns table (outcome char(5), version bigint, device_id uuid, moved_to uuid)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
	set plan_cache_mode = force_generic_plan
	set lock_timeout = '200ms'
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_version bigint[];
	v_device uuid[];
	v_moved_to uuid[];
begin
	with asked as (
		select q.*, octet_length(p_blob[q.n])
			+ coalesce(octet_length(p_changed_keys[q.n]), 0)
			as bytes,
			row_number() over (partition by q.project, q.digest
				order by q.n) as copy
		from unnest(p_project, p_auth_key, p_digest, p_remote,
			p_device_hash, p_environment, p_base_version,
			p_max_bytes) with ordinality
			q (project, auth_key, digest, remote, device_hash,
			environment, base, max_bytes, n)
	), room as (
		select q.*, sum(q.bytes) over (partition by q.project
			order by q.n) as project_bytes
		from asked q
		where q.copy = 1
	), found as (
		select q.n, q.project, q.digest, q.remote, q.environment,
			p.moved_to, d.id as device,
			d.stale, e.version, greatest(v_now, e.updated_at) as at,
			row_number() over (partition by q.project,
				q.environment order by q.n) as step,
			sum(q.bytes) over (partition by q.project,
				q.environment order by q.n) as bytes,
			bool_or(q.base is not null) over (partition by
				q.project, q.environment) as based
		from room q
		join lateral (
			select p.moved_to from vault.projects p
			where p.id = q.project and not p.frozen
				and p.auth_key is not distinct from q.auth_key
			limit 1) p on true
		left join lateral (
			select true as known from vault.requests r
			where r.project_id = q.project and r.digest = q.digest
			limit 1) r on true
		left join lateral (
			select d.id, d.status, coalesce(d.last_seen_at
				< now() - interval '1 minute', true) as stale
			from vault.devices d
			where d.project_id = q.project
				and d.hash = q.device_hash
			limit 1) d on true
		left join lateral (
			select true as known from vault.devices a
			where a.project_id = q.project and d.id is null
			limit 1) a on true
		join lateral (
			select e.version, e.updated_at
			from vault.environments e
			where e.project_id = q.project
				and e.name = q.environment
				and e.bytes is not null
			limit 1
			for no key update skip locked) e on true
		where r.known is null and (d.status = 'approved'
				or d.id is null and a.known is null)
			and (q.base is null or q.base = e.version)
			and (q.max_bytes < 1 or vault.project_room(q.project,
				q.project_bytes, q.max_bytes))
	), push as (
		select f.n, f.project, f.digest, f.remote, f.environment,
			f.moved_to, f.device, f.at, f.bytes,
			case when f.stale
				then vault.device_seen(f.project, f.device) end
				as seen,
			f.version + f.step as version,
			count(*) over (partition by f.project, f.environment)
				= f.step as last
		from found f
		where f.step = 1 or not f.based
	), bound as (
		insert into vault.requests (project_id, digest, path, version,
			at)
		select x.project, x.digest, 'secrets/push', x.version, v_now
		from push x
	), counted as (
		update vault.environments e
		set version = x.version, updated_at = x.at,
			bytes = e.bytes + x.bytes
		from push x
		where e.project_id = x.project and e.name = x.environment
			and x.last
	), stored as (
		insert into vault.secret_versions (project_id, environment,
			version, blob, changed_keys, key_count, device_id,
			created_at)
		select x.project, x.environment, x.version, p_blob[x.n],
			p_changed_keys[x.n], p_key_count[x.n], x.device, x.at
		from push x
	), audited as (
		insert into vault.audit_log (project_id, at, action, outcome,
			device_id, environment, version, remote)
		select x.project, v_now, 'secrets/push', '00000', x.device,
			x.environment, x.version, left(x.remote, 64)
		from push x
	)
	select array_agg(x.version order by q.n),
		array_agg(x.device order by q.n),
		array_agg(x.moved_to order by q.n)
	into v_version, v_device, v_moved_to
	from unnest(p_project) with ordinality q (project, n)
	left join push x on x.n = q.n;

	perform vault.versions_retain(p_project[n], p_environment[n],
		v_version[n], p_keep_versions[n])
	from generate_subscripts(v_version, 1) n
	where v_version[n] > p_keep_versions[n] and p_keep_versions[n] > 0;

	return query
	select case when x.version is not null then '00000' end::char(5),
		x.version, x.device, x.moved_to
	from unnest(v_version, v_device, v_moved_to)
		x (version, device, moved_to);
end
$$;
