/**
 * Which IP addresses are public. By the IANA registries of special-purpose addresses (RFC 6890): what is not globally reachable is not public, nor is
 * what carries another address within it (mapped, translated, 6to4, Teredo), which would lead around the check.
 */
import { BlockList, isIP } from "node:net";

const privateV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8], // this host
  ["10.0.0.0", 8], // private, RFC 1918
  ["100.64.0.0", 10], // carrier-grade translation, RFC 6598
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, and the metadata of clouds
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.31.196.0", 24], // AS112
  ["192.52.193.0", 24], // AMT
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["192.175.48.0", 24], // AS112
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
];

/** Unicast as it is assigned (RFC 4291 section 2.4); everything else is local, mapped, translated, multicast or not assigned. */
const globalV6 = ["2000::", 3] as const;
const privateV6: readonly (readonly [string, number])[] = [
  ["2001::", 23], // protocol assignments: Teredo, ORCHID, benchmarks
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["2620:4f:8000::", 48], // AS112
  ["3fff::", 20], // documentation
];

const listOf = (ranges: readonly (readonly [string, number])[], family: "ipv4" | "ipv6"): BlockList => {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
};

const blockedV4 = listOf(privateV4, "ipv4");
const blockedV6 = listOf(privateV6, "ipv6");
const unicastV6 = listOf([globalV6], "ipv6");

/** Whether an address, as text without brackets, is one of the public internet. What is no address is not. */
export const isPublicAddress = (address: string): boolean => {
  switch (isIP(address)) {
    case 4:
      return !blockedV4.check(address, "ipv4");
    case 6:
      // A zone (`fe80::1%eth0`) means an address of a link.
      return !address.includes("%") && unicastV6.check(address, "ipv6") && !blockedV6.check(address, "ipv6");
    default:
      return false;
  }
};
