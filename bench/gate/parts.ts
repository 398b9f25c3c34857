/** How much of the gate a server has: each has what the one before it has, and one thing more. */
export const parts = ["nothing", "key", "rule", "limits", "policies", "everything"] as const;

export type Parts = (typeof parts)[number];

export const partTitles: Readonly<Record<Parts, string>> = {
  nothing: "a fixed caller who sees every row, no gate",
  key: "+ an API key that is limited in nothing",
  rule: "+ app, subscription, scope, permitted operations and the row rule of its role",
  limits: "+ burst, rate and concurrency limits, a quota, shedding of load",
  policies: "+ four run-time policies",
  everything: "+ metering, last uses, recent calls, the audit's checkpoints: the gate as the server makes it",
};

/** Whether a server with `held` has `part`. */
export const hasPart = (held: Parts, part: Parts): boolean => parts.indexOf(held) >= parts.indexOf(part);
