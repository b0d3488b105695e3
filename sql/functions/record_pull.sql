-- SPDX-License-Identifier: MIT
-- vault.record_pull: a version of an environment and what a client needs to
-- verify it, for many pulls at once, audited in the same transaction.
-- caller:    vault.fcgi
-- arguments: arrays, an element for each pull
--            p_project       the project
--            p_key           the request id whose key verified the MAC
--            p_remote        REMOTE_ADDR
--            p_environment   its name
--            p_log_have      how many entries of the log the client holds
--            p_record_have   hash of the newest record it holds, or NULL
--            p_records_from  the first version whose record it wants; NULL: the
--                            newest only
--            p_version       the version it wants; NULL: the newest
-- result:    a row for each, in their order
--            outcome         '00000'; VE042 nothing stored yet; VE043 no such
--                            version; VE045 it is kept no more; VE010, VE011,
--                            VE030, VE033, VE034, VE035, VE040, VE09C as
--                            member_look
--            device_id       whose key it is; NULL with VE010 and VE040
--            version         the one given; the others are NULL unless '00000'
--            unchanged       true: p_record_have is still the newest
--            log, log_count  a page of entries, or NULL; how many there are
--            records         a page of records, 1,000, or NULL
--            more            true: something did not fit; then no blob is given
--            blob, key_id, generation, wrap  the version's, with the device's
--                            own wrap of its data key
-- raises:    nothing
-- writes:    members.last_seen_at, at most once a minute; member_keys.used_at,
--            at most once a day; audit_log (a blob, unchanged, a refusal)
-- The same checks as in member_look(). As to its form see secret_pull(); but a
-- blob comes along with its record, by one look-up: a large one as a pointer.
create or replace function vault.record_pull(
	p_project uuid[], p_key bytea[], p_remote text[],
	p_environment text[], p_log_have bigint[], p_record_have bytea[],
	p_records_from bigint[], p_version bigint[])
returns table (outcome char(5), device_id uuid, version bigint,
	unchanged boolean, log bytea[], log_count bigint, records bytea[],
	more boolean, blob bytea, key_id bytea, generation int, wrap bytea)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
	set plan_cache_mode = force_generic_plan
as $$
declare
	v_at timestamptz := clock_timestamp();
begin
	return query
	with asked as (
		select q.n, q.project, q.key, q.remote, q.environment,
			q.log_have, q.records_from, m.id as member,
			m.stale or k.stale as stale,
			case
			when p.protocol is null then 'VE040'
			when p.protocol = 1 then 'VE09C'
			when m.id is null then 'VE010'
			when k.retired then 'VE011'
			when m.status = 'pending' then 'VE030'
			when m.status = 'revoked' then 'VE035'
			when m.expires_at < now() then 'VE034'
			when not vault.in_scope(m.environments, q.environment)
				then 'VE033'
			when h.version is null then 'VE042'
			when q.version < 1 or q.version > h.version
				then 'VE043'
			when r.gone then 'VE045'
			else '00000' end as outcome,
			coalesce(q.version, h.version) as version,
			q.version is null
				and h.hash is not distinct from q.record_have
				as unchanged,
			least(coalesce(q.records_from, h.version),
				coalesce(q.version, h.version)) as first,
			h.version as last, p.log_count, r.record, r.key_id,
			r.blob
		from unnest(p_project, p_key, p_remote, p_environment,
			p_log_have, p_record_have, p_records_from, p_version)
			with ordinality q (project, key, remote, environment,
			log_have, record_have, records_from, version, n)
		left join lateral (
			select p.protocol, p.log_count from vault.projects p
			where p.id = q.project and p.deleted_at is null
			limit 1) p on true
		left join lateral (
			select k.member_id, k.retired,
				k.used_at < now() - interval '1 day' as stale
			from vault.member_keys k
			where k.project_id = q.project and k.key_id = q.key
			limit 1) k on true
		left join lateral (
			select m.id, m.status, m.expires_at, m.environments,
				coalesce(m.last_seen_at
					< now() - interval '1 minute', true)
					as stale
			from vault.members m
			where m.project_id = q.project and m.id = k.member_id
			limit 1) m on true
		left join lateral (
			select h.version, h.hash from vault.heads h
			where h.project_id = q.project
				and h.environment = q.environment
			limit 1) h on true
		left join lateral (
			select r.record, r.key_id, r.blob,
				r.blob is null as gone
			from vault.records r
			where r.project_id = q.project
				and r.environment = q.environment
				and r.version = coalesce(q.version, h.version)
				and (q.version is not null
				or h.hash is distinct from q.record_have)
			limit 1) r on true
	), pull as (
		select a.*, page.log, page.records,
			case when a.stale then vault.member_seen(a.project,
				a.member, a.key) end as seen,
			a.log_have + coalesce(cardinality(page.log), 0)
				< a.log_count
			or not a.unchanged
				and a.first + cardinality(page.records) <= a.last
				as more
		from asked a
		-- Without `offset` it is made anew wherever it is named.
		left join lateral (
			select case when a.outcome = '00000'
				and a.log_have < a.log_count
				then vault.log_page(a.project, a.log_have,
				a.log_count - 1) end as log,
			case when a.outcome <> '00000' or a.unchanged then null
				when a.first = a.last then array[a.record]
				else array(
				select r.record from vault.records r
				where r.project_id = a.project
					and r.environment = a.environment
					and r.version >= a.first
					and r.version <= a.last
				order by r.version
				limit 1000) end as records
			offset 0) page on true
	), audited as (
		insert into vault.audit_log (project_id, at, action, outcome,
			device_id, environment, version, remote)
		select x.project, v_at, 'secrets/pull', x.outcome, x.member,
			x.environment,
			case when x.outcome = '00000' then x.version end,
			left(x.remote, 64)
		from pull x
		where x.member is not null
			and (x.outcome <> '00000' or not x.more)
	)
	select x.outcome::char(5), x.member,
		case when x.outcome = '00000' then x.version end,
		case when x.outcome = '00000' then x.unchanged end,
		x.log, case when x.outcome = '00000' then x.log_count end,
		x.records, case when x.outcome = '00000' then x.more end,
		given.blob, w.key_id, w.generation, w.wrap
	from pull x
	left join lateral (
		select x.blob, x.key_id
		where x.outcome = '00000' and not x.more) given on true
	left join lateral (
		select w.key_id, w.generation, w.wrap from vault.wraps w
		where w.project_id = x.project
			and w.environment = x.environment
			and w.key_id = given.key_id and w.member_id = x.member
		limit 1) w on true
	order by x.n;
end
$$;
