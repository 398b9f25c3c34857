/** What is measured, and how much of it. */
export const caseNames = ["container", "supported", "orders"] as const;
export type CaseName = (typeof caseNames)[number];

export interface Plan {
  /** Instances of each class, evenly over its hundred. */
  readonly instances: number;
  /** Seconds of processor time an instance. */
  readonly seconds: readonly number[];
  readonly orders: number;
}

/** About sixteen minutes: 20 instances of 7 classes, with and without support, 3.2 seconds each. */
export const fullPlan: Plan = { instances: 20, seconds: [0.2, 1, 2], orders: 400 };
export const quickPlan: Plan = { instances: 1, seconds: [0.2], orders: 40 };
