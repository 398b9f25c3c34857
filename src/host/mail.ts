/**
 * Sends mails: over SMTP (RFC 5321), or, in development, into files of a folder where whoever develops finds them.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SendMailOptions, Transporter } from "nodemailer";
import type { Config } from "./config.ts";
import { writePrivate } from "./private-file.ts";

export interface OutgoingMail {
  /** Names the message: the same each time it is sent. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface MailSender {
  /** Throws `MailRefused` where it will never be taken, another error where it may be later. */
  send(mail: OutgoingMail): Promise<void>;
  close(): void;
}

/** The server says that it will not take this mail, now or later (a reply 5yz). */
export class MailRefused extends Error {}

const connectMs = 10_000;
const silentMs = 30_000;
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

const domainOf = (address: string): string => /@([^@>\s]+)>?$/.exec(address)?.[1] ?? "localhost";

/** The message: text alone, with an id that stays, and marked as written by a machine (RFC 3834). */
const messageOf = ({ id, to, subject, text }: OutgoingMail, from: string): SendMailOptions => ({
  from,
  to: { name: "", address: to },
  subject,
  text,
  messageId: `<${id}@${domainOf(from)}>`,
  headers: { "Auto-Submitted": "auto-generated" },
  disableFileAccess: true,
  disableUrlAccess: true,
});

/** Whether a reply is for good; 503 is about the order of commands, not the mail. */
const isFinal = (error: unknown): boolean => {
  const { responseCode = 0, code = "" } = error as { readonly responseCode?: number; readonly code?: string };
  return responseCode >= 500 && responseCode !== 503 && code !== "EAUTH";
};

/** The library, once a mail is sent: most servers never send one before they are stopped again. */
const loadMailer = () => import("nodemailer");

/** By a server: `smtp://user:password@host:587`, `smtps://…:465`. What leaves this machine is sent over TLS or not at all. */
export const smtpSender = ({ url, from }: { readonly url: string; readonly from: string }): MailSender => {
  const { protocol, hostname } = new URL(url);
  const options = {
    url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: silentMs,
    ...(protocol === "smtp:" && !loopback.has(hostname) ? { requireTLS: true } : {}),
  } as const;
  let transport: Transporter | undefined;
  return {
    async send(mail) {
      const { createTransport } = await loadMailer();
      transport ??= createTransport(options);
      try {
        await transport.sendMail(messageOf(mail, from));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw isFinal(error) ? new MailRefused(reason) : new Error(reason, { cause: error });
      }
    },
    close: () => transport?.close(),
  };
};

/** A mail that was put into a file. */
export interface FiledMail extends OutgoingMail {
  readonly at: string;
  readonly file: string;
}

export interface FolderSender extends MailSender {
  /** The latest mails of this process, newest first. */
  recent(): readonly FiledMail[];
}

const recentMax = 100;

/** Into a folder, as `<id>.eml`, which mail programs open. */
export const folderSender = ({ folder, from }: { readonly folder: string; readonly from: string }): FolderSender => {
  const sent: FiledMail[] = [];
  return {
    async send(mail) {
      const { createTransport } = await loadMailer();
      const transport = createTransport({ streamTransport: true, buffer: true, newline: "windows" });
      const { message } = await transport.sendMail(messageOf(mail, from));
      if (!Buffer.isBuffer(message)) throw new TypeError("the message was not made");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${mail.id}.eml`);
      await writePrivate(file, message.toString());
      sent.unshift({ ...mail, at: new Date().toISOString(), file });
      sent.length = Math.min(sent.length, recentMax);
    },
    recent: () => sent,
    close: () => undefined,
  };
};

/** Where the server's mails go by its configuration; `undefined`: they wait. */
export const senderOf = (
  config: Pick<Config, "mode" | "data" | "smtpUrl" | "mailFrom" | "publicUrl" | "baseDomain">,
): MailSender | undefined => {
  const { mode, data, smtpUrl, mailFrom, publicUrl, baseDomain } = config;
  const domain = baseDomain ?? (publicUrl === undefined ? "localhost" : new URL(publicUrl).hostname);
  const from = mailFrom ?? `no-reply@${domain}`;
  if (smtpUrl !== undefined) return smtpSender({ url: smtpUrl, from });
  return mode === "development" ? folderSender({ folder: join(data, "outbox"), from }) : undefined;
};
