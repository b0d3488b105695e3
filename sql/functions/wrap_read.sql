-- SPDX-License-Identifier: MIT
-- vault.wrap_read: wraps of an environment's data keys: a device's own, or for
-- an admin everybody's.
-- caller:    vault.fcgi
-- arguments: p_project       the project
--            p_key           the request id whose key verified the MAC, 16 bytes
--            p_remote        REMOTE_ADDR
--            p_environment   its name
--            p_all           true: those of all devices
--            p_after_key, p_after_member  the last row that the client has, or
--                            NULL
-- result:    rows, one at least
--            outcome         '00000'; VE042 nothing stored yet; or as
--                            member_check
--            device_id       whose key it is
--            key_id, member_id, generation, wrap  in order of key and device,
--                            1,001 at most; NULL: there is none
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log
create or replace function vault.wrap_read(
	p_project uuid, p_key bytea, p_remote text, p_environment text,
	p_all boolean, p_after_key bytea, p_after_member uuid)
returns table (outcome char(5), device_id uuid, key_id bytea, member_id uuid,
	generation int, wrap bytea)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key,
		case when p_all then 3 else 1 end, p_environment) c;
	if outcome = '00000' then
		perform from vault.heads h
		where h.project_id = p_project
			and h.environment = p_environment;
		if not found then
			outcome := 'VE042';
		end if;
	end if;
	if device_id is not null then
		perform vault.audit(p_project, 'keys/read', outcome, device_id,
			p_environment, null, p_remote);
	end if;
	if outcome = '00000' then
		return query
		select '00000'::char(5), wrap_read.device_id, w.key_id,
			w.member_id, w.generation, w.wrap
		from vault.wraps w
		where w.project_id = p_project
			and w.environment = p_environment
			and (p_all or w.member_id = wrap_read.device_id)
			and (p_after_key is null or (w.key_id, w.member_id)
				> (p_after_key, p_after_member))
		order by w.key_id, w.member_id
		limit 1001;
		if found then
			return;
		end if;
	end if;
	return next;
end
$$;
