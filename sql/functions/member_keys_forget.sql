-- SPDX-License-Identifier: MIT
-- vault.member_keys_forget: removes every request key, after the server key was
-- lost. Clients register again by themselves.
-- caller:    vault.fcgi --forget-keys
-- arguments: none
-- result:    how many there were
-- raises:    nothing
-- writes:    member_keys
create or replace function vault.member_keys_forget()
returns bigint
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_count bigint;
begin
	delete from vault.member_keys k;
	get diagnostics v_count = row_count;
	return v_count;
end
$$;
