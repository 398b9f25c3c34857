/** authorize: roles that open the operation, and the view they give. Refuses 403. Row rules join the statement in accept and run. */
import type { Step } from "../context.ts";
import { refuse } from "../refusal.ts";
import { viewOf } from "../view.ts";

export const authorize: Step = (context) => {
  const { operation, caller } = context;
  if (caller === undefined) throw new Error("authorize comes after identify");
  const { roles } = caller;
  let open = roles;
  for (const role of roles) {
    if (operation.roles.has(role)) continue;
    open = roles.filter((other) => operation.roles.has(other));
    break;
  }
  if (open.length === 0) return refuse("forbidden");
  context.roles = open;
  if (operation.resource !== undefined) {
    const view = viewOf(operation.resource, open);
    if (view.rule === "none" && operation.target !== "collection" && operation.singleton === undefined)
      return refuse("forbidden");
    context.view = view;
  }
  return undefined;
};
