-- SPDX-License-Identifier: MIT
-- vault.address_network: the network that one owner of an address usually has
-- whole: IPv4 /24, IPv6 /56.
-- caller:    functions
-- arguments: p_remote  REMOTE_ADDR
-- result:    as text; 'unknown' for what is no address
-- raises:    nothing
-- writes:    nothing
create or replace function vault.address_network(p_remote text)
returns text
language plpgsql
as $$
declare
	v_address inet;
begin
	v_address := split_part(p_remote, '%', 1);
	if v_address <<= inet '::ffff:0:0/96' then
		-- IPv4, on a socket of both families.
		v_address := substring(host(v_address) from '[0-9.]+$');
	end if;
	return network(set_masklen(v_address,
		case when family(v_address) = 4 then 24 else 56 end));
exception when invalid_text_representation then
	return 'unknown';
end
$$;
