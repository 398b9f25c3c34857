/**
 * What v1 looked like: accounts had a `title`, no cap, and their balance was a decimal in major units. Its clients are served from today's
 * definition; what they send and get is translated.
 */
import { added, renamed, retyped, t, version } from "pons";
import { major } from "./assets.ts";

export const version1 = version("v1", {
  changes: [
    renamed("accounts", { from: "title", to: "name" }),
    added("accounts", "maxBalance"),
    retyped<never, number | string>("accounts", "balance", {
      field: t.decimal({ scale: 4, write: "never", filter: false, doc: "Major units.", example: "123.45" }),
      up: () => {
        throw new RangeError("minor units cannot be told without the account's currency");
      },
      down: (minor, row) => major(BigInt(minor), String(row["currency"])),
    }),
  ],
  deprecated: "2027-03-01",
  sunset: "2028-03-01",
  guide: "/bank/v2/docs",
});
