/** Where weaknesses are reported (RFC 9116). */
import { describe, expect, test } from "bun:test";
import { securityTxt, securityTxtHandler } from "../../src/host/security-txt.ts";

const nowMs = Date.parse("2026-11-28T17:30:00.000Z");
const yearMs = 365 * 86_400_000;
const config = { host: "127.0.0.1", tls: undefined, port: 3000, baseDomain: undefined, securityContact: undefined };

/** Fields in the form of RFC 9116 section 4: a name, a colon, a space, a value; lines end with LF. */
const fieldsOf = (text: string): [name: string, value: string][] => {
  expect(text).toEndWith("\n");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const match = /^([!-9;-~]+): (\S.*)$/.exec(line);
      expect(match).not.toBeNull();
      return [match?.[1] ?? "", match?.[2] ?? ""];
    });
};

describe("security.txt", () => {
  test("names a contact and expires within a year, once each", () => {
    const fields = fieldsOf(securityTxt(config, nowMs));
    expect(fields.filter(([name]) => name === "Expires")).toHaveLength(1);
    expect(fields.filter(([name]) => name === "Preferred-Languages")).toEqual([
      ["Preferred-Languages", "en, de, fr, es, bg, ru, hu"],
    ]);
    const { Contact, Expires = "" } = Object.fromEntries(fields);
    expect(Contact).toBe("mailto:security@localhost");
    expect(Expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(Expires) - nowMs).toBeGreaterThan(yearMs / 3);
    expect(Date.parse(Expires) - nowMs).toBeLessThan(yearMs);
  });

  test("says its own address only where that is an https one", () => {
    const canonical = (more: object): string | undefined =>
      Object.fromEntries(fieldsOf(securityTxt({ ...config, ...more }, nowMs)))["Canonical"];
    expect(canonical({})).toBeUndefined();
    expect(canonical({ baseDomain: "api.example.com" })).toBe("https://api.example.com/.well-known/security.txt");
    expect(canonical({ tls: { cert: "", key: "" }, port: 443 })).toBe("https://localhost/.well-known/security.txt");
  });

  test("the contact is that of the configuration, else of the domain", () => {
    const contact = (more: object): string | undefined =>
      Object.fromEntries(fieldsOf(securityTxt({ ...config, ...more }, nowMs)))["Contact"];
    expect(contact({ securityContact: "https://example.com/report" })).toBe("https://example.com/report");
    expect(contact({ baseDomain: "example.com" })).toBe("mailto:security@example.com");
    expect(contact({ host: "pons.example.com" })).toBe("mailto:security@pons.example.com");
    expect(contact({ host: "::1" })).toBe("mailto:security@localhost");
  });

  test("is served as plain text in UTF-8", async () => {
    const response = await securityTxtHandler(config, () => nowMs)(new Request("http://localhost/.well-known/security.txt"));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(fieldsOf(await response.text()).map(([name]) => name)).toEqual(["Contact", "Expires", "Preferred-Languages"]);
  });
});
