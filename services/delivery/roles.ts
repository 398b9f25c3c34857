/** Who calls the delivery service. */
export const roles = {
  shop: "An online shop: checks baskets, prices deliveries, places orders, lists them on manifests, follows their numbers.",
  warehouse: "The house: binds numbers, packs, hands parcels over and tells what became of them.",
  manager: "Who answers for the house: sees everything, sets tariffs.",
  treasurer: "Who says between which accounts of the bank it is billed: whose account is debited.",
} as const;

/** All of them: everybody sees orders of the own tenant. */
export const everybody = ["shop", "warehouse", "manager"] as const;
