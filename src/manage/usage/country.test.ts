import { expect, test } from "bun:test";
import { Countries } from "./country.ts";

const countries = new Countries();

test.each([
  ["8.8.8.8", "US"],
  ["::ffff:8.8.8.8", "US"],
  ["194.12.224.1", "BG"],
  ["10.1.2.3", "ZZ"],
  ["127.0.0.1", "ZZ"],
  ["172.31.255.255", "ZZ"],
  ["192.168.0.1", "ZZ"],
  ["100.64.0.1", "ZZ"],
  ["203.0.113.9", "ZZ"],
  ["::1", "ZZ"],
  ["fd00::1", "ZZ"],
  ["fe80::1", "ZZ"],
  ["2001:4860:4860::8888", null],
  ["", null],
  ["999.1.1.1", null],
  ["8.8.8.8, 10.0.0.1", null],
  ["localhost", null],
])("%p is of %p, asked for once or twice", (address, country) => {
  expect(countries.of(address)).toBe(country);
  expect(countries.of(address)).toBe(country);
});
