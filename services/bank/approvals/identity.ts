/** Who somebody is when it matters that two are not one: the user, else the customer, else the app behind a key. */
import type { Principal } from "pons";

/** "ann"; "cus_01J…" for a customer's own login; "app:office" for a key without a user; "system" for timed work. */
export const identityOf = ({ user, subject, app }: Pick<Principal, "user" | "subject" | "app">): string =>
  user ?? subject ?? (app === null ? "system" : `app:${app}`);
