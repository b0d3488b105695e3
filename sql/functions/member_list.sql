-- SPDX-License-Identifier: MIT
-- vault.member_list: every device of a project of protocol v2, for an admin.
-- caller:    vault.fcgi
-- arguments: p_project     the project
--            p_key         the request id whose key verified the MAC, 16 bytes
--            p_remote      REMOTE_ADDR
--            p_after       the last device that the client has, or NULL
-- result:    rows, one at least
--            outcome       '00000', or as member_check
--            device_id     whose key it is
--            id, status, registration, address, created_at, last_seen_at
--                          in order of id, 1,001 at most; registration and
--                          address of those that wait only; id NULL: there is
--                          none
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log (a refusal)
create or replace function vault.member_list(
	p_project uuid, p_key bytea, p_remote text, p_after uuid)
returns table (outcome char(5), device_id uuid, id uuid, status text,
	registration bytea, address text, created_at text, last_seen_at text)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 3, null) c;
	if outcome = '00000' then
		return query
		select '00000'::char(5), member_list.device_id, m.id, m.status,
			case when m.status = 'pending' then m.registration end,
			case when m.status = 'pending' then m.remote end,
			vault.iso(m.created_at), vault.iso(m.last_seen_at)
		from vault.members m
		where m.project_id = p_project
			and (p_after is null or m.id > p_after)
		order by m.id
		limit 1001;
		if found then
			return;
		end if;
	elsif device_id is not null then
		perform vault.audit(p_project, 'devices/list', outcome,
			device_id, null, null, p_remote);
	end if;
	return next;
end
$$;
