/** Mails leave: into files, over SMTP, again where they were not taken. And access for support is told before it opens. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderSender, MailRefused, type MailSender, type OutgoingMail, smtpSender } from "../../src/host/mail.ts";
import { Outbox, outboxPage } from "../../src/host/outbox.ts";
import { Support } from "../../src/host/support.ts";
import { forEachEngine } from "../core/harness.ts";
import { type Data, dataOf, openPlatform, outcomeOf, type Platform } from "./platform.ts";

/** A mail server of RFC 5321's plainest kind; `replies`: what it says to each mail, in turn, `250` when there is nothing left. */
const mailServer = (replies: string[] = [], hostname = "127.0.0.1") => {
  const messages: string[] = [];
  const server = Bun.listen<{ text: string; isData: boolean }>({
    hostname,
    port: 0,
    socket: {
      open(socket) {
        socket.data = { text: "", isData: false };
        socket.write("220 mail.test ESMTP\r\n");
      },
      data(socket, chunk) {
        socket.data.text += chunk.toString();
        for (;;) {
          const end = socket.data.isData ? "\r\n.\r\n" : "\r\n";
          const at = socket.data.text.indexOf(end);
          if (at < 0) return;
          const line = socket.data.text.slice(0, at);
          socket.data.text = socket.data.text.slice(at + end.length);
          if (socket.data.isData) {
            socket.data.isData = false;
            const reply = replies.shift() ?? "250 taken";
            if (reply.startsWith("2")) messages.push(line);
            socket.write(`${reply}\r\n`);
          } else if (/^DATA/i.test(line)) {
            socket.data.isData = true;
            socket.write("354 go on\r\n");
          } else socket.write(/^QUIT/i.test(line) ? "221 bye\r\n" : "250 mail.test\r\n");
        }
      },
    },
  });
  return { messages, url: `smtp://${hostname}:${server.port}`, stop: () => server.stop(true) };
};

const mail: OutgoingMail = { id: "mail_1", to: "ada@example.com", subject: "Grüße", text: "Zeile eins\n.\nZeile drei" };
const from = "Acme <no-reply@acme.example>";

describe("over SMTP", () => {
  test("a mail has an id that stays, and says that a machine has written it", async () => {
    const server = mailServer();
    const sender = smtpSender({ url: server.url, from });
    try {
      await sender.send(mail);
      await sender.send(mail);
      expect(server.messages.length).toBe(2);
      for (const message of server.messages) {
        expect(message).toContain("Message-ID: <mail_1@acme.example>");
        expect(message).toContain("Auto-Submitted: auto-generated");
        expect(message).toContain("From: Acme <no-reply@acme.example>");
        expect(message).toContain("To: ada@example.com");
      }
    } finally {
      sender.close();
      server.stop();
    }
  });

  test("what is refused for good is told apart from what may be taken later", async () => {
    const server = mailServer(["550 no such person", "451 later", "503 bad sequence"]);
    const sender = smtpSender({ url: server.url, from });
    try {
      const failures: unknown[] = [];
      for (let sent = 0; sent < 3; sent++) await sender.send(mail).catch((error: unknown) => failures.push(error));
      expect(failures.map((failure) => failure instanceof MailRefused)).toEqual([true, false, false]);
      await sender.send(mail);
      expect(server.messages.length).toBe(1);
    } finally {
      sender.close();
      server.stop();
    }
  });

  test("SECURITY 46: a subject or address with line ends adds no header", async () => {
    const server = mailServer();
    const sender = smtpSender({ url: server.url, from });
    try {
      await sender.send({ ...mail, subject: "x\r\nBcc: eve@example.com" });
      expect(server.messages[0]).not.toMatch(/^Bcc:/m);
      await sender.send({ ...mail, to: "ada@example.com\r\nBcc: eve@example.com" }).catch(() => undefined);
      expect(server.messages.join("\n")).not.toMatch(/^Bcc:/m);
    } finally {
      sender.close();
      server.stop();
    }
  });

  test("nothing leaves this machine without TLS", async () => {
    // Another machine's, as far as the sender can tell; this one offers no TLS.
    const server = mailServer([], "127.0.0.2");
    const sender = smtpSender({ url: server.url, from });
    try {
      expect(
        await sender.send(mail).then(
          () => "sent",
          () => "not sent",
        ),
      ).toBe("not sent");
      expect(server.messages).toEqual([]);
    } finally {
      sender.close();
      server.stop();
    }
  });
});

