/** Mails in Spanish. */
import type { MailTexts } from "../mails.ts";

export const es: MailTexts = {
  signUpCode: {
    subject: "Su código para {community}",
    text: "Su código es {code}. Vale durante {minutes} minutos.\n\nSi no se ha registrado, ignore este mensaje: sin el código no ocurre nada.",
  },
  accountExists: {
    subject: "Tiene una cuenta en {community}",
    text: "Alguien ha intentado registrarse con esta dirección. Ya tiene una cuenta: inicie sesión o restablezca su contraseña.\n\nSi no ha sido usted, no ha ocurrido nada y no hay nada que hacer.",
  },
  invitation: {
    subject: "Invitación a {to}",
    text: "Le invitan a {to}. La invitación vale {days} días y se usa una sola vez.\n\nInquilino: {tenant}\nToken: {token}",
  },
  passwordReset: {
    subject: "Restablecer su contraseña",
    text: "Alguien ha pedido restablecer la contraseña de su cuenta. Este token lo hace en un plazo de {minutes} minutos:\n\n{token}\n\nSi no ha sido usted, ignore este mensaje: su contraseña sigue igual.",
  },
  passwordChanged: {
    subject: "Su contraseña ha cambiado",
    text: "La contraseña de su cuenta ha cambiado y se han cerrado todas sus sesiones.\n\nSi no ha sido usted, restablezca su contraseña de inmediato y avise a quien presta este servicio.",
  },
  emailChangeCode: {
    subject: "Su código para la nueva dirección",
    text: "Su código es {code}. Vale durante {minutes} minutos y da a su cuenta esta dirección.\n\nSi no lo ha pedido, ignore este mensaje.",
  },
  emailChanged: {
    subject: "Su dirección ha cambiado",
    text: "Su cuenta tiene una nueva dirección: {email}.\n\nSi no ha sido usted, avise de inmediato a quien presta este servicio.",
  },
  secondFactorChanged: {
    subject: "Su segundo factor ha cambiado",
    text: "Han cambiado la aplicación de códigos, las llaves de acceso o los códigos de recuperación de su cuenta.\n\nSi no ha sido usted, restablezca su contraseña de inmediato y avise a quien presta este servicio.",
  },
  keyMade: {
    subject: "Nueva clave de {app}",
    text: "Se ha creado una clave para datos reales: {key}, de la aplicación {app}.\n\nSi no ha sido usted ni nadie de su equipo, revóquela.",
  },
  notification: {
    subject: "Notificación",
    text: "{text}",
  },
  supportAccess: {
    subject: "Acceso de soporte",
    text: "{operator} tiene acceso a su inquilino hasta {until}.\n\nMotivo: {reason}\n\nTodo queda registrado. Puede terminar el acceso en cualquier momento.",
  },
};
