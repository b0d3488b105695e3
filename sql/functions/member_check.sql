-- SPDX-License-Identifier: MIT
-- vault.member_check: member_look(), and notes that the device was here.
-- caller:    functions
-- arguments: as member_look
-- result:    outcome, member_id  as member_look
-- raises:    nothing
-- writes:    members.last_seen_at, at most once a minute;
--            member_keys.used_at, at most once a day
create or replace function vault.member_check(
	p_project uuid, p_key bytea, p_role int, p_environment text,
	out outcome char(5), out member_id uuid)
language plpgsql
as $$
declare
	v_seen boolean;
	v_used boolean;
begin
	select l.outcome, l.member_id, l.seen, l.used
	into outcome, member_id, v_seen, v_used
	from vault.member_look(p_project, p_key, p_role, p_environment) l;

	if not v_seen or not v_used then
		perform vault.member_seen(p_project, member_id, p_key);
	end if;
end
$$;
