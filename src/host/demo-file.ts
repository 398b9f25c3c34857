/**
 * `demo.json` of the data folder: what a person or a script needs to call the demo tenant. Only its owner may read it.
 *
 *   { "baseUrl": "http://127.0.0.1:3000",
 *     "keys":   { "sandbox": "pons_sandbox_…", "live": "pons_live_…", "operator": "pons_live_…" },
 *     "logins": { "staff":    { "email": "staff@demo.example", "key": "pons_sandbox_…" },
 *                 "customer": { "email": "…", "subject": "cus_…", "key": "pons_sandbox_…" } },
 *     "basic":  { "user": "app_…/sandbox", "password": "…" } }
 *
 * `services` (absolute paths) is there when others than the shipped services are served. `keys` have the rights of the staff; the logins are of the sandbox. `customer` is there when a service has callers of its own.
 * `basic` is an app of the sandbox with the rights of the staff: for clients that know HTTP's Basic, as those of SOAP.
 */
import { join } from "node:path";
import { environmentOfKey } from "../pipeline/identity/api-key.ts";
import { readIfPresent, writePrivate } from "./private-file.ts";

export interface StaffLogin {
  readonly email: string;
  readonly key: string;
}

export interface CustomerLogin {
  readonly email: string;
  /** Id of the row the customer is. */
  readonly subject: string;
  readonly key: string;
}

/** An app and its secret. */
export interface BasicLogin {
  readonly user: string;
  readonly password: string;
}

export interface Credentials {
  readonly keys: {
    readonly sandbox: string;
    readonly live: string;
    /** Of the installation's own staff, in its own tenant. */
    readonly operator?: string;
  };
  readonly logins: { readonly staff: StaffLogin; readonly customer?: CustomerLogin };
  readonly basic?: BasicLogin;
}

export interface DemoFile extends Credentials {
  readonly baseUrl: string;
  /** Modules of the services that are served, where they are not the shipped ones. */
  readonly services?: readonly string[];
}

export const demoPath = (data: string): string => join(data, "demo.json");

const isKey = (value: unknown, environment: string): boolean =>
  typeof value === "string" && environmentOfKey(value) === environment;

interface Loose {
  readonly baseUrl?: unknown;
  readonly services?: unknown;
  readonly keys?: { readonly sandbox?: unknown; readonly live?: unknown; readonly operator?: unknown };
  readonly logins?: {
    readonly staff?: { readonly email?: unknown; readonly key?: unknown };
    readonly customer?: { readonly email?: unknown; readonly subject?: unknown; readonly key?: unknown };
  };
  readonly basic?: { readonly user?: unknown; readonly password?: unknown };
}

/** The file's content; undefined when there is none or it is not as it was written. */
export const readDemoFile = (data: string): DemoFile | undefined => {
  const text = readIfPresent(demoPath(data));
  if (text === undefined) return undefined;
  try {
    const file = JSON.parse(text) as Loose;
    const { staff, customer } = file.logins ?? {};
    const { basic } = file;
    const isWhole =
      typeof file.baseUrl === "string" &&
      (file.services === undefined ||
        (Array.isArray(file.services) && file.services.every((path) => typeof path === "string"))) &&
      isKey(file.keys?.sandbox, "sandbox") &&
      isKey(file.keys?.live, "live") &&
      (file.keys?.operator === undefined || isKey(file.keys.operator, "live")) &&
      typeof staff?.email === "string" &&
      isKey(staff.key, "sandbox") &&
      (customer === undefined || (typeof customer.subject === "string" && isKey(customer.key, "sandbox"))) &&
      (basic === undefined || (typeof basic.user === "string" && typeof basic.password === "string"));
    return isWhole ? (file as DemoFile) : undefined;
  } catch {
    return undefined;
  }
};

/** Writes the file unless it says the same already. */
export const writeDemoFile = async (data: string, file: DemoFile): Promise<void> => {
  const text = `${JSON.stringify(file, null, 2)}\n`;
  if (readIfPresent(demoPath(data)) !== text) await writePrivate(demoPath(data), text);
};
