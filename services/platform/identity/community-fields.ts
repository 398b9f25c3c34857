/** Fields of a community. */
import { declare, type RowOf, t } from "pons";

export const communityFields = {
  id: t.id("com"),
  name: t.string({
    minLength: 1,
    maxLength: 64,
    pattern: "[a-z][a-z0-9]*(-[a-z0-9]+)*",
    unique: true,
    write: "create",
    doc: "Unique within the tenant; it stays.",
    example: "developers",
  }),
  title: t.string({ minLength: 1, maxLength: 120, doc: "What it is called.", example: "Acme Developers" }),
  doc: t.text({ optional: true, maxLength: 10_000, doc: "For whom it is." }),
  joining: t.enum(["open", "invitation"], { default: "invitation", doc: "Whether everyone may sign up, or who was invited." }),
  isListed: t.boolean({ default: true, doc: "Whether those who are no members are shown that it is there." }),
  products: t.array(t.string({ maxLength: 64 }), {
    default: [],
    maxItems: 200,
    filter: false,
    doc: "Ids of the products that its members are shown besides the public ones.",
  }),
  origin: t.string({
    optional: true,
    maxLength: 253,
    pattern: "https?://[a-z0-9][a-z0-9.-]{0,200}(:[0-9]{1,5})?",
    doc: "Where its portal is: requests that come to this host are the tenant's, mails lead there, passkeys are bound to it.",
    example: "https://developers.acme.example",
  }),
  look: t.object(
    {
      colour: t.string({ optional: true, pattern: "#[0-9a-fA-F]{6}", example: "#0b5fff" }),
      logo: t.url({ optional: true, doc: "Address of a picture." }),
    },
    { optional: true, filter: false, doc: "How its portal looks." },
  ),
  tenant: t.string({ maxLength: 63, write: "never", read: [], filter: false }),
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Community = RowOf<typeof communityFields>;

export const communities = declare("communities", {
  doc: "Groups of developers, each with its own portal: who may join, and what its members are offered.",
  fields: communityFields,
});
