/** English where a sentence has parameters; all else is in the definitions. */
export const en: Readonly<Record<string, string>> = {
  "error.orders_not_accepted":
    "These orders cannot be on the manifest (unknown, cancelled, listed already, or of several shippers): {ids}.",
  "error.manifest_differs": "There is a manifest {manifest} with other orders.",
  "error.too_heavy": "The weight is exceeded by {over} g.",
  "error.too_long": "The longest side is exceeded by {over} mm.",
  "error.too_wide": "The middle side is exceeded by {over} mm.",
  "error.too_high": "The shortest side is exceeded by {over} mm.",
  "error.girth_exceeded": "The girth is exceeded by {over} mm.",
  "error.sides_exceeded": "The sum of the sides is exceeded by {over} mm.",
  "error.too_many_pieces": "The goods are {pieces} pieces; at most {most} are packed at once.",
  "error.delivery_type_unknown": "The tariff in force has no such way of delivery; it has {allowed}.",
  "error.goods_unknown": "Sides or weight are left out, and the catalogue does not have these articles: {skus}.",
  "error.goods_unnamed": "Name or price are left out, and the catalogue does not have these articles: {skus}.",
  "error.goods_not_taken": "{sku} is heavier or larger than {service} takes.",
  "error.labels_not_ready": "Labels of these orders cannot be printed (cancelled, without parcels or without a number): {ids}.",
  "error.orders_not_found": "These orders do not exist: {ids}.",
  "error.too_many_labels": "The orders have {labels} labels; one document has at most {most}.",
};
