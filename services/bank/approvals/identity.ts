/** Who somebody is when it matters that two are not one: the user, else the customer, else the app behind a key. */
import type { Principal } from "pons";

/** "ann"; "cus_01J…" for a customer's own login; "app:office" for a key without a user; "system" for timed work. Whoever acts for another stays himself. */
export const identityOf = ({ user, subject, app, actor }: Pick<Principal, "user" | "subject" | "app" | "actor">): string => {
  if (actor !== undefined) return actor.user ?? `app:${actor.app ?? "none"}`;
  return user ?? subject ?? (app === null ? "system" : `app:${app}`);
};
