/** Signing up, and what it does not tell. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { dataOf, openPlatform, outcomeOf, type Platform, type Session } from "./platform.ts";

forEachEngine((engine) => {
  let platform: Platform;
  let admin: Session;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    admin = await platform.person("admin@acme.example", ["platform:admin"]);
    await platform.community(admin);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const password = "a long enough passphrase";
  const signUp = (email: string, more: object = {}, address = "192.0.2.1") =>
    platform.call("signUp", { body: { email, name: "Ada Lovelace", password, ...more }, address });
  const codeIn = (text: string): string => /\b\d{8}\b/.exec(text)?.[0] ?? "";

  test("an account comes to be by the code from the mail, and logs in", async () => {
    const asked = dataOf(await signUp("Ada@Example.com"));
    const { text } = await platform.mail("ada@example.com", "signUpCode");
    expect(text).toContain("http://localhost:3000/confirm#signUp=");
    // Nothing that was typed by whoever signs up.
    expect(text).not.toContain("Lovelace");
    expect(outcomeOf(await platform.call("logIn", { body: { email: "ada@example.com", password } }))).toBe(
      "401 invalid_credentials",
    );
    const made = await platform.call("verifyEmail", { body: { signUp: asked["signUp"], code: codeIn(text) } });
    expect(outcomeOf(made)).toBe("201");
    const ada = await platform.logIn("ADA@example.com", { password });
    const info = dataOf(await platform.call("sessionInfo", { by: ada }));
    expect(info).toMatchObject({
      user: { email: "ada@example.com", name: "Ada Lovelace", roles: ["platform:developer"] },
      mustEnrol: false,
    });
    const joined = dataOf(await platform.call("memberships", { by: ada }))["communities"];
    expect(joined).toMatchObject([{ name: "developers", role: "member" }]);
    // The code counts once.
    expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: asked["signUp"], code: codeIn(text) } }))).toBe(
      "422 code_invalid",
    );
  });

  test("a code is tried five times at most, and does not fit another sign-up", async () => {
    const asked = dataOf(await signUp("grace@example.com"))["signUp"];
    const code = codeIn((await platform.mail("grace@example.com", "signUpCode")).text);
    const others = dataOf(await signUp("grace@example.com"))["signUp"];
    const otherCode = codeIn((await platform.mail("grace@example.com", "signUpCode")).text);
    const wrong = code === "00000000" ? "11111111" : "00000000";
    // What somebody else caused to be mailed confirms nothing of the first.
    expect(otherCode).not.toBe(code);
    expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: asked, code: otherCode } }))).toBe("422 code_invalid");
    for (let tried = 1; tried < 5; tried++)
      expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: asked, code: wrong } }))).toBe("422 code_invalid");
    expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: asked, code } }))).toBe("422 code_invalid");
    expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: others, code: otherCode } }))).toBe("201");
  });

  test("a code is over after half an hour", async () => {
    const asked = dataOf(await signUp("late@example.com"))["signUp"];
    const code = codeIn((await platform.mail("late@example.com", "signUpCode")).text);
    platform.pass(31 * 60);
    expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: asked, code } }))).toBe("422 code_invalid");
  });

  test("passwords are long or have a second factor, are not common, and not personal", async () => {
    const tried = async (given: string) => outcomeOf(await signUp("weak@example.com", { password: given }));
    expect(await tried("fourteen chars")).toBe("422 password_too_short");
    expect(await tried("passwordpassword")).toBe("422 password_too_common");
    expect(await tried("aaaaaaaaaaaaaaaaaaaa")).toBe("422 password_too_common");
    expect(await tried("abcdefghijklmnopqrst")).toBe("422 password_too_common");
    expect(await tried("weak@example.com1")).toBe("422 password_personal");
    expect(await tried("ünïcödé is fine too ☂")).toBe("202");
    expect(await tried("x".repeat(129))).toBe("422 validation_failed");
  });

  test("nobody signs up for what is not open", async () => {
    await platform.call("communities.create", { by: admin, body: { name: "partners", title: "Partners" } });
    expect(outcomeOf(await signUp("eve@example.com", { community: "partners" }))).toBe("403 sign_up_closed");
    expect(outcomeOf(await signUp("eve@example.com", { community: "nothing" }))).toBe("403 sign_up_closed");
  });

  test("mails to one address are few, whoever asks for them", async () => {
    for (let asked = 0; asked < 9; asked++)
      expect(outcomeOf(await signUp("flooded@example.com", {}, `198.51.100.${asked}`))).toBe("202");
    await platform.mail("flooded@example.com", "signUpCode");
    await platform.app.writer.drained();
    expect((await platform.mails("flooded@example.com")).length).toBeLessThanOrEqual(5);
  });

  describe("SECURITY 13: whether there is an account shows nowhere", () => {
    const shape = (result: Awaited<ReturnType<Platform["call"]>>) =>
      JSON.stringify(result, (key, value: unknown) => (key === "signUp" || key === "expiresAt" ? typeof value : value));

    test("signing up: the same answer, another mail", async () => {
      await platform.person("known@example.com", []);
      const known = await signUp("known@example.com");
      const unknown = await signUp("nobody@example.com");
      expect(shape(known)).toBe(shape(unknown));
      await platform.mail("known@example.com", "accountExists");
      await platform.mail("nobody@example.com", "signUpCode");
      // And no code makes a second account of the address.
      const id = String(dataOf(known)["signUp"]);
      expect(outcomeOf(await platform.call("verifyEmail", { body: { signUp: id, code: "12345678" } }))).toBe("422 code_invalid");
    });

    test("a forgotten password: the same answer, a mail or none", async () => {
      await platform.person("forgetful@example.com", []);
      const known = await platform.call("requestPasswordReset", { body: { email: "forgetful@example.com" } });
      const unknown = await platform.call("requestPasswordReset", { body: { email: "stranger@example.com" } });
      expect(shape(known)).toBe(shape(unknown));
      expect(outcomeOf(known)).toBe("202");
      await platform.mail("forgetful@example.com", "passwordReset");
      expect(await platform.mails("stranger@example.com")).toEqual([]);
    });

    test("logging in: the same answer for unknown, suspended, wrong", async () => {
      admin = await platform.again(admin);
      const suspended = await platform.person("suspended@example.com", []);
      expect(outcomeOf(await platform.call("users.suspend", { by: admin, id: suspended.user, body: {} }))).toBe("200");
      const tried = async (email: string, given: string) =>
        shape(await platform.call("logIn", { body: { email, password: given }, address: "203.0.113.5" }));
      const unknown = await tried("nobody.at.all@example.com", platform.password);
      expect(unknown).toContain("invalid_credentials");
      expect(await tried("suspended@example.com", platform.password)).toBe(unknown);
      expect(await tried("known@example.com", "not the password at all")).toBe(unknown);
    });

    /** Welch's t of two samples, the slowest tenth of each left out. */
    const welch = (first: number[], second: number[]): number => {
      const trim = (of: number[]) => of.toSorted((a, b) => a - b).slice(0, Math.floor(of.length * 0.9));
      const mean = (of: number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
      const [a, b] = [trim(first), trim(second)];
      const variance = (of: number[]) => of.reduce((sum, one) => sum + (one - mean(of)) ** 2, 0) / (of.length - 1) / of.length;
      return Math.abs(mean(a) - mean(b)) / Math.sqrt(variance(a) + variance(b));
    };

    test("logging in takes the same time", async () => {
      // Not one of the harness's people, whose hashes cost little.
      const { password } = platform;
      dataOf(await platform.system("provisionUser", { email: "timed@example.com", name: "Timed", password, roles: [] }));
      const times = { known: [] as number[], unknown: [] as number[] };
      for (let round = 0; round < 40; round++) {
        // Either goes first as often; each comes from an address of its own.
        const order = round % 2 === 0 ? (["known", "unknown"] as const) : (["unknown", "known"] as const);
        for (const kind of order) {
          const email = kind === "known" ? "timed@example.com" : `absent${round}@example.com`;
          const began = performance.now();
          await platform.call("logIn", { body: { email, password: "not the password at all" }, address: `2001:db8::${round}` });
          times[kind].push(performance.now() - began);
        }
      }
      expect(welch(times.known.slice(4), times.unknown.slice(4))).toBeLessThan(4.5);
    }, 240_000);
  });
});
