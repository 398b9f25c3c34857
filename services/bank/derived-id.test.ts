import { expect, test } from "bun:test";
import fc from "fast-check";
import { derivedId } from "./derived-id.ts";

test("known ids stay what they are: rows have them", () => {
  expect(derivedId("acc", "house fees EUR")).toBe("acc_3N5H3W2BPMTPF0P00Z8ZGA78CZ");
  expect(derivedId("trf", "")).toBe("trf_73P324567W3GA9NYZMS2CPZE94");
});

test("is the number that the first 128 bits of the hash make", () => {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  fc.assert(
    fc.property(fc.string(), (text) => {
      const id = derivedId("x", text);
      expect(id).toMatch(/^x_[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
      let value = 0n;
      for (const character of id.slice(2)) value = value * 32n + BigInt(alphabet.indexOf(character));
      const hex = new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 32);
      expect(value).toBe(BigInt(`0x${hex}`));
    }),
  );
});