forEachEngine((engine) => {
  let platform: Platform;
  let folder: string;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    folder = mkdtempSync(join(tmpdir(), "outbox-"));
    await platform.community(await platform.person("admin@acme.example", ["platform:admin"]));
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    const limit = performance.now() + 10_000;
    while (!(await holds())) {
      if (performance.now() > limit) throw new Error("it did not come to that");
      await Bun.sleep(10);
    }
  };
  const errors: unknown[] = [];
  const outboxWith = (sender: MailSender): Outbox => {
    const outbox = new Outbox({ app: platform.app, sender, clock: platform.now, onError: (error) => errors.push(error) });
    outbox.start();
    return outbox;
  };
  const signUp = (email: string) => platform.call("signUp", { body: { email, name: "Ada", password: platform.password } });
  const rowOf = async (to: string): Promise<Data> => {
    const [row = {}] = await platform.sql('SELECT * FROM platform_mails WHERE "to" = $1', [to]);
    return { ...row, attempts: Number(row["attempts"]) };
  };

  test("in development they are files, and stand at /outbox for this machine alone", async () => {
    const sender = folderSender({ folder, from });
    const outbox = outboxWith(sender);
    await signUp("filed@example.com");
    await until(() => sender.recent().some(({ to }) => to === "filed@example.com"));
    await outbox.stop();
    const [filed] = sender.recent().filter(({ to }) => to === "filed@example.com");
    expect(readFileSync(filed?.file ?? "", "utf8")).toContain("To: filed@example.com");
    expect(statSync(filed?.file ?? "").mode & 0o077).toBe(0);
    const page = outboxPage(sender);
    const shown = (await (await page(new Request("http://127.0.0.1:3000/outbox"))).json()) as { data: Data[] };
    expect(shown.data.find(({ to }) => to === "filed@example.com")).toMatchObject({ subject: "Your code for Acme Developers" });
    expect((await page(new Request("http://rebound.example:3000/outbox"))).status).toBe(404);
    // What it said is forgotten.
    expect(await rowOf("filed@example.com")).toMatchObject({ status: "sent", text: null, attempts: 1 });
  });

  test("one that is not taken is sent again later, and given up when it never will be", async () => {
    const refusals = [new Error("451 later"), new MailRefused("550 no such person")];
    const sent: OutgoingMail[] = [];
    const outbox = outboxWith({
      send: (one) => {
        sent.push(one);
        const refusal = refusals.shift();
        return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
      },
      close: () => undefined,
    });
    await signUp("refused@example.com");
    await until(async () => (await rowOf("refused@example.com"))["problem"] === "451 later");
    expect(await rowOf("refused@example.com")).toMatchObject({ status: "pending", attempts: 1 });
    platform.pass(31);
    await until(async () => (await rowOf("refused@example.com"))["status"] === "failed");
    expect(await rowOf("refused@example.com")).toMatchObject({ problem: "550 no such person", text: null, attempts: 2 });
    expect(new Set(sent.filter(({ to }) => to === "refused@example.com").map(({ id }) => id)).size).toBe(1);
    await outbox.stop();
  }, 30_000);

  test("of several senders each mail has one", async () => {
    const sent: string[] = [];
    const sender: MailSender = {
      send: ({ to }) => {
        sent.push(to);
        return Promise.resolve();
      },
      close: () => undefined,
    };
    const outboxes = [outboxWith(sender), outboxWith(sender), outboxWith(sender)];
    const people = Array.from({ length: 10 }, (_, at) => `many${at}@example.com`);
    await Promise.all(people.map(signUp));
    await until(() => sent.length >= people.length);
    await Promise.all(outboxes.map((outbox) => outbox.stop()));
    expect(sent.toSorted()).toEqual(people.toSorted());
  }, 30_000);

  test("SECURITY 31: the host opens an access once the tenant was told, and ends it when the tenant does", async () => {
    const support = new Support({ app: platform.app, operatorTenant: "pons", onError: (error) => errors.push(error) });
    support.start();
    const admin = await platform.addTenant("cyberdyne");
    const operator = await platform.person("olga@pons.example", ["platform:operator"], { tenant: "pons" });
    const enter = async () => outcomeOf(await platform.call("users.list", { by: operator, tenant: "cyberdyne", query: {} }));
    const asked = dataOf(
      await platform.call("supportAccesses.request", {
        by: operator,
        body: { tenant: "cyberdyne", reason: "Ticket 4711: transfers fail" },
      }),
    );
    await until(async () => (await enter()) === "200");
    await platform.mail("admin@cyberdyne.example", "supportAccess");
    expect(outcomeOf(await platform.call("supportAccesses.end", { by: admin, id: String(asked["id"]), body: {} }))).toBe("200");
    await until(async () => (await enter()) === "403 forbidden");
    await until(async () => (await platform.app.directory.get("supportEnd", String(asked["id"]))) === undefined);
    await support.stop();
    expect(errors).toEqual([]);
  }, 30_000);
});
