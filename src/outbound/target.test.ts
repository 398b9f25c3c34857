import { describe, expect, test } from "bun:test";
import { isPublicAddress } from "./address.ts";
import { OutboundError } from "./outbound-error.ts";
import { targetOf, type TargetPolicy } from "./target.ts";

const faultOf = (url: string, policy?: TargetPolicy): string => {
  try {
    targetOf(url, policy);
    return "none";
  } catch (error) {
    return error instanceof OutboundError ? error.fault : String(error);
  }
};

describe("targets", () => {
  test.each([
    "https://hooks.example.com/in?a=1",
    "https://HOOKS.Example.COM",
    "https://example.com:443/",
    "https://example.com./",
    "https://a_b.example.com/",
    "https://bücher.example/",
  ])("%s may be requested", (url) => {
    expect(faultOf(url)).toBe("none");
  });

  test("a name is taken without the dot of the root", () => {
    expect(targetOf("https://Example.com./x").host).toBe("example.com");
  });

  test("an allowed origin is let through as it is, and only this one", () => {
    const allow = ["http://127.0.0.1:9000", "http://[::1]:9000"];
    expect(targetOf("http://127.0.0.1:9000/a", { allow })).toMatchObject({ host: "127.0.0.1", isAllowed: true });
    expect(targetOf("http://[::1]:9000/a", { allow })).toMatchObject({ host: "::1", isAllowed: true });
    for (const url of [
      "http://127.0.0.1:9001/",
      "https://127.0.0.1:9000/",
      "http://127.0.0.1/",
      "http://127.0.0.1:9000@evil.example/",
    ])
      expect([url, faultOf(url, { allow })]).toEqual([url, "refused_url"]);
    expect(faultOf("http://user@127.0.0.1:9000/", { allow })).toBe("refused_url");
  });

  test("other ports only where they are allowed", () => {
    expect(faultOf("https://example.com:8443/", { ports: [443, 8443] })).toBe("none");
    expect(faultOf("https://example.com:8443/")).toBe("refused_url");
    expect(faultOf("https://example.com/", { ports: [8443] })).toBe("refused_url");
  });
});

describe("addresses", () => {
  test.each([
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.0.1",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
  ])("%s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "example.com",
    "1.2.3",
    "0x7f.0.0.1",
  ])("%s is not", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
