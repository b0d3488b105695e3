-- SPDX-License-Identifier: MIT
-- vault.secret_current_version: what pollers ask, many of them at once: one
-- look-up each, no write.
-- caller:    vault.fcgi
-- arguments: arrays, an element for each poll
--            p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_environment  its name
-- result:    a row for each, in their order
--            outcome        '00000'; VE040 no such project; VE041 no such
--                           environment; VE054 auth key replaced; VE091
--                           signature of another path
--            version        the newest, 0 when nothing was pushed yet; NULL
--                           unless '00000'
--            updated_at     or NULL with 0
-- raises:    nothing
-- writes:    nothing
-- The same checks as in request_check(). Each row is looked up by itself
-- (lateral, limit), or a plan made for small tables would read them whole; and
-- the plan is made once, not at each call for its number of polls.
create or replace function vault.secret_current_version(
	p_project uuid[], p_auth_key bytea[], p_digest bytea[],
	p_environment text[])
returns table (outcome char(5), version bigint, updated_at text)
language plpgsql stable rows 10
security definer set search_path = vault, pg_temp
	set plan_cache_mode = force_generic_plan
as $$
begin
	return query
	select case
			when p.current is null then 'VE040'
			when not p.current then 'VE054'
			when r.elsewhere then 'VE091'
			when e.version is null then 'VE041'
			else '00000' end::char(5),
		e.version, vault.iso(e.updated_at)
	from unnest(p_project, p_auth_key, p_digest, p_environment)
		with ordinality q (project, auth_key, digest, environment, n)
	left join lateral (
		select p.auth_key is not distinct from q.auth_key as current
		from vault.projects p
		where p.id = q.project limit 1) p on true
	left join lateral (
		select r.path <> 'secrets/current-version' as elsewhere
		from vault.requests r
		where r.project_id = q.project and r.digest = q.digest
		limit 1) r on true
	left join lateral (
		select e.version, e.updated_at
		from vault.environments e
		where e.project_id = q.project and e.name = q.environment
			and p.current and r.elsewhere is not true
		limit 1) e on true
	order by q.n;
end
$$;
