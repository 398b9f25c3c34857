/**
 * What may be put to approval. Whoever adds an action names it here and says in `actions.ts` what carries it out.
 */
const docs = {
  "kyc.approve": "A customer was checked and gets the tier of the KYC case.",
  "customer.lowerRisk": "A customer is less of a risk than before.",
  "transfer.reverse": "A transfer is taken back.",
  "transfer.adjust": "A balance is corrected.",
  "transfer.review": "A transfer that a fraud rule held back is posted.",
  "limitRule.set": "A limit rule is set.",
  "creditLine.set": "A credit line is set.",
  "account.setLimits": "Overdraft limit and cap of an account are set.",
  "approvalPolicy.set": "Whether an action needs approval is set.",
} as const;

export type ActionName = keyof typeof docs;

export const actionNames = Object.keys(docs) as readonly ActionName[];

/** What approving does, in a sentence. */
export const docOf = (action: ActionName): string => docs[action];

/** Actions that are always put to approval: no policy lets them pass. */
export const fixedActions: readonly ActionName[] = ["kyc.approve", "transfer.review", "approvalPolicy.set"];
