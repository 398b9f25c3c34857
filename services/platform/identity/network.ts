/** Addresses and networks: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */

const part = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const v4 = new RegExp(`^(?:${part}\\.){3}${part}$`);

/** The URL Standard's parser knows what an IPv6 address is. */
const isV6 = (address: string): boolean => /^[0-9a-fA-F:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);

export const isNetwork = (text: string): boolean => {
  const [address = "", bits, ...more] = text.split("/");
  const max = v4.test(address) ? 32 : isV6(address) ? 128 : -1;
  return max > 0 && more.length === 0 && (bits === undefined || (/^(?:0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= max));
};
