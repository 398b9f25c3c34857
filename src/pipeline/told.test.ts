/** What exceptions of clients say: the message, and what is wrong with single values. */
import { describe, expect, test } from "bun:test";
import { invalid, type Issues, type Refusal, refuse } from "./refusal.ts";
import { reasonOf, tell } from "./told.ts";

const reason = (refusal: Refusal, locale = "en"): string =>
  reasonOf(tell(refusal, { locale, requestId: "r", messages: undefined, resource: undefined }));

const several: Issues = {
  firstName: [{ code: "required" }],
  price: [{ code: "too_small", params: { min: 0 } }, { code: "not_integer" }],
};

describe("the reason", () => {
  test.each([
    [
      "en",
      "Validation failed: The first name must not be empty. The price must be at least 0. The price must be a whole number.",
    ],
    [
      "de-AT",
      "Validierung fehlgeschlagen: Das Feld „first name“ darf nicht leer sein. Das Feld „price“ muss mindestens 0 betragen. Das Feld „price“ muss eine ganze Zahl sein.",
    ],
  ])("names fields and what is wrong with them: %s", (locale, expected) => {
    expect(reason(invalid(several), locale)).toBe(expected);
  });

  test("of a refusal that names no field is its message; one that is a sentence goes on with the next", () => {
    expect(reason(refuse("not_found"))).toBe("Not found.");
    expect(reason(refuse("already_exists", { issues: { name: [{ code: "duplicate" }] } }))).toBe(
      "An entry with this value already exists. The name is already taken.",
    );
  });

  test("has at most 500 characters, and ends with a whole one", () => {
    const long = (before: string): string => reason(invalid({ [`${before}${"😀".repeat(400)}`]: [{ code: "unknown_field" }] }));
    for (const before of ["", "a"]) {
      expect(long(before).length).toBeLessThanOrEqual(500);
      expect(long(before)).toEndWith("😀…");
    }
  });
});
