import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatWords, type IssueCode, issueCodes, typeWords } from "../contract/values/issue-codes.ts";
import { localizeRefusal, message, missingMessages } from "./localize.ts";
import { platformLanguages, platformMessages } from "./messages/index.ts";
import { invalid, refusalTypes, refuse } from "./refusal.ts";

const codes = Object.keys(issueCodes) as IssueCode[];
const wanted = [
  ...Object.keys(refusalTypes).map((type) => `error.${type}`),
  "error.not_found.unknown_address",
  ...codes.map((code) => `issue.${code}`),
  ...typeWords.map((word) => `type.${word}`),
  ...formatWords.map((word) => `format.${word}`),
];

describe("no message is missing", () => {
  test("the languages are the seven", () => expect(platformLanguages).toEqual(["en", "de", "fr", "es", "bg", "ru", "hu"]));
  test.each(platformLanguages)("%s has all", (language) => {
    const texts: Readonly<Record<string, string>> = platformMessages[language];
    expect(wanted.filter((key) => (texts[key] ?? "").trim() === "")).toEqual([]);
    expect(Object.keys(texts).filter((key) => !wanted.includes(key) && key !== "issue.invalid" && key !== "field.")).toEqual([]);
  });
  test("each language is complete beside the others", () => expect(missingMessages(platformMessages)).toEqual([]));
  test("what a service lacks is reported", () => {
    expect(missingMessages({ en: { "error.a": "A", "error.b": "B" }, de: { "error.a": "A" } })).toEqual(["de: error.b"]);
  });
});

/** Names of the parameters of a text. */
const placeholdersOf = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map(([, name = ""]) => name))].toSorted();

test.each(platformLanguages)("%s uses the parameters its issues have, and only those", (language) => {
  for (const code of codes) {
    const text: string = platformMessages[language][`issue.${code}`];
    const params: readonly string[] = issueCodes[code].params;
    const used = placeholdersOf(text).filter((name) => name !== "field" && name !== "path");
    expect({ code, used }).toEqual({ code, used: params.toSorted() });
  }
});

