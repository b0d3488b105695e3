-- SPDX-License-Identifier: MIT
-- vault.record_heads: the newest record of each environment that a device has in
-- scope.
-- caller:    vault.fcgi
-- arguments: p_project  the project
--            p_key      the request id whose key verified the MAC, 16 bytes
--            p_remote   REMOTE_ADDR
-- result:    outcome    '00000', or as member_check
--            device_id  whose key it is
--            records    statements with signatures, by environment, or NULL
--            log_count
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log (a refusal)
create or replace function vault.record_heads(
	p_project uuid, p_key bytea, p_remote text,
	out outcome char(5), out device_id uuid, out records bytea[],
	out log_count bigint)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 1, null) c;
	if outcome = '00000' then
		select array_agg(r.record order by r.environment) into records
		from vault.members m
		join vault.heads h on h.project_id = m.project_id
			and vault.in_scope(m.environments, h.environment)
		join vault.records r on r.project_id = h.project_id
			and r.environment = h.environment
			and r.version = h.version
		where m.project_id = p_project and m.id = device_id;
		select p.log_count into log_count
		from vault.projects p where p.id = p_project;
	elsif device_id is not null then
		perform vault.audit(p_project, 'secrets/heads', outcome,
			device_id, null, null, p_remote);
	end if;
end
$$;
