/**
 * Sentences that answers hold, by language: why a way of delivery is not offered. They are `comment.<reason>` of
 * the service's messages. `{service}` is its name; `{actual}` and `{limit}` are figures with their units.
 */
import { message, type Messages, type MessageParams } from "pons";
import { languages, type SixLanguages } from "./languages.ts";
import type { ExclusionReason } from "../tariffs/index.ts";

type SevenLanguages = readonly [en: string, ...others: SixLanguages];

const comments: Readonly<Record<ExclusionReason, SevenLanguages>> = {
  zone_unknown: [
    "{service}: the address is in no zone of the tariff.",
    "{service}: адресът не е в никоя зона на тарифата.",
    "{service}: Die Adresse liegt in keiner Zone des Tarifs.",
    "{service}: la dirección no está en ninguna zona de la tarifa.",
    "{service} : l’adresse n’est dans aucune zone du tarif.",
    "{service}: a cím a díjszabás egyik zónájában sincs.",
    "{service}: адрес не входит ни в одну зону тарифа.",
  ],
  zone_not_served: [
    "{service}: the zone of the address is not served.",
    "{service}: зоната на адреса не се обслужва.",
    "{service}: Die Zone der Adresse wird nicht bedient.",
    "{service}: no se sirve la zona de la dirección.",
    "{service} : la zone de l’adresse n’est pas desservie.",
    "{service}: a cím zónájába nem szállít.",
    "{service}: зона адреса не обслуживается.",
  ],
  weight: [
    "{service}: a parcel weighs {actual}; {limit} at most.",
    "{service}: пратка тежи {actual}; най-много {limit}.",
    "{service}: Ein Paket wiegt {actual}; höchstens {limit}.",
    "{service}: un bulto pesa {actual}; {limit} como máximo.",
    "{service} : un colis pèse {actual} ; {limit} au plus.",
    "{service}: egy csomag súlya {actual}; legfeljebb {limit} lehet.",
    "{service}: посылка весит {actual}; не больше {limit}.",
  ],
  longest_side: [
    "{service}: the longest side of a parcel is {actual}; {limit} at most.",
    "{service}: най-дългата страна на пратка е {actual}; най-много {limit}.",
    "{service}: Die längste Seite eines Pakets misst {actual}; höchstens {limit}.",
    "{service}: el lado más largo de un bulto mide {actual}; {limit} como máximo.",
    "{service} : le plus long côté d’un colis mesure {actual} ; {limit} au plus.",
    "{service}: egy csomag leghosszabb oldala {actual}; legfeljebb {limit} lehet.",
    "{service}: самая длинная сторона посылки {actual}; не больше {limit}.",
  ],
  middle_side: [
    "{service}: the middle side of a parcel is {actual}; {limit} at most.",
    "{service}: средната страна на пратка е {actual}; най-много {limit}.",
    "{service}: Die mittlere Seite eines Pakets misst {actual}; höchstens {limit}.",
    "{service}: el lado medio de un bulto mide {actual}; {limit} como máximo.",
    "{service} : le côté moyen d’un colis mesure {actual} ; {limit} au plus.",
    "{service}: egy csomag középső oldala {actual}; legfeljebb {limit} lehet.",
    "{service}: средняя сторона посылки {actual}; не больше {limit}.",
  ],
  shortest_side: [
    "{service}: the shortest side of a parcel is {actual}; {limit} at most.",
    "{service}: най-късата страна на пратка е {actual}; най-много {limit}.",
    "{service}: Die kürzeste Seite eines Pakets misst {actual}; höchstens {limit}.",
    "{service}: el lado más corto de un bulto mide {actual}; {limit} como máximo.",
    "{service} : le plus petit côté d’un colis mesure {actual} ; {limit} au plus.",
    "{service}: egy csomag legrövidebb oldala {actual}; legfeljebb {limit} lehet.",
    "{service}: самая короткая сторона посылки {actual}; не больше {limit}.",
  ],
  girth: [
    "{service}: the girth of a parcel is {actual}; {limit} at most.",
    "{service}: обиколката на пратка е {actual}; най-много {limit}.",
    "{service}: Das Gurtmaß eines Pakets ist {actual}; höchstens {limit}.",
    "{service}: el contorno de un bulto mide {actual}; {limit} como máximo.",
    "{service} : le pourtour d’un colis mesure {actual} ; {limit} au plus.",
    "{service}: egy csomag kerületi mérete {actual}; legfeljebb {limit} lehet.",
    "{service}: обхват посылки {actual}; не больше {limit}.",
  ],
  sides_sum: [
    "{service}: the sides of a parcel add up to {actual}; {limit} at most.",
    "{service}: сборът на страните на пратка е {actual}; най-много {limit}.",
    "{service}: Die Seiten eines Pakets ergeben zusammen {actual}; höchstens {limit}.",
    "{service}: los lados de un bulto suman {actual}; {limit} como máximo.",
    "{service} : la somme des côtés d’un colis est de {actual} ; {limit} au plus.",
    "{service}: egy csomag oldalainak összege {actual}; legfeljebb {limit} lehet.",
    "{service}: сумма сторон посылки {actual}; не больше {limit}.",
  ],
  declared_value: [
    "{service}: the declared value is {actual}; {limit} at most.",
    "{service}: обявената стойност е {actual}; най-много {limit}.",
    "{service}: Der angegebene Wert ist {actual}; höchstens {limit}.",
    "{service}: el valor declarado es de {actual}; {limit} como máximo.",
    "{service} : la valeur déclarée est de {actual} ; {limit} au plus.",
    "{service}: a bevallott érték {actual}; legfeljebb {limit} lehet.",
    "{service}: объявленная стоимость {actual}; не больше {limit}.",
  ],
  cash_on_delivery: [
    "{service}: {actual} would be collected; {limit} at most.",
    "{service}: за събиране са {actual}; най-много {limit}.",
    "{service}: {actual} wären einzuziehen; höchstens {limit}.",
    "{service}: se cobrarían {actual}; {limit} como máximo.",
    "{service} : {actual} seraient à encaisser ; {limit} au plus.",
    "{service}: {actual} lenne a beszedendő összeg; legfeljebb {limit} lehet.",
    "{service}: к получению {actual}; не больше {limit}.",
  ],
  parcels: [
    "{service}: the goods make {actual} parcels; {limit} at most.",
    "{service}: стоките са {actual} пратки; най-много {limit}.",
    "{service}: Die Waren ergeben {actual} Pakete; höchstens {limit}.",
    "{service}: la mercancía ocupa {actual} bultos; {limit} como máximo.",
    "{service} : les articles font {actual} colis ; {limit} au plus.",
    "{service}: az áru {actual} csomag; legfeljebb {limit} lehet.",
    "{service}: товары занимают посылок: {actual}; не больше {limit}.",
  ],
  chargeable_weight: [
    "{service}: the chargeable weight of a parcel is {actual}; prices go up to {limit}.",
    "{service}: таксуваното тегло на пратка е {actual}; цените са до {limit}.",
    "{service}: Das frachtpflichtige Gewicht eines Pakets ist {actual}; die Preise gehen bis {limit}.",
    "{service}: el peso tasable de un bulto es de {actual}; los precios llegan hasta {limit}.",
    "{service} : le poids taxable d’un colis est de {actual} ; les prix vont jusqu’à {limit}.",
    "{service}: egy csomag díjköteles súlya {actual}; az árak {limit} súlyig szólnak.",
    "{service}: оплачиваемый вес посылки {actual}; цены есть до {limit}.",
  ],
  seal: [
    "{service}: this kind of seal is not offered.",
    "{service}: този вид уплътнение не се предлага.",
    "{service}: Diese Polsterung wird nicht angeboten.",
    "{service}: no se ofrece este tipo de relleno.",
    "{service} : ce type de calage n’est pas proposé.",
    "{service}: ilyen térkitöltés nem kérhető.",
    "{service}: такое уплотнение не предлагается.",
  ],
  container: [
    "{service}: the carton is not taken, or the goods are too heavy for it.",
    "{service}: кашонът не се приема или стоките са твърде тежки за него.",
    "{service}: Der Karton wird nicht angenommen, oder die Waren sind zu schwer für ihn.",
    "{service}: no se admite la caja, o la mercancía pesa demasiado para ella.",
    "{service} : le carton n’est pas accepté, ou les articles sont trop lourds pour lui.",
    "{service}: a doboz nem fogadható el, vagy az áru túl nehéz hozzá.",
    "{service}: короб не принимается, или товары для него слишком тяжелы.",
  ],
  packing: [
    "{service}: the goods cannot be packed.",
    "{service}: стоките не могат да се опаковат.",
    "{service}: Die Waren lassen sich nicht verpacken.",
    "{service}: la mercancía no se puede empaquetar.",
    "{service} : les articles ne peuvent pas être emballés.",
    "{service}: az áru nem csomagolható.",
    "{service}: товары не удаётся упаковать.",
  ],
  service_point_weight: [
    "{service}: a parcel weighs {actual}; the service point takes {limit} at most.",
    "{service}: пратка тежи {actual}; обектът приема най-много {limit}.",
    "{service}: Ein Paket wiegt {actual}; die Abholstelle nimmt höchstens {limit}.",
    "{service}: un bulto pesa {actual}; el punto de recogida admite {limit} como máximo.",
    "{service} : un colis pèse {actual} ; le point de retrait en accepte {limit} au plus.",
    "{service}: egy csomag súlya {actual}; az átvevőhely legfeljebb {limit} súlyt fogad.",
    "{service}: посылка весит {actual}; пункт принимает не больше {limit}.",
  ],
  service_point_longest_side: [
    "{service}: the longest side is {actual}; the service point takes {limit} at most.",
    "{service}: най-дългата страна е {actual}; обектът приема най-много {limit}.",
    "{service}: Die längste Seite misst {actual}; die Abholstelle nimmt höchstens {limit}.",
    "{service}: el lado más largo mide {actual}; el punto de recogida admite {limit} como máximo.",
    "{service} : le plus long côté mesure {actual} ; le point de retrait en accepte {limit} au plus.",
    "{service}: a leghosszabb oldal {actual}; az átvevőhely legfeljebb {limit} hosszút fogad.",
    "{service}: самая длинная сторона {actual}; пункт принимает не больше {limit}.",
  ],
  service_point_middle_side: [
    "{service}: the middle side is {actual}; the service point takes {limit} at most.",
    "{service}: средната страна е {actual}; обектът приема най-много {limit}.",
    "{service}: Die mittlere Seite misst {actual}; die Abholstelle nimmt höchstens {limit}.",
    "{service}: el lado medio mide {actual}; el punto de recogida admite {limit} como máximo.",
    "{service} : le côté moyen mesure {actual} ; le point de retrait en accepte {limit} au plus.",
    "{service}: a középső oldal {actual}; az átvevőhely legfeljebb {limit} méretet fogad.",
    "{service}: средняя сторона {actual}; пункт принимает не больше {limit}.",
  ],
  service_point_shortest_side: [
    "{service}: the shortest side is {actual}; the service point takes {limit} at most.",
    "{service}: най-късата страна е {actual}; обектът приема най-много {limit}.",
    "{service}: Die kürzeste Seite misst {actual}; die Abholstelle nimmt höchstens {limit}.",
    "{service}: el lado más corto mide {actual}; el punto de recogida admite {limit} como máximo.",
    "{service} : le plus petit côté mesure {actual} ; le point de retrait en accepte {limit} au plus.",
    "{service}: a legrövidebb oldal {actual}; az átvevőhely legfeljebb {limit} méretet fogad.",
    "{service}: самая короткая сторона {actual}; пункт принимает не больше {limit}.",
  ],
  service_point_kind: [
    "{service}: it does not go to the service point that was chosen.",
    "{service}: не доставя до избрания обект.",
    "{service}: Die gewählte Abholstelle wird nicht beliefert.",
    "{service}: no llega al punto de recogida elegido.",
    "{service} : le point de retrait choisi n’est pas desservi.",
    "{service}: a választott átvevőhelyre nem szállít.",
    "{service}: в выбранный пункт не доставляет.",
  ],
  calendar: [
    "{service}: the calendar has no day of delivery.",
    "{service}: в календара няма ден за доставка.",
    "{service}: Der Kalender hat keinen Liefertag.",
    "{service}: el calendario no tiene día de entrega.",
    "{service} : le calendrier n’a pas de jour de livraison.",
    "{service}: a naptárban nincs kézbesítési nap.",
    "{service}: в календаре нет дня доставки.",
  ],
};

/** `comment.weight` and its like: of English (0), and of `languages` in their order. */
export const commentsIn = (index: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(comments).map(([reason, texts]) => [`comment.${reason}`, texts[index] ?? ""]));

/** By language, for who looks up one. */
const messages: Messages = Object.fromEntries(["en", ...languages].map((language, index) => [language, commentsIn(index)]));

/** Why a way of delivery is not offered, in the language of `locale`; in English where it is none of ours. */
export const exclusionComment = (locale: string, reason: ExclusionReason, params: MessageParams): string =>
  message(locale, `comment.${reason}`, params, messages);
