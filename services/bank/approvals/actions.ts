/** What carries out each action: one line each, added by whoever owns it. An action that is not listed can be asked for but not approved. */
import { setAccountLimits } from "../account-limits.ts";
import { approveCase, undoCase } from "../kyc/decisions.ts";
import { postReviewed } from "../risk/review.ts";
import { setCreditLine } from "../risk/set-credit-line.ts";
import { setLimitRule } from "../risk/set-limit-rule.ts";
import { lowerRisk } from "../risk-level.ts";
import { reverseApproved } from "../reversals.ts";
import type { Action } from "./action.ts";
import type { ActionName } from "./names.ts";
import { setPolicy } from "./set-policy.ts";

export const actions: Readonly<Partial<Record<ActionName, Action>>> = {
  "kyc.approve": { run: approveCase, undone: undoCase },
  "customer.lowerRisk": { run: lowerRisk },
  "account.setLimits": { run: setAccountLimits },
  "approvalPolicy.set": { run: setPolicy },
  "limitRule.set": { run: setLimitRule },
  "creditLine.set": { run: setCreditLine },
  "transfer.review": { run: postReviewed },
  "transfer.adjust": { run: postReviewed },
  "transfer.reverse": { run: reverseApproved },
};
