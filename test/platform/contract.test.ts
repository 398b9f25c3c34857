/** What the platform promises on paper: messages in every language, refusals with one meaning, and what nobody may write. */
import { describe, expect, test } from "bun:test";
import platform from "../../services/platform/index.ts";
import { mailKinds } from "../../services/platform/identity/mail-fields.ts";
import { mailText, mailTexts } from "../../services/platform/messages/mails.ts";
import { compile } from "../../src/contract/index.ts";

const contract = compile(platform);
const languages = ["bg", "de", "es", "fr", "hu", "ru"];

describe("messages", () => {
  const own = [...contract.operations.values()].flatMap(({ refusals }) => Object.keys(refusals));
  const shown = [...contract.resources.values()].filter(({ rows }) => Object.keys(rows).length > 0);
  const fields = shown.flatMap(({ name, fieldNames, fields: all }) =>
    fieldNames
      .filter((field) => field !== "id" && all[field]?.options.read?.length !== 0)
      .map((field) => `field.${name}.${field}`),
  );
  /** Inputs of functions that are no field of their resource. */
  const inputs = [...contract.operations.values()].flatMap(({ resource, input, function: fn }) =>
    resource === undefined || fn === undefined ? [] : Object.keys(input).map((field) => `field.${resource.name}.${field}`),
  );
  const wanted = [...new Set(own.map((type) => `error.${type}`)), ...fields];

  test("there are languages beside English", () => {
    expect(Object.keys(platform.messages).toSorted()).toEqual(languages);
  });

  test.each(languages)("%s has every refusal and every field", (language) => {
    const said = platform.messages[language] ?? {};
    expect(wanted.filter((key) => !said[key]?.trim())).toEqual([]);
  });

  test.each(languages)("%s says nothing that nobody asks for", (language) => {
    const known = new Set([...wanted, ...inputs]);
    expect(Object.keys(platform.messages[language] ?? {}).filter((key) => !known.has(key))).toEqual([]);
  });

  test.each(languages)("%s: sentences end, names do not", (language) => {
    for (const [key, text] of Object.entries(platform.messages[language] ?? {}))
      expect([key, text.endsWith(".")]).toEqual([key, key.startsWith("error.")]);
  });
});

describe("mails", () => {
  const namesIn = (text: string): readonly string[] => (text.match(/\{\w+\}/g) ?? []).toSorted();

  test("there is every one in every language, with the same values", () => {
    expect(Object.keys(mailTexts).toSorted()).toEqual([...languages, "en"].toSorted());
    for (const kind of mailKinds) {
      const english = mailTexts["en"]?.[kind];
      for (const texts of Object.values(mailTexts)) {
        expect(namesIn(texts[kind].subject)).toEqual(namesIn(english?.subject ?? ""));
        expect(namesIn(texts[kind].text)).toEqual(namesIn(english?.text ?? ""));
      }
    }
  });

  test("SECURITY 46: a subject is one line, whatever is put into it", () => {
    const { subject } = mailText("keyMade", "en", { app: "Shop\r\nBcc: everyone@example.com\u2028x", key: "k" });
    expect(subject).toBe("A new key of Shop Bcc: everyone@example.com x");
  });

  test("a language that is not there is English; a region is none of its own", () => {
    expect(mailText("passwordChanged", "ja", {}).subject).toBe("Your password has changed");
    expect(mailText("passwordChanged", "de-AT", {}).subject).toBe("Ihr Passwort wurde geändert");
  });
});

test("a refusal has the same status wherever it occurs", () => {
  const statuses = new Map<string, Set<number>>();
  for (const { refusals } of contract.operations.values()) {
    for (const [type, { status }] of Object.entries(refusals)) statuses.set(type, (statuses.get(type) ?? new Set()).add(status));
  }
  expect([...statuses].filter(([, found]) => found.size > 1)).toEqual([]);
});

test("no role reads a secret, and none is filtered or sorted by", () => {
  const secrets = [
    "passwordHash",
    "recoveryCodes",
    "totpStep",
    "totpNumber",
    "tokenHash",
    "hash",
    "secrets",
    "signers",
    "signCount",
  ];
  const seen = [...contract.resources.values()].filter(({ rows }) => Object.keys(rows).length > 0);
  for (const { name, fields } of seen)
    for (const [field, { options }] of Object.entries(fields))
      if (secrets.includes(field)) expect([name, field, options.read, options.filter]).toEqual([name, field, [], false]);
});

test("an answer of its own form has no field that nobody reads", () => {
  for (const { name, output, resource } of contract.operations.values())
    if (output.kind === "fields" && resource !== undefined) {
      const hidden = resource.fieldNames.filter((field) => resource.fields[field]?.options.read?.length === 0);
      expect([name, hidden.filter((field) => output.fields[field] === resource.fields[field])]).toEqual([name, []]);
    }
});

test("what is anyone's is what has to be", () => {
  const open = [...contract.operations.values()].filter(({ roles }) => roles.has("anyone")).map(({ name }) => name);
  expect(open.filter((name) => !name.startsWith("communities.")).toSorted()).toEqual(
    expect.arrayContaining([
      "acceptInvitation",
      "logIn",
      "requestPasswordReset",
      "resetPassword",
      "signUp",
      "startPasskey",
      "verifyEmail",
    ]),
  );
  for (const { name, roles, kind } of contract.operations.values())
    if (name.startsWith("communities.") && roles.has("anyone")) expect([name, kind]).toEqual([name, "query"]);
});
