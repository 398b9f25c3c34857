/** Fields of a product. */
import { declare, type RowOf, t } from "pons";
import { offeredIn, slug } from "./words.ts";

/** What is set. */
export const productTerms = {
  title: t.string({ minLength: 1, maxLength: 120, doc: "What it is called.", example: "Payments" }),
  doc: t.text({ optional: true, maxLength: 10_000, doc: "What it is for." }),
  services: t.array(
    t.object({
      service: t.string({ maxLength: 32, pattern: "[a-z][a-z0-9]*", doc: "Name of the service.", example: "bank" }),
      version: t.string({ optional: true, maxLength: 5, pattern: "v[0-9]{1,4}", doc: "The version that is recommended." }),
      roles: t.array(t.string({ maxLength: 48, pattern: "[a-z][a-zA-Z0-9]*", example: "customer" }), {
        minItems: 1,
        maxItems: 20,
        doc: "Roles that an app gets there.",
      }),
    }),
    { minItems: 1, maxItems: 50, doc: "Services it gives access to." },
  ),
  environments: offeredIn,
  visibility: t.enum(["public", "communities", "hidden"], {
    default: "hidden",
    doc: "Who is shown it: everyone, members of communities that list it, or nobody but staff.",
  }),
};

export const productFields = {
  id: t.id("prod"),
  name: slug("Unique within the tenant; it stays.", "payments"),
  ...productTerms,
  status: t.enum(["active", "retired"], { default: "active", doc: "A retired one gives access to nothing." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Product = RowOf<typeof productFields>;

export const products = declare("products", {
  doc: "What developers subscribe to: services of the installation, and the roles that an app has there.",
  fields: productFields,
});
