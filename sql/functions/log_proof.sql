-- SPDX-License-Identifier: MIT
-- vault.log_proof: what proves a refusal to the client: the log up to the entry
-- that it follows from, and nothing behind that one; for a device that was
-- removed never more than up to that: who joins later is not its business.
-- caller:    vault.fcgi
-- arguments: p_project     the project
--            p_outcome     VE011: up to the first rotation after a generation;
--                          VE035: up to the revocation of a device; VE096: all
--            p_generation  with VE011: of the VAULT_KEY in question; NULL: that
--                          of p_key
--            p_key         the request id, 16 bytes
--            p_have        how many entries the client holds
-- result:    log           a page of statements with signatures, or NULL
--            log_count     how many there are up to that entry
-- raises:    nothing
-- writes:    nothing
create or replace function vault.log_proof(
	p_project uuid, p_outcome text, p_generation int, p_key bytea,
	p_have bigint,
	out log bytea[], out log_count bigint)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
declare
	v_generation int := p_generation;
	v_member uuid;
begin
	select coalesce(v_generation, k.generation), k.member_id
	into v_generation, v_member
	from vault.member_keys k
	where k.project_id = p_project and k.key_id = p_key;

	if p_outcome = 'VE011' then
		select l.seq + 1 into log_count from vault.log l
		where l.project_id = p_project and l.kind = 5
		order by l.seq
		offset coalesce(v_generation, p_generation) limit 1;
	elsif p_outcome <> 'VE035' then
		select p.log_count into log_count from vault.projects p
		where p.id = p_project;
	end if;
	log_count := least(log_count, (select l.seq + 1 from vault.log l
		where l.project_id = p_project and l.kind = 4
			and l.device_id = v_member));
	log := vault.log_page(p_project, p_have, log_count - 1);
end
$$;
