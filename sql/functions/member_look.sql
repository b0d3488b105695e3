-- SPDX-License-Identifier: MIT
-- vault.member_look: may the device that this request key is of do this?
-- caller:    functions
-- arguments: p_project      the project
--            p_key          the request id, 16 bytes
--            p_role         the least role: 1 reader, 2 writer, 3 admin
--            p_environment  that it has to have in scope, or NULL
-- result:    outcome        '00000'; VE010 the key is gone; VE011 it is of an
--                           older VAULT_KEY; VE030 pending; VE032 role; VE033
--                           scope; VE034 expired; VE035 removed; VE040 no such
--                           project; VE09C it is one of protocol v1
--            member_id      NULL with VE010, VE040 and VE09C
--            seen           false: last_seen_at is to be written
--            used           false: used_at is to be written
-- raises:    nothing
-- writes:    nothing
-- The same checks for many at once are in record_poll() and record_pull().
create or replace function vault.member_look(
	p_project uuid, p_key bytea, p_role int, p_environment text,
	out outcome char(5), out member_id uuid, out seen boolean,
	out used boolean)
language plpgsql stable
as $$
begin
	select m.id,
		coalesce(m.last_seen_at >= now() - interval '1 minute', false),
		k.used_at >= now() - interval '1 day',
		case
		when k.retired then 'VE011'
		when m.status = 'pending' then 'VE030'
		when m.status = 'revoked' then 'VE035'
		when m.expires_at < now() then 'VE034'
		when m.role < p_role then 'VE032'
		when not vault.in_scope(m.environments, p_environment)
			then 'VE033'
		else '00000' end
	into member_id, seen, used, outcome
	from vault.member_keys k
	join vault.members m
		on m.project_id = k.project_id and m.id = k.member_id
	where k.project_id = p_project and k.key_id = p_key;

	if not found then
		select case when p.protocol = 1 then 'VE09C' else 'VE010' end
		into outcome
		from vault.projects p
		where p.id = p_project and p.deleted_at is null;
		outcome := coalesce(outcome, 'VE040');
	end if;
end
$$;
