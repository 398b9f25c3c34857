/** What documents prove. */
export const documentKinds = ["passport", "id_card", "proof_of_address", "registration", "other"] as const;

export type DocumentKind = (typeof documentKinds)[number];
