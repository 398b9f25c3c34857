/** Messages about usage and analytics. */

export const analytics = {
  bg: {
    "error.too_many_groups":
      "Групите са повече, отколкото могат да се сумират наведнъж: изберете по-кратък период или по-малко групировки.",
  },
  de: {
    "error.too_many_groups":
      "Es gibt mehr Gruppen, als auf einmal summiert werden können: Wählen Sie einen kürzeren Zeitraum oder weniger Gruppierungen.",
  },
  es: {
    "error.too_many_groups":
      "Hay más grupos de los que se pueden sumar a la vez: pida un período más corto o menos agrupaciones.",
  },
  fr: {
    "error.too_many_groups":
      "Il y a plus de groupes qu’on ne peut en additionner à la fois : demandez une période plus courte ou moins de regroupements.",
  },
  hu: {
    "error.too_many_groups":
      "Több csoport van, mint amennyi egyszerre összeadható: kérjen rövidebb időszakot vagy kevesebb csoportosítást.",
  },
  ru: {
    "error.too_many_groups":
      "Групп больше, чем можно сложить за один раз: запросите более короткий период или меньше группировок.",
  },
};
