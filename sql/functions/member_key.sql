-- SPDX-License-Identifier: MIT
-- vault.member_key: the sealed request key that verifies a request of protocol
-- v2, and the public key that verifies what its device signs.
-- caller:    vault.fcgi
-- arguments: p_project    the project
--            p_key        the request id, 16 bytes
-- result:    outcome      '00000'; VE010 no such key; VE040 no such project;
--                         VE09C it is one of protocol v1
--            sealed       60 bytes; NULL unless '00000', as the others
--            device_id    whose key it is
--            sign_public  32 bytes
-- raises:    nothing
-- writes:    nothing
create or replace function vault.member_key(
	p_project uuid, p_key bytea,
	out outcome char(5), out sealed bytea, out device_id uuid,
	out sign_public bytea)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	select case
		when p.protocol = 1 then 'VE09C'
		when m.id is null then 'VE010'
		else '00000' end, k.sealed, m.id, m.sign_public
	into outcome, sealed, device_id, sign_public
	from vault.projects p
	left join vault.member_keys k
		on k.project_id = p.id and k.key_id = p_key
	left join vault.members m
		on m.project_id = p.id and m.id = k.member_id
	where p.id = p_project and p.deleted_at is null;
	if not found then
		outcome := 'VE040';
	end if;
end
$$;
