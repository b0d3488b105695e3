-- SPDX-License-Identifier: MIT
-- vault.confirm_is_spare: whether the content of a confirm is kept with an older
-- version, too: with the push or rollback that it confirms, or with an earlier
-- confirm of that.
-- caller:    functions
-- arguments: p_project      the project
--            p_environment  its name
--            p_version      the confirm
-- result:    true or false
-- raises:    nothing
-- writes:    nothing
-- The same content is another blob under each version: only the order of versions
-- says which have the same.
create or replace function vault.confirm_is_spare(
	p_project uuid, p_environment text, p_version bigint)
returns boolean
language plpgsql stable
as $$
declare
	v_confirmed bigint;
begin
	select max(r.version) into v_confirmed from vault.records r
	where r.project_id = p_project and r.environment = p_environment
		and r.version < p_version and r.op <> 2;
	return exists (select from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.version >= coalesce(v_confirmed, 1)
			and r.version < p_version and r.blob is not null);
end
$$;
