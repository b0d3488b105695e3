-- SPDX-License-Identifier: MIT
-- vault.housekeep: removes projects that nobody claimed, signatures that have
-- expired, devices that waited a week for an approval and counts of a day that
-- is over, and makes the audit log's next partitions. For every minute; several
-- servers may call it at once.
-- caller:    vault.fcgi
-- arguments: p_unclaimed_minutes  age at which a project without a key goes;
--                                 below 1: none goes
-- result:    projects_removed     at most 1,000 a call
--            requests_removed     at most 100,000 a call
-- raises:    nothing
-- writes:    projects, environments, requests, members, member_keys, creations,
--            audit_log and its partitions
-- A project that has a key, a device or a secret is never touched. Rows in use
-- are skipped, not waited for.
create or replace function vault.housekeep(
	p_unclaimed_minutes int,
	out projects_removed int, out requests_removed int)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	with unclaimed as (
		select p.id from vault.projects p
		where p.auth_key is null and p.protocol = 1
			and p_unclaimed_minutes >= 1
			and p.created_at < now()
				- make_interval(mins => p_unclaimed_minutes)
			and not exists (select from vault.devices d
				where d.project_id = p.id)
			and not exists (select from vault.secret_versions s
				where s.project_id = p.id)
		order by p.created_at
		limit 1000
		for update skip locked
	), removed as (
		delete from vault.projects p
		where p.id in (select u.id from unclaimed u)
		returning p.id
	), noted as (
		insert into vault.audit_log (project_id, action, outcome)
		select r.id, 'project/remove', '00000' from removed r
	)
	select count(*) into projects_removed from removed;

	-- A signature is fresh for six minutes (60 s ahead, 300 s behind);
	-- the rest is for requests that waited for their turn.
	with expired as (
		select r.project_id, r.digest from vault.requests r
		where r.at < now() - interval '6 minutes 30 seconds'
		order by r.at
		limit 100000
		for update skip locked
	)
	delete from vault.requests r
	using expired x
	where r.project_id = x.project_id and r.digest = x.digest;
	get diagnostics requests_removed = row_count;

	with waiting as (
		select m.project_id, m.id from vault.members m
		where m.status = 'pending'
			and m.created_at < now() - interval '7 days'
		order by m.created_at
		limit 1000
		for update skip locked
	), keys as (
		delete from vault.member_keys k
		using waiting w
		where k.project_id = w.project_id and k.member_id = w.id
	)
	delete from vault.members m
	using waiting w
	where m.project_id = w.project_id and m.id = w.id;

	delete from vault.creations c
	where c.network in (
		select o.network from vault.creations o
		where o.began_at < now() - interval '24 hours'
		order by o.began_at
		limit 100000
		for update skip locked);

	perform vault.audit_partitions();
end
$$;