test.each(platformLanguages)("%s leaves no placeholder, brace or sign of a plural in any issue", (language) => {
  for (const code of codes) {
    for (const number of [0, 1, 2, 5, 21, 1_000_000]) {
      const params = Object.fromEntries(issueCodes[code].params.map((name) => [name, number]));
      const { data } = localizeRefusal(invalid({ someName: [{ code, params }] }), language);
      expect(data["someName"]?.[0]).not.toMatch(/[{}#]|plural/);
    }
  }
});

const params = { field: "Name", path: "name" };
const cases: readonly (readonly [locale: string, key: string, more: Record<string, unknown>, text: string])[] = [
  ["en", "issue.required", {}, "The Name must not be empty."],
  ["en", "issue.too_long", { max: 1 }, "The Name may have at most 1 character."],
  ["en", "issue.too_long", { max: 65_535 }, "The Name may have at most 65,535 characters."],
  ["de", "issue.too_long", { max: 65_535 }, "Das Feld „Name“ darf höchstens 65.535 Zeichen haben."],
  ["de-AT", "issue.required", {}, "Das Feld „Name“ darf nicht leer sein."],
  ["de-Latn-AT", "issue.too_few", { min: 1 }, "Das Feld „Name“ muss mindestens 1 Element haben."],
  ["fr", "issue.too_short", { min: 0 }, "Le champ « Name » doit comporter au moins 0 caractère."],
  ["fr", "issue.too_short", { min: 2 }, "Le champ « Name » doit comporter au moins 2 caractères."],
  ["es", "issue.too_precise", { scale: 1 }, "El campo «Name» puede tener como máximo 1 decimal."],
  ["bg", "issue.too_short", { min: 2 }, "Полето „Name“ трябва да съдържа поне 2 знака."],
  ["ru", "issue.too_short", { min: 1 }, "Поле «Name» должно содержать не менее 1 символа."],
  ["ru", "issue.too_short", { min: 3 }, "Поле «Name» должно содержать не менее 3 символов."],
  ["ru", "issue.too_short", { min: 21 }, "Поле «Name» должно содержать не менее 21 символа."],
  ["hu", "issue.too_long", { max: 3 }, "A(z) „Name” mező legfeljebb 3 karakterből állhat."],
  ["ja", "issue.required", {}, "The Name must not be empty."],
  ["", "issue.required", {}, "The Name must not be empty."],
  ["__proto__", "issue.required", {}, "The Name must not be empty."],
  ["en", "no.such.key", {}, "no.such.key"],
  ["en", "toString", {}, "toString"],
  ["en", "issue.too_large", { max: "9223372036854775807" }, "The Name must be at most 9223372036854775807."],
  ["en", "issue.not_in_list", { values: "{field}, $&, a" }, "The Name must be one of: {field}, $&, a."],
];

describe("messages", () => {
  test.each(cases.map(([locale, key, more, text]) => ({ locale, key, more, text })))(
    "$locale $key: $text",
    ({ locale, key, more, text }) => {
      expect(message(locale, key, { ...params, ...more })).toBe(text);
    },
  );
});

describe("a service's messages", () => {
  const extra = {
    en: {
      "error.insufficient_funds": "Only {available} available.",
      "field.customers.born": "date of birth",
      "field.email": "e-mail",
    },
    de: { "field.customers.born": "Geburtsdatum", "field.customers.address.city": "Ort", "error.not_found": "Gibt es nicht." },
    "de-AT": { "error.not_found": "Gibt’s ned." },
  };
  test("come before the platform's, nearest language first", () => {
    expect(message("de-AT", "error.not_found", {}, extra)).toBe("Gibt’s ned.");
    expect(message("de-CH", "error.not_found", {}, extra)).toBe("Gibt es nicht.");
    expect(message("fr", "error.not_found", {}, extra)).toBe("Introuvable.");
  });
  test("name fields", () => {
    const refusal = invalid({
      born: [{ code: "required" }],
      "address.city": [{ code: "too_long", params: { max: 5 } }],
      "address.zipCode": [{ code: "required" }],
      "tags.0": [{ code: "wrong_type", params: { expected: "integer" } }],
      email: [{ code: "bad_format", params: { format: "email" } }],
    });
    expect(localizeRefusal(refusal, "de", extra, "customers")).toEqual({
      message: "Validierung fehlgeschlagen",
      data: {
        born: ["Das Feld „Geburtsdatum“ darf nicht leer sein."],
        "address.city": ["Das Feld „Ort“ darf höchstens 5 Zeichen haben."],
        "address.zipCode": ["Das Feld „address zip code“ darf nicht leer sein."],
        "tags.0": ["Das Feld „tags 1“ muss eine ganze Zahl sein."],
        email: ["Das Feld „e-mail“ muss eine E-Mail-Adresse sein."],
      },
    });
    expect(localizeRefusal(refusal, "en", extra, "customers").data["born"]).toEqual(["The date of birth must not be empty."]);
    expect(localizeRefusal(refusal, "en", extra).data["born"]).toEqual(["The born must not be empty."]);
  });
  test("fill in a refusal's details", () => {
    const refusal = { type: "insufficient_funds", status: 422, message: "Not enough.", details: { available: 1_250 } };
    expect(localizeRefusal(refusal, "en", extra)).toEqual({ message: "Only 1,250 available.", data: {} });
    expect(localizeRefusal({ ...refusal, type: "unheard_of" }, "de", extra).message).toBe("Not enough.");
  });
});

test("a reason has words of its own, in the nearest language that says anything of the refusal", () => {
  const refusal = refuse("not_found", { details: { reason: "unknown_address" } });
  const extra = { it: { "error.not_found": "Non c’è." }, de: { "error.not_found": "Gibt es nicht." } };
  const told = (locale: string, of = refusal): string => localizeRefusal(of, locale, extra).message;
  expect([told("en"), told("de-CH"), told("it"), told("pt")]).toEqual([
    "There is no such address.",
    "Diese Adresse gibt es nicht.",
    "Non c’è.",
    "There is no such address.",
  ]);
  for (const reason of ["another", "", "constructor", 7])
    expect(told("en", refuse("not_found", { details: { reason } }))).toBe("Not found.");
});

test("the answer of WIRE.md", () => {
  expect(localizeRefusal(invalid({ email: [{ code: "required" }] }), "en")).toEqual({
    message: "Validation failed",
    data: { email: ["The email must not be empty."] },
  });
});

test("an unknown code, a sentence, a missing parameter, the body itself", () => {
  const { data } = localizeRefusal(
    invalid({
      a: [{ code: "unheard_of" }],
      b: [{ code: "The branch is closed." }],
      c: [{ code: "too_long" }],
      "": [{ code: "wrong_type", params: { expected: "object" } }],
      "price[gte]": [{ code: "not_integer" }],
      "createdAt>=": [{ code: "not_integer" }],
      "status!=": [{ code: "not_integer" }],
      "x y": [{ code: "unknown_field" }],
    }),
    "en",
  );
  expect(data).toEqual({
    a: ["The a is not valid."],
    b: ["The branch is closed."],
    c: ["The c is not valid."],
    "": ["The body must be an object."],
    "price[gte]": ["The price must be a whole number."],
    "createdAt>=": ["The created at must be a whole number."],
    "status!=": ["The status must be a whole number."],
    "x y": ["There is no field “x y” here."],
  });
});

test("nothing a caller chooses throws or is read as a pattern", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }),
      fc.constantFrom(...codes),
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double())),
      (locale, path, code, given) => {
        const { data } = localizeRefusal(
          { ...refuse("validation_failed"), issues: Object.fromEntries([[path, [{ code, params: given }]]]), details: given },
          locale,
        );
        expect(Object.keys(data)).toEqual([path.replaceAll("__proto__", "(proto)")]);
        expect(message(locale, "issue.unknown_field", { path })).toInclude(path);
      },
    ),
    { numRuns: 2_000 },
  );
});
