-- SPDX-License-Identifier: MIT
-- vault.member_seen: notes that a device was here, with this request key.
-- caller:    functions
-- arguments: p_project  the project
--            p_member   the device
--            p_key      the request id
-- result:    nothing
-- raises:    nothing
-- writes:    members.last_seen_at, at most once a minute; member_keys.used_at,
--            at most once a day
-- Nobody waits for these: whoever holds the row is writing the same.
create or replace function vault.member_seen(
	p_project uuid, p_member uuid, p_key bytea)
returns void
language plpgsql
as $$
begin
	perform from vault.members m
	where m.project_id = p_project and m.id = p_member
		and coalesce(m.last_seen_at < now() - interval '1 minute', true)
	for no key update skip locked;
	if found then
		update vault.members m set last_seen_at = now()
		where m.project_id = p_project and m.id = p_member;
	end if;
	perform from vault.member_keys k
	where k.project_id = p_project and k.key_id = p_key
		and k.used_at < now() - interval '1 day'
	for no key update skip locked;
	if found then
		update vault.member_keys k set used_at = now()
		where k.project_id = p_project and k.key_id = p_key;
	end if;
end
$$;
