-- SPDX-License-Identifier: MIT
-- vault.audit_list: who did what, newest first, for an admin.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_key          the request id whose key verified the MAC, 16 bytes
--            p_remote       REMOTE_ADDR
--            p_before_at, p_before_id  the last row that the client has, or NULL
--            p_limit        rows wanted; one more is given if there is one
--            p_device       only what this device did, or NULL
--            p_environment  only what was done there, or NULL
-- result:    rows, one at least
--            outcome        '00000', or as member_check
--            device_id      whose key it is
--            at, id, action, result, actor, environment, version, address
--                           at with microseconds; id NULL: there is none
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log (a refusal)
create or replace function vault.audit_list(
	p_project uuid, p_key bytea, p_remote text, p_before_at timestamptz,
	p_before_id uuid, p_limit int, p_device uuid, p_environment text)
returns table (outcome char(5), device_id uuid, at text, id uuid, action text,
	result text, actor uuid, environment text, version bigint,
	address text)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 3, null) c;
	if outcome = '00000' then
		return query
		select '00000'::char(5), audit_list.device_id,
			to_char(timezone('UTC', a.at),
				'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
			a.id, a.action, a.outcome, a.device_id, a.environment,
			a.version, a.remote
		from vault.audit_log a
		where a.project_id = p_project
			and (p_before_at is null or (a.at, a.id)
				< (p_before_at, p_before_id))
			and (p_device is null or a.device_id = p_device)
			and (p_environment is null
				or a.environment = p_environment)
		order by a.at desc, a.id desc
		limit p_limit + 1;
		if found then
			return;
		end if;
	elsif device_id is not null then
		perform vault.audit(p_project, 'audit/list', outcome,
			device_id, null, null, p_remote);
	end if;
	return next;
end
$$;
