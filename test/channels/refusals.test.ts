/** Every refusal, on every channel, in every language of the product: what it says, what it names and when to come again is what REST says. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type PlatformLanguage, platformLanguages } from "../../src/pipeline/messages/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { neutral, sorted } from "./compare.ts";
import type { Asked, Driver, Heard } from "./driver.ts";
import { drivers } from "./drivers/index.ts";
import { inFlightMax, type Met, refusals, type Refused, sentenceOf, service, type Way } from "./refusals.ts";
import { openStand, type Stand } from "./stand.ts";

/** Moments to come again that are told one after the other differ a little, in seconds. */
const retryMost = 30;

const nameOf = ({ type, way }: Way): string => (way === undefined ? type : `${type}, ${way}`);

/** What of an answer is compared with REST's. */
const told = (heard: Heard): unknown => sorted(neutral(heard, "-"));

const ask = (driver: Driver, { target, keys }: Stand, { asking }: Met, language: PlatformLanguage): Promise<Heard> => {
  const { as = "seller", key = keys.get(as), headers, ...call } = asking;
  const asked: Asked = { ...call, service: "bazaar", key, headers: { ...headers, "accept-language": language } };
  if (!driver.can(asked, target)) throw new Error(`${driver.name} has no form for it`);
  return driver.ask(target, asked);
};

/** Asks on every channel in these languages; what is wrong with the answers. */
const flawsOf = async (
  { type, hasIssues = false, hasRetryAfter = false }: Refused,
  { stand, met, languages }: { readonly stand: Stand; readonly met: Met; readonly languages: readonly PlatformLanguage[] },
): Promise<readonly unknown[]> => {
  const wrong: unknown[] = [];
  const issues = new Set<string>();
  for (const language of languages) {
    let reference: Heard | undefined;
    for (const driver of drivers) {
      const place = `${driver.name} ${language}`;
      const heard = await ask(driver, stand, met, language);
      reference ??= heard;
      if (heard.outcome !== type) {
        wrong.push([place, heard.outcome, heard.face]);
        continue;
      }
      const sentence = sentenceOf(language, type, met.params);
      if (heard.message !== sentence) wrong.push([place, "says", heard.message, "and not", sentence]);
      if ((heard.issues !== undefined) !== hasIssues) wrong.push([place, "fields", heard.issues]);
      if ((heard.retryAfter !== undefined) !== hasRetryAfter) wrong.push([place, "when again", heard.retryAfter]);
      if (Math.abs((heard.retryAfter ?? 0) - (reference.retryAfter ?? 0)) > retryMost)
        wrong.push([place, "when again", heard.retryAfter, "and not", reference.retryAfter]);
      if (!Bun.deepEquals(told(heard), told(reference))) wrong.push([place, told(heard), "and REST says", told(reference)]);
    }
    if (reference?.issues !== undefined) issues.add(JSON.stringify(reference.issues));
  }
  // Fields are spoken of in each language as well.
  if (issues.size !== (hasIssues ? languages.length : 0)) wrong.push(["fields in so many languages", issues.size]);
  return wrong;
};

forEachEngine((engine) => {
  const clock = { aheadMs: 0 };
  const open = async (): Promise<Stand> =>
    openStand(await engine.create(), { service, managed: { inFlightMax }, aheadMs: () => clock.aheadMs });
  const close = async (stand: Stand): Promise<void> => {
    for (const driver of drivers) await driver.close?.();
    expect(stand.plane.errors).toEqual([]);
    await stand[Symbol.asyncDispose]();
  };

  describe("wrong credentials are the same on every channel, in every language", () => {
    // A server bears only so many attempts.
    const parts = [
      platformLanguages.slice(0, 2),
      platformLanguages.slice(2, 4),
      platformLanguages.slice(4, 6),
      platformLanguages.slice(6),
    ];
    for (const languages of parts)
      test(`invalid_credentials: ${languages.join(", ")}`, async () => {
        const stand = await open();
        const met: Met = { asking: { operation: "wares.get", input: { id: stand.known.ware }, as: "unknown" } };
        const wrong = await flawsOf({ type: "invalid_credentials" }, { stand, met, languages });
        await close(stand);
        expect(wrong).toEqual([]);
      });
  });

  describe("a refusal is the same on every channel, in every language", () => {
    let stand: Stand;
    beforeAll(async () => {
      stand = await open();
    });
    afterAll(() => close(stand));

    for (const refused of refusals)
      test(nameOf(refused), async () => {
        const met = await refused.bring(stand, clock);
        try {
          const wrong = await flawsOf(refused, { stand, met, languages: platformLanguages });
          expect(wrong.slice(0, 12)).toEqual([]);
        } finally {
          await met.end?.();
        }
      });

    test("more than a channel reads is refused by each, in the caller's language, and the next call is answered", async () => {
      const name = "a".repeat(9 * 1024 * 1024);
      for (const driver of drivers) {
        const met: Met = { asking: { operation: "greet", input: { body: { name } } } };
        const heard = await ask(driver, stand, met, "hu");
        const place = driver.name;
        // A WebSocket's frames have no answer of their own: what is too long closes it.
        if (driver.name === "WebSocket") expect([place, heard.outcome]).toEqual([place, expect.stringMatching(/^closed 1009/)]);
        else expect([place, heard.outcome, heard.message]).toEqual([place, "too_large", sentenceOf("hu", "too_large")]);
        // What follows what was not read cannot be told from it: such a connection ends.
        if (driver.name === "line") await driver.close?.();
        const greeted = await ask(driver, stand, { asking: { operation: "greet", input: { body: { name: "you" } } } }, "hu");
        expect([place, greeted.outcome]).toEqual([place, "done"]);
      }
    });

    test("nothing that was refused was done", async () => {
      const heard = await stand.plane.ask(`/bazaar/v2/wares/${stand.known.ware}`, { key: String(stand.keys.get("seller")) });
      expect(heard.data).toMatchObject({ stock: 500, note: null, name: "A lamp", edition: 1 });
    });
  });
});

test("every language has its own words for each of them", () => {
  for (const { type } of refusals) {
    const sentences = platformLanguages.map((language) => sentenceOf(language, type));
    expect([type, new Set(sentences).size, sentences.includes("")]).toEqual([type, platformLanguages.length, false]);
  }
});
