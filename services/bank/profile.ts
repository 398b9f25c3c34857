/** The profile: a customer's own row. Phone and language may be changed here; for the rest they ask the staff. */
import { singleton } from "pons";
import { customers } from "./customer-fields.ts";

export const profile = singleton("profile", {
  doc: "The customer the login stands for.",
  of: customers,
  roles: ["customer"],
  update: ["customer"],
});
