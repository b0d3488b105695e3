-- SPDX-License-Identifier: MIT
-- vault.secret_pull: the newest version of an environment's blob, for many
-- pulls at once, audited in the same transaction.
-- caller:    vault.fcgi
-- arguments: arrays, an element for each pull
--            p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_remote       REMOTE_ADDR
--            p_device_hash  SHA-256 of the hash as received, or NULL
--            p_environment  its name
-- result:    a row for each, in their order
--            outcome        '00000'; VE030, VE031 (device); VE040 no such
--                           project; VE041 no such environment; VE042 nothing
--                           stored yet; VE054 auth key replaced; VE091
--                           signature of another path
--            blob, version  NULL unless '00000'
--            device_id      whose hash it was, or NULL
-- raises:    nothing
-- writes:    devices.last_seen_at, at most once a minute; audit_log, but for
--            VE040, VE054 and VE091
-- The same checks as in request_check() and device_check(). Each row is looked
-- up by itself (lateral, limit), or a plan made for small tables would read
-- them whole; and the plan is made once, not for each number of pulls. Blobs
-- come last: what is kept until the audit rows are written stays small.
create or replace function vault.secret_pull(
	p_project uuid[], p_auth_key bytea[], p_digest bytea[],
	p_remote text[], p_device_hash bytea[], p_environment text[])
returns table (outcome char(5), blob bytea, version bigint, device_id uuid)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
	set plan_cache_mode = force_generic_plan
as $$
declare
	v_at timestamptz := clock_timestamp();
begin
	return query
	with pull as (
		select q.n, q.project, q.remote, q.environment, d.id as device,
			case when d.status = 'approved' and d.stale
				then vault.device_seen(q.project, d.id) end
				as seen,
			case
			when p.current is null then 'VE040'
			when not p.current then 'VE054'
			when r.elsewhere then 'VE091'
			when d.status = 'pending' then 'VE030'
			when d.status <> 'approved' or a.known then 'VE031'
			when e.version is null then 'VE041'
			when e.version = 0 then 'VE042'
			else '00000' end as outcome,
			e.version
		from unnest(p_project, p_auth_key, p_digest, p_remote,
			p_device_hash, p_environment) with ordinality
			q (project, auth_key, digest, remote, device_hash,
			environment, n)
		left join lateral (
			select p.auth_key is not distinct from q.auth_key
				as current
			from vault.projects p
			where p.id = q.project limit 1) p on true
		left join lateral (
			select r.path <> 'secrets/pull' as elsewhere
			from vault.requests r
			where r.project_id = q.project and r.digest = q.digest
			limit 1) r on true
		left join lateral (
			select d.id, d.status, coalesce(d.last_seen_at
				< now() - interval '1 minute', true) as stale
			from vault.devices d
			where d.project_id = q.project
				and d.hash = q.device_hash
				and p.current and r.elsewhere is not true
			limit 1) d on true
		left join lateral (
			select true as known from vault.devices a
			where a.project_id = q.project and d.id is null
			limit 1) a on true
		left join lateral (
			select e.version from vault.environments e
			where e.project_id = q.project
				and e.name = q.environment
			limit 1) e on true
	), audited as (
		insert into vault.audit_log (project_id, at, action, outcome,
			device_id, environment, version, remote)
		select x.project, v_at, 'secrets/pull', x.outcome, x.device,
			x.environment,
			case when x.outcome = '00000' then x.version end,
			left(x.remote, 64)
		from pull x
		where x.outcome not in ('VE040', 'VE054', 'VE091')
	)
	select x.outcome::char(5), s.blob, s.version, x.device
	from pull x
	left join lateral (
		select s.blob, s.version from vault.secret_versions s
		where s.project_id = x.project
			and s.environment = x.environment
			and s.version = x.version and x.outcome = '00000'
		limit 1) s on true
	order by x.n;
end
$$;
