/** Logging in: guesses, sessions, second factors, passwords. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { csrfOf } from "../../src/pipeline/identity/session.ts";
import { forEachEngine } from "../core/harness.ts";
import { dataOf, openPlatform, outcomeOf, type Platform, type Session } from "./platform.ts";

forEachEngine((engine) => {
  let platform: Platform;
  let admin: Session;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    admin = await platform.person("admin@acme.example", ["platform:admin"]);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  let people = 0;
  const somebody = (roles: readonly string[] = ["platform:developer"]) => platform.person(`person${++people}@example.com`, roles);
  const isIn = async (session: Session): Promise<string> => outcomeOf(await platform.call("sessionInfo", { by: session }));
  const attempt = (email: string, password: string, address: string, more: object = {}) =>
    platform.call("logIn", { body: { email, password, ...more }, address });

  describe("SECURITY 7: guessing", () => {
    test("is throttled by account and address; the owner, who comes from elsewhere, is let in", async () => {
      const { email } = await somebody();
      for (let tried = 0; tried < 10; tried++)
        expect(outcomeOf(await attempt(email, "wrong password", "203.0.113.1"))).toBe("401 invalid_credentials");
      const throttled = await attempt(email, platform.password, "203.0.113.1");
      expect(outcomeOf(throttled)).toBe("429 too_many_attempts");
      expect(!throttled.ok && Number(throttled.refusal.details?.["retryAfterSeconds"])).toBeGreaterThan(0);
      expect(outcomeOf(await attempt(email, platform.password, "192.0.2.1"))).toBe("200");
      platform.pass(901);
      expect(outcomeOf(await attempt(email, platform.password, "203.0.113.1"))).toBe("200");
    });

    test("of an account that is not there is throttled alike", async () => {
      for (let tried = 0; tried < 10; tried++) await attempt("not.there@example.com", "wrong password", "203.0.113.2");
      expect(outcomeOf(await attempt("not.there@example.com", "wrong password", "203.0.113.2"))).toBe("429 too_many_attempts");
    });

    test("from everywhere ends at a hundred a day; where the owner was lately stays open", async () => {
      const { email } = await somebody();
      const guesses = Array.from({ length: 100 }, (_, at) => attempt(email, "wrong password", `2001:db8:1::${at.toString(16)}`));
      const outcomes = new Set((await Promise.all(guesses)).map(outcomeOf));
      expect([...outcomes]).toEqual(["401 invalid_credentials"]);
      expect(outcomeOf(await attempt(email, platform.password, "2001:db8:2::1"))).toBe("429 too_many_attempts");
      // The harness logs people in from here.
      expect(outcomeOf(await attempt(email, platform.password, "192.0.2.1"))).toBe("200");
    }, 60_000);

    test("of second factors counts too", async () => {
      const person = await somebody();
      await platform.enrol(person);
      const right = platform.codeFor(person.email);
      const wrong = right === "000000" ? "111111" : "000000";
      for (let tried = 0; tried < 10; tried++)
        expect(outcomeOf(await attempt(person.email, platform.password, "203.0.113.3", { totp: wrong }))).toBe(
          "401 invalid_credentials",
        );
      expect(outcomeOf(await attempt(person.email, platform.password, "203.0.113.3", { totp: right }))).toBe(
        "429 too_many_attempts",
      );
    });

    test("attempts at the same time are all counted", async () => {
      const { email } = await somebody();
      const outcomes = (await Promise.all(Array.from({ length: 30 }, () => attempt(email, "wrong password", "203.0.113.4")))).map(
        outcomeOf,
      );
      expect(outcomes.filter((outcome) => outcome === "401 invalid_credentials").length).toBe(10);
      expect(outcomes.filter((outcome) => outcome === "429 too_many_attempts").length).toBe(20);
    }, 60_000);
  });

  describe("SECURITY 14: sessions", () => {
    test("each log-in is a new session, also within one; the former one is over", async () => {
      const person = await somebody();
      const planted = person.token;
      const result = await platform.call("logIn", {
        body: { email: person.email, password: platform.password },
        credentials: { kind: "session", token: planted, csrf: csrfOf(planted), isChange: true },
      });
      const renewed = result.ok ? result.session?.token : undefined;
      expect(typeof renewed).toBe("string");
      expect(renewed).not.toBe(planted);
      expect(await isIn({ ...person, token: planted })).toBe("401 invalid_credentials");
      expect(await isIn({ ...person, token: String(renewed) })).toBe("200");
    });

    test("a change needs the token against forgery", async () => {
      const person = await somebody();
      const credentials = { kind: "session", token: person.token, csrf: null, isChange: true } as const;
      expect(outcomeOf(await platform.call("logOut", { body: {}, credentials }))).toBe("403 csrf_required");
      expect(
        outcomeOf(await platform.call("logOut", { body: {}, credentials: { ...credentials, csrf: csrfOf("another") } })),
      ).toBe("403 csrf_required");
      expect(await isIn(person)).toBe("200");
    });

    test("logging out ends it on the server, and takes the cookie away", async () => {
      const person = await somebody();
      const result = await platform.call("logOut", { by: person, body: {} });
      expect(result.ok && result.session).toEqual({ token: null, maxAgeSeconds: 0 });
      expect(await isIn(person)).toBe("401 invalid_credentials");
    });

    test("it ends after half an hour without a call, and is kept up by calls", async () => {
      const person = await somebody();
      platform.pass(29 * 60);
      expect(await isIn(person)).toBe("200");
      const id = String(dataOf(await platform.call("sessionInfo", { by: person }))["session"]);
      const at = new Date(platform.now()).toISOString();
      expect(dataOf(await platform.system("sessions.touch", { items: [{ id, at }] }))).toEqual({ noted: 1 });
      platform.pass(29 * 60);
      expect(await isIn(person)).toBe("200");
      platform.pass(2 * 60);
      expect(await isIn(person)).toBe("401 invalid_credentials");
    });

    test("it ends after twelve hours, however busy it was", async () => {
      const person = await somebody();
      const id = String(dataOf(await platform.call("sessionInfo", { by: person }))["session"]);
      for (let touched = 0; touched < 25; touched++) {
        platform.pass(29 * 60);
        await platform.system("sessions.touch", { items: [{ id, at: new Date(platform.now()).toISOString() }] });
      }
      expect(await isIn(person)).toBe("401 invalid_credentials");
    });

    test("logging out everywhere ends them all", async () => {
      const person = await somebody();
      const other = await platform.logIn(person.email);
      expect(dataOf(await platform.call("logOutEverywhere", { by: person, body: {} }))).toEqual({ ended: 2 });
      expect([await isIn(person), await isIn(other)]).toEqual(["401 invalid_credentials", "401 invalid_credentials"]);
    });

    test("its owner sees the own ones and ends one of them; those of others are not there", async () => {
      const person = await somebody();
      const other = await platform.logIn(person.email);
      const stranger = await somebody();
      const listed = dataOf(
        await platform.call("sessions.list", { by: person, query: { named: [{ name: "active", params: {} }] } }),
      ) as unknown as { id: string }[];
      expect(listed.length).toBe(2);
      expect(JSON.stringify(listed)).not.toContain("okenHash");
      const theirs = String(dataOf(await platform.call("sessionInfo", { by: other }))["session"]);
      expect(outcomeOf(await platform.call("sessions.revoke", { by: stranger, id: theirs, body: {} }))).toBe("404 not_found");
      expect(outcomeOf(await platform.call("sessions.revoke", { by: person, id: theirs, body: {} }))).toBe("200");
      expect(await isIn(other)).toBe("401 invalid_credentials");
      expect(await isIn(person)).toBe("200");
    });

    test("there are twenty at most: the oldest gives way", async () => {
      const person = await somebody();
      for (let more = 0; more < 20; more++) await platform.logIn(person.email);
      expect(await isIn(person)).toBe("401 invalid_credentials");
    }, 30_000);

    test("its secret is not in the database, nor in the journal", async () => {
      const person = await somebody();
      const held = await platform.sql("SELECT * FROM platform_sessions");
      const journal = await platform.sql("SELECT * FROM pons_journal");
      expect(
        JSON.stringify([held, journal], (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
      ).not.toContain(person.token);
    });
  });

  describe("SECURITY 12: second factors", () => {
    test("staff without one enrols it before anything else", async () => {
      const email = "new.staff@acme.example";
      dataOf(
        await platform.system("provisionUser", {
          email,
          name: "Staff",
          password: platform.password,
          roles: ["platform:staff", "shelf:keeper"],
        }),
      );
      const session = await platform.logIn(email);
      expect(dataOf(await platform.call("sessionInfo", { by: session }))).toMatchObject({ mustEnrol: true });
      for (const operation of ["users.list", "apps.list"])
        expect([operation, outcomeOf(await platform.call(operation, { by: session, query: {} }))]).toEqual([
          operation,
          operation === "users.list" ? "200" : "403 forbidden",
        ]);
      // Of people it sees itself alone.
      expect((dataOf(await platform.call("users.list", { by: session, query: {} })) as unknown as unknown[]).length).toBe(1);
      expect(outcomeOf(await platform.call("look", { by: session, body: {} }))).toBe("403 forbidden");
      const limited = session.token;
      const { recoveryCodes } = await platform.enrol(session);
      expect(recoveryCodes.length).toBe(10);
      // More rights, another secret.
      expect(session.token).not.toBe(limited);
      expect(await isIn({ ...session, token: limited })).toBe("401 invalid_credentials");
      expect(outcomeOf(await platform.call("look", { by: session, body: {} }))).toBe("200");
      expect(
        (dataOf(await platform.call("users.list", { by: session, query: {} })) as unknown as unknown[]).length,
      ).toBeGreaterThan(1);
    });

    test("customers are not asked for one", async () => {
      const customer = await platform.person("customer@example.com", ["shelf:reader"], { subject: "cus_1" });
      expect(outcomeOf(await platform.call("look", { by: customer, body: {} }))).toBe("200");
    });

    test("is asked for with the password, and named only to who has that", async () => {
      const person = await somebody();
      await platform.enrol(person);
      const without = await attempt(person.email, platform.password, "192.0.2.1");
      expect(outcomeOf(without)).toBe("401 second_factor_required");
      expect(!without.ok && without.refusal.details?.["methods"]).toEqual(["totp", "recoveryCode"]);
      expect(outcomeOf(await attempt(person.email, "wrong password", "192.0.2.1"))).toBe("401 invalid_credentials");
      expect(
        outcomeOf(await attempt(person.email, platform.password, "192.0.2.1", { totp: platform.codeFor(person.email) })),
      ).toBe("200");
    });

    test("a one-time code counts once, also at the same time", async () => {
      const person = await somebody();
      await platform.enrol(person);
      const totp = platform.codeFor(person.email);
      const outcomes = (
        await Promise.all(Array.from({ length: 4 }, () => attempt(person.email, platform.password, "192.0.2.1", { totp })))
      ).map(outcomeOf);
      expect(outcomes.toSorted()).toEqual(["200", ...Array.from({ length: 3 }, () => "401 invalid_credentials")]);
      expect(outcomeOf(await attempt(person.email, platform.password, "192.0.2.1", { totp }))).toBe("401 invalid_credentials");
    });

    test("a recovery code counts once", async () => {
      const person = await somebody();
      const { recoveryCodes } = await platform.enrol(person);
      const recoveryCode = String(recoveryCodes[0]).toLowerCase();
      expect(outcomeOf(await attempt(person.email, platform.password, "192.0.2.1", { recoveryCode }))).toBe("200");
      expect(outcomeOf(await attempt(person.email, platform.password, "192.0.2.1", { recoveryCode }))).toBe(
        "401 invalid_credentials",
      );
      const kept = await platform.sql("SELECT recovery_codes FROM platform_users");
      expect(JSON.stringify(kept)).not.toContain(String(recoveryCodes[1]).replaceAll("-", ""));
    });

    test("is shown lately for what asks for it: the session is stepped up, with another secret", async () => {
      const person = await somebody();
      expect(outcomeOf(await platform.call("renewRecoveryCodes", { by: person, body: {} }))).toBe("403 step_up_required");
      await platform.enrol(person);
      const fresh = await platform.again(person);
      const before = fresh.token;
      expect(outcomeOf(await platform.call("stepUp", { by: fresh, body: { totp: "000000" } }))).toBe("403 wrong_factor");
      expect(fresh.token).toBe(before);
      expect(outcomeOf(await platform.call("stepUp", { by: fresh, body: { totp: platform.codeFor(person.email) } }))).toBe("200");
      expect(fresh.token).not.toBe(before);
      expect(await isIn({ ...fresh, token: before })).toBe("401 invalid_credentials");
      expect(outcomeOf(await platform.call("renewRecoveryCodes", { by: fresh, body: {} }))).toBe("200");
    });

    test("is taken away by who has shown it, and never from who has to have one", async () => {
      const person = await somebody();
      await platform.enrol(person);
      expect(dataOf(await platform.call("removeTotp", { by: person, body: {} }))).toEqual({ hasSecondFactor: false });
      await platform.mail(person.email, "secondFactorChanged");
      admin = await platform.again(admin);
      expect(outcomeOf(await platform.call("removeTotp", { by: admin, body: {} }))).toBe("409 factor_required");
    });

    test("that was lost is taken away by an administrator, never one's own", async () => {
      const person = await somebody();
      await platform.enrol(person);
      admin = await platform.again(admin);
      expect(outcomeOf(await platform.call("users.resetSecondFactor", { by: admin, id: admin.user, body: {} }))).toBe(
        "409 own_account",
      );
      expect(outcomeOf(await platform.call("users.resetSecondFactor", { by: admin, id: person.user, body: {} }))).toBe("200");
      expect(await isIn(person)).toBe("401 invalid_credentials");
      await platform.logIn(person.email);
    });
  });

  describe("passwords", () => {
    const fresh = "an altogether different phrase";

    test("are changed by who has the present one; the other sessions end", async () => {
      const person = await somebody();
      const other = await platform.logIn(person.email);
      const change = (currentPassword: string) =>
        platform.call("changePassword", { by: person, body: { currentPassword, password: fresh } });
      expect(outcomeOf(await change("not the password"))).toBe("403 wrong_password");
      expect(outcomeOf(await change(platform.password))).toBe("200");
      expect([await isIn(person), await isIn(other)]).toEqual(["200", "401 invalid_credentials"]);
      await platform.mail(person.email, "passwordChanged");
      expect(outcomeOf(await attempt(person.email, platform.password, "192.0.2.1"))).toBe("401 invalid_credentials");
      await platform.logIn(person.email, { password: fresh });
    });

    test("are guessed at within a session ten times at most", async () => {
      const person = await somebody();
      const change = () =>
        platform.call("changePassword", { by: person, body: { currentPassword: "not the password", password: fresh } });
      for (let tried = 0; tried < 10; tried++) expect(outcomeOf(await change())).toBe("403 wrong_password");
      expect(outcomeOf(await change())).toBe("429 too_many_attempts");
    });

    test("that were forgotten are set anew by the mailed token, once; a second factor stays", async () => {
      const person = await somebody();
      await platform.enrol(person);
      expect(outcomeOf(await platform.call("requestPasswordReset", { body: { email: person.email.toUpperCase() } }))).toBe("202");
      const token = /cnf_\S+/.exec((await platform.mail(person.email, "passwordReset")).text)?.[0] ?? "";
      const reset = (given: string) => platform.call("resetPassword", { body: { token: given, password: fresh } });
      expect(outcomeOf(await reset(`${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`))).toBe("422 token_invalid");
      expect(outcomeOf(await reset(token))).toBe("200");
      expect(outcomeOf(await reset(token))).toBe("422 token_invalid");
      expect(await isIn(person)).toBe("401 invalid_credentials");
      expect(outcomeOf(await attempt(person.email, fresh, "192.0.2.1"))).toBe("401 second_factor_required");
      expect(outcomeOf(await attempt(person.email, fresh, "192.0.2.1", { totp: platform.codeFor(person.email) }))).toBe("200");
    });

    test("are in no table and no journal; what is mailed is no longer kept once it was sent", async () => {
      await platform.system("provisionUser", {
        email: "canary@example.com",
        name: "Canary",
        password: "canary phrase of the tests",
        roles: [],
      });
      await platform.call("logIn", { body: { email: "canary@example.com", password: "canary phrase of the tests" } });
      const tables = [
        "platform_users",
        "platform_confirmations",
        "platform_sessions",
        "pons_journal",
        "pons_directory",
        "pons_idempotency",
      ];
      for (const table of tables) {
        const rows = JSON.stringify(await platform.sql(`SELECT * FROM ${table}`), (_, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        expect([table, rows.includes("canary phrase")]).toEqual([table, false]);
      }
      const rows = await platform.sql("SELECT password_hash FROM platform_users");
      const hashes = rows.map(({ password_hash: hash }) => String(hash)).filter((hash) => hash !== platform.passwordHash);
      // That of this one, and of those who have changed theirs or were given another.
      expect(hashes.length).toBeGreaterThan(1);
      expect(hashes.filter((hash) => !hash.startsWith("$argon2id$v=19$m=19456,t=2,p=1$"))).toEqual([]);
      const journal = JSON.stringify(await platform.sql("SELECT changes FROM pons_journal"));
      expect(journal).not.toContain("$argon2id$");
    });
  });

  test("another address counts once the code mailed to it is given", async () => {
    const person = await somebody();
    const asked = dataOf(
      await platform.call("changeEmail", { by: person, body: { email: "moved@example.com", password: platform.password } }),
    );
    const code = /\b\d{8}\b/.exec((await platform.mail("moved@example.com", "emailChangeCode")).text)?.[0];
    const stranger = await somebody();
    const confirm = (by: Session) => platform.call("confirmEmail", { by, body: { change: asked["change"], code } });
    expect(outcomeOf(await confirm(stranger))).toBe("422 code_invalid");
    expect(outcomeOf(await confirm(person))).toBe("200");
    await platform.mail(person.email, "emailChanged");
    await platform.logIn("moved@example.com");
  });
});
