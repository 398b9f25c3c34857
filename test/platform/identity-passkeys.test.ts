/** Passkeys: made, used to log in and to step up, and refused where anything does not fit. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { Authenticator, type Ways } from "./authenticator.ts";
import { type Data, dataOf, openPlatform, outcomeOf, type Platform, type Session } from "./platform.ts";

const origin = "http://localhost:3000";

forEachEngine((engine) => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    await platform.community(await platform.person("admin@acme.example", ["platform:admin"]));
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const start = async (by?: Session): Promise<unknown> =>
    dataOf(await platform.call("startPasskey", { by, body: { origin } }))["options"];
  const enrol = async (by: Session, authenticator: Authenticator, ways: Ways = {}) => {
    const begun = await platform.call("enrolPasskey", { by, body: { origin, password: platform.password } });
    const passkey = authenticator.create(dataOf(begun)["options"], ways);
    return platform.call("confirmPasskey", { by, body: { name: "Laptop", passkey } });
  };
  const logIn = async (authenticator: Authenticator, ways: Ways = {}) =>
    platform.call("logIn", { body: { passkey: authenticator.get(await start(), ways) } });

  let people = 0;
  const withPasskey = async (): Promise<{ session: Session; authenticator: Authenticator }> => {
    const session = await platform.person(`key${++people}@example.com`, ["platform:developer"]);
    const authenticator = new Authenticator(origin);
    expect(outcomeOf(await enrol(session, authenticator))).toBe("200");
    return { session, authenticator };
  };

  test("a passkey alone logs in, as two factors", async () => {
    const { session, authenticator } = await withPasskey();
    const result = await logIn(authenticator);
    expect(outcomeOf(result)).toBe("200");
    expect(dataOf(result)).toMatchObject({ user: { email: session.email } });
    expect(dataOf(result)["verifiedAt"]).not.toBeNull();
    await platform.mail(session.email, "secondFactorChanged");
  });

  test("with it a password is no longer enough", async () => {
    const { session, authenticator } = await withPasskey();
    const body = { email: session.email, password: platform.password };
    expect(outcomeOf(await platform.call("logIn", { body }))).toBe("401 second_factor_required");
    expect(outcomeOf(await platform.call("logIn", { body: { ...body, passkey: authenticator.get(await start()) } }))).toBe("200");
  });

  test("it steps a session up", async () => {
    const { session, authenticator } = await withPasskey();
    const before = session.token;
    const passkey = authenticator.get(await start(session));
    expect(outcomeOf(await platform.call("stepUp", { by: session, body: { passkey } }))).toBe("200");
    expect(session.token).not.toBe(before);
    expect(outcomeOf(await platform.call("stepUp", { by: session, body: { passkey } }))).toBe("403 wrong_factor");
  });

  describe("a use is refused", () => {
    test("a second time: its challenge is used up, also at the same time", async () => {
      const { authenticator } = await withPasskey();
      const passkey = authenticator.get(await start());
      const outcomes = (await Promise.all([1, 2, 3].map(() => platform.call("logIn", { body: { passkey } })))).map(outcomeOf);
      expect(outcomes.toSorted()).toEqual(["200", "401 invalid_credentials", "401 invalid_credentials"]);
      expect(outcomeOf(await platform.call("logIn", { body: { passkey } }))).toBe("401 invalid_credentials");
    });

    test("of another page, without the person having been verified, and of a copy that counts less", async () => {
      const { authenticator } = await withPasskey();
      expect(outcomeOf(await logIn(authenticator, { origin: "https://evil.example" }))).toBe("401 invalid_credentials");
      expect(outcomeOf(await logIn(authenticator, { isVerified: false }))).toBe("401 invalid_credentials");
      expect(outcomeOf(await logIn(authenticator))).toBe("200");
      expect(outcomeOf(await logIn(authenticator, { signCount: 1 }))).toBe("401 invalid_credentials");
    });

    test("with a signature of another key, and of what nobody has registered", async () => {
      const { authenticator } = await withPasskey();
      const options = await start();
      const stranger = new Authenticator(origin);
      expect(outcomeOf(await platform.call("logIn", { body: { passkey: stranger.get(options) } }))).toBe(
        "401 invalid_credentials",
      );
      const forged = { ...stranger.get(options), id: authenticator.get(options)["id"] };
      expect(outcomeOf(await platform.call("logIn", { body: { passkey: forged } }))).toBe("401 invalid_credentials");
    });

    test("five minutes late", async () => {
      const { authenticator } = await withPasskey();
      const passkey = authenticator.get(await start());
      platform.pass(301);
      expect(outcomeOf(await platform.call("logIn", { body: { passkey } }))).toBe("401 invalid_credentials");
    });

    test("by another person than the one who has logged in", async () => {
      const { session } = await withPasskey();
      const { authenticator: theirs } = await withPasskey();
      const passkey = theirs.get(await start(session));
      expect(outcomeOf(await platform.call("stepUp", { by: session, body: { passkey } }))).toBe("403 wrong_factor");
    });

    test("whatever it is made of", async () => {
      const broken: unknown[] = [
        null,
        1,
        "text",
        [],
        {},
        { id: 1 },
        { id: "a", response: {} },
        { id: "a", response: { clientDataJSON: "%%%" } },
      ];
      for (const passkey of [
        ...broken,
        { id: "a", response: { clientDataJSON: Buffer.from('{"challenge":"x"}').toString("base64url") } },
      ]) {
        const outcome = outcomeOf(await platform.call("logIn", { body: { passkey } }));
        expect([
          passkey,
          ["401 invalid_credentials", "422 incomplete_log_in", "422 validation_failed"].includes(outcome),
        ]).toEqual([passkey, true]);
      }
    });
  });

  describe("making one", () => {
    test("needs the password, and a portal of the tenant", async () => {
      const session = await platform.person("making@example.com", ["platform:developer"]);
      const begin = (body: Data) => platform.call("enrolPasskey", { by: session, body });
      expect(outcomeOf(await begin({ origin, password: "not the password" }))).toBe("403 wrong_password");
      expect(outcomeOf(await begin({ origin: "https://evil.example", password: platform.password }))).toBe("422 origin_unknown");
      expect(outcomeOf(await platform.call("startPasskey", { body: { origin: "https://evil.example" } }))).toBe(
        "422 origin_unknown",
      );
    });

    test("is refused for another page, for another person, and a second time", async () => {
      const session = await platform.person("twice@example.com", ["platform:developer"]);
      const authenticator = new Authenticator(origin);
      expect(outcomeOf(await enrol(session, authenticator, { origin: "https://evil.example" }))).toBe("422 passkey_invalid");
      const begun = dataOf(await platform.call("enrolPasskey", { by: session, body: { origin, password: platform.password } }));
      const passkey = authenticator.create(begun["options"]);
      const other = await platform.person("other@example.com", ["platform:developer"]);
      const confirm = (by: Session) => platform.call("confirmPasskey", { by, body: { name: "Laptop", passkey } });
      expect(outcomeOf(await confirm(other))).toBe("422 passkey_invalid");
      expect(outcomeOf(await confirm(session))).toBe("200");
      expect(outcomeOf(await confirm(session))).toBe("422 passkey_invalid");
    });

    test("shows nothing of its key, and is undone by its owner", async () => {
      const { session, authenticator } = await withPasskey();
      const [shown] = dataOf(await platform.call("passkeys.list", { by: session, query: {} })) as unknown as Data[];
      expect(Object.keys(shown ?? {}).toSorted()).toEqual([
        "createdAt",
        "id",
        "isBackedUp",
        "lastUsedAt",
        "name",
        "origin",
        "user",
      ]);
      expect(outcomeOf(await platform.call("passkeys.remove", { by: session, id: String(shown?.["id"]), body: {} }))).toBe("204");
      expect(outcomeOf(await logIn(authenticator))).toBe("401 invalid_credentials");
      await platform.logIn(session.email);
    });
  });
});
