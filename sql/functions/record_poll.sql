-- SPDX-License-Identifier: MIT
-- vault.record_poll: what pollers of protocol v2 ask, many of them at once: one
-- look-up each, no write.
-- caller:    vault.fcgi
-- arguments: arrays, an element for each poll
--            p_project      the project
--            p_key          the request id whose key verified the MAC
--            p_environment  its name
-- result:    a row for each, in their order
--            outcome        '00000'; VE042 nothing stored yet; VE010, VE011,
--                           VE030, VE033, VE034, VE035, VE040, VE09C as
--                           member_look
--            device_id      whose key it is; NULL with VE010 and VE040
--            version, record_hash, log_count, updated_at  NULL unless '00000'
-- raises:    nothing
-- writes:    nothing
-- The same checks as in member_look(). As to its form see secret_pull().
create or replace function vault.record_poll(
	p_project uuid[], p_key bytea[], p_environment text[])
returns table (outcome char(5), device_id uuid, version bigint,
	record_hash bytea, log_count bigint, updated_at text)
language plpgsql stable rows 10
security definer set search_path = vault, pg_temp
	set plan_cache_mode = force_generic_plan
as $$
begin
	return query
	select case
			when p.protocol is null then 'VE040'
			when p.protocol = 1 then 'VE09C'
			when m.id is null then 'VE010'
			when k.retired then 'VE011'
			when m.status = 'pending' then 'VE030'
			when m.status = 'revoked' then 'VE035'
			when m.expires_at < now() then 'VE034'
			when not m.scoped then 'VE033'
			when h.version is null then 'VE042'
			else '00000' end::char(5),
		m.id, h.version, h.hash,
		case when h.version is not null then p.log_count end,
		vault.iso(h.updated_at)
	from unnest(p_project, p_key, p_environment)
		with ordinality q (project, key, environment, n)
	left join lateral (
		select p.protocol, p.log_count from vault.projects p
		where p.id = q.project and p.deleted_at is null
		limit 1) p on true
	left join lateral (
		select k.member_id, k.retired from vault.member_keys k
		where k.project_id = q.project and k.key_id = q.key
		limit 1) k on true
	left join lateral (
		select m.id, m.status, m.expires_at,
			vault.in_scope(m.environments, q.environment) as scoped
		from vault.members m
		where m.project_id = q.project and m.id = k.member_id
		limit 1) m on true
	left join lateral (
		select h.version, h.hash, h.updated_at from vault.heads h
		where h.project_id = q.project
			and h.environment = q.environment
			and not k.retired and m.status = 'approved'
			and m.expires_at < now() is not true and m.scoped
		limit 1) h on true
	order by q.n;
end
$$;
