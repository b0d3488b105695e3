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

	-- Nobody waits for these: whoever holds the row is writing the same.
	if not v_seen then
		perform from vault.members m
		where m.project_id = p_project and m.id = member_id
		for no key update skip locked;
		if found then
			update vault.members m set last_seen_at = now()
			where m.project_id = p_project and m.id = member_id;
		end if;
	end if;
	if not v_used then
		perform from vault.member_keys k
		where k.project_id = p_project and k.key_id = p_key
		for no key update skip locked;
		if found then
			update vault.member_keys k set used_at = now()
			where k.project_id = p_project and k.key_id = p_key;
		end if;
	end if;
end
$$;
